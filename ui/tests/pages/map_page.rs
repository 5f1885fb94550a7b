//! The map, from its answers to its words.

use coldlight_model::{Carried, ServiceMap};
use coldlight_ui::layout::{Layout, layout};
use coldlight_ui::pages::map::{State, fragment, page};
use coldlight_ui::{Theme, Zone};

use crate::fixtures::map::{compared, empty, hostile, large, ordinary, render};
use crate::fixtures::shell::{now, shell};
use crate::text_of::{part, text_of};

fn map(query: &str, map: &ServiceMap) -> String {
    render(&shell(Theme::System), query, map)
}

/// Every `data-test` element's id with that name.
fn ids(html: &str, test: &str) -> Vec<String> {
    let key = format!("data-test=\"{test}\" data-id=\"");
    html.split(&key).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn an_ordinary_map_reads_well() {
    insta::assert_snapshot!(text_of(part(&map("sel=service:checkout-api", &ordinary()), "<main")));
}

#[test]
fn a_node_and_an_edge_are_drawn_like_this() {
    let html = map("", &ordinary());
    let edge = part(&html, "data-from=\"service:checkout-api\" data-to=\"external:payments\"");
    let node = part(&html, "data-id=\"service:notify-fn\"");
    insta::assert_snapshot!(format!("{edge}\n\n{node}"));
}

#[test]
fn an_edge_can_be_inspected() {
    let html = map("sel=service:order-worker%3Eservice:notify-fn@async", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "data-test=\"inspector\"")));
}

#[test]
fn a_dependency_is_found_through_its_callers() {
    let html = map("sel=external:payments", &ordinary());
    insta::assert_snapshot!(text_of(part(&html, "data-test=\"inspector\"")));
}

#[test]
fn without_a_selection_the_inspector_says_what_deserves_a_look() {
    insta::assert_snapshot!(text_of(part(&map("", &ordinary()), "data-test=\"inspector\"")));
}

#[test]
fn an_empty_range_says_so_and_offers_wider_ones() {
    insta::assert_snapshot!(text_of(part(&map("range=6h", &empty()), "data-test=\"no-match\"")));
}

#[test]
fn every_node_is_in_the_drawing_and_in_the_table() {
    let html = map("sort=name", &ordinary());
    let mut drawn = ids(&html, "map-node");
    let mut listed = ids(&html, "map-row");
    assert_eq!(drawn.len(), 16);
    drawn.sort_unstable();
    listed.sort_unstable();
    assert_eq!(drawn, listed);
    assert_eq!(html.matches("data-test=\"map-edge\"").count(), 16);
}

#[test]
fn the_kinds_of_edges_can_be_told_apart_without_colour() {
    let html = map("", &ordinary());
    for (way, count) in [("sync", 12), ("async", 3), ("poll", 1)] {
        assert_eq!(html.matches(&format!("data-kind=\"{way}\"")).count(), count, "{way}");
    }
    assert_eq!(html.matches("class=\"e async off\"").count(), 0);
    assert_eq!(map("edges=sync", &ordinary()).matches(" off\"").count(), 4);
}

#[test]
fn what_only_callers_know_says_seen() {
    let html = map("", &ordinary());
    let node = text_of(part(&html, "data-id=\"dynamodb:orders\""));
    assert!(node.contains("seen 13 ms") && !node.contains("· p95"), "{node}");
}

#[test]
fn a_selection_that_is_gone_is_explained() {
    let text = text_of(part(&map("sel=service:gone", &ordinary()), "data-test=\"inspector\""));
    assert!(text.contains("“gone” did nothing in this range"), "{text}");
}

#[test]
fn a_focus_leaves_only_the_neighbours() {
    let html = map("focus=service:order-worker", &ordinary());
    let expected = ["dynamodb:orders", "s3:invoices", "service:notify-fn", "service:order-worker", "sqs:order-events"];
    assert_eq!(ids(&html, "map-node"), expected);
    assert!(text_of(&html).contains("Only order-worker and what is within 1 step of it; 11 nodes are hidden."));
}

#[test]
fn too_many_nodes_stand_together_by_kind_and_all_are_in_the_table() {
    let html = map("", &large(400));
    assert!(ids(&html, "map-node").iter().all(|id| id.starts_with("group:")));
    assert_eq!(ids(&html, "map-row").len(), 25);
    assert!(text_of(&html).contains("rows 1 to 25 of 600"));
    let last = map("row=575", &large(400));
    assert_eq!(ids(&last, "map-row").len(), 25);
    assert!(last.contains("data-test=\"prev\"") && !last.contains("data-test=\"next\""));
    assert_eq!(ids(&map("row=99999", &large(400)), "map-row").len(), 25, "a row past the end shows the last page");
}

