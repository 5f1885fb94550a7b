//! Time zones in SQL: what clocks show in a place, by `jiff` and its own copy of the time zone database.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::Int64Type;
use duckdb::Connection;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vscalar::{ScalarFunctionSignature, VScalar};
use duckdb::vtab::arrow::{WritableVector, data_chunk_to_arrow, write_arrow_array_to_vector};
use jiff::tz::TimeZone;

/// Makes `coldlight_local_ns(zone, utc_ns)` and `coldlight_utc_ns(zone, local_ns)`; `clock.sql` calls them.
pub(crate) fn register(db: &Connection) -> duckdb::Result<()> {
    db.register_scalar_function::<Local>("coldlight_local_ns")?;
    db.register_scalar_function::<Utc>("coldlight_utc_ns")
}

/// What clocks in the zone show at a time in UTC.
struct Local;

/// The time in UTC at which clocks in the zone show this; of a time shown twice the first, of one skipped what it would be.
struct Utc;

impl VScalar for Local {
    type State = ();

    fn invoke(
        _state: &Self::State,
        input: &mut DataChunkHandle,
        output: &mut dyn WritableVector,
    ) -> Result<(), Box<dyn Error>> {
        convert(input, output, |zone, utc| {
            let shown = zone.to_datetime(jiff::Timestamp::from_nanosecond(utc.into())?);
            nanos(TimeZone::UTC.to_timestamp(shown)?)
        })
    }

    fn signatures() -> Vec<ScalarFunctionSignature> {
        signatures()
    }
}

impl VScalar for Utc {
    type State = ();

    fn invoke(
        _state: &Self::State,
        input: &mut DataChunkHandle,
        output: &mut dyn WritableVector,
    ) -> Result<(), Box<dyn Error>> {
        convert(input, output, |zone, local| {
            let shown = TimeZone::UTC.to_datetime(jiff::Timestamp::from_nanosecond(local.into())?);
            nanos(zone.to_timestamp(shown)?)
        })
    }

    fn signatures() -> Vec<ScalarFunctionSignature> {
        signatures()
    }
}

fn signatures() -> Vec<ScalarFunctionSignature> {
    let [text, nanos] = [LogicalTypeId::Varchar, LogicalTypeId::Bigint].map(LogicalTypeHandle::from);
    vec![ScalarFunctionSignature::exact(vec![text, nanos], LogicalTypeId::Bigint.into())]
}

fn nanos(time: jiff::Timestamp) -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(time.as_nanosecond())?)
}

fn convert(
    input: &DataChunkHandle,
    output: &mut dyn WritableVector,
    one: impl Fn(&TimeZone, i64) -> Result<i64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let given = data_chunk_to_arrow(input)?;
    let (names, times) = (given.column(0).as_string::<i32>(), given.column(1).as_primitive::<Int64Type>());
    // Nearly always one name for all rows.
    let mut zones: HashMap<&str, TimeZone> = HashMap::new();
    let mut shown = Vec::with_capacity(times.len());
    for row in 0..times.len() {
        if names.is_null(row) || times.is_null(row) {
            shown.push(None);
            continue;
        }
        let name = names.value(row);
        let zone = match zones.get(name) {
            Some(zone) => zone,
            None => zones.entry(name).or_insert(zone(name)?),
        };
        shown.push(Some(one(zone, times.value(row))?));
    }
    write_arrow_array_to_vector(&(Arc::new(Int64Array::from(shown)) as ArrayRef), output)
}

fn zone(name: &str) -> Result<TimeZone, Box<dyn Error>> {
    TimeZone::get(name).map_err(|_| {
        let name: String = name.chars().take(40).collect();
        format!("there is no time zone “{name}”; they are named like Europe/Berlin, America/New_York or UTC").into()
    })
}
