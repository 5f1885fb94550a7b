//! The same request more than once: what senders do when an answer is lost, late or a refusal, and that nothing is doubled.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coldlight_tests::clock::{unix_nanos, until};
use coldlight_tests::program::program;
use coldlight_tests::proxy::{Passed, Proxy};
use coldlight_tests::random::Random;
use coldlight_tests::{Coldlight, grpc, otlp, tools, web};
use http::Method;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

/// A request of two services that call each other, some spans failing.
fn two_services(random: &mut Random) -> Vec<u8> {
    let mut resources: Vec<ResourceSpans> = Vec::new();
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let (trace, call) = (random.trace_id(), random.span_id());
        let start = unix_nanos() - 5_000_000_000;
        let root = random.span_id();
        let mut caller = otlp::span("GET /", trace, root, start, 9_000_000);
        caller.status = (number % 4 == 0).then(|| otlp::failed("no").unwrap());
        let child = |id: [u8; 8], parent: [u8; 8], kind: i32| Span {
            parent_span_id: parent.to_vec(),
            kind,
            ..otlp::span("call", trace, id, start + 1_000_000, 5_000_000)
        };
        front.extend([caller, child(call, root, otlp::CLIENT)]);
        back.push(child(random.span_id(), call, otlp::SERVER));
    }
    resources.push(otlp::resource_spans(otlp::resource("front", Vec::new()), front));
    resources.push(otlp::resource_spans(otlp::resource("back", Vec::new()), back));
    otlp::trace_request(resources).encode_to_vec()
}

/// Everything that is counted, in one text.
async fn counted(coldlight: &Coldlight) -> String {
    let mut all = String::new();
    for question in [
        "SELECT service, count(*), count(*) FILTER (fault), sum(duration_ns) FROM spans GROUP BY ALL ORDER BY ALL",
        "SELECT root_service, spans, faults, count(*) FROM traces GROUP BY ALL ORDER BY ALL",
        "SELECT service, sum(calls), sum(faults) FROM service_minutes GROUP BY ALL ORDER BY ALL",
        "SELECT caller, callee, sum(calls) FROM edge_minutes GROUP BY ALL ORDER BY ALL",
        "SELECT count(*) FROM resources",
    ] {
        all += &format!("{:?}\n", coldlight.sql(question).await.rows);
    }
    all
}