#[test]
fn a_map_of_sixty_nodes_is_light() {
    let html = map("range=6h", &large(40));
    assert_eq!(ids(&html, "map-node").len(), 60);
    let elements =
        html.match_indices('<').filter(|(at, _)| html[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    assert!(elements.count() <= 1_500);
    assert_eq!(ids(&html, "map-row").len(), 15, "the table has more pages beside a large drawing");
}

#[test]
fn numbers_move_nothing() {
    let state = State::parse("", now());
    let mut busier = ordinary();
    for node in &mut busier.nodes {
        node.stats.calls *= 3;
    }
    assert_eq!(layout(&state.graph(&ordinary())), layout(&state.graph(&busier)));
}

#[test]
fn a_layout_of_another_map_is_not_used() {
    let state = State::parse("", now());
    let html = page(&shell(Theme::System), &state, &ordinary(), &Layout::default());
    assert_eq!(html, map("", &ordinary()));
}

#[test]
fn a_filtered_map_says_of_which_traces_it_is_and_leads_to_them() {
    let narrowed = Some(coldlight_model::Narrowed { traces: 20_000, of: 81_223 });
    let found = ServiceMap { narrowed, ..ordinary() };
    let html = map("f=service:checkout-api+dur>1", &found);
    let text = text_of(&html);
    assert!(text.contains("The map shows the newest 20,000 traces of 81,223 with a span that matches"), "{text}");
    assert!(text.contains("dur>1 is not a filter"), "{text}");
    assert_eq!(html.matches("data-test=\"filter-chip\"").count(), 1);
    assert!(html.contains("href=\"/traces?range=1h&#38;f=service:checkout-api\""));
    assert!(html.contains("/api/v1/map?range=1h&#38;f=service:checkout-api"));
    let none = map("f=service:checkout-api", &ServiceMap::default());
    assert!(text_of(&none).contains("No trace matches in") && none.contains("Without the filter"));
}

#[test]
fn what_changed_since_yesterday_reads_well() {
    let html = map("cmp=24h", &compared());
    insta::assert_snapshot!(text_of(part(&html, "data-test=\"changes\"")));
    let gone = part(&html, "data-test=\"map-node\" data-id=\"cache:catalog-cache\"");
    assert!(gone.contains(">gone</text>"), "{gone}");
    assert!(html.contains("class=\"n dep gone\""), "hollow and struck");
    assert_eq!(html.matches("data-test=\"map-node\"").count(), ordinary().nodes.len() + 1);
}

#[test]
fn a_map_of_four_hundred_services_is_drawn_by_kind_and_listed_whole() {
    let html = map("", &large(400));
    assert!(html.matches("data-test=\"map-node\"").count() <= 12);
    assert!(text_of(&html).contains("are too many to draw"));
    assert!(text_of(&html).contains("rows 1 to"));
    assert!(html.len() <= 150 * 1024, "{} bytes", html.len());
    let near = map("focus=service:service-010&hops=2", &large(400));
    let drawn = near.matches("data-test=\"map-node\"").count();
    assert!((3..=150).contains(&drawn), "{drawn} nodes within two steps");
}

#[test]
fn nodes_stand_together_by_team_and_an_edge_tells_what_it_carried() {
    let mut owned = ordinary();
    for node in owned.nodes.iter_mut().filter(|node| node.node.name.ends_with("-api")) {
        node.team = Some("storefront".into());
    }
    let html = map("group=team&sel=group:team:storefront", &owned);
    assert!(ids(&html, "map-node").contains(&"group:team:storefront".to_owned()));
    let inspector = text_of(part(&html, "data-test=\"inspector\""));
    assert!(inspector.contains("storefront: 3") && inspector.contains("cart-api"), "{inspector}");
    let cost = coldlight_model::money::Usd::from_attos(8_000_000_000_000_000).unwrap();
    let spent = coldlight_model::Spent { invocations: 40, own: cost, ..Default::default() };
    owned.carried = Some(Carried { calls: 40, batches: 40, messages: 332, most: 10, retried: 3, retries: 4, spent });
    let html = map("sel=sqs:order-events%3Eservice:order-worker@poll", &owned);
    let inspector = text_of(part(&html, "data-test=\"inspector\""));
    assert!(inspector.contains("8.3 messages at a time, at most 10"), "{inspector}");
    assert!(inspector.contains("7.5% of calls made again, 4 times"), "{inspector}");
    assert!(inspector.contains("$0.008") && inspector.contains("$0.0002"), "{inspector}");
    assert!(inspector.contains("own work $0.008 = $0.008, exactly 0.008 USD."), "{inspector}");
}

#[test]
fn the_zone_of_the_reader_is_the_zone_of_the_page() {
    let shell = coldlight_ui::Shell { zone: Zone::named("Asia/Tokyo").unwrap(), ..shell(Theme::System) };
    let text = text_of(&render(&shell, "range=1h", &ordinary()));
    assert!(text.contains("22:05 – 23:05 JST"), "{text}");
}

#[test]
fn hostile_names_keep_their_places() {
    let html = map("sel=service:%3Cscript%3Ealert(1)%3C/script%3E", &hostile());
    let text = text_of(part(&html, "data-test=\"inspector\""));
    assert!(text.starts_with("<script>alert(1)</script>"), "{text}");
    assert_eq!(ids(&html, "map-node").len(), 7);
    assert!(html.len() < 100 * 1024, "64 KB of a name are not repeated");
}

#[test]
fn the_fragment_is_the_same_bytes_as_in_the_page() {
    let state = State::parse("sel=service:cart-api", now());
    let drawn = layout(&state.graph(&ordinary()));
    let shell = shell(Theme::System);
    let view = fragment("view", &shell, &state, &ordinary(), &drawn).unwrap();
    assert!(view.contains("data-test=\"inspector\"") && !view.contains("<html"));
    assert!(page(&shell, &state, &ordinary(), &drawn).contains(view.trim()));
    assert_eq!(fragment("other", &shell, &state, &ordinary(), &drawn), None);
}
