//! Invocations: found page by page, and those of one trace.

use std::collections::HashMap;

use coldlight_model::lambda::{CostState, InvocationOutcome, StartKind};
use coldlight_model::money::lambda::{Initialization, Invocation, Time, invocation_cost};
use coldlight_model::money::{Architecture, Date, PriceBook, Usd};
use coldlight_model::{
    Filter, InvocationCost, InvocationCursor, InvocationList, InvocationSort, InvocationSummary, Nanos, SpanId,
    TimeRange, Timestamp, Trace, TraceId, Way,
};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::invocation_condition::invocation_conditions;
use crate::Store;
use crate::engine::transaction;
use crate::error::StoreError;
use crate::prices;
use crate::rows::whole;

/// A page of a search for invocations.
#[derive(Clone, Debug, PartialEq)]
pub struct InvocationSearch {
    /// Of their start.
    pub range: TimeRange,
    /// Parsed by [`Filter::of_invocations`].
    pub filter: Filter,
    pub sort: InvocationSort,
    /// The last row of the page before.
    pub after: Option<InvocationCursor>,
    /// At most 1,000.
    pub limit: u32,
}

/// Invocations that one answer tells of.
const MOST_NAMED: i64 = 1_000;
const DAY_NS: i64 = 86_400_000_000_000;

impl Store {
    /// Invocations that all conditions hold of, with what each cost and why.
    pub async fn invocations(&self, search: InvocationSearch) -> Result<InvocationList, StoreError> {
        // Both questions see the same rows.
        self.ask(move |db| transaction(db, |db| page(db, &search))).await
    }

    /// The first thousand invocations of a trace, by start, of those begun [`around`] its spans.
    pub async fn invocations_of_trace(&self, trace: &Trace) -> Result<Vec<InvocationSummary>, StoreError> {
        let spans = trace.spans.iter().map(|span| span.started_at);
        let (first, last) = (spans.clone().min().unwrap_or_default(), spans.max().unwrap_or_default());
        let handed_over = trace.spans.iter().any(|span| span.way != Way::Sync);
        let [from, to] = around(first.nanos(), last.nanos(), handed_over).map(Sql::BigInt);
        let asked = vec![Sql::Text(trace.trace_id.to_hex()), from, to];
        let which = "trace_id = ? AND started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)";
        self.ask(move |db| named(db, which, asked, MOST_NAMED)).await
    }

    /// The first thousand attempts of a request id, by start; none when nobody spoke of it.
    pub async fn invocations_of_request(&self, request_id: String) -> Result<Vec<InvocationSummary>, StoreError> {
        self.ask(move |db| named(db, "request_id = ?", vec![Sql::Text(request_id)], MOST_NAMED)).await
    }
}

/// From when to when invocations of a trace begin whose spans began from `first` to `last`, in ns. An invocation takes 15 minutes, and
/// clocks of senders differ. An event that was handed over Lambda tries for six hours at most; whoever waits for an answer tries again
/// himself, with spans of his own.
pub(super) fn around(first: i64, last: i64, handed_over: bool) -> [i64; 2] {
    const BESIDE: i64 = 20 * 60_000_000_000;
    const TRIED: i64 = 6 * 3_600_000_000_000;
    [first.saturating_sub(BESIDE), last.saturating_add(BESIDE + if handed_over { TRIED } else { 0 })]
}

/// What invocations are sorted by: whole numbers, the greatest first.
fn value(sort: InvocationSort) -> &'static str {
    match sort {
        InvocationSort::Newest => "epoch_ns(started_at)",
        InvocationSort::Oldest => "-epoch_ns(started_at)",
        InvocationSort::Slowest => "coalesce((duration_ms * 1e6)::BIGINT, -1)",
        InvocationSort::Coldest => "coalesce((coalesce(init_ms, suppressed_init_ms, restore_ms) * 1e6)::BIGINT, -1)",
        // 10^-18 USD; from 9 USD on an invocation would have run for days.
        InvocationSort::Dearest => "coalesce(TRY_CAST(attos_of(cost_usd) AS BIGINT), -1)",
    }
}

