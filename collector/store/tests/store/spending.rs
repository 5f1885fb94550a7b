//! What was spent, by any attribute, with every filter: each sum of parts is the bill.

use coldlight_model::money::{Architecture, Layer, Price, PriceBook, Usd};
use coldlight_model::sampling::Sampled;
use coldlight_model::{
    Batch, Cell, Filter, Kind, Resource, Scope, Span, Spending, SpendingBy, Spent, TraceId, TraceSort, Value,
};
use coldlight_store::{Question, Recording, SpendingSearch, TraceSearch};

use crate::made::{self, Kept, link, trace_id};

const MINUTE: u64 = 60_000_000_000;
const CHECKOUT: u32 = 0;
const WORKER: u32 = 1;
const WEB: u32 = 2;

fn resource(pairs: &[(&str, Value)]) -> Resource {
    Resource { attributes: pairs.iter().map(|(key, value)| (*key, value.clone())).collect(), ..Resource::default() }
}

fn function(name: &str, team: (&str, &str)) -> Resource {
    resource(&[
        ("service.name", name.into()),
        ("cloud.platform", "aws_lambda".into()),
        ("cloud.region", "us-east-1".into()),
        ("faas.name", name.into()),
        ("faas.version", "7".into()),
        ("faas.max_memory", Value::Int(512 << 20)),
        ("host.arch", "arm64".into()),
        (team.0, team.1.into()),
    ])
}

fn container() -> Resource {
    resource(&[
        ("service.name", "web".into()),
        ("cloud.platform", "aws_ecs".into()),
        ("cloud.region", "us-east-1".into()),
        ("aws.ecs.task.arn", "arn:aws:ecs:us-east-1:123456789012:task/shop/158d1c8083dd49d6b527399fd6414f5c".into()),
        ("aws.ecs.launchtype", "fargate".into()),
        ("host.arch", "amd64".into()),
        ("coldlight.task.vcpu", Value::Double(0.25)),
        ("coldlight.task.memory_mib", Value::Int(512)),
        ("coldlight.task.pull_started_at", "2026-11-23T14:00:00Z".into()),
    ])
}

fn span(trace: TraceId, resource: u32, kind: Kind, name: &str, pairs: &[(&str, Value)]) -> Span {
    Span { resource, ..made::span(trace, None, kind, name, pairs) }
}

fn inside(outer: &Span, kind: Kind, name: &str, pairs: &[(&str, Value)]) -> Span {
    let inner = span(outer.trace_id, outer.resource, kind, name, pairs);
    Span { parent_span_id: Some(outer.span_id), started_at: outer.started_at.plus(1_000_000), ..inner }
}

fn invocation(n: u32, resource: u32, pairs: &[(&str, Value)]) -> Span {
    let own = [
        ("faas.invocation_id", Value::Text(format!("6f7f0961-0000-4000-8000-{n:012}"))),
        ("faas.coldstart", Value::Bool(n == 1)),
    ];
    span(trace_id(), resource, Kind::SERVER, "handler", &[&own[..], pairs].concat())
}

fn call(outer: &Span, service: &str, method: &str, more: &[(&str, Value)]) -> Span {
    let pairs: [(&str, Value); 3] =
        [("rpc.system", "aws-api".into()), ("rpc.service", service.into()), ("rpc.method", method.into())];
    inside(outer, Kind::CLIENT, method, &[&pairs[..], more].concat())
}

