mod damage;
mod faults;
mod power;
mod running;
mod simulated;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coldlight_model::{Attributes, Batch, LogRecord, Timestamp, Value};

use super::disk::Disk;
use super::segment::Segment;
use super::shared::Shared;
use super::{Journaled, Reader, Recovered, Settings, recover};
use simulated::Simulated;

/// Where simulated journals lie.
const ROOT: &str = "/data";

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

fn settings() -> Settings {
    Settings { retry: Duration::from_millis(1), ..Settings::new(now) }
}

/// A batch that says which one it is, about `size` bytes long as a record.
fn batch(number: u64, size: usize) -> Batch {
    let log = LogRecord {
        at: Some(Timestamp::from_nanos(number)),
        observed_at: None,
        trace_id: None,
        span_id: None,
        flags: 0,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Value::Text("x".repeat(size)),
        attributes: Attributes::new(),
        dropped_attributes_count: 0,
        event_name: String::new(),
        resource: 0,
        scope: 0,
    };
    Batch { logs: vec![log], ..Batch::default() }
}

fn number_of(batch: &Batch) -> u64 {
    batch.logs[0].at.unwrap().nanos().cast_unsigned()
}

/// The journal's shared half on `disk` without a syncing thread, as found by a start there.
fn opened(disk: &Simulated, floor: u64) -> Result<(Shared, Recovered), super::JournalError> {
    let (segments, recovered): (VecDeque<Segment>, _) = recover::recover(disk, Path::new(ROOT), floor)?;
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Ok((Shared::new(disk, Path::new(ROOT), settings(), segments, recovered.last), recovered))
}

/// All that can be read now, in order.
fn drain(reader: &mut Reader) -> Vec<Journaled> {
    std::iter::from_fn(|| reader.next(Duration::ZERO).unwrap()).collect()
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
