//! Model values to Arrow columns and back: the only place that knows how a span lies in a row.

mod attribute_map;
mod attributes;
mod columns;
mod invocations;
mod logs;
mod metrics;
mod platform;
mod read;
mod resources;
mod spans;
mod trace;

pub(crate) use invocations::{Attempt, attempt_columns, function_span_from_row, platform_from_row};
pub(crate) use logs::log_columns;
pub(crate) use metrics::metric_columns;
pub(crate) use platform::platform_columns;
pub(crate) use read::{event_from_sql, log_from_row, span_from_row, span_id, trace_id, whole};
pub(crate) use resources::{resource_columns, resource_from_sql};
pub(crate) use spans::{first_sequence, span_columns};
pub(crate) use trace::trace_spans;

use coldlight_model::Batch;

/// A batch with its place in the journal, ready to become rows.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub sequence: u64,
    pub batch: &'a Batch,
}
