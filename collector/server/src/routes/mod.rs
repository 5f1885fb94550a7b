//! The map of the site, and what every request passes on its way in and out.
//!
//! In: the host is one of ours (`gate`), no other page sent a form in somebody's name (CSRF), the key allows it (`gate`).
//! Out: a page that takes long is sent in parts (`waiting`), what went wrong is told as page or JSON (`tell`), headers that keep a browser safe, compression.
//!
//! [`ROUTES`] says for every route who may use it; a route that is not in it is refused.
//!
//! | who | may |
//! |---|---|
//! | anybody | `/healthz`, `/assets/…`, `/login`, `/logout`, `/prefs` (cookies of their own) |
//! | scope read | pages, `/readyz`, `/metrics`, `/api/v1/…` |
//! | scope sql | `/sql`, `POST /api/v1/sql`, what ends it, and `/api/v1/queries` |
//! | scope write | `POST /start/sample`, `POST /traces/upload`, and OTLP on its own ports |
//! | scope admin | everything; alone what changes prices, alerts and saved searches |
//!
//! Without a key file everybody who reaches the listener may do everything.

mod advice;
pub mod alerts;
mod asked;
mod assets;
pub mod body;
mod compare;
mod cookies;
mod gate;
mod go;
mod headers;
mod invocations;
mod live;
mod login;
mod pages;
mod prefs;
mod probes;
pub mod searches;
mod settings;
mod sql;
mod start;
mod tell;
mod trace;
mod upload;
mod waiting;

pub use compare::given;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{Method, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::access::Scope;
use crate::api;
use crate::site::Site;
use crate::wrong::Wrong;

/// One route and what it takes to use it.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// `None`: anybody.
    pub scope: Option<Scope>,
}

const fn route(method: Method, path: &'static str, scope: Option<Scope>) -> Route {
    Route { method, path, scope }
}

const READ: Option<Scope> = Some(Scope::Read);
const SQL: Option<Scope> = Some(Scope::Sql);
const ADMIN: Option<Scope> = Some(Scope::Admin);

/// Every route. HEAD is allowed where GET is.
pub const ROUTES: &[Route] = &[
    route(Method::GET, "/", READ),
    route(Method::GET, "/start", READ),
    route(Method::GET, "/start/events", READ),
    route(Method::POST, "/start/sample", Some(Scope::Write)),
    route(Method::GET, "/map", READ),
    route(Method::GET, "/traces", READ),
    route(Method::GET, "/containers", READ),
    route(Method::GET, "/cost", READ),
    route(Method::GET, "/cost/what-if", READ),
    route(Method::GET, "/cost/right-size", READ),
    route(Method::GET, "/compare", READ),
    route(Method::POST, "/traces/upload", Some(Scope::Write)),
    route(Method::GET, "/traces/{id}", READ),
    route(Method::GET, "/traces/{id}/rows", READ),
    route(Method::GET, "/traces/{id}/otlp.json", READ),
    route(Method::GET, "/invocations", READ),
    route(Method::GET, "/invocations/{id}", READ),
    route(Method::GET, "/functions", READ),
    route(Method::GET, "/functions/{name}", READ),
    route(Method::GET, "/cold-starts", READ),
    route(Method::GET, "/live", READ),
    route(Method::GET, "/live/events", READ),
    route(Method::GET, "/alerts", READ),
    route(Method::POST, "/alerts", ADMIN),
    route(Method::POST, "/alerts/test", ADMIN),
    route(Method::POST, "/alerts/{id}/delete", ADMIN),
    route(Method::POST, "/searches", ADMIN),
    route(Method::POST, "/searches/{id}/delete", ADMIN),
    route(Method::GET, "/settings", READ),
    route(Method::GET, "/help", READ),
    route(Method::GET, "/sql", SQL),
    route(Method::POST, "/sql", SQL),
    route(Method::GET, "/status", READ),
    route(Method::POST, "/queries/{id}/cancel", READ),
    route(Method::GET, "/go", READ),
    route(Method::POST, "/prefs", None),
    route(Method::GET, "/login", None),
    route(Method::POST, "/login", None),
    route(Method::POST, "/logout", None),
    route(Method::GET, "/assets/{hash}/{name}", None),
    route(Method::GET, "/healthz", None),
    route(Method::GET, "/readyz", READ),
    route(Method::GET, "/metrics", READ),
    route(Method::GET, "/api/v1/services", READ),
    route(Method::GET, "/api/v1/operations", READ),
    route(Method::GET, "/api/v1/traces", READ),
    route(Method::GET, "/api/v1/complete", READ),
    route(Method::GET, "/api/v1/differences", READ),
    route(Method::GET, "/api/v1/containers", READ),
    route(Method::GET, "/api/v1/spending", READ),
    route(Method::GET, "/api/v1/what-if", READ),
    route(Method::GET, "/api/v1/right-size", READ),
    route(Method::GET, "/api/v1/compare", READ),
    route(Method::GET, "/api/v1/traces/{id}/cost", READ),
    route(Method::GET, "/api/v1/traces/{id}", READ),
    route(Method::GET, "/api/v1/traces/{id}/spans/{span}", READ),
    route(Method::GET, "/api/v1/invocations", READ),
    route(Method::GET, "/api/v1/invocations/{id}", READ),
    route(Method::GET, "/api/v1/functions", READ),
    route(Method::GET, "/api/v1/cold-starts", READ),
    route(Method::GET, "/api/v1/map", READ),
    route(Method::GET, "/api/v1/status", READ),
    route(Method::GET, "/api/v1/searches", READ),
    route(Method::POST, "/api/v1/searches", ADMIN),
    route(Method::POST, "/api/v1/searches/{id}/delete", ADMIN),
    route(Method::GET, "/api/v1/alerts", READ),
    route(Method::POST, "/api/v1/alerts", ADMIN),
    route(Method::POST, "/api/v1/alerts/{id}/delete", ADMIN),
    route(Method::GET, "/api/v1/prices", READ),
    route(Method::POST, "/api/v1/prices", ADMIN),
    route(Method::GET, "/api/v1/queries", SQL),
    route(Method::POST, "/api/v1/queries", SQL),
    route(Method::POST, "/api/v1/queries/{id}/delete", SQL),
    route(Method::POST, "/api/v1/sql", SQL),
    route(Method::POST, "/api/v1/sql/{id}/cancel", SQL),
    route(Method::GET, "/api/v1/sql/dictionary", READ),
    route(Method::GET, "/api/v1/sql/examples", READ),
    route(Method::GET, "/api/v1/openapi.json", READ),
];

