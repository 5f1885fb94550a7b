//! What is shown of a page until its answer is there: the frame, the filter, and a shape as large as what will come.
//!                                                                                         (ui/src/pages/waiting.rs ↔ templates/waiting)
//!
//! The server sends [`Waiting::open`] while it still asks, then a [`Waiting::step`] now and then, and at last [`arrived`]: the page itself
//! without the frame that was sent already. A rule of the stylesheet hides the waiting part as soon as the page follows it, so that all this
//! needs no script.

use askama::Template;
use coldlight_model::{Nanos, Timestamp};

use crate::filter_bar;
use crate::format::{duration, period};
use crate::query::{Link, Query};
use crate::range::{self, Preset, Range};
use crate::shell::{Chrome, Key, Section, Shell};

/// Where a page's own part begins. `templates/base.html` writes it once, and what others named is escaped.
const CONTENT: &str = "<div data-frag=\"view\">";

/// After this long it is said what is being read.
pub const SAY_WHAT: Nanos = 400_000_000;
/// After this long, how long it has taken, and that it can be ended.
pub const OFFER_CANCEL: Nanos = 2_000_000_000;
/// And after each of these again; more often would be read aloud too often.
pub const SAY_AGAIN: Nanos = 5_000_000_000;

/// What is known of a page from its address alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    kind: Kind,
    here: Link,
    range: Range,
    /// The filter as it was written.
    filter: String,
    /// How long the range is.
    length: Nanos,
}

/// What pages at a path have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kind {
    section: Section,
    title: &'static str,
    /// The kind of its stylesheet and script.
    furniture: &'static str,
    keys: &'static [Key],
    /// What is read: `the requests and calls`.
    what: &'static str,
    has_range: bool,
    has_filter: bool,
}

impl Kind {
    /// A list of what happened in a range.
    const fn list(section: Section, title: &'static str, keys: &'static [Key], what: &'static str) -> Self {
        Self { section, title, furniture: "app", keys, what, has_range: true, has_filter: true }
    }

    /// One thing.
    const fn one(section: Section, title: &'static str, keys: &'static [Key], what: &'static str) -> Self {
        Self { has_range: false, has_filter: false, ..Self::list(section, title, keys, what) }
    }

    const fn of(self, furniture: &'static str) -> Self {
        Self { furniture, ..self }
    }

    fn at(path: &str, query: &Query) -> Option<Self> {
        use Section::{
            Alerts, ColdStarts, Containers, Cost, Functions, Invocations, Live, Map, Other, Sql, Status, Traces,
        };
        let path: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match path[..] {
            ["map"] => Self::list(Map, "Service map", &super::map::KEYS, "requests and calls").of("map"),
            ["traces"] if query.get("view") == Some("heat") => {
                Self::list(Traces, "Traces as a heat map", &super::heat::KEYS, "traces").of("heat")
            }
            ["traces"] => Self::list(Traces, "Traces", &super::traces::KEYS, "traces"),
            ["traces", _] => Self::one(Traces, "Trace", &super::trace::KEYS, "this trace").of("trace"),
            ["compare"] => Self::one(Traces, "Compare two traces", &[], "both traces").of("trace"),
            ["invocations"] => Self::list(Invocations, "Invocations", &[], "invocations"),
            ["invocations", _] => Self::one(Invocations, "Invocation", &[], "this invocation"),
            ["functions"] => Self::list(Functions, "Functions", &[], "invocations by function"),
            ["functions", _] => Self::list(Functions, "Function", &[], "invocations of this function").of("lambda"),
            ["cold-starts"] => Self::list(ColdStarts, "Cold starts", &[], "cold starts").of("lambda"),
            ["containers"] => Self {
                has_filter: false,
                ..Self::list(Containers, "Containers", &super::containers::KEYS, "tasks and their requests")
            },
            ["cost"] => Self::list(Cost, "Cost", &super::cost::KEYS, "what was spent"),
            ["cost", "what-if"] => Self { has_filter: false, ..Self::list(Cost, "What if", &[], "invocations") },
            ["cost", "right-size"] => Self { has_filter: false, ..Self::list(Cost, "Right size", &[], "invocations") },
            ["live"] => Self {
                has_range: false,
                ..Self::list(Live, "Live", &super::live::KEYS, "what arrived last").of("live")
            },
            ["alerts"] => Self::one(Alerts, "Alerts", &[], "what is watched").of("live"),
            ["settings"] => Self::one(Other, "Settings", &[], "the settings").of("live"),
            ["status"] => Self::one(Status, "Status", &[], "what is kept"),
            ["sql"] => Self::one(Sql, "SQL", &super::sql::KEYS, "the answer").of("sql"),
            _ => return None,
        })
    }
}

