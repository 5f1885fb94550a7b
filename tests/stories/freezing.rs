//! Functions that are frozen, killed and cut off from the collector: every span that the extension took arrives, once.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use coldlight_local::Function;
use coldlight_tests::functions::{Lambda, consumer, function, sender_of_spans, with_extension};
use coldlight_tests::random::Random;
use coldlight_tests::{Coldlight, tools};
use serde_json::{Value, json};

/// Functions side by side, each with one environment.
const FUNCTIONS: usize = 4;
/// Of all functions together; `COLDLIGHT_SOAK=10` plays ten times as many.
const INVOCATIONS: usize = 1_000;
const KILLS: usize = 200;
/// Without the extension, under the same freezing: our SDK for Rust, and a stock one for comparison.
const ALONE: usize = 60;
/// The collector is away for so many invocations of the first function.
const AWAY: usize = 3;

#[derive(Default)]
struct Counts {
    returned: AtomicUsize,
    kills: AtomicUsize,
    pauses: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_span_that_the_extension_took_arrives_once() {
    let mut random = Random::new("freezing");
    let soak: usize = std::env::var("COLDLIGHT_SOAK").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let (invocations, kills) = (INVOCATIONS * soak, KILLS * soak);
    let folder = tempfile::tempdir().unwrap();
    let mut coldlight = Coldlight::start().await;
    let url = format!("http://{}", coldlight.otlp_http());
    let counts = Counts::default();
    let start = Instant::now();
    // Only one of them takes the collector away.
    let mut takes_away = Some(&mut coldlight);
    let stories = (0..FUNCTIONS).map(|index| {
        let ledger = folder.path().join(index.to_string());
        let mut orders = with_extension("orders", vec![sender_of_spans().display().to_string()], &url);
        orders.variables.insert("LEDGER".to_owned(), ledger.display().to_string());
        let story = Story {
            random: Random::from_seed(random.number()),
            kills: kills / FUNCTIONS,
            invocations: invocations / FUNCTIONS,
            coldlight: takes_away.take(),
            counts: &counts,
        };
        story.play(orders)
    });
    futures_util::future::join_all(stories.collect::<Vec<_>>()).await;
    let played = start.elapsed();
    let mut taken = BTreeSet::new();
    for index in 0..FUNCTIONS {
        taken.extend(lines(&folder.path().join(index.to_string())));
    }
    let (returned, killed) = (counts.returned.load(Ordering::Relaxed), counts.kills.load(Ordering::Relaxed));
    let pauses = counts.pauses.load(Ordering::Relaxed);
    println!(
        "{invocations} invocations ({returned} returned), {killed} kills, {pauses} pauses in {played:?}: {} spans taken",
        taken.len()
    );
    assert_eq!(killed, kills);
    assert!(taken.len() > invocations, "{}", taken.len());

    coldlight.until_written(Duration::from_secs(20)).await;
    let arrived = coldlight.sql("SELECT span_id FROM spans WHERE service = 'orders'").await.texts();
    let distinct: BTreeSet<String> = arrived.iter().cloned().collect();
    let lost: Vec<&String> = taken.difference(&distinct).collect();
    let some = &lost[..lost.len().min(5)];
    assert!(lost.is_empty(), "{} of {} spans never arrived, such as {some:?}", lost.len(), taken.len());
    assert_eq!(arrived.len(), distinct.len(), "once each");

    let (returned, lost) = alone(&coldlight, &mut random).await;
    println!("our SDK alone, frozen and killed alike: {lost} of {returned} invocations that returned lost");
    assert_eq!(lost, 0, "what returned was sent before the freeze");
    let (made, lost) = stock(&coldlight, &mut random).await;
    println!(
        "a stock SDK that exports directly, frozen and killed alike: {lost} of {made} spans of returned invocations lost"
    );
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

struct Story<'a> {
    random: Random,
    invocations: usize,
    kills: usize,
    coldlight: Option<&'a mut Coldlight>,
    counts: &'a Counts,
}

impl Story<'_> {
    async fn play(mut self, function: Function) {
        let lambda = Lambda::new(function).await;
        let away = self.invocations / 2;
        for number in 0..self.invocations {
            if let Some(coldlight) = &mut self.coldlight {
                if number == away {
                    coldlight.kill9();
                }
                if number == away + AWAY {
                    coldlight.start_again().await;
                }
            }
            // Spread evenly over what is left, so that all of them happen.
            let kill = self.random.chance(self.kills as u64, (self.invocations - number) as u64);
            self.kills -= usize::from(kill);
            let how = ["protobuf", "gzip", "json", "grpc"][self.random.below(4) as usize];
            let event = json!({ "spans": self.random.below(5), "how": how });
            let pause = self.random.chance(1, 4);
            self.one(&lambda, &event, kill, pause).await;
        }
        // The last kill may have left an environment without processes: another invocation starts them.
        lambda.answer(&json!({ "spans": 1 })).await;
        lambda.fleet.shut_down().await;
    }

