//! The page of SQL, in words.

use coldlight_ui::Theme;
use coldlight_ui::pages::sql::{self, Outcome, State};

use crate::fixtures::shell::shell;
use crate::fixtures::sql::{EXAMPLES, beside, dictionary, hours, money, saved, traces};
use crate::text_of::{part, text_of};

fn page(query: &str, outcome: Outcome<'_>) -> String {
    let shell = shell(Theme::System);
    let state = State::parse(query, &EXAMPLES, &saved(), shell.now);
    sql::page(&shell, &state, outcome, beside(&dictionary(), &saved()))
}

#[test]
fn an_example_is_asked_and_answered_beside_the_dictionary() {
    let table = money();
    let html = page("example=cold-starts", Outcome::Answered { table: &table, took: 41_000_000 });
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert_eq!(html.matches("class=\"track\"").count(), 3, "a bar for each service");
}

#[test]
fn ids_lead_to_traces_and_names_to_functions() {
    let table = traces();
    let html = page("q=FROM+traces", Outcome::Answered { table: &table, took: 1 });
    assert!(html.contains("href=\"/traces/0af7651916cd43dd8448eb211c803110\""));
    assert!(html.contains("href=\"/functions/checkout-api\""));
    assert!(text_of(&html).contains("40 rows, and there are more"));
}

#[test]
fn an_answer_without_rows_says_so() {
    let table = coldlight_model::Table { rows: Vec::new(), ..money() };
    let html = page("example=cold-starts", Outcome::Answered { table: &table, took: 1 });
    assert!(text_of(part(&html, "data-test=\"sql-no-rows\"")).contains("No row answers this"));
}

#[test]
fn a_question_stays_in_the_editor_whatever_became_of_it() {
    let html = page("q=SELECT+1+%3C+2", Outcome::Unanswered("Parser Error: <no>\n\u{202e}"));
    assert!(html.contains("SELECT 1 &#60; 2</textarea>") && html.contains("Parser Error: &#60;no&#62;"));
    assert!(text_of(&html).contains("No answer") && !html.contains('\u{202e}'));
}

#[test]
fn a_number_for_each_hour_is_drawn_beside_a_kept_question_whose_words_are_marked() {
    let table = hours();
    let html = page("id=5f&range=24h", Outcome::Answered { table: &table, took: 1 });
    assert_eq!(part(&html, "<svg viewBox=\"0 0 1000 180\"").matches("<rect").count(), 15);
    assert!(html.contains("<span class=\"q-k\">SELECT</span>") && html.contains("<span class=\"q-p\">$from</span>"));
    assert!(html.contains("<input type=\"hidden\" name=\"range\" value=\"24h\">") && html.contains("value=\"delete\""));
    assert!(text_of(&html).contains("Requests by <hour>") && !html.contains("by <hour>"));
}
