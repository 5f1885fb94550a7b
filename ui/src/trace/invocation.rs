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
