//! What the pages about invocations ask: lists page by page, groups, exact money and the formula that gives the same.

use coldlight_model::lambda::StartKind;
use coldlight_model::money::Usd;
use coldlight_model::{
    Filter, InvocationGroup, InvocationGrouping, InvocationSort, InvocationSummary, Span, TimeRange, TraceId,
    TraceSort, Value,
};
use coldlight_store::{InvocationSearch, TraceSearch};

use crate::invocations::{ago, event, id, invocation, log, logs, map, report, spans, told};
use crate::made::{self, Kept, now};
use crate::map::map_when_rolled;

fn hour() -> TimeRange {
    TimeRange { from: now().minus(3_600_000_000_000), to: now() }
}

fn search(line: &str, sort: InvocationSort) -> InvocationSearch {
    let filter = Filter::of_invocations(line);
    assert_eq!(filter.problems, []);
    InvocationSearch { range: hour(), filter, sort, after: None, limit: 100 }
}

async fn found(kept: &Kept, line: &str, sort: InvocationSort) -> Vec<InvocationSummary> {
    kept.store.invocations(search(line, sort)).await.unwrap().invocations
}

fn last_digits(found: &[InvocationSummary]) -> String {
    found.iter().filter_map(|one| one.request_id.chars().last()).collect()
}

async fn groups(kept: &Kept, line: &str, by: InvocationGrouping) -> Vec<InvocationGroup> {
    let [groups] = kept.store.invocation_groups(hour(), Filter::of_invocations(line), [by]).await.unwrap();
    groups
}

