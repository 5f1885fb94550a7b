//! Whether a span went well, as X-Ray distinguishes it: error, fault, throttle.

use crate::StatusCode;

/// What became of a span. *Throttle* = 429 or an AWS throttling error; *error* = any other 4xx;
/// *fault* = 5xx, a timeout, or status ERROR without an HTTP status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    #[default]
    Ok,
    Error,
    Throttle,
    Fault,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Fault => "fault",
        }
    }

    /// From the three marks kept in SQL.
    pub fn from_marks(error: bool, fault: bool, throttle: bool) -> Self {
        match (fault, throttle, error) {
            (true, ..) => Self::Fault,
            (_, true, _) => Self::Throttle,
            (_, _, true) => Self::Error,
            _ => Self::Ok,
        }
    }

    /// Judged from a span's status, HTTP status and `error.type` (or AWS error code).
    pub fn judge(status: StatusCode, http_status: Option<u16>, error_type: Option<&str>) -> Self {
        if error_type.is_some_and(is_throttle) {
            return Self::Throttle;
        }
        match http_status {
            Some(429) => Self::Throttle,
            Some(400..=499) => Self::Error,
            Some(500..) => Self::Fault,
            // A 2xx or 3xx answer with status ERROR: the exchange went well and the handling of it did not.
            _ if status == StatusCode::ERROR => Self::Fault,
            _ => Self::Ok,
        }
    }
}

/// AWS's names for "too much": services answer them with 400, 429 or 503.
/// Source: the retryable throttling codes of the AWS SDKs (botocore `retries/special`, standard retry mode).
fn is_throttle(error_type: &str) -> bool {
    let code = error_type.rsplit(['#', '.', ':']).next().unwrap_or(error_type);
    matches!(
        code,
        "429"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "ProvisionedThroughputExceededException"
            | "TransactionInProgressException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "RequestThrottled"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "EC2ThrottledException"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: StatusCode, http: Option<u16>, error_type: Option<&str>, expected: Outcome) {
        assert_eq!(Outcome::judge(status, http, error_type), expected);
    }

    #[test]
    fn a_429_is_a_throttle() {
        check(StatusCode::ERROR, Some(429), None, Outcome::Throttle);
    }

    #[test]
    fn dynamodb_throttles_with_400() {
        check(StatusCode::ERROR, Some(400), Some("ProvisionedThroughputExceededException"), Outcome::Throttle);
    }

    #[test]
    fn a_404_is_an_error_whatever_the_status_says() {
        check(StatusCode::UNSET, Some(404), None, Outcome::Error);
        check(StatusCode::ERROR, Some(404), Some("404"), Outcome::Error);
    }

    #[test]
    fn status_error_without_an_http_status_is_a_fault() {
        check(StatusCode::ERROR, None, Some("ValueError"), Outcome::Fault);
        check(StatusCode::ERROR, Some(502), None, Outcome::Fault);
        check(StatusCode::OK, Some(200), None, Outcome::Ok);
    }
}
