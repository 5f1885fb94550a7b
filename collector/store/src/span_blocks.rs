//! Where a value can be: blocks of spans that were written one after another, each with a Bloom filter of what is in it.
//!
//! A block is said by journal records, from and to, and not by row groups: what a filter excludes becomes a condition on
//! `sequence`, and the engine passes over the row groups that lie outside. Spans of no block (those of the newest one, those
//! written before a crash, those of older versions) are read always, so nothing depends on a filter but time.
//!
//! Which traces are in a block is said by a filter of its own, smaller and more exact: a trace is looked for in every store, however large,
//! and a page of a list looks for fifty.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, StringArray};
use arrow::record_batch::RecordBatch;
use duckdb::Connection;

use crate::bloom::{Bloom, Exactness, SLICES, fingerprint, may_hold, slice_of};
use crate::commit::Rest;
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

/// Of more than so many nobody asks where they are: nearly every block would seem to have one of them.
const MOST_VALUES: usize = 8;
const MOST_TRACES: usize = 256;

/// Of up to so many slices of sixteen each is read by itself.
const FEW_SLICES: usize = 8;

/// What is looked for: its fingerprint, in one of the two filters of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sought {
    Value(u64),
    Trace(u64),
}

impl Sought {
    pub fn trace(id: &str) -> Self {
        Self::Trace(fingerprint(TRACE, id))
    }

    /// A link to it.
    pub fn link(trace_id: &str) -> Self {
        Self::Value(fingerprint(LINKS, trace_id))
    }

    pub fn request(id: &str) -> Self {
        Self::Value(fingerprint(REQUEST, id))
    }

    pub fn attribute(name: &str, value: &str) -> Self {
        Self::Value(fingerprint(name, value))
    }

    /// The slice as it is kept: those of traces come after the others.
    fn slice(self) -> u8 {
        match self {
            Self::Value(fingerprint) => slice_of(fingerprint),
            Self::Trace(fingerprint) => SLICES + slice_of(fingerprint),
        }
    }

    fn fingerprint(self) -> u64 {
        let (Self::Value(fingerprint) | Self::Trace(fingerprint)) = self;
        fingerprint
    }
}

/// Fingerprints of everything in span rows that is looked for by value, and of their traces; some of them more than once.
#[derive(Default)]
pub(crate) struct Fingerprints {
    values: Vec<u64>,
    traces: Vec<u64>,
}

