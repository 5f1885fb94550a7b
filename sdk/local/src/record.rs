//! The platform's records, in the shapes of the Telemetry API (schema 2022-12-13 and later).

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::clock::{ms, rfc3339};
use crate::function::Function;
use crate::trace_header::TraceHeader;

/// One record: when it was made, what it is called, what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub time: SystemTime,
    pub kind: &'static str,
    pub record: Value,
}

impl Record {
    /// `{"time","type","record"}`, as it is delivered and as JSON logs hold it.
    pub fn to_json(&self) -> Value {
        json!({ "time": rfc3339(self.time), "type": self.kind, "record": self.record })
    }

    /// Which subscription it belongs to: `platform`, `function` or `extension`.
    pub fn class(&self) -> &'static str {
        if self.kind.starts_with("platform.") { "platform" } else { self.kind }
    }
}

/// In which phase an initialisation ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Init,
    /// Again, or late: its time is inside the invocation's duration.
    Invoke,
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Invoke => "invoke",
        }
    }
}

/// How something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub word: &'static str,
    pub error_type: Option<String>,
}

impl Status {
    pub fn success() -> Self {
        Self { word: "success", error_type: None }
    }

    fn put(&self, record: &mut Value) {
        record["status"] = json!(self.word);
        if let Some(kind) = &self.error_type {
            record["errorType"] = json!(kind);
        }
    }
}

/// A stretch of time inside an invocation.
pub fn span(name: &str, start: SystemTime, length: Duration) -> Value {
    json!({ "name": name, "start": rfc3339(start), "durationMs": ms(length) })
}

pub fn tracing(header: &TraceHeader, span_id: &str) -> Value {
    json!({ "spanId": span_id, "type": "X-Amzn-Trace-Id", "value": header.to_string() })
}

pub fn init_start(time: SystemTime, function: &Function, environment: &str, kind: &str, phase: Phase) -> Record {
    let record = json!({
        "initializationType": kind, "phase": phase.word(), "functionName": function.name, "functionVersion": "$LATEST",
        "runtimeVersion": function.runtime, "instanceId": environment, "instanceMaxMemory": function.memory_mb,
    });
    Record { time, kind: "platform.initStart", record }
}

pub fn init_runtime_done(time: SystemTime, kind: &str, phase: Phase, status: &Status) -> Record {
    let mut record = json!({ "initializationType": kind, "phase": phase.word() });
    status.put(&mut record);
    Record { time, kind: "platform.initRuntimeDone", record }
}

pub fn init_report(time: SystemTime, kind: &str, phase: Phase, status: &Status, length: Duration) -> Record {
    let mut record =
        json!({ "initializationType": kind, "phase": phase.word(), "metrics": { "durationMs": ms(length) } });
    status.put(&mut record);
    Record { time, kind: "platform.initReport", record }
}

pub fn extension(time: SystemTime, name: &str, state: &str, events: &[&str], error: Option<&str>) -> Record {
    let mut record = json!({ "name": name, "state": state, "events": events });
    if let Some(error) = error {
        record["errorType"] = json!(error);
    }
    Record { time, kind: "platform.extension", record }
}

pub fn subscription(time: SystemTime, name: &str, types: &[String]) -> Record {
    let record = json!({ "name": name, "state": "Subscribed", "types": types });
    Record { time, kind: "platform.telemetrySubscription", record }
}

pub fn start(time: SystemTime, request_id: &str, tracing: &Value) -> Record {
    let record = json!({ "requestId": request_id, "version": "$LATEST", "tracing": tracing });
    Record { time, kind: "platform.start", record }
}

/// What is known when the runtime is done with an invocation.
pub struct RuntimeDone<'a> {
    pub request_id: &'a str,
    pub status: &'a Status,
    pub duration: Duration,
    pub produced_bytes: Option<u64>,
    pub spans: Vec<Value>,
    pub tracing: &'a Value,
}

pub fn runtime_done(time: SystemTime, done: RuntimeDone<'_>) -> Record {
    let mut metrics = json!({ "durationMs": ms(done.duration) });
    if let Some(bytes) = done.produced_bytes {
        metrics["producedBytes"] = json!(bytes);
    }
    let mut record =
        json!({ "requestId": done.request_id, "metrics": metrics, "spans": done.spans, "tracing": done.tracing });
    done.status.put(&mut record);
    Record { time, kind: "platform.runtimeDone", record }
}

pub fn logs_dropped(time: SystemTime, bytes: usize, records: usize) -> Record {
    let reason = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.";
    let record = json!({ "droppedBytes": bytes, "droppedRecords": records, "reason": reason });
    Record { time, kind: "platform.logsDropped", record }
}

/// A line that a function or an extension wrote; JSON objects stay objects when the function logs JSON.
pub fn line(time: SystemTime, kind: &'static str, text: &str, json: bool) -> Record {
    let object = json.then(|| serde_json::from_str(text).ok()).flatten().filter(Value::is_object);
    Record { time, kind, record: object.unwrap_or_else(|| json!(text)) }
}
