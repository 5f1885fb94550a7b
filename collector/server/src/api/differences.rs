//! What is different between two sets of spans.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use coldlight_model::{Contrast, Difference, Fact, Filter, Is, Side, Weight};
use coldlight_ui::traces::part;
use serde_json::{Value, json};

use super::{Answer, Asked, answer, views};
use crate::site::Site;
use crate::wrong::Wrong;

pub async fn differences(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f", "box", "t0", "t1", "d0", "d1", "than", "rank"])?;
    let mut bad = Vec::new();
    let within = part::from_query(&asked.query, &mut bad);
    if let Some(one) = bad.first() {
        return Err(Wrong::parameter(&one.name, format!("“{}” is not {}", one.value, one.problem)));
    }
    let line = asked.query.get("than").unwrap_or_default();
    let than = Filter::parse(line);
    if let Some(problem) = than.problems.first() {
        return Err(Wrong::parameter("than", format!("“{}”: {}", problem.word, problem.message)));
    }
    let than = (!than.is_empty()).then_some(than);
    if within.is_none() && than.is_none() {
        return Err(Wrong::parameter(
            "box",
            "say what is compared: a part of the durations over time in `box`, or the other spans in `than`",
        ));
    }
    let contrast = Contrast { range: asked.range, filter: asked.filter()?, within, than, weight: weight(&asked)? };
    let weight = contrast.weight;
    let found = site.store.differences(contrast).await?;
    answer(&json!({
        "range": views::Range::from(asked.range),
        "rank": weight.name(),
        "inside": side(&found.inside),
        "outside": side(&found.outside),
        "few": found.is_few(),
        "differences": found.rows.iter().map(difference).collect::<Vec<_>>(),
        "attributes_left_out": found.unique,
    }))
}

fn weight(asked: &Asked) -> Result<Weight, Wrong> {
    let Some(name) = asked.query.get("rank").filter(|name| !name.is_empty()) else { return Ok(Weight::default()) };
    let names = Weight::ALL.map(Weight::name).join(", ");
    Weight::from_name(name).ok_or_else(|| Wrong::parameter("rank", format!("“{name}” is not one of {names}")))
}

fn side(side: &Side) -> Value {
    json!({
        "spans": side.spans,
        "sampled": side.sampled,
        // May be longer than a number of JSON is exact.
        "sampled_time_ns": side.time.to_string(),
        "sampled_cost_usd": side.cost.map(|cost| cost.to_string()),
    })
}

fn difference(row: &Difference) -> Value {
    let (value, above, up_to) = match &row.fact.is {
        Is::Value(value) => (Some(value.as_str()), None, None),
        Is::Number(op, at) if op.symbol().starts_with('>') => (None, Some(*at), None),
        Is::Number(_, at) => (None, None, Some(*at)),
    };
    json!({
        "field": row.fact.field,
        "value": value,
        "above": above,
        "up_to": up_to,
        "word": row.fact.word(),
        "inside_share": row.inside.share(),
        "outside_share": row.outside.share(),
        "inside_median": row.medians.map(|(inside, _)| inside),
        "outside_median": row.medians.map(|(_, outside)| outside),
        "values": row.values,
        "same_spans": row.same.iter().map(Fact::word).collect::<Vec<_>>(),
    })
}
