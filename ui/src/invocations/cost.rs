//! The cost of one invocation: what is shown, and behind a click how it came to be, with the prices used.

use coldlight_model::InvocationSummary;
use coldlight_model::lambda::CostState;
use coldlight_model::money::{Cost, Layer, Price};

use crate::format::{per_million, usd, usd_cents};
use crate::text;

/// A cost and its arithmetic.
pub struct CostView {
    /// `$0.0000021`, or `not priced`.
    pub shown: String,
    /// Of a million like it, `$2.10`: in a table decimals stand below each other.
    pub per_million: String,
    /// Exact, in USD, for programs.
    pub exact: Option<String>,
    /// `reported`, `estimated` or `inferred`.
    pub state: &'static str,
    pub state_means: &'static str,
    pub parts: Vec<PartView>,
    /// Who says so, and from when.
    pub prices: Vec<String>,
    /// Why there is no sum.
    pub unknown: Option<String>,
}

/// One part: what it is for, its arithmetic, and what it comes to.
pub struct PartView {
    pub name: &'static str,
    pub formula: String,
    pub usd: String,
}

/// What the word says about the billed time.
pub fn state_means(state: CostState) -> &'static str {
    match state {
        CostState::Reported => "Lambda reported what it bills.",
        CostState::Estimated => "Computed from the span: no report came.",
        CostState::Inferred => "No report and no whole span: the billed time is not known.",
    }
}

pub fn cost(one: &InvocationSummary) -> CostView {
    let explained = one.cost.explained.as_ref();
    let unknown = match (one.cost.total, explained.map(Cost::total)) {
        (Some(_), _) => None,
        (None, Some(Err(unknown))) => Some(unknown.to_string()),
        (None, _) if one.region.is_none() => Some("the region is not known".to_owned()),
        (None, _) if one.memory_mb.is_none() => Some("the memory size is not known".to_owned()),
        (None, _) => Some("no price is known for it".to_owned()),
    };
    CostView {
        shown: one.cost.total.map_or_else(|| "not priced".to_owned(), usd),
        per_million: (one.cost.total.and_then(|total| per_million(total, 1)))
            .map_or_else(|| "not priced".to_owned(), usd_cents),
        exact: one.cost.total.map(|total| total.to_string()),
        state: one.cost_state.name(),
        state_means: state_means(one.cost_state),
        parts: explained.map(parts).unwrap_or_default(),
        prices: explained.map(|cost| prices(&cost.prices(), one)).unwrap_or_default(),
        unknown,
    }
}

fn parts(cost: &Cost) -> Vec<PartView> {
    let part = |part: &coldlight_model::money::Part| PartView {
        name: match part.name {
            "requests" => "Requests",
            "duration" => "Duration",
            "ephemeral_storage" => "/tmp storage",
            "streamed_response" => "Streamed response",
            "snapstart_restore" => "Restore",
            other => other,
        },
        formula: text::cut(&part.formula, 200),
        usd: part.usd.as_ref().map_or_else(|_| "unknown".to_owned(), |exact| usd(*exact)),
    };
    cost.parts.iter().map(part).collect()
}

/// `duration in eu-west-1 on arm64, always so far, built in: …`.
fn prices(prices: &[&Price], one: &InvocationSummary) -> Vec<String> {
    let says = |price: &&Price| {
        let since = price.effective.map_or_else(|| "no date given".to_owned(), |day| format!("since {day}"));
        let layer = if price.layer == Layer::BuiltIn { "built in" } else { price.layer.name() };
        format!("{}, {since}, {layer}: {}", price.subject(), text::cut(&price.source, 120))
    };
    let mut lines: Vec<String> = prices.iter().map(says).collect();
    if one.architecture.is_none() {
        lines.push("The processor is not known; x86_64, AWS's default, is priced.".to_owned());
    }
    lines
}
