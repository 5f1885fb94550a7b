//! One small answer of a link-local metadata service.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A task of ten containers answers with about 20 kB.
const LARGEST: usize = 1 << 20;

/// The text of a successful answer; `None` for any other, or when none came in time.
pub(super) async fn text(method: Method, url: &str, headers: HeaderMap, limit: Duration) -> Option<String> {
    let answer = async {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let mut request = Request::builder().method(method).uri(url).body(Full::default()).ok()?;
        *request.headers_mut() = headers;
        let response = client.request(request).await.ok().filter(|response| response.status().is_success())?;
        let body = Limited::new(response.into_body(), LARGEST).collect().await.ok()?;
        String::from_utf8(body.to_bytes().to_vec()).ok()
    };
    tokio::time::timeout(limit, answer).await.ok().flatten()
}

/// As JSON; null when there is none.
pub(super) async fn json(url: &str, headers: HeaderMap, limit: Duration) -> Value {
    let text = text(Method::GET, url, headers, limit).await;
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
