//! Where the money goes, and what changed.                                   (ui/src/pages/cost.rs ↔ templates/cost.html)

mod chart;
mod table;

use askama::Template;
use coldlight_model::money::Usd;
use coldlight_model::{Nanos, Spending, SpendingBy, Spent, TimeRange, Timestamp};

use self::chart::{Chart, chart};
use self::table::{Row, rows};
use crate::chart::{Kpi, Spark};
use crate::format::{counted, large_count, per_million, share, usd, usd_share};
use crate::palette::Palette;
use crate::query::{BadParam, Link, Query};
use crate::range::{PARAMS, Picker, Preset, Range};
use crate::shell::{Chrome, Key, Section, Shell};

pub const PATH: &str = "/cost";

const MINUTE: Nanos = 60_000_000_000;
const HOUR: Nanos = 60 * MINUTE;
/// A month as AWS's own estimates count it.
const MONTH_HOURS: u64 = 730;
/// Bars of the chart: steps are chosen to give about this many.
const BARS: u64 = 24;

const KEYS: [Key; 1] = [("t", "range")];

/// What the address asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub range: Range,
    pub by: SpendingBy,
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let range = match query.get("range").or(query.get("from")).or(query.get("to")) {
            Some(_) => Range::from_query(&query, now, &mut bad),
            // Money is a matter of days.
            None => Range::Last(Preset::H24),
        };
        let choices = SpendingBy::ALL.map(|by| (by.name(), by));
        let by = query.choice("group", &choices, &mut bad).unwrap_or_default();
        bad.extend(query.unknown(&[&PARAMS[..], &["group", "f"]].concat()));
        Self { range, by, bad }
    }

    pub fn link(&self) -> Link {
        Link::to(PATH).with_all(&self.range.pairs()).with("group", self.by.name())
    }

    /// What the page speaks of: a range before now begins at a round step, so that bars are hours and days.
    pub fn range(&self, now: Timestamp) -> TimeRange {
        let range = self.range.resolve(now);
        let step = self.step(now);
        match self.range {
            Range::Last(_) => TimeRange { from: range.from.minus(range.from.nanos().unsigned_abs() % step), ..range },
            Range::Between(_) => range,
        }
    }

    /// How long a bar of the chart is.
    pub fn step(&self, now: Timestamp) -> Nanos {
        let length = self.range.resolve(now).length();
        let steps = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR];
        steps.into_iter().find(|step| length / step <= BARS + 6).unwrap_or(length.div_ceil(BARS).max(1))
    }
}

#[derive(Template)]
#[template(path = "cost.html")]
struct View {
    chrome: Chrome,
    picker: Picker,
    groupings: Vec<Switch>,
    kpis: Vec<Kpi>,
    chart: Chart,
    parts: Vec<Part>,
    in_failed: Part,
    rows: Vec<Row>,
    legend: [(&'static str, &'static str); 7],
    by: &'static str,
    phrase: String,
    notes: Vec<String>,
    total: String,
    is_empty: bool,
    csv: String,
    json: String,
    what_if: String,
    right_size: String,
}

