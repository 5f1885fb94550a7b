//! What the page of one function says beyond its groups.

use coldlight_model::{
    Called, CourseSlice, Deploy, Filter, FunctionCourse, MEMORY_STEPS, Nanos, NodeKind, OnX86, TimeRange, Timestamp,
};
use duckdb::types::Value as Sql;
use duckdb::{Connection, named_params, params_from_iter};

use super::condition::Conditions;
use super::invocation_condition::invocation_conditions;
use super::spending::{count, money};
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// No function runs longer, so what ran at the beginning of a range began at most so long before.
const LONGEST: Nanos = 15 * 60_000_000_000;
/// Slices of a course; a chart draws no more.
const MOST_SLICES: u64 = 1_000;

impl Store {
    /// The course of `function` in `range`, by slices of `slice` nanoseconds: of those of its invocations that `filter`
    /// ([`Filter::of_invocations`], which names the function, too) holds of.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn function_course(
        &self,
        range: TimeRange,
        function: String,
        filter: Filter,
        slice: Nanos,
    ) -> Result<FunctionCourse, StoreError> {
        self.ask(move |db| {
            let length = range.to.since(range.from);
            let asked = Asked { range, filter: &filter, slice: slice.max(length.div_ceil(MOST_SLICES)).max(1) };
            let mut course = FunctionCourse::default();
            asked.course(db, &mut course)?;
            asked.peaks(db, &mut course)?;
            asked.ages(db, &mut course)?;
            asked.calls(db, &mut course)?;
            deploys(db, range, &function, &mut course)?;
            throttles(db, range, &function, &mut course)?;
            Ok(course)
        })
        .await
    }
}

#[derive(Clone, Copy)]
struct Asked<'a> {
    range: TimeRange,
    filter: &'a Filter,
    slice: Nanos,
}

