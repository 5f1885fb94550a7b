//! Is coldlight itself well? What it took, what it turned away, how far behind it is, what it keeps; and what to do.
//! (ui/src/pages/status.rs ↔ templates/status.html)

mod receiving;
mod storing;

use askama::Template;
use coldlight_model::{Listening, Nanos, ReceiverCounts, StoreStatus, Timestamp};

use crate::format::{counted, duration};
use crate::moment::{Moment, Shows, ago};
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub const PATH: &str = "/status";

/// The page has no state of its own; strange parameters are noted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str, _now: Timestamp) -> Self {
        let strangers = Query::parse(query).unknown(&["range", "from", "to", "f"]);
        Self {
            bad: strangers
                .into_iter()
                .map(|bad| BadParam { problem: "this page has no parameters".to_owned(), ..bad })
                .collect(),
        }
    }
}

/// One of the slowest questions that pages asked lately.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowQuery {
    /// The question's file, such as `service_map`.
    pub name: String,
    pub took: Nanos,
    pub at: Timestamp,
}

/// How a row is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// A fact without a judgement.
    #[default]
    Plain,
    Good,
    /// Worth knowing; nothing is lost.
    Warning,
    /// Data is being lost or will be.
    Bad,
}

impl Health {
    /// The class and glyph of the mark.
    fn kind(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "ok",
            Self::Warning => "error",
            Self::Bad => "fault",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "well",
            Self::Warning => "look",
            Self::Bad => "act",
        }
    }
}

/// One line of the table. Whoever sets a health worse than good says what to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub name: &'static str,
    pub label: String,
    pub value: String,
    pub aside: String,
    pub health: Health,
    pub todo: String,
    pub moment: Option<Moment>,
}

impl Row {
    fn new(name: &'static str, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name, label: label.into(), value: value.into(), ..Self::default() }
    }

    fn aside(mut self, aside: impl Into<String>) -> Self {
        self.aside = aside.into();
        self
    }

    fn good(mut self) -> Self {
        self.health = Health::Good;
        self
    }

    /// Marks the row when `holds`, unless it is marked worse already.
    fn when(mut self, holds: bool, health: Health, todo: &str) -> Self {
        if holds && health > self.health {
            self.health = health;
            self.todo = todo.to_owned();
        }
        self
    }

    fn at(mut self, moment: Moment) -> Self {
        self.moment = Some(moment);
        self
    }
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "status.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    verdict: String,
    verdict_kind: &'static str,
    groups: Vec<Group>,
}

/// The whole page.
pub fn page(
    shell: &Shell,
    state: &State,
    received: &ReceiverCounts,
    stored: &StoreStatus,
    listening: &[Listening],
    version: &str,
    slow: &[SlowQuery],
) -> String {
    super::render(&view(shell, state, received, stored, listening, version, slow))
}

/// One block of the page: `view` is all of it.
#[expect(clippy::too_many_arguments, reason = "the arguments of the page and the block's name")]
pub fn fragment(
    block: &str,
    shell: &Shell,
    state: &State,
    received: &ReceiverCounts,
    stored: &StoreStatus,
    listening: &[Listening],
    version: &str,
    slow: &[SlowQuery],
) -> Option<String> {
    match block {
        "view" => Some(super::render(&view(shell, state, received, stored, listening, version, slow).as_view())),
        _ => None,
    }
}

fn view(
    shell: &Shell,
    state: &State,
    received: &ReceiverCounts,
    stored: &StoreStatus,
    listening: &[Listening],
    version: &str,
    slow: &[SlowQuery],
) -> View {
    let groups = vec![
        Group { title: "Receiving", rows: receiving::rows(received, stored) },
        Group { title: "Turned away", rows: receiving::refusals(received) },
        Group { title: "Writing", rows: storing::writing(stored) },
        Group { title: "Keeping", rows: storing::keeping(stored, shell) },
        Group { title: "Program", rows: program(shell, listening, version, slow) },
    ];
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let worst = rows().map(|row| row.health).max().unwrap_or_default();
    let odd = rows().filter(|row| row.health > Health::Good).count();
    View {
        chrome: Chrome::new(shell, Section::Status, "Status", &Link::to(PATH)).bad(&state.bad),
        verdict: match worst {
            Health::Plain | Health::Good => "All is well".to_owned(),
            _ => format!("{} to look at", counted(odd as u64, "thing", "things")),
        },
        verdict_kind: if worst <= Health::Good { "ok" } else { worst.kind() },
        groups,
    }
}

fn program(shell: &Shell, listening: &[Listening], version: &str, slow: &[SlowQuery]) -> Vec<Row> {
    let mut rows = vec![Row::new("version", "Version", text::cut(version, 60))];
    for address in listening {
        let label = match address.name {
            "otlp-grpc" => "OTLP over gRPC",
            "otlp-http" => "OTLP over HTTP",
            "http" => "Pages and API",
            other => other,
        };
        rows.push(Row::new("listening", label, address.address.to_string()).good());
    }
    if listening.is_empty() {
        rows.push(Row::new("listening", "Listening", "nowhere").when(
            true,
            Health::Bad,
            "No address is open, so nothing can arrive. Check the addresses in the settings.",
        ));
    }
    for query in slow.iter().take(5) {
        let slow = query.took >= 2_000_000_000;
        let row =
            Row::new("slow-query", format!("Slow question: {}", text::cut(&query.name, 60)), duration(query.took));
        let row = row.aside(ago(query.at, shell.now)).when(
            slow,
            Health::Warning,
            "Ask for shorter ranges, or give the program more memory and processors.",
        );
        rows.push(row);
    }
    rows
}

/// A moment of the table: distance shown, the rest in its title.
fn moment(at: Timestamp, shell: &Shell) -> Moment {
    Moment::new(at, Shows::DateTime, &shell.zone, shell.now)
}
