//! Every source of Lambda events, from an event as that source sends it (`events/NAME.json`, with invented names and ids).

use std::collections::BTreeSet;
use std::path::PathBuf;

use coldlight_triggers::{Carrier, Explanation, Source, attributes, explain, parse, recognise, span_name};
use proptest::prelude::*;
use serde_json::{Value, json};

const W3C: &str = "b7ad6b7169203331";
const OTHER_W3C: &str = "00f067aa0ba902b7";
const XRAY: &str = "d68f0a1b2c3d4e5f";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

fn event(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    parse(&std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display())))
}

/// `expected` is `SOURCE WAY TRIGGER RECORDS NODE`; `-` for what the event does not tell.
#[track_caller]
fn check(name: &str, expected: &str) {
    let explained = explain(&event(name));
    let told = serde_json::to_value(&explained).unwrap();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let node = explained.node.map_or("-".to_owned(), |node| format!("{}:{}", node.kind, node.name));
    let (source, way, trigger) = (word(&told["source"]), word(&told["way"]), word(&told["faas_trigger"]));
    assert_eq!(format!("{source} {way} {trigger} {} {node}", told["records"]), expected);
}

/// The parent and the links, by their span ids.
#[track_caller]
fn check_context(name: &str, parent: Option<&str>, links: &[&str]) {
    let Explanation { parent: found, links: linked, .. } = explain(&event(name));
    assert_eq!(found.map(|context| context.span_id.to_string()).as_deref(), parent, "{name}: parent");
    assert_eq!(linked.iter().map(|context| context.span_id.to_string()).collect::<Vec<_>>(), links, "{name}: links");
}

#[track_caller]
fn check_attributes(name: &str, expected: Value) {
    let event = event(name);
    let told: serde_json::Map<String, Value> =
        attributes(&event, &explain(&event)).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(told.get(name).unwrap_or(&Value::Null), value, "{name} in {told:#?}");
    }
}

#[test]
fn requests_over_http() {
    check("api-gateway-rest", "api-gateway-rest sync http 1 apigateway:a1b2c3d4e5/prod");
    check("api-gateway-rest-sam-local", "api-gateway-rest sync http 1 apigateway:a1b2c3d4e5/Prod");
    check("api-gateway-http", "api-gateway-http sync http 1 apigateway:a1b2c3d4e5/$default");
    check("api-gateway-http-payload-1", "api-gateway-http sync http 1 apigateway:a1b2c3d4e5/prod");
    check("api-gateway-websocket-connect", "api-gateway-websocket sync http 1 apigateway:ws1/live");
    check("api-gateway-websocket-message", "api-gateway-websocket sync http 1 apigateway:ws1/live");
    check("api-gateway-authorizer-token", "api-gateway-authorizer sync http 1 apigateway:a1b2c3d4e5");
    check("api-gateway-authorizer-request", "api-gateway-authorizer sync http 1 apigateway:a1b2c3d4e5");
    check("api-gateway-authorizer-http", "api-gateway-authorizer sync http 1 apigateway:a1b2c3d4e5");
    check("alb", "alb sync http 1 alb:checkout");
    check("alb-multi-value", "alb sync http 1 alb:checkout");
    check("function-url", "function-url sync http 1 function-url:urlid0123456789.lambda-url.eu-west-1.on.aws");
    check("vpc-lattice-v2", "vpc-lattice sync http 1 vpc-lattice:svc-0a40eebed65f8d69c");
    check(
        "vpc-lattice-v1",
        "vpc-lattice sync http 1 vpc-lattice:stock-0a1b2c.7d67968.vpc-lattice-svcs.eu-west-1.on.aws",
    );
    check("cloudfront", "cloudfront sync http 1 cloudfront:EDFDVBD6EXAMPLE");
    check("appsync", "appsync sync http 1 appsync:Query.order");
    check("appsync-batch", "appsync sync http 3 appsync:Query.order");
    check("appsync-authorizer", "appsync-authorizer sync http 1 appsync:giy7kumfmvcqvbedntjwjvagii");
}

