//! What must not be, how it stands, and what it did.                        (ui/src/pages/alerts.rs ↔ templates/alerts.html)

use askama::Template;
use coldlight_model::{Alert, AlertEvent, AlertOf, AlertState, Delivery, SavedSearch, SearchPage, Signal, Timestamp};

use crate::alerts::{Watched, condition, figure};
use crate::format;
use crate::moment::{Moment, Shows};
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub const PATH: &str = "/alerts";
/// Events the page lists.
pub const LIMIT: u32 = 100;

/// What the form was sent with, to be mended, or begun from a saved search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Every field by its name.
    fields: Vec<(String, String)>,
    pub bad: Vec<BadParam>,
}

const FIELDS: [&str; 9] = ["name", "of", "filter", "signal", "above", "clear", "window", "for", "search"];

impl State {
    pub fn parse(query: &str) -> Self {
        let query = Query::parse(query);
        let known: Vec<&str> = FIELDS.iter().chain(&["range", "from", "to", "f"]).copied().collect();
        let bad = query.unknown(&known);
        let fields = query.pairs().iter().filter(|(name, _)| FIELDS.contains(&name.as_str())).cloned().collect();
        Self { fields, bad }
    }

    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// An alert as a form or a program defines it; `Err` names the field that is wrong, and what it may be.
pub fn read(fields: &State, searches: &[SavedSearch]) -> Result<Alert, (&'static str, String)> {
    let name = fields.get("name").trim();
    if name.is_empty() || name.chars().count() > Alert::LONGEST_NAME {
        return Err(("name", format!("an alert has a name of 1 to {} characters", Alert::LONGEST_NAME)));
    }
    let search = match fields.get("search") {
        "" => None,
        id => Some(
            searches
                .iter()
                .find(|search| search.id == id)
                .ok_or(("search", "there is no such saved search".to_owned()))?,
        ),
    };
    let of = match (fields.get("of"), search) {
        ("", Some(search)) if search.page == SearchPage::Invocations => AlertOf::Invocations,
        ("", _) => AlertOf::Requests,
        (word, _) => AlertOf::from_name(word).ok_or(("of", format!("“{word}” is not one of requests, invocations")))?,
    };
    let line = match (fields.get("filter").trim(), search) {
        ("", Some(search)) => search.filter.clone(),
        (line, _) => line.to_owned(),
    };
    let filter = of.filter(&line);
    if let Some(problem) = filter.problems.first() {
        return Err(("filter", format!("“{}”: {}", problem.word, problem.message)));
    }
    let signal = match fields.get("signal") {
        "" => Signal::default(),
        word => Signal::from_name(word).ok_or_else(|| {
            ("signal", format!("“{word}” is not one of {}", Signal::ALL.map(Signal::name).join(", ")))
        })?,
    };
    if !signal.is_of(of) {
        let other = if of == AlertOf::Requests { AlertOf::Invocations } else { AlertOf::Requests };
        return Err(("signal", format!("there is a {} of {}, not of {}", signal.label(), other.name(), of.name())));
    }
    let above = signal.bound(fields.get("above")).map_err(|why| ("above", why))?;
    let clear = match fields.get("clear").trim() {
        "" => above,
        text => signal.bound(text).map_err(|why| ("clear", why))?,
    };
    if clear > above {
        return Err(("clear", "it is well again at or below a bound that is not above the one it fires at".to_owned()));
    }
    let window = match fields.get("window").trim() {
        "" => 300_000_000_000,
        text => coldlight_model::filter::duration(text).map_err(|why| ("window", why))?,
    };
    if !Alert::WINDOWS.contains(&window) {
        return Err(("window", "it looks back from 1m to 24h".to_owned()));
    }
    let hold = match fields.get("for").trim() {
        "" | "0" => 0,
        text => coldlight_model::filter::duration(text).map_err(|why| ("for", why))?,
    };
    if hold > Alert::LONGEST_HOLD {
        return Err(("for", "it waits for 24h at most".to_owned()));
    }
    Ok(Alert {
        id: String::new(),
        name: name.to_owned(),
        of,
        filter: filter.to_line(),
        signal,
        window,
        above,
        clear,
        hold,
        created_at: Timestamp::EPOCH,
    })
}

/// What the page is told besides the alerts in the shell.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub events: &'a [AlertEvent],
    /// Scheme and host of the webhook, and how it is told.
    pub webhook: Option<(&'a str, &'a str)>,
    /// The last test: when, and why it failed.
    pub tested: Option<&'a (Timestamp, Option<String>)>,
    /// Why the form was not taken: the field, and what it may be.
    pub refused: Option<&'a (&'static str, String)>,
}

struct Row {
    id: String,
    name: String,
    state: &'static str,
    glyph: &'static str,
    words: &'static str,
    condition: String,
    clear: Option<String>,
    filter: String,
    /// To what it looks at.
    href: String,
    figure: String,
    since: Moment,
    problem: Option<String>,
}

struct EventRow {
    at: Moment,
    name: String,
    from: &'static str,
    glyph: &'static str,
    to: &'static str,
    figure: String,
    told: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "alerts.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    rows: Vec<Row>,
    events: Vec<EventRow>,
    searches: Vec<(String, String, bool)>,
    signals: Vec<(&'static str, &'static str, bool)>,
    fields: State,
    webhook: Option<(String, String)>,
    tested: Option<(Moment, Option<String>)>,
    refused: Option<(&'static str, String)>,
    looked: Option<Moment>,
    is_full: bool,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, answer: Answer) -> String {
    super::render(&view(shell, state, answer))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, answer: Answer) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, answer).as_view()))
}

