//! What the trace page shows, as its address says it: selection, search, filters, zoom, which rows are open.
//!
//! Whatever is written by [`State::pairs`] reads back the same. What is not understood becomes the default and a note.

use coldlight_model::{SpanId, Timestamp};

pub use super::choices::{By, Tab, Until, View};
use super::key::{RowKey, read_keys, write_keys};
use crate::query::{BadParam, Link, Query};

/// Rows opened and closed by hand that an address can carry, each way.
pub const MOST_TOGGLED: usize = 200;
/// Bytes of a search text, and services named by a filter.
const MOST_FIND: usize = 256;
const MOST_SERVICES: usize = 50;
/// A zoom is held to what a trace can be long, in nanoseconds.
const MOST_NANOS: i64 = i64::MAX / 4;

const KNOWN: [&str; 15] =
    ["view", "sort", "span", "tab", "q", "only", "svc", "t", "depth", "c", "o", "fold", "rows", "clock", "cp"];

/// The state of the page. [`Default`] is the page without any parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub view: View,
    /// The order of [`View::Table`].
    pub by: By,
    /// The row whose span the panel shows.
    pub span: Option<RowKey>,
    pub tab: Tab,
    /// Searched for in names and attributes; empty for no search.
    pub find: String,
    pub only: Only,
    pub services: Services,
    /// Nanoseconds after the trace's start, the first before the second; `None` for the whole trace.
    pub zoom: Option<(i64, i64)>,
    pub depth: Option<Depth>,
    pub closed: Vec<RowKey>,
    pub opened: Vec<RowKey>,
    /// Siblings that are alike stand for themselves instead of behind one row.
    pub is_unfolded: bool,
    pub rows: Option<Rows>,
    pub clock: Clock,
    pub until: Until,
    pub bad: Vec<BadParam>,
}

/// Which rows are shown, their ancestors dimmed. `only=1` means the matches of a search where there is one, else the problems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    #[default]
    Everything,
    Problems,
    Matches,
}

/// Which services are shown: those named, or all; without the hidden ones. `svc=a,b` and `svc=-c`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    pub shown: Vec<String>,
    pub hidden: Vec<String>,
}

impl Services {
    pub fn is_all(&self) -> bool {
        self.shown.is_empty() && self.hidden.is_empty()
    }

    pub fn lets(&self, service: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == service);
        (self.shown.is_empty() || named(&self.shown)) && !named(&self.hidden)
    }

    /// As in the address: a comma or backslash inside a name, and a dash before it, is written with a backslash.
    fn to_text(&self) -> String {
        let mut out = String::new();
        let all = self.shown.iter().map(|name| (false, name)).chain(self.hidden.iter().map(|name| (true, name)));
        for (is_hidden, name) in all {
            if !out.is_empty() {
                out.push(',');
            }
            if is_hidden {
                out.push('-');
            } else if name.starts_with('-') {
                out.push('\\');
            }
            for c in name.chars() {
                if matches!(c, ',' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
        out
    }

    fn from_text(sent: &str, bad: &mut Vec<BadParam>) -> Self {
        let mut services = Self::default();
        let mut name = String::new();
        let mut is_hidden = false;
        let mut is_first = true;
        let mut count = 0;
        let mut chars = sent.chars();
        loop {
            let c = chars.next();
            match c {
                None | Some(',') => {
                    if !name.is_empty() && count < MOST_SERVICES {
                        let list = if is_hidden { &mut services.hidden } else { &mut services.shown };
                        list.push(std::mem::take(&mut name));
                        count += 1;
                    } else if !name.is_empty() {
                        bad.push(BadParam::new("svc", sent, format!("at most {MOST_SERVICES} services")));
                        return services;
                    }
                    (is_hidden, is_first) = (false, true);
                    if c.is_none() {
                        return services;
                    }
                    continue;
                }
                Some('-') if is_first => is_hidden = true,
                Some('\\') => name.extend(chars.next()),
                Some(c) => name.push(c),
            }
            is_first = false;
        }
    }
}

/// How many levels stand open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Rows down to this level, the roots being level 1.
    Levels(u32),
    All,
}

/// The window of rows on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// From this visible row, counted from 0.
    From(u32),
    All,
}

/// Times as sent, or shifted where a span lies outside its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    #[default]
    Raw,
    Fixed,
}

