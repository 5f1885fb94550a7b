//! Invocations: one row each, whichever of span and report comes first, and what each costs.

use coldlight_model::money::Usd;
use coldlight_model::{
    Attributes, Batch, Cell, Kind, LogRecord, Resource, Scope, Span, SpendingBy, StatusCode, Timestamp, Value,
};
use coldlight_store::Question;

use crate::made::{self, Kept, now, span, trace_id};

const MS: u64 = 1_000_000;

fn resource(instance: &str) -> Resource {
    let attributes = Attributes::from_iter([
        ("service.name", Value::from("checkout")),
        ("cloud.platform", "aws_lambda".into()),
        ("cloud.region", "eu-west-1".into()),
        ("faas.name", "checkout".into()),
        ("faas.version", "7".into()),
        ("faas.instance", instance.into()),
        ("faas.max_memory", Value::Int(512 << 20)),
        ("host.arch", "arm64".into()),
    ]);
    Resource { attributes, ..Resource::default() }
}

pub fn map(pairs: &[(&str, Value)]) -> Value {
    Value::Map(pairs.iter().map(|(key, value)| (*key, value.clone())).collect())
}

pub fn log(at: Timestamp, body: Value, attributes: &[(&str, Value)]) -> LogRecord {
    LogRecord {
        at: Some(at),
        observed_at: None,
        trace_id: None,
        span_id: None,
        flags: 0,
        severity_number: 9,
        severity_text: String::new(),
        body,
        attributes: attributes.iter().map(|(key, value)| (*key, value.clone())).collect(),
        dropped_attributes_count: 0,
        event_name: String::new(),
        resource: 0,
        scope: 0,
    }
}

pub fn logs(instance: &str, logs: Vec<LogRecord>) -> Batch {
    Batch {
        received_at: now(),
        resources: vec![resource(instance)],
        scopes: vec![Scope::default()],
        logs,
        ..Batch::default()
    }
}

pub fn spans(instance: &str, spans: Vec<Span>) -> Batch {
    Batch { resources: vec![resource(instance)], ..made::batch("checkout", spans) }
}

/// `n` seconds before now.
pub fn ago(seconds: u64) -> Timestamp {
    now().minus(seconds * 1_000 * MS)
}

pub fn id(n: u64) -> String {
    format!("6f7f0961-0000-4000-8000-{n:012}")
}

/// The invocation's span: 118.4 ms.
pub fn invocation(n: u64, at: Timestamp) -> Span {
    let id = id(n);
    Span {
        started_at: at,
        ended_at: at.plus(118_400_000),
        ..span(
            trace_id(),
            None,
            Kind::SERVER,
            "checkout",
            &[("faas.invocation_id", id.as_str().into()), ("faas.trigger", "http".into())],
        )
    }
}

pub fn event(kind: &str, at: Timestamp, n: Option<u64>, record: &[(&str, Value)]) -> LogRecord {
    let mut attributes = vec![("type", Value::Text(format!("platform.{kind}")))];
    if let Some(n) = n {
        attributes.push(("faas.invocation_id", id(n).as_str().into()));
    }
    log(at, map(record), &attributes)
}

/// A cold invocation's report: 130.1 ms and an init of 181.2 ms, billed 312 ms.
pub fn report(n: u64, at: Timestamp) -> LogRecord {
    let metrics = map(&[
        ("durationMs", Value::Double(130.1)),
        ("billedDurationMs", Value::Int(312)),
        ("memorySizeMB", Value::Int(512)),
        ("maxMemoryUsedMB", Value::Int(71)),
        ("initDurationMs", Value::Double(181.2)),
    ]);
    event("report", at.plus(131 * MS), Some(n), &[("status", "success".into()), ("metrics", metrics)])
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Double(value) => value.to_string(),
        Cell::Text(value) => value.clone(),
    }
}

/// Rows of `sql`, each as text, once everything visible is told.
pub async fn told(kept: &Kept, sql: &str) -> Vec<String> {
    kept.visible().await;
    let table = kept.store.sql(Question::new(sql)).await.expect(sql);
    table.rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
}

const COLD: &str = "SELECT service, version, memory_mb, cold_start, init_ms, duration_ms, billed_ms, outcome, cost_state, cost_usd FROM invocations";
/// pricing.md's second worked example, reported: 312 ms of 512 MB on arm64 in eu-west-1.
const COLD_ROW: &str = "checkout 7 512 true 181.2 130.1 312 ok reported 0.000002280010400000";

