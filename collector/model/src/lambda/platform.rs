//! One record of Lambda's platform: of the Telemetry API, or a line of the function's log that says the same.
//!
//! Read leniently: a missing or strange member costs that member, an unknown type only itself. Shapes and members are those
//! of AWS's Telemetry API event schema, 2022-07-01 to 2025-01-29, and of the lines of CloudWatch Logs.

use super::report_line;
use crate::{Attributes, LogRecord, SpanId, TraceId, Value};

const NANOS_PER_MS: f64 = 1e6;

/// What a record tells about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlatformKind {
    InitStart,
    InitRuntimeDone,
    InitReport,
    Start,
    RuntimeDone,
    Report,
    RestoreStart,
    RestoreRuntimeDone,
    RestoreReport,
    /// A line of the function's log that tells of a timeout, as before there was a status.
    TimedOut,
}

impl PlatformKind {
    const NAMES: [(Self, &str); 10] = [
        (Self::InitStart, "initStart"),
        (Self::InitRuntimeDone, "initRuntimeDone"),
        (Self::InitReport, "initReport"),
        (Self::Start, "start"),
        (Self::RuntimeDone, "runtimeDone"),
        (Self::Report, "report"),
        (Self::RestoreStart, "restoreStart"),
        (Self::RestoreRuntimeDone, "restoreRuntimeDone"),
        (Self::RestoreReport, "restoreReport"),
        (Self::TimedOut, "timedOut"),
    ];

    /// As the Telemetry API writes it behind `platform.`.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// From the name with or without `platform.`; `None` for what tells nothing of an invocation.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix("platform.").unwrap_or(name);
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// What a record says; everything but its kind may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformRecord {
    pub kind: PlatformKind,
    /// The request id. Init and restore records have none.
    pub invocation_id: Option<String>,
    /// `success`, `failure`, `error` or `timeout`, lower case.
    pub status: Option<String>,
    pub error_type: Option<String>,
    /// `init`, `invoke` or `snap-start`.
    pub phase: Option<String>,
    /// `on-demand`, `provisioned-concurrency`, `snap-start`, `lambda-managed-instances`, or a name of later times.
    pub initialization: Option<String>,
    pub version: Option<String>,
    pub duration_ns: Option<u64>,
    pub billed_ms: Option<u64>,
    pub memory_mb: Option<u64>,
    pub max_memory_mb: Option<u64>,
    pub init_ns: Option<u64>,
    pub restore_ns: Option<u64>,
    /// Billed of a restore, which is less than it takes. Seen, not documented.
    pub billed_restore_ms: Option<u64>,
    pub produced_bytes: Option<u64>,
    /// Invoke to first byte of the answer; first to last byte; answer to the runtime's next question; the runtime's end to the
    /// last extension's.
    pub response_latency_ns: Option<u64>,
    pub response_duration_ns: Option<u64>,
    pub runtime_overhead_ns: Option<u64>,
    pub extension_overhead_ns: Option<u64>,
    /// From X-Ray's trace header.
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
}

impl PlatformRecord {
    pub(super) fn new(kind: PlatformKind) -> Self {
        Self {
            kind,
            invocation_id: None,
            status: None,
            error_type: None,
            phase: None,
            initialization: None,
            version: None,
            duration_ns: None,
            billed_ms: None,
            memory_mb: None,
            max_memory_mb: None,
            init_ns: None,
            restore_ns: None,
            billed_restore_ms: None,
            produced_bytes: None,
            response_latency_ns: None,
            response_duration_ns: None,
            runtime_overhead_ns: None,
            extension_overhead_ns: None,
            trace_id: None,
            span_id: None,
        }
    }
}

