//! What tracing costs a function, with and without it in the same run:
//!
//! ```sh
//! cargo run --release -p coldlight-tracing --example measure --all-features
//! ```
//!
//! Starts this program again as a function, plain and traced in turns, under a Runtime API and a receiver on the loopback address
//! where an extension listens.

#[path = "../tests/claims/receiver.rs"]
#[expect(dead_code, reason = "shared with the tests, which ask more of it")]
mod receiver;
#[path = "../tests/claims/runtime_api.rs"]
#[expect(dead_code, reason = "shared with the tests, which look at responses")]
mod runtime_api;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use receiver::Receiver;
use runtime_api::Function;

const STARTS: usize = 21;
const INVOCATIONS: usize = 1000;
const SPANS: u32 = 50_000;
const ROUNDS: usize = 8;

#[tracing::instrument]
async fn look_up(order: u64) -> u64 {
    order
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    look_up(42).await;
    Ok(json!({"statusCode": 200, "id": event.context.request_id}))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match std::env::var("COLDLIGHT_TEST_FUNCTION").as_deref() {
        Ok("plain") => return lambda_runtime::run(service_fn(handler)).await,
        Ok("traced") => return coldlight::lambda::run(&coldlight::init(), service_fn(handler)).await,
        Ok("detect") => {
            println!("{}", json!(found_out()));
            return Ok(());
        }
        Ok("spans") => {
            let telemetry = coldlight::start_with([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
            println!("{}", json!(spans(&telemetry)));
            return Ok(());
        }
        _ => {}
    }
    let start = Instant::now();
    let telemetry = coldlight::start_with([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
    println!("start() in this process: {:.2} ms", ms(start.elapsed()));
    for (what, us) in spans(&telemetry) {
        println!("{what}: {us:.2} µs");
    }

    places().await?;
    let hosts: [IpAddr; 2] = [[127, 97, 0, 1].into(), [127, 97, 0, 2].into()];
    let _extension = Receiver::start_on((hosts[1], 4318).into()).await;
    let kinds = [("plain", hosts[0]), ("traced", hosts[1])];
    let mut cold = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        for (times, (kind, host)) in cold.iter_mut().zip(kinds) {
            let start = Instant::now();
            let mut function = Function::start(kind, host, &[]).await;
            function.invoke(json!({}), &[]).await;
            times.push(start.elapsed());
        }
    }
    let [plain, traced] = cold.map(|mut times| percentile(&mut times, 50));
    println!("process start to first response, median of {STARTS}: plain {plain:.2} ms, traced {traced:.2} ms");
    for (kind, host) in kinds {
        invocations(kind, host).await;
    }
    Ok(())
}

/// What finding out where a process runs costs: until `start()` is over, and until its first span has been sent.
async fn places() -> Result<(), Error> {
    let receiver = Receiver::start_on(([127, 97, 0, 3], 4318).into()).await;
    let serve = |wait| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(metadata(listener, wait));
        Ok::<_, Error>(format!("http://{address}/v4/x"))
    };
    let (quick, silent) = (serve(Some(Duration::from_millis(1))).await?, serve(None).await?);
    let all = [
        ("anywhere", vec![]),
        ("Lambda", vec![("AWS_LAMBDA_FUNCTION_NAME", "orders".to_owned())]),
        ("Kubernetes", vec![("KUBERNETES_SERVICE_HOST", "10.0.0.1".to_owned())]),
        ("ECS, answers in 1 ms", vec![("ECS_CONTAINER_METADATA_URI_V4", quick)]),
        ("ECS, never answers", vec![("ECS_CONTAINER_METADATA_URI_V4", silent)]),
    ];
    for (place, variables) in all {
        let (mut starts, mut firsts) = (Vec::new(), Vec::new());
        for _ in 0..STARTS / 3 {
            let mut command = tokio::process::Command::new(std::env::current_exe()?);
            command.env("COLDLIGHT_TEST_FUNCTION", "detect").env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url());
            let output = command.envs(variables.clone()).output().await?;
            let [start, first]: [f64; 2] = serde_json::from_slice(&output.stdout)?;
            starts.push(Duration::from_secs_f64(start / 1e3));
            firsts.push(Duration::from_secs_f64(first / 1e3));
        }
        let (start, first) = (percentile(&mut starts, 50), percentile(&mut firsts, 50));
        println!("{place}: start() {start:.2} ms, first span sent after {first:.1} ms, medians of {}", STARTS / 3);
    }
    Ok(())
}

fn found_out() -> [f64; 2] {
    let start = Instant::now();
    let telemetry = coldlight::start();
    let started = start.elapsed();
    telemetry.tracer().start("work").end();
    telemetry.flush(Duration::from_secs(10));
    [started, start.elapsed()].map(ms)
}

/// A metadata service that knows a task, and says so after `wait`, or never.
async fn metadata(listener: TcpListener, wait: Option<Duration>) {
    const TASK: &str = r#"{"TaskARN": "arn:aws:ecs:eu-west-1:123456789012:task/shop/158d", "Family": "shop", "LaunchType": "FARGATE"}"#;
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{TASK}", TASK.len());
            let _ = stream.write_all(head.as_bytes()).await;
        });
    }
}

/// What one span costs, in microseconds: sampled, kept, and thrown away when the queue is full, which costs the same. The best
/// of several rounds, as whatever else the machine does only adds to it.
fn spans(telemetry: &coldlight::Telemetry) -> BTreeMap<&'static str, f64> {
    let tracer = telemetry.tracer();
    let of_opentelemetry = || {
        for number in 0..SPANS {
            let mut span = tracer.start("work");
            for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
                span.set_attribute(KeyValue::new(name, i64::from(number)));
            }
            span.end();
        }
    };
    let of_tracing = || {
        for number in 0..SPANS {
            let _entered = tracing::info_span!("work", number, a = 1, b = "two").entered();
            black_box(number);
        }
    };
    let subscriber = tracing_subscriber::layer::SubscriberExt::with(tracing_subscriber::registry(), telemetry.layer());
    let traced = tracing::subscriber::with_default(subscriber, || best(of_tracing));
    BTreeMap::from([
        ("one span of OpenTelemetry, 12 attributes", best(of_opentelemetry)),
        ("one span of tracing, 3 fields", traced),
    ])
}

fn best(round: impl Fn()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        us(start.elapsed())
    });
    times.fold(f64::INFINITY, f64::min)
}

async fn invocations(kind: &str, host: IpAddr) {
    let mut function = Function::start(kind, host, &[]).await;
    let (mut waited, mut after) = (Vec::new(), Vec::new());
    for _ in 0..INVOCATIONS {
        let event = json!({"version": "2.0", "routeKey": "GET /orders/{id}", "rawPath": "/orders/42", "headers": {"host": "x"},
            "requestContext": {"apiId": "a1", "stage": "$default", "http": {"method": "GET", "path": "/orders/42"}}});
        let outcome = function.invoke(event, &[]).await;
        waited.push(outcome.waited);
        after.push(outcome.after.await.unwrap_or_default());
    }
    println!(
        "{kind}, {INVOCATIONS} invocations: event to response p50 {:.3} p99 {:.3} ms; response to next event p50 {:.3} p99 {:.3} ms",
        percentile(&mut waited, 50),
        percentile(&mut waited, 99),
        percentile(&mut after, 50),
        percentile(&mut after, 99)
    );
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    ms(times[(times.len() - 1) * percent / 100])
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(SPANS)
}
