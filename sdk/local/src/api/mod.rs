//! The three APIs that Lambda serves inside an environment, at one address: Runtime, Extensions, Telemetry.
//!
//! Handlers read requests and write answers; what a request means is decided by the environment, to which each is handed as a
//! [`Call`].

mod extensions;
mod runtime;
mod telemetry;

use axum::Json;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::answer::FunctionError;
use crate::telemetry::Subscription;

/// An answer may have six megabytes and a little; a streamed one more.
pub const LARGEST_RESPONSE: usize = 6_291_556;
const LARGEST_STREAM: u64 = 200 << 20;

/// Something a process of the environment asked for.
pub enum Call {
    RuntimeNext {
        reply: oneshot::Sender<Handed>,
    },
    Respond {
        request_id: String,
        content_type: Option<String>,
        body: Posted,
        reply: Reply,
    },
    /// A streamed response has ended, after so many bytes, well or not.
    StreamEnded {
        request_id: String,
        bytes: u64,
        error: Option<FunctionError>,
    },
    Fail {
        request_id: String,
        error: FunctionError,
        reply: Reply,
    },
    InitFail {
        error: FunctionError,
        reply: Reply,
    },
    Register {
        name: String,
        events: Vec<String>,
        reply: Reply<String>,
    },
    ExtensionNext {
        id: String,
        reply: Reply<Value>,
    },
    ExtensionFail {
        id: String,
        error: FunctionError,
        reply: Reply,
    },
    Subscribe {
        id: String,
        subscription: Subscription,
        reply: Reply,
    },
}

pub enum Posted {
    Whole(Bytes),
    Stream(mpsc::Receiver<Result<Bytes, FunctionError>>),
}

pub type Reply<T = ()> = oneshot::Sender<Result<T, Refused>>;

/// An invocation, as the runtime gets it.
pub struct Handed {
    pub headers: Vec<(&'static str, String)>,
    pub payload: Bytes,
}

/// Why a call was not taken, with Lambda's own words for it.
#[derive(Debug)]
pub enum Refused {
    InvalidRequestId,
    InvalidState(&'static str),
    UnknownExtension,
    Invalid(String),
    TooLarge,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, kind, message) = match self {
            Self::InvalidRequestId => (StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID".to_owned()),
            Self::InvalidState(what) => {
                let message = format!("State transition failed. Error: {what}");
                (StatusCode::FORBIDDEN, "InvalidStateTransition", message)
            }
            Self::UnknownExtension => {
                (StatusCode::FORBIDDEN, "Extension.UnknownExtensionIdentifier", "Unknown extension".to_owned())
            }
            Self::Invalid(why) => (StatusCode::BAD_REQUEST, "ValidationError", why),
            Self::TooLarge => {
                let message = format!("Exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).");
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
            }
        };
        (status, Json(json!({ "errorType": kind, "errorMessage": message }))).into_response()
    }
}

#[derive(Clone)]
struct Api {
    calls: mpsc::Sender<Call>,
    /// Of the function: what a registered extension is told.
    about: Value,
    account: String,
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, calls: mpsc::Sender<Call>, about: Value, account: String) {
    let api = Api { calls, about, account };
    let routes = Router::new().merge(runtime::routes()).merge(extensions::routes()).merge(telemetry::routes());
    // It ends only with the listener, which belongs to the environment.
    let _ = axum::serve(listener, routes.with_state(api)).await;
}

impl Api {
    /// Hands over a call and waits for the answer, as long as it takes.
    async fn ask<T>(&self, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Result<T, Response> {
        let (reply, answer) = oneshot::channel();
        // The environment is gone, or being reset: the process that asks is about to end.
        let gone = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
        self.calls.send(call(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    /// For calls that are taken or refused: 202, or why not.
    async fn tell(&self, call: impl FnOnce(Reply) -> Call) -> Response {
        match self.ask(call).await {
            Ok(Ok(())) => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
            Ok(Err(refused)) => refused.into_response(),
            Err(gone) => gone,
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
