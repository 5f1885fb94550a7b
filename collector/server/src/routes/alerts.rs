//! `/alerts`: what must not be, how it stands, what it did. Made, removed and tried out by forms.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use coldlight_model::Alert;
use coldlight_ui::Shell;
use coldlight_ui::pages::alerts::{self, Answer};
use http::StatusCode;

use super::asked::{self, Asked};
use super::body;
use super::prefs::see_other;
use crate::access::random_hex;
use crate::clock;
use crate::settings::WebhookForm;
use crate::site::Site;
use crate::wrong::Wrong;

const MAX_FORM: usize = 64 << 10;

pub async fn page(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = alerts::State::parse(&asked.query);
    let html = shown(&site, &asked.shell, &state, None).await?;
    Ok(asked.answer(|| html, |_| None))
}

type Refused = (&'static str, String);

async fn shown(site: &Site, shell: &Shell, state: &alerts::State, refused: Option<&Refused>) -> Result<String, Wrong> {
    let events = site.store.alert_events(alerts::LIMIT).await?;
    let webhook = site.alerts.webhook.as_ref().map(|webhook| {
        let form = match webhook.form {
            WebhookForm::Json => "JSON",
            WebhookForm::Slack => "a line for a chat",
        };
        (webhook.shown(), form)
    });
    let tested = site.alerts.tested();
    let answer = Answer {
        events: &events,
        webhook: webhook.as_ref().map(|(address, form)| (address.as_str(), *form)),
        tested: tested.as_ref(),
        refused,
    };
    Ok(alerts::page(shell, state, answer))
}

/// Keeps what the form defines, or shows it again with what is wrong.
pub async fn add(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, MAX_FORM).await?;
    let state = alerts::State::parse(&String::from_utf8_lossy(&body));
    match keep(&site, &state).await? {
        Ok(_) => Ok(see_other(alerts::PATH)),
        Err(refused) => {
            let shell = asked::shell(&site, &parts.uri, &parts.headers).await;
            let html = shown(&site, &shell, &state, Some(&refused)).await?;
            Ok((StatusCode::BAD_REQUEST, Html(html)).into_response())
        }
    }
}

/// A new alert from its fields; `Ok(Err)` names the field that is wrong.
pub async fn keep(site: &Site, fields: &alerts::State) -> Result<Result<Alert, Refused>, Wrong> {
    let _change = site.changing.lock().await;
    let searches = site.store.saved_searches().await?;
    let alert = match alerts::read(fields, &searches) {
        Ok(alert) => alert,
        Err(refused) => return Ok(Err(refused)),
    };
    if site.store.alerts().await?.len() >= Alert::MOST {
        return Ok(Err(("name", format!("{} alerts are looked at already; remove one first", Alert::MOST))));
    }
    let now = clock::now();
    let id = random_hex().map_err(|error| Wrong::internal("no id could be made", &error))?;
    let alert = Alert { id, created_at: now, ..alert };
    site.store.add_alert(alert.clone(), now).await?;
    site.copy_what_is_written().await;
    // The page that follows shows how it stands.
    crate::alerts::look(site).await?;
    Ok(Ok(alert))
}

pub async fn delete(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, Wrong> {
    forget(&site, id).await?;
    Ok(see_other(alerts::PATH))
}

pub async fn forget(site: &Site, id: String) -> Result<(), Wrong> {
    let _change = site.changing.lock().await;
    let was_there = site.store.remove_alert(id).await?;
    site.copy_what_is_written().await;
    crate::alerts::look(site).await?;
    if was_there { Ok(()) } else { Err(Wrong::not_found("there is no such alert")) }
}

/// Sends one message that says that it is a test; the page tells what became of it.
pub async fn test(State(site): State<Arc<Site>>) -> Result<Response, Wrong> {
    match site.alerts.test().await {
        Some(_) => Ok(see_other(alerts::PATH)),
        None => {
            Err(Wrong::new(StatusCode::CONFLICT, "there is no webhook to try; start coldlight with --alert-webhook"))
        }
    }
}
