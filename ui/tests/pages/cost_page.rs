//! The page of cost, in words.

use coldlight_ui::Theme;
use coldlight_ui::pages::cost;

use crate::fixtures::cost::{ordinary, overfull, sampled};
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
fn more_groups_than_a_page_holds_are_on_the_next_one() {
    let [first, second] = ["group=route", "group=route&row=25"].map(|query| page(query, &overfull()));
    let count = |html: &str| html.matches("data-test=\"cost-row\"").count();
    assert_eq!((count(&first), count(&second)), (25, 5));
    assert!(text_of(&first).contains("rows 1 to 25 of 30") && !first.contains("data-test=\"prev\""));
    assert!(first.contains("group=route&#38;row=25\" data-test=\"next\""), "the next page keeps the state");
    assert!(text_of(&second).contains("rows 26 to 30 of 30") && !second.contains("data-test=\"next\""));
    // Another grouping, filter or range begins at its first row.
    assert!(!second.contains("name=\"row\""), "no form keeps it");
}

#[test]
fn names_are_text_and_what_cannot_be_priced_is_said() {
    let html = page("group=route&row=25", &overfull());
    assert!(html.contains("&#60;script&#62;") && !html.contains("<script>alert"));
    assert!(text_of(&html).contains("cannot be priced"));
}

#[test]
fn a_group_that_is_none_is_noted_and_the_day_is_shown() {
    let html = page("group=colour", &ordinary());
    assert!(text_of(&html).contains("colour"));
    assert!(html.contains("range=24h"));
}

#[test]
fn an_attribute_groups_with_words_of_its_own_and_the_filter_stays() {
    let mut spending = ordinary();
    spending.by = coldlight_model::SpendingBy::Attribute("order.tier".to_owned());
    let html = page("group=attr.order.tier&f=cold:true&cmp=none", &spending);
    let text = text_of(&html);
    assert!(text.contains("By attr.order.tier") && text.contains("(without order.tier)"), "{text}");
    assert!(html.contains("f=attr.order.tier:thumb-fn"), "a row leads to the traces that say so");
    for kept in ["group=team&#38;f=cold:true&#38;cmp=none", "group=attr.order.tier&#38;f=cold:true&#38;format=csv"] {
        let kept = kept.replace("&#38;format", "&#38;cmp=none&#38;format");
        assert!(html.contains(&kept) || html.contains(&kept.replace("&#38;", "&amp;")), "{kept}");
    }
    assert!(text.contains("The filter narrows every figure"));
}

#[test]
fn what_sampling_left_out_is_told_beside_the_sums() {
    assert!(!text_of(&page("", &ordinary())).contains("Sampled"), "nothing was sampled");
    let html = page("", &sampled());
    let text = text_of(&html);
    assert!(html.contains("data-test=\"partial\""));
    assert!(text.contains("Sampled 1 in 10") && text.contains("≈ 900 k more"), "{text}");
    assert!(text.contains("it is ≈ $14.20") && text.contains("≈ $7.98"), "{text}");
}

#[test]
fn every_sum_of_a_row_has_its_arithmetic_one_click_away() {
    let html = page("", &ordinary());
    assert_eq!(html.matches("data-test=\"cost-lines\"").count(), 7);
    assert!(text_of(&html).contains("own work $0.7152 + waiting on calls $1.9072"), "{}", text_of(&html));
}

#[test]
fn what_goes_beyond_the_free_part_is_a_line_of_its_own_where_it_costs() {
    let usd = |attos| coldlight_model::money::Usd::from_attos(attos).unwrap();
    let mut spending = ordinary();
    assert!(!page("", &spending).contains("data-part=\"streamed\""));
    spending.total.streamed = usd(109_375_000_000_000);
    spending.total.storage = usd(14_461_200_000);
    let text = text_of(&page("", &spending));
    assert!(text.contains("Streamed responses $0.0001"), "{text}");
    assert!(text.contains("Ephemeral storage $0.00000001"), "{text}");
}

#[test]
fn minutes_that_are_being_counted_again_are_said() {
    let mut spending = ordinary();
    assert!(!text_of(&page("", &spending)).contains("counted again"));
    for (anew, said) in [(1, "1 minute is being counted again"), (1_200, "1,200 minutes are being counted again")] {
        spending.anew = anew;
        let text = text_of(&page("", &spending));
        assert!(text.contains(said), "{text}");
    }
}
