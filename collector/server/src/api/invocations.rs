//! `/api/v1/{invocations,functions,cold-starts}`. What nobody said is null; money is exact decimal text in USD.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use coldlight_model::lambda::StartKind;
use coldlight_model::money::Usd;
use coldlight_model::{
    Filter, InvocationCursor, InvocationGroup, InvocationGrouping, InvocationList, InvocationSort, InvocationSummary,
    Quantiles, TimeRange,
};
use coldlight_store::InvocationSearch;
use coldlight_ui::invocations::state::BY;
use serde_json::{Map, Value, json};

use super::views::{Range, Time};
use super::{Answer, Asked, answer};
use crate::site::Site;
use crate::wrong::Wrong;

fn usd(amount: Option<Usd>) -> Value {
    amount.map_or(Value::Null, |amount| amount.to_string().into())
}

fn one(one: &InvocationSummary) -> Value {
    json!({
        "request_id": one.request_id, "started_at": Time(one.started_at),
        "trace_id": one.trace_id.map(|id| id.to_hex()), "span_id": one.span_id.map(|id| id.to_hex()),
        "service": one.service, "function": one.function, "version": one.version, "region": one.region,
        "architecture": one.architecture, "runtime": one.runtime, "trigger": one.trigger, "tenant": one.tenant,
        "memory_mb": one.memory_mb, "max_memory_mb": one.max_memory_mb, "start_kind": one.start.map(StartKind::name),
        "start_inferred": one.start_inferred,
        "init_ns": one.init, "suppressed_init_ns": one.suppressed_init, "restore_ns": one.restore,
        "felt_wait_ns": one.felt_wait, "duration_ns": one.duration, "billed_ms": one.billed_ms,
        "outcome": one.outcome.name(), "error_type": one.error_type, "cost_state": one.cost_state.name(),
        "requests_cost_usd": usd(one.cost.requests), "duration_cost_usd": usd(one.cost.duration),
        "init_cost_usd": usd(one.cost.init), "ephemeral_storage_cost_usd": usd(one.cost.storage),
        "streamed_response_cost_usd": usd(one.cost.streamed), "snapstart_restore_cost_usd": usd(one.cost.restore),
        "cost_usd": usd(one.cost.total),
        "formula": one.cost.explained.as_ref().map(coldlight_model::money::Cost::formula),
    })
}

/// A page of invocations.
pub fn invocations_json(range: TimeRange, list: &InvocationList) -> Value {
    let rows: Vec<Value> = list.invocations.iter().map(one).collect();
    json!({ "range": Range::from(range), "invocations": rows, "next": list.next.as_ref().map(InvocationCursor::to_text) })
}

fn group(group: &InvocationGroup) -> Value {
    let quantiles = |of: Quantiles| json!({ "p50_ns": of.p50, "p95_ns": of.p95, "p99_ns": of.p99 });
    let mut starts: Map<String, Value> =
        StartKind::ALL.iter().map(|kind| (kind.name().to_owned(), group.started(*kind).into())).collect();
    starts.insert("unknown".to_owned(), group.start_unknown().into());
    let money = &group.money;
    json!({
        "name": group.name, "invocations": group.count, "errors": group.errors, "timeouts": group.timeouts,
        "out_of_memory": group.out_of_memory, "starts": starts, "duration": quantiles(group.duration),
        "warm_duration": quantiles(group.warm_duration), "cold_duration": quantiles(group.cold_duration),
        "init": quantiles(group.init), "least_memory_mb": group.memory_mb.map(|sizes| sizes.0),
        "most_memory_mb": group.memory_mb.map(|sizes| sizes.1), "max_memory_mb": group.max_memory_mb,
        "cost_usd": usd(Some(money.total)), "reported_cost_usd": usd(Some(money.reported)),
        "requests_cost_usd": usd(Some(money.requests)), "duration_cost_usd": usd(Some(money.duration)),
        "ephemeral_storage_cost_usd": usd(Some(money.storage)), "streamed_response_cost_usd": usd(Some(money.streamed)),
        "snapstart_restore_cost_usd": usd(Some(money.restore)),
        "init_cost_usd": usd(Some(money.init)), "failed_cost_usd": usd(Some(money.failed)), "unpriced": money.unpriced,
        "sampled": group.sampled, "left_out": group.left_out,
    })
}

/// Words about invocations.
pub(super) fn filter(asked: &Asked) -> Result<Filter, Wrong> {
    let filter = Filter::of_invocations(asked.query.get("f").unwrap_or_default());
    match filter.problems.first() {
        None => Ok(filter),
        Some(problem) => Err(Wrong::parameter("f", format!("“{}”: {}", problem.word, problem.message))),
    }
}

pub async fn invocations(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f", "sort", "cursor", "limit"])?;
    let sort = match asked.query.get("sort") {
        None => InvocationSort::default(),
        Some(name) => InvocationSort::from_name(name).ok_or_else(|| {
            let names = InvocationSort::ALL.map(InvocationSort::name).join(", ");
            Wrong::parameter("sort", format!("“{name}” is not one of {names}"))
        })?,
    };
    let after = match asked.query.get("cursor") {
        None => None,
        Some(text) => Some(InvocationCursor::from_text(text).ok_or_else(|| {
            let hint = "is not a cursor; take it from `next` of the page before";
            Wrong::parameter("cursor", format!("“{}” {hint}", super::cut(text)))
        })?),
    };
    let search = InvocationSearch { range: asked.range, filter: filter(&asked)?, sort, after, limit: asked.limit()? };
    let list = site.store.invocations(search).await?;
    answer(&invocations_json(asked.range, &list))
}

/// The attempts of one request id.
pub async fn attempts(State(site): State<Arc<Site>>, Path(request): Path<String>) -> Answer {
    let attempts = site.store.invocations_of_request(request).await?;
    if attempts.is_empty() {
        return Err(Wrong::not_found(
            "no invocation has this request id: its span and its report may still be on their way",
        ));
    }
    answer(&json!({ "invocations": attempts.iter().map(one).collect::<Vec<_>>() }))
}

pub async fn functions(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f"])?;
    let [groups] = site.store.invocation_groups(asked.range, filter(&asked)?, [InvocationGrouping::Function]).await?;
    let groups: Vec<Value> = groups.iter().map(group).collect();
    answer(&json!({ "range": Range::from(asked.range), "functions": groups }))
}

pub async fn cold_starts(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f", "by"])?;
    let name = asked.query.get("by").unwrap_or("function");
    let by = BY.into_iter().find(|by| by.name() == name).ok_or_else(|| {
        Wrong::parameter("by", format!("“{name}” is not one of {}", BY.map(InvocationGrouping::name).join(", ")))
    })?;
    let [groups] = site.store.invocation_groups(asked.range, filter(&asked)?, [by]).await?;
    let groups: Vec<Value> = groups.iter().map(group).collect();
    answer(&json!({ "range": Range::from(asked.range), "by": by.name(), "groups": groups }))
}
