//! The one place that tells what went wrong: as a page to people, as JSON to programs, as a line to probes.
//! Also counts answers, and notes the pages that took long.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use coldlight_ui::pages::error::{self, ErrorPage};
use coldlight_ui::pages::waiting::Waiting;
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::json;

use super::{asked, login};
use crate::clock;
use crate::site::Site;
use crate::wrong::{About, Wrong};

/// How a request wants to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Page,
    Json,
    Line,
}

pub async fn tell(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let mut response = next.run(request).await;
    if let Some(wrong) = response.extensions_mut().remove::<Wrong>() {
        response = told(&site, &uri, &headers, &wrong, response).await;
    }
    site.answers.count(response.status());
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if is_page {
        site.slow.note(uri.path_and_query().map_or("/", |one| one.as_str()), begun.elapsed(), clock::now());
    }
    tracing::debug!(
        path = uri.path(),
        status = response.status().as_u16(),
        took_ms = begun.elapsed().as_millis(),
        "answered"
    );
    response
}

/// Whether whoever asked reads pages and says so, as browsers do.
pub fn reads_pages(uri: &Uri, headers: &HeaderMap) -> bool {
    form(uri, headers) == Form::Page && accepts_html(headers)
}

fn form(uri: &Uri, headers: &HeaderMap) -> Form {
    match uri.path() {
        "/healthz" | "/readyz" | "/metrics" | "/start/events" | "/live/events" => Form::Line,
        path if path.starts_with("/api/") || path.ends_with(".json") => Form::Json,
        // A program that shows a key does not want a page to log in.
        _ if headers.contains_key(header::AUTHORIZATION) && !accepts_html(headers) => Form::Json,
        _ => Form::Page,
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|value| value.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

/// `empty` brings status and headers, the body is made here.
async fn told(site: &Site, uri: &Uri, headers: &HeaderMap, wrong: &Wrong, empty: Response) -> Response {
    let (mut parts, _) = empty.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let form = match wrong.status {
        // Under a foreign name nothing of ours is shown, not even a page.
        StatusCode::MISDIRECTED_REQUEST => Form::Line,
        _ => form(uri, headers),
    };
    let body = match form {
        Form::Json => {
            let mut error = json!({ "status": wrong.status.as_u16(), "message": wrong.message });
            if let Some(parameter) = &wrong.parameter {
                error["parameter"] = parameter.as_str().into();
            }
            let json = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (json, json!({ "error": error }).to_string()).into_response()
        }
        Form::Line => format!("{}\n", wrong.message).into_response(),
        Form::Page if wrong.status == StatusCode::UNAUTHORIZED => {
            let back = uri.path_and_query().map_or("/", |one| one.as_str());
            Html(login::form(&asked::bare_shell(site, uri, headers), back, None)).into_response()
        }
        Form::Page => Html(page(site, uri, headers, wrong).await).into_response(),
    };
    let (body_parts, body) = body.into_parts();
    parts.headers.extend(body_parts.headers);
    Response::from_parts(parts, body)
}

/// The page that says it.
pub async fn page(site: &Site, uri: &Uri, headers: &HeaderMap, wrong: &Wrong) -> String {
    let shell = asked::bare_shell(site, uri, headers);
    let retain = match wrong.about {
        About::Trace { .. } => site.status().await.ok().map(|status| status.retain),
        _ => None,
    };
    error::page(&shell, wrong.status.as_u16(), &error_page(site, uri, wrong, retain))
}

fn error_page(site: &Site, uri: &Uri, wrong: &Wrong, retain: Option<u64>) -> ErrorPage {
    match (&wrong.about, wrong.status) {
        (About::Page(path), _) => ErrorPage::no_such_page(path),
        (About::Trace { id, near }, _) => ErrorPage::no_such_trace(*id, near.clone(), retain),
        (About::Search(sought), _) => ErrorPage::nothing_found(sought),
        (About::Nothing, StatusCode::GATEWAY_TIMEOUT) => {
            let waited = Waiting::at(uri.path(), uri.query().unwrap_or_default(), clock::now());
            let limit = u64::try_from(site.store.query_timeout().as_nanos()).unwrap_or(u64::MAX);
            ErrorPage::timed_out(limit, waited.map_or_else(Vec::new, |page| page.narrower()))
        }
        (About::Cancelled, _) => {
            let waited = Waiting::at(uri.path(), uri.query().unwrap_or_default(), clock::now());
            waited.map_or_else(ErrorPage::default, |page| ErrorPage::cancelled(page.here(), page.narrower()))
        }
        (About::Nothing, StatusCode::SERVICE_UNAVAILABLE) => ErrorPage::unavailable(sentence(&wrong.message)),
        (About::Bug { error_id }, _) => ErrorPage::failed(error_id.clone()),
        _ => ErrorPage::bad_request(sentence(&wrong.message), wrong.parameter.clone()),
    }
}

/// Messages are lower case without a full stop; on a page they are sentences.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn programs_get_json_people_pages_and_probes_a_line() {
        let none = HeaderMap::new();
        let mut program = HeaderMap::new();
        program.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let of = |path: &str, headers: &HeaderMap| form(&path.parse().unwrap(), headers);
        assert_eq!(of("/api/v1/map?x", &none), Form::Json);
        assert_eq!(of("/traces/1/otlp.json", &none), Form::Json);
        assert_eq!(of("/map", &none), Form::Page);
        assert_eq!(of("/map", &program), Form::Json);
        program.insert(header::ACCEPT, HeaderValue::from_static("text/html,*/*"));
        assert_eq!(of("/map", &program), Form::Page);
        assert_eq!(of("/metrics", &none), Form::Line);
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("the store is busy"), "The store is busy.");
        assert_eq!(sentence(""), ".");
    }
}
