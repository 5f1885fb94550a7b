//! Invocations, functions and cold starts, from their answers to their words.

use coldlight_model::InvocationList;
use coldlight_ui::Theme;

use crate::fixtures::invocations::{cold_page, few, full, function_page, functions_page, hostile, list_page, one_page};
use crate::text_of::{part, text_of};

#[test]
fn a_few_invocations_read_well() {
    insta::assert_snapshot!(text_of(part(&list_page(Theme::System, "", &few()), "<main")));
}

#[test]
fn a_function_reads_well() {
    insta::assert_snapshot!(text_of(part(&function_page(Theme::System, "checkout", &few()), "<main")));
}

#[test]
fn what_deserves_a_look_has_its_number_and_a_link_to_what_proves_it() {
    let html = function_page(Theme::System, "checkout", &few());
    let notes: Vec<&str> = html.split("data-test=\"insight\" data-about=\"").skip(1).collect();
    let about: Vec<&str> = notes.iter().map(|note| note.split('"').next().unwrap()).collect();
    for expected in ["throttles", "throttled-calls", "memory", "init", "waiting", "age", "arm64", "unpriced"] {
        assert!(about.contains(&expected), "{expected}: {about:?}");
    }
    for note in notes {
        let note = note.split("</li>").next().unwrap();
        assert!(note.contains(|c: char| c.is_ascii_digit()) && note.contains("<a href=\"/"), "{note}");
    }
    let quiet = function_page(Theme::System, "checkout", &InvocationList::default());
    assert!(!quiet.contains("data-test=\"insight\""), "nothing happened, so nothing is worth a look");
}

#[test]
fn a_version_that_began_in_the_range_stands_over_every_chart_and_in_words() {
    let html = function_page(Theme::System, "checkout", &few());
    assert_eq!(html.matches("data-test=\"deploy\"").count(), 3);
    assert_eq!(html.matches("<div class=\"marks\"").count(), 3, "over invocations, durations and concurrency");
    // The second begins too near the first for a label of its own.
    assert!(html.contains("<bdi>42</bdi></span>") && !html.contains("<bdi>1.9.0-rc.1+b</bdi></span>"));
}

#[test]
fn an_init_is_drawn_in_the_parts_that_are_known() {
    let html = cold_page(Theme::System, "", &few());
    let bars: Vec<&str> = html.split("data-test=\"init-split\"").skip(1).collect();
    assert_eq!(bars.len(), 2);
    assert!(bars[0].contains("function code 210 ms") && bars[0].contains("extensions 120 ms"), "{}", bars[0]);
    assert!(bars[1].contains("runtime and function code 1.48 s"), "{}", bars[1]);
    assert_eq!(html.matches("data-test=\"idle-row\"").count(), 9);
    assert_eq!(html.matches("data-test=\"route-row\"").count(), 2);
    let felt = cold_page(Theme::System, "felt=1", &few());
    assert!(felt.contains("cold:waited&#38;sort=coldest") && !felt.contains("data-name=\"felt\""));
}

#[test]
fn one_request_reads_well() {
    insta::assert_snapshot!(text_of(part(&one_page(Theme::System, &few()), "<main")));
    let evil = one_page(Theme::System, &hostile());
    assert!(!evil.contains("<script>alert"), "names are text");
}

#[test]
fn cold_starts_read_well() {
    insta::assert_snapshot!(text_of(part(&cold_page(Theme::System, "by=version", &few()), "<main")));
}

#[test]
fn functions_read_well() {
    insta::assert_snapshot!(text_of(part(&functions_page(Theme::System, "", &few()), "<main")));
}

#[test]
fn what_is_not_known_is_said_and_never_free() {
    let html = list_page(Theme::System, "", &few());
    assert_eq!(html.matches(">not priced</span> <small>inferred</small>").count(), 1);
    assert!(!html.contains(">$0</span> <small>"));
}

#[test]
fn every_sum_has_its_formula_behind_it() {
    let html = list_page(Theme::System, "", &full());
    assert_eq!(html.matches("data-test=\"invocation-row\"").count(), 75);
    assert_eq!(html.matches("× 512/1024 GB × 0.0000133334 USD/GB-second").count(), 75);
    let elements = html.matches('<').count() - html.matches("</").count();
    assert!(elements <= 4_500, "{elements} elements");
}

#[test]
fn a_wrong_word_is_explained_and_the_rest_counts() {
    let html = list_page(Theme::System, "f=cold:felt+http:503+cost%3E5&sort=best", &InvocationList::default());
    assert_eq!(html.matches("data-test=\"filter-chip\"").count(), 1);
    assert_eq!(html.matches("data-name=\"f\"").count(), 2);
    assert!(html.contains("data-name=\"sort\"") && html.contains("is understood on /traces"));
}

#[test]
fn a_page_leads_to_the_next_with_the_same_filter() {
    let html = list_page(Theme::System, "range=24h&f=cold:true&sort=dearest", &full());
    let next = part(&html, "data-test=\"next\"").replace("&#38;", "&");
    assert!(next.contains("range=24h&f=cold:true&sort=dearest&cursor=7."), "{next}");
}
