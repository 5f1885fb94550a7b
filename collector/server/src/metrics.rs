//! `/metrics`: Prometheus' text format, version 0.0.4. Every label's values are a fixed, short list of ours.

use std::fmt::Write;

use coldlight_model::{AlertState, BusyReason, ReceiverCounts, StoreStatus};

/// What `/metrics` tells.
pub struct Snapshot<'a> {
    pub receiver: &'a ReceiverCounts,
    /// `None`: the store cannot say just now.
    pub store: Option<&'a StoreStatus>,
    /// Pages and API: answers by first digit of the status, 1 to 5.
    pub answers: [u64; 5],
    /// How many alerts stand how, in the order of [`AlertState::ALL`].
    pub alerts: [u64; 4],
    pub unauthorized: u64,
    pub insecure: bool,
    pub started_at_s: f64,
}

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const SECOND: f64 = 1e9;

struct Out(String);

impl Out {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP coldlight_{name} {help}\n# TYPE coldlight_{name} {kind}\n");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.family(name, kind, help);
        let _ = writeln!(self.0, "coldlight_{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.one(name, "counter", help, value as f64);
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.one(name, "gauge", help, value);
    }

    fn labelled(&mut self, name: &str, label: &str, of: &str, value: u64) {
        let _ = writeln!(self.0, "coldlight_{name}{{{label}=\"{}\"}} {value}", of.replace(' ', "_"));
    }
}

