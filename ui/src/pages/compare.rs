//! Two traces side by side: what took longer, what was added, what it cost more.      (ui/src/pages/compare.rs ↔ templates/compare.html)

use askama::Template;
use coldlight_model::{Alike, AlikeGroup, InvocationSummary, SpanTree, Trace, TraceCost};

use crate::compare::align::{Side, align};
use crate::compare::state::Norm;
use crate::compare::table::{self, Table, table};
use crate::format;
use crate::moment::{Moment, Shows};
use crate::palette::Palette;
use crate::query::Link;
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub use crate::compare::align::{Cell, Pair};
pub use crate::compare::state::{PATH, State};

/// One of the traces, as the store gave it.
pub struct Given {
    pub trace: Trace,
    pub tree: SpanTree,
    pub invocations: Vec<InvocationSummary>,
    /// `None` where it could not be added up in time.
    pub cost: Option<TraceCost>,
}

impl Given {
    /// What the arithmetic needs of it.
    pub fn side(&self) -> Side<'_> {
        Side { trace: &self.trace, tree: &self.tree, invocations: &self.invocations, cost: self.cost.as_ref() }
    }
}

/// What there is to compare.
#[derive(Default)]
pub struct ComparePage {
    pub a: Option<Given>,
    pub b: Option<Given>,
    /// Ids that were asked for and are not here.
    pub missing: Vec<String>,
    /// Traces that begin like the first.
    pub alike: Vec<Alike>,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct View {
    chrome: Chrome,
    a: String,
    b: String,
    missing: Vec<String>,
    choices: Vec<Choice>,
    swap: Option<String>,
    sides: Vec<SideView>,
    finding: Vec<String>,
    table: Option<Table>,
    switches: Vec<Switch>,
    json: String,
}

/// A trace to compare the first with.
struct Choice {
    words: String,
    note: String,
    href: String,
    is_current: bool,
}

struct Switch {
    words: &'static str,
    href: String,
    is_on: bool,
}

/// The head of a column.
struct SideView {
    letter: &'static str,
    href: String,
    class: String,
    service: String,
    operation: String,
    start: Moment,
    facts: Vec<(&'static str, String)>,
    /// Of the trace with all it set going, which its page takes apart.
    cost: Option<String>,
}

pub fn page(shell: &Shell, state: &State, page: &ComparePage) -> String {
    super::render(&view(shell, state, page))
}

fn view(shell: &Shell, state: &State, page: &ComparePage) -> View {
    let sides = [("A", &page.a), ("B", &page.b)].into_iter();
    let sides: Vec<(&'static str, Side)> =
        sides.filter_map(|(letter, given)| Some((letter, given.as_ref()?.side()))).collect();
    let names = sides.iter().flat_map(|(_, side)| side.trace.spans.iter()).map(|span| span.service.as_str());
    let palette = Palette::of(names);
    let both = page.a.as_ref().zip(page.b.as_ref()).map(|(a, b)| (a.side(), b.side()));
    let pairs = both.as_ref().map(|(a, b)| align(a, b)).unwrap_or_default();
    let id = |id: Option<coldlight_model::TraceId>| id.map(|id| id.to_string()).unwrap_or_default();
    View {
        chrome: Chrome::new(shell, Section::Traces, "Compare two traces", &state.link())
            .furnished("trace")
            .bad(&state.bad),
        a: id(state.a),
        b: id(state.b),
        missing: page.missing.clone(),
        choices: choices(state, page),
        swap: both.is_some().then(|| state.after(|state| (state.a, state.b) = (state.b, state.a))),
        finding: both.as_ref().map(|(a, b)| table::finding(&pairs, a, b)).unwrap_or_default(),
        table: both.as_ref().map(|(a, b)| table(state, &pairs, (a, b), &|service| palette.class(service))),
        switches: switches(state),
        json: Link::to("/api/v1/compare").with("a", id(state.a)).with("b", id(state.b)).to_string(),
        sides: sides.iter().map(|(letter, side)| head(shell, letter, side, &palette)).collect(),
    }
}

fn switches(state: &State) -> Vec<Switch> {
    let norm = |words, norm| Switch { words, href: state.after(|state| state.norm = norm), is_on: state.norm == norm };
    let only = |words, only| Switch {
        words,
        href: state.after(|state| state.only_changed = only),
        is_on: state.only_changed == only,
    };
    vec![only("All rows", false), only("Only changed", true), norm("Time", Norm::Abs), norm("Share", Norm::Share)]
}

fn head(shell: &Shell, letter: &'static str, side: &Side, palette: &Palette) -> SideView {
    let root = side.root();
    let service = root.map_or("", |root| root.service.as_str());
    let mut facts = vec![
        ("Response", format::duration(side.response())),
        ("Completed", format::duration(side.trace.length())),
        ("Spans", format::count(side.trace.spans.len() as u64)),
    ];
    match side.total() {
        None if side.cost.is_none() => facts.push(("Cost", "takes long to add up".to_owned())),
        _ => {}
    }
    if side.cold() > 0 {
        facts.push(("Cold starts", format::count(side.cold() as u64)));
    }
    if let Some(version) = side.version() {
        facts.push(("Version", text::cut(version, 40)));
    }
    SideView {
        letter,
        cost: side.total().map(format::usd),
        href: format!("/traces/{}", side.trace.trace_id),
        class: palette.class(service),
        service: text::named(service, 80),
        operation: text::named(root.map_or("", |root| root.name.as_str()), 120),
        start: Moment::new(side.trace.start(), Shows::DateTime, &shell.zone, shell.now),
        facts,
    }
}

/// Cold against warm, and version against version, only where there are both.
fn choices(state: &State, page: &ComparePage) -> Vec<Choice> {
    let Some(own) = page.a.as_ref().map(|a| a.side()) else { return Vec::new() };
    let (is_cold, version) = (own.cold() > 0, own.version());
    let has = |group: &AlikeGroup| page.alike.iter().any(|one| one.group == *group);
    let has_both = has(&AlikeGroup::Cold) && has(&AlikeGroup::Warm)
        || if is_cold { has(&AlikeGroup::Warm) } else { has(&AlikeGroup::Cold) };
    let offered = page.alike.iter().filter(|one| match &one.group {
        AlikeGroup::All => true,
        AlikeGroup::Cold | AlikeGroup::Warm => has_both,
        AlikeGroup::Version(other) => version != Some(other.as_str()),
    });
    let choice = |one: &Alike| Choice {
        words: match &one.group {
            AlikeGroup::All => "The typical one".to_owned(),
            AlikeGroup::Cold => "A cold one".to_owned(),
            AlikeGroup::Warm => "A warm one".to_owned(),
            AlikeGroup::Version(version) => format!("Version {}", text::cut(version, 40)),
        },
        note: format!("median {} of {}", format::duration(one.response), format::counted(one.of, "trace", "traces")),
        href: state.after(|state| state.b = Some(one.trace_id)),
        is_current: state.b == Some(one.trace_id),
    };
    offered.map(choice).collect()
}