/// One cold and reported, one from its span alone, one of which only the start came.
async fn three() -> Kept {
    let kept = made::store();
    kept.keep(spans("a", vec![invocation(2, ago(50))])).await;
    kept.keep(logs("a", vec![report(1, ago(60)), event("start", ago(30), Some(3), &[])])).await;
    assert_eq!(told(&kept, "SELECT count(*) FROM invocations").await, ["3"]);
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_sorted_and_what_has_no_such_value_comes_last() {
    let kept = three().await;
    for (sort, expected) in [
        (InvocationSort::Newest, "321"),
        (InvocationSort::Oldest, "123"),
        (InvocationSort::Slowest, "123"),
        (InvocationSort::Dearest, "123"),
        (InvocationSort::Coldest, "132"),
    ] {
        assert_eq!(last_digits(&found(&kept, "", sort).await), expected, "{sort:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_a_gap_or_a_repeat() {
    let kept = three().await;
    for sort in InvocationSort::ALL {
        let whole = last_digits(&found(&kept, "", sort).await);
        let (mut read, mut after) = (String::new(), None);
        loop {
            let page = kept.store.invocations(InvocationSearch { after, limit: 1, ..search("", sort) }).await.unwrap();
            read += &last_digits(&page.invocations);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(read, whole, "{sort:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_the_filter_asks_what_it_says() {
    let kept = three().await;
    for (line, expected) in [
        ("cold:felt", "1"),
        ("cold:true", "1"),
        ("-cold:true", "32"),
        ("state:inferred", "3"),
        ("state:reported init>181ms mem<14% cost>$0.000002", "1"),
        ("cost<$0.000001", "2"),
        ("billed>200ms", "1"),
        ("dur<119ms", "2"),
        ("trigger:http version:7 region:eu-*", "2"),
        ("function:check* service:checkout outcome:ok", "321"),
        ("tenant:acme", ""),
        ("00000002", "2"),
        ("request:6f7f0961-0000-4000-8000-000000000003", "3"),
        ("runtime:java*", ""),
    ] {
        assert_eq!(last_digits(&found(&kept, line, InvocationSort::Newest).await), expected, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_and_the_formula_beside_it_give_the_same_sum() {
    let kept = three().await;
    let found = found(&kept, "", InvocationSort::Oldest).await;
    for one in &found {
        let explained = one.cost.explained.as_ref().expect("region and memory are known");
        assert_eq!(explained.total().ok(), one.cost.total, "{}", one.request_id);
    }
    let formula = found[0].cost.explained.as_ref().unwrap().formula();
    assert!(formula.contains("0.312 s × 512/1024 GB × 0.0000133334 USD/GB-second"), "{formula}");
    assert_eq!(found[0].cost.total, Some("0.0000022800104".parse().unwrap()));
    assert_eq!(found[2].cost.total, None, "unknown, not free");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_sum_to_the_whole_and_say_what_they_do_not_know() {
    let kept = three().await;
    let all = groups(&kept, "", InvocationGrouping::All).await.remove(0);
    assert_eq!((all.count, all.failed(), all.money.unpriced), (3, 0, 1));
    assert_eq!((all.started(StartKind::Felt), all.cold(), all.start_unknown()), (1, 1, 0));
    assert_eq!(all.init.p50, Some(181_200_000));
    assert_eq!(all.money.reported.to_string(), "0.0000022800104");
    assert_eq!(all.money.reported.checked_add(all.money.estimated), Some(all.money.total));
    let several = [
        InvocationGrouping::Function,
        InvocationGrouping::Version,
        InvocationGrouping::Memory,
        InvocationGrouping::Trigger,
        InvocationGrouping::Slice(5_000_000_000),
    ];
    let together = kept.store.invocation_groups(hour(), Filter::of_invocations(""), several).await.unwrap();
    for (by, together) in several.into_iter().zip(together) {
        let groups = groups(&kept, "", by).await;
        assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), 3, "{by:?}");
        assert_eq!(Usd::sum(groups.iter().map(|group| group.money.total)), Some(all.money.total), "{by:?}");
        assert_eq!(groups, together, "{by:?}: the same when asked with others");
    }
    let none = groups(&kept, "function:nobody", InvocationGrouping::All).await;
    assert_eq!((none.len(), none[0].count, none[0].duration.p50), (1, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_and_the_list_of_traces_have_the_money_of_the_invocations() {
    let kept = three().await;
    let all = groups(&kept, "", InvocationGrouping::All).await.remove(0);
    let map = map_when_rolled(&kept).await;
    let spent = &map.spent;
    assert_eq!((spent.invocations, spent.cold, spent.unpriced, spent.total()), (3, 1, 1, all.money.total));
    assert_eq!(map.bins.iter().map(|bin| bin.spent.invocations).sum::<u64>(), 3);
    let node = map.nodes.iter().find(|node| node.bill.is_some()).expect("the function sent a span");
    let bill = node.bill.as_ref().expect("found by it");
    assert_eq!(
        (node.node.name.as_str(), &bill.spent, bill.init),
        ("checkout", spent, Some((181_200_000, 181_200_000)))
    );
    let search =
        TraceSearch { range: hour(), filter: Filter::default(), sort: TraceSort::Newest, after: None, limit: 10 };
    let list = kept.store.traces(search).await.unwrap();
    let costs: Vec<_> = list.traces.iter().map(|trace| (trace.cost, trace.cold, trace.unpriced)).collect();
    assert_eq!(costs, [(Some(all.money.estimated), 0, 0)], "two of the three have no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn cold_starts_are_told_apart() {
    let kept = made::store();
    let init = |seconds, kind: &str, phase: &str, name: &str| {
        let metrics = map(&[("durationMs", Value::Double(181.2))]);
        let said = [("initializationType", kind.into()), ("phase", phase.into()), ("metrics", metrics)];
        event(name, ago(seconds), None, &said)
    };
    let start = |n, seconds| event("start", ago(seconds), Some(n), &[]);
    kept.keep(logs("felt", vec![init(61, "on-demand", "init", "initReport"), start(1, 60)])).await;
    kept.keep(logs("early", vec![init(100, "on-demand", "init", "initReport"), start(2, 60)])).await;
    kept.keep(logs("kept", vec![init(61, "provisioned-concurrency", "init", "initReport"), start(3, 60)])).await;
    kept.keep(logs("snap", vec![init(61, "snap-start", "init", "restoreReport"), start(4, 60)])).await;
    let done = event("runtimeDone", ago(58), Some(5), &[("status", "success".into())]);
    kept.keep(logs("again", vec![start(5, 60), init(59, "on-demand", "invoke", "initReport"), done])).await;
    let sql = "SELECT right(request_id, 1) || start_kind FROM invocations ORDER BY ALL";
    assert_eq!(told(&kept, sql).await, ["1felt", "2proactive", "3provisioned", "4restored", "5suppressed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_names_its_invocations() {
    let kept = three().await;
    let trace = found(&kept, "state:estimated", InvocationSort::Newest).await[0].trace_id.unwrap();
    let trace = kept.store.trace(trace).await.unwrap().unwrap();
    let of_trace = kept.store.invocations_of_trace(&trace).await.unwrap();
    assert_eq!(last_digits(&of_trace), "2");
    assert_eq!(of_trace[0].cost.total.unwrap().to_string(), "0.0000009933373");
}

/// Lambda tries an asynchronous event again for six hours, and what dies at once leaves a report and no span.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_six_hours_later_is_told_of_and_paid_with_its_trace() {
    let kept = made::store();
    let trace = TraceId::from_hex("65e1a2b00123456789abcdef01234567").unwrap();
    let event = [("faas.invocation_id", Value::Text(id(1))), ("faas.trigger", "pubsub".into())];
    let first = Span { trace_id: trace, attributes: event.into_iter().collect(), ..invocation(1, ago(6 * 3600)) };
    kept.keep(spans("a", vec![first])).await;
    let line = format!(
        "REPORT RequestId: {}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 512 MB\tMax Memory Used: 71 MB\tStatus: timeout\nXRAY TraceId: 1-65e1a2b0-0123456789abcdef01234567\tSegmentId: 0123456789abcdef\tSampled: true\t",
        id(1)
    );
    kept.keep(logs("b", vec![log(ago(60), Value::Text(line), &[])])).await;
    let spans = kept.store.trace(trace).await.unwrap().unwrap();
    let attempts = kept.store.invocations_of_trace(&spans).await.unwrap();
    let [first, second] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!(second.started_at.since(first.started_at) / 3_600_000_000_000, 5, "5 h, 58 min and 57 s");
    let paid = first.cost.total.unwrap().checked_add(second.cost.total.unwrap());
    assert_eq!(Some(kept.store.trace_cost(trace).await.unwrap().own.functions), paid);
}
