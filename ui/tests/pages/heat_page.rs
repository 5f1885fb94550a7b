//! Traces as a heat map, from its answers to its words.

use coldlight_model::Heat;
use coldlight_ui::Theme;

use crate::fixtures::heat::{BOX, page, pages, slow, warm};
use crate::text_of::{part, text_of};

fn shown(query: &str, with_differences: bool) -> String {
    page(Theme::System, query, &warm(), with_differences.then(slow).as_ref())
}

#[test]
fn what_is_different_reads_well() {
    let html = shown(&format!("f=service:checkout-api&{BOX}"), true);
    insta::assert_snapshot!(text_of(part(&html, "<section class=\"panel diff\"")));
}

#[test]
fn a_part_is_drawn_and_its_traces_are_one_click_away() {
    let html = shown(&format!("f=service:checkout-api&{BOX}"), true);
    assert_eq!(html.matches("data-test=\"heat-box\"").count(), 1);
    assert_eq!(html.matches("data-test=\"diff-row\"").count(), 10);
    let traces = part(&html, "data-test=\"diff-traces\"");
    let expected = "/traces?from=2026-11-20T13:31:00Z&#38;to=2026-11-20T13:50:00Z&#38;f=service:checkout-api+dur%3E%3D700ms+dur%3C3s";
    assert!(traces.contains(expected), "{traces}");
}

#[test]
fn cold_against_warm_and_version_against_version_are_ready() {
    let html = shown("f=service:checkout-api", false);
    assert!(html.contains("f=service:checkout-api+cold:true&#38;view=heat&#38;than=service:checkout-api+cold:false"));
    assert!(html.contains("Version 1.4.2 against 1.4.1"));
    assert!(!html.contains("data-test=\"diff-list\""));
}

#[test]
fn without_a_filter_the_map_is_of_the_spans_that_begin_traces() {
    let html = shown("", false);
    assert!(text_of(part(&html, "<main")).contains("those that begin a trace"));
    assert!(html.contains("name=\"t0\"") && html.contains("name=\"d1\""), "four fields choose a part without a script");
}

#[test]
fn nothing_found_says_what_could_be_left_out() {
    let html = page(Theme::System, "f=service:checkout-api", &Heat::default(), None);
    assert!(html.contains("data-test=\"no-match\"") && !html.contains("data-test=\"heat\""));
}

#[test]
fn a_full_page_stays_small() {
    for (name, html) in pages(Theme::Dark) {
        assert!(html.len() <= 150 * 1024, "{name}: {} bytes", html.len());
        let elements = html.matches('<').count() - html.matches("</").count();
        assert!(elements <= 3_500, "{name}: {elements} elements");
    }
}