/// Which one a row is: an attempt of a request.
type Key = (String, i64);

fn page(db: &Connection, search: &InvocationSearch) -> Result<InvocationList, StoreError> {
    let limit = search.limit.clamp(1, 1000) as usize;
    let conditions = invocation_conditions(search.range, &search.filter);
    // All of a time by their start: the rows themselves know that much.
    let by_start = matches!(search.sort, InvocationSort::Newest | InvocationSort::Oldest);
    let rows = if by_start && search.filter.is_empty() { "invocation_rows" } else { "invocations" };
    let sql = conditions
        .fill(include_str!("invocations.sql"))
        .replace("/* value */", value(search.sort))
        .replace("/* rows */", rows);
    let mut params = conditions.params;
    let (after, at, id) = match &search.after {
        Some(after) => (after.value, after.started_at.nanos(), after.request_id.clone()),
        None => (i64::MAX, i64::MAX, String::new()),
    };
    params.extend([Sql::BigInt(after), Sql::BigInt(at), Sql::Text(id), Sql::BigInt(limit as i64 + 1)]);
    let mut statement = db.prepare(&sql)?;
    let found = statement.query_map(params_from_iter(params), |row| {
        Ok(((row.get("request_id")?, row.get("started_ns")?), row.get("value")?))
    })?;
    let mut found = found.collect::<Result<Vec<(Key, i64)>, _>>()?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|((request_id, started_ns), value)| InvocationCursor {
        value: *value,
        started_at: Timestamp::from_sql(*started_ns),
        request_id: request_id.clone(),
    });
    let (Some(first), Some(last)) =
        (found.iter().map(|((_, at), _)| *at).min(), found.iter().map(|((_, at), _)| *at).max())
    else {
        return Ok(InvocationList::default());
    };
    let which = format!(
        "started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) AND request_id IN ({})",
        vec!["?"; found.len()].join(", ")
    );
    let mut params = vec![Sql::BigInt(first), Sql::BigInt(last)];
    params.extend(found.iter().map(|((id, _), _)| Sql::Text(id.clone())));
    let places: HashMap<Key, usize> = found.into_iter().map(|(key, _)| key).zip(0..).collect();
    let place = |one: &InvocationSummary| places.get(&(one.request_id.clone(), one.started_at.nanos())).copied();
    let mut invocations = named(db, &which, params, i64::MAX)?;
    // Other attempts of the same requests may lie between.
    invocations.retain(|one| place(one).is_some());
    invocations.sort_by_key(place);
    Ok(InvocationList { invocations, next })
}

/// The first `most` of those of which `which` holds, by start.
fn named(db: &Connection, which: &str, mut params: Vec<Sql>, most: i64) -> Result<Vec<InvocationSummary>, StoreError> {
    params.push(Sql::BigInt(most));
    let mut statement = db.prepare(&include_str!("invocations_named.sql").replace("/* which */", which))?;
    let mut rows = statement.query(params_from_iter(params))?;
    let mut invocations = Vec::new();
    // Of a trace without functions nobody explains a price.
    let mut book = None;
    while let Some(row) = rows.next()? {
        let known = match book.take() {
            Some(known) => known,
            None => prices::read(db)?,
        };
        invocations.push(summary(row, book.insert(known))?);
    }
    Ok(invocations)
}

pub(super) fn nanos_of_ms(ms: f64) -> Nanos {
    (ms * 1e6).round() as Nanos
}

fn nanos(row: &Row<'_>, name: &str) -> duckdb::Result<Option<Nanos>> {
    Ok(row.get::<_, Option<f64>>(name)?.map(nanos_of_ms))
}

fn usd(row: &Row<'_>, name: &str) -> duckdb::Result<Option<Usd>> {
    Ok(row.get::<_, Option<String>>(name)?.and_then(|text| text.parse().ok()))
}

