//! The list of traces, from its answers to its words.

use coldlight_model::{TraceHistogram, TraceList};
use coldlight_ui::Theme;

use crate::fixtures::traces::list;
use crate::fixtures::traces::lists::{few, full, histogram};
use crate::text_of::{part, text_of};

fn page(query: &str, traces: &TraceList) -> String {
    list(Theme::System, query, traces, &histogram())
}

fn hrefs(html: &str) -> Vec<String> {
    let of =
        |tag: &str| tag.split_once("href=\"").map(|(_, rest)| rest.split('"').next().unwrap().replace("&#38;", "&"));
    html.split('<').filter_map(of).collect()
}

#[test]
fn a_few_traces_read_well() {
    insta::assert_snapshot!(text_of(part(&page("", &few()), "<main")));
}

#[test]
fn a_row_is_drawn_like_this() {
    insta::assert_snapshot!(part(&page("", &few()), "data-test=\"trace-row\""));
}

#[test]
fn no_match_shows_what_could_be_left_out_and_where_there_is_something() {
    let query = "f=service:checkout-api+status:fault+dur%3E2s&sort=slowest";
    let html = list(Theme::System, query, &TraceList::default(), &TraceHistogram::default());
    let nothing = part(&html, "data-test=\"no-match\"");
    insta::assert_snapshot!(format!("{}\n\n{}", text_of(nothing), hrefs(nothing).join("\n")));
    assert!(!html.contains("data-test=\"histogram\"") && !html.contains("data-test=\"trace-row\""));
}

#[test]
fn a_word_that_is_not_understood_is_explained_and_the_rest_counts() {
    let html = page("f=dur%3E500+servce:x+status:fault", &few());
    assert_eq!(html.matches("data-test=\"filter-chip\"").count(), 1);
    assert_eq!(html.matches("data-name=\"f\"").count(), 2);
}

#[test]
fn a_page_leads_to_the_next_and_back_to_the_first() {
    let html = page("range=24h&f=status:fault", &full());
    let next = hrefs(part(&html, "data-test=\"next\"")).remove(0);
    let cursor = full().next.unwrap().to_text();
    assert_eq!(next, format!("/traces?range=24h&f=status:fault&cursor={cursor}"));
    assert!(!html.contains("data-test=\"prev\""));
    let second = page(next.split_once('?').unwrap().1, &few());
    assert_eq!(hrefs(part(&second, "data-test=\"prev\"")), ["/traces?range=24h&f=status:fault"]);
    assert!(!second.contains("data-test=\"next\""));
}

#[test]
fn the_view_is_exported_as_it_is() {
    let html = page("range=6h&sort=slowest", &full());
    assert_eq!(hrefs(part(&html, "data-test=\"export-csv\"")), ["/traces?range=6h&sort=slowest&format=csv"]);
    assert_eq!(hrefs(part(&html, "data-test=\"export-json\"")), ["/traces?range=6h&sort=slowest&format=json"]);
}

#[test]
fn a_service_is_a_filter_that_a_second_click_takes_back() {
    let html = page("", &few());
    let facets = part(&html, "data-test=\"facets\"");
    assert_eq!(hrefs(facets)[0], "/traces?range=1h&f=service:api-gw");
    let html = page("f=service:api-gw+status:fault", &few());
    let facets = part(&html, "data-test=\"facets\"");
    assert_eq!(hrefs(facets)[0], "/traces?range=1h&f=status:fault");
    assert_eq!(facets.matches("aria-current=\"true\"").count(), 1);
}

#[test]
fn the_sorted_column_says_so() {
    let html = page("sort=fastest", &few());
    assert_eq!(html.matches("aria-sort=").count(), 1);
    assert!(part(&html, "aria-sort=\"ascending\"").contains("Response"));
}

#[test]
fn a_full_page_stays_small() {
    let html = page("", &full());
    assert_eq!(html.matches("data-test=\"trace-row\"").count(), 100);
    assert!(html.len() <= 150 * 1024, "{} bytes", html.len());
    let elements = html.matches('<').count() - html.matches("</").count();
    assert!(elements <= 3_500, "{elements} elements");
}