/// Three orders, of which one is gold, one silver (only a span inside says so) and one says nothing; each is sent to a queue. A worker
/// handles four messages of them at once. A container serves a request for the gold one's trace.
async fn shop() -> Kept {
    let kept = made::store();
    let tier = |name: &str| ("order.tier", Value::from(name));
    let gold = invocation(1, CHECKOUT, &[tier("gold"), ("tenant.id", "acme".into())]);
    let silver = invocation(2, CHECKOUT, &[]);
    let plain = invocation(3, CHECKOUT, &[]);
    let says = inside(&silver, Kind::INTERNAL, "price", &[tier("silver")]);
    let queue = ("aws.sqs.queue.url", Value::from("https://sqs.us-east-1.amazonaws.com/1/orders"));
    let sends: Vec<Span> = [&gold, &silver, &plain]
        .map(|order| call(order, "SQS", "SendMessage", std::slice::from_ref(&queue)))
        .into_iter()
        .collect();
    let works = invocation(4, WORKER, &[]);
    let mut batch = inside(&works, Kind::CONSUMER, "orders process", &[]);
    batch.links = [0, 0, 1, 2].map(|at: usize| link(&sends[at])).into_iter().collect();
    let writes =
        call(&works, "DynamoDB", "PutItem", &[("aws.dynamodb.table_names", Value::Array(vec!["orders".into()]))]);
    let serves = Span {
        trace_id: gold.trace_id,
        ..span(
            gold.trace_id,
            WEB,
            Kind::SERVER,
            "GET /cart",
            &[("http.route", "/cart".into()), ("user.plan", "pro".into())],
        )
    };
    let stores = call(&serves, "S3", "PutObject", &[("aws.s3.bucket", "pictures".into())]);
    let spans = [gold, silver, plain, says, works, batch, writes, serves, stores].into_iter().chain(sends).collect();
    kept.keep(Batch {
        received_at: made::now(),
        resources: vec![
            function("checkout", ("team", "payments")),
            function("worker", ("service.namespace", "fulfilment")),
            container(),
        ],
        scopes: vec![Scope::default()],
        spans,
        ..Batch::default()
    })
    .await;
    assert_eq!(crate::invocations::told(&kept, "SELECT count(*) FROM invocations").await, ["4"]);
    kept
}

impl Kept {
    async fn spent(&self, by: SpendingBy, filter: &str) -> Spending {
        let filter = Filter::of_invocations(filter);
        assert_eq!(filter.problems, []);
        let search = SpendingSearch { filter, compare: false, ..made::spending(made::last_hour(), MINUTE, by) };
        self.store.spending(search).await.unwrap()
    }

