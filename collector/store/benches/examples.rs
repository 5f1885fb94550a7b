//! How long each example in SQL takes on a million invocations: `cargo bench -p coldlight-store --bench examples`.
//!
//! Makes the invocations (`queries/made_invocations.sql`) and the span of each, asks every example five times as a user would, through
//! the gate and all limits, and prints the best and the worst of them. `COLDLIGHT_BENCH_INVOCATIONS` takes another number.

use std::time::{Duration, Instant};

use coldlight_model::Timestamp;
use coldlight_store::{EXAMPLES, Question, Settings, Store, measure};

fn now() -> Timestamp {
    Timestamp::from_nanos(1_795_442_602_418_000_000)
}

#[tokio::main]
async fn main() {
    let invocations = std::env::var("COLDLIGHT_BENCH_INVOCATIONS").map_or(Ok(1_000_000), |text| text.parse());
    let invocations = invocations.expect("COLDLIGHT_BENCH_INVOCATIONS is a number");
    let folder = tempfile::tempdir().expect("a temporary directory");
    measure::made_invocations(folder.path(), invocations, now()).expect("invocations made");
    let store = Store::open(Settings { threads: 2, ..Settings::new(folder.path()) }, now).expect("a store");
    println!("{invocations} invocations and as many spans, 2 threads; best and worst of 5");
    for example in EXAMPLES {
        let mut times: Vec<Duration> = Vec::new();
        let mut rows = 0;
        for _ in 0..5 {
            let started = Instant::now();
            rows = store.sql(Question::new(example.text)).await.expect(example.name).rows.len();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let (best, worst) = (times[0].as_millis(), times[4].as_millis());
        println!("{:<24} {best:>5} ms {worst:>5} ms {rows:>4} rows", example.name);
    }
    store.close().expect("closed");
}