#[derive(Template)]
#[template(path = "waiting/open.html")]
struct Open {
    chrome: Chrome,
    bar: Option<Bar>,
    question: String,
    /// A strip of numbers stands above what will come.
    has_figures: bool,
}

/// The filter and the range, good for use while one waits.
struct Bar {
    action: String,
    filter: Option<String>,
    kept: Vec<(String, String)>,
    /// Label, address, whether it is the one being read.
    ranges: Vec<(&'static str, String, bool)>,
}

#[derive(Template)]
#[template(path = "waiting/step.html")]
struct Step<'a> {
    words: String,
    cancel: Option<Cancel<'a>>,
}

/// What ends a question.
struct Cancel<'a> {
    action: String,
    back: String,
    question: Option<&'a str>,
}

impl Waiting {
    /// The page at an address; `None` where pages are quick, or are none.
    pub fn at(path: &str, query: &str, now: Timestamp) -> Option<Self> {
        let query = Query::parse(query);
        let kind = Kind::at(path, &query)?;
        let range = Range::from_query(&query, now, &mut Vec::new());
        let pairs = query.pairs().iter();
        Some(Self {
            kind,
            here: pairs.fold(Link::to(path), |link, (name, value)| link.with(name, value.clone())),
            range,
            filter: filter_bar::line_of(&query, &mut Vec::new()),
            length: range.resolve(now).length(),
        })
    }

    /// Everything up to where the steps go: a page that is not closed.
    pub fn open(&self, shell: &Shell) -> String {
        let Kind { section, title, furniture, keys, .. } = self.kind;
        let chrome = Chrome::new(shell, section, title, &self.here).furnished(furniture).keys(keys);
        let question = self.here.pairs().iter().find(|(name, _)| section == Section::Sql && name == "q");
        let page = super::render(&Open {
            chrome,
            bar: self.bar(),
            has_figures: self.kind.has_range,
            question: question.map_or_else(String::new, |(_, question)| question.clone()),
        });
        page.split_once(CONTENT).map_or(page.clone(), |(before, _)| before.to_owned())
    }

    fn bar(&self) -> Option<Bar> {
        if !self.kind.has_range && !self.kind.has_filter {
            return None;
        }
        let bare = self.here.clone().first_page();
        let ranges = Preset::ALL.map(|preset| {
            let href = without_range(&bare).with("range", preset.name()).to_string();
            (preset.label(), href, self.range == Range::Last(preset))
        });
        Some(Bar {
            action: bare.path().to_owned(),
            filter: self.kind.has_filter.then(|| self.filter.clone()),
            kept: bare.without("f").pairs().to_vec(),
            ranges: if self.kind.has_range { ranges.to_vec() } else { Vec::new() },
        })
    }

    /// What is said after `elapsed`. From [`OFFER_CANCEL`] on `id` names the question to end; `before` is how long it took an earlier time,
    /// `question` a question in SQL that the address does not hold.
    pub fn step(&self, elapsed: Nanos, id: &str, before: Option<Nanos>, question: Option<&str>) -> String {
        let what = if self.kind.has_range {
            format!("Reading {} of {}", self.kind.what, self.range.phrase())
        } else {
            format!("Reading {}", self.kind.what)
        };
        if elapsed < OFFER_CANCEL {
            return super::render(&Step { words: format!("{what}…"), cancel: None });
        }
        let whole = elapsed / 1_000_000_000 * 1_000_000_000;
        let before = before.map_or_else(String::new, |before| format!("; it took {} before", duration(before)));
        let is_first = elapsed < SAY_AGAIN;
        super::render(&Step {
            words: format!("{what}: {} so far{before}", period(whole)),
            cancel: is_first.then(|| Cancel {
                action: format!("/queries/{id}/cancel"),
                back: self.here.to_string(),
                question,
            }),
        })
    }

