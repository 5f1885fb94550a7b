//! Searching traces: by time range and filter, sorted, page by page.

use std::collections::HashMap;

use coldlight_model::{
    Cursor, Filter, NodeKind, TimeBin, TimeRange, Timestamp, TraceHistogram, TraceId, TraceList, TraceSort,
    TraceSummary,
};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::newest::newest;
use super::places::{at, conditions_at, conditions_with_places, place_of, place_of_filter};
use super::sampled::sampled;
use super::trace_bills::{Bill, OF_CALLS, OF_INVOCATIONS, bills};
use crate::Store;
use crate::error::StoreError;
use crate::rows;

/// A page of a trace search.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSearch {
    /// Of the start of the matching spans.
    pub range: TimeRange,
    pub filter: Filter,
    pub sort: TraceSort,
    /// The last row of the page before.
    pub after: Option<Cursor>,
    /// At most 1,000.
    pub limit: u32,
}

/// A trace's other spans are looked for this far around its first match: nobody waits longer for a page.
const REACH: u64 = 24 * 3_600_000_000_000;

impl Store {
    /// Traces with a span that all conditions hold of.
    pub async fn traces(&self, search: TraceSearch) -> Result<TraceList, StoreError> {
        let limit = search.limit.clamp(1, 1000) as usize;
        let (found, listed) = self
            .ask(move |db| {
                let place = place_of_filter(db, &search.filter)?;
                let newest = match search.sort {
                    TraceSort::Newest => newest(db, &search, &place, limit + 1)?,
                    _ => None,
                };
                let (mut found, of_them) = match newest {
                    Some((found, of_them)) => (found, Some(of_them)),
                    None => (page(db, &search, &place, limit + 1)?, None),
                };
                let next = found.get(limit).and(found.get(limit - 1));
                let next = next.map(|(trace_id, value)| Cursor { value: *value, trace_id: *trace_id });
                found.truncate(limit);
                let listed = Listed::find(db, &search, &found, of_them)?;
                Ok(((found, next), listed))
            })
            .await?;
        let ((found, next), Some(listed)) = (found, listed) else { return Ok(TraceList::default()) };
        // Three questions that each take as long to plan as to answer.
        let (of, with, beside) = (listed.clone(), listed.clone(), listed);
        let (summaries, invocations, calls) = tokio::join!(
            self.ask(move |db| of.summaries(db)),
            self.ask(move |db| with.bills(db, OF_INVOCATIONS)),
            self.ask(move |db| beside.bills(db, OF_CALLS)),
        );
        let (mut summaries, invocations, calls) = (summaries?, invocations?, calls?);
        for (id, bill) in invocations.into_iter().chain(calls) {
            if let Some(summary) = summaries.get_mut(&id) {
                summary.cold += bill.cold;
                summary.unpriced += bill.unpriced;
                summary.cost = match (summary.cost, bill.cost) {
                    (Some(one), Some(other)) => one.checked_add(other),
                    (one, other) => one.or(other),
                };
            }
        }
        let traces = found.iter().filter_map(|(id, _)| summaries.remove(id)).collect();
        Ok(TraceList { traces, next })
    }

    /// Matching traces over time, in `bins` slices of the range.
    pub async fn trace_histogram(
        &self,
        range: TimeRange,
        filter: Filter,
        bins: u32,
    ) -> Result<TraceHistogram, StoreError> {
        let bins = u64::from(bins.clamp(1, 1000));
        let bin_length = range.length().div_ceil(bins).max(1);
        self.ask(move |db| {
            let conditions = conditions_with_places(db, range, &filter)?;
            let sql = conditions.fill(include_str!("trace_histogram.sql"));
            let mut params = vec![Sql::BigInt(range.from.nanos()), Sql::BigInt(bin_length as i64)];
            params.extend(conditions.params);
            let mut histogram = TraceHistogram {
                bin_length,
                bins: (0..bins)
                    .map(|bin| TimeBin { from: range.from.plus(bin * bin_length), ..TimeBin::default() })
                    .collect(),
                sampled: sampled(db, range, &filter)?,
            };
            let mut statement = db.prepare(&sql)?;
            let mut found = statement.query(params_from_iter(params))?;
            while let Some(row) = found.next()? {
                let at: i64 = row.get("bin")?;
                let Some(bin) = usize::try_from(at).ok().and_then(|at| histogram.bins.get_mut(at)) else { continue };
                bin.ok = count(row, "ok")?;
                bin.errors = count(row, "errors")?;
                bin.throttles = count(row, "throttles")?;
                bin.faults = count(row, "faults")?;
            }
            Ok(histogram)
        })
        .await
    }
}

fn count(row: &Row<'_>, name: &str) -> duckdb::Result<u64> {
    Ok(row.get::<_, i64>(name)?.unsigned_abs())
}

/// The ids of one page with the value they are sorted by.
pub(super) type Found = Vec<(TraceId, i64)>;

