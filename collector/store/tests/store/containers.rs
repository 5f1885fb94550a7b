//! Tasks, what they cost, and each request's share: in SQL as in the model, and always summing to the whole.

use coldlight_model::money::task::{FargateTask, fargate_cost};
use coldlight_model::money::{Architecture, Open, PriceBook, Usd, shares};
use coldlight_model::{Attributes, Batch, Kind, Resource, Scope, Span, TimeRange, Timestamp, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::made::{self, Kept};

const SECOND: u64 = 1_000_000_000;
const TASK: &str = "arn:aws:ecs:eu-central-1:123456789012:task/shop/158d1c8083dd49d6b527399fd6414f5c";
/// 2026-11-23T14:00:00Z.
const STARTED: &str = "2026-11-23T14:00:00Z";
const STARTED_NS: i64 = 1_795_442_400_000_000_000;

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos((STARTED_NS + ns).unsigned_abs())
}

/// A quarter of a vCPU and half a GB on Fargate.
fn fargate(more: &[(&str, Value)]) -> Resource {
    let size: [(&str, Value); 9] = [
        ("service.name", "checkout".into()),
        ("cloud.platform", "aws_ecs".into()),
        ("cloud.region", "eu-central-1".into()),
        ("aws.ecs.cluster.arn", "arn:aws:ecs:eu-central-1:123456789012:cluster/shop".into()),
        ("aws.ecs.task.arn", TASK.into()),
        ("aws.ecs.launchtype", "fargate".into()),
        ("host.arch", "amd64".into()),
        ("coldlight.task.vcpu", Value::Double(0.25)),
        ("coldlight.task.memory_mib", Value::Int(512)),
    ];
    let attributes: Attributes =
        size.into_iter().chain(more.iter().map(|(key, value)| (*key, value.clone()))).collect();
    Resource { attributes, ..Resource::default() }
}

fn pulled(more: &[(&str, Value)]) -> Resource {
    let start = [("coldlight.task.pull_started_at", Value::from(STARTED))];
    fargate(&[&start[..], more].concat())
}

fn span(kind: Kind, from: i64, to: i64, parent: Option<&Span>) -> Span {
    let mut span = made::span(made::trace_id(), None, kind, "GET /cart", &[("http.route", "/cart".into())]);
    (span.started_at, span.ended_at) = (at(from), at(to));
    if let Some(parent) = parent {
        (span.trace_id, span.parent_span_id) = (parent.trace_id, Some(parent.span_id));
    }
    span
}

fn batch(resources: Vec<Resource>, spans: Vec<(u32, Span)>) -> Batch {
    let spans = spans.into_iter().map(|(resource, span)| Span { resource, ..span }).collect();
    Batch { received_at: made::now(), resources, scopes: vec![Scope::default()], spans, ..Batch::default() }
}

