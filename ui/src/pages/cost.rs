//! Where the money goes, and what changed.                                   (ui/src/pages/cost.rs ↔ templates/cost.html)

mod chart;
mod parts;
mod state;
mod table;

use askama::Template;
use coldlight_model::money::Usd;
use coldlight_model::{Nanos, Spending, SpendingBy, Spent};

use self::chart::{Chart, chart};
use self::parts::{Part, in_failed, parts};
pub use self::state::State;
use self::table::Page;
use crate::chart::{Kpi, Spark};
use crate::filter_bar::FilterBar;
use crate::format::{counted, large_count, per_million, period, share, usd, usd_share};
use crate::formula::{Extent, Formula};
use crate::palette::Palette;
use crate::query::Link;
use crate::range::Picker;
use crate::shell::{Chrome, Key, Section, Shell};

pub const PATH: &str = "/cost";

const HOUR: Nanos = 3_600_000_000_000;
/// A month as AWS's own estimates count it.
const MONTH_HOURS: u64 = 730;

pub(super) const KEYS: [Key; 2] = [("f", "filter"), ("t", "range")];

/// Examples in the empty filter.
const WORDS: &str = "Add a filter: service:checkout  cold:true  outcome:timeout  attr.order.tier:gold";

#[derive(Template)]
#[template(path = "cost.html")]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    /// What sampling left out, in words.
    partial: Option<String>,
    groupings: Vec<Switch>,
    comparisons: [Switch; 2],
    /// The form that groups by an attribute: what it keeps, and the attribute that is chosen.
    kept: Vec<(String, String)>,
    attribute: String,
    kpis: Vec<Kpi>,
    chart: Chart,
    parts: Vec<Part>,
    in_failed: Part,
    pages: Page,
    legend: [(&'static str, &'static str); 8],
    by: String,
    by_words: String,
    filtered: bool,
    phrase: String,
    notes: Vec<String>,
    total: String,
    is_empty: bool,
    csv: String,
    json: String,
    what_if: String,
    right_size: String,
    /// The page without a filter.
    all: String,
}

struct Switch {
    label: String,
    href: String,
    is_current: bool,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, spending: &Spending) -> String {
    let here = state.link();
    let names = spending.groups.iter().filter_map(|group| group.name.as_deref());
    let palette = Palette::of(names);
    let by = title(&spending.by);
    let all = Link::to(PATH).with_all(&state.range.pairs()).to_string();
    super::render(&View {
        chrome: Chrome::new(shell, Section::Cost, "Cost", &here).bad(&state.bad).keys(&KEYS),
        bar: FilterBar::new(&state.filter, &here, PATH).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: partial(&spending.total),
        groupings: groupings(state),
        comparisons: [("Time before", true), ("Alone", false)].map(|(label, compare)| Switch {
            label: label.to_owned(),
            href: state.compared(compare).link().to_string(),
            is_current: compare == state.compare,
        }),
        kept: here.clone().without("group").first_page().pairs().to_vec(),
        attribute: if matches!(state.by, SpendingBy::Attribute(_)) {
            state.by.name().into_owned()
        } else {
            String::new()
        },
        kpis: kpis(spending, state),
        chart: chart(spending, &palette, &shell.zone),
        parts: parts(&spending.total),
        in_failed: in_failed(&spending.total),
        pages: table::page(spending, state, &palette),
        legend: [
            ("own", "own work"),
            ("waiting", "waiting"),
            ("init", "init"),
            ("requests", "requests"),
            ("flush", "extensions"),
            ("calls", "calls"),
            ("busy", "busy containers"),
            ("idle", "idle containers"),
        ],
        by_words: if matches!(spending.by, SpendingBy::Attribute(_)) { by.clone() } else { by.to_lowercase() },
        by,
        filtered: !state.filter.is_empty(),
        what_if: Link::to(super::what_if::PATH).with_all(&state.range.pairs()).to_string(),
        right_size: super::right_size::link(&state.range, None).to_string(),
        phrase: state.range.phrase(),
        notes: notes(spending, state),
        total: spending.total.total().to_string(),
        is_empty: spending.total.served() == 0
            && spending.total.total() == Usd::ZERO
            && spending.total.unpriced_tasks == 0
            && spending.total.unpriced_calls == 0,
        csv: state.api().with("format", "csv").to_string(),
        json: state.api().to_string(),
        all,
    })
}

