//! `GET /api/v1/what-if` and `GET /api/v1/right-size`: advice from observed traffic, with its evidence. What cannot be known is null,
//! with what is lacking and what would mend that.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use coldlight_model::money::advice::BreakEven;
use coldlight_model::{FunctionSize, RightSize, right_size as judge};
use coldlight_ui::pages::{right_size, what_if};
use serde_json::{Value, json};

use super::views::{Range, Time};
use super::{Answer, Asked, answer};
use crate::clock;
use crate::site::Site;
use crate::wrong::Wrong;

/// A page's state, read as strictly as a program needs.
fn strict<S>(state: S, bad: &[coldlight_ui::query::BadParam], function: Option<&String>) -> Result<(S, String), Wrong> {
    if let Some(one) = bad.first() {
        return Err(Wrong::parameter(&one.name, format!("“{}” is not {}", one.value, one.problem)));
    }
    let function = function.ok_or_else(|| Wrong::parameter("fn", "is missing: name a function".to_owned()))?.clone();
    Ok((state, function))
}

fn evidence(size: &FunctionSize) -> Value {
    let load = &size.load;
    json!({
        "region": load.region, "architecture": load.architecture.name(), "memory_mb": load.memory_mb,
        "invocations": load.invocations, "billed_ms": load.billed_ms, "cold_starts": load.cold_starts,
        "inits": load.inits, "init_ms": load.init_ms, "runtime": load.runtime, "reported": size.reported,
        "p50_ns": size.p50, "p95_ns": size.p95, "max_memory_mb": size.max_memory_mb,
        "cost_usd": size.cost.map(|usd| usd.to_string()),
        "per_million_usd": size.per_million().map(|usd| usd.to_string()),
        "first": Time(size.first), "last": Time(size.last), "is_enough": size.is_evidence(),
    })
}

fn break_even(at: BreakEven) -> Value {
    match at {
        BreakEven::BilledTime { ppm } => json!({ "billed_time_ppm": ppm }),
        BreakEven::AtWork { ppm } => json!({ "at_work_ppm": ppm }),
        BreakEven::Requests { a_month } => json!({ "requests_a_month": a_month }),
    }
}

fn choice(one: &what_if::Answered) -> Value {
    let month = one.answer.month.as_ref();
    let total = month.map(|cost| cost.total());
    let (lacks, remedy) = match (month, &total) {
        (Err(thin), _) => (Some(thin.lacks.clone()), Some(thin.remedy.clone())),
        (_, Ok(Err(unknown))) => (Some(unknown.to_string()), Some("import a price list that has it".to_owned())),
        _ => (None, None),
    };
    json!({
        "choice": one.name, "with": one.chosen,
        "month_usd": total.ok().and_then(Result::ok).map(|usd| usd.to_string()),
        "formula": month.ok().map(|cost| cost.formula()),
        "break_even": one.answer.break_even.map(break_even), "assumes": one.answer.assumes, "lacks": lacks, "remedy": remedy,
    })
}

pub async fn what_if(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query.clone(), &what_if::State::WORDS)?;
    let state = what_if::State::parse(&query.unwrap_or_default(), clock::now());
    let (bad, function) = (state.bad.clone(), state.function.clone());
    let (state, function) = strict(state, &bad, function.as_ref())?;
    let (sizes, book) = tokio::join!(site.store.function_sizes(asked.range, function.clone()), site.store.price_book());
    let (sizes, book) = (sizes?, book?);
    let choices: Vec<Value> = what_if::answers(&state, &sizes, &book).iter().map(choice).collect();
    answer(&json!({
        "range": Range::from(asked.range), "function": function, "evidence": sizes.first().map(evidence), "choices": choices,
    }))
}

pub async fn right_size(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query.clone(), &right_size::State::WORDS)?;
    let state = right_size::State::parse(&query.unwrap_or_default(), clock::now());
    let (bad, function) = (state.bad.clone(), state.function.clone());
    let (state, function) = strict(state, &bad, function.as_ref())?;
    let sizes = site.store.function_sizes(asked.range, function.clone()).await?;
    let found = judge(&sizes, state.slowest());
    let at = |at: usize| sizes.get(at).map(evidence);
    let verdict = match found {
        RightSize::Cheapest { at: best } => json!({ "verdict": "cheapest", "size": at(best) }),
        RightSize::NoneQuickEnough => json!({ "verdict": "none quick enough" }),
        RightSize::OneSize { at: one, try_mb } => json!({ "verdict": "one size", "size": at(one), "try_mb": try_mb }),
        RightSize::Thin { most } => json!({ "verdict": "too little evidence", "most_invocations": most }),
    };
    let sizes: Vec<Value> = sizes.iter().map(evidence).collect();
    answer(&json!({ "range": Range::from(asked.range), "function": function, "answer": verdict, "sizes": sizes }))
}
