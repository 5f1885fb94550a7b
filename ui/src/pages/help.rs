//! Keys, filter words, formulas, and what the words on the pages mean.          (ui/src/pages/help.rs ↔ templates/help.html)

mod words;

use askama::Template;
use coldlight_model::lambda::{CostState, StartKind};

use crate::invocations::cost::state_means;
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, KEYS_EVERYWHERE, Key, Section, Shell};

pub const PATH: &str = "/help";

/// The page has no state of its own; strange parameters are noted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str) -> Self {
        let bad = Query::parse(query).unknown(&["range", "from", "to", "f"]);
        let none = |bad| BadParam { problem: "this page has no parameters".to_owned(), ..bad };
        Self { bad: bad.into_iter().map(none).collect() }
    }
}

/// Keys of single pages.
const KEYS_OF: [(&str, &[Key]); 4] = [
    (
        "Lists",
        &[("f", "filter"), ("t", "time range"), ("j k ↓ ↑", "next, previous row of the traces"), ("Enter", "open it")],
    ),
    ("Map", &[("+ - 0", "zoom in, out, whole"), ("Esc", "clear the selection")]),
    (
        "Trace",
        &[
            ("j k ↓ ↑", "next, previous row"),
            ("→ ←", "open, close; first child, parent"),
            ("z", "zoom to the span"),
            ("a d + - 0", "pan, zoom"),
            ("e E", "next, previous problem"),
            ("n N", "next, previous match"),
            ("p", "critical path"),
            ("v", "next view"),
        ],
    ),
    ("Live", &[("Space", "pause, go on")]),
];

/// A sum of money, how it is computed, and from where.
const FORMULAS: [(&str, &str, &str); 8] = [
    ("Request", "1 × price per request", "every invocation, warm or cold, well or not"),
    (
        "Duration",
        "billed ms ÷ 1,000 × memory MB ÷ 1,024 × price per GB-second",
        "billed time is rounded up to the next millisecond; by architecture and region",
    ),
    (
        "Init",
        "init ms ÷ 1,000 × memory MB ÷ 1,024 × price per GB-second",
        "a part of the duration's sum: since 2025-08-01 every init is billed",
    ),
    (
        "SnapStart",
        "restores × memory MB ÷ 1,024 × price per GB restored",
        "caching is not of one invocation, so it is not in its cost",
    ),
    ("Per million", "sum ÷ invocations that have a price × 1,000,000", "rounded half up, once"),
    (
        "Fargate task",
        "(vCPU × price + GB × price + GB of storage beyond 20 × price) × seconds ÷ 3,600",
        "from image pull to stop, a minute at least",
    ),
    (
        "Share of a task",
        "the task's cost of a minute × time of the request ÷ time of all requests of that minute",
        "what no request used is unused capacity",
    ),
    ("Per hour", "sum of the window × 3,600 s ÷ window", "a rate, not a forecast"),
];

#[derive(Template)]
#[template(path = "help.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    keys: Vec<(&'static str, &'static [Key])>,
    words: Vec<(&'static str, &'static str, &'static str)>,
    formulas: [(&'static str, &'static str, &'static str); 8],
    starts: Vec<(&'static str, &'static str)>,
    states: Vec<(&'static str, &'static str)>,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State) -> String {
    super::render(&view(shell, state))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state).as_view()))
}

fn view(shell: &Shell, state: &State) -> View {
    View {
        chrome: Chrome::new(shell, Section::Other, "Help", &Link::to(PATH)).furnished("live").bad(&state.bad),
        keys: [("Every page", &KEYS_EVERYWHERE[..])].into_iter().chain(KEYS_OF).collect(),
        words: words::WORDS.into(),
        formulas: FORMULAS,
        starts: StartKind::ALL.map(|kind| (kind.name(), kind.meaning())).into(),
        states: CostState::ALL.map(|state| (state.name(), state_means(state))).into(),
    }
}
