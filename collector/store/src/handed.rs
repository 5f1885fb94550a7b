//! Rows of ours as a table in SQL: `FROM handed($1)`.
//!
//! A vector of lists that grows asks the engine for memory. When there is none the engine throws, and what it throws inside a function
//! of ours ends the program. So rows are handed over in windows whose lists fit into what a vector has from the start; a row with
//! a longer list goes through the appender, whose vectors are its own and whose failures are errors.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, FieldRef};
use arrow::record_batch::RecordBatch;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::{
    BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk, to_duckdb_logical_type_for_field,
};
use duckdb::{Appender, Connection};

use crate::error::StoreError;

/// What a vector of the engine holds: rows, and values of a list (`STANDARD_VECTOR_SIZE`).
const VECTOR: usize = 2_048;

pub(crate) fn register(db: &Connection) -> duckdb::Result<()> {
    db.register_table_function::<HandedOver>("handed")
}

/// Rows that SQL can read by [`Handed::token`] while this lives.
pub(crate) struct Handed(u64);

static HANDED: Mutex<Option<HashMap<u64, RecordBatch>>> = Mutex::new(None);
static NEXT: AtomicU64 = AtomicU64::new(1);

fn handed() -> MutexGuard<'static, Option<HashMap<u64, RecordBatch>>> {
    HANDED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Handed {
    /// No list of `rows` may be longer than a vector: see [`by_length`].
    pub fn new(rows: RecordBatch) -> Self {
        let token = NEXT.fetch_add(1, Relaxed);
        handed().get_or_insert_default().insert(token, rows);
        Self(token)
    }

    /// What `handed($1)` is given.
    pub fn token(&self) -> u64 {
        self.0
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let rows = handed().as_mut().and_then(|all| all.remove(&self.0));
        drop(rows);
    }
}

struct HandedOver;

/// Rows, and how many of them were read.
struct Read(AtomicUsize);

impl VTab for HandedOver {
    type BindData = RecordBatch;
    type InitData = Read;

    fn bind(bind: &BindInfo) -> Result<RecordBatch, Box<dyn Error>> {
        let token = bind.get_parameter(0).to_uint64();
        let rows = handed().as_ref().and_then(|all| all.get(&token)).cloned();
        let rows = rows.ok_or_else(|| format!("no rows were handed over as {token}"))?;
        for field in rows.schema().fields() {
            bind.add_result_column(field.name(), to_duckdb_logical_type_for_field(field)?);
        }
        Ok(rows)
    }

    fn init(_: &InitInfo) -> Result<Read, Box<dyn Error>> {
        Ok(Read(AtomicUsize::new(0)))
    }

    /// The engine asks for one window after the other: by default one thread reads a function of ours.
    fn func(info: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let (rows, read) = (info.get_bind_data(), &info.get_init_data().0);
        let from = read.load(Relaxed);
        let window = window(rows, from);
        read.store(from + window.num_rows(), Relaxed);
        if window.num_rows() == 0 {
            output.set_len(0);
            return Ok(());
        }
        record_batch_to_duckdb_data_chunk(&window, output)
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some(vec![LogicalTypeId::UBigint.into()])
    }
}

/// Inserts `rows` into `table`, columns by their names. Columns of nothing but NULL are left out: that is what the table has for them.
pub(crate) fn insert(db: &Connection, table: &str, rows: RecordBatch) -> Result<u64, StoreError> {
    let inserted = rows.num_rows() as u64;
    let (rows, long) = by_length(rows)?;
    if rows.num_rows() > 0 {
        let said: Vec<usize> =
            (0..rows.num_columns()).filter(|at| rows.column(*at).null_count() < rows.num_rows()).collect();
        let handed = Handed::new(rows.project(&said).map_err(unexpected)?);
        db.prepare(&format!("INSERT INTO {table} BY NAME SELECT * FROM handed(?)"))?.execute([handed.token()])?;
    }
    if long.num_rows() > 0 {
        let schema = long.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        append(db.appender_with_columns(table, &names)?, &long)?;
    }
    Ok(inserted)
}

