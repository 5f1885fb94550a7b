//! Start, status and errors, in words.

use coldlight_ui::pages::{error, start, status};
use coldlight_ui::{Shell, Theme};

use crate::fixtures::shell::{now, shell};
use crate::fixtures::{errors, start as start_fixtures, status as status_fixtures};
use crate::text_of::{part, text_of};

fn start(query: &str, shell: &Shell) -> String {
    start::page(shell, &start::State::parse(query, now()))
}

#[test]
fn an_empty_store_is_told_where_to_send_and_how() {
    let html = start("", &start_fixtures::empty(Theme::System));
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert!(html.contains("data-test=\"empty-store\""));
}

#[test]
fn every_tab_is_a_link_and_the_open_one_is_current() {
    for lang in start::Lang::ALL {
        let html = start(&format!("lang={}", lang.name()), &start_fixtures::empty(Theme::System));
        let tabs = part(&html, "class=\"tabs\"");
        assert_eq!(tabs.matches("aria-current").count(), 1);
        assert!(tabs.contains(&format!("aria-current=\"true\">{}<", lang.label())), "{tabs}");
        assert!(html.contains("data-test=\"snippet\""));
    }
}

#[test]
fn a_span_that_came_is_linked() {
    let html = start("", &shell(Theme::System));
    let arrived = part(&html, "data-test=\"first-span\"");
    assert!(arrived.contains("href=\"/map\"") && arrived.contains("data-arrived"));
    assert!(!html.contains("data-test=\"empty-store\""));
}

#[test]
fn a_host_that_is_no_host_reaches_no_snippet() {
    let hostile = Shell { host: "x;reboot".to_owned(), ..start_fixtures::empty(Theme::System) };
    assert!(!start("lang=python", &hostile).contains("reboot"));
}

#[test]
fn nothing_listening_is_said() {
    let closed = Shell { otlp_http_port: None, otlp_grpc_port: None, ..start_fixtures::empty(Theme::System) };
    assert!(text_of(&start("", &closed)).contains("No OTLP address is open"));
}

fn status(numbers: (coldlight_model::ReceiverCounts, coldlight_model::StoreStatus)) -> String {
    let listening = status_fixtures::listening();
    status::page(&shell(Theme::System), &status::State::default(), &numbers.0, &numbers.1, &listening, "0.1.0", &[])
}

#[test]
fn a_healthy_collector_has_nothing_to_do() {
    let html = status(status_fixtures::well());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    assert!(!html.contains("data-state=\"act\"") && !html.contains("data-state=\"look\""));
}

#[test]
fn every_row_that_is_not_well_says_what_to_do() {
    let html = status(status_fixtures::wrong());
    insta::assert_snapshot!(text_of(part(&html, "<main")));
    for state in ["look", "act"] {
        for row in html.split(&format!("data-state=\"{state}\"")).skip(1) {
            let todo = row.split("class=\"todo\">").nth(1).unwrap().split('<').next().unwrap();
            assert!(todo.ends_with('.'), "{todo}");
        }
    }
}

#[test]
fn the_logo_has_a_red_dot_when_ingest_is_in_trouble() {
    let calm = start("", &shell(Theme::System));
    let alarmed = start("", &Shell { alarm: true, ..shell(Theme::System) });
    assert!(!calm.contains("class=\"alarm\"") && alarmed.contains("class=\"alarm\""));
    assert!(alarmed.contains("needs attention"), "the dot is said in words too");
}

#[test]
fn every_failure_says_what_it_is_and_what_to_do() {
    let pages = errors::all().into_iter().map(|(name, code, error)| {
        let html = error::page(&shell(Theme::System), code, &error);
        format!("## {name}\n{}", text_of(part(&html, "data-test=\"error\"")))
    });
    insta::assert_snapshot!(pages.collect::<Vec<_>>().join("\n\n"));
}
