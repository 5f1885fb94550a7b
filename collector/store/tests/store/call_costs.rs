//! What messages and requests to managed services cost, and what a trace costs with everything it set going.

use coldlight_model::{Batch, Kind, Resource, Scope, Span, TraceId, Value};

use crate::made::{self, Kept, link};

fn resource() -> Resource {
    let pairs = [("service.name", Value::from("shop")), ("cloud.region", "us-east-1".into())];
    Resource { attributes: pairs.into_iter().collect(), ..Resource::default() }
}

fn batch(spans: Vec<Span>) -> Batch {
    Batch {
        received_at: made::now(),
        resources: vec![resource()],
        scopes: vec![Scope::default()],
        spans,
        ..Batch::default()
    }
}

fn call(service: &str, method: &str, more: &[(&str, Value)]) -> Span {
    let pairs: [(&str, Value); 3] =
        [("rpc.system", "aws-api".into()), ("rpc.service", service.into()), ("rpc.method", method.into())];
    made::span(made::trace_id(), None, Kind::CLIENT, method, &[&pairs[..], more].concat())
}

async fn told(kept: &Kept, sql: &str) -> Vec<String> {
    let table =
        kept.store.sql(coldlight_store::Question::new(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text = |cell: &coldlight_model::Cell| match cell {
        coldlight_model::Cell::Text(text) => text.clone(),
        coldlight_model::Cell::Int(int) => int.to_string(),
        coldlight_model::Cell::Null => "null".to_owned(),
        other => format!("{other:?}"),
    };
    table.rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" | ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metered_call_has_its_price_or_says_why_not() {
    let kept = made::store();
    let queue =
        |name: &str| ("aws.sqs.queue.url", Value::Text(format!("https://sqs.us-east-1.amazonaws.com/1/{name}")));
    let mut elsewhere =
        call("S3", "GetObject", &[("aws.s3.bucket", "pictures".into()), ("cloud.region", "mars-1".into())]);
    elsewhere.name = "elsewhere".into();
    let send = call("SQS", "SendMessage", &[queue("orders")]);
    // The SDK's own span inside a producer's: one call.
    let mut inside = call("SQS", "SendMessage", &[queue("orders")]);
    (inside.trace_id, inside.parent_span_id) = (send.trace_id, Some(send.span_id));
    let capacity = r#"{"TableName":"orders","CapacityUnits":2.5}"#;
    let gateway: [(&str, Value); 3] = [
        ("faas.trigger", "http".into()),
        ("server.address", "abc.execute-api.us-east-1.amazonaws.com".into()),
        ("coldlight.trigger.source", "api-gateway-http".into()),
    ];
    kept.keep(batch(vec![
        send,
        inside,
        call("SQS", "SendMessageBatch", &[queue("orders.fifo"), ("messaging.message.body.size", Value::Int(65_537))]),
        call("SNS", "Publish", &[("aws.sns.topic.arn", "arn:aws:sns:us-east-1:1:events".into())]),
        call("SNS", "ListTopics", &[]),
        call("EventBridge", "PutEvents", &[("messaging.batch.message_count", Value::Int(3))]),
        call("SFN", "StartExecution", &[]),
        call("SFN", "StartSyncExecution", &[]),
        call("DynamoDB", "GetItem", &[("aws.dynamodb.table_names", Value::Array(vec!["orders".into()]))]),
        call("DynamoDB", "PutItem", &[("aws.dynamodb.consumed_capacity", Value::Array(vec![capacity.into()]))]),
        call("S3", "PutObject", &[("aws.s3.bucket", "pictures".into())]),
        call("S3", "DeleteObject", &[("aws.s3.bucket", "pictures".into())]),
        elsewhere,
        made::span(made::trace_id(), None, Kind::SERVER, "GET /", &gateway),
    ]))
    .await;
    let rows = told(
        &kept,
        "SELECT remote_kind, operation, units::VARCHAR, round(cost_usd * 1000000, 4)::VARCHAR, cost_state, unpriced_because \
         FROM call_costs ORDER BY remote_kind, operation, region",
    )
    .await;
    assert_eq!(
        rows,
        [
            "apigateway |  | 1.0 | 1.0000 | inferred | null",
            "dynamodb | getitem | 0.5 | 0.0625 | inferred | null",
            "dynamodb | putitem | 2.5 | 1.5625 | estimated | null",
            "eventbridge | putevents | 3.0 | 3.0000 | inferred | null",
            "s3 | getobject | 1.0 | null | estimated | no price of it in mars-1 is known",
            "s3 | putobject | 1.0 | 5.0000 | estimated | null",
            "sns | publish | 1.0 | 0.5000 | inferred | null",
            "sqs | sendmessage | 1.0 | 0.4000 | inferred | null",
            "sqs | sendmessagebatch | 2.0 | 1.0000 | estimated | null",
            "stepfunctions | startexecution | 1.0 | null | inferred | state transitions are not in spans",
            "stepfunctions | startsyncexecution | 1.0 | 1.0000 | inferred | null",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_split_over_the_traces_of_its_messages() {
    let kept = made::store();
    let bucket = [("aws.s3.bucket", Value::from("pictures"))];
    let senders: Vec<Span> = (0..3).map(|_| call("S3", "PutObject", &bucket)).collect();
    // Ten messages of three traces, handled in a fourth; what that sets going is in a fifth.
    let mut handles = call("S3", "PutObject", &bucket);
    handles.links = [(0, 7), (1, 2), (2, 1)]
        .iter()
        .flat_map(|(at, count): &(usize, usize)| vec![link(&senders[*at]); *count])
        .collect();
    let mut follows = call("S3", "PutObject", &bucket);
    follows.links = vec![link(&handles)];
    let ids: Vec<TraceId> = senders.iter().map(|span| span.trace_id).collect();
    kept.keep(batch(senders.into_iter().chain([handles, follows]).collect())).await;

    let mut sum = coldlight_model::money::Usd::ZERO;
    for (id, part) in ids.iter().zip(["0.0000035", "0.000001", "0.0000005"]) {
        let cost = kept.store.trace_cost(*id).await.unwrap();
        assert_eq!(cost.own.calls.to_string(), "0.000005");
        let parts: Vec<String> = cost.downstream.iter().map(|one| one.part.to_string()).collect();
        assert_eq!(parts, [part, part], "handled, and what followed");
        assert!(!cost.cut_off);
        sum = sum.checked_add(cost.total()).unwrap();
    }
    assert_eq!(sum.to_string(), "0.000025", "five objects, each counted once");
}
