//! The strip of numbers above the pages, and invocations over time as bars.

use coldlight_model::lambda::StartKind;
use coldlight_model::sampling::Sampled;
use coldlight_model::{InvocationGroup, Nanos, Spent, TimeRange};

use super::state::State;
use crate::chart::{Kpi, Spark};
use crate::format::{self, NOT_APPLICABLE};
use crate::formula::Formula;
use crate::moment::Zone;
use crate::range::{Range, span};

/// Slices of the charts.
pub const SLICES: u64 = 48;
const HEIGHT: f64 = 64.0;

/// The length of one slice of a range.
pub fn slice_of(range: TimeRange) -> Nanos {
    range.length().div_ceil(SLICES).max(1)
}

/// One group for each slice, in order; those in which nothing happened are empty.
pub fn slices(found: &[InvocationGroup]) -> Vec<InvocationGroup> {
    let mut all = vec![InvocationGroup::default(); SLICES as usize];
    for group in found {
        let at = group.name.as_deref().and_then(|name| name.parse::<usize>().ok());
        if let Some(slot) = at.and_then(|at| all.get_mut(at)) {
            slot.clone_from(group);
        }
    }
    all
}

fn course(slices: &[InvocationGroup], of: fn(&InvocationGroup) -> u64) -> Option<Spark> {
    Spark::new(&slices.iter().map(|slice| Some(of(slice) as f64)).collect::<Vec<_>>())
}

fn count(
    name: &'static str,
    label: &'static str,
    tone: &'static str,
    (all, slices): (&InvocationGroup, &[InvocationGroup]),
    of: fn(&InvocationGroup) -> u64,
) -> Kpi {
    let counted = of(all);
    Kpi {
        name,
        label,
        value: format::large_count(counted),
        aside: format::share(counted, all.count),
        tone: if counted > 0 { tone } else { "" },
        unit: "count",
        raw: counted,
        spark: course(slices, of),
        formula: None,
    }
}

/// What sampling left out, in words; nothing where it left out nothing.
pub fn partial(all: &InvocationGroup) -> Option<String> {
    let with = all.sampled.checked_add(all.left_out).filter(|_| all.sampled > 0 && all.left_out > 0)?;
    Some(format!(
        "Sampled 1 in {}: {} kept no report and stand for ≈ {} in all. Figures here are of what was kept.",
        (with + all.sampled / 2) / all.sampled,
        format::counted(all.sampled, "invocation", "invocations"),
        format::large_count(with)
    ))
}

/// What sampling left out of traces and of what they cost, in words; nothing where it left out nothing.
pub fn sampled(traces: Sampled, spent: &Spent) -> Option<String> {
    let mut said = Vec::new();
    if let Some(one_in) = traces.kept_one_in() {
        said.push(format!(
            "Sampled 1 in {one_in}: {} stand for ≈ {} in all.",
            format::counted(traces.kept, "trace", "traces"),
            format::large_count(traces.kept.saturating_add(traces.left_out))
        ));
    }
    if let (Some(one_in), Some(with)) = (spent.kept_one_in(), spent.total().checked_add(spent.left_out_usd)) {
        said.push(format!(
            "Of invocations without a report 1 in {one_in} was kept: what is {} here is ≈ {} with the others.",
            format::usd(spent.total()),
            format::usd(with)
        ));
    }
    if said.is_empty() {
        return None;
    }
    said.push("Figures here are of what was kept.".to_owned());
    Some(said.join(" "))
}

