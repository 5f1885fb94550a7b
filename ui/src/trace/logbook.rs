//! The trace as it was told: log lines and events of its spans, in the order of their times. `templates/trace/logs.html`.

use coldlight_model::{LogLine, SpanEvent, SpanId, Timestamp};

use super::attributes::{Attribute, Budget};
use super::key::RowKey;
use super::lines;
use super::scene::Scene;
use super::state::{Rows, Services, State, Tab};
use super::view::{Pager, pager};
use super::waterfall::operation;
use crate::moment::{Moment, Shows};
use crate::pages::trace::TracePage;
use crate::shell::Shell;
use crate::text::{self, Text};
use crate::{format, icon};

/// Entries of a page; what the store gives beyond 10,000 of a kind it does not give.
const PAGE: usize = 100;
const MOST_OF_A_KIND: usize = 10_000;

/// The block.
pub struct Logbook {
    pub entries: Vec<Entry>,
    /// What is left out, with a link that shows it.
    pub notes: Vec<(String, Option<(String, String)>)>,
    pub empty: Option<&'static str>,
    pub pager: Option<Pager>,
}

/// One thing that was said.
pub struct Entry {
    /// After the trace's start; nothing where no time was given.
    pub after: String,
    pub time: Option<Moment>,
    /// `fault`, `error` or nothing.
    pub class: &'static str,
    pub glyph: Option<&'static str>,
    /// The severity, or the name of the event.
    pub label: Text,
    pub is_event: bool,
    pub origin: Option<Origin>,
    /// Of a log line whose span is not here.
    pub service: String,
    pub body: Option<Text>,
    pub stack: Option<String>,
    pub attributes: Vec<Attribute>,
}

/// The span that said it.
pub struct Origin {
    pub href: String,
    pub class: String,
    pub service: String,
    pub operation: String,
    pub is_selected: bool,
}

enum Said<'a> {
    Log(&'a LogLine),
    Event(&'a SpanEvent),
}

impl Said<'_> {
    fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Log(line) => line.record.at.or(line.record.observed_at),
            Self::Event(one) => Some(one.event.at),
        }
    }

    fn span(&self) -> Option<SpanId> {
        match self {
            Self::Log(line) => line.record.span_id,
            Self::Event(one) => Some(one.span_id),
        }
    }
}

pub fn logbook(scene: &Scene, shell: &Shell, page: &TracePage) -> Logbook {
    let state = scene.state;
    let places = Places::new(scene);
    let logs = page.logs.iter().map(Said::Log);
    let mut said: Vec<Said> = logs.chain(page.events.iter().map(Said::Event)).collect();
    let all = said.len();
    said.retain(|one| state.services.lets(places.service(one)));
    // Stable: of one time, log lines come first, each kind as the store gave it.
    said.sort_by_key(Said::at);
    let total = said.len();
    let (first, count) = match state.rows {
        Some(Rows::From(first)) => ((first as usize).min(total.saturating_sub(1) / PAGE * PAGE), PAGE),
        // Beyond ten pages a browser shows nothing that a search would not find sooner.
        Some(Rows::All) => (0, PAGE * 10),
        None => (0, PAGE),
    };
    let budget = &mut Budget::default();
    let entries = said.iter().skip(first).take(count).map(|one| entry(&places, shell, one, budget)).collect::<Vec<_>>();
    let mut notes = Vec::new();
    if total < all {
        let clear = state.link(|state| (state.services, state.rows) = (Services::default(), None));
        let words =
            format!("{} of other services left out.", format::counted(all as u64 - total as u64, "line", "lines"));
        notes.push((words, Some(("All services".to_owned(), clear))));
    }
    for (kind, count) in [("log lines", page.logs.len()), ("events", page.events.len())] {
        if count >= MOST_OF_A_KIND {
            notes.push((format!("Only the first {} {kind} are here; SQL has all.", format::count(count as u64)), None));
        }
    }
    Logbook {
        empty: (total == 0).then_some("No log line names this trace, and its spans recorded no events."),
        pager: pager(state, (first, entries.len(), total), PAGE),
        entries,
        notes,
    }
}

/// The rows that lines come from.
struct Places<'a> {
    scene: &'a Scene<'a>,
    of: std::collections::HashMap<SpanId, usize>,
}

impl<'a> Places<'a> {
    fn new(scene: &'a Scene<'a>) -> Self {
        let mut of = std::collections::HashMap::new();
        for (at, node) in scene.tree.nodes.iter().enumerate().filter(|(_, node)| node.span.is_some()) {
            of.entry(node.span_id).or_insert(at);
        }
        Self { scene, of }
    }

    fn node(&self, one: &Said) -> Option<usize> {
        self.of.get(&one.span()?).copied()
    }

    fn service<'b>(&'b self, one: &'b Said) -> &'b str {
        match one {
            Said::Log(line) => &line.service,
            Said::Event(_) => self.node(one).and_then(|node| self.scene.span(node)).map_or("", |span| &span.service),
        }
    }
}

fn entry(places: &Places, shell: &Shell, one: &Said, budget: &mut Budget) -> Entry {
    let scene = places.scene;
    let node = places.node(one);
    let tab = if matches!(one, Said::Log(_)) { Tab::Logs } else { Tab::Events };
    let origin = node.and_then(|node| Some((node, scene.span(node)?))).map(|(node, span)| Origin {
        href: select(scene.state, scene.key(node), tab),
        class: scene.class(node).to_owned(),
        service: text::named(&span.service, 60),
        operation: text::named(&operation(span), 80),
        is_selected: scene.state.span == Some(scene.key(node)),
    });
    let at = one.at();
    let mut entry = Entry {
        after: at.map(|at| lines::after(scene.start, at)).unwrap_or_default(),
        time: at.map(|at| Moment::new(at, Shows::Time, &shell.zone, shell.now)),
        class: "",
        glyph: None,
        label: Text::default(),
        is_event: false,
        service: if origin.is_none() { text::named(places.service(one), 60) } else { String::new() },
        origin,
        body: None,
        stack: None,
        attributes: Vec::new(),
    };
    match one {
        Said::Log(line) => {
            let view = lines::log(line, shell, None, budget);
            (entry.class, entry.label) = (view.class, Text::new(&view.severity));
            (entry.body, entry.attributes) = (Some(view.body), view.attributes);
        }
        Said::Event(event) => {
            let begun = node.and_then(|node| scene.span(node)).map_or(event.event.at, |span| span.started_at);
            let view = lines::event(&event.event, begun, budget);
            (entry.class, entry.label, entry.is_event) = (view.class, view.name, true);
            (entry.body, entry.stack, entry.attributes) = (view.headline, view.stack, view.attributes);
        }
    }
    entry.glyph = match entry.class {
        "fault" => Some(icon::of_outcome(coldlight_model::Outcome::Fault)),
        "error" => Some(icon::of_outcome(coldlight_model::Outcome::Error)),
        _ => None,
    };
    entry
}

fn select(state: &State, key: RowKey, tab: Tab) -> String {
    state.link(|state| (state.span, state.tab) = (Some(key), tab))
}
