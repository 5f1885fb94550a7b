//! What a caller gets back: the function's answer, and later the platform's report on it.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::report::Report;

/// An error in the function, or of its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// `errorType`, such as `Runtime.ExitError`.
    pub kind: String,
    /// The payload: `{"errorMessage","errorType","stackTrace"}` as the runtime posted it, or as Lambda words it.
    pub payload: Bytes,
}

impl FunctionError {
    /// As Lambda words what the function could not say itself.
    pub fn of_platform(kind: &str, message: &str) -> Self {
        let payload = json!({ "errorType": kind, "errorMessage": message }).to_string();
        Self { kind: kind.to_owned(), payload: payload.into() }
    }

    /// What a runtime posted: the header wins over the body's own `errorType`.
    pub fn posted(header: Option<&str>, payload: Bytes) -> Self {
        let body: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let kind = header.or_else(|| body["errorType"].as_str()).unwrap_or("Runtime.Unknown").to_owned();
        Self { kind, payload }
    }
}

/// What is asked of a function.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// JSON.
    pub payload: Bytes,
    /// A retry of an asynchronous event keeps the id of the first try. `None`: a new one.
    pub request_id: Option<String>,
    /// `X-Amzn-Trace-Id`, if the caller has one.
    pub trace: Option<String>,
    /// JSON, from mobile SDKs.
    pub client_context: Option<String>,
    /// `None`: the function's own, unqualified.
    pub invoked_arn: Option<String>,
}

impl Request {
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }
}

/// The function's answer. Given as soon as the runtime posted it; the environment may work on.
#[derive(Debug)]
pub struct Answer {
    pub request_id: String,
    /// The log stream of the environment that served it.
    pub environment: String,
    pub content_type: Option<String>,
    pub body: Body,
    /// Comes when the environment is done with the invocation.
    pub report: oneshot::Receiver<Report>,
}

#[derive(Debug)]
pub enum Body {
    Whole(Bytes),
    /// The function failed.
    Error(FunctionError),
    /// Pieces as the function writes them; an error is the last one.
    Stream(mpsc::Receiver<Result<Bytes, FunctionError>>),
}

/// An answer that was waited for to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Complete {
    pub result: Result<Bytes, FunctionError>,
    pub report: Report,
}

impl Answer {
    /// Waits for the whole body and the report. `None` when the environment was shut down before it could report.
    pub async fn complete(self) -> Option<Complete> {
        let result = self.body.whole().await;
        Some(Complete { result, report: self.report.await.ok()? })
    }
}

impl Body {
    pub async fn whole(self) -> Result<Bytes, FunctionError> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Error(error) => Err(error),
            Self::Stream(mut pieces) => {
                let mut whole = Vec::new();
                while let Some(piece) = pieces.recv().await {
                    whole.extend_from_slice(&piece?);
                }
                Ok(whole.into())
            }
        }
    }
}