pub(crate) fn fingerprints(spans: &RecordBatch) -> Fingerprints {
    let mut found = Recent::default();
    let texts_of = |name| spans.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    if let Some(texts) = texts_of(TRACE) {
        texts.iter().flatten().for_each(|text| found.push(fingerprint(TRACE, text)));
    }
    let traces = std::mem::take(&mut found.all);
    if let Some(texts) = texts_of(REQUEST) {
        texts.iter().flatten().for_each(|text| found.push(fingerprint(REQUEST, text)));
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
    Fingerprints { values: found.all, traces }
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
    values: Bloom,
    traces: Bloom,
    records: Option<(u64, u64)>,
    spans: usize,
    /// Of records before this one some spans may have been written before anybody took their fingerprints.
    whole_from: u64,
}

impl Block {
    /// The first since the start: records up to `written` are in the tables, and perhaps a part of the one after.
    pub fn new(written: u64) -> Self {
        let (values, traces) = (Bloom::new(Exactness::Rough), Bloom::new(Exactness::Fine));
        Self { values, traces, records: None, spans: 0, whole_from: written + 2 }
    }

    /// What is added may be written in several transactions, or tried several times.
    pub fn add(&mut self, part: &Part) {
        if let Some(spans) = &part.spans {
            self.count(&spans.columns, &part.fingerprints);
        }
        let (first, last) = self.records.unwrap_or((part.first, part.last));
        self.records = Some((first.min(part.first), last.max(part.last)));
    }

    pub fn spans(&self) -> usize {
        self.spans
    }

    /// Begins with what did not fit into the row group before. The record that lies in both is of both blocks.
    pub fn begin_with(&mut self, rest: &Rest) {
        self.count(&rest.columns, &fingerprints(&rest.columns));
        self.records = Some((rest.first, rest.last));
    }

    fn count(&mut self, spans: &RecordBatch, fingerprints: &Fingerprints) {
        self.spans += spans.num_rows();
        fingerprints.values.iter().for_each(|&fingerprint| self.values.insert(fingerprint));
        fingerprints.traces.iter().for_each(|&fingerprint| self.traces.insert(fingerprint));
    }

    /// Keeps it, in the caller's transaction: what it says of records up to `last`.
    pub fn keep(&self, db: &Connection, last: u64) -> Result<(), StoreError> {
        let Some((first, until)) = self.records else { return Ok(()) };
        let (first, last) = (first.max(self.whole_from), last.min(until));
        if self.spans == 0 || first > last {
            return Ok(());
        }
        let mut insert = db.prepare("INSERT INTO span_blocks VALUES (?, ?, ?, ?)")?;
        for (slice, bits) in [&self.values, &self.traces].into_iter().flat_map(Bloom::slices).enumerate() {
            insert.execute(duckdb::params![first, last, slice as u8, bits])?;
        }
        Ok(())
    }

    /// Begins the next one.
    pub fn clear(&mut self) {
        self.values.clear();
        self.traces.clear();
        (self.records, self.spans) = (None, 0);
    }
}

/// Where all of `sought` can be in one span, as ` AND …` on `sequence`; empty when that is everywhere.
pub(crate) fn where_all_can_be(db: &Connection, sought: &[Sought]) -> Result<String, StoreError> {
    let mut all = Ranges::all();
    for one in sought {
        all = all.and_within(&possible(db, std::slice::from_ref(one))?);
    }
    Ok(condition(all))
}

/// Where any of `sought` can be, likewise.
pub(crate) fn where_any_can_be(db: &Connection, sought: &[Sought]) -> Result<String, StoreError> {
    let traces = sought.iter().filter(|one| matches!(one, Sought::Trace(_))).count();
    if traces > MOST_TRACES || sought.len() - traces > MOST_VALUES {
        return Ok(String::new());
    }
    Ok(condition(possible(db, sought)?))
}

/// In which records any of `sought` can be.
fn possible(db: &Connection, sought: &[Sought]) -> Result<Ranges, StoreError> {
    let mut by_slice: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    sought.iter().for_each(|one| by_slice.entry(one.slice()).or_default().push(one.fingerprint()));
    let slices: Vec<u8> = by_slice.keys().copied().collect();
    // Of many all between them: bits that nobody asked for take time, too.
    let at_once = if slices.len() > FEW_SLICES { slices.len() } else { 1 };
    let mut statement = db.prepare_cached(include_str!("queries/span_blocks.sql"))?;
    let mut blocks: BTreeMap<(u64, u64), bool> = BTreeMap::new();
    for slices in slices.chunks(at_once) {
        let mut rows = statement.query([slices.first(), slices.last()])?;
        while let Some(row) = rows.next()? {
            let Some(fingerprints) = by_slice.get(&row.get(2)?) else { continue };
            let bits = row.get_ref(3)?.as_blob().ok();
            let holds = bits.is_none_or(|bits| fingerprints.iter().any(|one| may_hold(bits, *one)));
            *blocks.entry((row.get(0)?, row.get(1)?)).or_default() |= holds;
        }
    }
    if slices.is_empty() {
        return Ok(Ranges::none());
    }
    let of =
        |wanted| blocks.iter().filter(move |(_, holds)| **holds == wanted).map(|((from, to), _)| *from..=*to).collect();
    // A record may lie at the end of one block and at the beginning of another.
    Ok(Ranges::of(of(false)).others().and_also(Ranges::of(of(true))))
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

#[cfg(test)]
mod tests {
    use coldlight_model::Timestamp;

    use super::*;

    const OLD: [&str; 2] = ["11112222333344445555666677778888", "1111222233334444555566667777aaaa"];
    const NEW: &str = "99992222333344445555666677778888";
    const NOWHERE: &str = "00002222333344445555666677778888";

    /// A block of records 1 to 9 that was kept by version 13, one of 10 to 19 as it is kept now, and then spans of no block.
    fn blocks() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        let mut before = Bloom::new(Exactness::Rough);
        OLD.iter().for_each(|id| before.insert(fingerprint(TRACE, id)));
        before.insert(fingerprint("order.id", "o-1"));
        for (slice, bits) in before.slices().into_iter().enumerate() {
            let values = duckdb::params![1_u64, 9_u64, slice as u8, bits];
            db.execute("INSERT INTO span_blocks VALUES (?, ?, ?, ?)", values).unwrap();
        }
        db.execute_batch("UPDATE schema_version SET version = 13").unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        let mut now = Block::new(0);
        (now.records, now.spans, now.whole_from) = (Some((10, 19)), 2, 0);
        now.traces.insert(fingerprint(TRACE, NEW));
        now.values.insert(fingerprint("order.id", "o-2"));
        now.keep(&db, 19).unwrap();
        db
    }

    #[test]
    fn traces_are_found_in_blocks_of_old_and_new_versions() {
        let db = blocks();
        let places = |ids: &[&str]| {
            let sought: Vec<Sought> = ids.iter().map(|id| Sought::trace(id)).collect();
            where_any_can_be(&db, &sought).unwrap()
        };
        let end = u64::MAX;
        assert_eq!(places(&[NOWHERE]), format!(" AND (sequence BETWEEN 0 AND 0 OR sequence BETWEEN 20 AND {end})"));
        for old in OLD {
            assert_eq!(places(&[old]), format!(" AND (sequence BETWEEN 0 AND 9 OR sequence BETWEEN 20 AND {end})"));
        }
        assert_eq!(places(&[NEW]), format!(" AND (sequence BETWEEN 0 AND 0 OR sequence BETWEEN 10 AND {end})"));
        assert_eq!(places(&[NEW, OLD[0], NOWHERE]), "", "everywhere");
        let value = |value| where_any_can_be(&db, &[Sought::attribute("order.id", value)]).unwrap();
        assert_eq!(value("o-1"), format!(" AND (sequence BETWEEN 0 AND 9 OR sequence BETWEEN 20 AND {end})"));
        assert_eq!(value("o-2"), format!(" AND (sequence BETWEEN 0 AND 0 OR sequence BETWEEN 10 AND {end})"));
    }

    #[test]
    fn of_too_many_traces_nobody_asks_where_they_are() {
        let db = blocks();
        assert_ne!(where_any_can_be(&db, &[Sought::trace(NOWHERE); MOST_TRACES]).unwrap(), "");
        assert_eq!(where_any_can_be(&db, &[Sought::trace(NOWHERE); MOST_TRACES + 1]).unwrap(), "");
        assert_eq!(where_any_can_be(&db, &[Sought::link(NOWHERE); MOST_VALUES + 1]).unwrap(), "");
    }
}