struct Switch {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// One line of *where the money goes*.
struct Part {
    name: &'static str,
    label: &'static str,
    /// A class of its fill.
    fill: &'static str,
    /// Of the dearest part, in percent: the bar's width.
    width: String,
    value: String,
    share: String,
    /// How it is computed, one click away.
    formula: &'static str,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, spending: &Spending) -> String {
    let here = state.link();
    let names = spending.groups.iter().filter_map(|group| group.name.as_deref());
    let palette = Palette::of(names);
    super::render(&View {
        chrome: Chrome::new(shell, Section::Cost, "Cost", &here).bad(&state.bad).keys(&KEYS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        groupings: groupings(state),
        kpis: kpis(spending),
        chart: chart(spending, &palette, &shell.zone),
        parts: parts(&spending.total),
        in_failed: part(
            ("failed", "Of it, in failed calls", "fault"),
            spending.total.in_failed,
            spending.total.total(),
            spending.total.total(),
            "All parts of invocations that ended in an error, a timeout or out of memory, and what failed requests kept busy of containers.",
        ),
        rows: rows(spending, state, &palette),
        legend: [
            ("own", "own work"),
            ("waiting", "waiting"),
            ("init", "init"),
            ("requests", "requests"),
            ("flush", "extensions"),
            ("busy", "busy containers"),
            ("idle", "idle containers"),
        ],
        by: title(spending.by),
        what_if: Link::to(super::what_if::PATH).with_all(&state.range.pairs()).to_string(),
        right_size: super::right_size::link(&state.range, None).to_string(),
        phrase: state.range.phrase(),
        notes: notes(spending),
        total: spending.total.total().to_picodollars(),
        is_empty: spending.total.served() == 0
            && spending.total.total() == Usd::ZERO
            && spending.total.unpriced_tasks == 0,
        csv: Link::to("/api/v1/spending")
            .with_all(&state.range.pairs())
            .with("group", state.by.name())
            .with("format", "csv")
            .to_string(),
        json: Link::to("/api/v1/spending").with_all(&state.range.pairs()).with("group", state.by.name()).to_string(),
    })
}

fn title(by: SpendingBy) -> &'static str {
    match by {
        SpendingBy::Service => "Service",
        SpendingBy::Function => "Function",
        SpendingBy::Route => "Route",
        SpendingBy::Version => "Version",
        SpendingBy::Memory => "Memory",
        SpendingBy::Tenant => "Tenant",
        SpendingBy::Environment => "Environment",
    }
}

fn groupings(state: &State) -> Vec<Switch> {
    let switch = |by| Switch {
        label: title(by),
        href: State { by, bad: Vec::new(), ..state.clone() }.link().to_string(),
        is_current: by == state.by,
    };
    SpendingBy::ALL.into_iter().map(switch).collect()
}

/// Dollars for a `data-` attribute: whole 10⁻¹² USD.
fn pico(amount: Usd) -> u64 {
    u64::try_from(amount.attos() / 1_000_000).unwrap_or(0)
}

/// `▲ 10%`, against the time before; nothing where there was nothing.
fn change(now: Usd, before: Usd) -> String {
    if before == Usd::ZERO {
        return String::new();
    }
    let (glyph, by) = match now.checked_sub(before) {
        Some(more) if more > Usd::ZERO => ("▲", more),
        Some(less) if less < Usd::ZERO => ("▼", less),
        _ => return "as before".to_owned(),
    };
    format!("{glyph} {}", usd_share(by, before))
}

fn kpis(spending: &Spending) -> Vec<Kpi> {
    let spent = &spending.total;
    let total = spent.total();
    let kpi = |name, label, amount: Option<Usd>, aside: String, tone| Kpi {
        name,
        label,
        value: amount.map_or_else(|| "–".to_owned(), usd),
        aside,
        tone,
        unit: "pico",
        raw: amount.map_or(0, pico),
        spark: None,
    };
    let steps: Vec<Usd> = (0..spending.previous_steps.len())
        .map(|at| Usd::sum(spending.groups.iter().filter_map(|group| group.steps.get(at).copied())).unwrap_or_default())
        .collect();
    let course: Vec<Option<f64>> = steps.iter().map(|step| Some(pico(*step) as f64)).collect();
    let length = spending.range.length().max(1);
    let month = total.times(u128::from(MONTH_HOURS * HOUR), length.into());
    let of_total = |part: Usd| if total == Usd::ZERO { String::new() } else { usd_share(part, total) };
    let compared = change(total, spending.previous.total());
    let compared = if compared.is_empty() { compared } else { format!("{compared} on the time before") };
    vec![
        Kpi { spark: Spark::new(&course), ..kpi("total", "List cost", Some(total), compared, "") },
        kpi("month", "Month at this rate", month, format!("{MONTH_HOURS} h"), ""),
        kpi("million", "Per million requests", per_million(total, spent.priced()), served(spent), ""),
        kpi("waiting", "Paid for waiting", Some(spent.waiting), of_total(spent.waiting), ""),
        cold(spent, kpi),
        kpi(
            "failed",
            "Paid for failures",
            Some(spent.in_failed),
            of_total(spent.in_failed),
            if spent.failed > 0 { "c-fault" } else { "" },
        ),
    ]
}

fn served(spent: &Spent) -> String {
    let invocations = counted(spent.invocations, "invocation", "invocations");
    match spent.container_requests {
        0 => invocations,
        some => format!("{invocations}, {} to containers", large_count(some)),
    }
}

/// An init that nobody reported is not free: its cost is not known.
fn cold(spent: &Spent, kpi: impl Fn(&'static str, &'static str, Option<Usd>, String, &'static str) -> Kpi) -> Kpi {
    let starts = counted(spent.cold, "cold start", "cold starts");
    let reported = spent.cold == 0 || spent.init > Usd::ZERO;
    let aside = if reported { starts } else { format!("{starts}, no init reported") };
    kpi("cold", "Paid for cold starts", reported.then_some(spent.init), aside, "c-cold")
}

fn parts(spent: &Spent) -> Vec<Part> {
    let total = spent.total();
    let all = [
        (
            ("own", "Own work", "own"),
            spent.own,
            "Billed time less init, waiting and extensions × memory × price of a GB-second.",
        ),
        (
            ("waiting", "Waiting on calls", "waiting"),
            spent.waiting,
            "Billed time while at least one call of the invocation was under way, as its spans tell.",
        ),
        (
            ("requests", "Requests", "requests"),
            spent.requests,
            "One request an attempt × price of a request. Retries are attempts of their own.",
        ),
        (
            ("init", "Init (cold starts)", "init"),
            spent.init,
            "Init before the invocation, billed since 2025-08-01, × memory × price of a GB-second.",
        ),
        (
            ("flush", "Extensions", "flush"),
            spent.flush,
            "After the answer: extensionOverhead of the platform's report × memory × price of a GB-second.",
        ),
        (
            ("restore", "SnapStart restores", "restore"),
            spent.restore,
            "Memory × price of a restored GB, for runtimes other than Java.",
        ),
        (
            ("busy", "Containers, busy", "busy"),
            spent.busy,
            "Price of the task's second, shared at each instant by the requests open then. See Containers.",
        ),
        (
            ("idle", "Containers, idle", "idle"),
            spent.idle,
            "Price of the task's seconds in which no request was open, and what is billed beyond its life.",
        ),
    ];
    let dearest = all.iter().map(|(_, amount, _)| *amount).max().unwrap_or_default();
    all.into_iter()
        .filter(|((name, ..), amount, _)| *amount > Usd::ZERO || !["restore", "busy", "idle"].contains(name))
        .map(|(who, amount, formula)| part(who, amount, dearest, total, formula))
        .collect()
}

fn part(
    (name, label, fill): (&'static str, &'static str, &'static str),
    amount: Usd,
    dearest: Usd,
    total: Usd,
    formula: &'static str,
) -> Part {
    let width = if dearest == Usd::ZERO { 0.0 } else { pico(amount) as f64 / pico(dearest).max(1) as f64 * 100.0 };
    Part {
        name,
        label,
        fill,
        width: crate::format::number(width),
        value: usd(amount),
        share: if total == Usd::ZERO { "–".to_owned() } else { usd_share(amount, total) },
        formula,
    }
}

/// What stands behind the figures, and what is not in them.
fn notes(spending: &Spending) -> Vec<String> {
    let spent = &spending.total;
    let mut notes = vec!["List prices of each day and region, without free tier, discounts and tax.".to_owned()];
    if spent.total() > Usd::ZERO {
        notes.push(format!(
            "{} of it is reported by the platform, the rest computed from spans and what tasks say of themselves.",
            usd_share(spent.reported, spent.total())
        ));
    }
    if spent.unpriced > 0 {
        notes.push(format!(
            "{} of {} ({}) cannot be priced: region, memory or duration is not known, or nobody prints the price.",
            large_count(spent.unpriced),
            counted(spent.invocations, "invocation", "invocations"),
            share(spent.unpriced, spent.invocations)
        ));
    }
    if spent.unpriced_tasks > 0 {
        notes.push(format!(
            "{} with {} cannot be priced: the page Containers says why.",
            counted(spent.unpriced_tasks, "task", "tasks"),
            counted(spent.unpriced_requests, "request", "requests")
        ));
    }
    notes
}