pub(super) fn summary(row: &Row<'_>, book: &PriceBook) -> duckdb::Result<InvocationSummary> {
    let hex = |name| row.get::<_, Option<String>>(name);
    let started_at = Timestamp::from_sql(row.get("started_ns")?);
    let mut one = InvocationSummary {
        request_id: row.get("request_id")?,
        started_at,
        trace_id: hex("trace_id")?.and_then(|hex| TraceId::from_hex(&hex)),
        span_id: hex("span_id")?.and_then(|hex| SpanId::from_hex(&hex)),
        service: row.get("service")?,
        function: row.get("function")?,
        version: row.get("version")?,
        region: row.get("region")?,
        architecture: row.get("architecture")?,
        runtime: row.get("runtime")?,
        trigger: row.get("trigger")?,
        tenant: row.get("tenant")?,
        memory_mb: whole(row, "memory_mb")?,
        max_memory_mb: whole(row, "max_memory_mb")?,
        storage_mb: whole(row, "storage_mb")?,
        produced_bytes: whole(row, "produced_bytes")?,
        start: hex("start_kind")?.and_then(|name| StartKind::from_name(&name)),
        start_inferred: hex("start_state")?.as_deref() == Some("inferred"),
        init: nanos(row, "init_ms")?,
        suppressed_init: nanos(row, "suppressed_init_ms")?,
        restore: nanos(row, "restore_ms")?,
        felt_wait: nanos(row, "felt_wait_ms")?,
        duration: nanos(row, "duration_ms")?,
        billed_ms: whole(row, "billed_ms")?,
        response_latency: nanos(row, "response_latency_ms")?,
        runtime_overhead: nanos(row, "runtime_overhead_ms")?,
        extension_overhead: nanos(row, "extension_overhead_ms")?,
        outcome: InvocationOutcome::from_name(&row.get::<_, String>("outcome")?).unwrap_or_default(),
        error_type: row.get("error_type")?,
        cost_state: CostState::from_name(&row.get::<_, String>("cost_state")?).unwrap_or_default(),
        cost: InvocationCost {
            requests: usd(row, "requests_usd")?,
            duration: usd(row, "duration_usd")?,
            init: usd(row, "init_usd")?,
            storage: usd(row, "storage_usd")?,
            streamed: usd(row, "streamed_usd")?,
            restore: usd(row, "restore_usd")?,
            total: usd(row, "usd")?,
            explained: None,
        },
    };
    let initialization: Option<String> = row.get("initialization")?;
    one.cost.explained = explain(&one, initialization.as_deref(), book);
    Ok(one)
}

/// The formulas behind the view's figures; the same arithmetic, held to the same examples.
fn explain(
    one: &InvocationSummary,
    initialization: Option<&str>,
    book: &PriceBook,
) -> Option<coldlight_model::money::Cost> {
    let region = one.region.as_deref()?;
    let memory_mb = u32::try_from(one.memory_mb?).ok()?;
    let architecture = one.architecture.as_deref().and_then(Architecture::from_name).unwrap_or_default();
    let day = Date::from_days(i32::try_from(one.started_at.nanos().div_euclid(DAY_NS)).ok()?);
    let time = match one.billed_ms {
        Some(ms) => Time::Billed { ms },
        None => Time::Unknown { missing: "the duration" },
    };
    let is_java = one.runtime.as_deref().is_some_and(|runtime| runtime.to_lowercase().contains("java"));
    let plain = Invocation::new(region, architecture, memory_mb, time, day);
    let invocation = Invocation {
        initialization: initialization.and_then(Initialization::from_name).unwrap_or_default(),
        storage_mb: one.storage_mb.and_then(|mb| u32::try_from(mb).ok()).unwrap_or(plain.storage_mb),
        streamed_bytes: one.produced_bytes.unwrap_or(0),
        paid_restore: one.restore.is_some() && !is_java,
        ..plain
    };
    Some(invocation_cost(book, &invocation))
}
