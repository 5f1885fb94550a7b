//! One trace, from its answers to its words.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use coldlight_model::lambda::InvocationOutcome;
use coldlight_model::{InvocationSummary, Kind, NodeKind, SpanId, SpanTree, Timestamp, Trace};
use coldlight_ui::Theme;
use coldlight_ui::pages::trace::{State, TracePage, fragment, page, rows};
use proptest::prelude::*;

use crate::fixtures::invocations::few;
use crate::fixtures::shell::{now, shell};
use crate::fixtures::traces::made::{Draft, checkout, drafted, hostile, large, odd};
use crate::fixtures::traces::{answered, one};
use crate::text_of::{part, text_of};

fn html(query: &str, trace: &Trace) -> String {
    one(Theme::System, query, trace)
}

fn text(query: &str, trace: &Trace, marker: &str) -> String {
    text_of(part(&html(query, trace), marker))
}

/// The rows of a page or of a window, one after another.
fn rows_of(html: &str) -> Vec<&str> {
    html.match_indices("<div class=\"row ").map(|(at, _)| part(&html[at..], "<div class=\"row ")).collect()
}

/// The value of an attribute of the first tag of `html`.
fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let tag = html.split('>').next()?;
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

#[test]
fn an_ordinary_trace_reads_well() {
    insta::assert_snapshot!(text("", &checkout(), "<main"));
}

#[test]
fn a_row_is_drawn_like_this() {
    let html = html("span=000000000000001a", &checkout());
    let drawn = ["0000000000000011", "0000000000000013", "000000000000001a", "000000000000001e", "0000000000000024"];
    let rows = drawn.map(|id| part(&html, &format!("id=\"s-{id}\"")).to_owned());
    insta::assert_snapshot!(rows.join("\n\n"));
}

#[test]
fn the_panel_tells_everything_about_a_span() {
    for tab in ["span", "attributes", "events", "logs", "links", "raw"] {
        let query = format!("span=0000000000000024&tab={tab}");
        insta::assert_snapshot!(tab, text(&query, &checkout(), "data-test=\"span-panel\""));
    }
}

#[test]
fn a_functions_span_tells_its_life_and_its_cost() {
    let trace = checkout();
    let list = few();
    let invocations: Vec<_> = [(0, 0x24), (7, 0x13), (14, 0x19)]
        .map(|(at, span): (usize, u64)| {
            let mut one = list.invocations[at].clone();
            one.span_id = SpanId::new(span.to_be_bytes());
            one
        })
        .into();
    let tree = SpanTree::build(&trace.spans);
    let answers = TracePage { invocations: &invocations, ..TracePage::of(&trace, &tree) };
    let of = |query| page(&shell(Theme::System), &State::parse(query, now()), &answers);
    let html = of("");
    insta::assert_snapshot!(text_of(part(&html, "data-test=\"trace-cost\"")));
    let html = of("span=0000000000000013");
    let words = ["lifecycle", "cost-lines"].map(|mark| text_of(part(&html, &format!("data-test=\"{mark}\""))));
    insta::assert_snapshot!(words.join("\n\n"));
    assert!(!of("span=0000000000000011").contains("data-test=\"lifecycle\""));
}

#[test]
fn an_invocation_that_was_stopped_stands_where_its_span_is_missing() {
    let trace = drafted(&[Draft::new(1, 0, 0, 3_100), Draft::new(3, 2, 40, 30)]);
    let stopped = InvocationSummary {
        service: "svc".to_owned(),
        started_at: trace.start().plus(10_000_000),
        duration: Some(3_000_000_000),
        outcome: InvocationOutcome::Timeout,
        span_id: None,
        ..few().invocations[0].clone()
    };
    let (tree, invocations) = (SpanTree::build(&trace.spans), [stopped]);
    let answers = TracePage { invocations: &invocations, ..TracePage::of(&trace, &tree) };
    let of = |query| page(&shell(Theme::System), &State::parse(query, now()), &answers);
    let html = of("");
    assert!(text_of(part(&html, "data-test=\"stopped\"")).contains("was stopped (timeout) before its span ended"));
    assert!(!html.contains("data-test=\"missing-spans\""), "it is known what is missing");
    let row = rows_of(&html).into_iter().find(|row| row.contains("no end came")).unwrap();
    let words = text_of(row);
    assert!(words.contains("Lambda invocation") && words.contains("timeout, no end came"), "{words}");
    assert!(words.contains("stopped after 3.00 s"), "{words}");
    let html = of("span=0000000000000002");
    assert!(text_of(&html).contains("Stopped invocation") && html.contains("data-test=\"lifecycle\""));
}

#[test]
fn what_is_odd_is_said() {
    insta::assert_snapshot!(text("", &odd(), "<main"));
}

