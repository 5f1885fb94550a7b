//! What came in, and what was turned away and why.

use coldlight_model::{BusyReason, ReceiverCounts, StoreStatus};

use super::{Health, Row};
use crate::format::{bytes, count, counted, share};

pub fn rows(received: &ReceiverCounts, stored: &StoreStatus) -> Vec<Row> {
    let taking = match stored.busy {
        None => Row::new("taking", "Taking spans", "yes").good(),
        Some(reason) => {
            Row::new("taking", "Taking spans", format!("no: {}", reason.name())).when(true, Health::Bad, busy(reason))
        }
    };
    let invalid = |rejected: u64, what: &str| {
        if rejected == 0 { String::new() } else { format!("{} invalid {what} left out", count(rejected)) }
    };
    vec![
        taking,
        Row::new("requests", "Requests", count(received.requests))
            .aside(format!("{} after decompression", bytes(received.bytes))),
        Row::new("spans", "Spans", count(received.spans)).aside(invalid(received.spans_rejected, "spans")).good().when(
            received.spans_rejected > 0,
            Health::Warning,
            "Some senders make spans without valid ids. The answer to each of those requests says which (partial success); \
             look into the sender's log.",
        ),
        Row::new("logs", "Log records", count(received.logs)).aside(invalid(received.logs_rejected, "records")),
        Row::new("metrics", "Metric points", count(received.metric_points))
            .aside(format!("{} kept, those our pages use", count(received.metric_points_kept))),
        Row::new("secrets", "Secrets redacted", count(received.secrets_redacted)),
        Row::new("in-flight", "Bodies in memory", bytes(received.in_flight_bytes))
            .aside(format!("of {}", bytes(received.in_flight_limit)))
            .good()
            .when(
                nearly(received.in_flight_bytes, received.in_flight_limit, 80),
                Health::Warning,
                "Senders wait for room. Give the program more memory, or let senders make smaller batches.",
            ),
    ]
}

/// Whether `value` is `percent` of a limit or more.
pub(super) fn nearly(value: u64, limit: u64, percent: u64) -> bool {
    limit > 0 && u128::from(value) * 100 >= u128::from(limit) * u128::from(percent)
}

fn busy(reason: BusyReason) -> &'static str {
    match reason {
        BusyReason::MemoryFull => {
            "More is arriving than fits into memory. Raise the limit for bodies, or spread senders."
        }
        BusyReason::JournalFull => {
            "The database is too far behind. See Writing below; a faster disk helps, and so does sampling at the senders."
        }
        BusyReason::DiskLow => "Free space on the disk of the data directory, or keep data for a shorter time.",
        BusyReason::JournalFailed => "Writing to the disk failed. Check the disk and the log, then restart.",
        BusyReason::Reopening => "The database is being reopened after a failure; senders try again by themselves.",
        BusyReason::Draining => "The program is shutting down; start it again.",
    }
}

/// A row per reason that ever happened; one that says so when none did.
pub fn refusals(received: &ReceiverCounts) -> Vec<Row> {
    let happened: Vec<_> = received.refusals.iter().filter(|refusal| refusal.count > 0).collect();
    if happened.is_empty() {
        return vec![Row::new("refused", "Requests turned away", "0").good()];
    }
    let total = received.requests + happened.iter().map(|refusal| refusal.count).sum::<u64>();
    happened
        .into_iter()
        .map(|refusal| {
            let (health, todo) = advice(refusal.reason);
            Row::new("refused", format!("Because: {}", refusal.reason), counted(refusal.count, "request", "requests"))
                .aside(format!("{} of all", share(refusal.count, total)))
                .when(true, health, todo)
        })
        .collect()
}

/// How bad a reason is and what helps against it. Senders repeat what was turned away as *busy*, so only that loses nothing.
fn advice(reason: &str) -> (Health, &'static str) {
    match reason {
        "malformed" => (
            Health::Warning,
            "Something that is not OTLP is sent here. Check the sender's exporter and its protocol setting.",
        ),
        "too large" | "over budget" => {
            (Health::Bad, "These batches were lost. Let the sender's batch processor send fewer spans at once.")
        }
        "path" => (
            Health::Warning,
            "Send to /v1/traces, /v1/logs or /v1/metrics; SDKs add that to OTEL_EXPORTER_OTLP_ENDPOINT themselves.",
        ),
        "method" => (Health::Warning, "OTLP is sent by POST. Somebody looks at this port with a browser or a probe."),
        "content type" => (
            Health::Warning,
            "Set OTEL_EXPORTER_OTLP_PROTOCOL to grpc, http/protobuf or http/json, and use the port that belongs to it.",
        ),
        "encoding" => (Health::Warning, "Set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none."),
        "unauthenticated" | "denied" => {
            (Health::Bad, "These spans were lost. Give the sender a key that may write, in OTEL_EXPORTER_OTLP_HEADERS.")
        }
        "origin" => (
            Health::Warning,
            "A web page sent spans from an origin that is not allowed. Allow it in the settings if it is yours.",
        ),
        "host" => (
            Health::Warning,
            "Requests came under a host name that is not ours. Allow the name in the settings if it is yours.",
        ),
        "memory full" | "journal full" | "reopening" | "draining" => {
            (Health::Warning, "Senders were asked to try again and most do. If it lasts, see Writing below.")
        }
        "disk low" | "journal failed" => {
            (Health::Bad, "Nothing can be kept until the disk of the data directory has room and works.")
        }
        "too slow" | "cut off" => (
            Health::Warning,
            "Senders vanish while sending: frozen functions, short timeouts or a poor network. Raise OTEL_EXPORTER_OTLP_TIMEOUT.",
        ),
        "panicked" => (Health::Bad, "An error of coldlight. The log has the details; please report it."),
        _ => (Health::Warning, "The log says more."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::RefusalCount;

    #[test]
    fn a_refusal_has_its_row_and_its_advice() {
        let refusals = vec![RefusalCount { reason: "too large", count: 3 }, RefusalCount { reason: "host", count: 0 }];
        let rows = super::refusals(&ReceiverCounts { requests: 7, refusals, ..ReceiverCounts::default() });
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].value.as_str(), rows[0].aside.as_str()), ("3 requests", "30.0% of all"));
        assert!(rows[0].health == Health::Bad && rows[0].todo.contains("batch"));
    }

    #[test]
    fn whatever_keeps_us_from_taking_spans_says_what_to_do() {
        for reason in BusyReason::ALL {
            let stored = StoreStatus { busy: Some(reason), ..StoreStatus::default() };
            let row = &rows(&ReceiverCounts::default(), &stored)[0];
            assert!(row.health == Health::Bad && !row.todo.is_empty(), "{row:?}");
        }
    }
}
