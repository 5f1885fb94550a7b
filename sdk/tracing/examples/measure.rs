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
