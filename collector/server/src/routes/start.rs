//! `/` and `/start`: how to send a first span, and the moment it arrives.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use coldlight_model::{Filter, TimeRange, TraceSort, TraceSummary};
use coldlight_store::TraceSearch;
use coldlight_ui::pages::start;
use futures_util::stream;

use super::asked::Asked;
use super::prefs::see_other;
use crate::clock;
use crate::demo::{self, SendError};
use crate::failure::chain;
use crate::site::Site;
use crate::wrong::Wrong;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// An acknowledged span is visible within a second; who just sent a sample should find it.
const SEEN_WITHIN: Duration = Duration::from_secs(3);

/// A trace that reaches into the last hour there is anything of.
async fn newest(site: &Site) -> Result<Option<TraceSummary>, Wrong> {
    const HOUR: u64 = 3_600_000_000_000;
    let Some(newest) = site.status().await?.newest_span_at else { return Ok(None) };
    let range = TimeRange { from: newest.minus(HOUR), to: newest.plus(1) };
    let search = TraceSearch { range, filter: Filter::default(), sort: TraceSort::Newest, after: None, limit: 1 };
    Ok(site.store.traces(search).await?.traces.into_iter().next())
}

async fn is_empty(site: &Site) -> Result<bool, Wrong> {
    Ok(site.status().await?.spans == 0)
}

/// To the map, or to where an empty store begins.
pub async fn root(State(site): State<Arc<Site>>) -> Result<Response, Wrong> {
    Ok(see_other(if is_empty(&site).await? { start::PATH } else { coldlight_ui::pages::map::PATH }))
}

pub async fn page(asked: Asked) -> Response {
    let state = start::State::parse(&asked.query, asked.shell.now);
    asked.answer(|| start::page(&asked.shell, &state), |block| start::fragment(block, &asked.shell, &state))
}

/// Sends the sample through our own port, waits until it can be seen, and leads back.
pub async fn sample(State(site): State<Arc<Site>>) -> Result<Response, Wrong> {
    let mut visible = site.store.generation();
    visible.mark_unchanged();
    let sent = demo::send_sample(&site.sender(), clock::now()).await.map_err(|error| match error {
        SendError::Off(_) => Wrong::unavailable("nothing listens for OTLP over HTTP (--otlp-http is off)", 5),
        other => Wrong::unavailable(format!("the sample was not taken: {}", chain(&other)), 5),
    })?;
    if let Some(last) = sent.last() {
        let seen =
            async { while !matches!(site.store.trace(*last).await, Ok(Some(_))) && visible.changed().await.is_ok() {} };
        // Not seen yet is no failure: the page waits for it by itself.
        let _ = tokio::time::timeout(SEEN_WITHIN, seen).await;
    }
    Ok(see_other(start::PATH))
}

/// One event `first-span` when there is something to see, with where it is; then the stream ends.
pub async fn events(State(site): State<Arc<Site>>) -> Result<Response, Wrong> {
    let place = site.streams.clone().try_acquire_owned();
    let place = place.map_err(|_| Wrong::unavailable("too many pages wait for their first span; reload instead", 5))?;
    let visible = site.store.generation();
    let stop = site.stop.clone();
    let waiting = async move {
        let _place = place;
        let mut visible = visible;
        loop {
            if let Ok(Some(trace)) = newest(&site).await {
                return Some(first_span(&trace));
            }
            tokio::select! {
                changed = visible.changed() => changed.ok()?,
                () = stop.cancelled() => return None,
            }
        }
    };
    let events = stream::once(waiting);
    let events =
        futures_util::StreamExt::filter_map(
            events,
            |event| async move { event.map(Ok::<Event, std::convert::Infallible>) },
        );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// What the page's script waits for: the trace's id.
fn first_span(trace: &TraceSummary) -> Event {
    Event::default().event("first-span").id("1").data(trace.trace_id.to_hex())
}
