//! Traces found: when they were, how they went, which were slow.             (ui/src/pages/traces.rs ↔ templates/traces.html)

use askama::Template;
use coldlight_model::money::Usd;
use coldlight_model::{ServiceSummary, Spent, TraceHistogram, TraceList, filter};

use crate::chart::{Kpi, Spark};
use crate::filter_bar::FilterBar;
use crate::format;
use crate::formula::{Extent, Formula};
use crate::invocations::figures;
use crate::map::money::is_priced;
use crate::palette::Palette;
use crate::query::Link;
use crate::range::Picker;
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text;
use crate::traces::histogram::{self, Histogram};
use crate::traces::nothing::{Nothing, nothing};
use crate::traces::table::{self, Head, Row};

pub use crate::traces::export::{csv, json};
pub use crate::traces::histogram::BINS;
pub use crate::traces::state::{Format, PATH, State, View as Shown};

/// Rows of a page: what to ask the store for.
pub const LIMIT: u32 = 100;
/// Services listed beside the table, and those behind "more".
const SERVICES: usize = 16;
const MORE_SERVICES: usize = 140;

pub(super) const KEYS: [Key; 3] = [("j k ↓ ↑", "next, previous trace"), ("Enter", "open the trace"), ("f", "filter")];

#[derive(Template)]
#[template(path = "traces.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    as_heat: String,
    partial: Option<String>,
    kpis: Vec<Kpi>,
    histogram: Option<Histogram>,
    start: Head,
    response: Head,
    rows: Vec<Row>,
    facets: Vec<Facet>,
    more_facets: Vec<Facet>,
    nothing: Option<Nothing>,
    csv: String,
    json: String,
    first: Option<String>,
    next: Option<String>,
    phrase: String,
}

/// A service as a quick filter.
struct Facet {
    name: String,
    class: String,
    href: String,
    calls: String,
    faults: Option<String>,
    is_chosen: bool,
}

/// What the store answered.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub list: &'a TraceList,
    pub counts: &'a TraceHistogram,
    pub services: &'a [ServiceSummary],
    /// What the time cost, or the traces that the filter finds in it.
    pub spent: &'a Spent,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, answer: Answer) -> String {
    super::render(&view(shell, state, answer))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, answer: Answer) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, answer).as_view()))
}

fn view(shell: &Shell, state: &State, answer: Answer) -> View {
    let Answer { list, counts, services, spent } = answer;
    let here = state.link();
    let names = list.traces.iter().flat_map(|trace| trace.services.iter().chain([&trace.root_service]));
    let palette = Palette::of(names.chain(services.iter().map(|service| &service.service)).map(String::as_str));
    let (start, response) = table::heads(state, list, shell);
    let mut facets = facets(state, services, &palette);
    let more_facets = facets.split_off(facets.len().min(SERVICES));
    View {
        chrome: Chrome::new(shell, Section::Traces, "Traces", &here).bad(&state.bad).keys(&KEYS),
        bar: FilterBar::new(state.filter(), &here, PATH),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        as_heat: state.as_heat().link().to_string(),
        partial: figures::sampled(counts.sampled, spent),
        kpis: kpis(counts, spent, state),
        histogram: histogram::histogram(counts, state, &shell.zone),
        start,
        response,
        rows: table::rows(list, &palette, shell),
        facets,
        more_facets,
        nothing: list.traces.is_empty().then(|| nothing(shell, state)),
        csv: state.written_as(Format::Csv).link().to_string(),
        json: state.written_as(Format::Json).link().to_string(),
        first: state.after.map(|_| state.page(None).link().to_string()),
        next: list.next.map(|next| state.page(Some(next)).link().to_string()),
        phrase: state.range.phrase(),
    }
}

fn kpis(counts: &TraceHistogram, spent: &Spent, state: &State) -> Vec<Kpi> {
    let total = |of: fn(&coldlight_model::TimeBin) -> u64| counts.bins.iter().map(of).sum::<u64>();
    let course = |of: fn(&coldlight_model::TimeBin) -> u64| {
        Spark::new(&counts.bins.iter().map(|bin| Some(of(bin) as f64)).collect::<Vec<_>>())
    };
    let all = total(|bin| bin.count());
    let seconds = counts.bin_length as f64 / 1e9 * counts.bins.len() as f64;
    let problem = |name, label, tone, of: fn(&coldlight_model::TimeBin) -> u64| {
        let count = total(of);
        Kpi {
            name,
            label,
            value: format::share(count, all),
            aside: format::large_count(count),
            tone: if count > 0 { tone } else { "" },
            unit: "count",
            raw: count,
            spark: course(of),
            formula: None,
        }
    };
    vec![
        Kpi {
            name: "traces",
            label: "Traces",
            value: format::large_count(all),
            aside: match counts.sampled.left_out {
                0 if seconds > 0.0 => format::rate(all as f64 / seconds),
                0 => String::new(),
                left_out => format!("≈ {} in all", format::large_count(all.saturating_add(left_out))),
            },
            tone: "",
            unit: "count",
            raw: all,
            spark: course(|bin| bin.count()),
            formula: None,
        },
        problem("faults", "With a fault (5xx)", "c-fault", |bin| bin.faults),
        problem("throttles", "Throttled (429)", "c-throttle", |bin| bin.throttles),
        problem("errors", "With an error (4xx)", "c-error", |bin| bin.errors),
        cost(spent, state),
    ]
}

/// What all of it cost; rows have what of that is theirs.
fn cost(spent: &Spent, state: &State) -> Kpi {
    let extent = if state.filter().is_empty() { Extent::Everything } else { Extent::Found };
    let costs = Link::to(super::cost::PATH).with_all(&state.range.pairs()).to_string();
    Kpi {
        name: "cost",
        label: "Cost",
        value: format::NOT_APPLICABLE.to_owned(),
        aside: if spent.tasks > Usd::ZERO {
            format!("{} of it containers", format::usd(spent.tasks))
        } else {
            String::new()
        },
        tone: "",
        unit: "pico",
        raw: u64::try_from(spent.total().attos() / 1_000_000).unwrap_or(0),
        spark: None,
        formula: (is_priced(spent) || spent.invocations > 0).then(|| Formula::of_time(spent, extent, costs)),
    }
}

fn facets(state: &State, services: &[ServiceSummary], palette: &Palette) -> Vec<Facet> {
    let mut order: Vec<&ServiceSummary> = services.iter().filter(|service| !service.service.is_empty()).collect();
    order.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.service.cmp(&b.service)));
    let facet = |service: &ServiceSummary| {
        let word = filter::word("service", &service.service);
        let chosen = state.filter().conditions.iter().position(|condition| condition.word == word);
        let line = match chosen {
            Some(at) => state.filter().without(at),
            None => format!("{} {word}", state.filter().to_line()).trim().to_owned(),
        };
        Facet {
            name: text::cut(&service.service, 60),
            class: palette.class(&service.service),
            href: state.filtered(&line).link().to_string(),
            calls: format::count(service.calls),
            faults: (service.faults > 0).then(|| format::count(service.faults)),
            is_chosen: chosen.is_some(),
        }
    };
    order.into_iter().take(SERVICES + MORE_SERVICES).map(facet).collect()
}
