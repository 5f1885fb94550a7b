//! Live, alerts, settings and help, in words.

use coldlight_ui::Theme;
use coldlight_ui::pages::live;

use crate::fixtures;
use crate::fixtures::shell::shell;
use crate::fixtures::{live as live_fixtures, watched};
use crate::text_of::{part, text_of};

fn page(name: &str) -> String {
    let found = fixtures::pages(Theme::System).into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("there is no page {name}")).1
}

#[test]
fn live_lists_invocations_and_roots_newest_end_first() {
    let live = page("live");
    let ends: Vec<&str> = live.split("data-of=\"").skip(1).map(|row| row.split('"').next().unwrap()).collect();
    assert!(ends.contains(&"invocation") && ends.contains(&"span") && ends.len() == 24, "{ends:?}");
    let text = text_of(part(&live, "<main"));
    for words in ["Still running", "report-writer", "GET /orders/{id}", "throttled", "TimeoutError", "version 40"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_line_says_what_a_filter_leaves_out_and_a_paused_page_is_not_reloaded() {
    let paused = page("live-paused");
    assert!(paused.contains("Only invocations are listed") && !paused.contains("http-equiv"), "{paused}");
    assert!(page("live").contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
}

#[test]
fn lines_for_the_stream_are_the_rows_of_the_page() {
    let lines = live::lines(&shell(Theme::System), &live_fixtures::news(3));
    let page = live::page(&shell(Theme::System), &live::State::default(), &live_fixtures::news(3));
    assert_eq!(lines.matches("data-test=\"live-row\"").count(), 6);
    assert!(page.contains(lines.trim()), "{lines}");
    assert_eq!(live::lines(&shell(Theme::System), &live_fixtures::news(0)), "");
}

#[test]
fn alerts_say_how_they_stand_and_what_they_did() {
    let text = text_of(part(&page("alerts"), "<main"));
    for words in [
        "fault rate above 5% over 5 min",
        "p95 duration above 800 ms",
        "no requests within 5 min",
        "pending",
        "no data",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("could not be looked at: the question took longer than 30 s"), "{text}");
    assert!(text.contains("not told") && text.contains("500 Internal Server Error"), "{text}");
}

#[test]
fn what_fires_is_said_on_every_page_but_its_own() {
    let busy = watched::busy(Theme::System, &["a", "b", "<c>"]);
    let state = live::State::default();
    let other = live::page(&busy, &state, &live_fixtures::news(1));
    assert!(other.contains("data-test=\"firing\"") && other.contains("&#60;c&#62;"), "{other}");
    assert!(other.contains("data-test=\"alert-badge\" data-count=\"1\""));
    assert!(!page("alerts").contains("data-test=\"firing\""));
}

#[test]
fn settings_say_how_it_is_set_up_and_help_what_can_be_written() {
    let settings = text_of(part(&page("settings"), "<main"));
    for words in ["3 keys are known", "7 days", "https://hooks.example.org", "Checkout fails", "built in"] {
        assert!(settings.contains(words), "{words}: {settings}");
    }
    let help = text_of(part(&page("help"), "<main"));
    for words in ["cold:felt", "dur>500ms", "price per GB-second", "pause, go on"] {
        assert!(help.contains(words), "{words}: {help}");
    }
}