    /// The page of up to three shorter ranges, the longest first; nothing where the page has no range.
    pub fn narrower(&self) -> Vec<(String, String)> {
        let shorter = Preset::ALL.into_iter().filter(|preset| self.kind.has_range && preset.length() < self.length);
        let bare = without_range(&self.here.clone().first_page());
        let link = |preset: Preset| (preset.label().to_owned(), bare.clone().with("range", preset.name()).to_string());
        shorter.rev().take(3).map(link).collect()
    }

    /// The page's own address.
    pub fn here(&self) -> &Link {
        &self.here
    }
}

fn without_range(link: &Link) -> Link {
    range::PARAMS.iter().fold(link.clone(), |link, name| link.without(name))
}

/// What follows the steps: the end of the waiting part, and of the whole page `html` all but its frame. Between them stands an empty element
/// for the stylesheet to look for: browsers see that one is there when it has ended, which the page itself does last of all.
pub fn arrived(html: &str) -> String {
    let own = html.find(CONTENT).map_or(html, |at| &html[at..]);
    format!("</div></div><i hidden></i>\n{own}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, query: &str) -> Waiting {
        Waiting::at(path, query, Timestamp::from_millis(1_795_183_402_418)).unwrap()
    }

    #[test]
    fn what_is_read_is_said_and_then_for_how_long() {
        let map = at("/map", "range=24h");
        assert!(map.step(SAY_WHAT, "a1", None, None).contains("Reading requests and calls of the last 24 hours…"));
        let late = map.step(OFFER_CANCEL, "a1", Some(1_800_000_000), None);
        assert!(late.contains("of the last 24 hours: 2 s so far; it took 1.80 s before"), "{late}");
        assert!(late.contains("action=\"/queries/a1/cancel\"") && late.contains("value=\"/map?range=24h\""), "{late}");
        assert!(!map.step(SAY_AGAIN, "a1", None, None).contains("<form"), "one button is enough");
        assert!(at("/traces/5b8e", "").step(SAY_WHAT, "a1", None, None).contains("Reading this trace…"));
    }

    #[test]
    fn three_shorter_ranges_keep_the_rest_of_the_address() {
        let links = at("/traces", "range=7d&f=dur%3E1s&cursor=9").narrower();
        let links: Vec<&str> = links.iter().map(|(_, href)| href.as_str()).collect();
        assert_eq!(
            links,
            ["/traces?f=dur%3E1s&range=24h", "/traces?f=dur%3E1s&range=6h", "/traces?f=dur%3E1s&range=1h"]
        );
        assert_eq!(at("/traces/5b8e", "").narrower(), []);
    }

    #[test]
    fn the_parts_make_one_page() {
        let shell = Shell::default();
        let map = at("/map", "f=%22%3E%3Cscript%3E");
        let page = super::super::error::page(&shell, 504, &super::super::error::ErrorPage::default());
        let whole =
            map.open(&shell) + &map.step(OFFER_CANCEL, "a1", None, Some("SELECT '</textarea>'")) + &arrived(&page);
        for (opened, closed) in [
            ("<body>", "</body>"),
            ("<main", "</main>"),
            ("<section", "</section>"),
            ("<div", "</div>"),
            ("<form", "</form>"),
        ] {
            assert_eq!(whole.matches(opened).count(), whole.matches(closed).count(), "{opened}");
        }
        assert_eq!(whole.matches("<main id=").count(), 1);
        assert!(!whole.contains("<script>") && !whole.contains("'</textarea>"));
    }

    #[test]
    fn what_is_no_page_or_a_quick_one_is_not_waited_for() {
        for path in ["/", "/help", "/go", "/assets/x/app.css", "/traces/5b8e/rows", "/api/v1/map", "/login", "/start"] {
            assert_eq!(Waiting::at(path, "", Timestamp::from_millis(0)), None, "{path}");
        }
    }
}
