//! What the pages of a function and of cold starts say beyond their groups.

use coldlight_model::money::Usd;
use coldlight_model::{
    Attributes, Batch, Filter, FunctionCourse, Kind, NodeKind, Resource, Span, TimeRange, Timestamp, TraceId, Value,
};

use crate::invocations::{ago, event, id, invocation, logs, map, report, told};
use crate::made::{self, Kept, now, span, trace_id};

const MS: u64 = 1_000_000;
const HOUR: u64 = 3_600_000_000_000;

fn hour() -> TimeRange {
    TimeRange { from: now().minus(HOUR), to: now() }
}

fn resource(version: &str, architecture: &str) -> Resource {
    let attributes = Attributes::from_iter([
        ("service.name", Value::from("checkout")),
        ("service.version", format!("1.{version}.0").as_str().into()),
        ("cloud.platform", "aws_lambda".into()),
        ("cloud.region", "eu-west-1".into()),
        ("faas.name", "checkout".into()),
        ("faas.version", version.into()),
        ("faas.max_memory", Value::Int(512 << 20)),
        ("host.arch", architecture.into()),
    ]);
    Resource { attributes, ..Resource::default() }
}

fn of_version(version: &str, architecture: &str, spans: Vec<Span>) -> Batch {
    Batch { resources: vec![resource(version, architecture)], ..made::batch("checkout", spans) }
}

/// A call of `ms` that begins so long after its invocation does.
fn call(within: &Span, after: u64, ms: u64, pairs: &[(&str, Value)]) -> Span {
    Span {
        started_at: within.started_at.plus(after * MS),
        ended_at: within.started_at.plus((after + ms) * MS),
        ..span(within.trace_id, Some(within.span_id), Kind::CLIENT, "call", pairs)
    }
}