/// What `log` says for the platform; `None` for a function's own words.
///
/// Understood are: a record as attribute `type` and a map as body; a whole event (`type`, `record`) as body; a line of the
/// function's log as body. Where a body is JSON text, `parsed` is what it says.
pub fn platform_record(log: &LogRecord, parsed: Option<&Value>) -> Option<PlatformRecord> {
    let named = log.attributes.get("type").and_then(Value::as_text);
    let body = parsed.unwrap_or(&log.body);
    let mut found = match body {
        Value::Map(event) => {
            let whole = event.get("type").and_then(Value::as_text).zip(event.get("record"));
            match (whole, named) {
                (Some((kind, Value::Map(record))), _) => from_event(kind, record),
                (_, Some(kind)) => from_event(kind, event),
                _ => None,
            }
        }
        Value::Text(line) => report_line::read(line),
        _ => None,
    }?;
    if found.invocation_id.is_none() {
        let id = log.attributes.get("faas.invocation_id").or_else(|| log.attributes.get("faas.execution"));
        found.invocation_id = id.and_then(Value::as_text).filter(|id| !id.is_empty()).map(str::to_owned);
    }
    found.trace_id = found.trace_id.or(log.trace_id);
    found.span_id = found.span_id.or(log.span_id);
    Some(found)
}

fn from_event(kind: &str, record: &Attributes) -> Option<PlatformRecord> {
    let kind = kind.starts_with("platform.").then(|| PlatformKind::from_name(kind)).flatten()?;
    let text = |name| record.get(name).and_then(Value::as_text).filter(|text| !text.is_empty()).map(str::to_owned);
    let empty = Attributes::new();
    let metrics = match record.get("metrics") {
        Some(Value::Map(metrics)) => metrics,
        _ => &empty,
    };
    let whole = |name| metrics.get(name).and_then(Value::as_int).and_then(|number| u64::try_from(number).ok());
    let time = |name| metrics.get(name).and_then(nanos_of_ms);
    let mut found = PlatformRecord {
        invocation_id: text("requestId"),
        status: text("status").map(|status| status.to_lowercase()),
        error_type: text("errorType"),
        phase: text("phase"),
        initialization: text("initializationType"),
        version: text("version").or_else(|| text("functionVersion")),
        duration_ns: time("durationMs"),
        billed_ms: whole("billedDurationMs"),
        memory_mb: whole("memorySizeMB"),
        max_memory_mb: whole("maxMemoryUsedMB"),
        init_ns: time("initDurationMs"),
        restore_ns: time("restoreDurationMs"),
        billed_restore_ms: whole("billedRestoreDurationMs"),
        produced_bytes: whole("producedBytes"),
        ..PlatformRecord::new(kind)
    };
    if let Some(Value::Array(spans)) = record.get("spans") {
        for span in spans {
            let Value::Map(span) = span else { continue };
            let lasted = span.get("durationMs").and_then(nanos_of_ms);
            match span.get("name").and_then(Value::as_text) {
                Some("responseLatency") => found.response_latency_ns = lasted,
                Some("responseDuration") => found.response_duration_ns = lasted,
                Some("runtimeOverhead") => found.runtime_overhead_ns = lasted,
                Some("extensionOverhead") => found.extension_overhead_ns = lasted,
                _ => {}
            }
        }
    }
    if let Some(Value::Map(tracing)) = record.get("tracing") {
        found.trace_id = tracing.get("value").and_then(Value::as_text).and_then(trace_id_of_header);
        found.span_id = tracing.get("spanId").and_then(Value::as_text).and_then(SpanId::from_hex);
    }
    Some(found)
}

fn nanos_of_ms(value: &Value) -> Option<u64> {
    let ms = match value {
        Value::Int(ms) => *ms as f64,
        Value::Double(ms) => *ms,
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // A year is far beyond what Lambda runs, and far within what the product can say.
    (0.0..=3.2e10).contains(&ms).then(|| (ms * NANOS_PER_MS).round() as u64)
}

/// The trace of an `X-Amzn-Trace-Id`: `Root=1-65e1a2b0-0123456789abcdef01234567;…`.
pub(super) fn trace_id_of_header(header: &str) -> Option<TraceId> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    trace_id_of_root(root)
}

