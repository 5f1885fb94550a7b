//! The platform's records among the logs to rows of `platform_rows`.

use arrow::array::{StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow::record_batch::RecordBatch;
use coldlight_model::lambda::platform_record;
use coldlight_model::{LogRecord, Value};

use super::Incoming;
use super::attributes::parse;
use super::columns::columns;

columns! {
    /// The columns of `platform_rows`.
    PlatformColumns {
        sequence: UInt64Builder,
        reported_at: TimestampNanosecondBuilder,
        kind: StringBuilder,
        invocation_id: StringBuilder,
        resource_id: UInt64Builder,
        trace_id: StringBuilder,
        span_id: StringBuilder,
        status: StringBuilder,
        error_type: StringBuilder,
        phase: StringBuilder,
        initialization: StringBuilder,
        version: StringBuilder,
        duration_ns: UInt64Builder,
        billed_ms: UInt64Builder,
        memory_mb: UInt64Builder,
        max_memory_mb: UInt64Builder,
        init_ns: UInt64Builder,
        restore_ns: UInt64Builder,
        billed_restore_ms: UInt64Builder,
        produced_bytes: UInt64Builder,
        response_latency_ns: UInt64Builder,
        response_duration_ns: UInt64Builder,
        runtime_overhead_ns: UInt64Builder,
        extension_overhead_ns: UInt64Builder,
        received_at: TimestampNanosecondBuilder,
    }
}

/// The rows of all platform records of `incoming`; `None` when there is none, which is the rule.
pub(crate) fn platform_columns(incoming: &[Incoming<'_>]) -> Option<RecordBatch> {
    let mut columns = PlatformColumns::default();
    let mut any = false;
    for of in incoming {
        for log in &of.batch.logs {
            let Some(said) = platform_record(log, event_in_text(log).as_ref()) else { continue };
            any = true;
            columns.sequence.append_value(of.sequence);
            columns.reported_at.append_value(log.at.or(log.observed_at).unwrap_or(of.batch.received_at).nanos());
            columns.kind.append_value(said.kind.name());
            columns.invocation_id.append_option(said.invocation_id);
            columns.resource_id.append_value(of.batch.resources[log.resource as usize].id().0);
            columns.trace_id.append_option(said.trace_id.map(|id| id.hex()));
            columns.span_id.append_option(said.span_id.map(|id| id.hex()));
            columns.status.append_option(said.status);
            columns.error_type.append_option(said.error_type);
            columns.phase.append_option(said.phase);
            columns.initialization.append_option(said.initialization);
            columns.version.append_option(said.version);
            columns.duration_ns.append_option(said.duration_ns);
            columns.billed_ms.append_option(said.billed_ms);
            columns.memory_mb.append_option(said.memory_mb);
            columns.max_memory_mb.append_option(said.max_memory_mb);
            columns.init_ns.append_option(said.init_ns);
            columns.restore_ns.append_option(said.restore_ns);
            columns.billed_restore_ms.append_option(said.billed_restore_ms);
            columns.produced_bytes.append_option(said.produced_bytes);
            columns.response_latency_ns.append_option(said.response_latency_ns);
            columns.response_duration_ns.append_option(said.response_duration_ns);
            columns.runtime_overhead_ns.append_option(said.runtime_overhead_ns);
            columns.extension_overhead_ns.append_option(said.extension_overhead_ns);
            columns.received_at.append_value(of.batch.received_at.nanos());
        }
    }
    any.then(|| columns.finish())
}

/// The event that a body holds as JSON text: how a function with the JSON log format writes what the platform says.
fn event_in_text(log: &LogRecord) -> Option<Value> {
    let text = log.body.as_text()?;
    (text.starts_with('{') && text.contains("\"platform.")).then(|| parse(text))
}
