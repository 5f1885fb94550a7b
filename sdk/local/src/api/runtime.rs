//! The Runtime API, 2018-06-01.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, BodyStream, Limited};
use tokio::sync::{mpsc, oneshot};

use super::{Api, Call, LARGEST_RESPONSE, LARGEST_STREAM, Posted, Refused, header};
use crate::answer::FunctionError;

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
/// Pieces of a streamed response that its reader has not taken yet.
const PIECES: usize = 16;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
}

async fn next(State(api): State<Api>) -> Response {
    let handed = match api.ask(|reply| Call::RuntimeNext { reply }).await {
        Ok(handed) => handed,
        Err(gone) => return gone,
    };
    let mut answer = Response::builder().header("content-type", "application/json");
    for (name, value) in handed.headers {
        answer = answer.header(name, value);
    }
    // A header that cannot be written is one the caller made up, such as a client context with line breaks.
    answer.body(Body::from(handed.payload)).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn response(State(api): State<Api>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let content_type = header(&headers, "content-type");
    let streamed = header(&headers, "lambda-runtime-function-response-mode");
    if streamed.is_some_and(|mode| mode.eq_ignore_ascii_case("streaming")) {
        return stream(&api, id, content_type, body).await;
    }
    match Limited::new(body, LARGEST_RESPONSE).collect().await {
        Ok(whole) => {
            let body = Posted::Whole(whole.to_bytes());
            api.tell(|reply| Call::Respond { request_id: id, content_type, body, reply }).await
        }
        Err(why) if why.is::<http_body_util::LengthLimitError>() => {
            // The caller hears of it too: Lambda turns such a response into an error of the function.
            let message =
                format!("Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).");
            let error = FunctionError::of_platform("Function.ResponseSizeTooLarge", &message);
            let told = api.tell(|reply| Call::Fail { request_id: id, error, reply }).await;
            if told.status().is_success() { Refused::TooLarge.into_response() } else { told }
        }
        Err(_) => Refused::Invalid("the body ended too early".to_owned()).into_response(),
    }
}

async fn stream(api: &Api, id: String, content_type: Option<String>, body: Body) -> Response {
    let (pieces, taken) = mpsc::channel(PIECES);
    let (reply, verdict) = oneshot::channel();
    let body_of_call = Posted::Stream(taken);
    let call = Call::Respond { request_id: id.clone(), content_type, body: body_of_call, reply };
    if api.calls.send(call).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match verdict.await {
        Ok(Ok(())) => {}
        Ok(Err(refused)) => return refused.into_response(),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    let (bytes, error) = pump(body, &pieces).await;
    if let Some(error) = &error {
        let _ = pieces.send(Err(error.clone())).await;
    }
    drop(pieces);
    match api.calls.send(Call::StreamEnded { request_id: id, bytes, error }).await {
        Ok(()) => (StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "status": "OK" }))).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Hands on the pieces of `body`; how many bytes they had, and the error in the trailers or of the transfer.
async fn pump(body: Body, pieces: &mpsc::Sender<Result<Bytes, FunctionError>>) -> (u64, Option<FunctionError>) {
    let mut frames = BodyStream::new(body);
    let mut bytes = 0u64;
    while let Some(frame) = frames.next().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(_) => {
                let error = FunctionError::of_platform("Runtime.TruncatedResponse", "the response ended too early");
                return (bytes, Some(error));
            }
        };
        match frame.into_data() {
            Ok(piece) => {
                bytes += piece.len() as u64;
                if bytes > LARGEST_STREAM {
                    let error =
                        FunctionError::of_platform("Function.ResponseSizeTooLarge", "a stream has 200 MB at most");
                    return (bytes, Some(error));
                }
                // Whoever asked may have gone; the function is not told.
                let _ = pieces.send(Ok(piece)).await;
            }
            Err(frame) => {
                if let Some(kind) = frame.trailers_ref().and_then(|trailers| header(trailers, ERROR_TYPE)) {
                    let text =
                        frame.trailers_ref().and_then(|trailers| header(trailers, ERROR_BODY)).unwrap_or_default();
                    return (bytes, Some(FunctionError { kind, payload: text.into() }));
                }
            }
        }
    }
    (bytes, None)
}

async fn error(State(api): State<Api>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match posted(&headers, body).await {
        Ok(error) => api.tell(|reply| Call::Fail { request_id: id, error, reply }).await,
        Err(refused) => refused.into_response(),
    }
}

async fn init_error(State(api): State<Api>, headers: HeaderMap, body: Body) -> Response {
    match posted(&headers, body).await {
        Ok(error) => api.tell(|reply| Call::InitFail { error, reply }).await,
        Err(refused) => refused.into_response(),
    }
}

pub(super) async fn posted(headers: &HeaderMap, body: Body) -> Result<FunctionError, Refused> {
    let payload = Limited::new(body, LARGEST_RESPONSE).collect().await.map_err(|_| Refused::TooLarge)?.to_bytes();
    Ok(FunctionError::posted(header(headers, ERROR_TYPE).as_deref(), payload))
}
