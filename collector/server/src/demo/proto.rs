//! The fields of protobuf messages.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span, status};

use super::message::{Field, Visit};

pub fn traces(request: &mut ExportTraceServiceRequest, visit: &mut Visit<'_>) {
    for span in spans(request) {
        visit(Field::TraceId(&mut span.trace_id));
        visit(Field::SpanId(&mut span.span_id));
        visit(Field::SpanId(&mut span.parent_span_id));
        visit(Field::Time(&mut span.start_time_unix_nano));
        visit(Field::Time(&mut span.end_time_unix_nano));
        attributes(&mut span.attributes, visit);
        for event in &mut span.events {
            visit(Field::Time(&mut event.time_unix_nano));
            attributes(&mut event.attributes, visit);
        }
        for link in &mut span.links {
            visit(Field::TraceId(&mut link.trace_id));
            visit(Field::SpanId(&mut link.span_id));
            attributes(&mut link.attributes, visit);
        }
    }
}

pub fn logs(request: &mut ExportLogsServiceRequest, visit: &mut Visit<'_>) {
    let scopes = request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs);
    for record in scopes.flat_map(|scope| &mut scope.log_records) {
        visit(Field::Time(&mut record.time_unix_nano));
        visit(Field::Time(&mut record.observed_time_unix_nano));
        visit(Field::TraceId(&mut record.trace_id));
        visit(Field::SpanId(&mut record.span_id));
        attributes(&mut record.attributes, visit);
    }
}

pub fn metrics(request: &mut ExportMetricsServiceRequest, visit: &mut Visit<'_>) {
    let scopes = request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
    for one in scopes.flat_map(|scope| &mut scope.metrics) {
        metric(one, visit);
    }
}

fn metric(metric: &mut Metric, visit: &mut Visit<'_>) {
    macro_rules! points {
        ($data:expr) => {
            for point in &mut $data.data_points {
                visit(Field::Time(&mut point.start_time_unix_nano));
                visit(Field::Time(&mut point.time_unix_nano));
            }
        };
    }
    macro_rules! exemplars {
        ($data:expr) => {
            $data.data_points.iter_mut().flat_map(|point| &mut point.exemplars).for_each(|one| exemplar(one, visit))
        };
    }
    match &mut metric.data {
        Some(Data::Gauge(data)) => {
            points!(data);
            exemplars!(data);
        }
        Some(Data::Sum(data)) => {
            points!(data);
            exemplars!(data);
        }
        Some(Data::Histogram(data)) => {
            points!(data);
            exemplars!(data);
        }
        Some(Data::ExponentialHistogram(data)) => {
            points!(data);
            exemplars!(data);
        }
        Some(Data::Summary(data)) => points!(data),
        None => {}
    }
}

fn exemplar(exemplar: &mut Exemplar, visit: &mut Visit<'_>) {
    visit(Field::Time(&mut exemplar.time_unix_nano));
    visit(Field::TraceId(&mut exemplar.trace_id));
    visit(Field::SpanId(&mut exemplar.span_id));
}

fn attributes(attributes: &mut [KeyValue], visit: &mut Visit<'_>) {
    for attribute in attributes {
        if let Some(AnyValue { value: Some(Value::StringValue(text)) }) = &mut attribute.value {
            visit(Field::Text(text));
        }
    }
}

fn spans(request: &mut ExportTraceServiceRequest) -> impl Iterator<Item = &mut Span> {
    let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
    scopes.flat_map(|scope| &mut scope.spans)
}

pub fn failing(request: &mut ExportTraceServiceRequest) -> BTreeSet<Vec<u8>> {
    let is_error =
        |span: &&mut Span| span.status.as_ref().is_some_and(|one| one.code == status::StatusCode::Error as i32);
    spans(request).filter(is_error).map(|span| span.trace_id.clone()).collect()
}

pub fn leave_out_spans(request: &mut ExportTraceServiceRequest, traces: &BTreeSet<Vec<u8>>) -> bool {
    for scope in request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans) {
        scope.spans.retain(|span| !traces.contains(&span.trace_id));
    }
    spans(request).next().is_some()
}

pub fn leave_out_logs(request: &mut ExportLogsServiceRequest, traces: &BTreeSet<Vec<u8>>) -> bool {
    let mut left = false;
    for scope in request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs) {
        scope.log_records.retain(|record| !traces.contains(&record.trace_id));
        left |= !scope.log_records.is_empty();
    }
    left
}

pub fn fail(request: &mut ExportTraceServiceRequest, nth: usize) {
    let is_call = |span: &&mut Span| span.kind == span::SpanKind::Client as i32;
    let calls = spans(request).filter(is_call).count();
    if calls == 0 {
        return;
    }
    let Some(call) = spans(request).filter(is_call).nth(nth % calls) else { return };
    mark(call, "503");
    let mut parent = call.parent_span_id.clone();
    // As many steps as there are spans: parents may form a circle.
    for _ in 0..spans(request).count() {
        let Some(waiting) = spans(request).find(|span| span.span_id == parent) else { return };
        mark(waiting, "502");
        parent = waiting.parent_span_id.clone();
    }
}

fn mark(span: &mut Span, code: &str) {
    span.status = Some(Status { code: status::StatusCode::Error as i32, message: super::FAILED.to_owned() });
    let is_server = span.kind == span::SpanKind::Server as i32;
    for attribute in &mut span.attributes {
        if matches!(attribute.key.as_str(), "http.status_code" | "http.response.status_code") {
            attribute.value = Some(AnyValue { value: code.parse().ok().map(Value::IntValue) });
        }
    }
    if !is_server {
        let value = Some(AnyValue { value: Some(Value::StringValue("ServiceUnavailable".to_owned())) });
        span.attributes.push(KeyValue { key: "error.type".to_owned(), value, ..KeyValue::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::message::Message;
    use crate::demo::recording::scenarios;

    #[test]
    fn a_failed_call_fails_whoever_waited_for_it() {
        let request =
            scenarios().into_iter().flat_map(|scenario| scenario.requests).find(|one| one.file.starts_with("001"));
        let mut message = Message::decode(&request.unwrap()).unwrap();
        message.fail(4);
        let Message::Traces(mut request) = message else { panic!() };
        let failed: Vec<i32> = spans(&mut request)
            .filter(|span| span.status.as_ref().is_some_and(|status| status.code == status::StatusCode::Error as i32))
            .map(|span| span.kind)
            .collect();
        assert!(failed.contains(&(span::SpanKind::Client as i32)) && failed.contains(&(span::SpanKind::Server as i32)));
        assert!(failed.len() < spans(&mut request).count());
    }
}
