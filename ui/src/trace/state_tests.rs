use proptest::prelude::*;

use super::key::RowKey;
use super::state::*;
use coldlight_model::{SpanId, Timestamp};

fn parse(query: &str) -> State {
    State::parse(query, Timestamp::EPOCH)
}

#[track_caller]
fn check(query: &str, expected: State) {
    assert_eq!(parse(query), expected);
}

fn key(byte: u8) -> RowKey {
    RowKey::first(SpanId::new([byte; 8]).unwrap())
}

#[test]
fn only_1_means_matches_where_something_is_searched_for_else_problems() {
    check("only=1", State { only: Only::Problems, ..State::default() });
    check("only=1&q=card", State { only: Only::Matches, find: "card".into(), ..State::default() });
    check("only=problems&q=card", State { only: Only::Problems, find: "card".into(), ..State::default() });
    check("only=matches", State::default());
}

#[test]
fn a_search_keeps_every_character_as_it_was_typed() {
    check("q=%E2%80%A8a%09b+", State { find: "a\tb".into(), ..State::default() });
    assert_eq!(parse(&format!("q={}", "x".repeat(300))).bad.len(), 1);
}

#[test]
fn services_are_named_or_hidden() {
    let services = Services { shown: vec!["a".into(), "-b".into()], hidden: vec!["c,d".into()] };
    assert!(services.lets("a") && services.lets("-b") && !services.lets("c,d") && !services.lets("x"));
    check("svc=a,%5C-b,-c%5C,d", State { services, ..State::default() });
}

#[test]
fn a_zoom_is_two_times_in_microseconds() {
    check("t=439000-1893000.5", State { zoom: Some((439_000_000, 1_893_000_500)), ..State::default() });
    for wrong in ["t=5", "t=9-3", "t=-3-9", "t=1.2345-9", "t=1-99999999999999999999", "t=a-b"] {
        let state = parse(wrong);
        assert_eq!((state.zoom, state.bad.len()), (None, 1), "{wrong}");
    }
}

#[test]
fn what_is_not_understood_is_noted_and_the_rest_counts() {
    let state = parse("span=xyz&tab=money&depth=0&c=0101010101010101,zz&rows=-1&flavour=mint&clock=fixed&view=comic");
    assert_eq!(state.closed, [key(1)]);
    assert_eq!(state.clock, Clock::Fixed);
    let mut names: Vec<&str> = state.bad.iter().map(|bad| bad.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["c", "depth", "flavour", "rows", "span", "tab", "view"]);
}

#[test]
fn too_many_toggled_rows_are_noted() {
    let ids: Vec<String> = (1..=MOST_TOGGLED as u64 + 5).map(|id| format!("{id:016x}")).collect();
    let state = parse(&format!("c={}", ids.join(",")));
    assert_eq!(state.closed.len(), MOST_TOGGLED);
    assert_eq!(state.bad.len(), 1);
}

fn keys() -> impl Strategy<Value = Vec<RowKey>> {
    let key = (1u64.., 1u32..4, any::<bool>())
        .prop_map(|(id, nth, is_fold)| RowKey { is_fold, ..RowKey::new(SpanId::new(id.to_be_bytes()).unwrap(), nth) });
    proptest::collection::vec(key, 0..6).prop_map(|mut keys| {
        keys.sort_unstable();
        keys.dedup();
        keys
    })
}

prop_compose! {
    fn states()(
        span in proptest::option::of((1u64.., 1u32..3)),
        tab in 0usize..Tab::ALL.len(),
        find in "[^ \\p{C}]{0,20}",
        only in 0u8..3,
        shown in proptest::collection::vec(".{1,12}", 0..4),
        hidden in proptest::collection::vec(".{1,12}", 0..4),
        zoom in proptest::option::of((0i64..1 << 60, 1i64..1 << 40)),
        depth in proptest::option::of(proptest::option::of(1u32..9_999)),
        closed in keys(),
        opened in keys(),
        rows in proptest::option::of(proptest::option::of(0u32..)),
        (fixed, is_unfolded) in any::<(bool, bool)>(),
        (view, by, until) in (0usize..View::ALL.len(), 0usize..5, 0usize..3),
    ) -> State {
        let find = find.trim().to_owned();
        State {
            view: View::ALL[view],
            by: By::ALL[by],
            until: Until::ALL[until],
            span: span.map(|(id, nth)| RowKey::new(SpanId::new(id.to_be_bytes()).unwrap(), nth)),
            tab: Tab::ALL[tab],
            only: match only {
                0 => Only::Everything,
                1 => Only::Problems,
                _ if find.is_empty() => Only::Everything,
                _ => Only::Matches,
            },
            find,
            services: Services { shown, hidden },
            zoom: zoom.map(|(from, length)| (from, from + length)),
            depth: depth.map(|levels| levels.map_or(Depth::All, Depth::Levels)),
            closed,
            opened,
            is_unfolded,
            rows: rows.map(|first| first.map_or(Rows::All, Rows::From)),
            clock: if fixed { Clock::Fixed } else { Clock::Raw },
            bad: Vec::new(),
        }
    }
}

proptest! {
    #[test]
    fn any_state_reads_back_from_its_own_address(state in states()) {
        prop_assert_eq!(parse(&state.to_query()), state);
    }

    #[test]
    fn any_text_is_read_without_panic_and_settles(query in ".{0,80}") {
        let state = parse(&query);
        let again = parse(&state.to_query());
        prop_assert_eq!(State { bad: Vec::new(), ..state }, again);
    }
}
