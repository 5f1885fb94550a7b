//! The pages in a real browser: pictures to look at, and what must hold on every one of them.
//!
//! The servers and their data are made here; `node/pages/*.mjs` drives Chromium over them and leaves pictures in
//! `tests/pictures`.

use std::io::Write;
use std::time::Duration;

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::corpus::Manifest;
use coldlight_tests::crowd::{self, crowd};
use coldlight_tests::large::large;
use coldlight_tests::otlp::{self, CLIENT, text};
use coldlight_tests::random::{Random, hex};
use coldlight_tests::{Coldlight, Options, grpc, table, tools};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};
use prost::Message;
use serde_json::json;

const LARGE: u64 = 10_000;
/// Calls of the loop in [`looping`], and its spans in all.
const SIMILAR: u64 = 12;
const LOOP: u64 = SIMILAR + 3;
/// Of `node/pages`. The last fills what was empty.
const FILES: [&str; 9] =
    ["pictures", "reading", "explaining", "trace", "live", "waiting", "crowd", "paper", "promises"];
/// More than a map draws.
const SERVICES: usize = 200;
/// What opens the server that asks for a key.
const SECRET: &str = "correct-horse-battery-staple-correct-horse";
/// Parcels put into a queue, and of them so many taken out again.
const PARCELS: [u64; 2] = [40, 12];
/// What a stranger may write into any name.
const HOSTILE: [&str; 5] = [
    "<script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "javascript:window.pwned=1//",
    "\u{202e}gnp.eman\u{2066}",
    "&lt;b&gt; 'quoted' \"twice\" \u{0} {{ 7*7 }}",
];

/// Every text that is shown, written by somebody who means harm.
fn hostile(random: &mut Random, trace_id: [u8; 16]) -> Vec<ResourceSpans> {
    let mut parent = Vec::new();
    let spans = HOSTILE.iter().enumerate().map(|(number, evil)| {
        let mut span = otlp::span(evil, trace_id, random.span_id(), unix_nanos() - 1_000_000_000, 5_000_000);
        span.parent_span_id = std::mem::replace(&mut parent, span.span_id.clone());
        span.attributes = vec![
            text(evil, *evil),
            text("url.full", *evil),
            text("error.type", *evil),
            text("db.system.name", *evil),
            text("server.address", *evil),
            text("long", "x".repeat(1 << 20)),
        ];
        span.kind = if number % 2 == 1 { CLIENT } else { span.kind };
        span.status = Some(Status { code: otlp::ERROR, message: (*evil).to_owned() });
        span.events.push(Default::default());
        span.events[0].name = (*evil).to_owned();
        let resource = otlp::resource(evil, vec![text("faas.name", *evil), text(evil, *evil)]);
        otlp::resource_spans(resource, vec![span])
    });
    spans.collect()
}

/// A failing request to a shop: a loop of calls to a table, and a card that is refused two levels down. `slow` is added to the loop.
fn looping(trace_id: [u8; 16], number: u64, slow: u64) -> Vec<ResourceSpans> {
    const MS: u64 = 1_000_000;
    let start = unix_nanos() - 120_000_000_000 + number * 1_000 * MS;
    let id = |span: u8| [number as u8 + 1, 0, 0, 0, 0, 0, 0, span];
    let span = |number: u8, parent: u8, name: &str, from: u64, length: u64| {
        let mut span = otlp::span(name, trace_id, id(number), start + from * MS, length * MS);
        span.parent_span_id = if parent == 0 { Vec::new() } else { id(parent).to_vec() };
        span
    };
    let failed = |mut span: Span| {
        span.status = Some(Status { code: otlp::ERROR, message: "card refused".to_owned() });
        span.attributes.push(text("error.type", "CardDeclined"));
        span
    };
    let mut shop = vec![failed(span(1, 0, "POST /cart", 0, 900 + slow))];
    for item in 0..SIMILAR {
        let mut call = span(10 + item as u8, 1, "GetItem", 10 + item * 40, 30 + slow / SIMILAR);
        call.kind = CLIENT;
        call.attributes = vec![
            text("rpc.system", "aws-api"),
            text("rpc.service", "DynamoDB"),
            text("rpc.method", "GetItem"),
            text("aws.dynamodb.table_names", "orders"),
            text("key", format!("item-{item}")),
        ];
        shop.push(call);
    }
    let mut call = failed(span(2, 1, "POST /charge", 600 + slow, 280));
    call.kind = CLIENT;
    shop.push(call);
    let mut charge = failed(span(3, 2, "charge", 610 + slow, 260));
    charge.kind = otlp::SERVER;
    let at = charge.end_time_unix_nano;
    charge.events.push(Default::default());
    charge.events[0].name = "exception".to_owned();
    charge.events[0].time_unix_nano = at;
    charge.events[0].attributes =
        vec![text("exception.type", "CardDeclined"), text("exception.message", "card refused")];
    let of = |service: &str, spans| otlp::resource_spans(otlp::resource(service, Vec::new()), spans);
    vec![of("shop", shop), of("payments", vec![charge])]
}

