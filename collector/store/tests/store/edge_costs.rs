//! What an arrow of the map costs: the invocations it set going, and what AWS bills for its calls.

use coldlight_model::money::Usd;
use coldlight_model::{Batch, Filter, Kind, MapEdge, Resource, Scope, Span, SpanId, TraceId, Value};

use crate::made::{self, Kept, last_hour, trace_id};
use crate::map::map_when_rolled;

const FRONT: u32 = 0;
const BACK: u32 = 1;
const WORKER: u32 = 2;

fn function(name: &str) -> Resource {
    let attributes = [
        ("service.name", Value::from(name)),
        ("cloud.platform", "aws_lambda".into()),
        ("cloud.region", "us-east-1".into()),
        ("faas.name", name.into()),
        ("faas.max_memory", Value::Int(512 << 20)),
        ("host.arch", "arm64".into()),
    ];
    Resource { attributes: attributes.into_iter().collect(), ..Resource::default() }
}

fn invocation(
    n: u32,
    resource: u32,
    (trace, parent): (TraceId, Option<SpanId>),
    kind: Kind,
    more: &[(&str, Value)],
) -> Span {
    let own = [("faas.invocation_id", Value::Text(format!("6f7f0961-0000-4000-8000-{n:012}")))];
    Span { resource, ..made::span(trace, parent, kind, "handler", &[&own[..], more].concat()) }
}

/// A function calls another, which sends to a queue that a third one reads. The second is invoked by nobody known as well.
async fn chain() -> Kept {
    let kept = made::store();
    let trace = trace_id();
    let front = invocation(1, FRONT, (trace, None), Kind::SERVER, &[]);
    let call = Span {
        resource: FRONT,
        ..made::span(trace, Some(front.span_id), Kind::CLIENT, "Invoke", &[("faas.invoked_name", "back".into())])
    };
    let back = invocation(2, BACK, (trace, Some(call.span_id)), Kind::SERVER, &[]);
    let queue = ("aws.sqs.queue.url", Value::from("https://sqs.us-east-1.amazonaws.com/1/orders"));
    let aws = [("rpc.system", "aws-api".into()), ("rpc.service", "SQS".into()), ("rpc.method", "SendMessage".into())];
    let send = Span {
        resource: BACK,
        ..made::span(trace, Some(back.span_id), Kind::CLIENT, "SendMessage", &[&aws[..], &[queue]].concat())
    };
    let of_queue = [("messaging.system", "aws_sqs".into()), ("messaging.destination.name", "orders".into())];
    let worker = invocation(3, WORKER, (trace_id(), None), Kind::CONSUMER, &of_queue);
    let alone = invocation(4, BACK, (trace_id(), None), Kind::SERVER, &[]);
    kept.keep(Batch {
        received_at: made::now(),
        resources: ["front", "back", "worker"].map(function).into(),
        scopes: vec![Scope::default()],
        spans: vec![front, call, back, send, worker, alone],
        ..Batch::default()
    })
    .await;
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_costs_what_it_set_going_and_its_own_calls() {
    let kept = chain().await;
    let map = map_when_rolled(&kept).await;
    let edge = |from: &str, to: &str| -> &MapEdge {
        let found = map.edges.iter().find(|edge| edge.from.name == from && edge.to.name == to);
        found.unwrap_or_else(|| panic!("{from} → {to}: {:#?}", map.edges))
    };
    let of = |request: u32| format!("SELECT sum(cost_usd) FROM invocations WHERE request_id LIKE '%{request}'");
    let calls = "SELECT sum(cost_usd) FROM call_costs".to_owned();
    for (filter, worker) in [(Filter::default(), 1), (Filter::parse("service:front"), 0)] {
        let all = kept.store.carried_by_edge(last_hour(), filter.clone()).await.unwrap();
        for (edge, sql, invocations) in [
            (edge("front", "back"), of(2), 1),
            (edge("back", "orders"), calls.clone(), 0),
            (edge("orders", "worker"), of(3), worker),
        ] {
            let (from, to) = (edge.from.clone(), edge.to.clone());
            let one = kept.store.carried(last_hour(), filter.clone(), from, to).await.unwrap();
            assert_eq!(all.of(edge), one, "all at once is what each is");
            let spent = one.map(|one| one.spent).unwrap_or_default();
            assert_eq!(spent.invocations, invocations, "{edge:?}");
            if invocations > 0 || edge.to.name == "orders" {
                assert_eq!(spent.total(), kept.sum_of(&sql).await, "{edge:?}");
                assert!(spent.total() > Usd::ZERO, "{edge:?}");
            }
        }
    }
}
