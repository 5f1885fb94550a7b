//! Money over a real server with functions, containers and calls of many kinds: one time costs one sum wherever it is shown, and every
//! figure has its formula one click away.

use std::time::Duration;

use coldlight_tests::Coldlight;
use coldlight_tests::clock::{unix_nanos, until};
use coldlight_tests::day::{self, HOUR, MINUTE};
use coldlight_tests::otlp::{CLIENT, attribute, int, resource, resource_spans, span, text};
use coldlight_tests::random::hex;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

#[path = "../../ui/tests/pages/piece.rs"]
mod piece;

use piece::Piece;

const MS: u64 = 1_000_000;

/// A day of the shop, and beside it a task that stores pictures and tells of them.
async fn shop() -> (Coldlight, day::Day, String) {
    let shop = Coldlight::start().await;
    let now = unix_nanos();
    let day = day::day(now);
    day.arrive(&shop, (0..20).map(|number| pictures(number, now - HOUR + number * MINUTE))).await;
    // Whole minutes, for a time that ends now ends in another minute on the next page.
    let minute = |nanos: u64| format!("make_timestamp_ns({})", nanos / MINUTE * MINUTE);
    let range = format!(
        "SELECT strftime({}, '%Y-%m-%dT%H:%M:%SZ') || ' ' || strftime({}, '%Y-%m-%dT%H:%M:%SZ')",
        minute(now - 25 * HOUR),
        minute(now + 5 * MINUTE)
    );
    let range = shop.sql(&range).await.texts().remove(0);
    let (from, to) = range.split_once(' ').expect("two times");
    (shop, day, format!("from={from}&to={to}"))
}

/// A request of a task on Fargate: it stores a picture and publishes that it did.
fn pictures(number: u64, start: u64) -> ResourceSpans {
    let id = |part: u8| {
        let mut id = [part; 8];
        id[..4].copy_from_slice(&(number as u32 + 1).to_be_bytes());
        id
    };
    let trace = [id(9), id(9)].concat();
    let part = |name: &str, at: u8, start, length| Span {
        trace_id: trace.clone(),
        ..span(name, [0; 16], id(at), start, length)
    };
    let mut serves = part("PUT /pictures", 1, start, 400 * MS);
    serves.attributes = vec![text("http.request.method", "PUT"), text("http.route", "/pictures")];
    let call = |at, service: &str, method: &str, more| {
        let name = format!("{service}.{method}");
        let mut call = part(&name, at, start + u64::from(at) * 20 * MS, 30 * MS);
        call.kind = CLIENT;
        call.parent_span_id = serves.span_id.clone();
        call.attributes =
            vec![text("rpc.system", "aws-api"), text("rpc.service", service), text("rpc.method", method), more];
        call
    };
    let stores = call(2, "S3", "PutObject", text("aws.s3.bucket", "pictures"));
    let tells = call(3, "SNS", "Publish", text("messaging.destination.name", "pictures-stored"));
    resource_spans(task(), vec![serves, stores, tells])
}

fn task() -> Resource {
    let arn = "arn:aws:ecs:us-east-1:123456789012:task/shop/0123456789abcdef0123456789abcdef";
    resource(
        "pictures",
        vec![
            text("cloud.platform", "aws_ecs"),
            text("cloud.region", "us-east-1"),
            text("aws.ecs.task.arn", arn),
            text("aws.ecs.task.family", "pictures"),
            text("aws.ecs.launchtype", "fargate"),
            text("host.arch", "amd64"),
            attribute("coldlight.task.vcpu", Value::DoubleValue(0.25)),
            int("coldlight.task.memory_mib", 512),
        ],
    )
}

impl Told {
    fn of(value: &serde_json::Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}")).to_owned();
        Self { cost: text("cost_usd"), calls: value["parts"]["calls_usd"].as_str().unwrap_or_default().to_owned() }
    }
}

/// A sum, and what of it calls are.
#[derive(Debug, PartialEq)]
struct Told {
    cost: String,
    calls: String,
}

