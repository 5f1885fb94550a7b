//! Alerts from end to end: searches that are saved, figures that are watched, a webhook that is told, once.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldlight_tests::clock::{unix_nanos, until};
use coldlight_tests::random::Random;
use coldlight_tests::{Coldlight, Options, grpc, otlp, tools};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(40);
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A webhook's receiver: what it was told, and what it answers next (200 when nothing is said).
#[derive(Clone, Default)]
struct Receiver {
    told: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Receiver {
    async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self::default();
        let shared = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = shared.clone();
                let service = service_fn(move |request| receiver.clone().take(request));
                tokio::spawn(async move {
                    drop(
                        hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service)
                            .await,
                    );
                });
            }
        });
        (receiver, address)
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<bytes::Bytes>>, hyper::Error> {
        let event = request.headers()["coldlight-event"].to_str().unwrap().to_owned();
        assert_eq!(request.uri().path(), "/secret-path");
        let body = request.into_body().collect().await?.to_bytes();
        self.told.lock().unwrap().push((event, serde_json::from_slice(&body).unwrap()));
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK);
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        response.headers_mut().insert("location", "http://127.0.0.1:1/elsewhere".parse().unwrap());
        Ok(response)
    }

    fn told(&self) -> Vec<(String, Value)> {
        self.told.lock().unwrap().clone()
    }

    async fn until_told(&self, count: usize) {
        until("the webhook is told", SOON, async || {
            let told = self.told();
            if told.len() >= count { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
    }
}

/// Requests of a service that began just now, `faults` of them with a fault.
async fn traffic(coldlight: &Coldlight, random: &mut Random, service: &str, count: usize, faults: usize) {
    let spans = (0..count).map(|number| {
        let mut span =
            otlp::span("GET /", random.trace_id(), random.span_id(), unix_nanos() - 2_000_000_000, 40_000_000);
        span.status = (number < faults).then(|| otlp::failed("gone")).flatten();
        span
    });
    let request = otlp::request(service, spans.collect()).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    coldlight.until_written(SOON).await;
}

async fn add(coldlight: &Coldlight, alert: Value) -> Value {
    let answer = coldlight.post("/api/v1/alerts", &[("content-type", "application/json")], alert.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The alert of that name as it was last looked at; null before it was.
async fn alert(coldlight: &Coldlight, name: &str) -> Value {
    let all = coldlight.get("/api/v1/alerts").await.json();
    all["alerts"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
}

async fn until_state(coldlight: &Coldlight, name: &str, state: &str) {
    until(&format!("{name} is {state}"), SOON, async || {
        let found = alert(coldlight, name).await;
        if found["state"] == state { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_saved_on_its_page_watched_and_told_of_once() {
    let mut random = Random::new("alerts");
    let (receiver, hook) = Receiver::start().await;
    let webhook = format!("http://{hook}/secret-path");
    let arguments = ["--alert-webhook", &webhook, "--alert-webhook-private"].map(str::to_owned).to_vec();
    let mut coldlight = Coldlight::start_with(Options { arguments, ..Options::default() }).await;

    let saved = coldlight
        .post(
            "/searches",
            &[FORM],
            "name=Shop+requests&address=%2Ftraces%3Frange%3D6h%26f%3Dservice%3Ashop%26cursor%3D1",
        )
        .await;
    assert_eq!((saved.status.as_u16(), saved.header("location")), (303, "/traces?range=6h&f=service:shop"));
    let page = coldlight.get("/traces").await.text();
    assert!(page.contains("data-test=\"saved-search\"") && page.contains("Shop requests"), "listed on its page");
    assert!(!coldlight.get("/invocations").await.text().contains("Shop requests"), "and on no other");
    let searches = coldlight.get("/api/v1/searches").await.json();
    let search = &searches["searches"][0];
    assert_eq!((&search["page"], &search["filter"]), (&json!("traces"), &json!("service:shop")));

    traffic(&coldlight, &mut random, "shop", 100, 8).await;
    traffic(&coldlight, &mut random, "other", 100, 100).await;
    let made =
        add(&coldlight, json!({ "name": "Shop fails", "search": search["id"], "above": "5%", "clear": "2%" })).await;
    assert_eq!((&made["state"], &made["figure"]), (&json!("firing"), &json!("8%")), "{made}");
    receiver.until_told(1).await;
    let (event, told) = receiver.told().remove(0);
    assert_eq!((&told["id"], &told["state"], &told["is_test"]), (&json!(event), &json!("firing"), &json!(false)));
    assert_eq!((&told["alert"]["name"], &told["figure"]), (&json!("Shop fails"), &json!("8%")));

    // On every page, and on its own.
    let map = coldlight.get("/map").await.text();
    assert!(
        map.contains("data-test=\"firing\"") && map.contains("data-test=\"alert-badge\" data-count=\"1\""),
        "{map}"
    );
    let listed = coldlight.get("/alerts").await.text();
    assert!(listed.contains("data-state=\"firing\"") && listed.contains("http://127.0.0.1"), "{listed}");
    assert!(!listed.contains("secret-path") && !coldlight.log().contains("secret-path"), "the address is a secret");

    // Between the bounds it goes on firing; a restart tells nobody again.
    traffic(&coldlight, &mut random, "shop", 100, 0).await;
    coldlight.restart().await;
    until_state(&coldlight, "Shop fails", "firing").await;
    assert_eq!(alert(&coldlight, "Shop fails").await["figure"], "4%");
    assert_eq!(receiver.told().len(), 1, "{:?}", receiver.told());
    let events = coldlight.get("/api/v1/alerts").await.json();
    assert_eq!((&events["events"][0]["delivery"], &events["events"][0]["attempts"]), (&json!("sent"), &json!(1)));

    // At the lower bound it is well again. The receiver fails twice; a redirect is not followed.
    receiver.answers.lock().unwrap().extend([StatusCode::INTERNAL_SERVER_ERROR, StatusCode::FOUND]);
    traffic(&coldlight, &mut random, "shop", 400, 0).await;
    receiver.until_told(4).await;
    let told = receiver.told();
    let ids: Vec<&str> = told[1..].iter().map(|(event, _)| event.as_str()).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && *id != event), "one event, until it is taken: {told:?}");
    assert_eq!(told[3].1["state"], "ok");

    let test = coldlight.post("/alerts/test", &[FORM], "").await;
    assert_eq!(test.status, 303, "{}", test.text());
    assert_eq!(receiver.told().last().unwrap().1["is_test"], true);
    assert!(coldlight.get("/alerts").await.text().contains("The test was taken"));

    let id = made["id"].as_str().unwrap();
    assert_eq!(coldlight.post(&format!("/alerts/{id}/delete"), &[FORM], "").await.status, 303);
    assert_eq!(coldlight.post(&format!("/alerts/{id}/delete"), &[FORM], "").await.status, 404);
    assert!(coldlight.get("/alerts").await.text().contains("data-test=\"alert-event\""), "what it did is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_gets_wrong_is_named_and_what_leads_inside_is_refused() {
    let webhook = ["--alert-webhook", "http://127.0.0.1:9/secret-path"].map(str::to_owned).to_vec();
    let coldlight = Coldlight::start_with(Options { arguments: webhook, ..Options::default() }).await;
    for (form, field) in [
        ("name=&above=5%25", "name"),
        ("name=a&above=5", "above"),
        ("name=a&above=5%25&filter=servce%3Ax", "filter"),
        ("name=a&above=5%25&signal=cold-rate&of=requests", "signal"),
    ] {
        let answer = coldlight.post("/alerts", &[FORM], form).await;
        let text = answer.text();
        assert_eq!(answer.status, 400, "{form}: {text}");
        assert!(text.contains(&format!("data-test=\"error\" data-name=\"{field}\"")), "{form}: {text}");
    }
    let answer = coldlight.post("/searches", &[FORM], "name=a&address=%2Fsql").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    coldlight.post("/alerts/test", &[FORM], "").await;
    let page = coldlight.get("/alerts").await.text();
    assert!(page.contains("private address") && !page.contains("secret-path"), "{page}");
    assert!(!coldlight.log().contains("secret-path"), "{}", coldlight.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_sends_a_test_to_a_program_and_to_a_chat() {
    let (program, program_hook) = Receiver::start().await;
    let (chat, chat_hook) = Receiver::start().await;
    let told_at = |hook: SocketAddr, form: &str| {
        let webhook = format!("http://{hook}/secret-path");
        let arguments = ["--alert-webhook", &webhook, "--alert-webhook-private", "--alert-webhook-form", form];
        Options { arguments: arguments.map(str::to_owned).to_vec(), ..Options::default() }
    };
    let to_program = Coldlight::start_with(told_at(program_hook, "json")).await;
    let to_chat = Coldlight::start_with(told_at(chat_hook, "slack")).await;
    // It is sent with scripts, without them, and a third time.
    program.answers.lock().unwrap().extend([StatusCode::OK, StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR]);
    let told = json!({
        "program": format!("http://{}", to_program.http()), "chat": format!("http://{}", to_chat.http()),
    });
    let mut node = tools::node();
    node.args(["--test", "--test-reporter=spec", "pages/alerts.test.mjs"]).env("COLDLIGHT_PAGES", told.to_string());
    let status = tokio::task::spawn_blocking(move || node.status()).await.unwrap().unwrap();
    assert!(status.success(), "the button does not hold: {status}; see above");

    let events = program.told();
    assert_eq!(events.len(), 3, "a test is tried once: {events:?}");
    assert!(events.iter().all(|(event, body)| body["is_test"] == true && body["id"] == event.as_str()), "{events:?}");
    let lines = chat.told();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (_, body) in lines {
        assert_eq!(body.as_object().unwrap().len(), 1, "a text and nothing else: {body}");
        assert!(body["text"].as_str().unwrap().starts_with(":red_circle: (a test) Test is firing: "), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_has_a_figure() {
    let mut random = Random::new("signals");
    let coldlight = Coldlight::start().await;
    for (of, signal, bound) in [
        ("requests", "fault-rate", "5%"),
        ("requests", "p95", "1s"),
        ("requests", "backlog", "30s"),
        ("invocations", "fault-rate", "5%"),
        ("invocations", "p95", "1s"),
        ("invocations", "cold-rate", "5%"),
        ("invocations", "cost-per-request", "$0.001"),
        ("invocations", "cost-per-hour", "$1"),
    ] {
        let name = format!("{of} {signal}");
        let made = add(&coldlight, json!({ "name": name, "of": of, "signal": signal, "above": bound })).await;
        assert_eq!((&made["state"], &made["problem"]), (&json!("no-data"), &Value::Null), "{made}");
    }
    let silence = add(&coldlight, json!({ "name": "Silence", "signal": "no-data", "window": "1m" })).await;
    assert_eq!(silence["state"], "firing", "{silence}");

    let start = unix_nanos() - 3_000_000_000;
    let (trace, sender) = (random.trace_id(), random.span_id());
    let mut sent = otlp::span("send", trace, sender, start, 10_000_000);
    sent.kind = otlp::PRODUCER;
    let mut received = otlp::span("receive", trace, random.span_id(), start + 1_010_000_000, 200_000_000);
    received.kind = otlp::CONSUMER;
    received.parent_span_id = sender.to_vec();
    received.attributes =
        vec![otlp::text("messaging.system", "aws.sqs"), otlp::text("messaging.destination.name", "orders")];
    let mut invocation = otlp::span("handler", random.trace_id(), random.span_id(), start, 100_000_000);
    invocation.attributes = vec![
        otlp::text("faas.invocation_id", "signal-1"),
        otlp::flag("faas.coldstart", true),
        otlp::int("faas.max_memory", 512 << 20),
        otlp::text("cloud.region", "eu-west-1"),
    ];
    let request = otlp::request("signals", vec![sent, received, invocation]).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    for (name, figure) in [
        ("requests fault-rate", "0%"),
        ("requests p95", "200 ms"),
        ("requests backlog", "1.00 s"),
        ("invocations p95", "100 ms"),
        ("invocations cold-rate", "100%"),
    ] {
        until(name, SOON, async || {
            let found = alert(&coldlight, name).await;
            if found["figure"] == figure { Ok(()) } else { Err(found.to_string()) }
        })
        .await;
    }
    // 0.5 GB for 100 ms, and one request.
    let each = alert(&coldlight, "invocations cost-per-request").await;
    assert!(each["figure"].as_str().is_some_and(|figure| figure.starts_with("$0.00000")), "{each}");
    until_state(&coldlight, "Silence", "ok").await;
}
