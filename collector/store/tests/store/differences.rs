//! Durations over time, and what is different between two sets of spans.

use coldlight_model::money::Usd;
use coldlight_model::{
    Attributes, Contrast, Difference, Differences, Filter, HeatBox, Is, Kind, Op, Span, TimeRange, TraceSort, Value,
    Weight, bucket_of,
};
use coldlight_store::TraceSearch;

use crate::invocations::{ago, invocation, logs, report, spans, told};
use crate::made::{self, Kept, batch, last_hour, now, span, trace_id};

const MS: u64 = 1_000_000;

fn filter(line: &str) -> Filter {
    let filter = Filter::parse(line);
    assert_eq!(filter.problems, [], "{line}");
    filter
}

/// Request number `n` of a thousand: one in ten is slow, and nine in ten of those are of tier gold with large orders.
fn request(n: u64) -> Span {
    let slow = n.is_multiple_of(10);
    let gold = if slow { !n.is_multiple_of(100) } else { n % 10 == 1 };
    let mut one = span(
        trace_id(),
        None,
        Kind::SERVER,
        "POST /orders",
        &[
            ("tier", if gold { "gold" } else { "basic" }.into()),
            ("tier.code", if gold { "G" } else { "B" }.into()),
            ("order.items", Value::Int(if slow { 50 + (n / 10) as i64 } else { (n % 30) as i64 })),
            ("order.id", format!("order-{n}").as_str().into()),
        ],
    );
    one.started_at = now().minus((1 + n % 60) * 1_000 * MS);
    one.ended_at = one.started_at.plus(if slow { 900 * MS } else { 20 * MS });
    one
}

async fn thousand() -> Kept {
    let kept = made::store();
    let (old, new): (Vec<Span>, Vec<Span>) = (0..1_000).map(request).partition(|one| one.duration() < 100 * MS);
    for (version, spans) in [("1.4.1", old), ("1.4.2", new)] {
        let mut sent = batch("orders", spans);
        sent.resources[0].attributes =
            Attributes::from_iter([("service.name", Value::from("orders")), ("service.version", version.into())]);
        kept.keep(sent).await;
    }
    kept
}

fn slow(range: TimeRange) -> Contrast {
    let within = Some(HeatBox { time: range, low: 500 * MS, high: 5_000 * MS });
    Contrast { range, within, ..Contrast::default() }
}