async fn until_rolled_up(coldlight: &Coldlight) {
    until("rollups", Duration::from_secs(10), async || {
        let calls = coldlight.try_sql("SELECT sum(calls)::BIGINT FROM service_minutes").await?.rows;
        if calls[0][0] == 40 { Ok(()) } else { Err(format!("{calls:?} calls")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_again_and_again_counts_as_one() {
    let mut coldlight = Coldlight::start().await;
    let request = two_services(&mut Random::new("retries"));
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    until_rolled_up(&coldlight).await;
    let once = counted(&coldlight).await;

    // Five times over HTTP, the sender gone before the answer comes.
    let wire = Proxy::to(coldlight.otlp_http()).await;
    wire.lose_answers(5);
    for _ in 0..5 {
        let headers = [("content-type", "application/x-protobuf")];
        let again = web::request(Method::POST, "/v1/traces", &headers, web::whole(request.clone()));
        assert!(web::send(wire.address, again).await.is_err(), "the answer was to be lost");
    }
    // And over gRPC, at the same time, after a restart and after a kill.
    for round in 0..3 {
        let calls = (0..4).map(|_| {
            let (mut connection, request) = (connection.clone(), request.clone());
            async move { connection.call(grpc::TRACES, "identity", &request).await.unwrap() }
        });
        for answer in futures_util::future::join_all(calls).await {
            assert!(answer.is_ok() && answer.message.is_empty(), "a repeat is a success: {answer:?}");
        }
        coldlight.until_written(Duration::from_secs(10)).await;
        assert_eq!(counted(&coldlight).await, once, "round {round}");
        if round == 0 {
            coldlight.restart().await;
        } else if round == 1 {
            coldlight.kill9();
            coldlight.start_again().await;
        }
        connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    }
}

/// A real SDK that sends until it is told to finish; see `sdks.rs` for what it prints.
struct Sdk {
    service: &'static str,
    child: Child,
}

impl Sdk {
    fn start(mut command: Command, service: &'static str, protocol: &str, wire: &Proxy) -> Self {
        let endpoint = format!("http://{}/v1/traces", wire.address);
        command.args([protocol, &endpoint, service]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.stderr(Stdio::null()).spawn().unwrap_or_else(|why| panic!("{service}: {why}"));
        Self { service, child }
    }

    /// Stops it and compares what it made with what is kept: everything, once.
    async fn check(mut self, coldlight: &Coldlight) -> usize {
        drop(self.child.stdin.take());
        let child = std::mem::replace(&mut self.child, Command::new("true").spawn().unwrap());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut created: Vec<String> = serde_json::from_value(report["created"].clone()).unwrap();
        created.sort();
        coldlight.until_written(Duration::from_secs(10)).await;
        let question =
            format!("SELECT trace_id || ':' || span_id FROM spans WHERE service = '{}' ORDER BY 1", self.service);
        let kept = coldlight.sql(&question).await.texts();
        assert_eq!(kept, created, "{}", self.service);
        created.len()
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python() -> Command {
    let mut python = tools::python();
    python.arg(tools::folder().join("python/sender.py"));
    python
}

fn node() -> Command {
    let mut node = tools::node();
    node.arg("sender.mjs");
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn sdks_send_again_what_was_answered_in_vain_and_it_counts_once() {
    let coldlight = Coldlight::start().await;
    for (command, service, protocol) in [
        (python(), "python-http", "http"),
        (node(), "node-http-json", "http-json"),
        (node(), "node-http-proto", "http-proto"),
    ] {
        let wire = Proxy::to(coldlight.otlp_http()).await;
        let sdk = Sdk::start(command, service, protocol, &wire);
        until("first answers", Duration::from_secs(20), async || {
            if wire.passed().len() >= 4 { Ok(()) } else { Err(format!("{:?}", wire.passed())) }
        })
        .await;
        wire.lose_answers(1);
        until("an answer lost and more after it", Duration::from_secs(20), async || {
            let passed = wire.passed();
            let lost = passed.iter().rposition(|(_, what)| matches!(what, Passed::Answer { lost: true, .. }));
            if lost.is_some_and(|at| passed.len() > at + 4) { Ok(()) } else { Err(format!("{} passed", passed.len())) }
        })
        .await;
        let created = sdk.check(&coldlight).await;
        println!("{service}: {created} spans made and kept once");
    }
    let duplicates = metric(&coldlight, "coldlight_duplicate_spans_total").await;
    assert!(duplicates > 0.0, "nothing was sent again");
}

async fn metric(coldlight: &Coldlight, name: &str) -> f64 {
    let metrics = coldlight.get("/metrics").await.text();
    let line =
        metrics.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("no {name}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sdks_come_back_after_the_time_they_were_told() {
    for (command, service, protocol) in [(python(), "python-http", "http"), (node(), "node-http-json", "http-json")] {
        let refusing = Refusing::start();
        let wire = Proxy::to(refusing.address).await;
        let sdk = Sdk::start(command, service, protocol, &wire);
        until("a refusal and another try", Duration::from_secs(30), async || {
            if !wire.waits_after(503).is_empty() { Ok(()) } else { Err(format!("{:?}", wire.passed())) }
        })
        .await;
        for (asked, waited) in wire.waits_after(503) {
            let asked = Duration::from_secs(asked.expect("a refusal says when to come back"));
            println!("{service}: told to wait {asked:?}, came back after {waited:?}");
            assert!((Duration::from_secs(1)..=Duration::from_secs(5)).contains(&asked));
            assert!(
                waited + Duration::from_millis(100) >= asked,
                "{service}: came back after {waited:?}, not {asked:?}"
            );
        }
        drop(sdk);
    }
}

/// A program that refuses everything, started without waiting until it is ready, for it never is.
struct Refusing {
    address: std::net::SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Refusing {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program("serve");
        // A reserve larger than any disk.
        command.arg("--data").arg(folder.path().join("data")).args(["--disk-reserve", "1000000GiB"]);
        command.args(["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let said = std::io::BufReader::new(child.stdout.take().unwrap());
        let address = std::io::BufRead::lines(said)
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening otlp-http ").and_then(|address| address.parse().ok()))
            .expect("it says where it listens");
        Self { address, child, _folder: folder }
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
