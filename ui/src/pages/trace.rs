//! One trace: where its time went and what went wrong.          (ui/src/pages/trace.rs ↔ templates/trace.html, trace/*.html)
//!
//! The page holds a header, the waterfall and a panel. The last two are blocks that the script asks for by themselves; rows
//! beyond the first windows come from [`rows`].

use askama::Template;
use coldlight_model::lambda::StartKind;
use coldlight_model::{
    InvocationSummary, LogLine, Nanos, Outcome, Rank, SpanDetail, SpanEvent, SpanId, SpanTree, Trace, TraceCost,
    TraceId,
};

use crate::format;
use crate::icon;
use crate::invocations::state::request_path;
use crate::moment::{Moment, Shows, ago};
use crate::query::Link;
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text::{self, Text};
use crate::trace::cause::{Cause, cause};
use crate::trace::choices;
use crate::trace::cost;
use crate::trace::open;
use crate::trace::panel::{self, Body, Panel};
use crate::trace::scene::Scene;
use crate::trace::shown::CROWDED;
use crate::trace::state::Clock;
use crate::trace::view::{self, Note, Waterfall};
use crate::trace::waterfall::{self as bars, Row};

pub use crate::trace::scenes::Scenes;
pub use crate::trace::state::State;

pub const PATH: &str = "/traces/{id}";
/// Where [`rows`] is answered.
pub const ROWS_PATH: &str = "/traces/{id}/rows";
/// Rows that one request may ask for.
pub const MOST_ROWS: usize = 1_000;
/// A response header of [`ROWS_PATH`]: how many spans the trace has now, so that the script notices late ones.
pub const SPANS_HEADER: &str = "x-trace-spans";

/// Spans that came later than this after their end are worth a sentence.
const LATE: Nanos = 60_000_000_000;
/// Stopped invocations that get a sentence each.
const MOST_STOPPED: usize = 3;
/// While the newest span is younger than this, more may follow.
const FRESH: Nanos = 30_000_000_000;

pub(super) const KEYS: [Key; 14] = [
    ("j k ↓ ↑", "next, previous row"),
    ("→ ←", "open, close; to a child, to the parent"),
    ("Enter", "show the span; Esc returns to the row"),
    ("+ − 0", "zoom in, out, whole trace"),
    ("a d", "move left, right; with Shift further"),
    ("z", "zoom to the span"),
    ("e E", "next, previous problem"),
    ("f", "find in this trace"),
    ("p", "critical path: of the response, of the completion, off"),
    ("n N", "next, previous match"),
    ("1 … 9, *", "open to a level, open all"),
    ("[ ]", "narrower, wider names"),
    ("v", "next view"),
    ("Y", "copy the trace id"),
];

/// What the store answered about a trace.
#[derive(Clone, Copy)]
pub struct TracePage<'a> {
    pub trace: &'a Trace,
    /// Built from `trace`.
    pub tree: &'a SpanTree,
    /// The span of [`State::selected`].
    pub selected: Option<&'a SpanDetail>,
    /// The spans that hold [`State::wanted`]; `None` when nothing was searched for.
    pub matches: Option<&'a [SpanId]>,
    /// Of the whole trace.
    pub logs: &'a [LogLine],
    /// Of the whole trace; empty where [`State::wants_events`] is false.
    pub events: &'a [SpanEvent],
    /// Of the selected span; `None` where that was not asked.
    pub rank: Option<Rank>,
    /// The selected span as OTLP/JSON; `None` where [`State::wants_raw`] is false.
    pub raw: Option<&'a str>,
    /// Of the whole trace.
    pub invocations: &'a [InvocationSummary],
    /// What it cost with everything it set going; `None` where that was not asked, or could not be added up in time.
    pub cost: Option<&'a TraceCost>,
    /// It could not.
    pub is_cost_late: bool,
    /// What was worked out of this trace before, for other windows and views of it.
    pub scenes: Option<&'a Scenes>,
}

impl<'a> TracePage<'a> {
    /// Only the trace: nothing selected, nothing searched for, nothing known besides.
    pub fn of(trace: &'a Trace, tree: &'a SpanTree) -> Self {
        Self {
            trace,
            tree,
            selected: None,
            matches: None,
            logs: &[],
            events: &[],
            rank: None,
            raw: None,
            invocations: &[],
            cost: None,
            is_cost_late: false,
            scenes: None,
        }
    }
}