#[test]
fn shifted_clocks_are_called_shifted() {
    let raw = html("", &odd());
    let fixed = html("clock=fixed", &odd());
    let reports = |html: &str| part(html, "id=\"s-0000000000000002\"").to_owned();
    assert!(text_of(&reports(&raw)).contains("clock +42 ms"));
    assert!(text_of(&reports(&fixed)).contains("shifted +42 ms"));
    assert_ne!(
        attribute(part(&reports(&raw), "class=\"ln\""), "style"),
        attribute(part(&reports(&fixed), "class=\"ln\""), "style")
    );
    assert!(!fixed.contains("data-test=\"skew-note\""));
}

#[test]
fn a_missing_parent_has_a_row_and_a_panel() {
    let html = html("span=00000000deadbeef", &odd());
    assert_eq!(html.matches("data-test=\"missing-span\"").count(), 1);
    assert!(text_of(part(&html, "data-test=\"span-panel\"")).contains("2 spans name 00000000deadbeef as parent"));
}

#[test]
fn a_span_that_is_not_here_is_said_to_be_missing() {
    assert!(text("span=00000000000000ff", &checkout(), "data-test=\"span-panel\"").contains("is not in this trace"));
}

#[test]
fn long_names_are_cut_in_rows_and_shown_whole_on_demand_in_the_panel() {
    let html = html("span=0000000000000004&tab=span", &hostile());
    let row = part(&html, "id=\"s-0000000000000004\"");
    assert!(row.len() < 1_500, "{}", row.len());
    assert!(part(&html, "data-test=\"span-panel\"").contains("show all"));
}

#[test]
fn web_addresses_alone_become_links_and_leave_no_trail() {
    let html = html("span=0000000000000024&tab=attributes", &checkout());
    let links: Vec<&str> = html.split("<a ").filter(|tag| tag.contains("href=\"http")).collect();
    assert_eq!(links.len(), 1);
    assert!(links[0].contains("rel=\"noopener noreferrer\""));
}

#[test]
fn a_search_counts_marks_and_leads_on() {
    let html = html("q=dynamodb&span=0000000000000019", &checkout());
    assert!(text_of(part(&html, "data-test=\"match-count\"")).contains("4 matches"));
    let found: Vec<&str> =
        rows_of(&html).into_iter().filter(|row| attribute(row, "class").unwrap().contains(" hit")).collect();
    assert_eq!(found.len(), 4);
    assert!(html.contains("aria-label=\"Next match\"") && html.contains("aria-label=\"Previous match\""));
    let only = rows_of_page("q=dynamodb&only=1", &checkout());
    assert_eq!(only.iter().filter(|row| row.contains(" dim")).count(), 6, "ancestors stay, dimmed");
}

fn rows_of_page(query: &str, trace: &Trace) -> Vec<String> {
    rows_of(&html(query, trace)).into_iter().map(str::to_owned).collect()
}

#[test]
fn siblings_that_are_alike_stand_behind_one_row_with_their_sum() {
    let calls = (10..28).map(|id| {
        let call = Draft::new(id, 1, (id - 10) * 40, 20 + id).of("checkout").name("DynamoDB GetItem");
        call.calls(NodeKind::DynamoDb, "sessions")
    });
    let root = Draft::new(1, 0, 0, 900).of("checkout").name("POST /cart");
    let trace = drafted(&calls.chain([root]).collect::<Vec<_>>());
    let folded = rows_of_page("", &trace);
    assert_eq!(folded.len(), 2);
    assert_eq!(attribute(&folded[1], "aria-expanded"), Some("false"));
    insta::assert_snapshot!(folded[1]);
    let open = rows_of_page("o=000000000000000a.f", &trace);
    assert_eq!(open.len(), 20);
    assert_eq!(attribute(&open[2], "aria-level"), Some("3"), "below the row that stands for them");
    assert_eq!(rows_of_page("fold=0", &trace).len(), 19);
    insta::assert_snapshot!(text("span=000000000000000a.f", &trace, "data-test=\"span-panel\""));
    let with_one_picked = rows_of_page("span=000000000000000c", &trace);
    assert_eq!(with_one_picked.len(), 20, "what is selected is on the page");
}

#[test]
fn nothing_to_show_says_why() {
    assert!(text("q=zebra&only=1", &checkout(), "<main").contains("No span matches “zebra”."));
    assert!(text("svc=nobody", &checkout(), "<main").contains("No span is of these services."));
}

#[test]
fn a_fragment_is_a_piece_of_the_page() {
    let trace = checkout();
    let query = "span=0000000000000024&tab=events&depth=4";
    answered(query, &trace, |state, answers| {
        let shell = shell(Theme::System);
        let whole = page(&shell, state, answers);
        for block in ["waterfall", "panel", "view"] {
            let piece = fragment(block, &shell, state, answers).unwrap();
            assert!(whole.contains(piece.trim()), "{block}");
        }
        assert_eq!(fragment("money", &shell, state, answers), None);
    });
}

