//! `/api/v1/searches` and `/api/v1/alerts`: what is saved and what is watched, made and removed with JSON.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use coldlight_model::{AlertEvent, SavedSearch};
use coldlight_ui::alerts::{Watched, condition, figure};
use coldlight_ui::pages::alerts::{self, LIMIT};
use coldlight_ui::query::Link;
use coldlight_ui::shell::search_link;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::views::Time;
use super::{Answer, answer};
use crate::routes::{alerts as alert_routes, body, searches as search_routes};
use crate::site::Site;
use crate::wrong::Wrong;

const MAX_BODY: usize = 64 << 10;

fn search(one: &SavedSearch) -> Value {
    json!({
        "id": one.id, "name": one.name, "page": one.page.name(), "filter": one.filter, "query": one.query,
        "address": search_link(one).to_string(), "created_at": Time(one.created_at),
    })
}

pub async fn searches(State(site): State<Arc<Site>>) -> Answer {
    let all = site.store.saved_searches().await?;
    answer(&json!({ "searches": all.iter().map(search).collect::<Vec<_>>() }))
}

pub async fn save_search(State(site): State<Arc<Site>>, request: Request) -> Answer {
    let sent = object(request).await?;
    let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
    answer(&search(&search_routes::keep(&site, text("name"), text("address")).await?))
}

pub async fn delete_search(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, Wrong> {
    search_routes::forget(&site, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn watched(one: &Watched) -> Value {
    let alert = &one.alert;
    json!({
        "id": alert.id, "name": alert.name, "of": alert.of.name(), "filter": alert.filter, "signal": alert.signal.name(),
        "condition": condition(alert), "window_s": alert.window / 1_000_000_000, "for_s": alert.hold / 1_000_000_000,
        "above": figure(alert.signal, alert.above), "clear": figure(alert.signal, alert.clear),
        "state": one.standing.state.name(), "since": Time(one.standing.since), "looked_at": Time(one.looked_at),
        "figure": one.figure.map(|value| figure(alert.signal, value)), "problem": one.problem,
    })
}

fn event(one: &AlertEvent) -> Value {
    json!({
        "id": one.id, "alert_id": one.alert_id, "name": one.name, "at": Time(one.at), "from": one.from.name(), "to": one.to.name(),
        "delivery": one.delivery.name(), "attempts": one.attempts, "problem": one.problem,
    })
}

/// All alerts as they were last looked at, and what they did, newest first.
pub async fn list(State(site): State<Arc<Site>>) -> Answer {
    let events = site.store.alert_events(LIMIT).await?;
    answer(&json!({
        "alerts": site.alerts.watched().iter().map(watched).collect::<Vec<_>>(),
        "events": events.iter().map(event).collect::<Vec<_>>(),
    }))
}

/// The fields of the form, as JSON texts.
pub async fn add(State(site): State<Arc<Site>>, request: Request) -> Answer {
    let sent = object(request).await?;
    let fields = sent.iter().fold(Link::default(), |link, (name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        link.with(name, text)
    });
    let fields = alerts::State::parse(&fields.query());
    if let Some(bad) = fields.bad.first() {
        return Err(Wrong::parameter(&bad.name, format!("“{}” is not known here", bad.name)));
    }
    match alert_routes::keep(&site, &fields).await? {
        Ok(alert) => {
            let all = site.alerts.watched();
            let shown = all.iter().find(|one| one.alert.id == alert.id).map(watched);
            answer(&shown.unwrap_or_else(|| json!({ "id": alert.id })))
        }
        Err((field, why)) => Err(Wrong::parameter(field, why)),
    }
}

pub async fn delete(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, Wrong> {
    alert_routes::forget(&site, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn object(request: Request) -> Result<Map<String, Value>, Wrong> {
    let body = body::read(request.into_body(), MAX_BODY).await?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Wrong::new(StatusCode::BAD_REQUEST, "the body is a JSON object such as {\"name\": \"…\"}")),
    }
}
