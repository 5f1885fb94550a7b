//! One function: its health, its versions and sizes, and what deserves a look.   (ui/src/pages/function.rs ↔ templates/function.html)

mod notes;

use askama::Template;
use coldlight_model::{FunctionCourse, InvocationGroup, InvocationList};

use super::invocations::{Nothing, WORDS, nothing};
use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::invocations::course::{self, Began, Call, Lines, Memory, Temper};
use crate::invocations::figures::{self, Chart, Stacked};
use crate::invocations::groups::{self, Columns, Table};
use crate::invocations::row::{self, Rows};
use crate::range::Picker;
use crate::shell::{Chrome, Section, Shell};
use crate::text;
use notes::{Insight, insights};

pub use crate::invocations::state::{Page, State};

pub const PATH: &str = "/functions/{name}";
/// Invocations listed: what to ask the store for.
pub const LIMIT: u32 = 10;

/// What the store answered about the function.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub all: &'a InvocationGroup,
    pub slices: &'a [InvocationGroup],
    pub versions: &'a [InvocationGroup],
    pub sizes: &'a [InvocationGroup],
    pub course: &'a FunctionCourse,
    /// The newest.
    pub newest: &'a InvocationList,
}

#[derive(Template)]
#[template(path = "function.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    name: String,
    partial: Option<String>,
    kpis: Vec<Kpi>,
    insights: Vec<Insight>,
    chart: Option<Chart>,
    durations: Option<Lines>,
    concurrency: Option<Lines>,
    memory: Option<Memory>,
    began: Vec<Began>,
    tempers: Vec<Temper>,
    calls: Vec<Call>,
    tables: Vec<Table>,
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
    let name = match &state.page {
        Page::Function(name) => text::named(name, 120),
        _ => String::new(),
    };
    let slices = figures::slices(answer.slices);
    let narrowed = |field: &'static str| move |value: &str| Some(state.list_with(field, value).to_string());
    let versions = groups::table(
        "Versions",
        "version-row",
        "Version",
        answer.versions,
        (state, Some("version")),
        narrowed("version"),
        Columns::Health,
    );
    let sizes = ("Memory sizes", "size-row", "Memory, MB");
    let sizes = groups::table(sizes.0, sizes.1, sizes.2, answer.sizes, (state, None), |_| None, Columns::Health);
    let marks = course::marks(&answer.course.deploys, state);
    let chart = figures::chart(&slices, state, &shell.zone, Stacked::Outcomes);
    let service = answer.newest.invocations.first().map_or("", |one| one.service.as_str());
    View {
        chrome: Chrome::new(shell, Section::Functions, name.clone(), &here).bad(&state.bad).furnished("lambda"),
        bar: FilterBar::new(state.filter(), &here, &state.page.path()).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: figures::partial(answer.all),
        kpis: figures::kpis(answer.all, &slices, state),
        insights: insights(answer.all, answer.course, state, service),
        durations: course::durations(&slices, &marks, state, shell),
        concurrency: course::concurrency(answer.course, &marks, state, shell),
        memory: course::memory(answer.course, answer.all, state),
        began: course::began(&answer.course.deploys, state, shell),
        tempers: course::tempers(answer.all, state),
        calls: course::calls(answer.course, state),
        chart: chart.map(|chart| Chart { marks, ..chart }),
        tables: vec![versions, sizes],
        rows: row::rows(&answer.newest.invocations, shell),
        every: state.list_where("").to_string(),
        nothing: (answer.all.count == 0).then(|| nothing(shell, state)),
        first: None,
        phrase: state.range.phrase(),
        name,
    }
}
