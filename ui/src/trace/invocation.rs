//! The invocation behind a span: its life as a strip, what it used, what it cost. `trace/invocation.html` arranges it.

use coldlight_model::{InvocationSummary, Nanos, TraceSpan};

use crate::format;
use crate::invocations::cost::{CostView, cost};
use crate::invocations::row::{how, memory, outcome};
use crate::invocations::state::function_path;

/// Everything the panel says of one invocation.
pub struct InvocationPanel {
    pub phases: Vec<Phase>,
    /// The strip in a sentence.
    pub summary: String,
    pub billed: String,
    /// Name, value, and what it means.
    pub facts: Vec<(&'static str, String, &'static str)>,
    pub outcome: (&'static str, &'static str),
    pub function: (String, String),
    pub cost: CostView,
    pub per_million: Option<String>,
}

/// A part of the strip.
pub struct Phase {
    /// Class of the fill.
    pub kind: &'static str,
    pub label: &'static str,
    pub took: String,
    /// For a custom property; the strip shares its room by these.
    pub width: String,
}

/// One invocation in the list beside a whole trace.
pub struct InvocationLine {
    pub name: String,
    pub href: String,
    pub how: &'static str,
    pub cost: String,
    pub state: &'static str,
}

/// What all invocations of a trace cost together.
pub struct TraceCost {
    pub lines: Vec<InvocationLine>,
    pub total: String,
    /// What the sum leaves out, or how much of it is reported.
    pub note: String,
}

/// The one that `span` is of.
pub fn of<'a>(invocations: &'a [InvocationSummary], span: &TraceSpan) -> Option<&'a InvocationSummary> {
    invocations.iter().find(|one| one.span_id == Some(span.span_id))
}

/// The phases as far as they are known: an init before, then the duration's own parts.
fn phases(one: &InvocationSummary) -> Vec<Phase> {
    let after = one.runtime_overhead.unwrap_or(0).saturating_add(one.extension_overhead.unwrap_or(0));
    let suppressed = one.suppressed_init.unwrap_or(0);
    let run = one.duration.map(|duration| duration.saturating_sub(after).saturating_sub(suppressed));
    let phase = |kind, label, took: Option<Nanos>| {
        let took = took.filter(|took| *took > 0)?;
        Some(Phase { kind, label, took: format::duration(took), width: format::number(took as f64 / 1e6) })
    };
    [
        phase("cold", "Init", one.init),
        phase("cold", "Restore", one.restore),
        phase("cold", "Init inside", one.suppressed_init),
        phase("own", "Run", run),
        phase("wait", "Runtime after", one.runtime_overhead),
        phase("wait", "Extensions", one.extension_overhead),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub fn panel(one: &InvocationSummary) -> InvocationPanel {
    let phases = phases(one);
    let said: Vec<String> = phases.iter().map(|phase| format!("{} {}", phase.label, phase.took)).collect();
    let started = how(one);
    let nanos = |value: Option<Nanos>| value.map_or_else(|| "unknown".to_owned(), format::duration);
    let mut facts = vec![
        ("Started", one.start.map_or("unknown", |kind| kind.name()).to_owned(), started.map_or("", |how| how.meaning)),
        ("Caller waited for it", nanos(one.felt_wait), ""),
        ("Memory used", memory(one.max_memory_mb, one.memory_mb), ""),
    ];
    if one.response_latency.is_some() {
        facts.push(("First byte after", nanos(one.response_latency), ""));
    }
    for (name, value) in [("Version", &one.version), ("Trigger", &one.trigger), ("Tenant", &one.tenant)] {
        if let Some(value) = value {
            facts.push((name, crate::text::cut(value, 80), ""));
        }
    }
    InvocationPanel {
        summary: said.join(", "),
        phases,
        billed: one
            .billed_ms
            .map_or_else(|| "billed time unknown".to_owned(), |ms| format!("billed {} ms", format::count(ms))),
        facts,
        outcome: outcome(one.outcome),
        function: (crate::text::named(one.function_name(), 80), function_path(one.function_name())),
        per_million: one.cost.total.and_then(|total| format::per_million(total, 1)).map(format::usd),
        cost: cost(one),
    }
}

/// Invocations listed; more are only counted and summed.
const MOST: usize = 20;

/// `None` where a trace has no invocation.
pub fn of_trace(invocations: &[InvocationSummary], trace: coldlight_model::TraceId) -> Option<TraceCost> {
    use coldlight_model::lambda::CostState;
    use coldlight_model::money::Usd;
    if invocations.is_empty() {
        return None;
    }
    let line = |one: &InvocationSummary| InvocationLine {
        name: crate::text::named(one.function_name(), 60),
        href: one
            .span_id
            .map_or_else(|| function_path(one.function_name()), |span| format!("/traces/{trace}?span={span}")),
        how: one.start.filter(|kind| kind.is_cold()).map_or("", |kind| kind.name()),
        cost: one.cost.total.map_or_else(|| "not priced".to_owned(), format::usd),
        state: one.cost_state.name(),
    };
    let priced = || invocations.iter().filter(|one| one.cost.total.is_some());
    let sum = |state: Option<CostState>| {
        let of = priced().filter(|one| state.is_none_or(|state| one.cost_state == state));
        Usd::sum(of.filter_map(|one| one.cost.total))
    };
    let (total, reported) = (sum(None), sum(Some(CostState::Reported)).unwrap_or_default());
    let (count, unpriced) = (invocations.len(), invocations.len() - priced().count());
    let total_shown = match total {
        Some(_) if unpriced == count => "not priced".to_owned(),
        Some(total) => format::usd(total),
        None => "too large to tell".to_owned(),
    };
    let mut note = vec![format!("{} of it reported", format::usd_share(reported, total.unwrap_or_default()))];
    if unpriced > 0 {
        note.push(format!("{unpriced} of {count} not priced"));
    }
    note.push("only Lambda is priced, at its list price".to_owned());
    Some(TraceCost {
        lines: invocations.iter().take(MOST).map(line).collect(),
        total: total_shown,
        note: format!("{}.", note.join("; ")),
    })
}