/// Class of the glyph and words of a state.
fn shown(state: AlertState) -> (&'static str, &'static str) {
    match state {
        AlertState::Ok => ("ok", "ok"),
        AlertState::Pending => ("error", "pending"),
        AlertState::Firing => ("fault", "firing"),
        AlertState::NoData => ("throttle", "no data"),
    }
}

fn row(one: &Watched, shell: &Shell) -> Row {
    let (glyph, words) = shown(one.standing.state);
    let alert = &one.alert;
    let page = match alert.of {
        AlertOf::Requests => SearchPage::Traces,
        AlertOf::Invocations => SearchPage::Invocations,
    };
    Row {
        id: alert.id.clone(),
        name: text::named(&alert.name, 80),
        state: one.standing.state.name(),
        glyph,
        words,
        condition: condition(alert),
        clear: (alert.clear < alert.above).then(|| figure(alert.signal, alert.clear)),
        filter: text::cut(if alert.filter.is_empty() { "everything" } else { &alert.filter }, 120),
        href: Link::to(page.path()).with("range", "1h").with("f", alert.filter.clone()).to_string(),
        figure: one.figure.map_or_else(|| format::NOT_APPLICABLE.to_owned(), |value| figure(alert.signal, value)),
        since: Moment::new(one.standing.since, Shows::Ago, &shell.zone, shell.now),
        problem: one.problem.as_deref().map(|why| text::cut(why, 200)),
    }
}

fn event_row(event: &AlertEvent, shell: &Shell) -> EventRow {
    let (glyph, to) = shown(event.to);
    let signal = shell.alerts.iter().find(|one| one.alert.id == event.alert_id).map(|one| one.alert.signal);
    let attempts = format::counted(event.attempts.into(), "attempt", "attempts");
    EventRow {
        at: Moment::new(event.at, Shows::DateTime, &shell.zone, shell.now),
        name: text::named(&event.name, 80),
        from: shown(event.from).1,
        glyph,
        to,
        figure: signal.zip(event.figure).map(|(signal, value)| figure(signal, value)).unwrap_or_default(),
        told: match event.delivery {
            Delivery::None => format::NOT_APPLICABLE.to_owned(),
            Delivery::Waiting if event.attempts == 0 => "to be told".to_owned(),
            Delivery::Waiting => format!("tried again, {attempts}"),
            Delivery::Sent => "told".to_owned(),
            Delivery::Failed => format!("not told, {attempts}"),
        },
        problem: event.problem.as_deref().map(|why| text::cut(why, 200)),
    }
}

fn view(shell: &Shell, state: &State, answer: Answer) -> View {
    let chosen = state.get("search");
    let search = |search: &SavedSearch| {
        let name = format!("{} ({})", text::named(&search.name, 80), search.page.name());
        (search.id.clone(), name, search.id == chosen)
    };
    View {
        chrome: Chrome::new(shell, Section::Alerts, "Alerts", &Link::to(PATH)).furnished("live").bad(&state.bad),
        rows: shell.alerts.iter().map(|one| row(one, shell)).collect(),
        events: answer.events.iter().map(|event| event_row(event, shell)).collect(),
        searches: shell.saved.iter().map(search).collect(),
        signals: Signal::ALL.map(|signal| (signal.name(), signal.label(), signal.name() == state.get("signal"))).into(),
        fields: State {
            fields: state.fields.iter().map(|(name, value)| (name.clone(), text::cut(value, 2_000))).collect(),
            bad: Vec::new(),
        },
        webhook: answer.webhook.map(|(address, form)| (text::cut(address, 200), form.to_owned())),
        tested: answer.tested.map(|(at, why)| {
            let why = why.as_deref().map(|why| text::cut(why, 300));
            (Moment::new(*at, Shows::Ago, &shell.zone, shell.now), why)
        }),
        refused: answer.refused.cloned(),
        looked: shell
            .alerts
            .iter()
            .map(|one| one.looked_at)
            .max()
            .map(|at| Moment::new(at, Shows::Ago, &shell.zone, shell.now)),
        is_full: shell.alerts.len() >= Alert::MOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(query: &str) -> Result<Alert, (&'static str, String)> {
        read(&State::parse(query), &[])
    }

    #[test]
    fn a_form_becomes_an_alert() {
        let alert =
            read_of("name=Checkout&filter=service:checkout&signal=fault-rate&above=5%25&clear=2%25&window=10m&for=2m");
        let alert = alert.unwrap();
        assert_eq!((alert.above, alert.clear), (50_000, 20_000));
        assert_eq!((alert.window, alert.hold), (600_000_000_000, 120_000_000_000));
        assert_eq!(alert.filter, "service:checkout");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, field) in [
            ("above=5%25", "name"),
            ("name=a&above=5", "above"),
            ("name=a&above=5%25&clear=6%25", "clear"),
            ("name=a&above=5%25&filter=servce:a", "filter"),
            ("name=a&above=5%25&signal=cold-rate", "signal"),
            ("name=a&above=5%25&signal=loudness", "signal"),
            ("name=a&above=5%25&of=things", "of"),
            ("name=a&above=5%25&window=5s", "window"),
            ("name=a&above=5%25&for=90000s", "for"),
            ("name=a&above=5%25&search=x", "search"),
        ] {
            assert_eq!(read_of(query).unwrap_err().0, field, "{query}");
        }
    }
}
