//! The page of containers, in words.

use coldlight_model::Containers;
use coldlight_ui::Theme;
use coldlight_ui::pages::containers;

use crate::fixtures::containers::{ordinary, overfull};
use crate::fixtures::shell::{now, shell};
use crate::text_of::{part, text_of};

fn page(query: &str, found: &Containers) -> String {
    containers::page(&shell(Theme::System), &containers::State::parse(query, now()), found)
}

#[test]
fn tasks_are_summed_by_cluster_and_each_cost_has_its_formula() {
    let html = page("", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert_eq!(html.matches("data-level=\"cluster\"").count(), 2);
    assert_eq!(html.matches("data-level=\"task\"").count(), 6);
}

#[test]
fn a_rung_narrows_the_page_and_the_last_one_tells_all_of_a_task() {
    let html = page("cluster=shop&service=checkout", &ordinary());
    assert_eq!(html.matches("data-level=\"definition\"").count(), 1);
    assert_eq!(html.matches("data-level=\"task\"").count(), 3);
    let task = &ordinary().tasks[0].id;
    let html = page(&format!("cluster=shop&service=checkout&definition=checkout:26&task={task}"), &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
}

#[test]
fn names_are_text_and_what_is_beyond_the_page_is_counted() {
    let html = page("", &overfull());
    assert!(html.contains("&#60;script&#62;") && !html.contains("<script>alert"));
    assert!(text_of(&html).contains("168 more; choose a cluster"));
}

#[test]
fn a_rung_below_one_that_is_missing_is_noted() {
    let html = page("task=abc", &ordinary());
    assert!(text_of(&html).contains("task"));
    assert_eq!(html.matches("data-test=\"bad-param\"").count(), 1);
}
