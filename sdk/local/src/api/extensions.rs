//! The Extensions API, 2020-01-01.

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{Api, Call, Refused, header, runtime};
use crate::answer::FunctionError;
use crate::id;

pub const IDENTIFIER: &str = "lambda-extension-identifier";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(next))
        .route("/2020-01-01/extension/init/error", post(fail))
        .route("/2020-01-01/extension/exit/error", post(fail))
}

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

async fn register(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let invalid = |why: &str| Refused::Invalid(why.to_owned()).into_response();
    let Some(name) = header(&headers, "lambda-extension-name") else {
        return invalid("the header Lambda-Extension-Name is missing");
    };
    let Ok(registration) = serde_json::from_slice::<Registration>(&body) else {
        return invalid("the body is {\"events\":[…]}");
    };
    if let Some(event) = registration.events.iter().find(|event| !matches!(event.as_str(), "INVOKE" | "SHUTDOWN")) {
        return invalid(&format!("events are INVOKE and SHUTDOWN, not {event}"));
    }
    let asked = header(&headers, "lambda-extension-accept-feature");
    let registered = api.ask(|reply| Call::Register { name, events: registration.events, reply }).await;
    match registered {
        Ok(Ok(id)) => {
            let mut about = api.about.clone();
            if asked.is_some_and(|features| features.split(',').any(|one| one.trim() == "accountId")) {
                about["accountId"] = json!(api.account);
            }
            ([(IDENTIFIER, id)], Json(about)).into_response()
        }
        Ok(Err(refused)) => refused.into_response(),
        Err(gone) => gone,
    }
}

async fn next(State(api): State<Api>, headers: HeaderMap) -> Response {
    let Some(id) = header(&headers, IDENTIFIER) else { return Refused::UnknownExtension.into_response() };
    match api.ask(|reply| Call::ExtensionNext { id, reply }).await {
        Ok(Ok(event)) => {
            let event_id = id::uuid().unwrap_or_default();
            ([("lambda-extension-event-identifier", event_id)], Json(event)).into_response()
        }
        Ok(Err(refused)) => refused.into_response(),
        Err(gone) => gone,
    }
}

async fn fail(State(api): State<Api>, headers: HeaderMap, body: Body) -> Response {
    let Some(id) = header(&headers, IDENTIFIER) else { return Refused::UnknownExtension.into_response() };
    let error = match runtime::posted(&headers, body).await {
        Ok(error) => FunctionError { kind: header(&headers, ERROR_TYPE).unwrap_or(error.kind), payload: error.payload },
        Err(refused) => return refused.into_response(),
    };
    api.tell(|reply| Call::ExtensionFail { id, error, reply }).await
}