fn row<'a>(found: &'a Differences, field: &str) -> &'a Difference {
    let holds = |row: &&Difference| row.fact.field == field || row.same.iter().any(|fact| fact.field == field);
    found.rows.iter().find(holds).unwrap_or_else(|| panic!("no {field} in {found:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heat_map_counts_every_span_once() {
    let kept = thousand().await;
    let heat = kept.store.heat(last_hour(), filter("service:orders"), 60).await.unwrap();
    assert_eq!(heat.cells.iter().map(|cell| cell.spans).sum::<u64>(), 1_000);
    let slow = heat.cells.iter().filter(|cell| cell.bucket == bucket_of(900 * MS));
    assert_eq!(slow.map(|cell| cell.spans).sum::<u64>(), 100);
    assert!(heat.cells.iter().all(|cell| cell.column < heat.columns));
    assert_eq!(heat.versions, ["1.4.2", "1.4.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_in_a_box_is_ranked_by_the_distance_of_its_shares() {
    let kept = thousand().await;
    let found = kept.store.differences(slow(last_hour())).await.unwrap();
    assert_eq!((found.inside.spans, found.outside.spans, found.inside.sampled), (100, 900, 100));
    assert!(!found.is_few());
    let version = row(&found, "attr.service.version");
    assert_eq!((version.inside.share(), version.outside.share()), (1.0, 0.0));
    let tier = row(&found, "attr.tier");
    assert_eq!((tier.inside.weight, tier.inside.of, tier.outside.weight, tier.outside.of), (90, 100, 100, 900));
    assert_eq!(tier.fact.is, Is::Value("gold".into()));
    assert!(tier.same.iter().any(|fact| fact.word() == "attr.tier.code:G"), "{tier:?}");
    let items = row(&found, "attr.order.items");
    assert_eq!((items.inside.share(), items.outside.share()), (1.0, 0.0), "{items:?}");
    assert!(matches!(items.fact.is, Is::Number(Op::Greater, _)) && items.medians.is_some());
    assert!(found.rows.windows(2).all(|two| two[0].distance() >= two[1].distance()));
    assert!(found.unique >= 1 && found.rows.iter().all(|row| row.fact.field != "attr.order.id"), "{found:?}");
    assert!(found.rows.iter().all(|row| row.fact.field != "dur"), "durations differ because they were chosen to");
    // The word of every row finds what the row says.
    for row in found.rows.iter().flat_map(|row| row.same.iter().chain([&row.fact])) {
        let line = format!("dur>500ms {}", row.word());
        let search = TraceSearch {
            range: last_hour(),
            filter: filter(&line),
            sort: TraceSort::Newest,
            after: None,
            limit: 1000,
        };
        assert!(kept.store.traces(search).await.unwrap().traces.len() >= 90, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_filter_lines_are_two_sides() {
    let kept = thousand().await;
    let contrast = Contrast {
        range: last_hour(),
        filter: filter("version:1.4.2"),
        than: Some(filter("version:1.4.1")),
        ..Contrast::default()
    };
    let found = kept.store.differences(contrast.clone()).await.unwrap();
    assert_eq!((found.inside.spans, found.outside.spans), (100, 900));
    assert_eq!(row(&found, "dur").medians, None, "two durations are values, not numbers with a median");
    let by_time = Contrast { weight: Weight::Time, ..contrast.clone() };
    let by_time = kept.store.differences(by_time).await.unwrap();
    let part = row(&by_time, "attr.tier").inside;
    assert_eq!((part.weight, part.of), (90 * 900_000_000, 100 * 900_000_000));
    let by_status = Contrast { filter: filter("attr.tier:gold"), than: Some(filter("attr.tier:basic")), ..contrast };
    let by_status = kept.store.differences(by_status).await.unwrap();
    let asked = by_status.rows.iter().flat_map(|row| row.same.iter().chain([&row.fact]));
    assert!(asked.clone().all(|fact| fact.field != "attr.tier"), "asked for, and so no finding: {by_status:#?}");
    assert!(by_status.rows.iter().any(|row| row.fact.field == "attr.tier.code"));
    let nothing = Contrast { range: last_hour(), filter: filter("service:none"), ..Contrast::default() };
    let nothing = kept.store.differences(nothing).await.unwrap();
    assert_eq!((nothing.inside.spans, nothing.rows.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn dollars_are_what_the_invocations_cost_that_the_spans_are() {
    let kept = made::store();
    kept.keep(spans("a", vec![invocation(1, ago(60)), invocation(2, ago(50))])).await;
    kept.keep(logs("a", vec![report(1, ago(60))])).await;
    assert_eq!(told(&kept, "SELECT count(*) FROM invocations").await, ["2"]);
    let range = TimeRange { from: now().minus(3_600_000 * MS), to: now() };
    let contrast = Contrast {
        range,
        filter: filter("state:reported"),
        than: Some(filter("-state:reported")),
        weight: Weight::Cost,
        ..Contrast::default()
    };
    let found = kept.store.differences(contrast).await.unwrap();
    assert_eq!(found.inside.spans, 1);
    assert!(found.inside.cost.is_some_and(|cost| cost > Usd::ZERO), "{found:?}");
    assert!(found.is_few());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_filter_are_those_of_the_spans() {
    let kept = thousand().await;
    let months_later = now().plus(90 * 24 * 3_600_000 * MS);
    let words = kept.store.vocabulary(months_later).await.unwrap();
    let of = |field: &str| -> Vec<(&str, u64)> {
        words.values.iter().filter(|one| one.field == field).map(|one| (one.value.as_str(), one.spans)).collect()
    };
    assert_eq!(of("attr.tier"), [("basic", 810), ("gold", 190)]);
    assert_eq!(of("version"), [("1.4.1", 900), ("1.4.2", 100)]);
    assert!(of("attr.order.id").len() <= 20, "of ids, a few");
    assert_eq!(made::store().store.vocabulary(now()).await.unwrap().values, []);
}