/// Everything the listener `http` answers.
pub fn router(site: Arc<Site>) -> Router {
    let routes = Router::new()
        .route("/", get(start::root))
        .route("/start", get(start::page))
        .route("/start/events", get(start::events))
        .route("/start/sample", post(start::sample))
        .route("/map", get(pages::map))
        .route("/traces", get(pages::traces))
        .route("/containers", get(pages::containers))
        .route("/cost", get(pages::cost))
        .route("/cost/what-if", get(advice::what_if))
        .route("/cost/right-size", get(advice::right_size))
        .route("/compare", get(compare::page))
        .route("/traces/upload", post(upload::upload))
        .route("/traces/{id}", get(trace::page))
        .route("/traces/{id}/rows", get(trace::rows))
        .route("/traces/{id}/otlp.json", get(trace::otlp))
        .route("/invocations", get(invocations::list))
        .route("/invocations/{id}", get(invocations::one))
        .route("/functions", get(invocations::functions))
        .route("/functions/{name}", get(invocations::function))
        .route("/cold-starts", get(invocations::cold_starts))
        .route("/live", get(live::page))
        .route("/live/events", get(live::events))
        .route("/alerts", get(alerts::page).post(alerts::add))
        .route("/alerts/test", post(alerts::test))
        .route("/alerts/{id}/delete", post(alerts::delete))
        .route("/searches", post(searches::save))
        .route("/searches/{id}/delete", post(searches::delete))
        .route("/settings", get(settings::page))
        .route("/help", get(settings::help))
        .route("/sql", get(sql::page).post(sql::ask))
        .route("/status", get(pages::status))
        .route("/queries/{id}/cancel", post(waiting::cancel))
        .route("/go", get(go::go))
        .route("/prefs", post(prefs::set))
        .route("/login", get(login::page).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/assets/{hash}/{name}", get(assets::asset))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .merge(api::routes());
    routes
        .route_layer(from_fn_with_state(site.clone(), waiting::soon))
        .route_layer(from_fn_with_state(site.clone(), gate::may))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_that_way)
        .layer(CsrfLayer::new().with_rejection_response(foreign))
        .layer(from_fn_with_state(site.clone(), gate::host))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(site.clone(), tell::tell))
        .layer(from_fn(headers::headers))
        .layer(CompressionLayer::new())
        .with_state(site)
}

async fn nowhere(uri: http::Uri) -> Wrong {
    Wrong::no_such_page(uri.path())
}

async fn not_that_way() -> Wrong {
    Wrong::new(StatusCode::METHOD_NOT_ALLOWED, "this address is not used that way")
}

fn foreign(_: ProtectionError) -> Response {
    Wrong::new(StatusCode::FORBIDDEN, "this was sent by a page of another site").into_response()
}

fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response {
    let said = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    Wrong::bug("this request met a bug in coldlight", said.unwrap_or("a panic without words")).into_response()
}

#[cfg(test)]
mod tests;