/// Of spans at `place`.
pub(super) fn page(db: &Connection, search: &TraceSearch, place: &str, limit: usize) -> Result<Found, StoreError> {
    let conditions = conditions_at(place, search.range, &search.filter);
    let found = match search.sort {
        TraceSort::Newest | TraceSort::Oldest => include_str!("traces_by_start.sql"),
        TraceSort::Slowest | TraceSort::Fastest => include_str!("traces_by_response.sql"),
    };
    let descending = matches!(search.sort, TraceSort::Newest | TraceSort::Slowest);
    let paged = if descending { include_str!("page_descending.sql") } else { include_str!("page_ascending.sql") };
    let sql = paged.replace("/* found */", &conditions.fill(found));
    let (value, id) = match search.after {
        Some(cursor) => (cursor.value, cursor.trace_id.to_hex()),
        None => (if descending { i64::MAX } else { i64::MIN }, String::new()),
    };
    let mut params = conditions.params;
    if matches!(search.sort, TraceSort::Slowest | TraceSort::Fastest) {
        let around = [search.range.from.minus(REACH), search.range.to.plus(REACH)];
        params.extend(around.map(|at| Sql::BigInt(at.nanos())));
    }
    params.extend([Sql::BigInt(value), Sql::BigInt(value), Sql::Text(id), Sql::BigInt(limit as i64)]);
    let mut statement = db.prepare(&sql)?;
    let rows = statement
        .query_map(params_from_iter(params), |row| Ok((rows::trace_id(row, "trace_id")?, row.get("value")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The traces of a page, and where they are.
#[derive(Clone)]
struct Listed {
    /// As `trace_summaries.sql` takes them.
    ids: String,
    /// The condition on where their spans lie.
    place: String,
    /// When the first and the last of their spans began, and when the last one ended, in ns.
    first: i64,
    last: i64,
    end: i64,
}

impl Listed {
    /// `None` where there are none. `place`: where their spans can be, if that is known.
    fn find(
        db: &Connection,
        search: &TraceSearch,
        found: &Found,
        place: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        let traces: Vec<TraceId> = found.iter().map(|(id, _)| *id).collect();
        let ids = traces.iter().map(TraceId::to_hex).collect::<Vec<_>>().join(",");
        let by_start = matches!(search.sort, TraceSort::Newest | TraceSort::Oldest);
        let starts = found.iter().map(|(_, value)| Timestamp::from_sql(*value));
        let (low, high) = match (by_start, starts.clone().min(), starts.max()) {
            (_, None, _) | (_, _, None) => return Ok(None),
            (true, Some(low), Some(high)) => (low, high),
            _ => (search.range.from, search.range.to),
        };
        let place = place.map_or_else(|| place_of(db, &traces), Ok)?;
        let mut statement = db.prepare(&at(&place, include_str!("trace_reach.sql")))?;
        let around = duckdb::params![ids, low.minus(REACH).nanos(), high.plus(REACH).nanos()];
        let reach = statement.query_row(around, |row| Ok([row.get("first")?, row.get("last")?, row.get("end")?]))?;
        // Retention may have taken them meanwhile.
        let [Some(first), Some(last), Some(end)] = reach else { return Ok(None) };
        Ok(Some(Self { ids, place, first, last, end }))
    }

    fn summaries(&self, db: &Connection) -> Result<HashMap<TraceId, TraceSummary>, StoreError> {
        let mut statement = db.prepare(&at(&self.place, include_str!("trace_summaries.sql")))?;
        let rows = statement.query_map(duckdb::params![self.ids, self.first, self.last], summary)?;
        Ok(rows.map(|row| row.map(|summary| (summary.trace_id, summary))).collect::<Result<_, _>>()?)
    }

    /// One of the questions of [`super::trace_bills`].
    fn bills(&self, db: &Connection, question: &str) -> Result<Vec<(TraceId, Bill)>, StoreError> {
        bills(db, question, &self.place, &self.ids, [self.first, self.end])
    }
}

fn summary(row: &Row<'_>) -> duckdb::Result<TraceSummary> {
    let services = match row.get("services")? {
        Sql::List(names) => names
            .into_iter()
            .filter_map(|name| match name {
                Sql::Text(name) => Some(name),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Ok(TraceSummary {
        trace_id: rows::trace_id(row, "trace_id")?,
        root_service: row.get("root_service")?,
        root_platform: NodeKind::from_name(&row.get::<_, String>("root_platform")?),
        root_name: row.get("root_name")?,
        has_root: row.get("has_root")?,
        started_at: Timestamp::from_sql(row.get("started_ns")?),
        response: count(row, "response_ns")?,
        completed: count(row, "completed_ns")?,
        spans: count(row, "spans")?,
        services,
        errors: count(row, "errors")?,
        faults: count(row, "faults")?,
        throttles: count(row, "throttles")?,
        cold: 0,
        cost: None,
        unpriced: 0,
    })
}
