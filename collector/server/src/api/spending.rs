//! `GET /api/v1/spending`: what invocations and containers cost, by group.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use coldlight_model::money::Usd;
use coldlight_model::{OwnCost, Spending, SpendingBy, SpendingGroup, Spent};
use coldlight_store::SpendingSearch;
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::invocations::filter;
use super::{Answer, Asked, answer, json_text};
use crate::site::Site;
use crate::wrong::Wrong;

/// Steps of the answer: an hour each, or a day in ranges over a week.
const HOUR: u64 = 3_600_000_000_000;

pub async fn spending(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["group", "f", "cmp", "format"])?;
    let by = match asked.query.get("group") {
        None => SpendingBy::default(),
        Some(name) => SpendingBy::from_name(name)
            .ok_or_else(|| Wrong::parameter("group", format!("“{name}” is not one of {}", SpendingBy::choices())))?,
    };
    let compare = match asked.query.get("cmp") {
        None | Some("prev") => true,
        Some("none") => false,
        Some(other) => return Err(Wrong::parameter("cmp", format!("“{other}” is not one of prev, none"))),
    };
    let step = if asked.range.length() > 7 * 24 * HOUR { 24 * HOUR } else { HOUR };
    let search =
        SpendingSearch { range: asked.range.whole_minutes(), step, first: 0, by, filter: filter(&asked)?, compare };
    let spending = site.store.spending(search).await?;
    match asked.query.get("format") {
        None | Some("json") => answer(&view(&spending)),
        Some("csv") => {
            let mut response = json_text(csv(&spending));
            let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            let name = HeaderValue::from_static("attachment; filename=\"cost.csv\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            Ok(response)
        }
        Some(format) => Err(Wrong::parameter("format", format!("“{format}” is not one of json, csv"))),
    }
}

/// Money as decimal text: a JSON number would be rounded by whoever reads it.
fn usd(amount: Usd) -> Value {
    Value::String(amount.to_string())
}

/// Counts, the sum and its parts.
pub(super) fn spent(spent: &Spent) -> Value {
    json!({
        "invocations": spent.invocations, "failed": spent.failed, "cold_starts": spent.cold, "unpriced": spent.unpriced,
        "container_requests": spent.container_requests, "unpriced_container_requests": spent.unpriced_requests,
        "unpriced_tasks": spent.unpriced_tasks, "unpriced_calls": spent.unpriced_calls,
        "cost_usd": usd(spent.total()),
        "parts": {
            "own_usd": usd(spent.own), "waiting_usd": usd(spent.waiting), "requests_usd": usd(spent.requests),
            "init_usd": usd(spent.init), "extensions_usd": usd(spent.flush),
            "ephemeral_storage_usd": usd(spent.storage), "streamed_response_usd": usd(spent.streamed), "snapstart_restore_usd": usd(spent.restore),
            "calls_usd": usd(spent.calls),
            "containers_busy_usd": usd(spent.busy), "containers_idle_usd": usd(spent.idle),
            "containers_usd": usd(spent.tasks),
        },
        "sampling": {
            "sampled": spent.sampled, "left_out_invocations": spent.left_out, "left_out_usd": usd(spent.left_out_usd),
        },
        "in_failed_usd": usd(spent.in_failed), "reported_usd": usd(spent.reported),
    })
}

fn group(group: &SpendingGroup) -> Value {
    let mut value = spent(&group.spent);
    if let Value::Object(map) = &mut value {
        map.insert("name".to_owned(), group.name.clone().map_or(Value::Null, Value::String));
        map.insert("previous_usd".to_owned(), usd(group.previous));
        map.insert("on_arm64_usd".to_owned(), group.on_arm64.map_or(Value::Null, usd));
        map.insert("architecture".to_owned(), group.architecture.clone().map_or(Value::Null, Value::String));
    }
    value
}

fn view(spending: &Spending) -> Value {
    json!({
        "group": spending.by.name(),
        "total": spent(&spending.total),
        "minutes_computed_anew": spending.anew,
        "previous": spent(&spending.previous),
        "groups": spending.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

/// `GET /api/v1/traces/{id}/cost`: one trace with everything it set going.
pub async fn trace_cost(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer {
    let cost = site.store.trace_cost(super::trace_id(&id)?).await?;
    let own = |own: &OwnCost| {
        json!({
            "functions_usd": usd(own.functions), "containers_usd": usd(own.containers), "calls_usd": usd(own.calls),
            "cost_usd": usd(own.total()), "unpriced": own.unpriced,
        })
    };
    let downstream: Vec<Value> = cost
        .downstream
        .iter()
        .map(|one| {
            json!({
                "trace_id": one.trace.to_hex(), "service": one.service, "own": own(&one.own), "part_usd": usd(one.part),
                "links": one.links, "of_links": one.of,
            })
        })
        .collect();
    answer(&json!({
        "cost_usd": usd(cost.total()), "own": own(&cost.own), "downstream": downstream, "cut_off": cost.cut_off,
    }))
}

fn csv(spending: &Spending) -> String {
    let mut text = format!(
        "\"{}\",invocations,failed,cold_starts,unpriced,cost_usd,own_usd,waiting_usd,requests_usd,init_usd,extensions_usd,snapstart_restore_usd,previous_usd,container_requests,unpriced_container_requests,containers_busy_usd,containers_idle_usd,calls_usd,unpriced_calls,ephemeral_storage_usd,streamed_response_usd\r\n",
        spending.by.name().replace('"', "\"\"")
    );
    for group in &spending.groups {
        let spent = &group.spent;
        let name = group.name.as_deref().unwrap_or_default();
        // Spreadsheets run what begins like a formula.
        let quote = if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        text.push_str(&format!(
            "\"{quote}{}\",{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            name.replace('"', "\"\""),
            spent.invocations,
            spent.failed,
            spent.cold,
            spent.unpriced,
            spent.total(),
            spent.own,
            spent.waiting,
            spent.requests,
            spent.init,
            spent.flush,
            spent.restore,
            group.previous,
            spent.container_requests,
            spent.unpriced_requests,
            spent.busy,
            spent.idle,
            spent.calls,
            spent.unpriced_calls,
            spent.storage,
            spent.streamed
        ));
    }
    text
}
