//! What is sent before a page is its own frame: the same stylesheet, script, place in the navigation and keys.

use coldlight_ui::Theme;
use coldlight_ui::pages::waiting::{self, OFFER_CANCEL, Waiting};

use crate::fixtures::{self, shell::shell};
use crate::text_of::{part, text_of};

/// A page of the gallery, and an address that shows such a page.
const PAGES: [(&str, &str, &str); 18] = [
    ("map-ordinary", "/map", "range=1h"),
    ("traces", "/traces", ""),
    ("heat", "/traces", "view=heat"),
    ("trace", "/traces/5b8efff798038103d269b633813fc60c", ""),
    ("invocations", "/invocations", ""),
    ("invocation", "/invocations/8f50", ""),
    ("functions", "/functions", ""),
    ("function", "/functions/checkout", ""),
    ("cold-starts", "/cold-starts", ""),
    ("containers", "/containers", ""),
    ("cost", "/cost", ""),
    ("what-if", "/cost/what-if", ""),
    ("right-size", "/cost/right-size", ""),
    ("live", "/live", ""),
    ("alerts", "/alerts", ""),
    ("settings", "/settings", ""),
    ("status-well", "/status", ""),
    ("sql", "/sql", "q=SELECT+1"),
];

fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let html = html.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
    html.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0
}

/// What must not change when the page itself follows.
fn frame(html: &str) -> [&str; 4] {
    [
        between(html, "<link rel=\"stylesheet\" href=\"", "\""),
        between(html, "<script type=\"module\" src=\"", "\""),
        between(html, "<dl class=\"keys\">", "</dl>"),
        html.split_once("aria-current=\"page\" data-test=\"").map_or("", |(_, rest)| rest.split_once('"').unwrap().0),
    ]
}

#[test]
fn the_frame_that_is_sent_first_is_the_pages_own() {
    let gallery = fixtures::pages(Theme::System);
    for (name, path, query) in PAGES {
        let page = gallery.iter().find(|(known, _)| known == name);
        let (_, page) = page.unwrap_or_else(|| panic!("no page {name} in the gallery"));
        let shell = shell(Theme::System);
        let waiting = Waiting::at(path, query, shell.now).unwrap_or_else(|| panic!("{path} is not waited for"));
        let open = waiting.open(&shell);
        assert_eq!(frame(&open), frame(page), "{name}");
        assert!(open.len() < 24_000, "{name}: {} bytes before anything is known", open.len());
    }
}

#[test]
fn a_page_that_takes_its_time_reads_well() {
    let shell = shell(Theme::System);
    let waiting = Waiting::at("/traces", "range=24h&f=dur%3E1s", shell.now).unwrap();
    let html = waiting.open(&shell) + &waiting.step(OFFER_CANCEL, "a1", None, None) + &waiting::arrived("");
    insta::assert_snapshot!(text_of(part(&html, "<div class=\"waiting\"")));
}

#[test]
fn every_waiting_page_of_the_gallery_can_be_ended_without_a_script() {
    for (name, html) in fixtures::states::waited_for(Theme::System) {
        assert!(html.contains("data-test=\"query-cancel\"") && !html.contains("<script"), "{name}");
    }
}