#[test]
fn a_trace_as_a_table_reads_well() {
    insta::assert_snapshot!(text_of(part(&html("view=table&sort=critical", &checkout()), "data-test=\"trace-table\"")));
}

#[test]
fn a_trace_as_a_map_reads_well() {
    let html = html("view=map", &checkout());
    let table = text_of(part(&html, "data-test=\"trace-map-table\""));
    let nodes: Vec<&str> =
        html.split("data-test=\"map-node\"").skip(1).filter_map(|tag| attribute(tag, "aria-label")).collect();
    insta::assert_snapshot!(format!("{}\n\n{table}", nodes.join("\n")));
}

#[test]
fn what_was_said_stands_in_the_order_of_its_times() {
    insta::assert_snapshot!(text("view=logs", &checkout(), "data-test=\"logbook\""));
    let one = html("view=logs&svc=nobody", &checkout());
    assert!(text_of(&one).contains("of other services left out"));
}

#[test]
fn the_header_leads_to_the_failure_behind_the_failure() {
    let trace = drafted(&[
        Draft::new(1, 0, 0, 100).of("shop").name("POST /cart").fails("ServerError", ""),
        Draft::new(2, 1, 10, 80).of("shop").name("POST /charge").kind(Kind::CLIENT).http(502),
        Draft::new(3, 2, 20, 60).of("payments").name("charge").fails("com.example.CardDeclined", "card refused"),
    ]);
    insta::assert_snapshot!(text_of(part(&html("", &trace), "data-test=\"root-cause\"")));
    assert!(!html("", &checkout()).contains("root-cause"), "its root went well");
}

#[test]
fn a_trace_as_a_flame_graph_reads_well() {
    insta::assert_snapshot!(text_of(part(&html("view=flame", &checkout()), "data-test=\"trace-flame\"")));
    let html = html("view=flame", &large(10_000));
    assert!(html.len() <= 160 * 1000, "{} bytes", html.len());
}

#[test]
fn ten_thousand_spans_come_in_windows() {
    let html = html("depth=all&fold=0", &large(10_000));
    assert_eq!(rows_of(&html).len(), 200);
    assert!(text_of(part(&html, "data-pager")).contains("rows 1–200 of 10,000"));
    assert!(html.contains("aria-rowcount=\"10001\""));
    assert!(html.len() <= 160 * 1024, "{} bytes", html.len());
    assert!(html.matches('<').count() / 2 < 4_500);
}

#[test]
fn ten_thousand_spans_of_one_loop_are_a_few_rows_until_they_are_opened() {
    let folded = rows_of_page("depth=all", &large(10_000));
    assert!(folded.len() < 50, "{} rows", folded.len());
    let faults = folded.iter().filter(|row| attribute(row, "class").unwrap().contains(" fault")).count();
    assert_eq!(faults, 6, "what failed is never folded");
}

#[test]
fn a_selected_row_far_down_is_on_the_page() {
    for query in ["depth=all&span=0000000000001f41", "span=0000000000001f41"] {
        let html = html(query, &large(10_000));
        let row = part(&html, "id=\"s-0000000000001f41\"");
        assert_eq!(attribute(row, "aria-selected"), Some("true"));
    }
}

#[test]
fn a_large_trace_opens_the_ways_to_its_faults() {
    let html = html("rows=all", &large(10_000));
    let faults = rows_of(&html).into_iter().filter(|row| attribute(row, "class").unwrap().contains(" fault")).count();
    assert_eq!(faults, 6);
    assert!(html.contains("data-test=\"crowded\""));
}

/// The quickest of five: others use the machine too.
fn quickest(mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..5).map(|_| once()).min().unwrap()
}

#[test]
fn rendering_does_not_grow_beyond_the_trace() {
    // It takes a fifth of that on an idle machine; work that grows with the square of the spans would take a hundred times as long.
    for (spans, page_limit, window_limit) in [(10_000, 250, 50), (100_000, 1_500, 750)] {
        let trace = large(spans);
        let tree = SpanTree::build(&trace.spans);
        let answers = TracePage::of(&trace, &tree);
        let shell = shell(Theme::System);
        for query in ["", "depth=all", "clock=fixed&only=1"] {
            let state = State::parse(query, now());
            let whole = quickest(|| drop(page(&shell, &state, &answers)));
            assert!(whole < Duration::from_millis(page_limit), "{spans} spans, {query:?}: {whole:?}");
            let window = quickest(|| drop(rows(&state, &answers, spans as usize / 2, 100)));
            assert!(window < Duration::from_millis(window_limit), "{spans} spans, {query:?}: a window {window:?}");
        }
    }
}

