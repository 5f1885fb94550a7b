//! The fields of OTLP/JSON. Numbers stay numbers and texts stay texts, for SDKs differ in that and so should we.

use std::collections::BTreeSet;

use serde_json::Value;

use super::message::{Field, Visit};

/// Shows every time, id and attribute text below `value`. The depth is what the JSON reader allowed.
pub fn walk(value: &mut Value, visit: &mut Visit<'_>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member) {
                    ("resource" | "scope", _) => {}
                    ("traceId", Value::String(text)) => id(text, |bytes| visit(Field::TraceId(bytes))),
                    ("spanId" | "parentSpanId", Value::String(text)) => id(text, |bytes| visit(Field::SpanId(bytes))),
                    ("stringValue", Value::String(text)) => visit(Field::Text(text)),
                    (name, member) if name.ends_with("UnixNano") => time(member, visit),
                    (_, member) => walk(member, visit),
                }
            }
        }
        _ => {}
    }
}

fn time(value: &mut Value, visit: &mut Visit<'_>) {
    match value {
        Value::String(text) => {
            if let Ok(mut nanos) = text.parse() {
                visit(Field::Time(&mut nanos));
                *text = nanos.to_string();
            }
        }
        Value::Number(number) => {
            if let Some(mut nanos) = number.as_u64() {
                visit(Field::Time(&mut nanos));
                *number = nanos.into();
            }
        }
        _ => {}
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()).collect()
}

fn id(text: &mut String, visit: impl FnOnce(&mut [u8])) {
    if let Some(mut bytes) = bytes_of(text) {
        visit(&mut bytes);
        *text = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

fn trace_of(span: &Value) -> Option<Vec<u8>> {
    bytes_of(span["traceId"].as_str()?)
}

pub fn failing(value: &mut Value) -> BTreeSet<Vec<u8>> {
    let mut spans = Vec::new();
    collect(value, &mut spans);
    spans.iter().filter(|span| span["status"]["code"] == 2).filter_map(|span| trace_of(span)).collect()
}

/// Metrics belong to no trace and stay.
pub fn leave_out(value: &mut Value, traces: &BTreeSet<Vec<u8>>) -> bool {
    match value {
        Value::Object(members) => {
            members.iter_mut().fold(false, |left, (name, member)| match (name.as_str(), member) {
                ("resource" | "scope", _) => left,
                ("spans" | "logRecords", Value::Array(items)) => {
                    items.retain(|item| !trace_of(item).is_some_and(|id| traces.contains(&id)));
                    left | !items.is_empty()
                }
                ("metrics", _) => true,
                (_, member) => leave_out(member, traces) | left,
            })
        }
        Value::Array(items) => items.iter_mut().fold(false, |left, item| leave_out(item, traces) | left),
        _ => false,
    }
}

pub fn fail(value: &mut Value, nth: usize) {
    let mut spans = Vec::new();
    collect(value, &mut spans);
    let calls: Vec<usize> = (0..spans.len()).filter(|at| spans[*at]["kind"] == 3).collect();
    let Some(&call) = calls.get(nth % calls.len().max(1)) else { return };
    mark(spans[call], 503);
    let mut parent = spans[call]["parentSpanId"].clone();
    for _ in 0..spans.len() {
        let Some(waiting) = spans.iter_mut().find(|span| span["spanId"] == parent) else { return };
        mark(waiting, 502);
        parent = waiting["parentSpanId"].clone();
    }
}

fn collect<'a>(value: &'a mut Value, spans: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| collect(item, spans)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member) {
                    ("spans", Value::Array(items)) => spans.extend(items),
                    (_, member) => collect(member, spans),
                }
            }
        }
        _ => {}
    }
}

fn mark(span: &mut Value, code: u16) {
    span["status"] = serde_json::json!({ "code": 2, "message": super::FAILED });
    let Some(attributes) = span["attributes"].as_array_mut() else { return };
    for attribute in attributes {
        if attribute["key"] == "http.status_code" || attribute["key"] == "http.response.status_code" {
            attribute["value"] = serde_json::json!({ "intValue": code });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_stay_numbers_and_texts_stay_texts() {
        let mut message = json!({ "startTimeUnixNano": 5, "endTimeUnixNano": "6", "spanId": "00FF", "name": "7",
            "resource": { "stringValue": "kept" }, "attributes": [{ "value": { "stringValue": "seen" } }] });
        let mut texts = Vec::new();
        walk(&mut message, &mut |field| match field {
            Field::Time(nanos) => *nanos += 1,
            Field::SpanId(bytes) => bytes[0] = 1,
            Field::TraceId(_) => panic!("there is none"),
            Field::Text(text) => texts.push(text.clone()),
        });
        assert_eq!(message["startTimeUnixNano"], json!(6));
        assert_eq!(message["endTimeUnixNano"], json!("7"));
        assert_eq!(message["spanId"], json!("01ff"));
        assert_eq!(texts, ["seen"]);
    }

    #[test]
    fn a_failed_call_fails_whoever_waited_for_it() {
        let mut message = json!({ "spans": [{ "spanId": "a", "kind": 3, "parentSpanId": "b" },
            { "spanId": "b", "kind": 2, "parentSpanId": "" }, { "spanId": "c", "kind": 1 }] });
        fail(&mut message, 7);
        assert_eq!(message["spans"][0]["status"]["code"], json!(2));
        assert_eq!(message["spans"][1]["status"]["code"], json!(2));
        assert_eq!(message["spans"][2].get("status"), None);
    }
}
