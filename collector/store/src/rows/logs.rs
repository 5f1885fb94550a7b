//! Log records to rows of `log_rows`.

use arrow::array::{Int32Builder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder, UInt64Builder};
use arrow::record_batch::RecordBatch;
use coldlight_model::Value;

use super::Incoming;
use super::attribute_map::AttributeMaps;
use super::attributes::{body_to_sql, scope_rest};
use super::columns::columns;

columns! {
    /// The columns of `log_rows`.
    LogColumns {
        sequence: UInt64Builder,
        logged_at: TimestampNanosecondBuilder,
        time: TimestampNanosecondBuilder,
        observed_at: TimestampNanosecondBuilder,
        trace_id: StringBuilder,
        span_id: StringBuilder,
        flags: UInt32Builder,
        service: StringBuilder,
        severity_number: Int32Builder,
        severity_text: StringBuilder,
        body: StringBuilder,
        body_type: StringBuilder,
        event_name: StringBuilder,
        invocation_id: StringBuilder,
        resource_id: UInt64Builder,
        scope_name: StringBuilder,
        scope_version: StringBuilder,
        scope_rest: StringBuilder,
        attributes: AttributeMaps,
        attribute_types: StringBuilder,
        dropped_attributes_count: UInt32Builder,
        received_at: TimestampNanosecondBuilder,
    }
}

/// Under which names senders put the function's request id: the conventions, and awslambdaric's logger.
const INVOCATION_ID: [&str; 3] = ["faas.invocation_id", "aws_request_id", "faas.execution"];

/// The rows of all log records of `incoming`, in order.
pub(crate) fn log_columns(incoming: &[Incoming<'_>]) -> RecordBatch {
    let mut columns = LogColumns::default();
    for of in incoming {
        for log in &of.batch.logs {
            let resource = &of.batch.resources[log.resource as usize];
            let scope = &of.batch.scopes[log.scope as usize];
            let (body, body_type) = body_to_sql(&log.body);
            columns.sequence.append_value(of.sequence);
            columns.logged_at.append_value(log.at.or(log.observed_at).unwrap_or(of.batch.received_at).nanos());
            columns.time.append_option(log.at.map(|at| at.nanos()));
            columns.observed_at.append_option(log.observed_at.map(|at| at.nanos()));
            columns.trace_id.append_option(log.trace_id.map(|id| id.hex()));
            columns.span_id.append_option(log.span_id.map(|id| id.hex()));
            columns.flags.append_value(log.flags);
            columns.service.append_value(resource.service());
            columns.severity_number.append_value(log.severity_number);
            columns.severity_text.append_value(&log.severity_text);
            columns.body.append_option(body);
            columns.body_type.append_option(body_type);
            columns.event_name.append_value(&log.event_name);
            let invocation = INVOCATION_ID.iter().find_map(|name| log.attributes.get(name).and_then(Value::as_text));
            columns.invocation_id.append_option(invocation);
            columns.resource_id.append_value(resource.id().0);
            columns.scope_name.append_value(&scope.name);
            columns.scope_version.append_value(&scope.version);
            columns.scope_rest.append_option(scope_rest(scope));
            let types = columns.attributes.append(&log.attributes);
            columns.attribute_types.append_option(types);
            columns.dropped_attributes_count.append_value(log.dropped_attributes_count);
            columns.received_at.append_value(of.batch.received_at.nanos());
        }
    }
    columns.finish()
}
