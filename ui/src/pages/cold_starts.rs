//! Who starts cold, why, and what it costs.                   (ui/src/pages/cold_starts.rs ↔ templates/cold_starts.html)

use askama::Template;
use coldlight_model::lambda::StartKind;
use coldlight_model::{ColdCourse, InvocationGroup, InvocationGrouping, InvocationList};

use super::invocations::{Nothing, WORDS, nothing};
use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::format;
use crate::invocations::cold::{self, Idle, RouteRow, SplitBar};
use crate::invocations::figures::{self, Chart, Stacked};
use crate::invocations::groups::{self, Columns, Table};
use crate::invocations::row::{self, Rows};
use crate::invocations::state::BY;
use crate::invocations::strip::{self, Strip};
use crate::range::Picker;
use crate::shell::{Chrome, Section, Shell};

pub use crate::invocations::state::{Page, State};

/// The longest inits drawn as points: what to ask the store for.
pub const LIMIT: u32 = 100;
/// And listed.
const LISTED: usize = 20;

/// What the store answered.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub all: &'a InvocationGroup,
    pub slices: &'a [InvocationGroup],
    /// By what the address asks for.
    pub groups: &'a [InvocationGroup],
    /// Cold starts, longest init first.
    pub coldest: &'a InvocationList,
    pub course: &'a ColdCourse,
}

/// A kind of start: what it means and how many there were.
struct Kind {
    name: &'static str,
    meaning: &'static str,
    count: String,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "cold_starts.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    partial: Option<String>,
    kpis: Vec<Kpi>,
    chart: Option<Chart>,
    kinds: Vec<Kind>,
    unknown: String,
    choices: Vec<(&'static str, String, bool)>,
    table: Table,
    felt: [(&'static str, String, bool); 2],
    splits: Vec<SplitBar>,
    idle: Option<Idle>,
    routes: Vec<RouteRow>,
    strip: Option<Strip>,
    rows: Rows,
    every: String,
    nothing: Option<Nothing>,
    first: Option<String>,
    phrase: String,
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
    let here = state.link();
    let slices = figures::slices(answer.slices);
    let kind = |kind: &StartKind| {
        let count = answer.all.started(*kind);
        let is_asked = count > 0 && *kind != StartKind::Cold;
        Kind {
            name: kind.name(),
            meaning: kind.meaning(),
            count: format::large_count(count),
            href: is_asked.then(|| state.list_where(&format!("cold:{}", kind.name())).to_string()),
        }
    };
    let field = match state.by {
        InvocationGrouping::Memory | InvocationGrouping::All | InvocationGrouping::Slice(_) => None,
        by => Some(by.name()),
    };
    let listed = answer.coldest.invocations.len().min(LISTED);
    View {
        chrome: Chrome::new(shell, Section::ColdStarts, "Cold starts", &here).bad(&state.bad).furnished("lambda"),
        bar: FilterBar::new(state.filter(), &here, &state.page.path()).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: figures::partial(answer.all),
        kpis: figures::cold_kpis(answer.all, &slices, state),
        chart: figures::chart(&slices, state, &shell.zone, Stacked::Starts),
        kinds: StartKind::ALL.iter().filter(|kind| kind.is_cold()).map(kind).collect(),
        unknown: format::large_count(answer.all.start_unknown()),
        choices: BY.map(|by| (by.name(), state.by(by).link().to_string(), by == state.by)).into(),
        table: groups::table(
            format!("Starts by {} in {}", state.by.name(), state.range.phrase()),
            "cold-row",
            match state.by {
                InvocationGrouping::Version => "Version",
                InvocationGrouping::Runtime => "Runtime",
                InvocationGrouping::Memory => "Memory, MB",
                InvocationGrouping::Trigger => "Trigger",
                _ => "Function",
            },
            answer.groups,
            (state, field),
            |name| Some(state.list_with(field?, name).to_string()),
            Columns::Starts,
        ),
        felt: [("All", false), ("Somebody waited", true)]
            .map(|(label, felt)| (label, state.felt(felt).link().to_string(), state.felt == felt)),
        splits: cold::splits(answer.course, state),
        idle: cold::idle(answer.course),
        routes: cold::routes(answer.course, state),
        strip: strip::strip(&answer.coldest.invocations),
        rows: row::rows(&answer.coldest.invocations[..listed], shell),
        every: state.list_where(state.cold_word()).with("sort", "coldest").to_string(),
        nothing: (answer.all.count == 0).then(|| nothing(shell, state)),
        first: None,
        phrase: state.range.phrase(),
    }
}
