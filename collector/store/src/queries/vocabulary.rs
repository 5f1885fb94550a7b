//! What filters can say of the spans that are kept: names of attributes and their values.

use coldlight_model::{Known, Timestamp, Vocabulary};
use duckdb::params;

use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

const DAY: u64 = 24 * 3_600_000_000_000;
/// Spans looked at, at most about so many.
const SAMPLE: i64 = 10_000;

impl Store {
    /// Fields and values of the spans of the last day before `now` in which there are some.
    pub async fn vocabulary(&self, now: Timestamp) -> Result<Vocabulary, StoreError> {
        self.ask(move |db| {
            let newest = "SELECT epoch_ns(max(started_at)) FROM span_rows WHERE started_at <= make_timestamp_ns(?)";
            let newest: Option<i64> = db.query_row(newest, [now.nanos()], |row| row.get(0))?;
            let Some(newest) = newest else { return Ok(Vocabulary::default()) };
            let since = Timestamp::from_sql(newest).minus(DAY);
            let count = "SELECT count(*) FROM span_rows WHERE started_at >= make_timestamp_ns(?)";
            let spans: i64 = db.query_row(count, [since.nanos()], |row| row.get(0))?;
            let one_of = spans.unsigned_abs().div_ceil(SAMPLE.unsigned_abs()).max(1) as i64;
            let mut statement = db.prepare_cached(include_str!("vocabulary.sql"))?;
            let values = statement.query_map(params![since.nanos(), one_of], |row| {
                let spans = whole(row, "spans")?.unwrap_or(0);
                Ok(Known { field: row.get("field")?, value: row.get("value")?, spans })
            })?;
            Ok(Vocabulary { values: values.collect::<Result<_, _>>()? })
        })
        .await
    }
}
