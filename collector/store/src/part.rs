//! What the writer takes in one go: records of the journal, made into columns.
//!
//! Making columns needs no database, so the next part is made while one is being written.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use arrow::record_batch::RecordBatch;
use coldlight_model::{Batch, Resource, ResourceId, Timestamp};

use crate::journal::{JournalError, Journaled, Reader};
use crate::recent;
use crate::repeats::{self, Rows, When};
use crate::rows::{self, Incoming};
use crate::span_blocks::{Fingerprints, fingerprints};

/// A part holds at most about this much memory, however large its rows are.
const PART_BYTES: usize = 32 << 20;

/// Records of the journal as rows of the tables, and what the journal said of them.
pub(crate) struct Part {
    /// When its oldest record was acknowledged.
    pub acknowledged_at: Timestamp,
    /// The first and the last record, whole or broken.
    pub first: u64,
    pub last: u64,
    /// How many whole records.
    pub records: u64,
    /// What they weigh in memory, in bytes.
    pub bytes: usize,
    /// Each resource once, with the time it was received at.
    pub resources: Vec<(ResourceId, Resource, Timestamp)>,
    pub platform: Option<RecordBatch>,
    pub logs: Option<Rows>,
    pub metrics: Option<Rows>,
    pub spans: Option<Rows>,
    /// Of what is looked for in the spans.
    pub fingerprints: Fingerprints,
    /// Records that no table can take: they point at what they do not have.
    pub broken: Vec<Journaled>,
}

impl Part {
    /// Columns of everything in `records`, in order. There is at least one record.
    pub fn of(records: Vec<Journaled>) -> Self {
        let acknowledged_at = records.first().map_or(Timestamp::from_nanos(0), |record| record.acknowledged_at);
        let (first, last) = (records.first(), records.last());
        let [first, last] = [first, last].map(|record| record.map_or(0, |record| record.sequence));
        let (whole, broken): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.batch.is_whole());
        let incoming: Vec<Incoming<'_>> =
            whole.iter().map(|record| Incoming { sequence: record.sequence, batch: &record.batch }).collect();
        let logged = times(&incoming, repeats::logged_at);
        let measured = times(&incoming, |batch| batch.metrics.iter().map(|point| point.at));
        let started = times(&incoming, |batch| batch.spans.iter().map(|span| span.started_at));
        let spans = (!started.is_empty()).then(|| Rows {
            columns: rows::span_columns(&incoming),
            wanted: repeats::firsts(&incoming),
            times: started,
            spans: incoming.iter().flat_map(|of| &of.batch.spans).map(recent::key).collect(),
        });
        Self {
            acknowledged_at,
            first,
            last,
            records: whole.len() as u64,
            bytes: whole.iter().map(|record| record.weight).sum(),
            resources: resources(&incoming),
            platform: if logged.is_empty() { None } else { rows::platform_columns(&incoming) },
            logs: (!logged.is_empty()).then(|| Rows {
                columns: rows::log_columns(&incoming),
                wanted: repeats::said_first(&incoming, |batch| batch.logs.len()),
                times: logged,
                spans: Vec::new(),
            }),
            metrics: (!measured.is_empty()).then(|| Rows {
                columns: rows::metric_columns(&incoming),
                wanted: repeats::said_first(&incoming, |batch| batch.metrics.len()),
                times: measured,
                spans: Vec::new(),
            }),
            fingerprints: spans.as_ref().map_or_else(Fingerprints::default, |spans| fingerprints(&spans.columns)),
            spans,
            broken,
        }
    }
}

fn resources(incoming: &[Incoming<'_>]) -> Vec<(ResourceId, Resource, Timestamp)> {
    let mut seen = HashSet::new();
    let all = incoming.iter().flat_map(|of| of.batch.resources.iter().map(|resource| (of.batch.received_at, resource)));
    all.map(|(received, resource)| (resource.id(), resource, received))
        .filter(|(id, ..)| seen.insert(*id))
        .map(|(id, resource, received)| (id, resource.clone(), received))
        .collect()
}

fn times<'a, I: Iterator<Item = Timestamp>>(incoming: &[Incoming<'a>], of_batch: impl Fn(&'a Batch) -> I) -> Vec<When> {
    incoming.iter().flat_map(|of| of_batch(of.batch).map(|at| When::new(at, of.batch.received_at))).collect()
}

/// What has been acknowledged and not written, from `first` on: until `deadline`, or until it has `most_rows` or `most` bytes.
pub(crate) fn gather(
    reader: &mut Reader,
    first: Journaled,
    deadline: Instant,
    most_rows: usize,
    most: usize,
) -> Result<Vec<Journaled>, JournalError> {
    let most = most.min(PART_BYTES);
    let (mut rows, mut bytes) = (rows_of(&first), first.weight);
    let mut records = vec![first];
    while rows < most_rows && bytes < most {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(next) = reader.next(left)? else { break };
        rows += rows_of(&next);
        bytes += next.weight;
        records.push(next);
    }
    Ok(records)
}

/// A part of what waits now.
pub(crate) fn read_ahead(reader: &mut Reader, most_rows: usize) -> Result<Option<Part>, JournalError> {
    let now = Instant::now();
    let Some(first) = reader.next(Duration::ZERO)? else { return Ok(None) };
    Ok(Some(Part::of(gather(reader, first, now, most_rows, PART_BYTES)?)))
}

fn rows_of(record: &Journaled) -> usize {
    record.batch.spans.len() + record.batch.logs.len() + record.batch.metrics.len()
}
