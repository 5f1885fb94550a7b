//! The map: edges from spans in whatever order they come.

use coldlight_model::{
    Attributes, Filter, Kind, Link, Narrowed, QueueState, ServiceMap, Span, StatusCode, TimeRange, Timestamp, TraceId,
    Value,
};
use coldlight_store::Store;

use crate::made::{self, Kept, batch, last_hour, link, now, span, span_id, trace_id};

fn drawn(map: &ServiceMap) -> Vec<String> {
    map.edges
        .iter()
        .map(|edge| format!("{} -{}-> {} {}", edge.from.id(), edge.way.name(), edge.to.id(), edge.stats.calls))
        .collect()
}

pub(crate) async fn map_when_rolled(kept: &Kept) -> ServiceMap {
    kept.visible().await;
    kept.store.map(last_hour(), Filter::default()).await.unwrap()
}

fn call(trace: TraceId) -> (Span, Span, Span) {
    let front = span(trace, None, Kind::SERVER, "GET /", &[]);
    let out = span(trace, Some(front.span_id), Kind::CLIENT, "GET", &[("server.address", "back.internal".into())]);
    let back = span(trace, Some(out.span_id), Kind::SERVER, "GET /", &[]);
    (front, out, back)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_one_edge_whichever_end_comes_first() {
    for late in [0, 1, 2] {
        let kept = made::store();
        let (front, out, back) = call(trace_id());
        let mut batches = vec![batch("front", vec![front]), batch("front", vec![out]), batch("back", vec![back])];
        let last = batches.remove(late);
        for one in batches {
            kept.keep(one).await;
        }
        map_when_rolled(&kept).await;
        kept.keep(last).await;
        assert_eq!(drawn(&map_when_rolled(&kept).await), ["service:front -sync-> service:back 1"], "late: {late}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_call_leads_to_a_node_seen_from_outside() {
    let kept = made::store();
    let (front, out, _) = call(trace_id());
    kept.keep(batch("front", vec![front, out])).await;
    let map = map_when_rolled(&kept).await;
    assert_eq!(drawn(&map), ["service:front -sync-> external:back.internal 1"]);
    let seen: Vec<_> = map.nodes.iter().map(|node| (node.node.id(), node.seen, node.stats.calls)).collect();
    assert_eq!(seen, [("external:back.internal".to_owned(), true, 1), ("service:front".to_owned(), false, 1)]);
    assert_eq!(map.entries.calls, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_refused_on_its_way_leads_to_the_service_it_names() {
    let kept = made::store();
    let (front, out, back) = call(trace_id());
    let peer = |name: &str| [("server.address", Value::from("127.0.0.1")), ("service.peer.name", name.into())];
    let throttled = span(trace_id(), None, Kind::CLIENT, "POST", &peer("back"));
    let strange = span(trace_id(), None, Kind::CLIENT, "POST", &peer("elsewhere"));
    kept.keep(batch("front", vec![front, out, throttled, strange])).await;
    kept.keep(batch("back", vec![back])).await;
    assert_eq!(
        drawn(&map_when_rolled(&kept).await),
        ["service:front -sync-> external:elsewhere 1", "service:front -sync-> service:back 2"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_and_consumer_meet_in_their_queue_without_any_link() {
    let kept = made::store();
    let queue = [("messaging.system", Value::from("aws_sqs")), ("messaging.destination.name", "orders".into())];
    let front = span(trace_id(), None, Kind::SERVER, "POST /", &[]);
    let send = span(front.trace_id, Some(front.span_id), Kind::PRODUCER, "orders send", &queue);
    kept.keep(batch("front", vec![front, send])).await;
    let invocation = span(trace_id(), None, Kind::SERVER, "worker", &[("faas.trigger", "pubsub".into())]);
    let process = span(invocation.trace_id, Some(invocation.span_id), Kind::CONSUMER, "orders process", &queue);
    kept.keep(batch("worker", vec![invocation, process])).await;
    assert_eq!(
        drawn(&map_when_rolled(&kept).await),
        ["service:front -async-> sqs:orders 1", "sqs:orders -poll-> service:worker 1"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_request_counts_once_and_a_late_span_counts() {
    let kept = made::store();
    let (front, out, back) = call(trace_id());
    for _ in 0..3 {
        kept.keep(batch("front", vec![front.clone(), out.clone()])).await;
    }
    map_when_rolled(&kept).await;
    let mut late = back;
    late.started_at = Timestamp::from_nanos(made::NOW - 2_000_000_000);
    kept.keep(batch("back", vec![late])).await;
    assert_eq!(drawn(&map_when_rolled(&kept).await), ["service:front -sync-> service:back 1"]);
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, 3);
    assert_eq!(kept.store.counters().duplicates, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_and_rust_agree_on_buckets() {
    let kept = made::store();
    let mut spans = Vec::new();
    let mut expected = coldlight_model::DurationHistogram::default();
    for power in 0..45 {
        for nudge in [-1i64, 0, 1] {
            let duration = ((1i64 << power) + nudge).max(0) as u64;
            let mut one = span(trace_id(), None, Kind::SERVER, "s", &[]);
            one.started_at = now().minus(1_000_000_000);
            one.ended_at = one.started_at.plus(duration);
            spans.push(one);
            expected.add(coldlight_model::bucket_of(duration), 1);
        }
    }
    kept.keep(batch("buckets", spans)).await;
    assert_eq!(map_when_rolled(&kept).await.nodes[0].stats.durations, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_the_map_to_the_traces_it_finds_and_one_that_finds_all_changes_nothing() {
    let kept = made::store();
    let (front, out, back) = call(trace_id());
    kept.keep(batch("checkout-api", vec![front, out])).await;
    kept.keep(batch("pricing", vec![back])).await;
    let other = span(trace_id(), None, Kind::SERVER, "GET /other", &[]);
    kept.keep(batch("other-api", vec![other])).await;
    let whole = map_when_rolled(&kept).await;
    let all = kept.store.map(last_hour(), Filter::parse("-name:nothing")).await.unwrap();
    assert_eq!(all.narrowed, Some(Narrowed { traces: 2, of: 2 }));
    assert_eq!(ServiceMap { narrowed: None, ..all }, whole);
    let found = kept.store.map(last_hour(), Filter::parse("service:pricing")).await.unwrap();
    assert_eq!(drawn(&found), drawn(&whole), "the other trace has no edge");
    assert!(found.nodes.iter().all(|node| node.node.name != "other-api") && !found.nodes.is_empty());
    assert!(kept.store.map(last_hour(), Filter::parse("service:nobody")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_tells_its_messages_and_retries_and_a_node_its_team() {
    let kept = made::store();
    let queue = [("messaging.system", "aws_sqs".into()), ("messaging.destination.name", "orders".into())];
    let batch_of = |count: i64| {
        let mut pairs = queue.to_vec();
        pairs.push(("messaging.batch.message_count", Value::Int(count)));
        span(trace_id(), None, Kind::CONSUMER, "orders process", &pairs)
    };
    let mut sent = batch("worker", vec![batch_of(10), batch_of(3)]);
    sent.resources[0].attributes =
        Attributes::from_iter([("service.name", Value::from("worker")), ("team", "fulfilment".into())]);
    kept.keep(sent).await;
    let call = |again: i64| {
        let pairs = [("server.address", "pay.example".into()), ("http.request.resend_count", Value::Int(again))];
        span(trace_id(), None, Kind::CLIENT, "POST", &pairs)
    };
    kept.keep(batch("shop", vec![call(0), call(2), call(1), call(0)])).await;
    let map = map_when_rolled(&kept).await;
    let edge = |to: &str| map.edges.iter().find(|edge| edge.to.name == to).expect("an edge");
    let polled = edge("worker");
    let carried = kept
        .store
        .carried(last_hour(), Filter::default(), polled.from.clone(), polled.to.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((carried.batches, carried.messages, carried.most, carried.retried), (2, 13, 10, 0));
    let called = edge("pay.example");
    let carried = kept
        .store
        .carried(last_hour(), Filter::default(), called.from.clone(), called.to.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((carried.calls, carried.batches, carried.retried, carried.retries), (4, 0, 2, 3));
    let by_edge = kept.store.carried_by_edge(last_hour(), Filter::default()).await.unwrap();
    assert_eq!(by_edge.of(called), Some(carried), "all at once is what each is");
    assert_eq!(by_edge.of(polled).unwrap().messages, 13);
    let team = |name: &str| map.nodes.iter().find(|node| node.node.name == name).and_then(|node| node.team.as_deref());
    assert_eq!((team("worker"), team("shop")), (Some("fulfilment"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_between_two_services_tell_their_retries_and_a_filter_leaves_out_those_of_other_traces() {
    let kept = made::store();
    let (front, mut out, back) = call(trace_id());
    out.attributes = Attributes::from_iter([("http.request.resend_count", Value::Int(2))]);
    kept.keep(batch("front", vec![front, out])).await;
    kept.keep(batch("back", vec![back])).await;
    let (front, out, mut other) = call(trace_id());
    other.name = "GET /other".to_owned();
    kept.keep(batch("front", vec![front, out])).await;
    kept.keep(batch("back", vec![other])).await;
    let map = map_when_rolled(&kept).await;
    let edge = map.edges.iter().find(|edge| edge.to.name == "back").unwrap();
    for (line, expected) in [("", (2, 1, 2)), ("name:\"GET /other\"", (1, 0, 0))] {
        let filter = Filter::parse(line);
        let (from, to) = (edge.from.clone(), edge.to.clone());
        let carried = kept.store.carried(last_hour(), filter.clone(), from, to).await.unwrap().unwrap();
        assert_eq!((carried.calls, carried.retried, carried.retries), expected, "{line}");
        assert_eq!(kept.store.carried_by_edge(last_hour(), filter).await.unwrap().of(edge), Some(carried), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_tells_what_went_in_what_came_out_and_how_long_it_waited() {
    let kept = made::store();
    let queue = |count: i64| {
        vec![
            ("messaging.system", "aws_sqs".into()),
            ("messaging.destination.name", "orders".into()),
            ("messaging.batch.message_count", Value::Int(count)),
        ]
    };
    let mut send = span(trace_id(), None, Kind::PRODUCER, "orders publish", &queue(30));
    send.started_at = send.started_at.minus(10_000_000_000);
    send.ended_at = send.started_at.plus(4_000_000);
    let mut failed = span(trace_id(), None, Kind::PRODUCER, "orders publish", &queue(5));
    failed.status_code = StatusCode::ERROR;
    let mut taken = span(send.trace_id, Some(send.span_id), Kind::CONSUMER, "orders process", &queue(8));
    taken.started_at = send.ended_at.plus(2_500_000_000);
    taken.ended_at = taken.started_at.plus(1_000_000);
    kept.keep(batch("shop", vec![send, failed])).await;
    kept.keep(batch("worker", vec![taken])).await;
    let flows = kept.store.queues(last_hour()).await.unwrap();
    let [flow] = &flows[..] else { panic!("one queue: {flows:?}") };
    assert_eq!((flow.node.id().as_str(), flow.all_sent(), flow.all_received()), ("sqs:orders", 30, 8));
    assert_eq!((flow.all_waits().count, flow.all_waits().longest), (1, 2_500_000_000));
    assert_eq!(flow.state(), QueueState::Fills { by: 22 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_told_by_whichever_span_was_handed_on() {
    let queue = |name: &str| vec![("messaging.system", "aws_sqs".into()), ("messaging.destination.name", name.into())];
    let at = |ago: u64, span: Span| Span {
        started_at: span.started_at.minus(ago),
        ended_at: span.started_at.minus(ago).plus(1_000_000),
        ..span
    };
    let kept = made::store();
    // By the call of the SDK, by the HTTP call below it, and by the request that a message was sent from.
    let served = at(9_000_000_000, span(trace_id(), None, Kind::SERVER, "POST /orders", &[]));
    let send = at(9_000_000_000, span(served.trace_id, Some(served.span_id), Kind::PRODUCER, "send", &queue("orders")));
    let post = at(9_000_000_000, span(served.trace_id, Some(send.span_id), Kind::CLIENT, "POST", &[]));
    let of_parent =
        at(8_000_000_000, span(served.trace_id, Some(post.span_id), Kind::CONSUMER, "process", &queue("below")));
    let mut of_links = at(6_000_000_000, span(trace_id(), None, Kind::CONSUMER, "process", &queue("orders")));
    of_links.links = vec![link(&send), link(&served), Link { span_id: span_id(), ..link(&send) }];
    // A batch below its own invocation was not handed over by that.
    let batch_of =
        at(5_000_000_000, span(of_links.trace_id, Some(of_links.span_id), Kind::CONSUMER, "batch", &queue("orders")));
    kept.keep(batch("worker", vec![of_parent, of_links, batch_of])).await;
    kept.keep(batch("shop", vec![served, send, post])).await;
    let flows = kept.store.queues(last_hour()).await.unwrap();
    let told: Vec<_> = flows.iter().map(|flow| (flow.node.name.as_str(), flow.all_waits())).collect();
    let [("below", below), ("orders", orders)] = &told[..] else { panic!("two queues: {told:?}") };
    assert_eq!((below.count, below.longest), (1, 999_000_000));
    assert_eq!((orders.count, orders.p50, orders.longest), (2, 2_999_000_000, 2_999_000_000));
    // The view that users ask says the same.
    assert_eq!(kept.count("SELECT count(*) FROM deliveries").await, 3);
    assert_eq!(kept.count("SELECT sum(waited_ms)::BIGINT FROM deliveries").await, 999 + 2 * 2_999);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_counts_hours_that_are_over_the_minutes_around_them_and_late_spans() {
    const HOUR: u64 = 3_600_000_000_000;
    let kept = made::store();
    let ago = |hours: u64| {
        let (front, out, back) = call(trace_id());
        [front, out, back].map(|span| Span {
            started_at: span.started_at.minus(hours * HOUR),
            ended_at: span.ended_at.minus(hours * HOUR),
            ..span
        })
    };
    let send = async |kept: &Kept, hours| {
        let [front, out, back] = ago(hours);
        kept.keep(batch("front", vec![front, out])).await;
        kept.keep(batch("back", vec![back])).await;
    };
    let day = TimeRange { from: now().minus(24 * HOUR), to: now().plus(60_000_000_000) };
    for hours in 0..5 {
        send(&kept, hours).await;
    }
    let of = async |kept: &Kept| drawn(&kept.store.map(day, Filter::default()).await.unwrap());
    assert_eq!(of(&kept).await, ["service:front -sync-> service:back 5"]);
    send(&kept, 3).await;
    assert_eq!(of(&kept).await, ["service:front -sync-> service:back 6"]);
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);
    let db = duckdb::Connection::open(folder.path().join("coldlight.duckdb")).unwrap();
    let hours: u64 = db.query_row("SELECT count(*) FROM counted_hours", [], |row| row.get(0)).unwrap();
    assert_eq!(hours, 4, "all but the one that is not over");
    drop(db);
    let kept = Kept { store: Store::open(made::settings(folder.path()), now).unwrap(), folder };
    assert_eq!(of(&kept).await, ["service:front -sync-> service:back 6"]);
    let before_noon = TimeRange { from: day.from, to: now().minus(2 * HOUR) };
    let map = kept.store.map(before_noon, Filter::default()).await.unwrap();
    assert_eq!((map.entries.calls, drawn(&map)), (4, vec!["service:front -sync-> service:back 4".to_owned()]));
}
