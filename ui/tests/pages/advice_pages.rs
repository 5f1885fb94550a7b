//! What if and right size, in words.

use coldlight_model::FunctionSize;
use coldlight_model::money::PriceBook;
use coldlight_ui::Theme;
use coldlight_ui::pages::{right_size, what_if};

use crate::fixtures::advice::{few, one_size, ordinary};
use crate::fixtures::shell::{now, shell};
use crate::text_of::{part, text_of};

fn what_if_page(query: &str, sizes: &[FunctionSize]) -> String {
    let state = what_if::State::parse(query, now());
    what_if::page(&shell(Theme::System), &state, &["checkout".to_owned()], sizes, PriceBook::built_in())
}

fn right_size_page(query: &str, sizes: &[FunctionSize]) -> String {
    right_size::page(&shell(Theme::System), &right_size::State::parse(query, now()), &["checkout".to_owned()], sizes)
}

#[test]
fn each_choice_has_a_month_with_its_arithmetic_or_says_what_is_lacking() {
    let html = what_if_page("fn=checkout", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert_eq!(html.matches("data-test=\"whatif-column\"").count(), 7);
}

#[test]
fn what_every_choice_lacks_is_said_once() {
    let html = what_if_page("fn=checkout", &few());
    assert_eq!(part(&html, "<table").matches("To know:").count(), 7, "behind the fold of each");
    let words = text_of(part(&html, "data-test=\"whatif-lacking\""));
    assert!(words.contains("12 invocations were observed") && words.contains("To know:"), "{words}");
}

#[test]
fn a_size_that_nobody_ran_is_refused_with_how_to_measure_it() {
    let text = text_of(&what_if_page("fn=checkout&memory=3008", &ordinary()));
    assert!(text.contains("0 invocations were observed at 3008 MB"), "{text}");
    assert!(text.contains("weighted alias"), "{text}");
}

#[test]
fn the_cheapest_measured_size_within_the_latency_is_named() {
    let html = right_size_page("fn=checkout&p95max=250", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert_eq!(html.matches("data-test=\"size-point\"").count(), 4);
}

#[test]
fn one_measured_size_is_no_ground_for_a_prediction() {
    let text = text_of(&right_size_page("fn=checkout", &one_size()));
    assert!(text.contains("what another would cost is not known"), "{text}");
    assert!(text.contains("Worth measuring: 256 MB"), "{text}");
}
