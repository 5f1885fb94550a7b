//! The first span: where to send it, how in each language, and whether it arrived.
//! (ui/src/pages/start.rs ↔ templates/start.html, templates/start/*.txt)

mod address;
mod snippet;

use askama::Template;
use coldlight_model::Timestamp;

pub use snippet::Lang;

use self::address::Address;
use self::snippet::{Snippet, snippets};
use crate::moment::{Moment, Shows};
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, Section, Shell};

pub const PATH: &str = "/start";
/// Where the page learns of the first span: an event `first-span` whose data is a trace id.
pub const EVENTS: &str = "/start/events";
/// Where the sample button posts to.
pub const SAMPLE: &str = "/start/sample";

/// Which tab is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub lang: Lang,
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str, _now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&["lang"]);
        let choices = Lang::ALL.map(|lang| (lang.name(), lang));
        let lang = query.choice("lang", &choices, &mut bad).unwrap_or_default();
        Self { lang, bad }
    }

    pub fn link(&self) -> Link {
        Link::to(PATH).maybe("lang", (self.lang != Lang::default()).then(|| self.lang.name()))
    }

    pub fn to_query(&self) -> String {
        self.link().query()
    }
}

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "start.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    addresses: Vec<(&'static str, String, &'static str)>,
    tabs: Vec<Tab>,
    intro: &'static str,
    snippets: Vec<Snippet>,
    is_local: bool,
    newest: Option<Moment>,
    events: &'static str,
    sample: &'static str,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State) -> String {
    super::render(&view(shell, state))
}

/// One block of the page: `view` is all of it.
pub fn fragment(block: &str, shell: &Shell, state: &State) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state).as_view()))
}

fn view(shell: &Shell, state: &State) -> View {
    let address = Address::of(shell);
    let tab = |lang: Lang| Tab {
        label: lang.label(),
        href: State { lang, ..State::default() }.link().to_string(),
        is_current: lang == state.lang,
    };
    View {
        chrome: Chrome::new(shell, Section::Other, "Send a first span", &state.link()).bad(&state.bad),
        addresses: address.listed(),
        tabs: Lang::ALL.map(tab).into(),
        intro: state.lang.intro(),
        snippets: snippets(state.lang, &address, shell.now),
        is_local: address.is_local(),
        newest: shell.newest.map(|newest| Moment::new(newest, Shows::Ago, &shell.zone, shell.now)),
        events: EVENTS,
        sample: SAMPLE,
    }
}
