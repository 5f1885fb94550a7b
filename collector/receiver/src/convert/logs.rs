//! Log records: all are kept.

use coldlight_model::{Batch, LogRecord, Oddities, SpanId, Timestamp, TraceId};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1 as otlp;

use super::Tally;
use super::attributes::Converter;
use super::shared::{Place, Shared};

/// `text_was_mended`: the request had text that was not UTF-8, and U+FFFD shows where.
pub(crate) fn logs(request: ExportLogsServiceRequest, text_was_mended: bool) -> (Batch, Tally) {
    let ExportLogsServiceRequest { resource_logs } = request;
    let mut converter = Converter::new(text_was_mended);
    let (mut batch, mut shared, mut tally) = (Batch::default(), Shared::default(), Tally::default());
    for otlp::ResourceLogs { resource, scope_logs, schema_url } in resource_logs {
        if scope_logs.iter().all(|scope_logs| scope_logs.log_records.is_empty()) {
            continue;
        }
        let mut resource = Place::Unused(Some(converter.resource(resource, schema_url)));
        for otlp::ScopeLogs { scope, log_records, schema_url } in scope_logs {
            if log_records.is_empty() {
                continue;
            }
            let mut scope = Place::Unused(Some(converter.scope(scope, schema_url)));
            converter.take_oddities();
            for record in log_records {
                tally.received += 1;
                let mut record = converter.log_record(record, &mut tally);
                record.resource = resource.index(&mut batch, &mut shared);
                record.scope = scope.index(&mut batch, &mut shared);
                batch.logs.push(record);
            }
        }
    }
    tally.secrets = converter.secrets;
    (batch, tally)
}

impl Converter {
    fn log_record(&mut self, record: otlp::LogRecord, tally: &mut Tally) -> LogRecord {
        let otlp::LogRecord {
            time_unix_nano,
            observed_time_unix_nano,
            severity_number,
            severity_text,
            body,
            attributes,
            mut dropped_attributes_count,
            flags,
            trace_id,
            span_id,
            event_name,
        } = record;
        if !matches!(trace_id.len(), 0 | 16) || !matches!(span_id.len(), 0 | 8) {
            tally.bad_log_ids += 1;
        }
        let converted = LogRecord {
            at: time(time_unix_nano),
            observed_at: time(observed_time_unix_nano),
            trace_id: TraceId::from_slice(&trace_id),
            span_id: SpanId::from_slice(&span_id),
            flags,
            severity_number,
            severity_text: self.text(severity_text),
            body: self.body(body),
            attributes: self.attributes(attributes, &mut dropped_attributes_count),
            dropped_attributes_count,
            event_name: self.text(event_name),
            resource: 0,
            scope: 0,
        };
        let oddities = self.take_oddities();
        if oddities.has(Oddities::CUT_VALUE) || oddities.has(Oddities::CUT_LIST) {
            tally.cut_logs += 1;
        }
        converted
    }
}

/// OTLP's 0 means that the time is not known.
fn time(nanos: u64) -> Option<Timestamp> {
    (nanos != 0).then(|| Timestamp::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, KeyValueList, any_value::Value as Otlp};

    fn one(record: otlp::LogRecord) -> (LogRecord, Tally) {
        let scope_logs = vec![otlp::ScopeLogs { log_records: vec![record], ..Default::default() }];
        let resource_logs = vec![otlp::ResourceLogs { scope_logs, ..Default::default() }];
        let (mut batch, tally) = logs(ExportLogsServiceRequest { resource_logs }, false);
        (batch.logs.pop().unwrap(), tally)
    }

    fn text(text: &str) -> Option<AnyValue> {
        Some(AnyValue { value: Some(Otlp::StringValue(text.into())) })
    }

    #[test]
    fn a_record_is_kept_as_it_came() {
        let pair = |key: &str, value| KeyValue { key: key.into(), value, ..Default::default() };
        let map = KeyValueList { values: vec![pair("a", None), pair("b", text("x"))] };
        let (record, tally) = one(otlp::LogRecord {
            time_unix_nano: 0,
            observed_time_unix_nano: 7,
            severity_number: 9,
            severity_text: "INFO".into(),
            body: Some(AnyValue { value: Some(Otlp::KvlistValue(map)) }),
            attributes: vec![pair("k", text("v"))],
            dropped_attributes_count: 3,
            flags: 1,
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            event_name: "e".into(),
        });
        assert_eq!((record.at, record.observed_at), (None, Some(Timestamp::from_nanos(7))));
        assert_eq!(record.body.to_json(), r#"{"a":null,"b":"x"}"#);
        assert_eq!((record.trace_id, record.span_id), (TraceId::new([1; 16]), SpanId::new([2; 8])));
        assert_eq!((record.severity_number, record.event_name.as_str(), record.flags), (9, "e", 1));
        assert_eq!(record.dropped_attributes_count, 3);
        assert_eq!(tally, Tally { received: 1, ..Tally::default() });
    }

    #[test]
    fn a_record_with_bad_ids_is_kept_without_them_and_said_so() {
        let (record, tally) = one(otlp::LogRecord { trace_id: vec![1; 3], ..Default::default() });
        assert_eq!((record.trace_id, tally.bad_log_ids, tally.rejected()), (None, 1, 0));
        let (_, tally) = one(otlp::LogRecord { trace_id: vec![0; 16], span_id: vec![0; 8], ..Default::default() });
        assert_eq!(tally.bad_log_ids, 0);
    }

    #[test]
    fn secrets_in_bodies_and_attributes_are_replaced() {
        let (record, tally) = one(otlp::LogRecord {
            body: text(r#"{"password":"hunter2"}"#),
            attributes: vec![KeyValue { key: "authorization".into(), value: text("Basic eDp5"), ..Default::default() }],
            ..Default::default()
        });
        assert_eq!(record.body, Value::Text(r#"{"password":"REDACTED"}"#.into()));
        assert_eq!(record.attributes.get("authorization"), Some(&Value::Text("REDACTED".into())));
        assert_eq!(tally.secrets, 2);
    }

    #[test]
    fn a_body_over_the_limit_is_cut_and_said_so() {
        let (record, tally) = one(otlp::LogRecord { body: text(&"x".repeat(100_000)), ..Default::default() });
        assert_eq!(record.body.as_text().map(str::len), Some(64 << 10));
        assert_eq!(tally.cut_logs, 1);
    }
}