impl State {
    /// From the part of the address after `?`. The page does not depend on the time of day; `_now` is there because every
    /// page is read the same way.
    pub fn parse(query: &str, _now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&KNOWN);
        let view = query.choice("view", &View::ALL.map(|view| (view.name(), view)), &mut bad).unwrap_or_default();
        let by = query.choice("sort", &By::ALL.map(|by| (by.name(), by)), &mut bad).unwrap_or_default();
        let span = query.get("span").filter(|sent| !sent.is_empty()).and_then(|sent| {
            let key = RowKey::from_text(sent);
            if key.is_none() {
                bad.push(BadParam::new("span", sent, "a span id of 16 hexadecimal digits"));
            }
            key
        });
        let find = find(&query, &mut bad);
        let only = query.choice(
            "only",
            &[("1", None), ("problems", Some(Only::Problems)), ("matches", Some(Only::Matches))],
            &mut bad,
        );
        let only = match only {
            None => Only::Everything,
            Some(None) if find.is_empty() => Only::Problems,
            Some(None) => Only::Matches,
            // Matches of nothing would be an empty page.
            Some(Some(Only::Matches)) if find.is_empty() => Only::Everything,
            Some(Some(only)) => only,
        };
        Self {
            view,
            by,
            span,
            tab: query.choice("tab", &Tab::ALL.map(|tab| (tab.name(), tab)), &mut bad).unwrap_or_default(),
            find,
            only,
            services: query.get("svc").map(|sent| Services::from_text(sent, &mut bad)).unwrap_or_default(),
            zoom: zoom(&query, &mut bad),
            depth: match query.get("depth") {
                Some("all") => Some(Depth::All),
                _ => query.whole("depth", 1..=9_999, &mut bad).map(|levels| Depth::Levels(levels as u32)),
            },
            closed: read_keys(&query, "c", MOST_TOGGLED, &mut bad),
            opened: read_keys(&query, "o", MOST_TOGGLED, &mut bad),
            is_unfolded: query.choice("fold", &[("1", false), ("0", true)], &mut bad).unwrap_or_default(),
            rows: match query.get("rows") {
                Some("all") => Some(Rows::All),
                _ => query.whole("rows", 0..=u64::from(u32::MAX), &mut bad).map(|first| Rows::From(first as u32)),
            },
            clock: query.choice("clock", &[("raw", Clock::Raw), ("fixed", Clock::Fixed)], &mut bad).unwrap_or_default(),
            until: query.choice("cp", &Until::ALL.map(|until| (until.name(), until)), &mut bad).unwrap_or_default(),
            bad,
        }
    }

    /// What of the state decides which rows are drawn.
    pub fn of_rows(&self) -> Self {
        Self {
            span: self.span,
            only: self.only,
            services: self.services.clone(),
            depth: self.depth,
            closed: self.closed.clone(),
            opened: self.opened.clone(),
            is_unfolded: self.is_unfolded,
            ..Self::default()
        }
    }

    /// The span to ask the store for.
    pub fn selected(&self) -> Option<SpanId> {
        self.span.map(|key| key.id)
    }

    /// Whether the view shows what was recorded during spans.
    pub fn wants_events(&self) -> bool {
        self.view == View::Logs
    }

    /// Whether the panel says how the selected span did among its like.
    pub fn wants_rank(&self) -> bool {
        self.span.is_some_and(|key| !key.is_fold) && self.tab == Tab::Span
    }

    /// Whether the panel shows the selected span as it was sent.
    pub fn wants_raw(&self) -> bool {
        self.span.is_some() && self.tab == Tab::Raw
    }

    /// The text to search the trace for, when there is one.
    pub fn wanted(&self) -> Option<&str> {
        (!self.find.is_empty()).then_some(self.find.as_str())
    }

    /// The parameters that make this state; defaults are left out.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut push = |name, value: String| {
            if !value.is_empty() {
                pairs.push((name, value));
            }
        };
        let unless = |is_default: bool, name: &str| if is_default { String::new() } else { name.to_owned() };
        push("view", unless(self.view == View::default(), self.view.name()));
        push("sort", unless(self.by == By::default(), self.by.name()));
        push("span", self.span.map(|key| key.to_text()).unwrap_or_default());
        push("tab", unless(self.tab == Tab::default(), self.tab.name()));
        push("q", self.find.clone());
        let only = match (self.only, self.find.is_empty()) {
            (Only::Everything, _) | (Only::Matches, true) => "",
            (Only::Problems, true) | (Only::Matches, false) => "1",
            (Only::Problems, false) => "problems",
        };
        push("only", only.to_owned());
        push("svc", self.services.to_text());
        push("t", self.zoom.map(|(from, to)| format!("{}-{}", micros(from), micros(to))).unwrap_or_default());
        push(
            "depth",
            match self.depth {
                None => String::new(),
                Some(Depth::All) => "all".to_owned(),
                Some(Depth::Levels(levels)) => levels.to_string(),
            },
        );
        push("c", write_keys(&self.closed));
        push("o", write_keys(&self.opened));
        push("fold", unless(!self.is_unfolded, "0"));
        push(
            "rows",
            match self.rows {
                None => String::new(),
                Some(Rows::All) => "all".to_owned(),
                Some(Rows::From(first)) => first.to_string(),
            },
        );
        push("clock", unless(self.clock == Clock::Raw, "fixed"));
        push("cp", unless(self.until == Until::default(), self.until.name()));
        pairs
    }

    /// The query string, without `?`.
    pub fn to_query(&self) -> String {
        Link::default().with_all(&self.pairs()).query()
    }

    /// A link within the page to this state after `change`.
    pub fn link(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut state = self.clone();
        change(&mut state);
        format!("?{}", state.to_query())
    }
}

fn find(query: &Query, bad: &mut Vec<BadParam>) -> String {
    let sent = query.get("q").unwrap_or("").trim();
    if sent.len() > MOST_FIND {
        bad.push(BadParam::new("q", sent, format!("at most {MOST_FIND} bytes")));
        return String::new();
    }
    sent.to_owned()
}

/// `t=<µs>-<µs>`, with up to three decimals.
fn zoom(query: &Query, bad: &mut Vec<BadParam>) -> Option<(i64, i64)> {
    let sent = query.get("t").filter(|sent| !sent.is_empty())?;
    let found = sent.split_once('-').and_then(|(from, to)| Some((nanos(from)?, nanos(to)?)));
    let found = found.filter(|(from, to)| from < to);
    if found.is_none() {
        bad.push(BadParam::new("t", sent, "two times in microseconds after the trace's start, such as 439000-1893000"));
    }
    found
}

fn nanos(micros: &str) -> Option<i64> {
    let (whole, fraction) = micros.split_once('.').unwrap_or((micros, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 3 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<3}").parse().ok()?;
    let nanos = whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(fraction)?;
    (nanos <= MOST_NANOS).then_some(nanos)
}

fn micros(nanos: i64) -> String {
    let text = format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