/// What a column of groups is called.
fn title(by: &SpendingBy) -> String {
    let name = by.name();
    if matches!(by, SpendingBy::Attribute(_)) {
        return name.into_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn groupings(state: &State) -> Vec<Switch> {
    let switch = |by: SpendingBy| Switch {
        label: title(&by),
        is_current: by == state.by,
        href: state.grouped(by).link().to_string(),
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

fn kpis(spending: &Spending, state: &State) -> Vec<Kpi> {
    let spent = &spending.total;
    let total = spent.total();
    let every = Link::to("/invocations").with_all(&state.range.pairs()).with("f", state.filter.to_line());
    let extent = if state.filter.is_empty() { Extent::Everything } else { Extent::Matching };
    let sum = Formula::of_time(spent, extent, every.with("sort", "dearest").to_string());
    let kpi = |name, label, amount: Option<Usd>, how: &str, aside: String, tone| Kpi {
        name,
        label,
        value: "–".to_owned(),
        aside,
        tone,
        unit: "pico",
        raw: amount.map_or(0, pico),
        spark: None,
        formula: amount.map(|amount| match how {
            "" => sum.clone(),
            how => sum.clone().shown_as(usd(amount), how),
        }),
    };
    let steps: Vec<Usd> = (0..spending.previous_steps.len())
        .map(|at| Usd::sum(spending.groups.iter().filter_map(|group| group.steps.get(at).copied())).unwrap_or_default())
        .collect();
    let course: Vec<Option<f64>> = steps.iter().map(|step| Some(pico(*step) as f64)).collect();
    let length = spending.range.length().max(1);
    let month = total.times(u128::from(MONTH_HOURS * HOUR), length.into());
    let of_total = |part: Usd| if total == Usd::ZERO { String::new() } else { usd_share(part, total) };
    let at_this_rate = format!("{} × {MONTH_HOURS} h ÷ {}.", usd(total), period(length));
    let each = format!("{} × 1,000,000 ÷ {}.", usd(total), large_count(spent.priced()));
    let compared = change(total, spending.previous.total());
    let compared = if compared.is_empty() { compared } else { format!("{compared} on the time before") };
    vec![
        Kpi { spark: Spark::new(&course), ..kpi("total", "List cost", Some(total), "", compared, "") },
        kpi("month", "Month at this rate", month, &at_this_rate, format!("{MONTH_HOURS} h"), ""),
        kpi("million", "Per million requests", per_million(total, spent.priced()), &each, served(spent), ""),
        kpi("waiting", "Paid for waiting", Some(spent.waiting), WAITING, of_total(spent.waiting), ""),
        cold(spent, kpi),
        kpi(
            "failed",
            "Paid for failures",
            Some(spent.in_failed),
            "The cost of those invocations and requests that failed.",
            of_total(spent.in_failed),
            if spent.failed > 0 { "c-fault" } else { "" },
        ),
    ]
}

const WAITING: &str = "Billed time while a call of the invocation was under way × memory × the price of a GB-second.";
const INIT: &str = "Init milliseconds, rounded up, × memory × the price of a GB-second.";

fn served(spent: &Spent) -> String {
    let invocations = counted(spent.invocations, "invocation", "invocations");
    match spent.container_requests {
        0 => invocations,
        some => format!("{invocations}, {} to containers", large_count(some)),
    }
}

/// An init that nobody reported is not free: its cost is not known.
fn cold(
    spent: &Spent,
    kpi: impl Fn(&'static str, &'static str, Option<Usd>, &str, String, &'static str) -> Kpi,
) -> Kpi {
    let starts = counted(spent.cold, "cold start", "cold starts");
    let reported = spent.cold == 0 || spent.init > Usd::ZERO;
    let aside = if reported { starts } else { format!("{starts}, no init reported") };
    kpi("cold", "Paid for cold starts", reported.then_some(spent.init), INIT, aside, "c-cold")
}

/// What sampling left out, beside the sums and never in them.
fn partial(spent: &Spent) -> Option<String> {
    let one_in = spent.kept_one_in()?;
    let with = spent.total().checked_add(spent.left_out_usd)?;
    Some(format!(
        "Sampled 1 in {one_in}: {} kept no report and stand for ≈ {} more. Figures here are of what was kept, {}; with what was left out it is ≈ {}.",
        counted(spent.sampled, "invocation", "invocations"),
        large_count(spent.left_out),
        usd(spent.total()),
        usd(with)
    ))
}

/// What stands behind the figures, and what is not in them.
fn notes(spending: &Spending, state: &State) -> Vec<String> {
    let spent = &spending.total;
    let mut notes = vec!["List prices of each day and region, without free tier, discounts and tax.".to_owned()];
    if spent.total() > Usd::ZERO {
        notes.push(format!(
            "{} of it is reported by the platform, the rest computed from spans and what tasks say of themselves.",
            usd_share(spent.reported, spent.total())
        ));
    }
    if spent.invocations > 0 {
        notes.push(
            "No telemetry tells of provisioned concurrency at rest and of SnapStart's cache: they are in no sum, and coldlight prices quote computes them. /tmp above 512 MB is in it where the resource says coldlight.lambda.ephemeral_storage_mb."
                .to_owned(),
        );
    }
    if spending.anew > 0 {
        notes.push(format!(
            "{} being counted again, for something came late or prices changed: what is shown of them was counted before.",
            match spending.anew {
                1 => "1 minute is".to_owned(),
                some => format!("{} minutes are", large_count(some)),
            }
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
    if spent.unpriced_calls > 0 {
        notes.push(format!(
            "{} cannot be priced; call_costs says why.",
            counted(spent.unpriced_calls, "metered call", "metered calls")
        ));
    }
    if spent.unpriced_tasks > 0 {
        notes.push(format!(
            "{} with {} cannot be priced: the page Containers says why.",
            counted(spent.unpriced_tasks, "task", "tasks"),
            counted(spent.unpriced_requests, "request", "requests")
        ));
    }
    if !state.filter.is_empty() {
        notes.push(
            "The filter narrows every figure; the calls of an invocation go with it. Words that only functions know, like cold and mem, leave out containers."
                .to_owned(),
        );
    }
    match &spending.by {
        SpendingBy::Attribute(name) => notes.push(format!(
            "{name} is that of the span, else of its resource; of a batch of messages that of the traces they came from, each with its part; else the first in its trace."
        )),
        SpendingBy::Customer => notes.push(
            "A customer is the tenant or customer.id of the span, of the traces that a batch's messages came from, each with its part, or of its trace."
                .to_owned(),
        ),
        SpendingBy::Team => notes.push(
            "A team is the first of team, team.name, app.team, service.team, owner and service.namespace that the resource says."
                .to_owned(),
        ),
        _ => {}
    }
    notes
}
