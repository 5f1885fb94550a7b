//! What every page is asked with: the reader's theme and zone, the query, and whether one block is enough.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Response};
use coldlight_ui::{Shell, Theme, Zone};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri, header};

use super::{cookies, gate};
use crate::clock;
use crate::site::Site;

/// A page shows how fresh the data is only when that is known at once.
const STATUS_WAIT: Duration = Duration::from_millis(500);

pub struct Asked {
    pub shell: Shell,
    /// The part of the address after `?`.
    pub query: String,
    /// The block that the header `X-Fragment` names.
    pub fragment: Option<String>,
}

impl FromRequestParts<Arc<Site>> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        Ok(Self {
            shell: shell(site, &parts.uri, &parts.headers).await,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            fragment: parts.headers.get("x-fragment").and_then(|value| value.to_str().ok()).map(str::to_owned),
        })
    }
}

impl Asked {
    /// The whole page, or one block of it.
    pub fn answer(&self, page: impl FnOnce() -> String, fragment: impl FnOnce(&str) -> Option<String>) -> Response {
        let Some(block) = &self.fragment else { return Html(page()).into_response() };
        let body = match fragment(block) {
            Some(html) => Html(html).into_response(),
            None => return crate::wrong::Wrong::parameter("x-fragment", "this page has no such block").into_response(),
        };
        ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body).into_response()
    }
}

pub async fn shell(site: &Site, uri: &Uri, headers: &HeaderMap) -> Shell {
    let status = tokio::time::timeout(STATUS_WAIT, site.status()).await;
    let status = status.ok().and_then(Result::ok);
    Shell {
        alarm: site.is_alarmed(status.as_ref()),
        newest: status.and_then(|status| status.newest_span_at),
        saved: site.searches(),
        alerts: site.alerts.watched(),
        ..bare_shell(site, uri, headers)
    }
}

/// What may be shown to anybody, and when nothing else works: nothing of the store.
pub fn bare_shell(site: &Site, uri: &Uri, headers: &HeaderMap) -> Shell {
    Shell {
        theme: cookies::read(headers, "theme").map(|name| Theme::from_name(&name)).unwrap_or_default(),
        zone: cookies::read(headers, "tz").and_then(|name| Zone::named(&name)).unwrap_or_default(),
        now: clock::now(),
        host: gate::host_of(uri, headers).unwrap_or_else(|| "localhost".to_owned()),
        otlp_http_port: site.port("otlp-http"),
        otlp_grpc_port: site.port("otlp-grpc"),
        ..Shell::default()
    }
}