#[test]
fn times_from_one_end_of_history_to_the_other_are_drawn() {
    let mut trace = checkout();
    let spans = trace.spans.len();
    for (at, span) in trace.spans.iter_mut().enumerate() {
        (span.started_at, span.duration) = match at % 4 {
            0 => (Timestamp::EPOCH, u64::MAX),
            1 => (Timestamp::MAX, u64::MAX),
            2 => (Timestamp::EPOCH, 0),
            _ => (Timestamp::MAX, 0),
        };
    }
    trace.spans.sort_by_key(|span| span.started_at);
    for query in
        ["", "clock=fixed", "t=0-1", "clock=fixed&span=0000000000000024", "t=2000000000000000-2300000000000000"]
    {
        assert_eq!(rows_of_page(query, &trace).len(), spans, "{query}");
    }
}

#[test]
fn a_trace_without_spans_is_no_reason_to_fail() {
    let empty = Trace { spans: Vec::new(), ..checkout() };
    assert!(text("", &empty, "<main").contains("No span is here."));
}

/// Spans with any parents, ids used twice, any kinds.
fn traces() -> impl Strategy<Value = Trace> {
    let span = (1u64..40, 0u64..44, 0u64..60, 0u64..30, 0usize..4, 1i32..6, 0u8..9);
    // Some traces are full of calls that are alike.
    (proptest::collection::vec(span, 1..60), any::<bool>()).prop_map(|(spans, repeats)| {
        let drafts = spans.into_iter().map(|(id, parent, start, length, service, kind, fate)| {
            let draft = Draft::new(id, if repeats { parent / 9 } else { parent }, start, length);
            let draft = if repeats && id > 5 {
                draft.name("GetItem").of("a").kind(Kind::CLIENT)
            } else {
                draft.of(["a", "b", "c", "<d>"][service]).kind(Kind(kind))
            };
            if fate == 0 { draft.fails("Boom", "it broke") } else { draft }
        });
        drafted(&drafts.collect::<Vec<_>>())
    })
}

fn states() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just(""),
        Just("only=1"),
        Just("svc=a"),
        Just("svc=-b"),
        Just("depth=1"),
        Just("depth=2"),
        Just("depth=all"),
        Just("clock=fixed"),
        Just("q=span+1"),
        Just("t=10000-30000"),
        Just("span=0000000000000005"),
        Just("c=0000000000000003,0000000000000007"),
        Just("o=0000000000000003,0000000000000009.2"),
        Just("q=span+2&only=1"),
        Just("fold=0"),
        Just("o=0000000000000002.f,0000000000000003.f,0000000000000004.f"),
        Just("span=0000000000000004.f"),
    ];
    proptest::collection::vec(word, 0..4).prop_map(|words| words.join("&"))
}

proptest! {
    #[test]
    fn windows_one_after_another_are_all_rows(trace in traces(), query in states(), size in 1usize..40) {
        let query = format!("{query}&rows=all");
        let all = rows_of_page(&query, &trace).concat();
        let windows = answered(&query, &trace, |state, answers| {
            let window = |at: usize| rows(state, answers, at * size, size);
            (0..=120 / size).map(window).collect::<String>()
        });
        // Both are long: their difference is better looked for than printed.
        prop_assert!(windows == all, "{query}");
    }

    #[test]
    fn no_id_stands_twice_and_every_row_has_its_place(trace in traces(), query in states()) {
        let rows = rows_of_page(&query, &trace);
        let ids: HashSet<&str> = rows.iter().map(|row| attribute(row, "id").unwrap()).collect();
        prop_assert_eq!(ids.len(), rows.len());
        for (at, row) in rows.iter().enumerate() {
            let index = (at + 2).to_string();
            prop_assert_eq!(attribute(row, "aria-rowindex"), Some(index.as_str()));
        }
    }

    #[test]
    fn a_twisty_turns_its_row_and_leaves_those_above(trace in traces(), query in states(), pick in 0usize..60) {
        let before = rows_of_page(&query, &trace);
        let turning: Vec<usize> = (0..before.len()).filter(|at| before[*at].contains("class=\"tw\"")).collect();
        prop_assume!(!turning.is_empty());
        let at = turning[pick % turning.len()];
        let link = before[at].split_once("class=\"tw\" href=\"?").unwrap().1.split('"').next().unwrap();
        let link = crate::text_of::unescape(link);
        let after = rows_of_page(link.split('#').next().unwrap(), &trace);
        let is_open = |row: &str| attribute(row, "aria-expanded") == Some("true");
        prop_assert_ne!(is_open(&before[at]), is_open(&after[at]), "{}", link);
        let ids = |rows: &[String]| rows[..=at].iter().map(|row| attribute(row, "id").unwrap().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&before), ids(&after));
    }
}
