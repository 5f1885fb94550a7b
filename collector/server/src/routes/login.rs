//! `/login`: a browser exchanges a key for a session; `/logout` ends it.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use coldlight_ui::Shell;
use coldlight_ui::pages::login::{self, Refused};
use coldlight_ui::query::Query;
use http::{StatusCode, header};

use super::prefs::{local, see_other};
use super::{asked, body, cookies, gate};
use crate::access::{COOKIE, LIFETIME, Verdict};
use crate::site::Site;
use crate::wrong::Wrong;

/// A key and where to go afterwards.
const MAX_FORM: usize = 16 << 10;

pub fn form(shell: &Shell, back: &str, refused: Option<Refused>) -> String {
    login::page(shell, &local(back), refused)
}

pub async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let back = local(query.get("back").unwrap_or("/"));
    if !site.access.asks() {
        return see_other(&back);
    }
    let shell = asked::bare_shell(&site, request.uri(), request.headers());
    Html(form(&shell, &back, None)).into_response()
}

pub async fn log_in(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let peer = gate::peer(&request);
    let (parts, body) = request.into_parts();
    let body = body::read(body, MAX_FORM).await?;
    let query = Query::parse(&String::from_utf8_lossy(&body));
    let back = local(query.get("back").unwrap_or("/"));
    if !site.access.asks() {
        return Ok(see_other(&back));
    }
    let refused = match site.access.log_in(query.get("key").unwrap_or_default().trim(), peer, Instant::now()) {
        Ok(Some(session)) => {
            let mut response = see_other(&back);
            let cookie = cookies::write(COOKIE, &session, LIFETIME.as_secs(), true);
            response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            return Ok(response);
        }
        Ok(None) => Refused::Unknown,
        Err(Verdict::Wait(_)) => Refused::TooOften,
        Err(other) => return Err(other.into()),
    };
    let status = if refused == Refused::TooOften { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
    let shell = asked::bare_shell(&site, &parts.uri, &parts.headers);
    Ok((status, Html(form(&shell, &back, Some(refused)))).into_response())
}

pub async fn log_out(State(site): State<Arc<Site>>, request: Request) -> Response {
    if let Some(session) = cookies::read(request.headers(), COOKIE) {
        site.access.log_out(&session);
    }
    let mut response = see_other("/login");
    response.headers_mut().extend(cookies::write(COOKIE, "", 0, true).map(|cookie| (header::SET_COOKIE, cookie)));
    response
}
