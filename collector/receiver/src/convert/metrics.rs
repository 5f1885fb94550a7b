//! Data points: those of platforms and containers are kept, all are counted.

use coldlight_model::{Attributes, Batch, MetricPoint, Resource, Timestamp};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1 as otlp;

use super::Tally;
use super::attributes::Converter;
use super::shared::{Place, Shared};

/// `text_was_mended`: the request had text that was not UTF-8, and U+FFFD shows where. `now`: for points without a time.
pub(crate) fn metrics(request: ExportMetricsServiceRequest, text_was_mended: bool, now: Timestamp) -> (Batch, Tally) {
    let ExportMetricsServiceRequest { resource_metrics } = request;
    let mut converter = Converter::new(text_was_mended);
    let (mut batch, mut shared, mut tally) = (Batch::default(), Shared::default(), Tally::default());
    for otlp::ResourceMetrics { resource, scope_metrics, schema_url } in resource_metrics {
        let is_kept = |metric: &otlp::Metric| MetricPoint::is_kept(&metric.name);
        let metrics = || scope_metrics.iter().flat_map(|scope| &scope.metrics);
        tally.received += metrics().map(points_in).sum::<u64>();
        if !metrics().any(is_kept) {
            continue;
        }
        let mut resource = Place::Unused(Some(converter.resource(resource, schema_url)));
        // A point is told apart by its metric's name; which library measured it plays no part in our questions.
        for otlp::ScopeMetrics { scope: _, metrics, schema_url: _ } in scope_metrics {
            for metric in metrics.into_iter().filter(is_kept) {
                converter.metric(metric, now, &mut resource, &mut batch, &mut shared);
            }
        }
    }
    tally.kept_points = batch.metrics.len() as u64;
    tally.secrets = converter.secrets;
    (batch, tally)
}

fn points_in(metric: &otlp::Metric) -> u64 {
    use otlp::metric::Data;
    let points = match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    };
    points as u64
}

/// What is kept of a data point of any kind.
struct Number {
    at: u64,
    value: f64,
    count: Option<u64>,
    attributes: Vec<KeyValue>,
}

impl Converter {
    fn metric(
        &mut self,
        metric: otlp::Metric,
        now: Timestamp,
        resource: &mut Place<Resource>,
        batch: &mut Batch,
        shared: &mut Shared,
    ) {
        use otlp::metric::Data;
        let otlp::Metric { name, description: _, unit, metadata: _, data } = metric;
        let (name, unit) = (self.text(name), self.text(unit));
        let mut keep = |numbers: &mut dyn Iterator<Item = Number>| {
            for Number { at, value, count, attributes } in numbers {
                let at = if at == 0 { now } else { Timestamp::from_nanos(at) };
                let attributes: Attributes = self.attributes(attributes, &mut 0);
                let resource = resource.index(batch, shared);
                let (name, unit) = (name.clone(), unit.clone());
                batch.metrics.push(MetricPoint { name, unit, at, value, count, attributes, resource });
            }
        };
        match data {
            None => {}
            Some(Data::Gauge(otlp::Gauge { data_points })) => {
                keep(&mut data_points.into_iter().filter_map(number));
            }
            // Whether a sum is cumulative is known of each metric that our pages use.
            Some(Data::Sum(otlp::Sum { data_points, aggregation_temporality: _, is_monotonic: _ })) => {
                keep(&mut data_points.into_iter().filter_map(number));
            }
            Some(Data::Histogram(otlp::Histogram { data_points, aggregation_temporality: _ })) => {
                keep(&mut data_points.into_iter().filter_map(histogram));
            }
            Some(Data::ExponentialHistogram(otlp::ExponentialHistogram {
                data_points,
                aggregation_temporality: _,
            })) => {
                keep(&mut data_points.into_iter().filter_map(exponential));
            }
            Some(Data::Summary(otlp::Summary { data_points })) => {
                keep(&mut data_points.into_iter().filter_map(summary));
            }
        }
        self.take_oddities();
    }
}

/// OTLP's flag of a point that says only that there was nothing to measure.
fn has_value(flags: u32) -> bool {
    flags & otlp::DataPointFlags::NoRecordedValueMask as u32 == 0
}

fn number(point: otlp::NumberDataPoint) -> Option<Number> {
    use otlp::number_data_point::Value;
    let otlp::NumberDataPoint { attributes, start_time_unix_nano: _, time_unix_nano, exemplars: _, flags, value } =
        point;
    let value = match value? {
        Value::AsDouble(double) => double,
        Value::AsInt(int) => int as f64,
    };
    has_value(flags).then_some(Number { at: time_unix_nano, value, count: None, attributes })
}