/// Parcels that a shop puts into a queue faster than they are taken out of it.
fn queued(random: &mut Random) -> Vec<ResourceSpans> {
    const SECOND: u64 = 1_000_000_000;
    let start = unix_nanos() - 300 * SECOND;
    let [put, taken] = PARCELS;
    let (mut shop, mut worker) = (Vec::new(), Vec::new());
    for number in 0..put {
        let trace_id = random.trace_id();
        let mut span = |name: &str, kind, at, parent: &[u8]| {
            let mut span = otlp::span(name, trace_id, random.span_id(), at, 5_000_000);
            span.parent_span_id = parent.to_vec();
            span.kind = kind;
            span.attributes = vec![text("messaging.system", "aws_sqs"), text("messaging.destination.name", "parcels")];
            span
        };
        let sent = span("parcels publish", otlp::PRODUCER, start + number * SECOND, &[]);
        if number < taken {
            worker.push(span("parcels process", otlp::CONSUMER, start + number * 3 * SECOND + SECOND, &sent.span_id));
        }
        shop.push(sent);
    }
    let of = |service: &str, spans| otlp::resource_spans(otlp::resource(service, Vec::new()), spans);
    vec![of("shop", shop), of("parcel-worker", worker)]
}

async fn send(coldlight: &Coldlight, resources: Vec<ResourceSpans>) {
    let request = otlp::trace_request(resources).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let answer = connection.call(grpc::TRACES, "identity", &request).await.unwrap();
    assert!(answer.is_ok() && answer.message.is_empty(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_holds_in_a_browser_light_and_dark_wide_and_narrow_empty_and_full() {
    let mut random = Random::from_seed(11);
    let (empty, ordinary, full) = (Coldlight::start().await, Coldlight::start().await, Coldlight::start().await);
    // Empty too, but one of the stories changes that.
    let fresh = Coldlight::start().await;
    let lively = Coldlight::start().await;
    let crowded = Coldlight::start().await;
    let mut keys = tempfile::NamedTempFile::new().unwrap();
    writeln!(keys, "reader read {SECRET}").unwrap();
    let arguments = vec!["--api-key-file".to_owned(), keys.path().display().to_string()];
    let locked = Coldlight::start_with(Options { arguments, key: Some(SECRET.to_owned()), ..Options::default() }).await;
    let manifest = Manifest::read();
    for recording in &manifest.files {
        recording.send(ordinary.addresses()).await;
    }
    let (large_id, hostile_id) = (random.trace_id(), random.trace_id());
    send(&full, large(&mut random, large_id, LARGE)).await;
    send(&full, hostile(&mut random, hostile_id)).await;
    let loops = [(); 2].map(|()| random.trace_id());
    for (number, id) in loops.iter().enumerate() {
        send(&full, looping(*id, number as u64, number as u64 * 240)).await;
    }
    send(&full, queued(&mut random)).await;
    send(&crowded, crowd(&mut random, SERVICES)).await;
    ordinary.until_count("spans", manifest.totals.spans, Duration::from_secs(5)).await;
    full.until_count(
        "spans",
        LARGE + HOSTILE.len() as u64 + 2 * LOOP + PARCELS.iter().sum::<u64>(),
        Duration::from_secs(5),
    )
    .await;

    let crowd_of = (SERVICES as u64 * 2 - 1) * crowd::REQUESTS;
    crowded.until_count("spans", crowd_of, Duration::from_secs(5)).await;

    let bounds = "SELECT min(started_at) - INTERVAL 1 MINUTE, max(ended_at) + INTERVAL 1 MINUTE FROM spans";
    let bounds = ordinary.sql(bounds).await;
    let at = |cell: usize| table::text(&bounds.rows[0][cell]).replace(' ', "T") + "Z";
    let trace = "SELECT trace_id FROM spans GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1";
    let trace = ordinary.sql(trace).await.texts().remove(0);
    let spans = ordinary.sql(&format!("SELECT count(*) FROM spans WHERE trace_id = '{trace}'")).await.number();
    let requests =
        ordinary.sql("SELECT count(DISTINCT invocation_id) FROM spans WHERE invocation_id IS NOT NULL").await;
    let told_of = "(SELECT DISTINCT request_id FROM invocations)";
    ordinary.until_count(told_of, requests.number() as u64, Duration::from_secs(20)).await;
    let invocations = ordinary.sql("SELECT count(*) FROM invocations").await.number();
    let functions = "SELECT coalesce(\"function\", service) FROM invocations WHERE cost_usd IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1";
    let priced = ordinary.sql(functions).await.texts();
    let functions =
        ordinary.sql("SELECT count(DISTINCT coalesce(\"function\", service)) FROM invocations").await.number();
    let request = "SELECT request_id FROM invocations ORDER BY cost_usd DESC NULLS LAST, request_id LIMIT 1";
    let request = ordinary.sql(request).await.texts().remove(0);
    let told = json!({
        "empty": format!("http://{}", empty.http()),
        "ordinary": format!("http://{}", ordinary.http()),
        "full": format!("http://{}", full.http()),
        "fresh": format!("http://{}", fresh.http()),
        "lively": format!("http://{}", lively.http()),
        "livelyOtlp": format!("http://{}", lively.otlp_http()),
        "crowded": format!("http://{}", crowded.http()),
        "locked": format!("http://{}", locked.http()),
        "secret": SECRET,
        "teams": crowd::TEAMS, "busy": crowd::name(4), "failing": crowd::name(SERVICES - 1),
        "range": format!("from={}&to={}", at(0), at(1)),
        "traces": manifest.totals.traces,
        "services": manifest.services_of("traces"),
        "invocations": { "count": invocations, "functions": functions, "function": priced[0], "request": request },
        "trace": { "id": trace, "spans": spans },
        "large": { "id": hex(&large_id), "spans": LARGE },
        "loop": {
            "id": hex(&loops[0]), "other": hex(&loops[1]), "similar": SIMILAR, "folded": 4, "failed": "0100000000000003"
        },
        "hostile": { "id": hex(&hostile_id), "spans": HOSTILE.len(), "texts": HOSTILE },
        "pictures": tools::folder().join("pictures"),
    });
    let mut node = tools::node();
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]);
    let only = std::env::var("COLDLIGHT_TEST_PAGES").ok();
    let is_asked = |file: &&&str| only.as_deref().is_none_or(|only| only.split(',').any(|one| one == **file));
    node.args(FILES.iter().filter(is_asked).map(|file| format!("pages/{file}.test.mjs")));
    node.env("COLDLIGHT_PAGES", told.to_string());
    let status = tokio::task::spawn_blocking(move || node.status()).await.unwrap().unwrap();
    assert!(status.success(), "pages do not hold: {status}; see above");
    for server in [&empty, &ordinary, &full, &fresh, &lively, &crowded, &locked] {
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}
