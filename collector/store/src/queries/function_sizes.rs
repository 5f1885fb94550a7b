//! What was measured of a function in each memory size: the evidence behind advice.

use coldlight_model::money::advice::Load;
use coldlight_model::money::{Architecture, Date};
use coldlight_model::{FunctionSize, Nanos, TimeRange, Timestamp};
use duckdb::{Row, named_params};

use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

const DAY_NS: i64 = 86_400_000_000_000;

impl Store {
    /// What `function` did in `range`, by region, processor and memory size; the most used first, at most a hundred. It counts as observed
    /// from its first invocation in the range to the end of the range: a burst and then silence is no steady load.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn function_sizes(&self, range: TimeRange, function: String) -> Result<Vec<FunctionSize>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("function_sizes.sql"))?;
            let asked = named_params! {
                "from": range.from.nanos(), "to": range.to.nanos(), "function": function,
            };
            let found = statement.query_map(asked, size)?.collect::<Result<Vec<_>, _>>()?;
            let first = found.iter().map(|size| size.first).min().unwrap_or(range.from);
            // All sizes of a function share its time: while one served, the others could have.
            let observed = range.to.since(first).max(1);
            Ok(found
                .into_iter()
                .map(|size| FunctionSize { load: Load { observed_ns: observed, ..size.load }, ..size })
                .collect())
        })
        .await
    }
}

fn size(row: &Row<'_>) -> duckdb::Result<FunctionSize> {
    let count = |name| -> duckdb::Result<u64> { Ok(whole(row, name)?.unwrap_or(0)) };
    let time = |name| -> duckdb::Result<Timestamp> { Ok(Timestamp::from_sql(row.get(name)?)) };
    let nanos = |name| -> duckdb::Result<Option<Nanos>> {
        Ok(row.get::<_, Option<f64>>(name)?.map(|ms| (ms * 1e6).round() as Nanos))
    };
    let last = time("last_ns")?;
    let day = i32::try_from(last.nanos().div_euclid(DAY_NS)).unwrap_or(i32::MAX);
    Ok(FunctionSize {
        load: Load {
            region: row.get("region")?,
            architecture: Architecture::from_name(&row.get::<_, String>("architecture")?).unwrap_or_default(),
            memory_mb: u32::try_from(count("memory_mb")?).unwrap_or(u32::MAX),
            on: Date::from_days(day),
            invocations: count("invocations")?,
            billed_ms: count("billed_ms")?,
            cold_starts: count("cold_starts")?,
            inits: count("inits")?,
            init_ms: count("init_ms")?,
            runtime: row.get("runtime")?,
            observed_ns: 0,
        },
        reported: count("reported")?,
        p50: nanos("p50_ms")?,
        p95: nanos("p95_ms")?,
        max_memory_mb: whole(row, "max_memory_mb")?,
        cost: row.get::<_, Option<String>>("usd")?.and_then(|text| text.parse().ok()),
        first: time("first_ns")?,
        last,
    })
}