/// The exact sum behind the figure `name` of a page.
fn shown(html: &str, name: &str) -> String {
    let from = html.split(&format!("data-test=\"kpi-{name}\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {html}"));
    let exact = from.split("data-usd=\"").nth(1).and_then(|rest| rest.split('"').next());
    exact.unwrap_or_else(|| panic!("no exact sum of {name} in {html}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_costs_one_sum_and_every_figure_of_money_has_its_formula() {
    let (shop, day, range) = shop().await;
    let api = async |path: &str| shop.get(path).await.json();
    let spending = api(&format!("/api/v1/spending?{range}&cmp=none")).await["total"].clone();
    let cost = Told::of(&spending);
    for part in ["own_usd", "requests_usd", "calls_usd", "containers_busy_usd", "containers_idle_usd"] {
        assert!(spending["parts"][part].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{part}: {spending}");
    }
    // The map tells calls from minutes, which are added up a moment after the rows are there.
    until("the map's minutes are added up", Duration::from_secs(60), async || {
        let map = Told::of(&api(&format!("/api/v1/map?{range}")).await["spent"]);
        if map == cost { Ok(()) } else { Err(format!("{map:?}, not {cost:?}")) }
    })
    .await;
    assert_eq!(Told::of(&api(&format!("/api/v1/traces?{range}&with=spent&limit=1")).await["spent"]), cost);
    let page = async |path: &str| {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.text()
    };
    let pages = [("map", "cost"), ("traces", "cost"), ("cost", "total")];
    for (path, name) in pages {
        let html = page(&format!("/{path}?{range}")).await;
        assert_eq!(shown(&html, name), cost.cost, "/{path}");
        assert!(html.contains("one sum on the map, above the list of traces and on Cost"), "/{path}");
    }
    // With a filter the map and the list count whole traces, Cost what itself matches; each says so.
    let word = "service:packer";
    let map = page(&format!("/map?{range}&f={word}")).await;
    let list = page(&format!("/traces?{range}&f={word}")).await;
    assert_eq!(shown(&map, "cost"), shown(&list, "cost"));
    let words = "Functions and metered calls of whole traces in which a span matches.";
    assert!(map.contains(words) && list.contains(words));
    assert!(page(&format!("/cost?{range}&f={word}")).await.contains("Only what matches itself, with its calls."));

    let complaint = &day.complaint.1;
    let picture = hex(&day.traces.resource_spans[0].scope_spans[0].spans[0].trace_id);
    let timed_out = &day.timed_out;
    let (mut read, mut unexplained) = (0, Vec::new());
    for path in [
        format!("/map?{range}"),
        format!("/map?{range}&sel=lambda:checkout"),
        format!("/map?{range}&by=cost&sel=lambda:packer"),
        format!("/traces?{range}"),
        format!("/traces?{range}&f=service:pictures"),
        format!("/traces/{complaint}"),
        format!("/traces/{complaint}?view=table"),
        format!("/invocations?{range}"),
        format!("/invocations?{range}&group=version"),
        format!("/invocations/{timed_out}"),
        format!("/functions?{range}"),
        format!("/functions/checkout?{range}"),
        format!("/cold-starts?{range}"),
        format!("/containers?{range}"),
        format!("/cost?{range}"),
        format!("/cost?{range}&group=customer"),
        format!("/cost?{range}&group=attr.order.id&f=service:checkout"),
        format!("/cost/what-if?{range}&fn=checkout"),
        format!("/cost/right-size?{range}&fn=thumbnail"),
        format!("/compare?a={complaint}&b={picture}"),
        "/live".to_owned(),
    ] {
        let html = page(&path).await;
        for sum in Piece::read(&html).sums_without_a_formula() {
            unexplained.push(format!("{path}: {sum}"));
        }
        read += usize::from(html.contains('$'));
    }
    assert!(unexplained.is_empty(), "sums without a formula:\n{}", unexplained.join("\n"));
    assert!(read >= 15, "{read} pages show money");
}
