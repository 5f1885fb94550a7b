//! The Extensions API, as far as an extension of this kind needs it: register, subscribe, next.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::json;

/// Events are a few hundred bytes.
const LARGEST: usize = 1 << 20;
/// The name must be the file's.
pub const NAME: &str = "coldlight-extension";
/// How soon the platform tells that the runtime is done: the shortest it offers, as longer waits are billed.
const BUFFER_MS: u64 = 25;

#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    #[error("Lambda's API did not answer")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("Lambda's API answered {status} to {call}: {body}")]
    Refused { call: &'static str, status: u16, body: String },
    #[error("Lambda's API answered {call} with something else")]
    Strange { call: &'static str },
}

/// Registered with Lambda.
pub struct Lambda {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
    identifier: String,
    /// 12 digits, where Lambda tells.
    pub account: Option<String>,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Invoke { request_id: String, deadline_ms: u64, arn: String },
    Shutdown { reason: String, deadline_ms: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    account_id: Option<String>,
}

/// Every field but the type may be missing: an extension does not end because of what it does not know.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    event_type: String,
    #[serde(default)]
    deadline_ms: u64,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    invoked_function_arn: String,
    #[serde(default)]
    shutdown_reason: String,
}

impl Lambda {
    /// As the extension `name`, for `events`.
    pub async fn register(runtime_api: &str, name: &str, events: &[&str]) -> Result<Self, LambdaError> {
        let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let mut lambda = Self { http, base: format!("http://{runtime_api}"), identifier: String::new(), account: None };
        let request = http::Request::post(format!("{}/2020-01-01/extension/register", lambda.base))
            .header("lambda-extension-name", name)
            .header("lambda-extension-accept-feature", "accountId");
        let body = json!({ "events": events }).to_string();
        let (headers, body) = lambda.call("register", request, body).await?;
        let identifier = headers.get("lambda-extension-identifier").and_then(|value| value.to_str().ok());
        lambda.identifier = identifier.ok_or(LambdaError::Strange { call: "register" })?.to_owned();
        lambda.account = serde_json::from_slice::<Registered>(&body).ok().and_then(|registered| registered.account_id);
        Ok(lambda)
    }

    /// Has the platform's telemetry sent to `port`. `Ok(false)` where it is accepted and will never come, as by SAM's local Lambda.
    pub async fn subscribe(&self, port: u16, logs: bool) -> Result<bool, LambdaError> {
        let types: &[&str] = if logs { &["platform", "function"] } else { &["platform"] };
        let body = json!({
            "schemaVersion": "2025-01-29", "types": types,
            "buffering": { "maxItems": 1_000, "maxBytes": 262_144, "timeoutMs": BUFFER_MS },
            "destination": { "protocol": "HTTP", "URI": format!("http://sandbox.localdomain:{port}/") },
        });
        let request = http::Request::put(format!("{}/2022-07-01/telemetry", self.base))
            .header("content-type", "application/json")
            .header("lambda-extension-identifier", &self.identifier);
        let request = request.body(Full::new(body.to_string().into()));
        let answer = self.send("subscribe", request).await?;
        Ok(answer.0.as_u16() != 202)
    }

    /// Waits for the next event, as long as it takes: the environment is frozen meanwhile. `None` for one that is not known.
    pub async fn next(&self) -> Result<Option<Event>, LambdaError> {
        let request = http::Request::get(format!("{}/2020-01-01/extension/event/next", self.base))
            .header("lambda-extension-identifier", &self.identifier);
        let (_, body) = self.call("next", request, String::new()).await?;
        let told: Told = serde_json::from_slice(&body).map_err(|_| LambdaError::Strange { call: "next" })?;
        Ok(match told.event_type.as_str() {
            "INVOKE" => Some(Event::Invoke {
                request_id: told.request_id,
                deadline_ms: told.deadline_ms,
                arn: told.invoked_function_arn,
            }),
            "SHUTDOWN" => Some(Event::Shutdown {
                reason: told.shutdown_reason.to_ascii_lowercase(),
                deadline_ms: told.deadline_ms,
            }),
            _ => None,
        })
    }

    async fn call(
        &self,
        call: &'static str,
        request: http::request::Builder,
        body: String,
    ) -> Result<(http::HeaderMap, Bytes), LambdaError> {
        let (_, headers, body) = self.send(call, request.body(Full::new(body.into()))).await?;
        Ok((headers, body))
    }

    async fn send(
        &self,
        call: &'static str,
        request: http::Result<http::Request<Full<Bytes>>>,
    ) -> Result<(http::StatusCode, http::HeaderMap, Bytes), LambdaError> {
        let request = request.map_err(|why| LambdaError::Unreachable(why.into()))?;
        let answer = self.http.request(request).await.map_err(|why| LambdaError::Unreachable(why.into()))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(LambdaError::Unreachable)?.to_bytes();
        if !head.status.is_success() {
            let body = String::from_utf8_lossy(&body).chars().take(200).collect();
            return Err(LambdaError::Refused { call, status: head.status.as_u16(), body });
        }
        Ok((head.status, head.headers, body))
    }
}

/// Between tries of a call that failed: Lambda's API is on the same machine, so it comes back at once or not at all.
pub const PAUSE: Duration = Duration::from_millis(100);
