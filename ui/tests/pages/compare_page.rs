//! Two traces side by side, as a reader finds them.

use coldlight_model::{Alike, AlikeGroup, SpanTree, Trace, TraceCost};
use coldlight_ui::Theme;
use coldlight_ui::pages::compare::{ComparePage, Given, State, page};

use crate::fixtures::shell::{now, shell};
use crate::fixtures::traces::made::{Draft, checkout, drafted};
use crate::text_of::{part, text_of};

fn given(trace: Trace) -> Option<Given> {
    Some(Given {
        tree: SpanTree::build(&trace.spans),
        trace,
        invocations: Vec::new(),
        cost: Some(TraceCost::default()),
    })
}

fn cart(more: u64, calls: u64, fails: bool) -> Trace {
    let mut drafts = vec![Draft::new(1, 0, 0, 200 + more).of("shop").name("POST /cart")];
    drafts.extend((0..calls).map(|at| Draft::new(10 + at, 1, 5 + at * 8, 6).of("shop").name("GetItem")));
    let charge = Draft::new(2, 1, 100, 60 + more).of("payments").name("charge");
    drafts.push(if fails { charge.fails("CardDeclined", "") } else { charge });
    if more > 0 {
        drafts.push(Draft::new(3, 2, 110, more).of("payments").name("fraud check"));
    }
    drafted(&drafts)
}

fn html(query: &str, compared: &ComparePage) -> String {
    page(&shell(Theme::System), &State::parse(query, now()), compared)
}

fn both() -> ComparePage {
    let alike = |group, of| Alike { group, trace_id: checkout().trace_id, response: 200_000_000, of };
    ComparePage {
        a: given(cart(0, 5, false)),
        b: given(cart(400, 9, true)),
        missing: Vec::new(),
        alike: vec![
            alike(AlikeGroup::All, 1_204),
            alike(AlikeGroup::Cold, 31),
            alike(AlikeGroup::Warm, 1_173),
            alike(AlikeGroup::Version("41".into()), 88),
        ],
    }
}

#[test]
fn what_differs_is_said_and_stands_row_by_row() {
    let html = html("", &both());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
}

#[test]
fn only_what_changed_and_shares_instead_of_times() {
    let html = html("only=changed&norm=share", &both());
    insta::assert_snapshot!(text_of(part(&html, "data-test=\"compare-table\"")));
}

#[test]
fn beyond_double_it_is_told_how_many_times_as_long() {
    let words = text_of(&html("", &both()));
    assert!(words.contains("B took 400 ms longer than A (3.0 times its 200 ms)."), "{words}");
}

#[test]
fn the_same_trace_twice_differs_in_nothing() {
    let compared = ComparePage { a: given(checkout()), b: given(checkout()), ..ComparePage::default() };
    let html = html("only=changed", &compared);
    assert!(text_of(&html).contains("Nothing changed by a hundredth"));
    assert!(text_of(&html).contains("Both took about as long"));
}

#[test]
fn with_one_trace_or_none_it_says_how_to_go_on() {
    let one = ComparePage {
        a: given(checkout()),
        missing: vec!["0af7651916cd43dd8448eb211c80319c".into()],
        ..ComparePage::default()
    };
    let words = text_of(&html("", &one));
    assert!(words.contains("No other trace of the day around it begins like this one"), "{words}");
    assert!(words.contains("No span of trace 0af7651916cd43dd8448eb211c80319c is here"), "{words}");
    assert!(text_of(&html("", &ComparePage::default())).contains("Tick two traces"));
}
