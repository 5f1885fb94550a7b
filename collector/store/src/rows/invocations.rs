//! Spans and platform records out of their rows, as far as invocations are told from them; and the attempts found, as columns.

use arrow::array::{BooleanBuilder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow::record_batch::RecordBatch;
use coldlight_model::lambda::{CostState, FunctionSpan, Invocation, PlatformKind, PlatformRecord};
use coldlight_model::{SpanId, Timestamp, TraceId};
use duckdb::Row;

use super::columns::columns;
use super::read::{span_id, trace_id, whole};

columns! {
    /// What is found of an attempt; who ran it is joined in SQL.
    AttemptColumns {
        request_id: StringBuilder,
        started_at: TimestampNanosecondBuilder,
        trace_id: StringBuilder,
        span_id: StringBuilder,
        has_span: BooleanBuilder,
        resource_id: UInt64Builder,
        version: StringBuilder,
        memory_mb: Int64Builder,
        max_memory_mb: Int64Builder,
        cold_start: BooleanBuilder,
        initialization: StringBuilder,
        init_ns: Int64Builder,
        suppressed_init_ns: Int64Builder,
        restore_ns: Int64Builder,
        billed_restore_ms: Int64Builder,
        felt_wait_ns: Int64Builder,
        duration_ns: Int64Builder,
        waiting_ns: Int64Builder,
        billed_ms: Int64Builder,
        produced_bytes: Int64Builder,
        response_latency_ns: Int64Builder,
        runtime_overhead_ns: Int64Builder,
        extension_overhead_ns: Int64Builder,
        outcome: StringBuilder,
        error_type: StringBuilder,
        cost_state: StringBuilder,
        stands_for: Int64Builder,
    }
}

/// An attempt at the request `request_id`; `resource_id` is whose platform records tell of it, 0 for none.
pub(crate) struct Attempt<'a> {
    pub request_id: &'a str,
    pub resource_id: u64,
    pub version: Option<&'a str>,
    pub invocation: Invocation,
}

fn int(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

pub(crate) fn attempt_columns<'a>(attempts: impl Iterator<Item = Attempt<'a>>) -> RecordBatch {
    let mut columns = AttemptColumns::default();
    for Attempt { request_id, resource_id, version, invocation } in attempts {
        columns.request_id.append_value(request_id);
        columns.started_at.append_value(invocation.started_at.nanos());
        columns.trace_id.append_option(invocation.trace_id.map(|id| id.hex()));
        columns.span_id.append_option(invocation.span_id.map(|id| id.hex()));
        columns.has_span.append_value(invocation.has_span);
        columns.resource_id.append_value(resource_id);
        columns.version.append_option(version);
        columns.memory_mb.append_option(int(invocation.memory_mb));
        columns.max_memory_mb.append_option(int(invocation.max_memory_mb));
        columns.cold_start.append_option(invocation.cold_start);
        columns.init_ns.append_option(int(invocation.init_ns));
        columns.suppressed_init_ns.append_option(int(invocation.suppressed_init_ns));
        columns.restore_ns.append_option(int(invocation.restore_ns));
        columns.billed_restore_ms.append_option(int(invocation.billed_restore_ms));
        columns.felt_wait_ns.append_option(int(invocation.felt_wait_ns));
        columns.duration_ns.append_option(int(invocation.duration_ns));
        columns.waiting_ns.append_option(int(invocation.waiting_ns));
        columns.billed_ms.append_option(int(invocation.billed_or_computed_ms()));
        columns.produced_bytes.append_option(int(invocation.produced_bytes));
        columns.response_latency_ns.append_option(int(invocation.response_latency_ns));
        columns.runtime_overhead_ns.append_option(int(invocation.runtime_overhead_ns));
        columns.extension_overhead_ns.append_option(int(invocation.extension_overhead_ns));
        columns.outcome.append_value(invocation.outcome.name());
        columns.cost_state.append_value(CostState::name(invocation.cost_state));
        columns.stands_for.append_option(int(invocation.stands_for));
        columns.initialization.append_option(invocation.initialization);
        columns.error_type.append_option(invocation.error_type);
    }
    columns.finish()
}

/// A row of `spans_of_invocations.sql`: the request id and the span.
pub(crate) fn function_span_from_row(row: &Row<'_>) -> duckdb::Result<(String, FunctionSpan)> {
    let span = FunctionSpan {
        trace_id: trace_id(row, "trace_id")?,
        span_id: span_id(row, "span_id")?,
        started_at: Timestamp::from_sql(row.get("started_ns")?),
        duration: row.get::<_, i64>("duration_ns")?.unsigned_abs(),
        is_server: row.get("is_server")?,
        cold_start: row.get("cold_start")?,
        failed: row.get("failed")?,
        error_type: row.get("error_type")?,
        memory_mb: row.get::<_, Option<i64>>("memory_mb")?.and_then(|mb| u64::try_from(mb).ok()),
        stands_for: whole(row, "stands_for")?,
    };
    Ok((row.get("invocation_id")?, span))
}

/// A row of `platform_rows`: whose it is, when it was said, and what. `None` for a kind of later times.
pub(crate) fn platform_from_row(row: &Row<'_>) -> duckdb::Result<Option<(u64, Timestamp, PlatformRecord)>> {
    let Some(kind) = PlatformKind::from_name(&row.get::<_, String>("kind")?) else { return Ok(None) };
    let hex = |name| row.get::<_, Option<String>>(name);
    let record = PlatformRecord {
        kind,
        invocation_id: row.get("invocation_id")?,
        status: row.get("status")?,
        error_type: row.get("error_type")?,
        phase: row.get("phase")?,
        initialization: row.get("initialization")?,
        version: row.get("version")?,
        duration_ns: row.get("duration_ns")?,
        billed_ms: row.get("billed_ms")?,
        memory_mb: row.get("memory_mb")?,
        max_memory_mb: row.get("max_memory_mb")?,
        init_ns: row.get("init_ns")?,
        restore_ns: row.get("restore_ns")?,
        billed_restore_ms: row.get("billed_restore_ms")?,
        produced_bytes: row.get("produced_bytes")?,
        response_latency_ns: row.get("response_latency_ns")?,
        response_duration_ns: row.get("response_duration_ns")?,
        runtime_overhead_ns: row.get("runtime_overhead_ns")?,
        extension_overhead_ns: row.get("extension_overhead_ns")?,
        trace_id: hex("trace_id")?.and_then(|hex| TraceId::from_hex(&hex)),
        span_id: hex("span_id")?.and_then(|hex| SpanId::from_hex(&hex)),
    };
    Ok(Some((row.get("resource_id")?, Timestamp::from_sql(row.get("reported_ns")?), record)))
}
