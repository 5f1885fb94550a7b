//! One row a group: size, cost, how it splits, what changed, what would be cheaper.

use coldlight_model::money::Usd;
use coldlight_model::{Spending, SpendingBy, SpendingGroup, filter};

use super::{State, change, parts, pico};
use crate::chart::{Spark, Split};
use crate::format::{NOT_APPLICABLE, count, large_count, per_million, usd, usd_millionth, usd_share};
use crate::palette::Palette;
use crate::query::Link;

/// From this share of waiting on it is the first thing to look at.
const MUCH_WAITING_PERCENT: u128 = 60;
/// And from this share of idle.
const MUCH_IDLE_PERCENT: u128 = 50;
/// Rows of a page: with chart and parts above, more would make it heavy.
const ROWS: usize = 25;

/// The rows of one page, and the pages beside it.
pub(super) struct Page {
    pub rows: Vec<Row>,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// `rows 26 to 50 of 112`, where there is more than one page.
    pub position: Option<String>,
}

pub(super) struct Row {
    pub name: String,
    pub class: String,
    /// Its invocations.
    pub href: Option<String>,
    pub size: String,
    pub invocations: String,
    pub cost: String,
    /// Its parts, one click away.
    pub arithmetic: String,
    pub exact: String,
    /// Estimated with what sampling left out; empty where it left out nothing.
    pub with_left_out: String,
    pub calls: String,
    pub share: String,
    pub per_million: String,
    pub split: Split,
    pub change: String,
    pub spark: Option<Spark>,
    pub advice: Option<Advice>,
}

pub(super) struct Advice {
    pub text: String,
    pub href: Option<String>,
}

pub(super) fn page(spending: &Spending, state: &State, palette: &Palette) -> Page {
    let (total, all) = (spending.total.total(), spending.groups.len());
    let first = (state.first_row as usize).min(all.saturating_sub(1)) / ROWS * ROWS;
    let last = (first + ROWS).min(all);
    let shown = spending.groups.iter().take(last).skip(first);
    let beside = |first: usize| state.from_row(first).link().to_string();
    Page {
        rows: shown.map(|group| row(group, total, &spending.by, state, palette)).collect(),
        previous: (first > 0).then(|| beside(first - ROWS)),
        next: (last < all).then(|| beside(last)),
        position: (all > ROWS).then(|| format!("rows {} to {last} of {all}", first + 1)),
    }
}

fn row(group: &SpendingGroup, total: Usd, by: &SpendingBy, state: &State, palette: &Palette) -> Row {
    let spent = &group.spent;
    let cost = spent.total();
    let name = group.name.clone().unwrap_or_else(|| match by {
        SpendingBy::Attribute(name) => format!("(without {name})"),
        _ => "(not said)".to_owned(),
    });
    let evidence = group.name.as_deref().and_then(|value| evidence(by, value, state));
    Row {
        class: group.name.as_deref().map_or_else(|| "s-none".to_owned(), |name| palette.class(name)),
        href: evidence.clone(),
        size: size(group),
        invocations: count(spent.served()),
        cost: if cost == Usd::ZERO && spent.priced() == 0 { "not priced".to_owned() } else { usd(cost) },
        arithmetic: parts::arithmetic(spent),
        exact: format!("${cost}"),
        with_left_out: match cost.checked_add(spent.left_out_usd) {
            Some(with) if spent.left_out > 0 => usd(with),
            _ => String::new(),
        },
        calls: if spent.calls == Usd::ZERO { "–".to_owned() } else { usd(spent.calls) },
        share: if total == Usd::ZERO { "–".to_owned() } else { usd_share(cost, total) },
        per_million: per_million(cost, spent.priced()).map_or_else(|| NOT_APPLICABLE.to_owned(), usd_millionth),
        split: Split::new(spent),
        change: Some(change(cost, group.previous))
            .filter(|change| !change.is_empty())
            .unwrap_or_else(|| NOT_APPLICABLE.to_owned()),
        spark: Spark::new(&group.steps.iter().map(|step| Some(pico(*step) as f64)).collect::<Vec<_>>()),
        advice: advice(group, evidence, state),
        name,
    }
}

/// What shows a group's invocations: their list with its word, or the traces where only traces know the word.
fn evidence(by: &SpendingBy, value: &str, state: &State) -> Option<String> {
    // A name of ours, such as `(idle containers)`.
    if value.is_empty() || value.starts_with('(') {
        return None;
    }
    let field = match by {
        SpendingBy::Service => return traces(&filter::word("service", value), state),
        SpendingBy::Attribute(name) if !name.contains([':', '<', '>', '=', ' ', '"']) => {
            return traces(&filter::word(&format!("attr.{name}"), value), state);
        }
        SpendingBy::Function => "function",
        SpendingBy::Version => "version",
        SpendingBy::Tenant => "tenant",
        SpendingBy::Route => "route",
        SpendingBy::Environment => "environment",
        _ => return None,
    };
    let line = state.line_with(field, value);
    Some(Link::to("/invocations").with_all(&state.range.pairs()).with("f", line).to_string())
}

fn traces(word: &str, state: &State) -> Option<String> {
    Some(Link::to("/traces").with_all(&state.range.pairs()).with("f", word).to_string())
}

fn size(group: &SpendingGroup) -> String {
    let memory = match group.memory_mb {
        Some((one, other)) if one == other => format!("{} MB", large_count(one)),
        Some((least, most)) => format!("{} to {} MB", large_count(least), large_count(most)),
        None => return "–".to_owned(),
    };
    match group.architecture.as_deref() {
        Some("x86_64") => format!("{memory} x86"),
        Some(architecture) => format!("{memory} {architecture}"),
        None => memory,
    }
}

/// The cheapest next step that the figures prove; nothing where they do not.
fn advice(group: &SpendingGroup, traces: Option<String>, state: &State) -> Option<Advice> {
    let cost = group.spent.total();
    let waiting = group.spent.waiting;
    let waits_much = cost > Usd::ZERO
        && waiting.times(100, 1).is_some_and(|hundredfold| Some(hundredfold) > cost.times(MUCH_WAITING_PERCENT, 1));
    if waits_much {
        return Some(Advice { text: format!("{} is waiting: see calls", usd_share(waiting, cost)), href: traces });
    }
    let idle = group.spent.idle;
    if idle.times(100, 1).is_some_and(|hundredfold| Some(hundredfold) > cost.times(MUCH_IDLE_PERCENT, 1)) {
        let text = format!("{} is idle: fewer or smaller tasks", usd_share(idle, cost));
        return Some(Advice { text, href: Some(Link::to("/containers").with_all(&state.range.pairs()).to_string()) });
    }
    let saved = group.on_arm64.and_then(|on_arm64| cost.checked_sub(on_arm64)).filter(|saved| *saved > Usd::ZERO)?;
    Some(Advice { text: format!("arm64: −{} at the same speed", usd_share(saved, cost)), href: None })
}