    /// One invocation; somewhere in it all processes are paused, or killed.
    async fn one(&mut self, lambda: &Lambda, event: &Value, kill: bool, pause: bool) {
        let (at, length) = (self.random.below(30_000), self.random.below(20_000));
        let disturb = async {
            if !(kill || pause) {
                return;
            }
            tokio::time::sleep(Duration::from_micros(at)).await;
            for environment in lambda.fleet.running() {
                if kill {
                    environment.groups.kill();
                } else {
                    environment.groups.pause();
                    tokio::time::sleep(Duration::from_micros(length)).await;
                    environment.groups.unpause();
                }
            }
        };
        let (outcome, ()) = tokio::join!(lambda.invoke(event), disturb);
        if kill {
            self.counts.kills.fetch_add(1, Ordering::Relaxed);
        } else if pause {
            self.counts.pauses.fetch_add(1, Ordering::Relaxed);
        }
        if outcome.is_ok_and(|complete| complete.result.is_ok()) {
            self.counts.returned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Invocations under our SDK for Rust that returned, and how many of them did not arrive: it hands its spans over before the
/// environment freezes.
async fn alone(coldlight: &Coldlight, random: &mut Random) -> (usize, usize) {
    let mut alone = function("alone", vec![consumer().display().to_string()]);
    let collector = format!("http://{}", coldlight.otlp_http());
    alone.variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector);
    alone.variables.insert("OTEL_SERVICE_NAME".to_owned(), "alone".to_owned());
    let lambda = Lambda::new(alone).await;
    let mut returned = BTreeSet::new();
    for _ in 0..ALONE {
        let complete = lambda.invoke(&json!({})).await;
        returned.extend(complete.ok().filter(|one| one.result.is_ok()).map(|one| one.report.request_id));
        kill_sometimes(&lambda, random);
    }
    lambda.fleet.shut_down().await;
    coldlight.until_written(Duration::from_secs(20)).await;
    let arrived = coldlight.sql("SELECT DISTINCT invocation_id FROM spans WHERE service = 'alone'").await.texts();
    let arrived: BTreeSet<String> = arrived.into_iter().collect();
    (returned.len(), returned.difference(&arrived).count())
}

/// One time in ten, between two invocations.
fn kill_sometimes(lambda: &Lambda, random: &mut Random) {
    if random.chance(1, 10) {
        lambda.fleet.running().iter().for_each(|environment| environment.groups.kill());
    }
}

/// Spans that Python's SDK made in invocations that returned, and how many of them did not arrive: its batches go out on a
/// timer, which stands still with everything else.
async fn stock(coldlight: &Coldlight, random: &mut Random) -> (usize, usize) {
    let python = tools::python().get_program().to_string_lossy().into_owned();
    let mut stock =
        function("stock", [&python, "-m", "awslambdaric", "lambda_function.handler"].map(String::from).to_vec());
    stock.handler = "lambda_function.handler".to_owned();
    stock.folder = tools::folder().join("python");
    let collector = format!("http://{}", coldlight.otlp_http());
    stock.variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector);
    stock.variables.insert("OTEL_SERVICE_NAME".to_owned(), "stock".to_owned());
    stock.variables.insert("PROCESSOR".to_owned(), "batch".to_owned());
    let lambda = Lambda::new(stock).await;
    let mut made = BTreeSet::new();
    for _ in 0..ALONE {
        if let Ok(complete) = lambda.invoke(&json!({})).await {
            let answer: Value =
                complete.result.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap_or_default());
            made.extend(answer["spans"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        kill_sometimes(&lambda, random);
    }
    lambda.fleet.shut_down().await;
    coldlight.until_written(Duration::from_secs(20)).await;
    let arrived = coldlight.sql("SELECT span_id FROM spans WHERE service = 'stock'").await.texts();
    let arrived: BTreeSet<String> = arrived.into_iter().collect();
    (made.len(), made.difference(&arrived).count())
}
