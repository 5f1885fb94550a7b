//! What each invocation did, used and cost.                  (ui/src/pages/invocations.rs ↔ templates/invocations.html)

use askama::Template;
use coldlight_model::{InvocationGroup, InvocationList, InvocationSort};

use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::format;
use crate::invocations::figures::{self, Chart, Stacked};
use crate::invocations::row::{self, Rows};
use crate::moment::{Moment, Shows};
use crate::range::{Picker, Preset, Range};
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub use crate::invocations::export::csv;
pub use crate::invocations::figures::slice_of;
pub use crate::invocations::state::{Format, Page, State};

/// Rows of a page: what to ask the store for.
pub const LIMIT: u32 = 70;
pub(super) const WORDS: &str = "Add a filter: function:checkout  cold:felt  outcome:timeout  cost>$0.00001";

/// What the store answered.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub list: &'a InvocationList,
    /// All that match, in one.
    pub all: &'a InvocationGroup,
    /// And by slices of [`slice_of`].
    pub slices: &'a [InvocationGroup],
    /// When nothing matches: how many would without each word of the filter, as far as they were counted.
    pub without: &'a [u64],
}

/// Nothing was found: what could be left out, and where there is something.
pub(super) struct Nothing {
    /// And how many there would be without it, where that was counted.
    pub words: Vec<(String, String, Option<String>)>,
    pub newest: Option<Moment>,
    pub links: Vec<(String, String)>,
    pub is_later_page: bool,
}

/// A sort and where it leads; the current one is marked.
struct Sort {
    label: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "invocations.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    partial: Option<String>,
    kpis: Vec<Kpi>,
    chart: Option<Chart>,
    sorts: Vec<Sort>,
    rows: Rows,
    nothing: Option<Nothing>,
    csv: String,
    json: String,
    first: Option<String>,
    next: Option<String>,
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
    let nothing = answer.list.invocations.is_empty().then(|| {
        let mut nothing = nothing(shell, state);
        for (word, count) in nothing.words.iter_mut().zip(answer.without) {
            word.2 = Some(format::count(*count));
        }
        nothing
    });
    let sort = |sort: InvocationSort, label| Sort {
        label,
        href: state.sorted(sort).link().to_string(),
        is_current: state.sort == sort,
    };
    View {
        chrome: Chrome::new(shell, Section::Invocations, "Invocations", &here).bad(&state.bad),
        bar: FilterBar::new(state.filter(), &here, &state.page.path()).placeholder(WORDS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        partial: figures::partial(answer.all),
        kpis: figures::kpis(answer.all, &slices, state),
        chart: figures::chart(&slices, state, &shell.zone, Stacked::Outcomes),
        sorts: vec![
            sort(InvocationSort::Newest, "Newest"),
            sort(InvocationSort::Oldest, "Oldest"),
            sort(InvocationSort::Slowest, "Slowest"),
            sort(InvocationSort::Coldest, "Longest init"),
            sort(InvocationSort::Dearest, "Dearest"),
        ],
        rows: row::rows(&answer.list.invocations, shell),
        nothing,
        csv: state.written_as(Format::Csv).link().to_string(),
        json: state.written_as(Format::Json).link().to_string(),
        first: state.after.as_ref().map(|_| state.paged(None).link().to_string()),
        next: answer.list.next.clone().map(|next| state.paged(Some(next)).link().to_string()),
        phrase: state.range.phrase(),
    }
}

pub(super) fn nothing(shell: &Shell, state: &State) -> Nothing {
    let without = |(at, condition): (usize, &coldlight_model::Condition)| {
        (text::cut(&condition.word, 80), state.filtered(&state.filter().without(at)).link().to_string(), None)
    };
    let wider = Preset::longer_than(state.range().length()).take(3);
    let wider = wider.map(|preset| (preset.label().to_owned(), state.at_range(Range::Last(preset)).link().to_string()));
    Nothing {
        words: state.filter().conditions.iter().enumerate().map(without).collect(),
        newest: shell.newest.map(|newest| Moment::new(newest, Shows::DateTime, &shell.zone, shell.now)),
        links: wider.collect(),
        is_later_page: state.after.is_some(),
    }
}
