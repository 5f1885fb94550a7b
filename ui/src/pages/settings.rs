//! How this coldlight is set up, and what the reader may change.         (ui/src/pages/settings.rs ↔ templates/settings.html)

use askama::Template;
use coldlight_model::money::{Layer, PriceBook};
use coldlight_model::{Listening, Nanos};

use crate::format;
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, Section, Shell, Theme, search_link};
use crate::text;

pub const PATH: &str = "/settings";

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

/// What the server tells of itself.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub version: &'a str,
    pub listening: &'a [Listening],
    /// Keys that are known; `None`: nobody is asked for one.
    pub keys: Option<usize>,
    pub retain: Nanos,
    /// In bytes; 0 where there is no bound.
    pub retain_bytes: u64,
    /// How long a page or a question in SQL may take.
    pub query_timeout: Nanos,
    pub prices: &'a PriceBook,
    /// Scheme and host.
    pub webhook: Option<&'a str>,
}

struct Row {
    name: &'static str,
    label: String,
    value: String,
    /// How it is changed.
    how: &'static str,
}

struct Search {
    id: String,
    name: String,
    page: &'static str,
    href: String,
    words: String,
}

struct Prices {
    layer: &'static str,
    count: String,
    newest: String,
    sources: String,
}

#[derive(Template)]
#[template(path = "settings.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    rows: Vec<Row>,
    searches: Vec<Search>,
    prices: Vec<Prices>,
    discounts: String,
    themes: [(&'static str, &'static str, bool); 3],
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, answer: Answer) -> String {
    super::render(&view(shell, state, answer))
}

/// One block of the page: `view` is all below the page's head.
pub fn fragment(block: &str, shell: &Shell, state: &State, answer: Answer) -> Option<String> {
    (block == "view").then(|| super::render(&view(shell, state, answer).as_view()))
}

fn view(shell: &Shell, state: &State, answer: Answer) -> View {
    let theme = |theme: Theme, label| (theme.name(), label, theme == shell.theme);
    let search = |one: &coldlight_model::SavedSearch| Search {
        id: one.id.clone(),
        name: text::named(&one.name, 80),
        page: one.page.name(),
        href: search_link(one).to_string(),
        words: text::cut(if one.filter.is_empty() { "everything" } else { &one.filter }, 120),
    };
    View {
        chrome: Chrome::new(shell, Section::Other, "Settings", &Link::to(PATH)).furnished("live").bad(&state.bad),
        rows: rows(answer),
        searches: shell.saved.iter().map(search).collect(),
        prices: Layer::ALL.iter().filter_map(|layer| prices(answer.prices, *layer)).collect(),
        discounts: match answer.prices.discounts().len() {
            0 => "No discount is set.".to_owned(),
            count => format!("{} set.", format::counted(count as u64, "discount is", "discounts are")),
        },
        themes: [theme(Theme::System, "As the system"), theme(Theme::Light, "Light"), theme(Theme::Dark, "Dark")],
    }
}

fn rows(answer: Answer) -> Vec<Row> {
    let row = |name, label: &str, value: String, how| Row { name, label: label.to_owned(), value, how };
    let mut rows = vec![row("version", "Version", text::cut(answer.version, 60), "")];
    for one in answer.listening {
        let (label, how) = match one.name {
            "otlp-grpc" => ("OTLP over gRPC", "--otlp-grpc ADDR:PORT"),
            "otlp-http" => ("OTLP over HTTP", "--otlp-http ADDR:PORT"),
            _ => ("Pages and API", "--http ADDR:PORT"),
        };
        rows.push(row("listening", label, one.address.to_string(), how));
    }
    let keys = match answer.keys {
        None => "nobody is asked for one".to_owned(),
        Some(count) => format!("{} known; every listener asks", format::counted(count as u64, "key is", "keys are")),
    };
    rows.push(row("keys", "Keys", keys, "--api-key-file FILE"));
    rows.push(row("retain", "Spans are kept for", format::period(answer.retain), "--retain 14d"));
    let size = if answer.retain_bytes == 0 { "no bound".to_owned() } else { format::bytes(answer.retain_bytes) };
    rows.push(row("retain-size", "And fill at most", size, "--retain-size 80%"));
    let webhook =
        answer.webhook.map_or_else(|| "none: alerts show on the pages only".to_owned(), |url| text::cut(url, 200));
    rows.push(row("query-timeout", "A question may take", format::period(answer.query_timeout), "--query-timeout 30s"));
    rows.push(row("webhook", "Alerts are told", webhook, "--alert-webhook URL"));
    rows
}

fn prices(book: &PriceBook, layer: Layer) -> Option<Prices> {
    let of_layer: Vec<_> = book.prices().filter(|price| price.layer == layer).collect();
    if of_layer.is_empty() {
        return None;
    }
    let newest = of_layer.iter().filter_map(|price| price.effective).max();
    let mut sources: Vec<&str> =
        of_layer.iter().map(|price| price.source.as_str()).filter(|one| !one.is_empty()).collect();
    sources.sort_unstable();
    sources.dedup();
    let named = sources.iter().take(2).map(|source| text::cut(source, 120)).collect::<Vec<_>>().join("; ");
    let more = sources.len().saturating_sub(2);
    Some(Prices {
        layer: layer.name(),
        count: format::count(of_layer.len() as u64),
        newest: newest.map_or_else(|| format::NOT_APPLICABLE.to_owned(), |date| date.to_string()),
        sources: if more > 0 { format!("{named}; and {more} more") } else { named },
    })
}
