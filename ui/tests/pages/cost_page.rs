//! The page of cost, in words.

use coldlight_ui::Theme;
use coldlight_ui::pages::cost;

use crate::fixtures::cost::{ordinary, overfull};
use crate::fixtures::shell::{now, shell};
use crate::text_of::{part, text_of};

fn page(query: &str, spending: &coldlight_model::Spending) -> String {
    cost::page(&shell(Theme::System), &cost::State::parse(query, now()), spending)
}

#[test]
fn where_the_money_went_is_said_with_its_sum_and_each_formula() {
    let html = page("", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert_eq!(html.matches("data-test=\"cost-row\"").count(), 7);
    assert_eq!(html.matches("data-test=\"cost-bar\"").count(), 24);
}

#[test]
fn names_are_text_and_what_cannot_be_priced_is_said() {
    let html = page("group=route", &overfull());
    assert!(html.contains("&#60;script&#62;") && !html.contains("<script>alert"));
    assert!(text_of(&html).contains("cannot be priced"));
}

#[test]
fn a_group_that_is_none_is_noted_and_the_day_is_shown() {
    let html = page("group=colour", &ordinary());
    assert!(text_of(&html).contains("colour"));
    assert!(html.contains("range=24h"));
}
