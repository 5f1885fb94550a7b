//! One function: its health, its versions and sizes, and what deserves a look.   (ui/src/pages/function.rs ↔ templates/function.html)

use askama::Template;
use coldlight_model::{InvocationGroup, InvocationList};

use super::invocations::{Nothing, WORDS, nothing};
use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::format;
use crate::invocations::figures::{self, Chart, Stacked};
use crate::invocations::groups::{self, Columns, Table};
use crate::invocations::row::{self, Row};
use crate::range::Picker;
use crate::shell::{Chrome, Section, Shell};
use crate::text;

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
    /// The newest.
    pub newest: &'a InvocationList,
}

/// Something with a number past its threshold, and the invocations that prove it.
struct Insight {
    words: String,
    href: String,
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
    tables: Vec<Table>,
    rows: Vec<Row>,
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
    let table = |caption, test, first, groups, field| {
        groups::table(caption, test, first, groups, narrowed(field), Columns::Health)
    };
    let sizes = groups::table("Memory sizes", "size-row", "Memory, MB", answer.sizes, |_| None, Columns::Health);
    View {
        chrome: Chrome::new(shell, Section::Functions, name.clone(), &here).bad(&state.bad),
        bar: FilterBar::new(state.filter(), &here, &state.page.path()).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: figures::partial(answer.all),
        kpis: figures::kpis(answer.all, &slices),
        insights: insights(answer.all, state),
        chart: figures::chart(&slices, state, &shell.zone, Stacked::Outcomes),
        tables: vec![table("Versions", "version-row", "Version", answer.versions, "version"), sizes],
        rows: row::rows(&answer.newest.invocations, shell),
        every: state.list_where("").to_string(),
        nothing: (answer.all.count == 0).then(|| nothing(shell, state)),
        first: None,
        phrase: state.range.phrase(),
        name,
    }
}

/// Errors over 1 %, any timeout, memory over 95 %, inits over a quarter of a cold start, and money nobody can tell.
fn insights(all: &InvocationGroup, state: &State) -> Vec<Insight> {
    let mut insights = Vec::new();
    let mut add = |is_worth: bool, words: String, word: &str| {
        if is_worth {
            insights.push(Insight { words, href: state.list_where(word).to_string() });
        }
    };
    let failed = all.failed();
    add(
        failed * 100 > all.count,
        format!("{} failed: {}, more than 1%.", format::large_count(failed), format::share(failed, all.count)),
        "-outcome:ok",
    );
    add(all.timeouts > 0, format!("{}.", format::counted(all.timeouts, "timeout", "timeouts")), "outcome:timeout");
    add(
        all.out_of_memory > 0,
        format!("{} out of memory.", format::counted(all.out_of_memory, "invocation", "invocations")),
        "outcome:oom",
    );
    if let (Some((_, size)), Some(used)) = (all.memory_mb, all.max_memory_mb) {
        let words = format!("{} MB of {size} MB memory used at most: more than 95%.", format::count(used));
        add(used * 100 > size * 95, words, "mem>95%");
    }
    if let (Some(init), Some(run)) = (all.init.p50, all.cold_duration.p50) {
        let whole = init.saturating_add(run);
        let words = format!(
            "Half of its inits and restores took {} or more: {} of a cold start with a typical run, more than 25%.",
            format::duration(init),
            format::share(init, whole)
        );
        add(init.saturating_mul(4) > whole, words, "cold:true");
    }
    let money = &all.money;
    if failed > 0 && money.failed.attos() > 0 {
        let words = format!(
            "{} ({}) was spent on invocations that failed.",
            format::usd(money.failed),
            format::usd_share(money.failed, money.total)
        );
        add(true, words, "-outcome:ok");
    }
    let words = format!("{} not priced: region, memory or duration is not known.", format::large_count(money.unpriced));
    add(money.unpriced > 0, words, "");
    insights
}
