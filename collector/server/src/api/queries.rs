//! `/api/v1/queries`: questions in SQL kept under a name.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use coldlight_model::SavedQuery;
use coldlight_ui::Zone;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, answer, cut};
use crate::clock;
use crate::routes;
use crate::site::{Site, Unsaved};
use crate::wrong::Wrong;

const MAX_BODY: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    sql: String,
}

/// `GET /api/v1/queries`, by name.
pub async fn list(State(site): State<Arc<Site>>) -> Answer {
    let queries: Vec<Value> = site.saved.list().iter().map(query_json).collect();
    answer(&json!({ "queries": queries }))
}

/// `POST /api/v1/queries`: keeps one; one of the same name is replaced.
pub async fn save(State(site): State<Arc<Site>>, request: Request) -> Answer {
    let body = routes::body::read(request.into_body(), MAX_BODY).await?;
    let Body { name, sql } = serde_json::from_slice(&body).map_err(|error| {
        Wrong::new(StatusCode::BAD_REQUEST, format!("the body is not {{\"name\": \"…\", \"sql\": \"…\"}}: {error}"))
    })?;
    answer(&query_json(&keep(&site, name, sql).await?))
}

/// `POST /api/v1/queries/{id}/delete`.
pub async fn remove(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<StatusCode, Wrong> {
    match forget(&site, id.clone()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Wrong::not_found(format!("no question is kept under “{}”", cut(&id)))),
    }
}

pub async fn keep(site: &Arc<Site>, name: String, sql: String) -> Result<SavedQuery, Wrong> {
    let site = site.clone();
    let saving = tokio::task::spawn_blocking(move || site.saved.save(&name, &sql, clock::now())).await;
    saving.map_err(|error| Wrong::internal("the question cannot be kept", &error))?.map_err(wrong)
}

/// Whether there was one.
pub async fn forget(site: &Arc<Site>, id: String) -> Result<bool, Wrong> {
    let site = site.clone();
    let removing = tokio::task::spawn_blocking(move || site.saved.remove(&id)).await;
    removing.map_err(|error| Wrong::internal("the question cannot be removed", &error))?.map_err(wrong)
}

fn wrong(unsaved: Unsaved) -> Wrong {
    match unsaved {
        Unsaved::Wrong(parameter, why) => Wrong::parameter(parameter, why),
        Unsaved::Unwritten(error) => Wrong::internal("the question cannot be kept", &error),
    }
}

fn query_json(query: &SavedQuery) -> Value {
    json!({ "id": query.id, "name": query.name, "sql": query.sql, "saved_at": Zone::utc().rfc3339(query.saved_at) })
}
