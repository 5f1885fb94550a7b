//! A question's rows as a file of columns: Parquet, or a stream of Arrow's IPC format. Types stay what they are.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use coldlight_model::Timestamp;
use duckdb::Connection;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::table::{MOST_BYTES, columns, is_plain};
use crate::error::StoreError;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// Compressed with Snappy, which every reader knows.
    Parquet,
    /// Arrow IPC in its streaming form.
    ArrowStream,
}

/// A whole file, in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub bytes: Vec<u8>,
    pub rows: usize,
    /// Rows beyond the limit, or beyond what a file may hold, are missing.
    pub cut_off: bool,
    /// As [`coldlight_model::Table`] has it.
    pub as_of: Option<Timestamp>,
}

/// Why rows cannot be written in this form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the answer cannot be written as Parquet")]
    Parquet(#[from] ParquetError),
    #[error("the answer cannot be written as Arrow")]
    Arrow(#[from] ArrowError),
}

impl From<duckdb::Error> for Unwritten {
    fn from(error: duckdb::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Runs an admitted question and writes at most `max_rows` rows, and at most [`MOST_BYTES`] of columns, as they come.
pub(crate) fn write(db: &Connection, text: &str, max_rows: usize, form: FileForm) -> Result<File, Unwritten> {
    let columns = columns(db, text)?;
    let cells: Vec<String> = (1..)
        .zip(&columns)
        .map(
            |(place, column)| {
                if is_native(&column.sql_type) { format!("#{place}") } else { format!("#{place}::VARCHAR") }
            },
        )
        .collect();
    let sql = format!("SELECT {} FROM (\n{text}\n) LIMIT {}", cells.join(", "), max_rows.saturating_add(1));
    let mut statement = db.prepare(&sql)?;
    let stream = statement.stream_arrow([])?;
    let fields = stream
        .get_schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(&column.name, field.data_type().clone(), true))
        .collect::<Vec<_>>();
    let schema = Arc::new(Schema::new(fields));
    let mut writer = Writer::open(form, &schema)?;
    let (mut rows, mut bytes, mut cut_off) = (0, 0, false);
    for batch in stream {
        let batch = RecordBatch::try_new(schema.clone(), batch?.columns().to_vec())?;
        let taken = batch.num_rows().min(max_rows - rows);
        writer.write(&batch.slice(0, taken))?;
        rows += taken;
        bytes += batch.get_array_memory_size();
        cut_off = taken < batch.num_rows() || bytes > MOST_BYTES;
        if cut_off {
            break;
        }
    }
    Ok(File { bytes: writer.finish()?, rows, cut_off, as_of: None })
}

/// Types that both forms have; all others become DuckDB's text for them.
fn is_native(sql_type: &str) -> bool {
    is_plain(sql_type)
        || sql_type.starts_with("DECIMAL(")
        || matches!(sql_type, "DATE" | "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS")
}

enum Writer {
    Parquet(Box<ArrowWriter<Vec<u8>>>),
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl Writer {
    fn open(form: FileForm, schema: &SchemaRef) -> Result<Self, Unwritten> {
        Ok(match form {
            FileForm::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                Self::Parquet(Box::new(ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?))
            }
            FileForm::ArrowStream => Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Unwritten> {
        match self {
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, Unwritten> {
        Ok(match self {
            Self::Parquet(writer) => writer.into_inner()?,
            Self::Arrow(writer) => writer.into_inner()?,
        })
    }
}