fn histogram(point: otlp::HistogramDataPoint) -> Option<Number> {
    let otlp::HistogramDataPoint {
        attributes,
        start_time_unix_nano: _,
        time_unix_nano,
        count,
        sum,
        bucket_counts: _,
        explicit_bounds: _,
        exemplars: _,
        flags,
        min: _,
        max: _,
    } = point;
    let value = sum.filter(|_| has_value(flags))?;
    Some(Number { at: time_unix_nano, value, count: Some(count), attributes })
}

fn exponential(point: otlp::ExponentialHistogramDataPoint) -> Option<Number> {
    let otlp::ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano: _,
        time_unix_nano,
        count,
        sum,
        scale: _,
        zero_count: _,
        positive: _,
        negative: _,
        flags,
        exemplars: _,
        min: _,
        max: _,
        zero_threshold: _,
    } = point;
    let value = sum.filter(|_| has_value(flags))?;
    Some(Number { at: time_unix_nano, value, count: Some(count), attributes })
}

fn summary(point: otlp::SummaryDataPoint) -> Option<Number> {
    let otlp::SummaryDataPoint {
        attributes,
        start_time_unix_nano: _,
        time_unix_nano,
        count,
        sum,
        quantile_values: _,
        flags,
    } = point;
    has_value(flags).then_some(Number { at: time_unix_nano, value: sum, count: Some(count), attributes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlp::metric::Data;
    use otlp::number_data_point::Value;

    fn request(metrics: Vec<(&str, Data)>) -> ExportMetricsServiceRequest {
        let metrics = metrics
            .into_iter()
            .map(|(name, data)| otlp::Metric { name: name.into(), data: Some(data), ..Default::default() })
            .collect();
        let scope_metrics = vec![otlp::ScopeMetrics { metrics, ..Default::default() }];
        let resource_metrics = vec![otlp::ResourceMetrics { scope_metrics, ..Default::default() }];
        ExportMetricsServiceRequest { resource_metrics }
    }

    fn int(int: i64) -> otlp::NumberDataPoint {
        otlp::NumberDataPoint { value: Some(Value::AsInt(int)), time_unix_nano: 5, ..Default::default() }
    }

    #[test]
    fn points_of_containers_are_kept_and_all_others_counted() {
        let gauge = |points| Data::Gauge(otlp::Gauge { data_points: points });
        let histogram = otlp::HistogramDataPoint { count: 4, sum: Some(1.5), ..Default::default() };
        let summary = otlp::SummaryDataPoint { count: 2, sum: 3.0, ..Default::default() };
        let all = vec![
            ("container.memory.usage", gauge(vec![int(7), int(8)])),
            ("http.server.duration", gauge(vec![int(1); 10])),
            (
                "faas.invoke_duration",
                Data::Histogram(otlp::Histogram { data_points: vec![histogram], ..Default::default() }),
            ),
            ("k8s.pod.cpu", Data::Summary(otlp::Summary { data_points: vec![summary] })),
        ];
        let now = Timestamp::from_nanos(99);
        let (batch, tally) = metrics(request(all), false, now);
        assert_eq!((tally.received, tally.kept_points), (14, 4));
        let kept: Vec<_> = batch.metrics.iter().map(|point| (point.value, point.count, point.at.nanos())).collect();
        assert_eq!(kept, [(7.0, None, 5), (8.0, None, 5), (1.5, Some(4), 99), (3.0, Some(2), 99)]);
        assert_eq!(batch.resources.len(), 1);
    }

    #[test]
    fn a_request_without_kept_points_makes_an_empty_batch() {
        let sum = otlp::Sum { data_points: vec![int(1); 3], ..Default::default() };
        let (batch, tally) = metrics(request(vec![("app.items", Data::Sum(sum))]), false, Timestamp::EPOCH);
        assert!(batch.is_empty() && batch.resources.is_empty());
        assert_eq!((tally.received, tally.kept_points), (3, 0));
    }

    #[test]
    fn points_without_a_value_are_not_kept() {
        let nothing = otlp::NumberDataPoint { flags: 1, ..int(1) };
        let missing = otlp::NumberDataPoint { value: None, ..int(1) };
        let gauge = otlp::Gauge { data_points: vec![nothing, missing] };
        let (batch, tally) = metrics(request(vec![("faas.x", Data::Gauge(gauge))]), false, Timestamp::EPOCH);
        assert_eq!((batch.metrics.len(), tally.received, tally.kept_points), (0, 2, 0));
    }
}