pub fn write(snapshot: &Snapshot<'_>) -> String {
    let mut out = Out(String::with_capacity(8 << 10));
    out.family("build_info", "gauge", "Always 1; the version is a label.");
    let _ = writeln!(out.0, "coldlight_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    out.gauge("start_time_seconds", "When the program started, in seconds since 1970.", snapshot.started_at_s);
    out.gauge(
        "insecure_no_auth",
        "1 when listeners beyond loopback ask for no key.",
        f64::from(u8::from(snapshot.insecure)),
    );
    out.counter(
        "unauthorized_requests_total",
        "Requests to pages and API without a key that allows them.",
        snapshot.unauthorized,
    );
    out.family("http_answers_total", "counter", "Requests to pages and API by class of status.");
    for (class, count) in (1..).zip(snapshot.answers) {
        out.labelled("http_answers_total", "class", &format!("{class}xx"), count);
    }
    out.family("alerts", "gauge", "Alerts by how they stood when last looked at.");
    for (state, count) in AlertState::ALL.iter().zip(snapshot.alerts) {
        out.labelled("alerts", "state", state.name(), count);
    }
    received(&mut out, snapshot.receiver);
    out.gauge("store_up", "1 when the store answers.", f64::from(u8::from(snapshot.store.is_some())));
    if let Some(store) = snapshot.store {
        stored(&mut out, store);
    }
    out.0
}

fn received(out: &mut Out, counts: &ReceiverCounts) {
    out.counter("received_requests_total", "OTLP requests admitted.", counts.requests);
    out.counter("received_bytes_total", "Bytes of admitted OTLP requests.", counts.bytes);
    out.counter("received_spans_total", "Spans in admitted requests.", counts.spans);
    out.counter("rejected_spans_total", "Spans in admitted requests that were invalid.", counts.spans_rejected);
    out.counter("received_logs_total", "Log records in admitted requests.", counts.logs);
    out.counter("rejected_logs_total", "Log records in admitted requests that were invalid.", counts.logs_rejected);
    out.counter("received_metric_points_total", "Metric points in admitted requests.", counts.metric_points);
    out.counter("kept_metric_points_total", "Metric points kept for our own pages.", counts.metric_points_kept);
    out.counter("redacted_secrets_total", "Secrets replaced before anything was written.", counts.secrets_redacted);
    out.family("refused_requests_total", "counter", "OTLP requests answered with an error, by reason.");
    for refusal in &counts.refusals {
        out.labelled("refused_requests_total", "reason", refusal.reason, refusal.count);
    }
    out.gauge("in_flight_bytes", "Memory taken by requests being received.", counts.in_flight_bytes as f64);
    out.gauge("in_flight_limit_bytes", "Memory they may take.", counts.in_flight_limit as f64);
}

fn stored(out: &mut Out, store: &StoreStatus) {
    out.family("store_busy", "gauge", "1 for the reason why nothing is taken just now.");
    for reason in BusyReason::ALL {
        out.labelled("store_busy", "reason", reason.name(), u64::from(store.busy == Some(reason)));
    }
    out.gauge("spans", "Spans kept.", store.spans as f64);
    out.gauge("logs", "Log records kept.", store.logs as f64);
    out.gauge("metric_points", "Metric points kept.", store.metric_points as f64);
    out.gauge("resources", "Distinct resources known.", store.resources as f64);
    out.counter("written_spans_total", "Spans written to the database.", store.spans_written);
    out.counter("duplicate_spans_total", "Spans that came again and were dropped.", store.duplicates);
    out.counter("expired_rows_total", "Rows removed by retention.", store.dropped_by_retention);
    out.gauge("waiting_batches", "Batches acknowledged and not yet visible.", store.waiting_batches as f64);
    out.gauge("waiting_seconds", "Age of the oldest of them.", store.waiting_age as f64 / SECOND);
    out.gauge(
        "freshness_p95_seconds",
        "Acknowledged to visible, 95 % of recent commits.",
        store.freshness_p95 as f64 / SECOND,
    );
    out.gauge("journal_bytes", "Size of the journal.", store.journal_bytes as f64);
    out.gauge("journal_limit_bytes", "Size at which senders are told to wait.", store.journal_limit as f64);
    out.gauge("journal_segments", "Files of the journal.", store.journal_segments as f64);
    out.gauge("database_bytes", "Size of the database file.", store.database_bytes as f64);
    out.gauge("database_wal_bytes", "Size of the database's write-ahead log.", store.wal_bytes as f64);
    out.gauge("disk_free_bytes", "Free space of the disk that holds the data.", store.disk_free_bytes as f64);
    out.gauge("disk_reserve_bytes", "Free space below which nothing is taken.", store.disk_reserve_bytes as f64);
    out.gauge("retain_seconds", "How long rows are kept.", store.retain as f64 / SECOND);
    out.gauge("retain_bytes", "How large the database may become.", store.retain_bytes as f64);
    out.counter("database_reopened_total", "Times the database was reopened after a fatal error.", store.reopened);
    out.gauge("quarantined_files", "Damaged files put aside.", store.quarantined.len() as f64);
    for (name, help, at) in [
        ("newest_span_seconds", "Start of the newest span, in seconds since 1970.", store.newest_span_at),
        ("oldest_span_seconds", "Start of the oldest span, in seconds since 1970.", store.oldest_span_at),
        (
            "last_checkpoint_seconds",
            "When the database was last checkpointed, in seconds since 1970.",
            store.last_checkpoint_at,
        ),
    ] {
        if let Some(at) = at {
            out.gauge(name, help, at.nanos() as f64 / SECOND);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{RefusalCount, Timestamp};
    use std::collections::{HashMap, HashSet};

    fn text() -> String {
        let receiver = ReceiverCounts {
            spans: 3,
            refusals: vec![RefusalCount { reason: "journal full", count: 2 }],
            ..ReceiverCounts::default()
        };
        let store = StoreStatus {
            busy: Some(BusyReason::DiskLow),
            spans: 12_345_678_901,
            newest_span_at: Some(Timestamp::from_millis(1_500)),
            ..StoreStatus::default()
        };
        write(&Snapshot {
            receiver: &receiver,
            store: Some(&store),
            answers: [0, 7, 0, 1, 0],
            alerts: [3, 0, 1, 0],
            unauthorized: 4,
            insecure: true,
            started_at_s: 1.0,
        })
    }

    /// Reads the format strictly: HELP and TYPE before each family's samples, each family once.
    fn parse(text: &str) -> HashMap<String, f64> {
        let (mut samples, mut families, mut family) = (HashMap::new(), HashSet::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split_once(' ').expect("help has text").0.to_owned();
                assert!(families.insert(family.clone()), "{family} twice");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, family);
                assert!(matches!(kind, "counter" | "gauge"));
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            } else {
                let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
                assert_eq!(sample.split('{').next().unwrap(), family);
                assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{sample} twice");
            }
        }
        samples
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let samples = parse(&text());
        assert_eq!(samples["coldlight_received_spans_total"], 3.0);
        assert_eq!(samples["coldlight_spans"], 12_345_678_901.0);
        assert_eq!(samples["coldlight_refused_requests_total{reason=\"journal_full\"}"], 2.0);
        assert_eq!(samples["coldlight_store_busy{reason=\"disk_low\"}"], 1.0);
        assert_eq!(samples["coldlight_store_busy{reason=\"draining\"}"], 0.0);
        assert_eq!(samples["coldlight_http_answers_total{class=\"2xx\"}"], 7.0);
        assert_eq!(samples["coldlight_newest_span_seconds"], 1.5);
        assert_eq!(samples["coldlight_insecure_no_auth"], 1.0);
        assert!(text().ends_with('\n'));
    }

    #[test]
    fn a_store_that_does_not_answer_is_down() {
        let snapshot = Snapshot {
            receiver: &ReceiverCounts::default(),
            store: None,
            alerts: [0; 4],
            answers: [0; 5],
            unauthorized: 0,
            insecure: false,
            started_at_s: 0.0,
        };
        assert_eq!(parse(&write(&snapshot))["coldlight_store_up"], 0.0);
    }
}