/// The line above the waterfall.
struct Header {
    operation: Text,
    service: String,
    class: String,
    /// Whether no span without a parent is here.
    is_rootless: bool,
    problems: Vec<(&'static str, String)>,
    cause: Option<Cause>,
    id: TraceId,
    response: Option<(String, Nanos)>,
    completed: (String, i64),
    spans: (String, usize),
    services: (String, usize),
    start: Moment,
    /// The sum with all that it set going, and how many invocations began cold.
    cost: Option<String>,
    cold: Option<String>,
    download: String,
}

#[derive(Template)]
#[template(path = "trace.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    header: Header,
    waterfall: Waterfall,
    panel: Panel,
}

#[derive(Template)]
#[template(path = "trace/waterfall.html")]
struct WaterfallBlock {
    waterfall: Waterfall,
}

#[derive(Template)]
#[template(path = "trace/panel.html")]
struct PanelBlock {
    panel: Panel,
}

#[derive(Template)]
#[template(path = "trace/rows.html")]
struct RowsBlock {
    rows: Vec<Row>,
}

/// The page's address.
pub fn here(id: TraceId, state: &State) -> Link {
    Link::to(format!("/traces/{id}")).with_all(&state.pairs())
}

/// Works out beforehand what a page in this state takes longest for, while its answers are asked for: when each row ran, and which are drawn.
pub fn arrange(state: &State, page: &TracePage<'_>) {
    Scene::new(page, state);
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, page: &TracePage) -> String {
    super::render(&view(shell, state, page))
}

fn view(shell: &Shell, state: &State, page: &TracePage) -> View {
    let scene = Scene::new(page, state);
    let header = header(&scene, shell, page);
    let title = format!("{} {}", header.service, header.operation.shown);
    let chrome = Chrome::new(shell, Section::Traces, text::cut(&title, 120), &here(page.trace.trace_id, state));
    View {
        chrome: chrome.furnished("trace").bad(&state.bad).keys(&KEYS),
        header,
        waterfall: waterfall(&scene, shell, page),
        panel: panel::panel(&scene, shell, page),
    }
}

/// The block named by the request header `X-Fragment`: `waterfall`, `panel`, or `view` for all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, page: &TracePage) -> Option<String> {
    if block == "view" {
        return Some(super::render(&view(shell, state, page).as_view()));
    }
    let scene = Scene::new(page, state);
    match block {
        "waterfall" => Some(super::render(&WaterfallBlock { waterfall: waterfall(&scene, shell, page) })),
        "panel" => {
            let panel = panel::panel(&scene, shell, page);
            Some(super::render(&PanelBlock { panel }))
        }
        _ => None,
    }
}

/// The drawn rows `row..row + count` and nothing else; `count` is held to [`MOST_ROWS`].
pub fn rows(state: &State, page: &TracePage, row: usize, count: usize) -> String {
    let scene = Scene::new(page, state);
    super::render(&RowsBlock { rows: bars::rows(&scene, row, count.min(MOST_ROWS)) })
}

fn waterfall(scene: &Scene, shell: &Shell, page: &TracePage) -> Waterfall {
    view::waterfall(scene, shell, page, notes(scene, shell, page))
}

