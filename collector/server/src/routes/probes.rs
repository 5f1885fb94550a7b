//! For machines that watch us: alive, ready, numbers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::metrics::{self, Snapshot};
use crate::site::Site;
use crate::wrong::Wrong;

/// The process answers. Says nothing about the store, so that nobody restarts us for a full disk.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether spans are taken and questions answered; 503 with the reason when not.
pub async fn readyz(State(site): State<Arc<Site>>) -> Result<&'static str, Wrong> {
    if site.stop.is_cancelled() {
        return Err(Wrong::unavailable("shutting down", 5));
    }
    match site.status().await {
        Ok(status) => match status.busy {
            None => Ok("ready\n"),
            Some(reason) => Err(Wrong::unavailable(reason.name(), 5)),
        },
        Err(error) => Err(Wrong::unavailable(error.to_string(), 5)),
    }
}

pub async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let status = site.status().await.ok();
    let text = metrics::write(&Snapshot {
        receiver: &site.receiver.counts(),
        store: status.as_ref(),
        answers: site.answers.counts(),
        alerts: site.alerts.counts(),
        unauthorized: site.access.unauthorized(),
        insecure: site.access.insecure,
        started_at_s: site.started_at.nanos() as f64 / 1e9,
    });
    ([(header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE))], text).into_response()
}