impl Asked<'_> {
    fn conditions(&self, from: Timestamp) -> Conditions {
        invocation_conditions(TimeRange { from, ..self.range }, self.filter)
    }

    /// Where slices begin, and how long one is.
    fn slices(&self) -> [Sql; 2] {
        [Sql::BigInt(self.range.from.nanos()), Sql::BigInt(i64::try_from(self.slice).unwrap_or(i64::MAX))]
    }

    /// Begin and end of the spans of matching invocations.
    fn reach(&self) -> [Sql; 2] {
        [Sql::BigInt(self.range.from.minus(LONGEST).nanos()), Sql::BigInt(self.range.to.plus(LONGEST).nanos())]
    }

    fn course(&self, db: &Connection, course: &mut FunctionCourse) -> Result<(), StoreError> {
        let conditions = self.conditions(self.range.from);
        let mut statement = db.prepare(&conditions.fill(include_str!("function_course.sql")))?;
        let mut rows = statement.query(params_from_iter(self.slices().into_iter().chain(conditions.params)))?;
        while let Some(row) = rows.next()? {
            let slot = count(row, "slot")?;
            match row.get::<_, String>("what")?.as_str() {
                "slice" => course.slices.push(CourseSlice {
                    at: slot,
                    busy: count(row, "busy_ns")?,
                    environments: count(row, "environments")?,
                    ..CourseSlice::default()
                }),
                "memory" => course.memory[(slot as usize).min(MEMORY_STEPS)] = count(row, "invocations")?,
                _ => {
                    course.total = money(row, "total")?;
                    course.waiting = money(row, "waiting")?;
                    course.init_share = whole(row, "init_share")?;
                    course.on_x86 = match count(row, "on_x86")? {
                        0 => None,
                        invocations => Some(OnX86 {
                            invocations,
                            paid: money(row, "paid_on_x86")?,
                            on_arm64: money(row, "on_arm64")?,
                        }),
                    };
                }
            }
        }
        Ok(())
    }

    /// Most at a time in each slice; what still runs at the end of one runs at the beginning of the next.
    fn peaks(&self, db: &Connection, course: &mut FunctionCourse) -> Result<(), StoreError> {
        let conditions = self.conditions(self.range.from.minus(LONGEST));
        let mut statement = db.prepare(&conditions.fill(include_str!("function_peaks.sql")))?;
        let mut rows = statement.query(params_from_iter(self.slices().into_iter().chain(conditions.params)))?;
        let last = self.range.to.since(self.range.from).div_ceil(self.slice);
        let mut running = 0;
        let mut next = 0;
        while let Some(row) = rows.next()? {
            let (slot, peak) = (row.get::<_, i64>("slot")?, count(row, "peak")?);
            let Ok(slot) = u64::try_from(slot) else {
                running = count(row, "at_end")?;
                continue;
            };
            for quiet in (next..slot.min(last)).filter(|_| running > 0) {
                slice_of(course, quiet).peak = running;
            }
            if slot >= last {
                return Ok(());
            }
            slice_of(course, slot).peak = peak.max(running);
            running = count(row, "at_end")?;
            next = slot + 1;
        }
        Ok(())
    }

    fn ages(&self, db: &Connection, course: &mut FunctionCourse) -> Result<(), StoreError> {
        let conditions = self.conditions(self.range.from);
        let mut statement = db.prepare(&conditions.fill(include_str!("function_ages.sql")))?;
        let params = conditions.params.into_iter().chain(self.reach()).chain(self.slices());
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            // A span may begin a little before its invocation is told to.
            let slot = u64::try_from(row.get::<_, i64>("slot")?).unwrap_or(0);
            if let Some(slice) = course.slices.iter_mut().find(|slice| slice.at == slot) {
                slice.age = whole(row, "age_ns")?;
            }
        }
        Ok(())
    }

    fn calls(&self, db: &Connection, course: &mut FunctionCourse) -> Result<(), StoreError> {
        let conditions = self.conditions(self.range.from);
        let mut statement = db.prepare(&conditions.fill(include_str!("function_calls.sql")))?;
        let params = conditions.params.into_iter().chain(self.reach()).chain(self.reach());
        let found = statement.query_map(params_from_iter(params), |row| {
            course.traced = count(row, "traced_ns")?;
            Ok(Called {
                kind: NodeKind::from_name(&row.get::<_, String>("called_kind")?),
                name: row.get::<_, Option<String>>("called")?.unwrap_or_default(),
                calls: count(row, "calls")?,
                faults: count(row, "faults")?,
                throttles: count(row, "throttles")?,
                took: count(row, "took_ns")?,
            })
        })?;
        course.calls = found.collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// The slice with this number, made where nothing began in it.
fn slice_of(course: &mut FunctionCourse, number: u64) -> &mut CourseSlice {
    let at = match course.slices.binary_search_by_key(&number, |slice| slice.at) {
        Ok(at) => at,
        Err(at) => {
            course.slices.insert(at, CourseSlice { at: number, ..CourseSlice::default() });
            at
        }
    };
    &mut course.slices[at]
}

fn deploys(db: &Connection, range: TimeRange, function: &str, course: &mut FunctionCourse) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(include_str!("function_deploys.sql"))?;
    let asked = named_params! { "function": function, "from": range.from.nanos(), "to": range.to.nanos() };
    let found = statement.query_map(asked, |row| {
        Ok(Deploy {
            what: row.get("what")?,
            version: row.get("version")?,
            first: Timestamp::from_sql(row.get("first_ns")?),
        })
    })?;
    course.deploys = found.collect::<Result<_, _>>()?;
    Ok(())
}

fn throttles(db: &Connection, range: TimeRange, function: &str, course: &mut FunctionCourse) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(include_str!("function_throttles.sql"))?;
    let asked = named_params! { "function": function, "from": range.from.nanos(), "to": range.to.nanos() };
    (course.throttled, course.throttled_caller) =
        statement.query_row(asked, |row| Ok((count(row, "throttled")?, row.get("caller")?)))?;
    Ok(())
}