fn header(scene: &Scene, shell: &Shell, page: &TracePage) -> Header {
    let trace = scene.trace;
    let root = scene.root.and_then(|root| Some((root, scene.span(root)?)));
    let counts = scene.outcomes();
    let words = |outcome| match outcome {
        Outcome::Fault => ("fault", "faults"),
        Outcome::Throttle => ("throttled", "throttled"),
        _ => ("error", "errors"),
    };
    let problems = counts.into_iter().rev().filter(|(outcome, count)| *outcome != Outcome::Ok && *count > 0);
    let services = scene.services.len();
    Header {
        operation: Text::new(
            root.map(|(_, span)| span.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("(no name)"),
        ),
        service: text::named(root.map(|(_, span)| span.service.as_str()).unwrap_or(""), 80),
        class: root.map(|(node, _)| scene.class(node).to_owned()).unwrap_or_default(),
        is_rootless: scene.response_at().is_none(),
        problems: problems
            .map(|(outcome, count)| {
                let (one, many) = words(outcome);
                (icon::of_outcome(outcome), format::counted(count, one, many))
            })
            .collect(),
        cause: cause(scene),
        id: trace.trace_id,
        response: root
            .filter(|(_, span)| span.parent_span_id.is_none())
            .map(|(_, span)| (format::duration(span.duration), span.duration)),
        completed: (format::duration(scene.length.unsigned_abs()), scene.length),
        spans: (format::counted(trace.spans.len() as u64, "span", "spans"), trace.spans.len()),
        services: (format::counted(services as u64, "service", "services"), services),
        start: Moment::new(scene.start, Shows::DateTime, &shell.zone, shell.now),
        cost: cost::of_trace(page.invocations, page.cost, trace.trace_id).map(|cost| cost.total),
        cold: match page.invocations.iter().filter(|one| one.start.is_some_and(StartKind::is_cold)).count() {
            0 => None,
            cold => Some(format::counted(cold as u64, "cold start", "cold starts")),
        },
        download: format!("/traces/{}/otlp.json", trace.trace_id),
    }
}

/// What a reader must know before reading the rows.
fn notes(scene: &Scene, shell: &Shell, page: &TracePage) -> Vec<Note> {
    let mut notes = Vec::new();
    if page.is_cost_late {
        let words =
            "The cost here is of its own invocations only: adding up what it set going takes longer.".to_owned();
        let link = Some(("All of it", format!("/api/v1/traces/{}/cost", scene.trace.trace_id)));
        notes.push(Note { test: "partial", words, link, go: "" });
    }
    for one in open::stopped(page.invocations).take(MOST_STOPPED) {
        let words = format!(
            "An invocation of {} was stopped ({}) before its span ended; what it had sent until then is here.",
            text::named(one.function_name(), 60),
            crate::invocations::row::outcome(one.outcome).1,
        );
        let link = Some(("Its report", request_path(&one.request_id)));
        notes.push(Note { test: "stopped", words, link, go: "" });
    }
    let spans = &scene.trace.spans;
    let reload = here(scene.trace.trace_id, scene.state).to_string();
    let newest = spans.iter().map(|span| span.received_at).max().unwrap_or_default();
    if shell.now.since(newest) < FRESH && shell.now >= newest {
        let words = format!("The last span arrived {}; more may follow.", ago(newest, shell.now));
        notes.push(Note { test: "still-arriving", words, link: Some(("Reload", reload)), go: "" });
    }
    let late = spans.iter().filter(|span| span.received_at.since(span.ended_at()) > LATE).count();
    // Where all came late, they were imported, or the clocks of sender and receiver differ.
    if late > 0 && late < spans.len() {
        let words =
            format!("{} arrived more than a minute after ending.", format::counted(late as u64, "span", "spans"));
        notes.push(Note { test: "came-late", words, link: None, go: "" });
    }
    let missing = scene.tree.nodes.iter().filter(|node| node.span.is_none()).count() - scene.open.len();
    if missing > 0 {
        let verb = if missing == 1 { "is named as a parent but is" } else { "are named as parents but are" };
        let words = format!("{} {verb} not here.", format::counted(missing as u64, "span", "spans"));
        notes.push(Note { test: "missing-spans", words, link: None, go: "" });
    }
    let skewed = scene.skew.count();
    if skewed > 0 && scene.state.clock == Clock::Raw {
        let verb = if skewed == 1 { "lies outside its parent" } else { "lie outside their parents" };
        let words = format!("{} {verb}: clocks differ.", format::counted(skewed as u64, "span", "spans"));
        let fixed = scene.state.link(|state| state.clock = Clock::Fixed);
        notes.push(Note { test: "skew-note", words, link: Some(("Shift them in", fixed)), go: "clock" });
    }
    if scene.tree.nodes.len() > CROWDED && scene.state.depth.is_none() && scene.state.view == choices::View::Waterfall {
        let words = "A large trace: three levels and the ways to its faults are open.".to_owned();
        notes.push(Note { test: "crowded", words, link: None, go: "" });
    }
    notes
}
