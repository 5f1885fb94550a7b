//! What this extension costs the function, told as data: a record of type `coldlight.extension` with each invocation.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::House;

/// The record's name.
pub const KIND: &str = "coldlight.extension";

#[derive(Default)]
pub struct Tax {
    /// From the start of the process to its first question for an event; told once.
    pub init: Option<Duration>,
    /// How long the last invocation was kept open after its runtime was done. Unknown where nothing was waited for.
    pub post_runtime: Option<Duration>,
}

impl Tax {
    /// The body of the next record. Durations of the last invocation, as this one's are not known yet.
    pub fn told(&mut self, house: &House, while_it_runs: bool) -> Value {
        let waiting = house.waiting();
        let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let mut body = json!({
            "flush": if while_it_runs { "next" } else { "end" }, "spoolBytes": waiting,
            "requestsTaken": count(&house.counts.taken), "requestsHandedOver": count(&house.counts.handed),
            "requestsLost": count(&house.counts.lost),
        });
        if let Some(kb) = resident_kb() {
            body["memoryKB"] = json!(kb);
        }
        if let Some(init) = self.init.take() {
            body["initMs"] = json!(ms(init));
        }
        if let Some(length) = self.post_runtime.take() {
            body["lastPostRuntimeMs"] = json!(ms(length));
        }
        body
    }
}

fn ms(length: Duration) -> f64 {
    (length.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Resident memory of this process.
fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().split_ascii_whitespace().next()?.parse().ok()
}
