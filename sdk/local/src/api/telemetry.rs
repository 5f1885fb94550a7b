//! The Telemetry API's subscription, 2022-07-01.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{Api, Call, Refused, extensions, header};
use crate::address::RUNTIME_API_PORT;
use crate::telemetry::Subscription;

const SCHEMAS: [&str; 3] = ["2022-07-01", "2022-12-13", "2025-01-29"];

pub fn routes() -> Router<Api> {
    Router::new().route("/2022-07-01/telemetry", put(subscribe))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    schema_version: String,
    types: Vec<String>,
    #[serde(default)]
    buffering: Buffering,
    destination: Destination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Buffering {
    max_items: usize,
    max_bytes: usize,
    timeout_ms: u64,
}

impl Default for Buffering {
    fn default() -> Self {
        // The documented defaults; of two for the items, the one that the event schema gives.
        Self { max_items: 10_000, max_bytes: 262_144, timeout_ms: 1_000 }
    }
}

#[derive(Deserialize)]
struct Destination {
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
}

async fn subscribe(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(id) = header(&headers, extensions::IDENTIFIER) else { return Refused::UnknownExtension.into_response() };
    let subscription = match understood(&body) {
        Ok(subscription) => subscription,
        Err(why) => return Refused::Invalid(why).into_response(),
    };
    match api.ask(|reply| Call::Subscribe { id, subscription, reply }).await {
        Ok(Ok(())) => (StatusCode::OK, Json(json!("OK"))).into_response(),
        Ok(Err(refused)) => refused.into_response(),
        Err(gone) => gone,
    }
}

/// What was asked, or what is wrong with it.
fn understood(body: &[u8]) -> Result<Subscription, String> {
    let asked: Asked = serde_json::from_slice(body).map_err(|why| format!("not a subscription: {why}"))?;
    let within = |name: &str, value: u64, least: u64, most: u64| {
        (least..=most).contains(&value).then_some(()).ok_or_else(|| format!("{name} is {least} to {most}, not {value}"))
    };
    if !SCHEMAS.contains(&asked.schema_version.as_str()) {
        return Err(format!("schemaVersion is one of {}, not {}", SCHEMAS.join(", "), asked.schema_version));
    }
    if let Some(unknown) =
        asked.types.iter().find(|kind| !matches!(kind.as_str(), "platform" | "function" | "extension"))
    {
        return Err(format!("types are platform, function and extension, not {unknown}"));
    }
    within("maxItems", asked.buffering.max_items as u64, 1_000, 10_000)?;
    within("maxBytes", asked.buffering.max_bytes as u64, 262_144, 1_048_576)?;
    within("timeoutMs", asked.buffering.timeout_ms, 25, 30_000)?;
    if asked.destination.protocol != "HTTP" {
        return Err(format!("only destinations of protocol HTTP are served here, not {}", asked.destination.protocol));
    }
    let uri = asked.destination.uri.ok_or("an HTTP destination has a URI")?;
    let uri: Uri = uri.parse().map_err(|why| format!("URI {uri}: {why}"))?;
    if !matches!(uri.host(), Some("sandbox.localdomain" | "sandbox" | "sandbox.local")) {
        return Err("the host of the URI is sandbox.localdomain".to_owned());
    }
    let port = uri.port_u16().unwrap_or(80);
    if port == RUNTIME_API_PORT {
        return Err(format!("port {RUNTIME_API_PORT} is reserved"));
    }
    Ok(Subscription {
        name: String::new(),
        types: asked.types,
        max_items: asked.buffering.max_items,
        max_bytes: asked.buffering.max_bytes,
        timeout: Duration::from_millis(asked.buffering.timeout_ms),
        port,
        path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(change: impl FnOnce(&mut serde_json::Value)) -> Result<Subscription, String> {
        let mut body = json!({
            "schemaVersion": "2025-01-29", "types": ["platform", "function"],
            "buffering": { "maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25 },
            "destination": { "protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/telemetry" },
        });
        change(&mut body);
        understood(body.to_string().as_bytes())
    }

    #[test]
    fn a_subscription_is_understood() {
        let subscription = ask(|_| {}).unwrap();
        assert_eq!((subscription.port, subscription.path.as_str()), (8080, "/telemetry"));
        assert_eq!(subscription.timeout, Duration::from_millis(25));
        assert_eq!(ask(|body| body["buffering"] = json!({})).unwrap().max_items, 10_000);
    }

    #[test]
    fn what_lambda_refuses_is_refused_with_its_limits() {
        for (field, value, says) in [
            ("schemaVersion", json!("2021-01-01"), "2022-12-13"),
            ("types", json!(["logs"]), "logs"),
            ("buffering", json!({ "timeoutMs": 1 }), "25 to 30000"),
            ("destination", json!({ "protocol": "TCP", "port": 1 }), "TCP"),
            ("destination", json!({ "protocol": "HTTP", "URI": "http://127.0.0.1:80" }), "sandbox.localdomain"),
            ("destination", json!({ "protocol": "HTTP", "URI": "http://sandbox:9001" }), "reserved"),
        ] {
            let why = ask(|body| body[field] = value).unwrap_err();
            assert!(why.contains(says), "{field}: {why}");
        }
    }
}
