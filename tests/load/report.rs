//! The figures of one run, for people and for programs.

use std::time::Duration;

use coldlight_tests::measure::percentile;
use coldlight_tests::stamp::Template;
use serde_json::{Value, json};

use crate::Arguments;
use crate::driver::Sent;

pub struct Report {
    heading: String,
    bytes_per_span_sent: f64,
    pub sent: Sent,
    pub seconds: f64,
    pub sender_cpu: Duration,
    pub server_cpu: Option<Duration>,
    /// Resident at the end and at most, in bytes.
    pub memory: Option<(u64, u64)>,
    pub visible_after: Option<Duration>,
    /// Bytes of the data directory after a clean stop, above those of an empty store.
    pub disk: Option<u64>,
    /// Spans a second.
    pub bare_decode: Option<f64>,
    bare_insert: Option<f64>,
}

impl Report {
    pub fn new(arguments: &Arguments, templates: &[Template]) -> Self {
        let bytes: usize = templates.iter().map(Template::len).sum();
        let spans: u64 = templates.iter().map(Template::spans).sum();
        let rate =
            arguments.rate.map_or("as fast as acknowledged".to_owned(), |rate| format!("at most {rate} spans/s"));
        let protocol = format!("{:?}", arguments.protocol).to_uppercase();
        Self {
            heading: format!(
                "OTLP/{protocol}, {} connections, {} spans a request, {rate}",
                arguments.connections, arguments.batch
            ),
            bytes_per_span_sent: bytes as f64 / spans as f64,
            sent: Sent::default(),
            seconds: 0.0,
            sender_cpu: Duration::ZERO,
            server_cpu: None,
            memory: None,
            visible_after: None,
            disk: None,
            bare_decode: None,
            bare_insert: arguments.bare_insert,
        }
    }

    pub fn print(&self, as_json: bool) {
        if as_json {
            println!("{}", self.json());
            return;
        }
        println!("{}", self.heading);
        for (name, value) in self.lines() {
            println!("  {name:<30} {value}");
        }
    }

    fn per_span(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.sent.spans.max(1) as f64
    }

    /// Spans a second from the first request until all could be queried.
    fn written_per_s(&self) -> Option<f64> {
        Some(self.sent.spans as f64 / (self.seconds + self.visible_after?.as_secs_f64()))
    }

    fn latency_ms(&self, share: f64) -> f64 {
        percentile(&self.sent.latencies, share) as f64 / 1e3
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("spans acknowledged", self.sent.spans.to_string()),
            ("spans a second", format!("{:.0}", self.sent.spans as f64 / self.seconds)),
            ("time", format!("{:.2} s", self.seconds)),
            (
                "acknowledged p50 / p99 / max",
                format!("{:.1} / {:.1} / {:.1} ms", self.latency_ms(0.5), self.latency_ms(0.99), self.latency_ms(1.0)),
            ),
            ("told to try again later", self.sent.refusals.to_string()),
            ("bytes per span on the wire", format!("{:.0}", self.bytes_per_span_sent)),
            ("sender's processor time", format!("{:.2} µs per span", self.per_span(self.sender_cpu))),
        ];
        if let Some(cpu) = self.server_cpu {
            lines.push(("collector's processor time", format!("{:.2} µs per span", self.per_span(cpu))));
        }
        if let Some((resident, most)) = self.memory {
            lines.push(("collector's memory, most", format!("{} MiB, {} MiB", resident >> 20, most >> 20)));
        }
        if let Some((after, written)) = self.visible_after.zip(self.written_per_s()) {
            lines.push(("all visible after the last ack", format!("{:.1} s", after.as_secs_f64())));
            lines.push(("written and visible", format!("{written:.0} spans/s")));
        }
        if let Some(disk) = self.disk {
            lines.push(("bytes per span on disk", format!("{:.1}", disk as f64 / self.sent.spans.max(1) as f64)));
        }
        if let Some(decode) = self.bare_decode {
            lines.push(("bare limit: decode, one core", format!("{decode:.0} spans/s, {:.2} µs", 1e6 / decode)));
        }
        if let Some(insert) = self.bare_insert {
            lines.push(("bare limit: bulk insert", format!("{insert:.0} spans/s, {:.2} µs", 1e6 / insert)));
        }
        lines
    }

    fn json(&self) -> Value {
        json!({
            "run": self.heading,
            "spans": self.sent.spans,
            "seconds": self.seconds,
            "spans_per_s": self.sent.spans as f64 / self.seconds,
            "ack_ms": { "p50": self.latency_ms(0.5), "p99": self.latency_ms(0.99), "max": self.latency_ms(1.0) },
            "refusals": self.sent.refusals,
            "wire_bytes_per_span": self.bytes_per_span_sent,
            "sender_us_per_span": self.per_span(self.sender_cpu),
            "server_us_per_span": self.server_cpu.map(|cpu| self.per_span(cpu)),
            "server_resident_bytes": self.memory.map(|(resident, _)| resident),
            "server_most_resident_bytes": self.memory.map(|(_, most)| most),
            "visible_after_s": self.visible_after.map(|after| after.as_secs_f64()),
            "written_spans_per_s": self.written_per_s(),
            "disk_bytes_per_span": self.disk.map(|disk| disk as f64 / self.sent.spans.max(1) as f64),
            "bare_decode_spans_per_s": self.bare_decode,
            "bare_insert_spans_per_s": self.bare_insert,
        })
    }
}