impl Kept {
    async fn each(&self, sql: &str) -> Vec<Option<Usd>> {
        let table =
            self.store.sql(coldlight_store::Question::new(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let usd = |cell: &coldlight_model::Cell| match cell {
            coldlight_model::Cell::Text(text) => Some(text.parse().unwrap()),
            coldlight_model::Cell::Null => None,
            other => panic!("{sql}: {other:?}"),
        };
        table.rows.iter().map(|row| usd(&row[0])).collect()
    }
}

fn pico(amounts: &[Option<Usd>]) -> Vec<String> {
    amounts.iter().map(|usd| usd.map_or_else(|| "unknown".to_owned(), Usd::to_picodollars)).collect()
}

/// The worked example of a hundred seconds: three requests that overlap, then the end of the task.
async fn example() -> Kept {
    let kept = made::store();
    let open = [(10, 50), (30, 60), (60, 70)];
    let second = SECOND as i64;
    let mut spans: Vec<(u32, Span)> =
        open.iter().map(|(from, to)| (0, span(Kind::SERVER, from * second, to * second, None))).collect();
    // Work inside of the task is no request, in whichever of its containers; neither is a call that leaves it.
    spans.push((1, span(Kind::SERVER, 11 * second, 49 * second, Some(&spans[0].1))));
    spans.push((0, span(Kind::CLIENT, 99 * second, 100 * second, None)));
    let sidecar = pulled(&[("container.name", "sidecar".into())]);
    kept.keep(batch(vec![pulled(&[("container.name", "app".into())]), sidecar], spans)).await;
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_a_time_is_a_part_of_all_there_is() {
    let kept = example().await;
    let all = |what: &str| format!("SELECT sum(cost_usd) FROM {what}");
    // Now is 202.418 s after the start: a day back is all, 150 s back are the last 47.582 s of the task's hundred.
    assert_eq!(kept.each(&all("tasks_since('1 day')")).await, kept.each(&all("tasks")).await);
    assert_eq!(kept.each(&all("requests_since('1 day')")).await, kept.each(&all("requests")).await);
    assert_eq!(pico(&kept.each(&all("tasks_since('150 seconds')")).await), ["0.000187618469"]);
    assert_eq!(kept.count("SELECT count(*) FROM requests_since('150 seconds')").await, 2);
    assert_eq!(kept.count("SELECT count(*) FROM tasks_since('10 seconds')").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_share_their_task_as_in_the_worked_example() {
    let kept = example().await;
    assert_eq!(
        pico(&kept.each("SELECT cost_usd FROM requests ORDER BY started_at").await),
        ["0.000118291667", "0.000078861111", "0.000039430556"]
    );
    assert_eq!(
        pico(&kept.each("SELECT loaded_cost_usd FROM requests ORDER BY started_at").await),
        ["0.000197152778", "0.000131435185", "0.000065717593"]
    );
    for (column, expected) in
        [("cost_usd", "0.000394305556"), ("idle_cost_usd", "0.000157722222"), ("busy_cost_usd", "0.000236583333")]
    {
        assert_eq!(pico(&kept.each(&format!("SELECT {column} FROM tasks")).await), [expected], "{column}");
    }
    assert_eq!(
        kept.count("SELECT requests FROM tasks WHERE idle_share = 0.4 AND containers = ['app', 'sidecar']").await,
        3
    );
    assert_eq!(
        kept.count("SELECT count(*) FROM tasks WHERE cost_state = 'estimated' AND unpriced_because IS NULL").await,
        1
    );
    let exact = "SELECT (SELECT sum(loaded_cost_usd) FROM requests) - cost_usd FROM tasks";
    assert_eq!(kept.each(exact).await, [Some(Usd::ZERO)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_a_known_start_or_size_says_so() {
    let kept = made::store();
    let second = SECOND as i64;
    let task = |name: &str, more: &[(&str, Value)]| {
        let own = [("aws.ecs.task.arn", Value::Text(format!("{TASK}{name}")))];
        fargate(&[&own[..], more].concat())
    };
    let resources = vec![
        task("a", &[]),
        task("b", &[("coldlight.task.spot", Value::Bool(true))]),
        task("c", &[("coldlight.task.vcpu", Value::from("much"))]),
        task("d", &[("cloud.region", "mars-1".into())]),
        task("e", &[("aws.ecs.launchtype", "external".into())]),
        task("f", &[("aws.ecs.launchtype", "ec2".into())]),
        // Text, as environment variables are.
        task("g", &[("coldlight.task.vcpu", Value::from("0.25")), ("coldlight.task.memory_mib", Value::from("512"))]),
        task(
            "h",
            &[("coldlight.task.vcpu", Value::Double(f64::NAN)), ("coldlight.task.pull_started_at", "soon".into())],
        ),
    ];
    let spans = (0..resources.len()).map(|at| (at as u32, span(Kind::SERVER, 0, second, None))).collect();
    kept.keep(batch(resources, spans)).await;
    let table = kept
        .store
        .sql(coldlight_store::Question::new(
            "SELECT coalesce(round(cost_usd, 9)::VARCHAR, unpriced_because), cost_state FROM tasks ORDER BY task",
        ))
        .await
        .unwrap();
    let said: Vec<[&str; 2]> = table
        .rows
        .iter()
        .map(|row| {
            [0, 1].map(|at| match &row[at] {
                coldlight_model::Cell::Text(text) => text.as_str(),
                other => panic!("{other:?}"),
            })
        })
        .collect();
    // A second is billed as a minute; the first span stands for a start that nobody told.
    let minute = "0.000236583";
    assert_eq!(
        said,
        [
            [minute, "inferred"],
            ["Fargate Spot has no list price", "inferred"],
            ["its size was not said", "inferred"],
            ["no price of Fargate in mars-1 is known", "inferred"],
            ["it runs on machines of one's own", "inferred"],
            ["its launch type or instance type was not said", "inferred"],
            [minute, "inferred"],
            ["its size was not said", "inferred"],
        ]
    );
    assert_eq!(kept.count("SELECT count(*) FROM requests WHERE cost_usd IS NULL").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_on_an_instance_has_its_reserved_share() {
    let kept = made::store();
    let pod: [(&str, Value); 9] = [
        ("service.name", "cart".into()),
        ("cloud.platform", "aws_eks".into()),
        ("cloud.region", "us-east-1".into()),
        ("k8s.pod.uid", "5d2c".into()),
        ("k8s.pod.name", "cart-7d4b9c6f8d-x2vtz".into()),
        ("host.type", "m5.large".into()),
        ("host.arch", "amd64".into()),
        ("coldlight.task.vcpu", Value::Double(0.5)),
        ("coldlight.task.memory_mib", Value::Int(1024)),
    ];
    let resource = Resource { attributes: pod.into_iter().collect(), ..Resource::default() };
    let hour = 3600 * SECOND as i64;
    kept.keep(batch(vec![resource], vec![(0, span(Kind::SERVER, -hour, 0, None))])).await;
    // (9 x 0.5 + 1) / (9 x 2 + 8) of 0.096 USD.
    assert_eq!(pico(&kept.each("SELECT cost_usd FROM tasks").await), ["0.020307692308"]);
    assert_eq!(kept.count("SELECT count(*) FROM tasks WHERE workload = 'cart' AND launch_type = 'ec2'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_clocks_and_endless_spans_break_nothing() {
    let kept = made::store();
    let second = SECOND as i64;
    let mut endless = span(Kind::SERVER, 0, second, None);
    endless.ended_at = Timestamp::from_nanos(9_000_000_000_000_000_000);
    let mut ancient = span(Kind::SERVER, 0, second, None);
    (ancient.started_at, ancient.ended_at) = (Timestamp::from_nanos(1), Timestamp::from_nanos(2));
    let mut future = span(Kind::SERVER, 0, second, None);
    (future.started_at, future.ended_at) =
        (Timestamp::from_nanos(8_000_000_000_000_000_000), Timestamp::from_nanos(8_000_000_000_000_000_001));
    let spans = [endless, ancient, future, span(Kind::CONSUMER, 5, 5, None)];
    kept.keep(batch(vec![pulled(&[])], spans.into_iter().map(|span| (0, span)).collect())).await;
    assert_eq!(kept.count("SELECT requests FROM tasks").await, 4);
    let rest = "SELECT (SELECT sum(cost_usd) FROM requests) + idle_cost_usd - cost_usd FROM tasks";
    assert_eq!(kept.each(rest).await, [Some(Usd::ZERO)]);
}

/// When requests were open, in ns of a task's life.
fn opens() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((0..170_000_000_000_i64, 0..20_000_000_000_i64), 1..24)
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_shares_as_the_model_does_and_steps_sum_to_the_whole() {
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    for case in 0..6 {
        let opens = opens().new_tree(&mut runner).unwrap().current();
        let kept = made::store();
        let spans: Vec<(u32, Span)> =
            opens.iter().map(|(from, length)| (0, span(Kind::SERVER, *from, from + length, None))).collect();
        kept.keep(batch(vec![pulled(&[])], spans)).await;

        let life = Open { from: 0, to: opens.iter().map(|(from, length)| from + length).max().unwrap() };
        let task = FargateTask {
            region: "eu-central-1",
            architecture: Architecture::X86_64,
            on: "2026-11-23".parse().unwrap(),
            windows: false,
            spot: false,
            vcpu_e10: 2_500_000_000,
            memory_mib: 512,
            storage_gib: 20,
            running_ns: life.to.unsigned_abs(),
        };
        let cost = fargate_cost(PriceBook::built_in(), &task).total().unwrap();
        let requests: Vec<Open> = opens.iter().map(|(from, length)| Open { from: *from, to: from + length }).collect();
        let shared = shares(cost, task.billed_seconds() * SECOND, life, &requests).unwrap();

        assert_eq!(kept.each("SELECT cost_usd FROM tasks").await, [Some(cost)], "case {case}");
        let found = kept.each("SELECT cost_usd FROM requests ORDER BY started_at, duration_ms").await;
        let mut expected: Vec<((i64, i64), Usd)> = opens.iter().copied().zip(shared.direct).collect();
        expected.sort_unstable();
        for (found, (open, direct)) in found.iter().zip(&expected) {
            // The model divides time among up to 40 without a rest, SQL among up to 16.
            let apart = found.unwrap().attos() - direct.attos();
            assert!(apart.abs() <= 1, "case {case}, {open:?}: {found:?} and {direct}");
        }

        // Asked in ranges, or in steps of a range, the parts sum to the same.
        let end = at(life.to + SECOND as i64);
        let whole = TimeRange { from: at(-(SECOND as i64)), to: end };
        let cut = at(life.to / 3);
        let (one, other) = (TimeRange { from: whole.from, to: cut }, TimeRange { from: cut, to: whole.to });
        let mut parts = Usd::ZERO;
        for range in [one, other] {
            let found = kept.store.containers(range).await.unwrap();
            for task in &found.tasks {
                let money = task.money.as_ref().unwrap();
                assert_eq!(money.busy.checked_add(money.idle), Some(money.cost));
                parts = parts.checked_add(money.cost).unwrap();
            }
        }
        assert_eq!(parts, cost, "case {case}");
        let spending =
            kept.store.spending(made::spending(whole, 7 * SECOND, coldlight_model::SpendingBy::Route)).await.unwrap();
        assert_eq!(spending.total.total(), cost, "case {case}");
        let stepped = Usd::sum(spending.groups.iter().flat_map(|group| group.steps.iter().copied()));
        assert_eq!(stepped, Some(cost), "case {case}");
        assert_eq!(spending.total.container_requests, opens.len() as u64, "case {case}");
    }
}
