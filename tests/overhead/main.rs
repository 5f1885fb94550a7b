//! What the extension costs a function: the same function with and without it, in one run, in turns.
//!
//! Cold start: the initialisation's length. Latency: from the event to the answer. Billed: the platform's duration, which goes on
//! until the extension asks for its next event. Memory: what the extension's process holds after all of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use coldlight_local::{Function, Request};
use coldlight_tests::Coldlight;
use coldlight_tests::functions::{self, Lambda};
use serde_json::{Value, json};

/// Measures what the extension adds to a function: cold start, latency, billed time, memory
#[derive(Parser)]
struct Arguments {
    /// The extension to measure, such as the one of a layer [default: the one cargo built]
    #[arg(long)]
    extension: Option<PathBuf>,
    /// The layer's zip, to print its size
    #[arg(long)]
    zip: Option<PathBuf>,
    /// Cold starts of each kind
    #[arg(long, default_value_t = 30)]
    cold: usize,
    /// Warm invocations of each kind
    #[arg(long, default_value_t = 500)]
    warm: usize,
}

/// Times in milliseconds.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, length: Duration) {
        self.0.push(length.as_secs_f64() * 1e3);
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(((sorted.len() - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let coldlight = Coldlight::start().await;
    let collector = format!("http://{}", coldlight.otlp_http());
    let extension = arguments.extension.clone().unwrap_or_else(functions::extension);
    let command = vec![functions::sender_of_spans().display().to_string()];
    let without = || functions::function("orders", command.clone());
    let with = || Function {
        extensions: vec![extension.clone()],
        collector: Some(collector.clone()),
        ..functions::function("orders", command.clone())
    };
    let none = json!({ "spans": 0 });

    // In turns, so that whatever else the machine does is shared.
    let (mut cold_without, mut cold_with) = (Times::default(), Times::default());
    for _ in 0..arguments.cold {
        cold_without.add(init(without(), &none).await?);
        cold_with.add(init(with(), &none).await?);
    }
    println!("cold start, ms                 p50      p90   (of {} each)", arguments.cold);
    line("  without", &cold_without, 0.9);
    line("  with", &cold_with, 0.9);
    println!(
        "  added                  {:9.2}{:9.2}",
        cold_with.at(0.5) - cold_without.at(0.5),
        cold_with.at(0.9) - cold_without.at(0.9)
    );

    let plain = Lambda::new(without()).await;
    let beside = Lambda::new(with()).await;
    let sending = Lambda::new(with()).await;
    let spans = json!({ "spans": 5 });
    let kinds = [(&plain, &none), (&beside, &none), (&sending, &spans)];
    let (mut latency, mut billed) = (<[Times; 3]>::default(), <[Times; 3]>::default());
    for number in 0..=arguments.warm {
        for (kind, (lambda, event)) in kinds.iter().enumerate() {
            let (answered, report) = once(lambda, event).await?;
            // The first one is the cold one.
            if number > 0 {
                latency[kind].add(answered);
                billed[kind].add(report);
            }
        }
    }
    let names = ["  without", "  with, no spans", "  with, 5 spans sent to it"];
    for (title, times) in [("latency, ms", &latency), ("billed duration, ms", &billed)] {
        println!("{title:<24}      p50      p99   (of {} each)", arguments.warm);
        names.iter().zip(times).for_each(|(name, times)| line(name, times, 0.99));
    }
    println!(
        "  latency added by its presence{:9.2}{:9.2}",
        latency[1].at(0.5) - latency[0].at(0.5),
        latency[1].at(0.99) - latency[0].at(0.99)
    );
    let pids = sending.fleet.running().iter().flat_map(|environment| environment.groups.pids()).collect::<Vec<_>>();
    for pid in pids {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))?;
        let of =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        if of("Name:").starts_with("coldlight-exten") {
            println!("memory of the extension: {} now, {} at most", of("VmRSS:"), of("VmHWM:"));
        }
    }
    if let Some(zip) = arguments.zip {
        println!("layer: {} bytes", std::fs::metadata(zip)?.len());
    }
    for lambda in [plain, beside, sending] {
        lambda.fleet.shut_down().await;
    }
    Ok(())
}

fn line(name: &str, times: &Times, high: f64) {
    println!("{name:<26}{:9.2}{:9.2}", times.at(0.5), times.at(high));
}

async fn init(function: Function, event: &Value) -> anyhow::Result<Duration> {
    let lambda = Lambda::new(function).await;
    let report = lambda.invoke(event).await?.report;
    lambda.fleet.shut_down().await;
    report.init.ok_or_else(|| anyhow::anyhow!("it was not cold: {report:?}"))
}

/// Until the answer, and the reported duration.
async fn once(lambda: &Lambda, event: &Value) -> anyhow::Result<(Duration, Duration)> {
    let start = Instant::now();
    let answer = lambda.fleet.invoke(Request::new(event.to_string())).await?;
    let answered = start.elapsed();
    let complete = answer.complete().await.ok_or_else(|| anyhow::anyhow!("no report"))?;
    complete.result.map_err(|error| anyhow::anyhow!("{}", String::from_utf8_lossy(&error.payload)))?;
    Ok((answered, complete.report.duration))
}