    pub async fn sum_of(&self, sql: &str) -> Usd {
        let table = self.store.sql(Question::new(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        match &table.rows[0][0] {
            Cell::Text(text) => text.parse().unwrap(),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

fn attribute(name: &str) -> SpendingBy {
    SpendingBy::Attribute(name.to_owned())
}

fn named<'a>(spending: &'a Spending, name: &str) -> &'a Spent {
    let group = spending.groups.iter().find(|group| group.name.as_deref().unwrap_or("-") == name);
    &group.unwrap_or_else(|| panic!("{name}: {:#?}", spending.groups)).spent
}

fn sum_of_groups(spending: &Spending) -> Usd {
    Usd::sum(spending.groups.iter().map(|group| group.spent.total())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_divided_over_what_the_traces_of_its_messages_say() {
    let kept = shop().await;
    let spending = kept.spent(attribute("order.tier"), "").await;
    let functions = |name: &str| {
        let spent = named(&spending, name);
        Usd::sum([spent.requests, spent.own, spent.waiting]).unwrap()
    };
    let each = kept.sum_of("SELECT any_value(cost_usd) FROM invocations WHERE service = 'checkout'").await;
    let batch = kept.sum_of("SELECT cost_usd FROM invocations WHERE service = 'worker'").await;
    let quarter = batch.times(1, 4).unwrap();
    for (name, quarters, counted) in [("gold", 2, 2), ("silver", 1, 2), ("-", 1, 2)] {
        let expected = each.checked_add(quarter.times(quarters, 1).unwrap()).unwrap();
        assert!(functions(name).checked_sub(expected).unwrap().attos().abs() <= 3, "{name}: parts are rounded down");
        assert_eq!(named(&spending, name).invocations, counted, "{name}");
    }
    // A message each, a part of what the batch wrote, and what the container put for the gold one's trace.
    let calls = ["gold", "silver", "-"].map(|name| named(&spending, name).calls.to_string());
    assert_eq!(calls, ["0.0000057125", "0.00000055625", "0.00000055625"]);
    assert_eq!(spending.total.invocations, 4, "each counts once in the total");
    assert_eq!(named(&spending, "gold").container_requests, 1);
    assert!(named(&spending, "(idle containers)").idle > Usd::ZERO);
    assert_eq!(sum_of_groups(&spending), spending.total.total());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_grouping_sums_to_the_bill() {
    let kept = shop().await;
    let bill = Usd::sum([
        kept.sum_of("SELECT sum(cost_usd) FROM invocations").await,
        kept.sum_of("SELECT sum(cost_usd) FROM call_costs").await,
        kept.sum_of("SELECT sum(cost_usd) FROM tasks").await,
    ])
    .unwrap();
    let attributes = ["order.tier", "user.plan", "service.name", "nobody.says.it"].map(attribute);
    for by in SpendingBy::ALL.into_iter().chain(attributes) {
        let spending = kept.spent(by.clone(), "").await;
        assert_eq!((spending.total.total(), sum_of_groups(&spending)), (bill, bill), "{by:?}");
        let steps = Usd::sum(spending.groups.iter().flat_map(|group| group.steps.iter().copied()));
        assert_eq!(steps, Some(bill), "{by:?}");
        let total = &spending.total;
        assert_eq!((total.invocations, total.container_requests, total.unpriced_calls), (4, 1, 0), "{by:?}");
    }
    for what in ["service", "team", "customer", "attr.order.tier", "attr.service.name", "attr.nobody.says.it"] {
        let grouped = kept.sum_of(&format!("SELECT sum(usd) FROM cost_by('{what}', '1 hour')")).await;
        assert_eq!(grouped, kept.sum_of("SELECT sum(cost_usd) FROM invocations").await, "{what}");
    }
    let team = kept.spent(SpendingBy::Team, "").await;
    assert!(named(&team, "payments").own > Usd::ZERO && named(&team, "fulfilment").own > Usd::ZERO);
    let customer = kept.spent(SpendingBy::Customer, "").await;
    assert_eq!(named(&customer, "acme").invocations, 2, "its own, and the batch with two of its messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_and_its_negation_divide_the_bill() {
    let kept = shop().await;
    let all = kept.spent(SpendingBy::Service, "").await.total;
    for (word, some) in [
        ("service:worker", true),
        ("service:check*", true),
        ("function:worker", true),
        ("version:7", true),
        ("tenant:acme", true),
        ("region:us-east-1", true),
        ("environment:production", false),
        ("route:/cart", true),
        ("cold:true", true),
        ("cold:false", true),
        ("outcome:ok", true),
        ("outcome:error", false),
        ("state:estimated", true),
        ("dur>50ms", true),
        ("mem>90%", false),
        ("billed<1s", true),
        ("cost>$0.0000001", true),
        ("init>1ms", false),
        ("attr.order.tier:gold", true),
        ("attr.team:pay*", true),
        ("attr.coldlight.task.memory_mib>500", true),
        ("work", true),
        ("trigger:http", false),
        ("runtime:nodejs*", false),
        ("request:6f7f0961-0000-4000-8000-000000000004", true),
    ] {
        let with = kept.spent(attribute("order.tier"), word).await;
        let without = kept.spent(SpendingBy::Route, &format!("-{word}")).await;
        assert_eq!(sum_of_groups(&with), with.total.total(), "{word}");
        let mut both = with.total.clone();
        both.add(&without.total);
        assert_eq!(both, all, "{word}");
        assert_eq!(with.total.total() > Usd::ZERO, some, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_an_invocation_go_with_it_and_count_once() {
    let kept = shop().await;
    let worker = kept.spent(SpendingBy::Function, "function:worker").await;
    assert_eq!(worker.total.calls.to_string(), "0.000000625", "one write");
    let cold = kept.spent(SpendingBy::Service, "cold:true").await;
    assert_eq!(cold.total.calls.to_string(), "0.0000004", "one message");
    let all = kept.spent(SpendingBy::Function, "").await;
    assert_eq!(all.total.calls, kept.sum_of("SELECT sum(cost_usd) FROM call_costs").await);
    assert_eq!(named(&all, "(containers)").calls.to_string(), "0.000005");
    // A request of a function is Lambda's to bill, not a call's.
    assert_eq!(all.total.requests.to_string(), "0.0000008");
}

#[tokio::test(flavor = "multi_thread")]
async fn map_list_and_cost_tell_one_sum() {
    let kept = shop().await;
    let range = made::last_hour().whole_minutes();
    let cost = kept.spent(SpendingBy::Service, "").await;
    let spent = kept.store.spent(range, Filter::default()).await.unwrap();
    let map = crate::map::map_when_rolled(&kept).await;
    assert!(spent.calls > Usd::ZERO && spent.tasks > Usd::ZERO && spent.own > Usd::ZERO, "{spent:?}");
    assert_eq!(spent.total(), cost.total.total());
    assert_eq!(map.spent.total(), cost.total.total());
    assert_eq!((spent.calls, spent.unpriced_calls), (cost.total.calls, cost.total.unpriced_calls));
    assert_eq!(Some(spent.tasks), cost.total.busy.checked_add(cost.total.idle));
    let slices = map.bins.iter().map(|bin| bin.spent.total());
    assert_eq!(Usd::sum(slices).unwrap(), cost.total.total(), "slices of the map's time sum to it, too");

    // Of a trace the list's row, the map and the sum above the list agree; the container's part is on its own page.
    let found = Filter::parse("name:\"orders process\"");
    let spent = kept.store.spent(range, found.clone()).await.unwrap();
    let map = kept.store.map(range, found.clone()).await.unwrap();
    let search = TraceSearch { range, filter: found, sort: TraceSort::Newest, after: None, limit: 10 };
    let list = kept.store.traces(search).await.unwrap();
    assert_eq!(list.traces.len(), 1);
    assert_eq!(list.traces[0].cost, Some(spent.total()));
    assert_eq!(map.spent.total(), spent.total());
    assert!(spent.calls > Usd::ZERO && spent.tasks == Usd::ZERO);
}

/// Of the same time, from the minutes that are computed already, and from each invocation: a filter that all pass is asked of those.
async fn by_minute_and_one_by_one(kept: &Kept, by: &SpendingBy) -> (Spending, Spending) {
    crate::map::map_when_rolled(kept).await;
    let [quick, slow] = ["", "-service:nobody"].map(|filter| SpendingSearch {
        filter: Filter::of_invocations(filter),
        ..made::spending(made::last_hour().whole_minutes(), MINUTE, by.clone())
    });
    (kept.store.spending(quick).await.unwrap(), kept.store.spending(slow).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_by_minute_is_that_of_each_invocation_whatever_comes_late() {
    let kept = shop().await;
    let ids = kept
        .store
        .sql(Question::new("SELECT trace_id, span_id FROM spans WHERE service = 'worker' AND kind = 'server'"));
    let ids = ids.await.unwrap().rows.remove(0);
    let [Cell::Text(trace), Cell::Text(parent)] = &ids[..] else { panic!("{ids:?}") };
    // Minutes later the worker still writes, and then its platform says that it ran into its timeout.
    let mut late = call(&invocation(9, 0, &[]), "S3", "PutObject", &[("aws.s3.bucket", "pictures".into())]);
    (late.trace_id, late.parent_span_id) =
        (TraceId::from_hex(trace).unwrap(), coldlight_model::SpanId::from_hex(parent));
    late.started_at = made::now().plus(30_000_000_000);
    let worker = Batch {
        received_at: made::now(),
        resources: vec![function("worker", ("service.namespace", "fulfilment"))],
        scopes: vec![Scope::default()],
        ..Batch::default()
    };
    let report = crate::invocations::report(4, made::now().minus(1_000_000_000));
    let listed = PriceBook::built_in().prices().find(|price| {
        (&*price.region, &*price.service, &*price.item) == ("us-east-1", "lambda", "duration")
            && price.architecture == Some(Architecture::Arm64)
    });
    let set = Price {
        layer: Layer::Set,
        begin: 0,
        end: None,
        usd: Some("0.001".parse().unwrap()),
        ..listed.unwrap().clone()
    };
    let mut before = Usd::ZERO;
    for step in 0..4 {
        match step {
            1 => kept.keep(Batch { spans: vec![late.clone()], ..worker.clone() }).await,
            2 => kept.keep(Batch { logs: vec![report.clone()], ..worker.clone() }).await,
            3 => {
                kept.store
                    .record_prices(Recording { prices: vec![set.clone()], ..Recording::default() })
                    .await
                    .unwrap();
            }
            _ => {}
        }
        for by in [
            SpendingBy::Service,
            SpendingBy::Function,
            SpendingBy::Version,
            SpendingBy::Memory,
            SpendingBy::Environment,
        ] {
            let (mut quick, mut slow) = by_minute_and_one_by_one(&kept, &by).await;
            for group in quick.groups.iter_mut().chain(&mut slow.groups) {
                // A late call is of its own minute in the one, of its invocation's in the other.
                let steps = std::mem::take(&mut group.steps);
                assert_eq!(Usd::sum(steps), Some(group.spent.total()), "{by:?} after {step}");
            }
            assert_eq!((&quick.total, &quick.groups), (&slow.total, &slow.groups), "{by:?} after {step}");
            assert_eq!(
                (quick.previous, quick.previous_steps),
                (slow.previous, slow.previous_steps),
                "{by:?} after {step}"
            );
        }
        let sum = kept.sum_of("SELECT sum(cost_usd) FROM costs").await;
        let each =
            "SELECT sum(cost_usd) FROM (SELECT cost_usd FROM invocations UNION ALL SELECT cost_usd FROM call_costs)";
        assert_eq!(sum, kept.sum_of(each).await, "after {step}");
        assert_ne!(sum, before, "step {step} changes the bill");
        before = sum;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_alone_has_no_time_before() {
    let kept = shop().await;
    let later = coldlight_model::TimeRange { from: made::now().plus(MINUTE), to: made::now().plus(61 * MINUTE) };
    let search = made::spending(later, MINUTE, SpendingBy::Service);
    assert!(kept.store.spending(search.clone()).await.unwrap().previous.total() > Usd::ZERO);
    let alone = kept.store.spending(SpendingSearch { compare: false, ..search }).await.unwrap();
    assert_eq!(alone.previous, Spent::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sampling_left_out_is_estimated_beside_the_sums_unless_the_platform_reports() {
    let kept = made::store();
    let sampled = |n, resource, state: &str| Span { trace_state: state.to_owned(), ..invocation(n, resource, &[]) };
    let spans = vec![
        sampled(1, CHECKOUT, "ot=th:e6666666666666"),
        sampled(2, CHECKOUT, "ot=th:0"),
        sampled(3, CHECKOUT, "other=1"),
        sampled(4, WORKER, "ot=th:c"),
        invocation(5, WORKER, &[("SampleRate", Value::Int(20))]),
    ];
    let resources = vec![function("checkout", ("team", "a")), function("worker", ("team", "b"))];
    let batch = Batch { received_at: made::now(), resources, scopes: vec![Scope::default()], ..Batch::default() };
    kept.keep(Batch { spans, ..batch.clone() }).await;
    // The worker's platform reports one of them: it would report whatever there was.
    let report = crate::invocations::report(4, made::now().minus(1_000_000_000));
    kept.keep(Batch { logs: vec![coldlight_model::LogRecord { resource: 1, ..report }], ..batch }).await;
    let told =
        crate::invocations::told(&kept, "SELECT right(request_id, 1), stands_for FROM invocations ORDER BY ALL").await;
    assert_eq!(told, ["1 10", "2 1", "3 NULL", "4 NULL", "5 20"]);
    // Map and list read the same of the same spans, and of roots alone: 1, 4 and 5 stand for 9, 3 and 19 others.
    let traces = Sampled { kept: 3, left_out: 31 };
    let range = made::last_hour();
    assert_eq!(kept.store.map(range, Filter::default()).await.unwrap().sampled, traces);
    assert_eq!(kept.store.trace_histogram(range, Filter::default(), 10).await.unwrap().sampled, traces);
    let spent = kept.store.spent(range, Filter::default()).await.unwrap();
    let cost = kept.spent(SpendingBy::Service, "").await.total;
    assert_eq!((spent.left_out, spent.left_out_usd), (cost.left_out, cost.left_out_usd));
    let spending = kept.spent(SpendingBy::Service, "").await;
    assert_eq!(spending.total.total(), kept.sum_of("SELECT sum(cost_usd) FROM invocations").await, "of what was kept");
    let checkout = named(&spending, "checkout");
    assert_eq!((checkout.sampled, checkout.left_out, checkout.kept_one_in()), (1, 9, Some(10)));
    let one = kept.sum_of("SELECT any_value(cost_usd) FROM invocations WHERE service = 'checkout'").await;
    assert_eq!(Some(checkout.left_out_usd), one.times(9, 1));
    let worker = named(&spending, "worker");
    assert_eq!((worker.sampled, worker.left_out, worker.left_out_usd), (0, 0, Usd::ZERO));
    assert_eq!((spending.total.sampled, spending.total.left_out), (1, 9));
}
