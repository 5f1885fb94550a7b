//! Batches made for tests, and a store in a directory of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coldlight_model::{
    Attributes, Batch, Filter, Kind, Link, Oddities, Resource, Scope, Span, SpanId, SpendingBy, StatusCode, TimeRange,
    Timestamp, TraceId, Value,
};
use coldlight_store::{Settings, SpendingSearch, Store};

/// 2026-11-23T14:03:22.418Z.
pub const NOW: u64 = 1_795_442_602_418_000_000;

pub fn now() -> Timestamp {
    Timestamp::from_nanos(NOW)
}

pub fn last_hour() -> TimeRange {
    TimeRange { from: now().minus(3_600_000_000_000), to: now().plus(60_000_000_000) }
}

/// All spending of a range, with the time before.
pub fn spending(range: TimeRange, step: u64, by: SpendingBy) -> SpendingSearch {
    SpendingSearch { range, step, first: 0, by, filter: Filter::default(), compare: true }
}

pub struct Kept {
    pub store: Store,
    pub folder: tempfile::TempDir,
}

pub fn settings(folder: &std::path::Path) -> Settings {
    Settings {
        commit_every: Duration::from_millis(20),
        disk_reserve_bytes: Some(0),
        memory_limit_bytes: 512 << 20,
        ..Settings::new(folder)
    }
}

pub fn store() -> Kept {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(settings(folder.path()), now).expect("a store");
    Kept { store, folder }
}

impl Kept {
    /// Keeps a batch and waits until questions see it.
    pub async fn keep(&self, batch: Batch) {
        self.store.keep(batch).await.expect("kept");
        self.visible().await;
    }

    /// Waits until everything acknowledged is visible and counted.
    pub async fn visible(&self) {
        for _ in 0..6_000 {
            if self.store.counters().waiting_batches == 0 && self.store.is_rolled().await.expect("a store") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("acknowledged and not counted after a minute");
    }

    pub async fn count(&self, sql: &str) -> i128 {
        let table = self.store.sql(coldlight_store::Question::new(sql)).await.expect(sql);
        match table.rows[0][0] {
            coldlight_model::Cell::Int(count) => count,
            ref other => panic!("{sql}: {other:?}"),
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn trace_id() -> TraceId {
    let mut bytes = [7; 16];
    bytes[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    TraceId::new(bytes).expect("not zero")
}

pub fn span_id() -> SpanId {
    SpanId::new(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()).expect("not zero")
}

pub fn link(to: &Span) -> Link {
    Link {
        trace_id: to.trace_id,
        span_id: to.span_id,
        trace_state: String::new(),
        attributes: Default::default(),
        dropped_attributes_count: 0,
        flags: 257,
    }
}

pub fn span(trace_id: TraceId, parent: Option<SpanId>, kind: Kind, name: &str, pairs: &[(&str, Value)]) -> Span {
    Span {
        trace_id,
        span_id: span_id(),
        parent_span_id: parent,
        trace_state: String::new(),
        flags: 257,
        name: name.to_owned(),
        kind,
        started_at: now().minus(1_000_000_000),
        ended_at: now().minus(900_000_000),
        attributes: pairs.iter().map(|(key, value)| (*key, value.clone())).collect::<Attributes>(),
        dropped_attributes_count: 0,
        events: Vec::new(),
        dropped_events_count: 0,
        links: Vec::new(),
        dropped_links_count: 0,
        status_code: StatusCode::UNSET,
        status_message: String::new(),
        oddities: Oddities::default(),
        resource: 0,
        scope: 0,
    }
}

/// One service's batch.
pub fn batch(service: &str, spans: Vec<Span>) -> Batch {
    let resource =
        Resource { attributes: Attributes::from_iter([("service.name", Value::from(service))]), ..Resource::default() };
    Batch { received_at: now(), resources: vec![resource], scopes: vec![Scope::default()], spans, ..Batch::default() }
}