/// How many, how they did, what they cost and how much of that is reported.
pub fn kpis(all: &InvocationGroup, slices: &[InvocationGroup], state: &State) -> Vec<Kpi> {
    let both = (all, slices);
    let duration = |nanos: Option<Nanos>| nanos.map_or_else(|| NOT_APPLICABLE.to_owned(), format::duration);
    vec![
        Kpi { aside: String::new(), ..count("invocations", "Invocations", "", both, |group| group.count) },
        count("failed", "Failed", "c-fault", both, InvocationGroup::failed),
        count("cold", "Cold starts", "c-cold", both, InvocationGroup::cold),
        Kpi {
            name: "duration",
            label: "Duration p95",
            value: duration(all.duration.p95),
            aside: all.duration.p50.map(|p50| format!("p50 {}", format::duration(p50))).unwrap_or_default(),
            tone: "",
            unit: "ns",
            raw: all.duration.p95.unwrap_or(0),
            spark: None,
            formula: None,
        },
        cost(all, state),
    ]
}

/// What all cost; what has no price is said beside it.
fn cost(all: &InvocationGroup, state: &State) -> Kpi {
    let money = &all.money;
    let priced = all.count.saturating_sub(money.unpriced);
    let reported = format!("{} reported", format::usd_share(money.reported, money.total));
    let aside = match (priced, money.unpriced) {
        (0, _) => String::new(),
        (_, 0) => reported,
        (_, none) => format!("{reported}, {} not priced", format::large_count(none)),
    };
    let picos = u64::try_from(money.total.attos() / 1_000_000).unwrap_or(u64::MAX);
    Kpi {
        name: "cost",
        label: "List price of all",
        value: NOT_APPLICABLE.to_owned(),
        aside,
        tone: "",
        unit: "picos",
        raw: picos,
        spark: None,
        formula: (all.count > 0).then(|| Formula::of_group(all, state.dearest("")).with_each()),
    }
}

/// Whether the inits of a group's cold starts were told of at all: one that nobody reported is not free.
fn knows_inits(group: &InvocationGroup) -> bool {
    group.cold() == 0 || group.init.p50.is_some()
}

/// What inits cost; `None` where nobody knows.
pub fn paid_for_inits(group: &InvocationGroup, every: String) -> Option<Formula> {
    knows_inits(group).then(|| Formula::of_inits(group, every))
}

/// The strip of the page about cold starts.
pub fn cold_kpis(all: &InvocationGroup, slices: &[InvocationGroup], state: &State) -> Vec<Kpi> {
    let both = (all, slices);
    let ahead =
        [("proactive", StartKind::Proactive), ("provisioned", StartKind::Provisioned), ("managed", StartKind::Managed)];
    let told = ahead.into_iter().filter(|(_, kind)| all.started(*kind) > 0);
    let told: Vec<String> =
        told.map(|(word, kind)| format!("{word} {}", format::large_count(all.started(kind)))).collect();
    vec![
        count("cold", "Cold starts", "c-cold", both, InvocationGroup::cold),
        count("felt", "Felt by a caller", "c-cold", both, felt),
        Kpi {
            aside: told.join(", "),
            ..count("unfelt", "Ahead of need", "", both, |group| {
                let kinds = [StartKind::Proactive, StartKind::Provisioned, StartKind::Managed];
                kinds.into_iter().map(|kind| group.started(kind)).sum()
            })
        },
        Kpi {
            name: "init",
            label: "Init or restore p95",
            value: all.init.p95.map_or_else(|| NOT_APPLICABLE.to_owned(), format::duration),
            aside: all.init.p50.map(|p50| format!("p50 {}", format::duration(p50))).unwrap_or_default(),
            tone: "",
            unit: "ns",
            raw: all.init.p95.unwrap_or(0),
            spark: None,
            formula: None,
        },
        Kpi {
            name: "init-cost",
            label: "Paid for inits",
            value: "unknown".to_owned(),
            aside: if knows_inits(all) {
                format!("{} of all", format::usd_share(all.money.init, all.money.total))
            } else {
                "no init reported".to_owned()
            },
            tone: "",
            unit: "picos",
            raw: u64::try_from(all.money.init.attos() / 1_000_000).unwrap_or(u64::MAX),
            spark: None,
            formula: paid_for_inits(all, state.dearest("cold:true")),
        },
    ]
}

