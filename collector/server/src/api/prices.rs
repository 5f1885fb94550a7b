//! `GET /api/v1/prices`: the whole price book; `POST /api/v1/prices`: adds to it.

use std::sync::Arc;

use axum::extract::{Request, State};
use coldlight_store::PriceStoreError;
use http::StatusCode;
use serde_json::json;

use super::{Answer, answer};
use crate::prices::document::Document;
use crate::routes;
use crate::site::Site;
use crate::wrong::Wrong;

/// 2,000 rows, as `coldlight prices` sends them, are about 1 MB.
const MAX_BODY: usize = 8 << 20;

pub async fn list(State(site): State<Arc<Site>>) -> Answer {
    let book = site.store.price_book().await?;
    answer(&Document::from(&book))
}

pub async fn add(State(site): State<Arc<Site>>, request: Request) -> Answer {
    let body = routes::body::read(request.into_body(), MAX_BODY).await?;
    let wrong = |problem: String| Wrong::new(StatusCode::BAD_REQUEST, problem);
    let document: Document = serde_json::from_slice(&body)
        .map_err(|error| wrong(format!("the body is not {{\"prices\": […], \"discounts\": […]}}: {error}")))?;
    let recording = document.read().map_err(wrong)?;
    let recorded = site.store.record_prices(recording).await.map_err(|error| match error {
        PriceStoreError::BuiltIn(_) => Wrong::new(StatusCode::BAD_REQUEST, error.to_string()),
        PriceStoreError::Store(error) => error.into(),
    })?;
    tracing::info!(added = recorded.added, known = recorded.known, "prices were recorded");
    answer(&json!({ "added": recorded.added, "known": recorded.known }))
}
