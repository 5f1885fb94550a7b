//! What a whole trace cost: its invocations one by one, containers, metered calls, and its part of the traces that follow from it.

use coldlight_model::lambda::CostState;
use coldlight_model::money::Usd;
use coldlight_model::{Downstream, InvocationSummary, TraceCost, TraceId};

use crate::format;
use crate::invocations::state::function_path;
use crate::text::named;

/// Lines of a kind; more are only counted and summed.
const MOST: usize = 20;

/// One line of the list beside a whole trace.
pub struct CostLine {
    pub name: String,
    pub href: String,
    /// How it started, or its share.
    pub how: String,
    pub cost: String,
    pub state: &'static str,
}

/// A trace with everything it set going.
pub struct TraceCostView {
    pub lines: Vec<CostLine>,
    pub total: String,
    /// Exact, in USD, for programs.
    pub exact: String,
    /// How the total came to be.
    pub formula: String,
    /// What the sum leaves out, or how much of it is reported.
    pub note: String,
}

/// `None` where nothing in a trace, nor below it, costs anything that we know of.
pub fn of_trace(invocations: &[InvocationSummary], whole: Option<&TraceCost>, trace: TraceId) -> Option<TraceCostView> {
    let priced = || invocations.iter().filter_map(|one| Some((one, one.cost.total?)));
    // The list may be cut short; what was summed is not.
    let listed = Usd::sum(priced().map(|(_, cost)| cost)).unwrap_or_default();
    let functions = whole.map_or(listed, |whole| whole.own.functions);
    let own = whole.map(|whole| whole.own).unwrap_or_default();
    let below: &[Downstream] = whole.map_or(&[], |whole| &whole.downstream);
    let of_below = Usd::sum(below.iter().map(|one| one.part)).unwrap_or_default();
    let (count, counted) = (invocations.len(), priced().count());
    let parts = [
        ("functions", functions),
        ("containers", own.containers),
        ("metered calls", own.calls),
        ("traces that follow", of_below),
    ];
    let total = Usd::sum(parts.iter().map(|(_, amount)| *amount)).unwrap_or_default();
    let unpriced = whole.map_or((count - counted) as u64, TraceCost::unpriced);
    if count == 0 && below.is_empty() && total == Usd::ZERO && unpriced == 0 {
        return None;
    }
    let mut lines: Vec<CostLine> = invocations.iter().take(MOST).map(|one| invocation(one, trace)).collect();
    for (name, amount, href) in [
        ("Containers, what its requests kept busy", own.containers, "/containers"),
        ("Messages and requests, as AWS meters them", own.calls, "/cost"),
    ] {
        if amount > Usd::ZERO {
            lines.push(CostLine {
                name: name.to_owned(),
                href: href.to_owned(),
                how: String::new(),
                cost: format::usd(amount),
                state: "estimated",
            });
        }
    }
    lines.extend(below.iter().take(MOST).map(downstream));
    let reported = priced().filter(|(one, _)| one.cost_state == CostState::Reported).map(|(_, cost)| cost);
    let reported = Usd::sum(reported).unwrap_or_default();
    let mut note = vec![format!("{} of it reported", format::usd_share(reported, total))];
    if unpriced > 0 {
        note.push(format!("{} not priced", format::large_count(unpriced)));
    }
    if whole.is_some_and(|whole| whole.cut_off) {
        note.push("more traces follow than are counted".to_owned());
    }
    note.push("a batch is split over the traces of its messages".to_owned());
    let sum: Vec<String> = parts
        .iter()
        .filter(|(_, amount)| *amount > Usd::ZERO)
        .map(|(name, amount)| format!("{name} ${amount}"))
        .collect();
    Some(TraceCostView {
        lines,
        total: if total == Usd::ZERO && unpriced > 0 { "not priced".to_owned() } else { format::usd(total) },
        exact: total.to_string(),
        formula: format!("{} = ${total}", if sum.is_empty() { "nothing".to_owned() } else { sum.join(" + ") }),
        note: format!("{}.", note.join("; ")),
    })
}

fn invocation(one: &InvocationSummary, trace: TraceId) -> CostLine {
    CostLine {
        name: named(one.function_name(), 60),
        href: one
            .span_id
            .map_or_else(|| function_path(one.function_name()), |span| format!("/traces/{trace}?span={span}")),
        how: one.start.filter(|kind| kind.is_cold()).map_or("", |kind| kind.name()).to_owned(),
        cost: one.cost.total.map_or_else(|| "not priced".to_owned(), format::usd),
        state: one.cost_state.name(),
    }
}

fn downstream(one: &Downstream) -> CostLine {
    CostLine {
        name: format!("follows: {}", named(&one.service, 60)),
        href: format!("/traces/{}", one.trace),
        how: if one.links == one.of {
            String::new()
        } else {
            format!("{} of {} links", format::large_count(one.links), format::large_count(one.of))
        },
        cost: if one.own.total() == Usd::ZERO && one.own.unpriced > 0 {
            "not priced".to_owned()
        } else {
            format::usd(one.part)
        },
        state: "",
    }
}