/// The trace of X-Ray's own way of writing one: `1-65e1a2b0-0123456789abcdef01234567`.
pub(super) fn trace_id_of_root(root: &str) -> Option<TraceId> {
    let (seconds, rest) = root.trim().strip_prefix("1-")?.split_once('-')?;
    (seconds.len() == 8 && rest.len() == 24).then(|| TraceId::from_hex(&format!("{seconds}{rest}"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(body: Value, attributes: &[(&str, Value)]) -> LogRecord {
        LogRecord {
            at: None,
            observed_at: None,
            trace_id: None,
            span_id: None,
            flags: 0,
            severity_number: 0,
            severity_text: String::new(),
            body,
            attributes: attributes.iter().map(|(key, value)| (*key, value.clone())).collect(),
            dropped_attributes_count: 0,
            event_name: String::new(),
            resource: 0,
            scope: 0,
        }
    }

    fn map(pairs: &[(&str, Value)]) -> Value {
        Value::Map(pairs.iter().map(|(key, value)| (*key, value.clone())).collect())
    }

    fn report() -> Value {
        let metrics = map(&[
            ("durationMs", Value::Double(130.1)),
            ("billedDurationMs", Value::Int(312)),
            ("memorySizeMB", Value::Int(512)),
            ("maxMemoryUsedMB", Value::Int(71)),
            ("initDurationMs", Value::Double(181.2)),
        ]);
        let overhead = map(&[("name", "extensionOverhead".into()), ("durationMs", Value::Double(11.7))]);
        map(&[
            ("requestId", "6f7f0961".into()),
            ("status", "success".into()),
            ("metrics", metrics),
            ("spans", Value::Array(vec![overhead, Value::Null])),
            (
                "tracing",
                map(&[
                    ("spanId", "54565fb41ac79632".into()),
                    ("value", "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1".into()),
                ]),
            ),
        ])
    }

    #[test]
    fn a_report_reads_the_same_as_body_and_as_whole_event() {
        let as_body = platform_record(&log(report(), &[("type", "platform.report".into())]), None).unwrap();
        let event =
            map(&[("time", "2026-03-01T10:00:00Z".into()), ("type", "platform.report".into()), ("record", report())]);
        assert_eq!(platform_record(&log(event.clone(), &[]), None).unwrap(), as_body);
        assert_eq!(platform_record(&log(event.to_json().as_str().into(), &[]), Some(&event)).unwrap(), as_body);
        assert_eq!(as_body.kind, PlatformKind::Report);
        assert_eq!((as_body.duration_ns, as_body.billed_ms), (Some(130_100_000), Some(312)));
        assert_eq!((as_body.init_ns, as_body.extension_overhead_ns), (Some(181_200_000), Some(11_700_000)));
        assert_eq!((as_body.memory_mb, as_body.max_memory_mb), (Some(512), Some(71)));
        assert_eq!(as_body.trace_id.unwrap().to_hex(), "65e1a2b00123456789abcdef01234567");
    }

    #[test]
    fn managed_instances_report_less_and_nothing_is_made_up() {
        let record = map(&[("requestId", "a".into()), ("metrics", map(&[("durationMs", Value::Int(5))]))]);
        let found = platform_record(&log(record, &[("type", "platform.report".into())]), None).unwrap();
        assert_eq!((found.duration_ns, found.billed_ms, found.memory_mb), (Some(5_000_000), None, None));
    }

    #[test]
    fn what_is_not_the_platforms_is_left_alone() {
        for kind in ["function", "platform.logsDropped", "platform.somethingNew", "report"] {
            assert_eq!(platform_record(&log(report(), &[("type", kind.into())]), None), None, "{kind}");
        }
        assert_eq!(platform_record(&log("REPORT of the quarter".into(), &[]), None), None);
        assert_eq!(platform_record(&log(Value::Null, &[("type", "platform.report".into())]), None), None);
    }

    #[test]
    fn strange_figures_cost_only_themselves() {
        let metrics = map(&[
            ("durationMs", Value::Double(f64::NAN)),
            ("billedDurationMs", Value::Int(-1)),
            ("memorySizeMB", "512".into()),
        ]);
        let record = map(&[("requestId", "a".into()), ("metrics", metrics)]);
        let found = platform_record(&log(record, &[("type", "platform.report".into())]), None).unwrap();
        assert_eq!((found.duration_ns, found.billed_ms, found.memory_mb), (None, None, Some(512)));
    }
}
