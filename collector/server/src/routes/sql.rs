//! `/sql`: the page for whatever no other page answers. GET asks what the address holds, POST what a form sends; reading is all that either
//! can do, but for keeping a question under a name. A question that is short enough becomes an address to share; what another site links to is shown, and asked only when somebody
//! here says so.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State as Shared};
use axum::response::{Html, IntoResponse, Response};
use coldlight_model::{Cell, SavedQuery};
use coldlight_store::{EXAMPLES, Question, SqlError};
use coldlight_ui::Shell;
use coldlight_ui::pages::sql::{self, Beside, Format, Outcome, State};
use coldlight_ui::query::{Link, Query};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::asked::{self, Asked};
use super::{body, prefs};
use crate::answer::{Form, MAX_ROWS};
use crate::api;
use crate::clock;
use crate::site::Site;
use crate::wrong::Wrong;

/// As much as a form's words are read from; `POST /api/v1/sql` takes longer questions.
pub const MAX_FORM: usize = 64 << 10;

pub async fn page(Shared(site): Shared<Arc<Site>>, headers: HeaderMap, asked: Asked) -> Result<Response, Wrong> {
    let saved = site.saved.list();
    let state = State::parse(&asked.query, EXAMPLES, &saved, asked.shell.now);
    if is_foreign(&headers) {
        let beside = beside(&site, &saved).await?;
        return Ok(Html(sql::page(&asked.shell, &state, Outcome::NotAsked, beside)).into_response());
    }
    answer(&site, &asked.shell, state).await
}

async fn beside<'a>(site: &'a Site, saved: &'a [SavedQuery]) -> Result<Beside<'a>, Wrong> {
    let limit = u64::try_from(site.store.query_timeout().as_nanos()).unwrap_or(u64::MAX);
    Ok(Beside { dictionary: site.dictionary().await?, examples: EXAMPLES, saved, limit })
}

/// The page after a question was stopped: in the editor, and not asked again.
pub async fn cancelled(site: &Site, shell: &Shell, query: &str) -> Result<Response, Wrong> {
    let saved = site.saved.list();
    let state = State::parse(query, EXAMPLES, &saved, shell.now);
    let html = sql::page(shell, &state, Outcome::Cancelled, beside(site, &saved).await?);
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
}

/// Whether a page of another site made the browser come here. Older browsers and programs do not say.
fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|from| from != "same-origin" && from != "none")
}

pub async fn ask(Shared(site): Shared<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, MAX_FORM).await?;
    let form = String::from_utf8_lossy(&body);
    let state = State::parse(&form, EXAMPLES, &site.saved.list(), clock::now());
    if let Some(address) = keep(&site, &Query::parse(&form), &state).await? {
        return Ok(prefs::see_other(&address));
    }
    match state.link().filter(|_| state.format == Format::Html) {
        Some(link) => Ok(prefs::see_other(&link.to_string())),
        None => answer(&site, &asked::shell(&site, &parts.uri, &parts.headers).await, state).await,
    }
}

/// What the buttons Save and Delete do; the address to go on at, when one of them was pressed.
async fn keep(site: &Arc<Site>, form: &Query, state: &State) -> Result<Option<String>, Wrong> {
    match form.get("do") {
        Some("save") => {
            let (name, sql) = (form.get("name").unwrap_or_default().to_owned(), state.question.clone());
            let query = api::queries::keep(site, name, sql).await?;
            Ok(Some(Link::to(sql::PATH).with("id", query.id).to_string()))
        }
        Some("delete") => {
            api::queries::forget(site, form.get("id").unwrap_or_default().to_owned()).await?;
            Ok(Some(sql::PATH.to_owned()))
        }
        _ => Ok(None),
    }
}

async fn answer(site: &Site, shell: &Shell, state: State) -> Result<Response, Wrong> {
    let form = match state.format {
        Format::Html => None,
        Format::Csv => Some(Form::Csv),
        Format::Json => Some(Form::Json),
        Format::Parquet => Some(Form::Parquet),
    };
    let max_rows = if form.is_some() { MAX_ROWS as usize } else { sql::ROWS };
    let bounds = state.bounds(shell.now);
    let defaults = bounds.map(|(name, at)| (name.to_owned(), Cell::Text(at))).into();
    let question =
        Question { max_rows, timeout: site.store.query_timeout(), defaults, ..Question::new(state.question.clone()) };
    if let Some(form) = form.filter(|_| state.is_asked()) {
        let mut response = api::sql::answer(site, question, form).await?;
        let name = HeaderValue::from_str(&format!("attachment; filename=\"answer.{}\"", form.name()));
        response.headers_mut().extend(name.ok().map(|name| (header::CONTENT_DISPOSITION, name)));
        return Ok(response);
    }
    let saved = site.saved.list();
    let beside = beside(site, &saved).await?;
    let page = |outcome| sql::page(shell, &state, outcome, beside);
    if !state.is_asked() {
        return Ok(Html(page(Outcome::NotAsked)).into_response());
    }
    tracing::info!(question = coldlight_ui::text::cut(&state.question, 1_000), "asked in SQL");
    let started = Instant::now();
    let (status, html) = match site.store.sql(question).await {
        Ok(table) => {
            let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            (StatusCode::OK, page(Outcome::Answered { table: &table, took }))
        }
        Err(SqlError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let wrong = Wrong::from(error);
            (wrong.status, page(Outcome::Unanswered(&wrong.message)))
        }
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
}
