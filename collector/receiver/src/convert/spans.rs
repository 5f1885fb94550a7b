//! Spans: which are valid, and what is odd about them.

use coldlight_model::{Batch, Event, Kind, Link, Oddities, Span, SpanId, StatusCode, Timestamp, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1 as otlp;

use super::attributes::Converter;
use super::shared::{Place, Shared};
use super::{MAX_EVENTS, MAX_LINKS, Tally};

/// `text_was_mended`: the request had text that was not UTF-8, and U+FFFD shows where.
pub(crate) fn spans(request: ExportTraceServiceRequest, text_was_mended: bool) -> (Batch, Tally) {
    let ExportTraceServiceRequest { resource_spans } = request;
    let mut converter = Converter::new(text_was_mended);
    let (mut batch, mut shared, mut tally) = (Batch::default(), Shared::default(), Tally::default());
    for otlp::ResourceSpans { resource, scope_spans, schema_url } in resource_spans {
        if scope_spans.iter().all(|scope_spans| scope_spans.spans.is_empty()) {
            continue;
        }
        let mut resource = Place::Unused(Some(converter.resource(resource, schema_url)));
        for otlp::ScopeSpans { scope, spans, schema_url } in scope_spans {
            if spans.is_empty() {
                continue;
            }
            let mut scope = Place::Unused(Some(converter.scope(scope, schema_url)));
            // What is odd about a resource or a scope is no span's.
            converter.take_oddities();
            batch.spans.reserve(spans.len());
            for span in spans {
                tally.received += 1;
                if let Some(mut span) = converter.span(span, &mut tally) {
                    span.resource = resource.index(&mut batch, &mut shared);
                    span.scope = scope.index(&mut batch, &mut shared);
                    batch.spans.push(span);
                }
            }
        }
    }
    tally.secrets = converter.secrets;
    (batch, tally)
}

impl Converter {
    /// `None`, counted, when it has no valid trace or span id.
    fn span(&mut self, span: otlp::Span, tally: &mut Tally) -> Option<Span> {
        let otlp::Span {
            trace_id,
            span_id,
            trace_state,
            parent_span_id,
            flags,
            name,
            kind,
            start_time_unix_nano,
            end_time_unix_nano,
            attributes,
            mut dropped_attributes_count,
            events,
            mut dropped_events_count,
            links,
            mut dropped_links_count,
            status,
        } = span;
        let Some(trace_id) = TraceId::from_slice(&trace_id) else {
            tally.bad_trace_ids += 1;
            return None;
        };
        let Some(span_id) = SpanId::from_slice(&span_id) else {
            tally.bad_span_ids += 1;
            return None;
        };
        let parent_span_id = self.parent(&parent_span_id, tally);
        if is_odd(start_time_unix_nano) || is_odd(end_time_unix_nano) || end_time_unix_nano < start_time_unix_nano {
            self.mark(Oddities::BAD_TIME);
        }
        let otlp::Status { message, code } = status.unwrap_or_default();
        Some(Span {
            trace_id,
            span_id,
            parent_span_id,
            trace_state: self.text(trace_state),
            flags,
            name: self.text(name),
            kind: Kind(kind),
            started_at: Timestamp::from_nanos(start_time_unix_nano),
            ended_at: Timestamp::from_nanos(end_time_unix_nano),
            attributes: self.attributes(attributes, &mut dropped_attributes_count),
            dropped_attributes_count,
            events: self.events(events, &mut dropped_events_count),
            dropped_events_count,
            links: self.links(links, &mut dropped_links_count, tally),
            dropped_links_count,
            status_code: StatusCode(code),
            status_message: self.text(message),
            oddities: self.take_oddities(),
            resource: 0,
            scope: 0,
        })
    }

    /// No bytes and eight zero bytes both mean a root.
    fn parent(&mut self, id: &[u8], tally: &mut Tally) -> Option<SpanId> {
        if !matches!(id.len(), 0 | 8) {
            tally.bad_parents += 1;
            self.mark(Oddities::BAD_PARENT);
        }
        SpanId::from_slice(id)
    }

    fn events(&mut self, events: Vec<otlp::span::Event>, dropped: &mut u32) -> Vec<Event> {
        self.count_over(events.len(), MAX_EVENTS, dropped);
        let convert = |event| {
            let otlp::span::Event { time_unix_nano, name, attributes, mut dropped_attributes_count } = event;
            Event {
                at: Timestamp::from_nanos(time_unix_nano),
                name: self.text(name),
                attributes: self.attributes(attributes, &mut dropped_attributes_count),
                dropped_attributes_count,
            }
        };
        events.into_iter().take(MAX_EVENTS).map(convert).collect()
    }

    fn links(&mut self, links: Vec<otlp::span::Link>, dropped: &mut u32, tally: &mut Tally) -> Vec<Link> {
        self.count_over(links.len(), MAX_LINKS, dropped);
        let convert = |link| {
            let otlp::span::Link { trace_id, span_id, trace_state, attributes, mut dropped_attributes_count, flags } =
                link;
            let Some((trace_id, span_id)) = TraceId::from_slice(&trace_id).zip(SpanId::from_slice(&span_id)) else {
                tally.bad_links += 1;
                *dropped = dropped.saturating_add(1);
                self.mark(Oddities::BAD_LINK);
                return None;
            };
            Some(Link {
                trace_id,
                span_id,
                trace_state: self.text(trace_state),
                attributes: self.attributes(attributes, &mut dropped_attributes_count),
                dropped_attributes_count,
                flags,
            })
        };
        links.into_iter().take(MAX_LINKS).filter_map(convert).collect()
    }

    fn count_over(&mut self, length: usize, most: usize, dropped: &mut u32) {
        if length > most {
            *dropped = dropped.saturating_add(u32::try_from(length - most).unwrap_or(u32::MAX));
            self.mark(Oddities::CUT_LIST);
        }
    }
}

/// Missing, or past what we can keep (the year 2262).
fn is_odd(nanos: u64) -> bool {
    nanos == 0 || i64::try_from(nanos).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue, any_value};
    use opentelemetry_proto::tonic::resource::v1::Resource;

    fn attribute(key: &str, text: &str) -> KeyValue {
        let value = Some(AnyValue { value: Some(any_value::Value::StringValue(text.into())) });
        KeyValue { key: key.into(), value, ..Default::default() }
    }

    fn good() -> otlp::Span {
        otlp::Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            start_time_unix_nano: 10,
            end_time_unix_nano: 20,
            ..Default::default()
        }
    }

    fn request(spans: Vec<otlp::Span>) -> ExportTraceServiceRequest {
        let scope_spans = vec![otlp::ScopeSpans { spans, ..Default::default() }];
        ExportTraceServiceRequest { resource_spans: vec![otlp::ResourceSpans { scope_spans, ..Default::default() }] }
    }

    #[track_caller]
    fn one(span: otlp::Span) -> (Span, Tally) {
        let (mut batch, tally) = spans(request(vec![span]), false);
        (batch.spans.pop().expect("the span is kept"), tally)
    }

    #[test]
    fn a_span_without_valid_ids_is_rejected_alone() {
        let with_trace = |trace_id: Vec<u8>| otlp::Span { trace_id, ..good() };
        let with_span = |span_id: Vec<u8>| otlp::Span { span_id, ..good() };
        let all = vec![
            good(),
            with_trace(vec![]),
            with_trace(vec![0; 16]),
            with_trace(vec![1; 15]),
            with_span(vec![0; 8]),
            with_span(vec![1; 9]),
        ];
        let (batch, tally) = spans(request(all), false);
        assert_eq!(batch.spans.len(), 1);
        assert_eq!((tally.received, tally.bad_trace_ids, tally.bad_span_ids, tally.rejected()), (6, 3, 2, 5));
    }

    #[test]
    fn a_root_has_no_parent_and_a_malformed_parent_is_left_out_with_a_mark() {
        for root in [vec![], vec![0; 8]] {
            let (span, tally) = one(otlp::Span { parent_span_id: root, ..good() });
            assert_eq!((span.parent_span_id, span.oddities, tally.bad_parents), (None, Oddities::default(), 0));
        }
        let (span, tally) = one(otlp::Span { parent_span_id: vec![1; 7], ..good() });
        assert_eq!((span.parent_span_id, span.oddities, tally.bad_parents), (None, Oddities::BAD_PARENT, 1));
        let (span, _) = one(otlp::Span { parent_span_id: vec![3; 8], ..good() });
        assert_eq!(span.parent_span_id, SpanId::new([3; 8]));
    }

    #[test]
    fn times_are_kept_as_sent_and_marked_when_odd() {
        let with = |start_time_unix_nano, end_time_unix_nano| {
            one(otlp::Span { start_time_unix_nano, end_time_unix_nano, ..good() }).0
        };
        assert_eq!(with(20, 20).oddities, Oddities::default());
        for (start, end) in [(20, 10), (0, 10), (10, 0), (10, u64::MAX)] {
            let span = with(start, end);
            assert_eq!(span.oddities, Oddities::BAD_TIME, "{start} {end}");
            assert_eq!(span.started_at, Timestamp::from_nanos(start));
        }
        assert_eq!(with(20, 10).duration(), 0);
    }

    #[test]
    fn unknown_enums_and_strange_flags_stay_as_they_are() {
        let status = Some(otlp::Status { code: 77, message: "m".into() });
        let (span, _) = one(otlp::Span { kind: 99, flags: u32::MAX, trace_state: "???".into(), status, ..good() });
        assert_eq!((span.kind, span.flags, span.status_code), (Kind(99), u32::MAX, StatusCode(77)));
        assert_eq!((span.trace_state.as_str(), span.oddities), ("???", Oddities::default()));
    }

    #[test]
    fn events_and_links_over_1024_are_counted_as_dropped() {
        let link = otlp::span::Link { trace_id: vec![1; 16], span_id: vec![1; 8], ..Default::default() };
        let (span, _) = one(otlp::Span {
            events: vec![otlp::span::Event::default(); 1030],
            dropped_events_count: u32::MAX - 1,
            links: vec![link; 1034],
            dropped_links_count: 5,
            ..good()
        });
        assert_eq!((span.events.len(), span.dropped_events_count), (1024, u32::MAX));
        assert_eq!((span.links.len(), span.dropped_links_count), (1024, 15));
        assert_eq!(span.oddities, Oddities::CUT_LIST);
    }

    #[test]
    fn a_link_to_nowhere_is_left_out_with_a_mark() {
        let links = vec![
            otlp::span::Link { trace_id: vec![1; 16], span_id: vec![0; 8], ..Default::default() },
            otlp::span::Link { trace_id: vec![1; 16], span_id: vec![1; 8], ..Default::default() },
        ];
        let (span, tally) = one(otlp::Span { links, ..good() });
        assert_eq!((span.links.len(), span.dropped_links_count, span.oddities), (1, 1, Oddities::BAD_LINK));
        assert_eq!(tally.bad_links, 1);
    }

    #[test]
    fn equal_resources_and_scopes_of_a_request_are_one() {
        let resource_spans = |service: &str, spans: usize| otlp::ResourceSpans {
            resource: Some(Resource { attributes: vec![attribute("service.name", service)], ..Default::default() }),
            scope_spans: vec![otlp::ScopeSpans {
                scope: Some(InstrumentationScope { name: "lib".into(), ..Default::default() }),
                spans: vec![good(); spans],
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        };
        let resource_spans =
            [("a", 1), ("b", 1), ("a", 2), ("empty", 0)].map(|(name, spans)| resource_spans(name, spans)).to_vec();
        let (batch, _) = spans(ExportTraceServiceRequest { resource_spans }, false);
        assert_eq!(batch.spans.iter().map(|span| span.resource).collect::<Vec<_>>(), [0, 1, 0, 0]);
        assert_eq!((batch.resources.len(), batch.scopes.len()), (2, 1));
    }

    #[test]
    fn secrets_are_replaced_wherever_text_is() {
        let secret = "https://u:p@h/";
        let attributes = || vec![attribute("k", secret)];
        let span = otlp::Span {
            trace_state: secret.into(),
            name: secret.into(),
            attributes: attributes(),
            events: vec![otlp::span::Event { name: secret.into(), attributes: attributes(), ..Default::default() }],
            links: vec![otlp::span::Link {
                trace_id: vec![1; 16],
                span_id: vec![1; 8],
                trace_state: secret.into(),
                attributes: attributes(),
                ..Default::default()
            }],
            status: Some(otlp::Status { message: secret.into(), code: 2 }),
            ..good()
        };
        let mut request = request(vec![span, good()]);
        request.resource_spans[0].resource = Some(Resource { attributes: attributes(), ..Default::default() });
        let (batch, tally) = spans(request, false);
        assert_eq!(tally.secrets, 9);
        assert!(!format!("{batch:?}").contains("u:p@"));
        assert_eq!(batch.spans[0].oddities, Oddities::REDACTED);
        // Its resource's secret is not its own.
        assert_eq!(batch.spans[1].oddities, Oddities::default());
    }

    #[test]
    fn mended_text_marks_the_span_that_has_it() {
        let named = |name: &str| otlp::Span { name: name.into(), ..good() };
        let (batch, _) = spans(request(vec![named("a\u{fffd}"), named("b")]), true);
        assert_eq!(batch.spans[0].oddities, Oddities::BAD_TEXT);
        assert_eq!(batch.spans[1].oddities, Oddities::default());
        assert_eq!(one(named("sent as \u{fffd}")).0.oddities, Oddities::default());
    }

    #[test]
    fn entity_references_are_kept_beside_the_attributes() {
        let entity = EntityRef {
            schema_url: "https://s".into(),
            r#type: "service".into(),
            id_keys: vec!["service.name".into()],
            description_keys: vec![],
        };
        let mut request = request(vec![good()]);
        request.resource_spans[0].resource = Some(Resource { entity_refs: vec![entity], ..Default::default() });
        let (batch, _) = spans(request, false);
        let kept = batch.resources[0].attributes.get(super::super::ENTITY_REFS).map(Value::to_json);
        assert_eq!(
            kept.as_deref(),
            Some(r#"[{"schema_url":"https://s","type":"service","id_keys":["service.name"],"description_keys":[]}]"#)
        );
    }
}