#[tokio::test(flavor = "multi_thread")]
async fn span_and_report_are_one_row_in_any_order_however_often_they_come() {
    let at = ago(60);
    let (span, report) = (spans("a", vec![invocation(1, at.plus(MS))]), logs("a", vec![report(1, at)]));
    for order in [[&span, &report, &report], [&report, &span, &span], [&report, &report, &report]] {
        let kept = made::store();
        for batch in order {
            kept.keep((*batch).clone()).await;
            told(&kept, COLD).await;
        }
        assert_eq!(told(&kept, COLD).await, [COLD_ROW]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_alone_is_an_estimate() {
    let kept = made::store();
    kept.keep(spans("a", vec![invocation(1, ago(60))])).await;
    let sql = "SELECT billed_ms, cold_start, cost_state, init_cost_usd, cost_usd FROM invocations";
    // 119 ms of 512 MB and a request.
    assert_eq!(told(&kept, sql).await, ["119 NULL estimated 0.000000000000000000 0.000000993337300000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_while_the_next_invocation_runs_stays_with_its_own() {
    let kept = made::store();
    let (first, second) = (ago(60), ago(50));
    let start = |n, at| event("start", at, Some(n), &[("version", "7".into())]);
    kept.keep(logs("a", vec![start(1, first)])).await;
    kept.keep(logs("a", vec![start(2, second)])).await;
    assert_eq!(told(&kept, "SELECT cost_state, count(*) FROM invocations GROUP BY ALL").await, ["inferred 2"]);
    kept.keep(logs("a", vec![report(1, first)])).await;
    let sql = "SELECT right(request_id, 1), cost_state, billed_ms FROM invocations ORDER BY ALL";
    assert_eq!(told(&kept, sql).await, ["1 reported 312", "2 inferred NULL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_belongs_to_the_first_invocation_of_its_process_only() {
    let kept = made::store();
    let init = event(
        "initReport",
        ago(61),
        None,
        &[
            ("initializationType", "on-demand".into()),
            ("phase", "init".into()),
            ("metrics", map(&[("durationMs", Value::Double(181.2))])),
        ],
    );
    let start = |n, at| event("start", at, Some(n), &[]);
    kept.keep(logs("a", vec![start(2, ago(30)), start(1, ago(60))])).await;
    kept.keep(logs("b", vec![start(3, ago(59))])).await;
    kept.keep(logs("a", vec![init])).await;
    let sql = "SELECT right(request_id, 1), cold_start, init_ms, felt_wait_ms FROM invocations ORDER BY ALL";
    assert_eq!(told(&kept, sql).await, ["1 true 181.2 181.2", "2 false NULL NULL", "3 NULL NULL NULL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_event_is_two_invocations_and_costs_twice() {
    let kept = made::store();
    let failed = |at: Timestamp| {
        let line = format!(
            "REPORT RequestId: {}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 512 MB\tMax Memory Used: 71 MB\tStatus: timeout",
            id(1)
        );
        log(at, Value::Text(line), &[])
    };
    kept.keep(logs("a", vec![failed(ago(300)), failed(ago(200))])).await;
    let sql = "SELECT outcome, count(*), sum(cost_usd) FROM invocations GROUP BY ALL";
    assert_eq!(told(&kept, sql).await, ["timeout 2 0.000040400200000000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_priced_is_unknown_and_not_free() {
    let kept = made::store();
    let metrics = map(&[("durationMs", Value::Double(5.0))]);
    let managed = event("report", ago(60), Some(1), &[("metrics", metrics)]);
    let start = event(
        "initStart",
        ago(61),
        None,
        &[("initializationType", "lambda-managed-instances".into()), ("phase", "init".into())],
    );
    let begun = event("start", ago(60), Some(1), &[]);
    kept.keep(logs("a", vec![start, begun, managed])).await;
    let sql = "SELECT initialization, billed_ms, duration_cost_usd, cost_usd FROM invocations";
    assert_eq!(told(&kept, sql).await, ["lambda-managed-instances NULL NULL NULL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_that_failed_makes_a_failed_invocation_without_a_report_too() {
    let kept = made::store();
    let failed = Span { status_code: StatusCode::ERROR, ..invocation(1, ago(60)) };
    kept.keep(spans("a", vec![failed])).await;
    assert_eq!(told(&kept, "SELECT outcome FROM invocations").await, ["error"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_money_went_adds_up_to_what_was_spent() {
    let kept = made::store();
    let invoked = invocation(2, ago(60));
    let call = Span {
        started_at: ago(60).plus(10 * MS),
        ended_at: ago(60).plus(70 * MS),
        ..span(invoked.trace_id, Some(invoked.span_id), Kind::CLIENT, "DynamoDB.PutItem", &[])
    };
    // The call is told of later than its invocation.
    kept.keep(logs("a", vec![report(1, ago(90)), report(2, ago(60))])).await;
    kept.keep(spans("a", vec![invoked])).await;
    told(&kept, COLD).await;
    kept.keep(spans("a", vec![call])).await;
    let waited = "SELECT right(request_id, 1), waiting_ms FROM invocations ORDER BY ALL";
    assert_eq!(told(&kept, waited).await, ["1 NULL", "2 60"]);
    let range = made::last_hour();
    let spending = kept.store.spending(made::spending(range, 600_000_000_000, SpendingBy::Memory)).await.unwrap();
    let [group] = &spending.groups[..] else { panic!("{:#?}", spending.groups) };
    assert_eq!((group.name.as_deref(), group.memory_mb), (Some("512 MB"), Some((512, 512))));
    assert_eq!((group.architecture.as_deref(), group.on_arm64), (Some("arm64"), None));
    assert_eq!(spending.total.total().to_string(), "0.0000045600208");
    assert_eq!(told(&kept, "SELECT sum(cost_usd) FROM invocations").await, ["0.000004560020800000"]);
    assert_eq!(
        (spending.total.invocations, spending.total.cold, spending.total.reported),
        (2, 2, spending.total.total())
    );
    // 60 ms of 512 MB, and two inits of 182 ms.
    assert_eq!(spending.total.waiting.to_string(), "0.000000400002");
    assert_eq!(spending.total.init.to_string(), "0.0000024266788");
    let by_step = spending.groups.iter().flat_map(|group| &group.steps).copied();
    assert_eq!(Usd::sum(by_step), Some(spending.total.total()));
}

const HOUR: u64 = 3_600_000_000_000;

/// Something of another service that was kept so many hours ago.
async fn kept_hours_ago(kept: &Kept, hours: std::ops::RangeInclusive<u64>) {
    let other = hours.map(|hour| Span {
        started_at: now().minus(hour * HOUR),
        ended_at: now().minus(hour * HOUR - MS),
        ..span(trace_id(), None, Kind::SERVER, "GET /", &[])
    });
    kept.keep(made::batch("other", other.collect())).await;
}

const STARTS: &str =
    "SELECT right(request_id, 1), cold_start, start_kind, start_state FROM invocations ORDER BY request_id";

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_nobody_told_of_is_inferred_from_its_environment_where_our_data_reaches_back() {
    let kept = made::store();
    kept.keep(spans("a", vec![invocation(2, ago(60)), invocation(3, ago(30))])).await;
    // The environment may be older than all we know: its second invocation found it warm, of the first nobody knows.
    assert_eq!(told(&kept, STARTS).await, ["2 NULL NULL NULL", "3 false warm inferred"]);
    kept_hours_ago(&kept, 1..=2).await;
    assert_eq!(told(&kept, STARTS).await[0], "2 NULL NULL NULL", "two hours are too few");
    kept_hours_ago(&kept, 1..=4).await;
    assert_eq!(told(&kept, STARTS).await, ["2 true cold inferred", "3 false warm inferred"]);
    // An earlier one comes late, and takes its place.
    kept.keep(spans("a", vec![invocation(1, ago(90))])).await;
    let after = told(&kept, STARTS).await;
    assert_eq!(after, ["1 true cold inferred", "2 false warm inferred", "3 false warm inferred"]);
    // What was said wins, and so does what the platform reports: it would have told of an init.
    let says = |n, cold: bool| {
        let mut said = invocation(n, ago(20));
        said.attributes.insert("faas.coldstart".to_owned(), Value::Bool(cold));
        said
    };
    kept.keep(spans("b", vec![says(4, false)])).await;
    kept.keep(spans("a", vec![says(5, true)])).await;
    kept.keep(logs("c", vec![report(6, ago(10))])).await;
    let after = told(&kept, STARTS).await;
    assert_eq!(after[3..5], ["4 false warm said", "5 true cold said"]);
    assert!(!after[5].contains("inferred"), "{after:?}");
}
