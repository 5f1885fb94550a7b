//! Metric data points to rows of `metric_rows`.

use arrow::array::{Float64Builder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow::record_batch::RecordBatch;

use super::Incoming;
use super::attribute_map::AttributeMaps;
use super::columns::columns;

columns! {
    /// The columns of `metric_rows`.
    MetricColumns {
        sequence: UInt64Builder,
        name: StringBuilder,
        unit: StringBuilder,
        time: TimestampNanosecondBuilder,
        service: StringBuilder,
        resource_id: UInt64Builder,
        value: Float64Builder,
        sample_count: UInt64Builder,
        attributes: AttributeMaps,
        attribute_types: StringBuilder,
        received_at: TimestampNanosecondBuilder,
    }
}

/// The rows of all data points of `incoming`, in order.
pub(crate) fn metric_columns(incoming: &[Incoming<'_>]) -> RecordBatch {
    let mut columns = MetricColumns::default();
    for of in incoming {
        for point in &of.batch.metrics {
            let resource = &of.batch.resources[point.resource as usize];
            columns.sequence.append_value(of.sequence);
            columns.name.append_value(&point.name);
            columns.unit.append_value(&point.unit);
            columns.time.append_value(point.at.nanos());
            columns.service.append_value(resource.service());
            columns.resource_id.append_value(resource.id().0);
            columns.value.append_value(point.value);
            columns.sample_count.append_option(point.count);
            let types = columns.attributes.append(&point.attributes);
            columns.attribute_types.append_option(types);
            columns.received_at.append_value(of.batch.received_at.nanos());
        }
    }
    columns.finish()
}
