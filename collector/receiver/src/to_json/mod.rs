//! Spans given back as OTLP/JSON: what was sent, within what the receiver mends.

mod writer;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use coldlight_model::{Event, Link, Resource, Scope, Span, SpanDetail, Value, push_json_string};

use crate::convert::ENTITY_REFS;
use writer::Json;

/// One `ExportTraceServiceRequest` in OTLP/JSON: spans by resource and scope, both in order of their first span.
pub fn to_otlp_json(spans: &[SpanDetail]) -> String {
    let mut json = Json::default();
    json.object(|json| {
        json.list("resourceSpans", &by_resource(spans), |json, (resource, scopes)| {
            json.member("resource", |json| write_resource(json, resource));
            json.list("scopeSpans", scopes, |json, (scope, spans)| {
                json.member("scope", |json| write_scope(json, scope));
                json.list("spans", spans, |json, span| write_span(json, span));
                json.text("schemaUrl", &scope.schema_url);
            });
            json.text("schemaUrl", &resource.schema_url);
        });
    });
    json.out
}

type ByScope<'a> = Vec<(&'a Scope, Vec<&'a Span>)>;

/// Equal resources and scopes are one group, wherever their spans stand.
fn by_resource(details: &[SpanDetail]) -> Vec<(&Resource, ByScope<'_>)> {
    let mut groups: Vec<(&Resource, ByScope)> = Vec::new();
    // A trace has a handful of resources and some ten scopes each; the last one is usually the one looked for.
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    for SpanDetail { span, resource, scope, .. } in details {
        let same = known.entry(resource.id().0).or_default();
        let at = same.iter().copied().find(|at| groups[*at].0 == resource).unwrap_or_else(|| {
            groups.push((resource, Vec::new()));
            same.push(groups.len() - 1);
            groups.len() - 1
        });
        let scopes = &mut groups[at].1;
        match scopes.iter_mut().rev().find(|(known, _)| *known == scope) {
            Some((_, spans)) => spans.push(span),
            None => scopes.push((scope, vec![span])),
        }
    }
    groups
}

fn write_resource(json: &mut Json, resource: &Resource) {
    let entities = resource.attributes.get(ENTITY_REFS).and_then(entity_refs);
    let plain = resource.attributes.iter().filter(|(key, _)| entities.is_none() || *key != ENTITY_REFS);
    json.attributes(plain);
    json.count("droppedAttributesCount", resource.dropped_attributes_count);
    if let Some(entities) = entities {
        json.list("entityRefs", &entities, |json, entity| {
            json.text("schemaUrl", entity.schema_url);
            json.text("type", entity.kind);
            for (name, keys) in [("idKeys", &entity.id_keys), ("descriptionKeys", &entity.description_keys)] {
                json.member_of(name, |json| json.array(keys, |json, key| push_json_string(key, &mut json.out)));
            }
        });
    }
}

/// A reference that the receiver put beside the attributes.
struct EntityRef<'a> {
    schema_url: &'a str,
    kind: &'a str,
    id_keys: Vec<&'a str>,
    description_keys: Vec<&'a str>,
}

/// `None` unless the value is exactly what the receiver makes of entity references.
fn entity_refs(value: &Value) -> Option<Vec<EntityRef<'_>>> {
    match value {
        Value::Array(items) => items.iter().map(entity_ref).collect(),
        _ => None,
    }
}

fn entity_ref(value: &Value) -> Option<EntityRef<'_>> {
    match value {
        Value::Map(map) if map.len() == 4 => Some(EntityRef {
            schema_url: map.get("schema_url")?.as_text()?,
            kind: map.get("type")?.as_text()?,
            id_keys: texts(map.get("id_keys")?)?,
            description_keys: texts(map.get("description_keys")?)?,
        }),
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Array(items) => items.iter().map(Value::as_text).collect(),
        _ => None,
    }
}

fn write_scope(json: &mut Json, scope: &Scope) {
    json.text("name", &scope.name);
    json.text("version", &scope.version);
    json.attributes(scope.attributes.iter());
    json.count("droppedAttributesCount", scope.dropped_attributes_count);
}

fn write_span(json: &mut Json, span: &Span) {
    json.text("traceId", &span.trace_id.to_hex());
    json.text("spanId", &span.span_id.to_hex());
    json.text("traceState", &span.trace_state);
    if let Some(parent) = span.parent_span_id {
        json.text("parentSpanId", &parent.to_hex());
    }
    json.count("flags", span.flags);
    json.text("name", &span.name);
    json.number("kind", span.kind.0);
    json.time("startTimeUnixNano", span.started_at);
    json.time("endTimeUnixNano", span.ended_at);
    json.attributes(span.attributes.iter());
    json.count("droppedAttributesCount", span.dropped_attributes_count);
    if !span.events.is_empty() {
        json.list("events", &span.events, write_event);
    }
    json.count("droppedEventsCount", span.dropped_events_count);
    if !span.links.is_empty() {
        json.list("links", &span.links, write_link);
    }
    json.count("droppedLinksCount", span.dropped_links_count);
    json.member("status", |json| {
        json.text("message", &span.status_message);
        if span.status_code.0 != 0 {
            json.number("code", span.status_code.0);
        }
    });
}

fn write_event(json: &mut Json, event: &Event) {
    json.time("timeUnixNano", event.at);
    json.text("name", &event.name);
    json.attributes(event.attributes.iter());
    json.count("droppedAttributesCount", event.dropped_attributes_count);
}

fn write_link(json: &mut Json, link: &Link) {
    json.text("traceId", &link.trace_id.to_hex());
    json.text("spanId", &link.span_id.to_hex());
    json.text("traceState", &link.trace_state);
    json.attributes(link.attributes.iter());
    json.count("droppedAttributesCount", link.dropped_attributes_count);
    json.count("flags", link.flags);
}
