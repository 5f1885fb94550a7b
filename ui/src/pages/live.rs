//! What arrives now: a line for every root span and every invocation that ended.   (ui/src/pages/live.rs ↔ templates/live.html)

mod line;
mod state;

use askama::Template;
use coldlight_model::LiveNews;

use self::line::Line;
use crate::filter_bar::FilterBar;
use crate::format::count;
use crate::invocations::state::request_path;
use crate::moment::{Moment, Shows};
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text;

pub use self::state::{EVENTS, PATH, State};

/// Lines of the page as it is opened, and the most that are kept; also of each kind the most in one event.
pub const FIRST: u32 = 100;
pub const MOST: u32 = 500;

pub(super) const KEYS: [Key; 2] = [("Space", "pause, go on"), ("f", "filter")];

#[derive(Template)]
#[template(path = "live.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    lines: Vec<Line>,
    running: Vec<Running>,
    is_paused: bool,
    toggle: String,
    events: String,
    /// Where the stream goes on behind this page.
    after: String,
    most: u32,
    /// How many of the last hour are not listed, if any, and in words.
    skipped: Option<(u64, String)>,
    /// Words that leave out root spans, or invocations.
    left_out: Option<&'static str>,
    newest: Option<Moment>,
    /// The day and the zone of the times.
    day: String,
}

#[derive(Template)]
#[template(path = "live/lines.html")]
struct Lines {
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "live/running.html")]
struct RunningView {
    running: Vec<Running>,
}

struct Running {
    function: String,
    href: String,
    since: String,
}

/// The whole page; `news` is the newest there is.
pub fn page(shell: &Shell, state: &State, news: &LiveNews) -> String {
    super::render(&view(shell, state, news))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, news: &LiveNews) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, news).as_view()))
}

/// Rows for what arrived; empty when nothing did.
pub fn lines(shell: &Shell, news: &LiveNews) -> String {
    let lines = line::lines(news, MOST as usize, shell);
    if lines.is_empty() { String::new() } else { super::render(&Lines { lines }) }
}

/// What has begun and not ended. Nothing while a filter leaves out anything: little is known of what has not ended.
pub fn running(shell: &Shell, state: &State, news: &LiveNews) -> String {
    super::render(&RunningView { running: still(shell, state, news) })
}

fn still(shell: &Shell, state: &State, news: &LiveNews) -> Vec<Running> {
    let running = news.running.iter().filter(|_| state.is_open());
    running
        .map(|one| Running {
            function: text::named(&one.function, 60),
            href: request_path(&one.request_id),
            since: shell.zone.time(one.started_at),
        })
        .collect()
}

/// What there is besides `listed` lines.
fn skipped(news: &LiveNews, listed: usize) -> Option<(u64, String)> {
    let found = (news.spans.len() + news.invocations.len()) as u64;
    let skipped = news.skipped + found.saturating_sub(listed as u64);
    let words = match (skipped, news.is_cut) {
        (0, false) => return None,
        (0, true) => "older ones are not listed".to_owned(),
        (some, is_cut) => format!("{}{} skipped", if is_cut { "more than " } else { "" }, count(some)),
    };
    Some((skipped, words))
}

fn view(shell: &Shell, state: &State, news: &LiveNews) -> View {
    let (filter, here) = (state.filter(), state.link());
    let lines = line::lines(news, FIRST as usize, shell);
    View {
        chrome: Chrome::new(shell, Section::Live, "Live", &here).furnished("live").bad(&state.bad).keys(&KEYS),
        bar: FilterBar::new(&filter, &here, PATH)
            .placeholder("Add a filter: service:checkout-api  status:fault  cold:true  dur>500ms"),
        skipped: skipped(news, lines.len()),
        lines,
        running: still(shell, state, news),
        is_paused: state.is_paused,
        toggle: state.paused(!state.is_paused).link().to_string(),
        events: state.events().to_string(),
        after: news.mark.to_text(),
        most: MOST,
        left_out: match (state.spans(), state.invocations()) {
            (None, None) => Some("The filter asks of one what only the other has: nothing can match."),
            (None, _) => Some("Only invocations are listed: the filter asks what only they have."),
            (_, None) => Some("Only root spans are listed: the filter asks what invocations do not have."),
            _ => None,
        },
        newest: shell.newest.map(|newest| Moment::new(newest, Shows::DateTime, &shell.zone, shell.now)),
        day: format!("{}, {}", shell.zone.date(shell.now), shell.zone.short(shell.now)),
    }
}
