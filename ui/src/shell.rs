//! What every page shares: the reader's theme and zone, the addresses we listen on, and the frame around the content.

use std::sync::Arc;

use coldlight_model::{Nanos, SavedSearch, SearchPage, Timestamp};

use crate::alerts::Watched;
use crate::assets;
use crate::moment::{Zone, ago};
use crate::query::{BadParam, Link, Query};
use crate::text;

/// Data older than this while something is wrong is called stale.
const STALE_AFTER: Nanos = 60_000_000_000;

/// Light, dark, or as the system says; the cookie `theme` keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The word in the cookie and in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The inverse of [`Theme::name`]; an unknown word is `System`.
    pub fn from_name(name: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }

    /// What the button switches to.
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// What the server knows about the reader and about itself when it renders a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shell {
    pub theme: Theme,
    pub zone: Zone,
    pub now: Timestamp,
    /// `host[:port]` the request came to.
    pub host: String,
    pub otlp_http_port: Option<u16>,
    pub otlp_grpc_port: Option<u16>,
    /// Ingest refuses, or lags by more than a minute.
    pub alarm: bool,
    /// Start of the newest span kept; `None` while there is none.
    pub newest: Option<Timestamp>,
    /// By name.
    pub saved: Arc<Vec<SavedSearch>>,
    /// Alerts as they were last looked at, by name.
    pub alerts: Arc<Vec<Watched>>,
}

/// The entries of the main navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Map,
    Traces,
    Invocations,
    Functions,
    ColdStarts,
    Containers,
    Cost,
    Sql,
    Live,
    Alerts,
    Status,
    /// A page outside the navigation.
    Other,
}

/// One entry of the navigation.
#[derive(Clone, Debug, PartialEq)]
pub struct NavItem {
    pub name: &'static str,
    pub label: &'static str,
    pub href: String,
    pub is_current: bool,
    /// What fires, beside the label.
    pub firing: u64,
}

/// A key and what it does, for the list under `?`.
pub type Key = (&'static str, &'static str);

pub(crate) const KEYS_EVERYWHERE: [Key; 6] = [
    ("/", "search by id"),
    (
        "g then m t i c k $ s l a u",
        "map, traces, invocations, cold starts, containers, cost, SQL, live, alerts, status",
    ),
    ("T", "theme: system, light, dark"),
    ("y", "copy a link to this page"),
    ("?", "this list"),
    ("Esc", "close, or clear the selection"),
];

/// Searches of this page, and what the form saves.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    pub rows: Vec<SavedRow>,
    /// The page's address, which the form saves.
    pub address: String,
}

/// One saved search.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedRow {
    pub id: String,
    pub name: String,
    pub href: String,
    /// Its filter, and what else its address says.
    pub words: String,
    pub is_current: bool,
}

/// The frame of one page. `templates/base.html` reads it from the field `chrome`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chrome {
    pub title: String,
    pub nav: Vec<NavItem>,
    /// This page's address, to come back to after a POST.
    pub here: String,
    pub theme: Theme,
    pub zone: String,
    pub is_utc: bool,
    pub alarm: bool,
    /// "Data until 14:03:22 UTC, 4 min behind", when ingest lags.
    pub stale: Option<String>,
    /// Names of the alerts that fire, cut; none on the page that lists them.
    pub firing: Vec<String>,
    /// What is under “Saved” on a page whose searches can be saved.
    pub saved: Option<Saved>,
    pub bad: Vec<BadParam>,
    pub keys: Vec<Key>,
    pub stylesheet: String,
    pub script: String,
    pub favicon: String,
}

impl Chrome {
    /// `here` is the page's own address. Range and filter in it are carried over to the other pages of the navigation.
    pub fn new(shell: &Shell, section: Section, title: impl Into<String>, here: &Link) -> Self {
        let carried = ["range", "from", "to", "f"];
        let carry = |path: &str| {
            let kept = here.pairs().iter().filter(|(name, _)| carried.contains(&name.as_str()));
            kept.fold(Link::to(path), |link, (name, value)| link.with(name, value.clone())).to_string()
        };
        let live = here.pairs().iter().filter(|(name, _)| name == "f");
        let live = live.fold(Link::to("/live"), |link, (name, value)| link.with(name, value.clone())).to_string();
        let item = |of: Section, name, label, href| NavItem { name, label, href, is_current: of == section, firing: 0 };
        let firing: Vec<String> = firing(shell);
        Self {
            title: title.into(),
            nav: vec![
                item(Section::Map, "map", "Map", carry("/map")),
                item(Section::Traces, "traces", "Traces", carry("/traces")),
                item(Section::Invocations, "invocations", "Invocations", carry("/invocations")),
                item(Section::Functions, "functions", "Functions", carry("/functions")),
                item(Section::ColdStarts, "cold-starts", "Cold starts", carry("/cold-starts")),
                item(Section::Containers, "containers", "Containers", carry("/containers")),
                item(Section::Cost, "cost", "Cost", carry("/cost")),
                item(Section::Sql, "sql", "SQL", "/sql".to_owned()),
                item(Section::Live, "live", "Live", live),
                NavItem {
                    firing: firing.len() as u64,
                    ..item(Section::Alerts, "alerts", "Alerts", crate::pages::alerts::PATH.to_owned())
                },
                item(Section::Status, "status", "Status", "/status".to_owned()),
            ],
            here: here.to_string(),
            theme: shell.theme,
            zone: shell.zone.name().to_owned(),
            is_utc: shell.zone.is_utc(),
            alarm: shell.alarm,
            stale: stale(shell),
            firing: if section == Section::Alerts { Vec::new() } else { firing },
            saved: saved(shell, section, here),
            bad: Vec::new(),
            keys: KEYS_EVERYWHERE.into(),
            stylesheet: assets::path("app.css"),
            script: assets::path("app.js"),
            favicon: assets::path("favicon.svg"),
        }
    }

