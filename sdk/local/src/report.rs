//! What an invocation came to: the figures of a REPORT line, and the line.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::ms;
use crate::record::{Phase, Status};

/// The figures that Lambda reports. Times are rounded to 10 µs, so that what is printed adds up.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub request_id: String,
    pub environment: String,
    pub status: Status,
    pub duration: Duration,
    /// Only of the first invocation of an environment whose own initialisation went well.
    pub init: Option<Duration>,
    pub memory_mb: u32,
    pub max_memory_mb: u64,
    /// Root=…, as the runtime got it.
    pub trace: String,
}

impl Report {
    /// Duration and initialisation together, rounded up to a whole millisecond: Lambda's rule since August 2025.
    pub fn billed_ms(&self) -> u64 {
        let total = rounded(self.duration) + self.init.map_or(Duration::ZERO, rounded);
        u64::try_from(total.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }

    /// The record's `metrics`.
    pub fn metrics(&self) -> Value {
        let mut metrics = json!({
            "durationMs": ms(self.duration), "billedDurationMs": self.billed_ms(),
            "memorySizeMB": self.memory_mb, "maxMemoryUsedMB": self.max_memory_mb,
        });
        if let Some(init) = self.init {
            metrics["initDurationMs"] = json!(ms(init));
        }
        metrics
    }

    /// The line in CloudWatch's text format, tabs between its fields.
    pub fn line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB",
            self.request_id,
            ms(self.duration),
            self.billed_ms(),
            self.memory_mb,
            self.max_memory_mb
        );
        if let Some(init) = self.init {
            line.push_str(&format!("\tInit Duration: {:.2} ms", ms(init)));
        }
        if self.status.word != "success" {
            line.push_str(&status(&self.status));
        }
        line
    }
}

/// `INIT_REPORT …`: written when an initialisation failed or took too long.
pub fn init_line(length: Duration, phase: Phase, ended: &Status) -> String {
    format!("INIT_REPORT Init Duration: {:.2} ms\tPhase: {}{}", ms(length), phase.word(), status(ended))
}

fn status(status: &Status) -> String {
    let kind = status.error_type.as_ref().map(|kind| format!("\tError Type: {kind}")).unwrap_or_default();
    // Text reports know two words for what did not go well.
    let word = if status.word == "timeout" { "timeout" } else { "error" };
    format!("\tStatus: {word}{kind}")
}

fn rounded(length: Duration) -> Duration {
    Duration::from_nanos(u64::try_from((length.as_nanos() + 5_000) / 10_000 * 10_000).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(duration: u64, init: Option<u64>) -> Report {
        Report {
            request_id: "r".to_owned(),
            environment: "e".to_owned(),
            status: Status::success(),
            duration: Duration::from_micros(duration),
            init: init.map(Duration::from_micros),
            memory_mb: 512,
            max_memory_mb: 71,
            trace: String::new(),
        }
    }

    #[test]
    fn initialisation_is_billed_with_the_first_invocation() {
        // Figures of published lines.
        assert_eq!(report(133_610, Some(80_000)).billed_ms(), 214);
        assert_eq!(report(3_016_780, Some(84_000)).billed_ms(), 3_101);
        assert_eq!(report(1_293_830, Some(1_049_630)).billed_ms(), 2_344);
        assert_eq!(report(3_000_000, None).billed_ms(), 3_000);
    }

    #[test]
    fn a_line_reads_as_cloudwatch_prints_it() {
        assert_eq!(
            report(133_610, Some(80_000)).line(),
            "REPORT RequestId: r\tDuration: 133.61 ms\tBilled Duration: 214 ms\tMemory Size: 512 MB\tMax Memory Used: 71 MB\t\
             Init Duration: 80.00 ms"
        );
        let mut timeout = report(3_000_000, None);
        timeout.status = Status { word: "timeout", error_type: None };
        assert!(timeout.line().ends_with("Max Memory Used: 71 MB\tStatus: timeout"));
        let crash = Status { word: "failure", error_type: Some("Runtime.ExitError".to_owned()) };
        assert_eq!(
            init_line(Duration::from_millis(12), Phase::Init, &crash),
            "INIT_REPORT Init Duration: 12.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError"
        );
    }
}
