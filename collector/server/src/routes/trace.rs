//! `/traces/{id}`: the waterfall, its windows of rows, and the trace as OTLP.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use coldlight_model::{InvocationSummary, LogLine, Rank, SpanDetail, SpanEvent, SpanId, TraceCost, TraceId};
use coldlight_store::StoreError;
use coldlight_ui::pages::trace::{self, MOST_ROWS, SPANS_HEADER, TracePage};
use coldlight_ui::query::Query;
use http::{HeaderValue, header};

use super::asked::Asked;
use crate::site::{ReadTrace, Site};
use crate::wrong::Wrong;

/// A page waits no longer for a trace's cost.
const COST_WITHIN: Duration = Duration::from_secs(2);

const NOT_DRAWN: &str = "this trace cannot be drawn";

/// Everything the page shows of one trace.
struct Found {
    read: Arc<ReadTrace>,
    selected: Option<SpanDetail>,
    matches: Option<Arc<[SpanId]>>,
    logs: Vec<LogLine>,
    events: Vec<SpanEvent>,
    rank: Option<Rank>,
    raw: Option<String>,
    invocations: Arc<[InvocationSummary]>,
    /// `None` where it could not be added up in time.
    cost: Option<TraceCost>,
}

impl Found {
    fn page(&self) -> TracePage<'_> {
        TracePage {
            trace: &self.read.trace,
            tree: &self.read.tree,
            selected: self.selected.as_ref(),
            matches: self.matches.as_deref(),
            logs: &self.logs,
            events: &self.events,
            rank: self.rank,
            raw: self.raw.as_deref(),
            invocations: &self.invocations,
            cost: self.cost.as_ref(),
            is_cost_late: self.cost.is_none(),
            scenes: Some(&self.read.scenes),
        }
    }
}

/// A mistyped id names no trace: 404, as an unknown one.
fn id_of(text: &str) -> Result<TraceId, Wrong> {
    TraceId::from_hex(text)
        .ok_or_else(|| Wrong::no_such_page(&format!("/traces/{}", coldlight_ui::text::cut(text, 80))))
}

async fn whole(site: &Site, id: TraceId) -> Result<Arc<ReadTrace>, Wrong> {
    match site.traces.of(&site.store, id).await? {
        Some(trace) => Ok(trace),
        None => Err(Wrong::no_such_trace(id, site.store.near_traces(id).await.unwrap_or_default())),
    }
}

pub async fn page(State(site): State<Arc<Site>>, Path(id): Path<String>, asked: Asked) -> Result<Response, Wrong> {
    let id = id_of(&id)?;
    let state = trace::State::parse(&asked.query, asked.shell.now);
    let told = async {
        let read = whole(&site, id).await?;
        let (arranged, invocations) = tokio::join!(arrange(&read, &state), read.invocations(&site.store));
        arranged.and(Ok((read, invocations?)))
    };
    // What needs no more than the id is asked for while the spans are read.
    let (told, logs, cost) = tokio::join!(told, site.store.logs_of_trace(id), cost(&site, id));
    let ((read, invocations), logs, cost) = (told?, logs?, cost?);
    let selected = async {
        match state.selected() {
            Some(span) => site.store.span(id, span).await,
            None => Ok(None),
        }
    };
    let matches = async {
        match state.wanted() {
            Some(text) => site.traces.find(&site.store, id, text).await.map(Some),
            None => Ok(None),
        }
    };
    let events = async { if state.wants_events() { site.store.events_of_trace(id).await } else { Ok(Vec::new()) } };
    let rank = async {
        let span = state.selected().filter(|_| state.wants_rank());
        match span.and_then(|id| read.trace.spans.iter().find(|span| span.span_id == id)) {
            Some(span) => site.store.rank(span).await.map(Some),
            None => Ok(None),
        }
    };
    let (selected, matches, events, rank) = tokio::join!(selected, matches, events, rank);
    let (selected, matches, events, rank) = (selected?, matches?, events?, rank?);
    // A large trace takes a while to arrange and to write; other requests should not wait for it.
    rendered(move || {
        let raw = selected.as_ref().filter(|_| state.wants_raw()).map(|span| indented(std::slice::from_ref(span)));
        let found = Found { read, selected, matches, logs, events, rank, raw, invocations, cost };
        let page = found.page();
        asked.answer(
            || trace::page(&asked.shell, &state, &page),
            |block| trace::fragment(block, &asked.shell, &state, &page),
        )
    })
    .await
}