    /// With the stylesheet and the script of a kind of page that has its own.
    pub fn furnished(self, kind: &str) -> Self {
        let (stylesheet, script) = (format!("{kind}.css"), format!("{kind}.js"));
        Self { stylesheet: assets::path(&stylesheet), script: assets::path(&script), ..self }
    }

    /// With notes about parameters that were not understood.
    pub fn bad(mut self, bad: &[BadParam]) -> Self {
        self.bad.extend_from_slice(bad);
        self
    }

    /// With the page's own keys before those of every page.
    pub fn keys(mut self, keys: &[Key]) -> Self {
        self.keys.splice(0..0, keys.iter().copied());
        self
    }

    /// The attribute that overrules the system's theme.
    pub fn forced_theme(&self) -> Option<&'static str> {
        (self.theme != Theme::System).then(|| self.theme.name())
    }

    pub fn theme_icon(&self) -> &'static str {
        match self.theme {
            Theme::System => "half",
            Theme::Light => "sun",
            Theme::Dark => "moon",
        }
    }

    /// What the theme button says.
    pub fn theme_label(&self) -> String {
        format!("Theme: {}. Switch to {}", self.theme.name(), self.theme.next().name())
    }
}

fn firing(shell: &Shell) -> Vec<String> {
    let fires = |one: &&Watched| one.standing.state == coldlight_model::AlertState::Firing;
    shell.alerts.iter().filter(fires).map(|one| text::cut(&one.alert.name, 60)).collect()
}

fn saved(shell: &Shell, section: Section, here: &Link) -> Option<Saved> {
    let page = match section {
        Section::Map => SearchPage::Map,
        Section::Traces => SearchPage::Traces,
        Section::Invocations => SearchPage::Invocations,
        _ => return None,
    };
    // A page of one thing has the section of its list, and another path.
    if here.path() != page.path() {
        return None;
    }
    let row = |search: &SavedSearch| {
        let link = search_link(search);
        SavedRow {
            id: search.id.clone(),
            name: text::named(&search.name, 80),
            is_current: says_the_same(&link, here),
            href: link.to_string(),
            words: text::cut(if search.filter.is_empty() { "everything" } else { &search.filter }, 120),
        }
    };
    Some(Saved {
        rows: shell.saved.iter().filter(|search| search.page == page).map(row).collect(),
        address: here.to_string(),
    })
}

/// Whether two addresses of one page have the same pairs, in any order.
fn says_the_same(one: &Link, other: &Link) -> bool {
    let sorted = |link: &Link| {
        let mut pairs = link.pairs().to_vec();
        pairs.sort();
        pairs
    };
    sorted(one) == sorted(other)
}

/// The address of a saved search.
pub fn search_link(search: &SavedSearch) -> Link {
    let query = Query::parse(&search.query);
    let link =
        query.pairs().iter().fold(Link::to(search.page.path()), |link, (name, value)| link.with(name, value.clone()));
    link.with("f", search.filter.clone())
}

fn stale(shell: &Shell) -> Option<String> {
    let newest = shell.newest.filter(|newest| shell.alarm && shell.now.since(*newest) > STALE_AFTER)?;
    let behind = ago(newest, shell.now);
    let behind = behind.strip_suffix(" ago").unwrap_or(&behind);
    Some(format!("Data until {}, {behind} behind.", shell.zone.date_time(newest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_navigation_carries_range_and_filter_and_nothing_else() {
        let here = Link::to("/map").with("range", "6h").with("sel", "service:a").with("f", "dur>1s");
        let chrome = Chrome::new(&Shell::default(), Section::Map, "Map", &here);
        assert_eq!(chrome.nav[1].href, "/traces?range=6h&f=dur%3E1s");
        assert_eq!(chrome.nav.last().unwrap().href, "/status");
        assert!(chrome.nav[0].is_current);
    }

    #[test]
    fn old_data_is_stale_only_when_ingest_is_in_trouble() {
        let now = Timestamp::from_millis(1_795_183_402_418);
        let mut shell = Shell { now, newest: Some(now.minus(240_000_000_000)), ..Shell::default() };
        assert_eq!(stale(&shell), None, "quiet is not late");
        shell.alarm = true;
        assert_eq!(stale(&shell).unwrap(), "Data until 2026-11-20 13:59:22.418 UTC, 4 min behind.");
    }

    #[test]
    fn the_theme_button_goes_round() {
        assert_eq!(Theme::System.next().next().next(), Theme::System);
        assert_eq!(Theme::from_name("purple"), Theme::System);
    }
}
