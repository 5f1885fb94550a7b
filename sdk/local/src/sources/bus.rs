//! Buses like EventBridge's: `PutEvents`, rules that choose by source and kind, and the event they deliver.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::handover::Target;
use crate::error::LocalError;
use crate::{clock, id};

/// The rules of a bus.
#[derive(Clone, Default)]
pub struct Bus {
    pub rules: Vec<Rule>,
}

/// What matches every condition that there is goes to every target.
#[derive(Clone, Default)]
pub struct Rule {
    /// `source` is one of these; empty: any.
    pub sources: Vec<String>,
    /// `detail-type` is one of these; empty: any.
    pub detail_types: Vec<String>,
    pub targets: Vec<Target>,
}

impl Rule {
    fn matches(&self, source: &str, detail_type: &str) -> bool {
        let one_of = |all: &[String], one: &str| all.is_empty() || all.iter().any(|known| known == one);
        one_of(&self.sources, source) && one_of(&self.detail_types, detail_type)
    }
}

/// Answers `AWSEvents.PutEvents`; `trace` is the header `X-Amzn-Trace-Id`, for entries without a `TraceHeader`.
pub(super) fn answer(buses: &BTreeMap<String, Bus>, target: &str, body: &[u8], trace: Option<&str>) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let (Some("PutEvents"), Some(entries)) = (target.strip_prefix("AWSEvents."), asked["Entries"].as_array()) else {
        let message = format!("here is PutEvents with Entries, not {target}");
        let body = axum::Json(json!({ "__type": "ValidationException", "message": message }));
        return (StatusCode::BAD_REQUEST, body).into_response();
    };
    let mut failed = 0;
    let outcomes: Vec<Value> = entries
        .iter()
        .map(|entry| match put(buses, entry, trace) {
            Ok(id) => json!({ "EventId": id }),
            Err((code, message)) => {
                failed += 1;
                json!({ "ErrorCode": code, "ErrorMessage": message })
            }
        })
        .collect();
    axum::Json(json!({ "FailedEntryCount": failed, "Entries": outcomes })).into_response()
}

fn put(buses: &BTreeMap<String, Bus>, entry: &Value, trace: Option<&str>) -> Result<String, (&'static str, String)> {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let given = entry["EventBusName"].as_str().unwrap_or("default");
    let name = given.rsplit(['/', ':']).next().unwrap_or(given);
    let Some(bus) = buses.get(name) else {
        let known: Vec<&str> = buses.keys().map(String::as_str).collect();
        return Err(("ResourceNotFoundException", format!("there is no bus “{name}”; here are: {}", known.join(", "))));
    };
    let detail: Value = serde_json::from_str(text("Detail")).unwrap_or_default();
    if !detail.is_object() {
        return Err(("MalformedDetail", "Detail is not the text of a JSON object".to_owned()));
    }
    let internal = |why: LocalError| ("InternalFailure", why.to_string());
    let event_id = id::uuid().map_err(internal)?;
    let trace = entry["TraceHeader"].as_str().or(trace);
    let chosen = bus.rules.iter().filter(|rule| rule.matches(text("Source"), text("DetailType")));
    for target in chosen.flat_map(|rule| &rule.targets) {
        let (region, account) = target.place().unwrap_or(("us-east-1", "123456789012"));
        let event = json!({
            "version": "0", "id": event_id, "detail-type": text("DetailType"), "source": text("Source"), "account": account,
            "time": clock::format(clock::now(), "%Y-%m-%dT%H:%M:%SZ"), "region": region,
            "resources": entry["Resources"].as_array().cloned().unwrap_or_default(), "detail": detail,
        });
        let event = event.to_string();
        target.hand(&event, &event, trace).map_err(|why| ("ThrottlingException", why.to_string()))?;
    }
    Ok(event_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::queue::{Queue, Settings};

    #[tokio::test]
    async fn rules_choose_by_source_and_kind_and_what_is_wrong_with_an_entry_is_said() {
        let queue = Queue::new(Settings::named("orders"));
        let rule = Rule {
            sources: vec!["shop".to_owned()],
            detail_types: vec!["OrderPlaced".to_owned()],
            targets: vec![Target::queue(queue.clone())],
        };
        let buses = BTreeMap::from([("default".to_owned(), Bus { rules: vec![rule] })]);
        let entries = json!({ "Entries": [
            { "Source": "shop", "DetailType": "OrderPlaced", "Detail": "{\"order\":1}" },
            { "Source": "shop", "DetailType": "OrderPaid", "Detail": "{}" },
            { "Source": "shop", "DetailType": "OrderPlaced", "Detail": "no object" },
            { "Source": "shop", "DetailType": "OrderPlaced", "Detail": "{}", "EventBusName": "arn:aws:events:x:1:event-bus/other" },
        ] });
        let answer = answer(&buses, "AWSEvents.PutEvents", entries.to_string().as_bytes(), None);
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["FailedEntryCount"], queue.counts().visible), (&json!(2), 1), "{body}");
        assert_eq!(body["Entries"][2]["ErrorCode"], "MalformedDetail");
        assert_eq!(body["Entries"][3]["ErrorCode"], "ResourceNotFoundException");
    }
}
