//! `POST /traces/upload`: a trace from a file. It goes through our own OTLP port, so what is acknowledged is kept.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use http::{StatusCode, header};

use super::body;
use super::prefs::see_other;
use crate::failure::chain;
use crate::site::Site;
use crate::upload::{self, UploadError};
use crate::wrong::Wrong;

/// An acknowledged span is visible within a second; whoever sent the file should find it.
const SEEN_WITHIN: Duration = Duration::from_secs(5);

/// Leads to the trace in it, of several to the one with the most spans.
pub async fn upload(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = body::read(body, upload::MOST_BYTES).await?;
    let kind = kind.to_owned();
    let spans = tokio::task::spawn_blocking(move || upload::read(&kind, body)).await;
    let spans = spans.map_err(|error| Wrong::internal("this file cannot be read", &error))?.map_err(wrong)?;
    let mut visible = site.store.generation();
    visible.mark_unchanged();
    upload::send(&site.sender(), &spans).await.map_err(wrong)?;
    let seen = async {
        while !matches!(site.store.trace(spans.trace).await, Ok(Some(_))) && visible.changed().await.is_ok() {}
    };
    // Not seen yet is no failure: it is kept, and the page says that it may be on its way.
    let _ = tokio::time::timeout(SEEN_WITHIN, seen).await;
    Ok(see_other(&format!("/traces/{}", spans.trace)))
}

fn wrong(error: UploadError) -> Wrong {
    match error {
        UploadError::Busy(after) => Wrong::unavailable(error.to_string(), after),
        UploadError::Off => Wrong::unavailable(error.to_string(), 60),
        UploadError::Client(_) => Wrong::unavailable(format!("our own OTLP port did not answer: {}", chain(&error)), 5),
        _ => Wrong::new(StatusCode::BAD_REQUEST, error.to_string()),
    }
}
