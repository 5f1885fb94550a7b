//! `GET /api/v1/compare`: two traces aligned by path.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use coldlight_ui::compare::align::{Cell, Pair, Side, align};
use coldlight_ui::query::Query;
use serde_json::{Value, json};

use super::views::Time;
use super::{Answer, answer};
use crate::routes::given;
use crate::site::Site;
use crate::wrong::Wrong;

pub async fn compare(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::parse(&query.unwrap_or_default());
    if let Some(one) = query.unknown(&["a", "b"]).first() {
        return Err(Wrong::parameter(&one.name, format!("“{}” is not known here; there are a, b", one.name)));
    }
    let id = |name: &str| {
        let sent = query.get(name).unwrap_or_default();
        coldlight_model::TraceId::from_hex(&sent.to_lowercase()).ok_or_else(|| {
            Wrong::parameter(
                name,
                format!("“{}” is not a trace id of 32 hexadecimal digits", coldlight_ui::text::cut(sent, 80)),
            )
        })
    };
    let (a, b) = (id("a")?, id("b")?);
    let (first, second) = tokio::join!(given(&site, a), given(&site, b));
    let first = first?.ok_or_else(|| Wrong::no_such_trace(a, Vec::new()))?;
    let second = second?.ok_or_else(|| Wrong::no_such_trace(b, Vec::new()))?;
    // A large trace takes a while; other requests should not wait for it.
    let value = tokio::task::spawn_blocking(move || {
        let (a, b) = (first.side(), second.side());
        let rows: Vec<Value> = align(&a, &b).iter().map(row).collect();
        json!({ "a": side(&a), "b": side(&b), "rows": rows })
    });
    answer(&value.await.map_err(|error| Wrong::internal("these traces cannot be compared", &error))?)
}

fn side(side: &Side) -> Value {
    json!({
        "trace_id": side.trace.trace_id.to_hex(),
        "started_at": Time(side.trace.start()),
        "service": side.root().map(|root| &root.service),
        "operation": side.root().map(|root| &root.name),
        "response_ns": side.response(),
        "completed_ns": side.trace.length(),
        "spans": side.trace.spans.len(),
        "cold_starts": side.cold(),
        "version": side.version(),
        // Decimal text: a JSON number would be rounded by whoever reads it.
        "cost_usd": side.total().map(|total| total.to_string()),
    })
}

fn row(pair: &Pair) -> Value {
    json!({
        "level": pair.level,
        "service": pair.service,
        "operation": pair.operation,
        "nth": pair.nth,
        "a": pair.a.as_ref().map(cell),
        "b": pair.b.as_ref().map(cell),
        "more_ns": pair.more(),
        "more_self_ns": pair.more_own(),
    })
}

fn cell(cell: &Cell) -> Value {
    json!({
        "span_id": cell.span.to_hex(),
        "count": cell.count,
        "duration_ns": cell.duration,
        "self_ns": cell.own,
        "outcome": cell.outcome.name(),
        "cost_usd": cell.cost.map(|cost| cost.to_string()),
    })
}