#[test]
fn messages_and_streams() {
    check("sqs-batch", "sqs poll pubsub 5 sqs:orders");
    check("sqs-console-test", "sqs poll pubsub 1 sqs:MyQueue");
    check("sqs-from-sns", "sqs poll pubsub 1 sqs:orders");
    check("sqs-from-sns-raw", "sqs poll pubsub 1 sqs:orders");
    check("pipes-sqs", "sqs poll pubsub 2 sqs:orders");
    check("sns", "sns async pubsub 1 sns:news");
    check("kinesis", "kinesis poll datasource 2 kinesis:clicks");
    check("dynamodb", "dynamodb poll datasource 3 dynamodb:orders");
    check("kafka", "kafka poll pubsub 3 kafka:page-views");
    check("kafka-self-managed", "kafka poll pubsub 1 kafka:page-views");
    check("rabbitmq", "rabbitmq poll pubsub 1 mq:pizza/orders");
    check("activemq", "activemq poll pubsub 1 mq:pizza/orders");
    check("documentdb", "documentdb poll datasource 2 documentdb:catalog/products");
}

#[test]
fn stores_and_buses() {
    check("s3", "s3 async datasource 1 s3:photos");
    check("s3-console-test", "s3 async datasource 1 s3:amzn-s3-demo-bucket");
    check("s3-object-lambda", "s3-object-lambda sync datasource 1 s3:redact");
    check("s3-batch", "s3-batch sync datasource 1 s3:archive");
    check("firehose", "firehose sync datasource 2 firehose:clicks");
    check("eventbridge", "eventbridge async pubsub 1 eventbridge:shop.orders");
    check("eventbridge-s3", "eventbridge-s3 async pubsub 1 s3:photos");
    check("eventbridge-schedule", "eventbridge-schedule async timer 1 eventbridge:nightly-report");
    check("scheduler", "scheduler async timer 1 scheduler:hourly");
    check("cloudwatch-alarm", "cloudwatch-alarm async pubsub 1 cloudwatch:too-many-errors");
    check("cloudwatch-logs", "cloudwatch-logs async datasource 3 cloudwatch-logs:/aws/lambda/checkout");
    check("cognito", "cognito sync datasource 1 cognito:eu-west-1_abc123/PostConfirmation_ConfirmSignUp");
    check("cognito-sync", "cognito-sync sync datasource 1 cognito:eu-west-1:pool");
    check("config", "config async datasource 1 config:encrypted-buckets");
    check("secrets-manager", "secrets-manager sync timer 1 secretsmanager:db-a1b2c3");
}

#[test]
fn all_others() {
    check("lambda-destination", "lambda-destination async pubsub 1 lambda:resize");
    check("lex-v1", "lex-v1 sync other 1 lex:OrderFlowersV1");
    check("lex-v2", "lex-v2 sync other 1 lex:OrderFlowers");
    check("alexa", "alexa sync other 1 alexa:amzn1.ask.skill.abc");
    check("alexa-smart-home", "alexa-smart-home sync other 1 alexa:Alexa.PowerController");
    check("connect", "connect sync other 1 connect:9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa");
    check("step-functions", "step-functions sync other 1 stepfunctions:Checkout");
    check("bedrock-agent", "bedrock-agent sync other 1 bedrock:helper");
    check("codedeploy", "codedeploy - other 1 codedeploy:d-ABCDEF123");
    check("codecommit", "codecommit async other 1 codecommit:shop-repo");
    check("codepipeline", "codepipeline async other 1 codepipeline:11111111-abcd-1111-abcd-111111abcdef");
    check("cloudformation", "cloudformation async other 1 cloudformation:shop-prod");
    check("iot-authorizer", "iot-authorizer sync other 1 -");
    check("iot-button", "iot-button async pubsub 1 iot:G030JF0553640000");
    check("iot-1-click", "iot-button async pubsub 1 iot:G030PM0123456789");
    check("ses", "ses async pubsub 1 ses:shop.example");
    check("custom", "custom - other 1 -");
    check("iot-rule", "custom - other 1 -");
}

#[test]
fn every_source_has_an_event_and_every_event_a_check() {
    let this = include_str!("triggers.rs");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".json").to_owned();
        assert!(this.contains(&format!("(\"{name}\"")), "{name} is in no check");
        seen.insert(recognise(&event(&name)).as_str());
    }
    let all: BTreeSet<&str> = Source::ALL.iter().map(|source| source.as_str()).collect();
    assert_eq!(seen, all);
}

#[test]
fn a_request_has_the_parent_of_its_headers() {
    check_context("api-gateway-rest", Some(W3C), &[]);
    check_context("api-gateway-rest-xray", Some(XRAY), &[]);
    check_context("api-gateway-http", Some(W3C), &[]);
    check_context("api-gateway-websocket-connect", Some(W3C), &[]);
    check_context("api-gateway-websocket-message", None, &[]);
    check_context("api-gateway-authorizer-request", Some(W3C), &[]);
    check_context("alb", Some(W3C), &[]);
    check_context("alb-multi-value", Some(W3C), &[]);
    check_context("function-url", Some(W3C), &[]);
    check_context("vpc-lattice-v1", Some(W3C), &[]);
    check_context("vpc-lattice-v2", Some(W3C), &[]);
    check_context("cloudfront", Some(W3C), &[]);
    check_context("appsync", Some(XRAY), &[]);
    check_context("appsync-authorizer", Some(W3C), &[]);
    assert_eq!(explain(&event("api-gateway-rest")).parent.unwrap().tracestate.as_deref(), Some("vendor=1"));
}

