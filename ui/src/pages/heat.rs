//! Traces as a heat map: how long spans took, when, and what is different about some of them.
//! (ui/src/pages/heat.rs ↔ templates/heat.html)

use askama::Template;
use coldlight_model::{Differences, Heat, HeatBox, TimeRange, filter};

use crate::filter_bar::FilterBar;
use crate::format;
use crate::range::{Picker, Range};
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text;
use crate::traces::differences::{List, list};
use crate::traces::heat::{Grid, grid};
use crate::traces::nothing::{Nothing, nothing};
use crate::traces::part;
use crate::traces::state::PATH;

pub use crate::traces::heat::COLUMNS;
pub use crate::traces::state::State;

pub(super) const KEYS: [Key; 2] = [("f", "filter"), ("Esc", "give up the box")];

#[derive(Template)]
#[template(path = "heat.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    as_list: String,
    spans: String,
    /// "Root spans" while there is no filter.
    of_roots: bool,
    grid: Option<Grid>,
    form: Form,
    list: Option<List>,
    chosen: Option<Chosen>,
    ready: Vec<(String, String)>,
    json: String,
    nothing: Option<Nothing>,
    first: Option<String>,
    phrase: String,
}

/// Four fields that choose a part without a pointer.
struct Form {
    kept: Vec<(String, String)>,
    from: String,
    to: String,
    low: String,
    high: String,
}

/// What is held against the rest, in words, and where that leads.
struct Chosen {
    words: String,
    /// Traces with such spans.
    traces: String,
    none: String,
}

/// The whole page. `found` answers [`State::contrast`].
pub fn page(shell: &Shell, state: &State, heat: &Heat, found: Option<&Differences>) -> String {
    super::render(&view(shell, state, heat, found))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, heat: &Heat, found: Option<&Differences>) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, heat, found).as_view()))
}

fn view(shell: &Shell, state: &State, heat: &Heat, found: Option<&Differences>) -> View {
    let here = state.link();
    let grid = grid(heat, state, &shell.zone);
    let spans = heat.cells.iter().map(|cell| cell.spans).sum();
    View {
        chrome: Chrome::new(shell, Section::Traces, "Traces as a heat map", &here)
            .bad(&state.bad)
            .keys(&KEYS)
            .furnished("heat"),
        bar: FilterBar::new(state.filter(), &here, PATH),
        // A box of another range would be empty.
        picker: Picker::new(&state.range, &state.at_part(None).link(), &shell.zone, shell.now),
        as_list: state.as_list().link().to_string(),
        spans: format::counted(spans, "span", "spans"),
        of_roots: state.filter().is_empty(),
        form: form(shell, state, heat),
        list: found.map(|found| list(found, state)),
        chosen: found.map(|_| chosen(shell, state)),
        ready: ready(state, heat),
        json: json(state),
        nothing: grid.is_none().then(|| nothing(shell, state)),
        grid,
        first: None,
        phrase: state.range.phrase(),
    }
}

fn form(shell: &Shell, state: &State, heat: &Heat) -> Form {
    let end = heat.from.plus(heat.step * u64::from(heat.columns));
    let whole = HeatBox { time: TimeRange { from: heat.from, to: end }, low: 0, high: 3_600_000_000_000 };
    let part = state.part.unwrap_or(whole);
    Form {
        kept: state.at_part(None).as_heat().link().pairs().to_vec(),
        from: shell.zone.rfc3339(part.time.from),
        to: shell.zone.rfc3339(part.time.to),
        low: part::exact(part.low),
        high: part::exact(part.high),
    }
}

fn chosen(shell: &Shell, state: &State) -> Chosen {
    let mut line = state.of_spans().to_line();
    let mut traces = state.as_list();
    let mut words = String::new();
    if let Some(part) = state.part {
        words = format!(
            "{}, {} to {}",
            crate::range::span(part.time, &shell.zone),
            format::duration(part.low),
            format::duration(part.high)
        );
        line = format!("{line} dur>={} dur<{}", part::exact(part.low), part::exact(part.high));
        traces = traces.at_range(Range::Between(part.time));
    }
    if let Some(than) = &state.than {
        let separator = if words.is_empty() { "" } else { ", " };
        words = format!(
            "{words}{separator}{} against {}",
            text::cut(&state.of_spans().to_line(), 120),
            text::cut(&than.to_line(), 120)
        );
    }
    Chosen {
        words,
        traces: traces.filtered(&line).link().to_string(),
        none: state.against(&state.filter().to_line(), None).link().to_string(),
    }
}

/// Comparisons that are one click away: cold against warm, and the newest versions against each other.
fn ready(state: &State, heat: &Heat) -> Vec<(String, String)> {
    let with = |word: &str| {
        let spans = state.of_spans();
        let others = spans.conditions.iter().filter(|condition| {
            let field = word.split(':').next().unwrap_or_default();
            !condition.word.trim_start_matches('-').starts_with(&format!("{field}:"))
        });
        let words: Vec<&str> = others.map(|condition| condition.word.as_str()).chain([word]).collect();
        words.join(" ")
    };
    let against = |one: &str, other: &str| state.against(&with(one), Some(&with(other))).link().to_string();
    let mut links = vec![("Cold against warm".to_owned(), against("cold:true", "cold:false"))];
    for two in heat.versions.windows(2) {
        let [new, old] = [&two[0], &two[1]].map(|version| filter::word("version", version));
        let label = format!("Version {} against {}", text::cut(&two[0], 24), text::cut(&two[1], 24));
        links.push((label, against(&new, &old)));
    }
    links
}

fn json(state: &State) -> String {
    let here = state.link();
    let kept = here.pairs().iter().filter(|(name, _)| name != "view" && name != "f");
    let link = crate::query::Link::to("/api/v1/differences").with("f", state.of_spans().to_line());
    kept.fold(link, |link, (name, value)| link.with(name, value.clone())).to_string()
}