/// While invocations are asked for. Where something is searched for its rows are not known yet.
async fn arrange(read: &Arc<ReadTrace>, state: &trace::State) -> Result<(), Wrong> {
    if state.wanted().is_some() {
        return Ok(());
    }
    let (read, state) = (read.clone(), state.clone());
    let arranging = tokio::task::spawn_blocking(move || {
        trace::arrange(&state, &TracePage { scenes: Some(&read.scenes), ..TracePage::of(&read.trace, &read.tree) });
    });
    arranging.await.map_err(|error| Wrong::internal(NOT_DRAWN, &error))
}

pub async fn rows(State(site): State<Arc<Site>>, Path(id): Path<String>, asked: Asked) -> Result<Response, Wrong> {
    let id = id_of(&id)?;
    let query = Query::parse(&asked.query);
    let mut bad = Vec::new();
    let row = query.whole("row", 0..=10_000_000, &mut bad).unwrap_or(0) as usize;
    let count = query.whole("count", 1..=MOST_ROWS as u64, &mut bad).unwrap_or(100) as usize;
    if let Some(one) = bad.first() {
        return Err(Wrong::parameter(&one.name, format!("“{}” is not {}", one.value, one.problem)));
    }
    let state = trace::State::parse(&asked.query, asked.shell.now);
    let read = whole(&site, id).await?;
    let matches = match state.wanted() {
        Some(text) => Some(site.traces.find(&site.store, id, text).await?),
        None => None,
    };
    let invocations = read.invocations_told(&site.store).await?;
    rendered(move || {
        let ReadTrace { trace, tree, scenes, .. } = &*read;
        let page = TracePage {
            matches: matches.as_deref(),
            invocations: &invocations,
            scenes: Some(scenes),
            ..TracePage::of(trace, tree)
        };
        let mut response = Html(trace::rows(&state, &page, row, count)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(SPANS_HEADER, HeaderValue::from(trace.spans.len()));
        response
    })
    .await
}

/// The trace as it was sent, one OTLP/JSON request.
pub async fn otlp(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, Wrong> {
    let id = crate::api::trace_id(&id)?;
    let spans = site.store.trace_details(id).await?;
    if spans.is_empty() {
        return Err(Wrong::no_such_trace(id, Vec::new()));
    }
    rendered(move || {
        let text = coldlight_receiver::to_otlp_json(&spans);
        let file = format!("attachment; filename=\"trace-{id}.json\"");
        ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, file)], text)
            .into_response()
    })
    .await
}

/// What a trace cost with everything it set going, when that can be added up soon: a page is more than its cost.
pub async fn cost(site: &Site, id: TraceId) -> Result<Option<TraceCost>, Wrong> {
    match tokio::time::timeout(COST_WITHIN, site.store.trace_cost(id)).await {
        Ok(Ok(cost)) => Ok(Some(cost)),
        Err(_) | Ok(Err(StoreError::TimedOut { .. })) => Ok(None),
        Ok(Err(error)) => Err(error.into()),
    }
}

/// As OTLP/JSON with a line for each value.
fn indented(spans: &[SpanDetail]) -> String {
    let text = coldlight_receiver::to_otlp_json(spans);
    let value = serde_json::from_str::<serde_json::Value>(&text);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(text)
}

pub async fn rendered(render: impl FnOnce() -> Response + Send + 'static) -> Result<Response, Wrong> {
    tokio::task::spawn_blocking(render).await.map_err(|error| Wrong::internal(NOT_DRAWN, &error))
}