#[test]
fn a_load_balancers_own_header_is_no_parent() {
    check_context("api-gateway-rest-sam-local", None, &[]);
    check_context("api-gateway-http-payload-1", None, &[]);
}

#[test]
fn a_single_event_has_the_parent_that_its_sender_put_in() {
    check_context("sns", Some(W3C), &[]);
    check_context("sns-plain", None, &[]);
    check_context("eventbridge", Some(W3C), &[]);
    check_context("step-functions", Some(W3C), &[]);
    check_context("custom-traceparent", Some(W3C), &[]);
    check_context("s3", None, &[]);
    check_context("eventbridge-schedule", None, &[]);
}

#[test]
fn a_batch_has_links_each_sender_once_and_never_a_parent() {
    // Records 1 and 2 have one W3C sender (and record 1 an X-Ray one, which counts less), 3 only X-Ray, 4 another, 5 none.
    check_context("sqs-batch", None, &[W3C, XRAY, OTHER_W3C]);
    check_context("sqs-from-sns-raw", None, &[W3C]);
    check_context("pipes-sqs", None, &[W3C, OTHER_W3C]);
    check_context("kinesis", None, &[W3C]);
    check_context("dynamodb", None, &[W3C]);
    check_context("kafka", None, &[W3C, OTHER_W3C]);
    check_context("kafka-self-managed", None, &[W3C]);
    check_context("rabbitmq", None, &[W3C]);
    check_context("activemq", None, &[W3C]);
    check_context("documentdb", None, &[]);
    let links = explain(&event("sqs-batch")).links;
    let carriers: Vec<Carrier> = links.iter().map(|link| link.carrier).collect();
    assert_eq!(carriers, [Carrier::Traceparent, Carrier::Xray, Carrier::Traceparent]);
}

#[test]
fn a_topic_before_the_queue_is_told_and_its_message_is_looked_into() {
    check_context("sqs-from-sns", None, &[W3C]);
    let explained = explain(&event("sqs-from-sns"));
    let via = explained.via.unwrap();
    assert_eq!((via.kind, via.name.as_str()), ("sns", "news"));
    assert_eq!(explain(&event("sqs-batch")).via, None);
}

#[test]
fn a_node_says_where_it_lives() {
    let node = explain(&event("sqs-batch")).node.unwrap();
    assert_eq!(node.arn.as_deref(), Some("arn:aws:sqs:eu-west-1:123456789012:orders"));
    assert_eq!((node.region.as_deref(), node.account.as_deref()), (Some("eu-west-1"), Some("123456789012")));
    let bucket = explain(&event("s3")).node.unwrap();
    assert_eq!((bucket.region.as_deref(), bucket.account), (Some("eu-west-1"), None));
}

#[test]
fn the_span_of_a_request_says_which() {
    check_attributes(
        "api-gateway-rest",
        json!({
            "faas.trigger": "http", "http.request.method": "GET", "http.route": "/orders/{id}", "url.path": "/orders/42",
            "url.scheme": "https", "server.address": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "client.address": "203.0.113.7", "user_agent.original": "curl/8.5.0", "coldlight.trigger.source": "api-gateway-rest",
            "coldlight.trigger.way": "sync", "messaging.batch.message_count": null,
        }),
    );
    check_attributes(
        "api-gateway-http",
        json!({"http.route": "/orders", "url.path": "/orders", "http.request.method": "POST"}),
    );
    check_attributes(
        "alb",
        json!({"client.address": "203.0.113.7", "server.address": "shop-1234.eu-west-1.elb.amazonaws.com"}),
    );
    check_attributes("function-url", json!({"http.route": null, "url.path": "/thumb", "http.request.method": "GET"}));
    check_attributes("vpc-lattice-v2", json!({"url.path": "/stock/7", "user_agent.original": "curl/8.5.0"}));
    check_attributes("cloudfront", json!({"url.path": "/index.html", "client.address": "203.0.113.178"}));
}