async fn course(kept: &Kept, line: &str) -> FunctionCourse {
    told(kept, "SELECT 1").await;
    let filter = Filter::of_invocations(&format!("function:checkout {line}"));
    assert_eq!(filter.problems, []);
    kept.store.function_course(hour(), "checkout".to_owned(), filter, 600_000 * MS).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_tells_how_many_ran_at_a_time_and_where_its_time_went() {
    let kept = made::store();
    // Two at a time in the fifth ten minutes, one that runs from the last into no other.
    let (first, second) = (invocation(1, ago(900)), invocation(2, ago(900).plus(50 * MS)));
    let third = invocation(3, ago(60));
    let table: [(&str, Value); 4] = [
        ("rpc.system", "aws-api".into()),
        ("rpc.service", "DynamoDB".into()),
        ("rpc.method", "GetItem".into()),
        ("aws.dynamodb.table_names", Value::Array(vec!["orders".into()])),
    ];
    let asked = call(&first, 10, 60, &table);
    // The request that the SDK makes for it is no second call.
    let inside = Span {
        parent_span_id: Some(asked.span_id),
        ..call(&first, 12, 50, &[("server.address", "dynamodb.eu-west-1.amazonaws.com".into())])
    };
    let refused = call(
        &second,
        0,
        5,
        &[("server.address", "api.example.com".into()), ("http.response.status_code", Value::Int(429))],
    );
    kept.keep(of_version("7", "arm64", vec![first, second, asked, inside, refused])).await;
    kept.keep(of_version("8", "arm64", vec![third])).await;

    let course = course(&kept, "").await;
    let slices: Vec<_> = course.slices.iter().map(|slice| (slice.at, slice.peak, slice.busy)).collect();
    assert_eq!(slices, [(4, 2, 2 * 118_400_000), (5, 1, 118_400_000)]);
    let calls: Vec<_> = course
        .calls
        .iter()
        .map(|call| (call.kind, call.name.as_str(), call.calls, call.throttles, call.took / MS))
        .collect();
    assert_eq!(calls, [(NodeKind::DynamoDb, "orders", 1, 0, 60), (NodeKind::External, "api.example.com", 1, 1, 5)]);
    assert_eq!((course.traced, course.turned_away()), (3 * 118_400_000, 1));
    // 60 + 5 ms of 3 × 119 ms were waited for, at the price of all.
    assert_eq!(Usd::sum([course.waiting]).unwrap().to_string(), "0.0000004333355");
    assert_eq!(course.on_x86, None);
    let deploys: Vec<_> = course.deploys.iter().map(|deploy| format!("{} {}", deploy.what, deploy.version)).collect();
    assert_eq!(deploys, ["service.version 1.8.0", "version 8"]);
    assert_eq!(course.deploys[0].first, ago(60));
    // A filter narrows what is counted, not what was deployed.
    let narrowed = self::course(&kept, "version:8").await;
    assert_eq!((narrowed.slices.len(), narrowed.calls.len(), narrowed.deploys.len()), (1, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_before_the_range_still_ran_in_it() {
    let kept = made::store();
    let long = |n, from: Timestamp, to: Timestamp| Span { ended_at: to, ..invocation(n, from) };
    let begin = hour().from;
    kept.keep(of_version(
        "7",
        "arm64",
        vec![
            long(1, begin.minus(300_000 * MS), begin.plus(500_000 * MS)),
            long(2, begin.plus(100_000 * MS), begin.plus(900_000 * MS)),
        ],
    ))
    .await;
    let peaks: Vec<_> = course(&kept, "").await.slices.iter().map(|slice| (slice.at, slice.peak)).collect();
    assert_eq!(peaks, [(0, 2), (1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_have_their_numbers() {
    let kept = made::store();
    let old = Span { ended_at: ago(300).plus(1_000 * MS), ..invocation(1, ago(300)) };
    kept.keep(of_version("7", "amd64", vec![old])).await;
    // 181.2 ms of init before 130.1 ms, and 71 of 512 MB.
    kept.keep(logs("a", vec![report(2, ago(200)), event("start", ago(200), Some(2), &[])])).await;
    let invoked: [(&str, Value); 3] = [
        ("faas.invoked_name", "checkout".into()),
        ("faas.invoked_provider", "aws".into()),
        ("http.response.status_code", Value::Int(429)),
    ];
    kept.keep(made::batch("storefront", vec![span(trace_id(), None, Kind::CLIENT, "invoke", &invoked)])).await;
    let waiting = |n: u64, seconds: u64, aged_ms: u64| {
        let at = ago(seconds);
        let sent = at.nanos().unsigned_abs() / MS - aged_ms;
        let mut span = invocation(n, at);
        span.attributes.insert("faas.trigger".to_owned(), "pubsub".into());
        span.attributes.insert("coldlight.trigger.sent_at".to_owned(), Value::Int(sent as i64));
        span
    };
    let spans = (0..6).map(|n| waiting(10 + n, 3_500 - n * 600, 100 << (2 * n))).collect();
    kept.keep(of_version("7", "arm64", spans)).await;

    let course = course(&kept, "").await;
    assert_eq!(course.memory[2], 1, "{:?}", course.memory);
    assert_eq!(course.init_share, Some(582));
    let x86 = course.on_x86.expect("one ran on x86_64");
    assert_eq!(x86.invocations, 1);
    assert_eq!(
        (x86.paid.to_string(), x86.on_arm64.to_string()),
        ("0.00000853335".to_owned(), "0.0000068667".to_owned())
    );
    assert_eq!((course.throttled, course.throttled_caller.as_deref()), (1, Some("storefront")));
    let (first, last) = course.growing_age().expect("from a tenth of a second to a minute and a half");
    assert!(first <= 400 * MS && last >= 25_000 * MS, "{first} {last}");
}

/// An environment's first minute: two extensions, an init of 181.2 ms, and an invocation.
fn begun(n: u64, at: Timestamp, ready_ms: Option<u64>) -> Batch {
    type Pairs = Vec<(&'static str, Value)>;
    let of = |more: Pairs| -> Pairs {
        let kind = [("initializationType", Value::from("on-demand")), ("phase", "init".into())];
        kind.into_iter().chain(more).collect()
    };
    let before = at.minus(190 * MS);
    let mut all = vec![
        event("initStart", before, None, &of(Vec::new())),
        event("initRuntimeDone", before.plus(180 * MS), None, &of(vec![("status", "success".into())])),
        event(
            "initReport",
            before.plus(181 * MS),
            None,
            &of(vec![("metrics", map(&[("durationMs", Value::Double(181.2))]))]),
        ),
        event("start", at, Some(n), &[]),
        report(n, at),
    ];
    all.extend(ready_ms.map(|ms| {
        event("extension", before.plus(ms * MS), None, &[("name", "coldlight".into()), ("state", "Ready".into())])
    }));
    logs(&format!("instance-{n}"), all)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_is_split_as_far_as_the_platform_and_the_function_tell() {
    let kept = made::store();
    kept.keep(begun(1, ago(1_800), Some(120))).await;
    kept.keep(begun(2, ago(600), Some(60))).await;
    told(&kept, "SELECT 1").await;
    let all = Filter::of_invocations("");
    let course = kept.store.cold_course(hour(), all.clone()).await.unwrap();
    let [split] = &course.splits[..] else { panic!("{course:?}") };
    assert_eq!((split.function.as_str(), split.inits, split.whole), ("checkout", 2, 181_200_000));
    assert_eq!((split.extensions, split.runtime, split.function_code), (Some(90 * MS), 90 * MS, None));
    assert_eq!(split.rest, 1_200_000);
    // The first of all we know, and one after twenty minutes.
    assert_eq!((course.first_known, course.while_busy, course.idle), (1, 0, [0, 0, 0, 0, 1, 0, 0]));

    // The function's own part comes with its span.
    let mut first = invocation(1, ago(1_800));
    first.attributes.insert("coldlight.init_ms".to_owned(), Value::Int(40));
    kept.keep(of_version("7", "arm64", vec![first])).await;
    told(&kept, "SELECT 1").await;
    let only = Filter::of_invocations(&format!("request:{}", id(1)));
    let course = kept.store.cold_course(hour(), only).await.unwrap();
    let split = &course.splits[0];
    assert_eq!((split.extensions, split.runtime, split.function_code), (Some(120 * MS), 20 * MS, Some(40 * MS)));
    let nobody = kept.store.cold_course(hour(), Filter::of_invocations("function:nobody")).await.unwrap();
    assert_eq!(nobody, coldlight_model::ColdCourse::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_cold_start_is_told_with_what_the_init_cost() {
    let kept = made::store();
    let shop = |trace: TraceId| {
        let route: [(&str, Value); 2] = [("http.request.method", "POST".into()), ("http.route", "/orders".into())];
        Span { started_at: ago(100), ended_at: ago(90), ..span(trace, None, Kind::SERVER, "POST /orders", &route) }
    };
    let (slowed, quick) = (shop(trace_id()), shop(trace_id()));
    let mut invoked = invocation(1, ago(95));
    (invoked.trace_id, invoked.parent_span_id) = (slowed.trace_id, Some(slowed.span_id));
    kept.keep(made::batch("storefront", vec![slowed, quick])).await;
    kept.keep(of_version("7", "arm64", vec![invoked])).await;
    kept.keep(begun(1, ago(95), None)).await;
    // One whose environment was made ahead of need: nobody waited.
    let metrics = map(&[("durationMs", Value::Double(181.2))]);
    let early = event(
        "initReport",
        ago(80),
        None,
        &[("initializationType", "on-demand".into()), ("phase", "init".into()), ("metrics", metrics)],
    );
    kept.keep(logs("early", vec![early, event("start", ago(40), Some(2), &[]), report(2, ago(40))])).await;
    told(&kept, "SELECT 1").await;
    let course = kept.store.cold_course(hour(), Filter::of_invocations("cold:true")).await.unwrap();
    let [route] = &course.routes[..] else { panic!("{course:?}") };
    assert_eq!(
        (route.service.as_str(), route.route.as_str(), route.requests, route.slowed),
        ("storefront", "POST /orders", 2, 1)
    );
    assert_eq!(route.added, (181_200_000, 181_200_000));
    // 182 ms of 512 MB on arm64.
    assert_eq!((route.init.to_string(), route.unpriced), ("0.0000012133394".to_owned(), 0));
    assert_eq!(course.splits[0].extensions, None, "no extension was told of");
    let waited = kept.store.cold_course(hour(), Filter::of_invocations("cold:waited")).await.unwrap();
    let starts =
        |course: &coldlight_model::ColdCourse| course.first_known + course.while_busy + course.idle.iter().sum::<u64>();
    assert_eq!((starts(&course), starts(&waited)), (2, 1));
}
