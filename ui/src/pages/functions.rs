//! Every function: is it healthy, well sized, well priced?      (ui/src/pages/functions.rs ↔ templates/functions.html)

use askama::Template;
use coldlight_model::InvocationGroup;

use super::invocations::{Nothing, WORDS, nothing};
use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::format;
use crate::invocations::figures;
use crate::invocations::groups::{self, Columns, Table};
use crate::invocations::state::function_path;
use crate::range::Picker;
use crate::shell::{Chrome, Section, Shell};

pub use crate::invocations::state::{Page, State};

#[derive(Template)]
#[template(path = "functions.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    partial: Option<String>,
    kpis: Vec<Kpi>,
    table: Table,
    nothing: Option<Nothing>,
    first: Option<String>,
    phrase: String,
}

/// The whole page; `all` is the sum of `functions`.
pub fn page(shell: &Shell, state: &State, functions: &[InvocationGroup], all: &InvocationGroup) -> String {
    super::render(&view(shell, state, functions, all))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(
    block: &str,
    shell: &Shell,
    state: &State,
    functions: &[InvocationGroup],
    all: &InvocationGroup,
) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, functions, all).as_view()))
}

fn view(shell: &Shell, state: &State, functions: &[InvocationGroup], all: &InvocationGroup) -> View {
    let here = state.link();
    let phrase = state.range.phrase();
    let href = |name: &str| {
        let link = state.elsewhere(&function_path(name));
        Some(link.with("f", state.filter().to_line()).to_string())
    };
    let mut kpis = figures::kpis(all, &[], state);
    let count = functions.len() as u64;
    kpis.insert(
        0,
        Kpi {
            name: "functions",
            label: "Functions",
            value: format::large_count(count),
            aside: String::new(),
            tone: "",
            unit: "count",
            raw: count,
            spark: None,
            formula: None,
        },
    );
    View {
        chrome: Chrome::new(shell, Section::Functions, "Functions", &here).bad(&state.bad),
        bar: FilterBar::new(state.filter(), &here, &state.page.path()).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: figures::partial(all),
        kpis,
        table: groups::table(
            format!("Functions in {phrase}"),
            "function-row",
            "Function",
            functions,
            (state, Some("function")),
            href,
            Columns::Health,
        ),
        nothing: functions.is_empty().then(|| nothing(shell, state)),
        first: None,
        phrase,
    }
}