#[test]
fn names_of_requests_are_templates_or_the_functions_own() {
    let name = |file: &str| span_name(&event(file), &explain(&event(file)));
    assert_eq!(name("api-gateway-rest").as_deref(), Some("GET /orders/{id}"));
    assert_eq!(name("api-gateway-http").as_deref(), Some("POST /orders"));
    assert_eq!(name("function-url"), None);
    assert_eq!(name("alb"), None);
    assert_eq!(name("sqs-batch"), None);
}

#[test]
fn the_span_of_a_batch_says_how_many_and_since_when() {
    check_attributes(
        "sqs-batch",
        json!({
            "faas.trigger": "pubsub", "messaging.system": "aws_sqs", "messaging.destination.name": "orders",
            "messaging.operation.type": "process", "messaging.batch.message_count": 5, "messaging.message.id": null,
            "coldlight.trigger.way": "poll", "coldlight.trigger.sent_at": 1_772_359_200_001_i64,
        }),
    );
    check_attributes(
        "kinesis",
        json!({"messaging.batch.message_count": 2, "coldlight.trigger.sent_at": 1_772_359_201_250_i64}),
    );
    check_attributes("dynamodb", json!({"faas.document.collection": "orders", "faas.document.operation": "insert"}));
    check_attributes("kafka", json!({"messaging.system": "kafka", "coldlight.trigger.sent_at": 1_772_359_200_003_i64}));
    check_attributes(
        "sns",
        json!({
            "messaging.message.id": "95df01b4-ee98-5cb9-9903-4c221d41eb5e", "coldlight.trigger.sent_at": 1_772_359_200_000_i64,
        }),
    );
    check_attributes("cloudwatch-logs", json!({"messaging.batch.message_count": 3}));
}

#[test]
fn the_span_of_a_change_says_what_was_changed() {
    check_attributes(
        "s3",
        json!({
            "faas.document.collection": "photos", "faas.document.name": "in/grüße 1.jpg", "faas.document.operation": "insert",
            "faas.document.time": "2026-03-01T10:00:00.000Z",
        }),
    );
    check_attributes("s3-console-test", json!({"faas.document.operation": "delete", "faas.document.name": "test/key"}));
    check_attributes(
        "documentdb",
        json!({"faas.document.collection": "products", "faas.document.operation": "insert"}),
    );
    check_attributes("eventbridge-schedule", json!({"faas.time": "2026-03-01T10:00:00Z", "faas.trigger": "timer"}));
}

#[test]
fn a_users_own_json_is_nobodys_event() {
    for own in [
        json!(null),
        json!("text"),
        json!(7),
        json!([]),
        json!([1, 2]),
        json!({"Records": {}}),
        json!({"Records": []}),
        json!({"Records": "many"}),
        json!({"version": "2.0", "requestContext": "x"}),
        json!({"source": "web", "type": "REQUEST"}),
        json!({"bot": "yes", "session": 1, "request": "x"}),
        json!({"messages": [1], "records": [2], "events": [3]}),
    ] {
        assert_eq!(explain(&own).source, Source::Custom, "{own}");
    }
}

#[test]
fn damaged_events_cost_their_detail_and_no_more() {
    let mut logs = event("cloudwatch-logs");
    logs["awslogs"]["data"] = json!("!!");
    assert_eq!((explain(&logs).records, explain(&logs).node), (1, None));
    let mut queue = event("sqs-batch");
    queue["Records"][0]["messageAttributes"] = json!(["?"]);
    queue["Records"][0]["attributes"] = json!(null);
    queue["Records"][1]["messageAttributes"]["traceparent"]["stringValue"] = json!(12);
    assert_eq!(explain(&queue).records, 5);
    let mut kafka = event("kafka");
    kafka["records"]["page-views-0"][0]["headers"][1]["traceparent"] = json!([-1, 300, "x"]);
    assert_eq!(explain(&kafka).links.len(), 1);
}

/// Any JSON; names are such that rules ask for them.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "Records",
        "records",
        "eventSource",
        "requestContext",
        "headers",
        "http",
        "detail",
        "detail-type",
        "source",
        "awslogs",
        "data",
        "kinesis",
        "dynamodb",
        "Sns",
        "cf",
        "request",
        "traceparent",
        "messages",
        "events",
        "body",
        "messageId",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::sample::select(vec!["aws:sqs", "aws:kafka", "aws:kinesis", "2.0", "arn:aws:sqs", "arn:::::"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(proptest::sample::select(names.to_vec()), inner, 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(event in any_json()) {
        let explained = explain(&event);
        attributes(&event, &explained);
        span_name(&event, &explained);
    }
}
