//! What a block of spans costs, step by step: `cargo bench -p coldlight-store`.
//!
//! Prints medians of five for 122,880 Lambda-shaped spans with 12 attributes: our columns, the bare bulk insert of the same
//! columns (the limit that ingest is measured against) alone and while every core does that, for cores share caches and memory,
//! and the writer's own transactions, large and small, with the checkpoints behind them.

use std::time::Duration;

use coldlight_model::{
    Attributes, Batch, Kind, Oddities, Resource, Scope, Span, SpanId, StatusCode, Timestamp, TraceId, Value,
};
use coldlight_store::measure::Steps;

const SPANS: u64 = 122_880;
const NOW: u64 = 1_795_442_602_418_000_000;

/// A cheap, repeatable scatter of bits (SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn span(n: u64) -> Span {
    let trace = n / 8;
    let mut trace_id = [0; 16];
    trace_id[..8].copy_from_slice(&mixed(trace).to_be_bytes());
    trace_id[8..].copy_from_slice(&mixed(trace ^ 1 << 40).to_be_bytes());
    let root = n.is_multiple_of(8);
    let started_at = Timestamp::from_nanos(NOW + trace * 400_000 + (n % 8) * 50_000);
    let status = if n.is_multiple_of(50) { 500 } else { 200 };
    let pairs: [(&str, Value); 12] = [
        ("faas.invocation_id", Value::Text(format!("{:016x}-{:016x}", mixed(trace), mixed(trace + 7)))),
        ("faas.trigger", "http".into()),
        ("faas.coldstart", Value::Bool(n.is_multiple_of(20))),
        ("http.request.method", "POST".into()),
        ("http.route", Value::Text(format!("/orders/{{id}}/{}", n % 12))),
        ("http.response.status_code", Value::Int(status)),
        ("url.path", Value::Text(format!("/orders/{}", mixed(n) % 100_000))),
        ("server.address", "api.example.com".into()),
        ("cloud.region", "us-east-1".into()),
        ("order.id", Value::Int((mixed(n) % 1_000_000) as i64)),
        ("customer.tier", ["gold", "silver", "bronze"][(n % 3) as usize].into()),
        ("cart.total", Value::Double((mixed(n) % 10_000) as f64 / 100.0)),
    ];
    Span {
        trace_id: TraceId::new(trace_id).expect("not zero"),
        span_id: SpanId::new(mixed(n).max(1).to_be_bytes()).expect("not zero"),
        parent_span_id: if root { None } else { SpanId::new(mixed(n - n % 8).max(1).to_be_bytes()) },
        trace_state: String::new(),
        flags: 257,
        name: ["handler", "DynamoDB.PutItem", "SQS.SendMessage", "validate"][(n % 4) as usize].to_owned(),
        kind: Kind(if root { 2 } else { 1 + (n % 3) as i32 }),
        started_at,
        ended_at: started_at.plus(1_000_000 + mixed(n) % 100_000_000),
        attributes: pairs.into_iter().collect::<Attributes>(),
        dropped_attributes_count: 0,
        events: Vec::new(),
        dropped_events_count: 0,
        links: Vec::new(),
        dropped_links_count: 0,
        status_code: StatusCode(if status == 500 { 2 } else { 0 }),
        status_message: String::new(),
        oddities: Oddities::default(),
        resource: (trace % 50) as u32,
        scope: 0,
    }
}

fn batch(spans: std::ops::Range<u64>) -> Batch {
    let resource = |n: u64| Resource {
        attributes: Attributes::from_iter([
            ("service.name", Value::Text(format!("service-{n}"))),
            ("faas.name", Value::Text(format!("function-{n}"))),
            ("cloud.platform", "aws_lambda".into()),
            ("faas.max_memory", Value::Int(512 << 20)),
        ]),
        ..Resource::default()
    };
    Batch {
        received_at: Timestamp::from_nanos(NOW),
        resources: (0..50).map(resource).collect(),
        scopes: vec![Scope::default()],
        spans: spans.map(span).collect(),
        ..Batch::default()
    }
}

/// A row group written bare, then another as the writer does it: in parts of `part` spans, `parts` to a transaction.
fn measured(part: u64, parts: usize) -> Vec<Steps> {
    (0..5)
        .map(|_| {
            let folder = tempfile::tempdir().expect("a temporary directory");
            let rest = (SPANS..2 * SPANS).step_by(part as usize).map(|from| batch(from..from + part));
            let batches = std::iter::once(batch(0..SPANS)).chain(rest).collect();
            coldlight_store::measure::steps(folder.path(), batches, parts).expect("spans written")
        })
        .collect()
}

/// The bare insert, on every core at the same time.
fn on_every_core() -> Vec<Steps> {
    let once = || {
        let folder = tempfile::tempdir().expect("a temporary directory");
        coldlight_store::measure::steps(folder.path(), vec![batch(0..SPANS)], 1).expect("spans written")
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..cores).map(|_| scope.spawn(|| (0..5).map(|_| once()).collect::<Vec<_>>())).collect();
        all.into_iter().flat_map(|one| one.join().expect("a measured core")).collect()
    })
}

fn median(all: &[Steps], of: fn(&Steps) -> Duration) -> Duration {
    let mut times: Vec<Duration> = all.iter().map(of).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn line(name: &str, time: Duration) {
    let per_span = time.as_secs_f64() * 1e6 / SPANS as f64;
    println!("{name:<44} {per_span:>7.2} µs per span {:>12.0} spans/s", 1e6 / per_span);
}

fn main() {
    let large = measured(15_360, 8);
    line("columns", median(&large, |steps| steps.columns));
    line("bare bulk insert of a row group", median(&large, |steps| steps.bare_insert));
    let busy = on_every_core();
    line("bare bulk insert, every core at it", median(&busy, |steps| steps.bare_insert));
    line("one transaction of a row group, all of it", median(&large, |steps| steps.transaction));
    line("  and its checkpoint", median(&large, |steps| steps.checkpoint));
    println!("{:<44} {:>7.1} B per span", "  file", large[0].file_bytes as f64 / (2 * SPANS) as f64);
    let small = measured(5_120, 1);
    line("transactions of 5,120 spans, all of it", median(&small, |steps| steps.transaction));
    line("  and their checkpoint", median(&small, |steps| steps.checkpoint));
    println!("{:<44} {:>7.1} B per span", "  file", small[0].file_bytes as f64 / (2 * SPANS) as f64);
    println!("{:<44} {:>7.1} B per span", "  write-ahead log", small[0].wal_bytes as f64 / SPANS as f64);
}
