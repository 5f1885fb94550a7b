//! The keys of a metrics request that a kept data point is made of; buckets, quantiles and exemplars are skipped.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
};

use super::number::Whole;
use super::reader::{JsonError, Reader};
use super::value::{attributes, resource, scope};

const TEMPORALITIES: [&str; 3] =
    ["AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE"];

pub(super) fn request(reader: &mut Reader) -> Result<ExportMetricsServiceRequest, JsonError> {
    let mut request = ExportMetricsServiceRequest::default();
    reader.members(|reader, key| {
        match key {
            "resourceMetrics" => request.resource_metrics = reader.list(resource_metrics)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn resource_metrics(reader: &mut Reader) -> Result<ResourceMetrics, JsonError> {
    let mut metrics = ResourceMetrics::default();
    reader.members(|reader, key| {
        match key {
            "resource" => metrics.resource = Some(resource(reader)?),
            "scopeMetrics" => metrics.scope_metrics = reader.list(scope_metrics)?,
            "schemaUrl" => metrics.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(metrics)
}

fn scope_metrics(reader: &mut Reader) -> Result<ScopeMetrics, JsonError> {
    let mut metrics = ScopeMetrics::default();
    reader.members(|reader, key| {
        match key {
            "scope" => metrics.scope = Some(scope(reader)?),
            "metrics" => metrics.metrics = reader.list(metric)?,
            "schemaUrl" => metrics.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(metrics)
}

fn metric(reader: &mut Reader) -> Result<Metric, JsonError> {
    let mut metric = Metric::default();
    reader.members(|reader, key| {
        match key {
            "name" => metric.name = reader.text()?,
            "description" => metric.description = reader.text()?,
            "unit" => metric.unit = reader.text()?,
            "metadata" => metric.metadata = attributes(reader)?,
            "gauge" => {
                let points = data_points(reader, number_point)?;
                metric.data = Some(Data::Gauge(Gauge { data_points: points.list }));
            }
            "sum" => {
                let points = data_points(reader, number_point)?;
                metric.data = Some(Data::Sum(Sum {
                    data_points: points.list,
                    aggregation_temporality: points.temporality,
                    is_monotonic: points.is_monotonic,
                }));
            }
            "histogram" => {
                let points = data_points(reader, histogram_point)?;
                metric.data = Some(Data::Histogram(Histogram {
                    data_points: points.list,
                    aggregation_temporality: points.temporality,
                }));
            }
            "exponentialHistogram" => {
                let points = data_points(reader, exponential_point)?;
                metric.data = Some(Data::ExponentialHistogram(ExponentialHistogram {
                    data_points: points.list,
                    aggregation_temporality: points.temporality,
                }));
            }
            "summary" => {
                let points = data_points(reader, summary_point)?;
                metric.data = Some(Data::Summary(Summary { data_points: points.list }));
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(metric)
}

/// What the five kinds of metric have in common.
struct Points<T> {
    list: Vec<T>,
    temporality: i32,
    is_monotonic: bool,
}

fn data_points<T>(
    reader: &mut Reader,
    mut point: impl FnMut(&mut Reader) -> Result<T, JsonError>,
) -> Result<Points<T>, JsonError> {
    let mut points = Points { list: Vec::new(), temporality: 0, is_monotonic: false };
    reader.members(|reader, key| {
        match key {
            "dataPoints" => points.list = reader.list(&mut point)?,
            "aggregationTemporality" => points.temporality = reader.enumeration(&TEMPORALITIES)?,
            "isMonotonic" => points.is_monotonic = reader.bool()?.unwrap_or_default(),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(points)
}

fn number_point(reader: &mut Reader) -> Result<NumberDataPoint, JsonError> {
    let mut point = NumberDataPoint::default();
    reader.members(|reader, key| {
        match key {
            "attributes" => point.attributes = attributes(reader)?,
            "startTimeUnixNano" => point.start_time_unix_nano = reader.u64()?,
            "timeUnixNano" => point.time_unix_nano = reader.u64()?,
            "flags" => point.flags = reader.u32()?,
            "asDouble" => point.value = reader.f64()?.map(Value::AsDouble),
            "asInt" => {
                point.value = reader.whole()?.map(|whole| match whole {
                    Whole::Int(int) => Value::AsInt(int),
                    Whole::Double(double) => Value::AsDouble(double),
                });
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(point)
}

fn histogram_point(reader: &mut Reader) -> Result<HistogramDataPoint, JsonError> {
    let mut point = HistogramDataPoint::default();
    reader.members(|reader, key| {
        match key {
            "attributes" => point.attributes = attributes(reader)?,
            "startTimeUnixNano" => point.start_time_unix_nano = reader.u64()?,
            "timeUnixNano" => point.time_unix_nano = reader.u64()?,
            "count" => point.count = reader.u64()?,
            "sum" => point.sum = reader.f64()?,
            "flags" => point.flags = reader.u32()?,
            "min" => point.min = reader.f64()?,
            "max" => point.max = reader.f64()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(point)
}

fn exponential_point(reader: &mut Reader) -> Result<ExponentialHistogramDataPoint, JsonError> {
    let mut point = ExponentialHistogramDataPoint::default();
    reader.members(|reader, key| {
        match key {
            "attributes" => point.attributes = attributes(reader)?,
            "startTimeUnixNano" => point.start_time_unix_nano = reader.u64()?,
            "timeUnixNano" => point.time_unix_nano = reader.u64()?,
            "count" => point.count = reader.u64()?,
            "sum" => point.sum = reader.f64()?,
            "flags" => point.flags = reader.u32()?,
            "min" => point.min = reader.f64()?,
            "max" => point.max = reader.f64()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(point)
}

fn summary_point(reader: &mut Reader) -> Result<SummaryDataPoint, JsonError> {
    let mut point = SummaryDataPoint::default();
    reader.members(|reader, key| {
        match key {
            "attributes" => point.attributes = attributes(reader)?,
            "startTimeUnixNano" => point.start_time_unix_nano = reader.u64()?,
            "timeUnixNano" => point.time_unix_nano = reader.u64()?,
            "count" => point.count = reader.u64()?,
            "sum" => point.sum = reader.f64()?.unwrap_or_default(),
            "flags" => point.flags = reader.u32()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(point)
}
