//! Where a value can be: blocks of spans that were written one after another, each with a Bloom filter of what is in it.
//!
//! A block is said by journal records, from and to, and not by row groups: what a filter excludes becomes a condition on
//! `sequence`, and the engine passes over the row groups that lie outside. Spans of no block (those of the newest one, those
//! written before a crash, those of older versions) are read always, so nothing depends on a filter but time.

use arrow::array::{Array, AsArray, StringArray};
use arrow::record_batch::RecordBatch;
use duckdb::Connection;

use crate::bloom::{Bloom, fingerprint, may_hold, slice_of};
use crate::error::StoreError;
use crate::part::Part;
use crate::ranges::Ranges;

/// Under these names stand which trace a span is of, which request it is, and which traces it links to. An attribute of the same name
/// does no harm.
const TRACE: &str = "trace_id";
const REQUEST: &str = "invocation_id";
const LINKS: &str = "links";

/// A condition has at most this many ranges; nearer ones are read as one.
const MOST_RANGES: usize = 64;

/// Of more than so many nobody asks where they are, one by one.
const MOST_SOUGHT: usize = 8;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sought(u64);

impl Sought {
    pub fn trace(id: &str) -> Self {
        Self(fingerprint(TRACE, id))
    }

    /// A link to it.
    pub fn link(trace_id: &str) -> Self {
        Self(fingerprint(LINKS, trace_id))
    }

    pub fn request(id: &str) -> Self {
        Self(fingerprint(REQUEST, id))
    }

    pub fn attribute(name: &str, value: &str) -> Self {
        Self(fingerprint(name, value))
    }
}

/// Fingerprints of everything in span rows that is looked for by value; some of them more than once.
pub(crate) fn fingerprints(spans: &RecordBatch) -> Vec<u64> {
    let mut found = Recent::default();
    for name in [TRACE, REQUEST] {
        if let Some(texts) = spans.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()) {
            texts.iter().flatten().for_each(|text| found.push(fingerprint(name, text)));
        }
    }
    let links = spans.column_by_name(LINKS).and_then(|column| column.as_list_opt::<i32>());
    if let Some(linked) =
        links.and_then(|links| links.values().as_struct_opt()?.column_by_name(TRACE)?.as_string_opt::<i32>())
    {
        linked.iter().flatten().for_each(|text| found.push(fingerprint(LINKS, text)));
    }
    if let Some(maps) = spans.column_by_name("attributes").and_then(|column| column.as_map_opt()) {
        let texts =
            |array: &dyn Array| array.as_string_opt::<i32>().cloned().unwrap_or_else(|| StringArray::new_null(0));
        let (names, values) = (texts(maps.keys().as_ref()), texts(maps.values().as_ref()));
        for (name, value) in names.iter().zip(&values) {
            if let (Some(name), Some(value)) = (name, value) {
                found.push(fingerprint(name, value));
            }
        }
    }
    found.all
}

/// Fingerprints, most of the repeats left out.
struct Recent {
    all: Vec<u64>,
    seen: [u64; 1024],
}

impl Default for Recent {
    fn default() -> Self {
        Self { all: Vec::new(), seen: [0; 1024] }
    }
}

impl Recent {
    fn push(&mut self, fingerprint: u64) {
        let seen = &mut self.seen[fingerprint as usize % 1024];
        if *seen != fingerprint {
            *seen = fingerprint;
            self.all.push(fingerprint);
        }
    }
}

/// The block that is being written.
pub(crate) struct Block {
    bloom: Bloom,
    records: Option<(u64, u64)>,
    spans: usize,
    /// Of records before this one some spans may have been written before anybody took their fingerprints.
    whole_from: u64,
}

impl Block {
    /// The first since the start: records up to `written` are in the tables, and perhaps a part of the one after.
    pub fn new(written: u64) -> Self {
        Self { bloom: Bloom::new(), records: None, spans: 0, whole_from: written + 2 }
    }

    /// What is added may be written in several transactions, or tried several times.
    pub fn add(&mut self, part: &Part) {
        if let Some(spans) = &part.spans {
            self.spans += spans.columns.num_rows();
            part.fingerprints.iter().for_each(|&fingerprint| self.bloom.insert(fingerprint));
        }
        let (first, last) = self.records.unwrap_or((part.first, part.last));
        self.records = Some((first.min(part.first), last.max(part.last)));
    }

    pub fn spans(&self) -> usize {
        self.spans
    }

    /// Keeps it, in the caller's transaction.
    pub fn keep(&self, db: &Connection) -> Result<(), StoreError> {
        let Some((first, last)) = self.records else { return Ok(()) };
        let first = first.max(self.whole_from);
        if self.spans == 0 || first > last {
            return Ok(());
        }
        let mut insert = db.prepare("INSERT INTO span_blocks VALUES (?, ?, ?, ?)")?;
        for (slice, bits) in self.bloom.slices().into_iter().enumerate() {
            insert.execute(duckdb::params![first, last, slice as u8, bits])?;
        }
        Ok(())
    }

    /// Begins the next one.
    pub fn clear(&mut self) {
        self.bloom.clear();
        (self.records, self.spans) = (None, 0);
    }
}

/// Where all of `sought` can be in one span, as ` AND …` on `sequence`; empty when that is everywhere.
pub(crate) fn where_all_can_be(db: &Connection, sought: &[Sought]) -> Result<String, StoreError> {
    let mut all = Ranges::all();
    for &one in sought {
        all = all.and_within(&possible(db, one)?);
    }
    Ok(condition(all))
}

/// Where any of `sought` can be, likewise.
pub(crate) fn where_any_can_be(db: &Connection, sought: &[Sought]) -> Result<String, StoreError> {
    let mut any = if sought.len() > MOST_SOUGHT { Ranges::all() } else { Ranges::none() };
    for &one in sought.iter().take(MOST_SOUGHT) {
        any = any.and_also(possible(db, one)?);
    }
    Ok(condition(any))
}

/// In which records `sought` can be.
fn possible(db: &Connection, Sought(fingerprint): Sought) -> Result<Ranges, StoreError> {
    let mut statement = db.prepare_cached(include_str!("queries/span_blocks.sql"))?;
    let mut rows = statement.query([slice_of(fingerprint)])?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let records = row.get(0)?..=row.get(1)?;
        let holds = row.get_ref(2)?.as_blob().map_or(true, |bits| may_hold(bits, fingerprint));
        if holds { with.push(records) } else { without.push(records) }
    }
    // A record may lie at the end of one block and at the beginning of another.
    Ok(Ranges::of(without).others().and_also(Ranges::of(with)))
}

fn condition(possible: Ranges) -> String {
    if possible == Ranges::all() {
        return String::new();
    }
    let pieces: Vec<String> = possible
        .at_most(MOST_RANGES)
        .iter()
        .map(|records| format!("sequence BETWEEN {} AND {}", records.start(), records.end()))
        .collect();
    if pieces.is_empty() { " AND FALSE".to_owned() } else { format!(" AND ({})", pieces.join(" OR ")) }
}