fn felt(group: &InvocationGroup) -> u64 {
    let kinds = [StartKind::Felt, StartKind::Suppressed, StartKind::Restored];
    kinds.into_iter().map(|kind| group.started(kind)).sum()
}

/// What the bars are stacked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stacked {
    Outcomes,
    Starts,
}

/// Bars over time, each a link to its slice. `invocations/chart.html` draws them.
pub struct Chart {
    pub title: &'static str,
    /// Class of the fill and label.
    pub kinds: Vec<(&'static str, &'static str)>,
    pub bars: Vec<Bar>,
    pub most: String,
    pub summary: String,
    /// In percent from the left, and words.
    pub labels: Vec<(String, String)>,
    pub marks: Vec<DeployMark>,
}

/// Where a version began, over a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployMark {
    /// In percent from the left.
    pub at: String,
    /// Left out where another stands too near.
    pub label: Option<String>,
}

pub struct Bar {
    pub href: String,
    pub x: String,
    pub span: String,
    pub words: String,
    pub counts: Vec<String>,
    pub parts: Vec<Block>,
}

pub struct Block {
    pub kind: &'static str,
    pub y: String,
    pub height: String,
}

/// `None` where nothing happened.
pub fn chart(slices: &[InvocationGroup], state: &State, zone: &Zone, of: Stacked) -> Option<Chart> {
    let kinds: Vec<(&'static str, &'static str)> = match of {
        Stacked::Outcomes => vec![("ok", "ok"), ("fault", "failed")],
        Stacked::Starts => vec![("ok", "warm"), ("unsaid", "nobody said"), ("cold", "cold")],
    };
    let counts = |group: &InvocationGroup| match of {
        Stacked::Outcomes => vec![group.count - group.failed().min(group.count), group.failed()],
        Stacked::Starts => vec![group.started(StartKind::Warm), group.start_unknown(), group.cold()],
    };
    let (tallest, all) = (slices.iter().map(|one| one.count).max()?, slices.iter().map(|one| one.count).sum::<u64>());
    if tallest == 0 {
        return None;
    }
    let range = state.range();
    let length = slice_of(range);
    let bar = |(at, group): (usize, &InvocationGroup)| {
        let from = range.from.plus(length * at as u64);
        let slice = TimeRange { from, to: from.plus(length) };
        let counts = counts(group);
        let mut above = HEIGHT;
        let mut parts = Vec::new();
        for (counted, (kind, _)) in counts.iter().zip(&kinds).filter(|(counted, _)| **counted > 0) {
            let height = (*counted as f64 / tallest as f64 * (HEIGHT - 4.0)).max(1.0);
            above -= height;
            parts.push(Block { kind, y: format::number(above), height: format::number(height) });
        }
        let said: Vec<String> = counts
            .iter()
            .zip(&kinds)
            .map(|(counted, (_, label))| format!("{} {label}", format::count(*counted)))
            .collect();
        let span = span(slice, zone);
        Bar {
            href: state.at_range(Range::Between(slice)).link().to_string(),
            x: at.to_string(),
            words: format!("{span}: {}", said.join(", ")),
            span,
            counts: counts.into_iter().map(format::count).collect(),
            parts,
        }
    };
    Some(Chart {
        title: match of {
            Stacked::Outcomes => "Invocations over time",
            Stacked::Starts => "Starts over time",
        },
        bars: slices.iter().enumerate().map(bar).collect(),
        most: format::large_count(tallest),
        summary: format!("{} invocations; the highest bar is {}.", format::count(all), format::count(tallest)),
        labels: labels(range, zone),
        marks: Vec::new(),
        kinds,
    })
}

/// Four times under a chart: in percent from the left, and words.
pub fn labels(range: TimeRange, zone: &Zone) -> Vec<(String, String)> {
    let label = |at: u64| {
        let time = range.from.plus(range.length() / 4 * at);
        ((at * 25).to_string(), zone.tick(time, range.length() / 4, range))
    };
    (0..4).map(label).collect()
}