/// Appends rows of any length, one by one.
pub(crate) fn append(mut appender: Appender<'_>, rows: &RecordBatch) -> Result<(), StoreError> {
    for row in 0..rows.num_rows() {
        appender.append_record_batch(without_others(rows.slice(row, 1)))?;
    }
    Ok(appender.flush()?)
}

/// Those of `rows` that can be handed over, and those with a list that is too long for that; each in order.
pub(crate) fn by_length(rows: RecordBatch) -> Result<(RecordBatch, RecordBatch), StoreError> {
    let offsets: Vec<&[i32]> = rows.columns().iter().filter_map(offsets).collect();
    let fits = |row: usize| offsets.iter().all(|offsets| (offsets[row + 1] - offsets[row]) as usize <= VECTOR);
    let fitting: BooleanArray = (0..rows.num_rows()).map(|row| Some(fits(row))).collect();
    if fitting.true_count() == rows.num_rows() {
        let none = rows.slice(0, 0);
        return Ok((rows, none));
    }
    let long = arrow::compute::not(&fitting).map_err(unexpected)?;
    let of = |wanted| filter_record_batch(&rows, wanted).map_err(unexpected);
    Ok((of(&fitting)?, of(&long)?))
}

pub(crate) fn unexpected(error: arrow::error::ArrowError) -> StoreError {
    duckdb::Error::ToSqlConversionFailure(Box::new(error)).into()
}

/// The rows from `from` on that fit into vectors.
fn window(rows: &RecordBatch, from: usize) -> RecordBatch {
    let most = VECTOR.min(rows.num_rows() - from);
    let fitting = rows.columns().iter().filter_map(offsets).map(|offsets| {
        let ends = &offsets[from + 1..=from + most];
        ends.partition_point(|end| (end - offsets[from]) as usize <= VECTOR)
    });
    without_others(rows.slice(from, fitting.min().unwrap_or(most).min(most)))
}

/// Where the values of each row begin, and those of the last end.
fn offsets(column: &ArrayRef) -> Option<&[i32]> {
    match column.data_type() {
        DataType::List(_) => Some(column.as_list::<i32>().value_offsets()),
        DataType::Map(..) => Some(column.as_map().value_offsets()),
        _ => None,
    }
}

/// The same rows, whose lists and maps hold what is theirs alone; no value is copied. A slice of an Arrow list shares the values of
/// all rows with the list it is cut from, and what reads Arrow for the engine would copy them whole for every window.
fn without_others(slice: RecordBatch) -> RecordBatch {
    let columns = slice.columns().iter().map(own).collect();
    RecordBatch::try_new(slice.schema(), columns).unwrap_or(slice)
}

fn own(column: &ArrayRef) -> ArrayRef {
    let own = match column.data_type() {
        DataType::List(field) => own_list(column.as_list(), field).map(|own| Arc::new(own) as ArrayRef),
        DataType::Map(field, sorted) => own_map(column.as_map(), field, *sorted).map(|own| Arc::new(own) as ArrayRef),
        _ => return column.clone(),
    };
    own.unwrap_or_else(|_| column.clone())
}

fn own_list(list: &ListArray, field: &FieldRef) -> Result<ListArray, arrow::error::ArrowError> {
    let (offsets, from, length) = from_zero(list.offsets());
    ListArray::try_new(field.clone(), offsets, list.values().slice(from, length), list.nulls().cloned())
}

fn own_map(map: &MapArray, field: &FieldRef, sorted: bool) -> Result<MapArray, arrow::error::ArrowError> {
    let (offsets, from, length) = from_zero(map.offsets());
    MapArray::try_new(field.clone(), offsets, map.entries().slice(from, length), map.nulls().cloned(), sorted)
}

/// The offsets counted from the first of them, which value that is, and how many values there are.
fn from_zero(offsets: &OffsetBuffer<i32>) -> (OffsetBuffer<i32>, usize, usize) {
    let (first, last) = (offsets[..].first().copied().unwrap_or(0), offsets[..].last().copied().unwrap_or(0));
    let lengths = offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize);
    (OffsetBuffer::from_lengths(lengths), first as usize, (last - first) as usize)
}

#[cfg(test)]
mod tests;
