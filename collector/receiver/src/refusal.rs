//! Why a request was turned away, and what each protocol calls that.
//!
//! Each variant is a different thing for the sender to do. The codes are chosen here and nowhere else. OTLP clients
//! try again on UNAVAILABLE, DEADLINE_EXCEEDED and 503, and on RESOURCE_EXHAUSTED only with a RetryInfo: a request
//! that can never succeed must not get one of those, or it comes back for ever. OUT_OF_RANGE is retried too, so it is never used.

use std::time::Duration;

use coldlight_model::{Busy, BusyReason};
use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::signal::Signal;

/// The answer to a request of which nothing was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Send something else: these bytes are not OTLP.
    #[error("body is not an OTLP request: {problem} ({place})")]
    Malformed { place: String, problem: String },
    /// Send less at once.
    #[error("request would take over {limit} bytes of memory once decoded")]
    OverBudget { limit: usize },
    /// Send less at once.
    #[error("body is over the limit of {limit} bytes")]
    TooLarge { limit: usize },
    #[error("nothing is taken under this name; OTLP goes to {0}")]
    Path(&'static str),
    #[error("only POST is taken here")]
    Method,
    #[error("{0}")]
    ContentType(&'static str),
    #[error("encoding is not supported; gzip, zstd, deflate and identity are")]
    Encoding,
    #[error("a key is needed: send it as bearer token or as x-coldlight-key")]
    Unauthenticated,
    #[error("this key may not write")]
    Denied,
    /// Try again after a while: this key sends more than it may.
    #[error("this key may not send so many requests a second")]
    Rate { wait: Duration },
    #[error("pages of this origin may not send here")]
    Origin,
    #[error("this host name is not served here")]
    Host,
    /// Try again after a while.
    #[error("{} just now, try again later", .0.reason.name())]
    Busy(Busy),
    /// Try again: a frozen function or a poor network looks like this.
    #[error("body took too long")]
    TooSlow,
    /// The sender went away in the middle of its body.
    #[error("body ended early")]
    CutOff,
    /// Our error; the same bytes would fail again.
    #[error("internal error, the request was not taken")]
    Panicked,
}

pub(crate) const HTTP_PATHS: &str = "/v1/traces, /v1/logs or /v1/metrics";
pub(crate) const GRPC_METHODS: &str = "Export of the TraceService, LogsService and MetricsService";

impl Refusal {
    /// Everything [`Refusal::reason`] can say: the bounded label set of the refusal counts.
    pub(crate) const REASONS: [&'static str; 21] = [
        "malformed",
        "over budget",
        "too large",
        "path",
        "method",
        "content type",
        "encoding",
        "unauthenticated",
        "denied",
        "rate",
        "origin",
        "host",
        "memory full",
        "journal full",
        "disk low",
        "journal failed",
        "reopening",
        "draining",
        "too slow",
        "cut off",
        "panicked",
    ];

    /// What it is counted under; one of [`Refusal::REASONS`].
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::OverBudget { .. } => "over budget",
            Self::TooLarge { .. } => "too large",
            Self::Path(_) => "path",
            Self::Method => "method",
            Self::ContentType(_) => "content type",
            Self::Encoding => "encoding",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::Rate { .. } => "rate",
            Self::Origin => "origin",
            Self::Host => "host",
            Self::Busy(busy) => busy.reason.name(),
            Self::TooSlow => "too slow",
            Self::CutOff => "cut off",
            Self::Panicked => "panicked",
        }
    }

    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } | Self::OverBudget { .. } | Self::CutOff => Code::InvalidArgument,
            // Tried again with a RetryInfo only, which a body that is too large never gets.
            Self::TooLarge { .. } | Self::Rate { .. } => Code::ResourceExhausted,
            Self::Path(_) | Self::Method | Self::ContentType(_) | Self::Encoding => Code::Unimplemented,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Denied | Self::Origin | Self::Host => Code::PermissionDenied,
            Self::Busy(_) => Code::Unavailable,
            Self::TooSlow => Code::DeadlineExceeded,
            Self::Panicked => Code::Internal,
        }
    }

    pub(crate) fn http_status(&self) -> StatusCode {
        match self {
            Self::Malformed { .. } | Self::OverBudget { .. } | Self::CutOff => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Path(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType(_) | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied | Self::Origin => StatusCode::FORBIDDEN,
            Self::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            // 408 would fit a slow body, but no OTLP client tries again on it.
            Self::Busy(_) | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Seconds until the sender should try again; `None` when that is pointless.
    pub(crate) fn retry_after_s(&self) -> Option<u32> {
        match self {
            // Over five seconds would outlast the exporters' own deadlines.
            Self::Busy(busy) => Some(busy.retry_after_s.clamp(1, 5)),
            Self::TooSlow => Some(1),
            Self::Rate { wait } => Some(u32::try_from(wait.as_secs() + 1).unwrap_or(5).clamp(1, 5)),
            _ => None,
        }
    }

    /// Where a malformed request is wrong, and what is wrong there.
    pub(crate) fn violation(&self) -> Option<(&str, &str)> {
        match self {
            Self::Malformed { place, problem } => Some((place, problem)),
            Self::OverBudget { .. } => Some(("request", "too many elements")),
            Self::CutOff => Some(("body", "ended early")),
            _ => None,
        }
    }

    /// As gRPC and `google.rpc.Status` have it, with details.
    pub(crate) fn status(&self) -> Status {
        let mut details = ErrorDetails::new();
        if let Some(seconds) = self.retry_after_s() {
            details.set_retry_info(Some(Duration::from_secs(u64::from(seconds))));
        }
        if let Some((place, problem)) = self.violation() {
            details.add_bad_request_violation(place, problem);
        }
        Status::with_error_details(self.code(), self.to_string(), details)
    }

    pub(crate) fn draining() -> Self {
        Self::Busy(Busy { reason: BusyReason::Draining, retry_after_s: 1 })
    }

    pub(crate) fn not_protobuf(signal: Signal, error: &prost::DecodeError) -> Self {
        Self::Malformed { place: format!("{signal:?} request"), problem: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<Refusal> {
        let mut all = vec![
            Refusal::Malformed { place: "body".into(), problem: "x".into() },
            Refusal::OverBudget { limit: 1 },
            Refusal::TooLarge { limit: 1 },
            Refusal::Path(HTTP_PATHS),
            Refusal::Method,
            Refusal::ContentType("x"),
            Refusal::Encoding,
            Refusal::Unauthenticated,
            Refusal::Denied,
            Refusal::Rate { wait: Duration::from_millis(300) },
            Refusal::Origin,
            Refusal::Host,
            Refusal::TooSlow,
            Refusal::CutOff,
            Refusal::Panicked,
        ];
        all.extend(BusyReason::ALL.map(|reason| Refusal::Busy(Busy { reason, retry_after_s: 2 })));
        all
    }

    #[test]
    fn every_refusal_is_counted_under_a_known_reason() {
        for refusal in one_of_each() {
            assert!(Refusal::REASONS.contains(&refusal.reason()), "{refusal:?}");
        }
    }

    #[test]
    fn only_what_may_pass_later_is_retried() {
        for refusal in one_of_each() {
            let code = refusal.code();
            // RESOURCE_EXHAUSTED is tried again only with a RetryInfo.
            let retried = matches!(
                code,
                Code::Cancelled
                    | Code::DeadlineExceeded
                    | Code::Aborted
                    | Code::OutOfRange
                    | Code::Unavailable
                    | Code::DataLoss
            ) || (code == Code::ResourceExhausted && refusal.retry_after_s().is_some());
            let passes = matches!(refusal, Refusal::Busy(_) | Refusal::TooSlow | Refusal::Rate { .. });
            assert_eq!(retried, passes, "{refusal:?}");
            assert_eq!(retried, refusal.retry_after_s().is_some(), "{refusal:?}");
            assert_eq!(retried, matches!(refusal.http_status().as_u16(), 429 | 502 | 503 | 504), "{refusal:?}");
            assert_ne!(code, Code::OutOfRange);
        }
    }
}
