//! What a message, an event or a request to a managed service costs: the hop between two functions.
//!
//! List costs in the first tier, without the free tier of the month.

use super::book::{PriceBook, Subject};
use super::cost::{Amount, Cost, Part};
use super::date::Date;

const KIB: u64 = 1 << 10;
const GIB: u128 = 1 << 30;
const MS_PER_HOUR: u128 = 3_600_000;
/// Step Functions meters an express workflow's memory in steps of 64 MB and its time in steps of 100 ms.
const EXPRESS_MEMORY_MB: u64 = 64;
const EXPRESS_MS: u64 = 100;

/// Something that is metered, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A call of SQS's API (send, receive, delete) with a payload; a batch is one call.
    Sqs {
        fifo: bool,
        bytes: u64,
    },
    SnsPublish {
        bytes: u64,
    },
    /// Deliveries to Lambda and SQS are free and not asked for.
    SnsHttpDelivery,
    /// An event of one's own on a bus; those of AWS services are free.
    EventBridge {
        bytes: u64,
    },
    SchedulerInvocation,
    /// Of a standard workflow.
    StateTransition,
    /// Of an express workflow.
    Express {
        memory_mb: u64,
        duration_ms: u64,
    },
    RestRequest,
    HttpRequest {
        bytes: u64,
    },
    WebsocketMessage {
        bytes: u64,
    },
    /// One record put on a stream of provisioned shards.
    KinesisPut {
        bytes: u64,
    },
    DynamoWrite {
        bytes: u64,
    },
    /// Half as much when an eventually consistent read suffices; this is the consistent one.
    DynamoRead {
        bytes: u64,
    },
    S3Put,
    S3Get,
    /// Into CloudWatch Logs.
    LogIngest {
        bytes: u64,
    },
}

impl Event {
    /// As the price book names it.
    fn item(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqs { fifo: false, .. } => ("sqs", "request_standard"),
            Self::Sqs { fifo: true, .. } => ("sqs", "request_fifo"),
            Self::SnsPublish { .. } => ("sns", "publish"),
            Self::SnsHttpDelivery => ("sns", "delivery_http"),
            Self::EventBridge { .. } => ("eventbridge", "custom_event"),
            Self::SchedulerInvocation => ("scheduler", "invocation"),
            Self::StateTransition => ("stepfunctions", "state_transition"),
            Self::Express { .. } => ("stepfunctions", "express_request"),
            Self::RestRequest => ("apigateway", "rest_request"),
            Self::HttpRequest { .. } => ("apigateway", "http_request"),
            Self::WebsocketMessage { .. } => ("apigateway", "websocket_message"),
            Self::KinesisPut { .. } => ("kinesis", "put_unit"),
            Self::DynamoWrite { .. } => ("dynamodb", "write_request_unit"),
            Self::DynamoRead { .. } => ("dynamodb", "read_request_unit"),
            Self::S3Put => ("s3", "put_request"),
            Self::S3Get => ("s3", "get_request"),
            Self::LogIngest { .. } => ("cloudwatch_logs", "ingest_gb"),
        }
    }

    /// Its size, and how much of it one unit covers.
    fn chunks(self) -> Option<(u64, u64)> {
        match self {
            Self::Sqs { bytes, .. } | Self::SnsPublish { bytes } | Self::EventBridge { bytes } => {
                Some((bytes, 64 * KIB))
            }
            Self::HttpRequest { bytes } => Some((bytes, 512 * KIB)),
            Self::WebsocketMessage { bytes } => Some((bytes, 32 * KIB)),
            Self::KinesisPut { bytes } => Some((bytes, 25 * KIB)),
            Self::DynamoWrite { bytes } => Some((bytes, KIB)),
            Self::DynamoRead { bytes } => Some((bytes, 4 * KIB)),
            _ => None,
        }
    }

    /// Units that one of it counts as: one at least, and one for each chunk begun.
    pub fn units(self) -> u64 {
        self.chunks().map_or(1, |(bytes, chunk)| bytes.div_ceil(chunk).max(1))
    }
}

/// What `count` equal events cost in a region.
pub fn event_cost(book: &PriceBook, region: &str, event: Event, count: u64, on: Date) -> Cost {
    let (service, item) = event.item();
    let price = |item| book.price(Subject { region, service, item, architecture: None }, on);
    if let Event::LogIngest { bytes } = event {
        let amount = Amount {
            numerator: u128::from(count).checked_mul(bytes.into()),
            denominator: GIB,
            text: format!("{count} × {bytes}/2^30 GB"),
        };
        return Cost { parts: vec![Part::of("ingest", &amount, price(item))] };
    }
    let units = event.units();
    let text = match event.chunks() {
        Some((bytes, chunk)) if units > 1 => format!("{count} × ceil({bytes}/{chunk})"),
        _ => count.to_string(),
    };
    let amount = Amount { numerator: u128::from(count).checked_mul(units.into()), denominator: 1, text };
    let mut parts = vec![Part::of("requests", &amount, price(item))];
    if let Event::Express { memory_mb, duration_ms } = event {
        let memory_mb = memory_mb.max(1).div_ceil(EXPRESS_MEMORY_MB).saturating_mul(EXPRESS_MEMORY_MB);
        let ms = duration_ms.max(1).div_ceil(EXPRESS_MS).saturating_mul(EXPRESS_MS);
        let used = u128::from(memory_mb).checked_mul(ms.into()).and_then(|used| used.checked_mul(count.into()));
        let text = format!("{count} × {ms}/3600000 h × {memory_mb}/1024 GB");
        let amount = Amount { numerator: used, denominator: MS_PER_HOUR * 1024, text };
        parts.push(Part::of("duration", &amount, price("express_gb_hour")));
    }
    Cost { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: Event, count: u64, expected: &str) {
        let on = "2026-11-23".parse().unwrap();
        let cost = event_cost(PriceBook::built_in(), "us-east-1", event, count, on);
        assert_eq!(cost.total().map(|usd| usd.to_string()), Ok(expected.to_owned()), "{}", cost.formula());
    }

    #[test]
    fn messages_are_metered_by_chunks_begun() {
        check(Event::Sqs { fifo: false, bytes: 0 }, 1, "0.0000004");
        check(Event::Sqs { fifo: true, bytes: 64 * 1024 }, 1, "0.0000005");
        check(Event::Sqs { fifo: true, bytes: 64 * 1024 + 1 }, 1, "0.000001");
        check(Event::HttpRequest { bytes: 1 << 20 }, 3, "0.000006");
        check(Event::KinesisPut { bytes: 25 * 1024 + 1 }, 1_000_000, "0.028");
        check(Event::DynamoWrite { bytes: 1500 }, 1, "0.00000125");
        check(Event::StateTransition, 4, "0.0001");
        check(Event::LogIngest { bytes: 1 << 29 }, 1, "0.25");
    }

    #[test]
    fn an_express_workflow_pays_requests_and_memory_by_time() {
        // 1 s of 64 MB: 0.0625 GB / 3600 h × 0.060012.
        check(Event::Express { memory_mb: 50, duration_ms: 950 }, 1, "0.000002041875");
    }

    #[test]
    fn what_is_not_sourced_in_a_region_is_unknown() {
        let on = "2026-11-23".parse().unwrap();
        let cost = event_cost(PriceBook::built_in(), "eu-west-1", Event::S3Put, 1, on);
        let tokyo = event_cost(PriceBook::built_in(), "me-south-1", Event::S3Put, 1, on);
        assert!(cost.total().is_err() && tokyo.total().is_err());
    }
}
