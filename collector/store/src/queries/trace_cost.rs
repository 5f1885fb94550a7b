//! What a trace cost with everything it set going.

use std::collections::{HashMap, HashSet};

use coldlight_model::money::Usd;
use coldlight_model::{Downstream, OwnCost, Split, TraceCost, TraceId, part_of};
use duckdb::{Connection, Row, named_params, params};

use super::invocations::around;
use super::places::{at, linking_to, of_traces, place_of};
use super::trace_bills::{OF_CALLS, OF_INVOCATIONS, bills};
use crate::Store;
use crate::error::StoreError;
use crate::rows::{self, whole};

/// Traces followed; a fan-out of more is said to be cut off.
const MOST_TRACES: usize = 50;
/// Links followed one after the other.
const MOST_DEEP: usize = 8;

impl Store {
    /// What trace `id` cost, and its part of every trace that links to it or to one of those. At most fifty are followed.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn trace_cost(&self, id: TraceId) -> Result<TraceCost, StoreError> {
        self.ask(move |db| {
            let own = own_costs(db, &[id])?.remove(&id).unwrap_or_default();
            let mut cost = TraceCost { own, ..TraceCost::default() };
            let mut seen = HashSet::from([id]);
            // Traces equally far down, each with the splits on the way to it: a few questions a level, however wide it is.
            let mut level = vec![(id, Vec::<Split>::new())];
            while !level.is_empty() && !cost.cut_off {
                let below = below(db, &level, &mut seen, &mut cost)?;
                let ids: Vec<TraceId> = below.iter().map(|step| step.trace).collect();
                let (splits, mut own) = (splits(db, &ids)?, own_costs(db, &ids)?);
                level = Vec::new();
                for Step { trace, service, above, way } in below {
                    let Some(split) = splits.get(&trace).and_then(|links| split(links, above)) else { continue };
                    let (links, of) = (split.links[split.at], split.links.iter().sum());
                    let splits: Vec<Split> = std::iter::once(split).chain(way).collect();
                    let own = own.remove(&trace).unwrap_or_default();
                    let part = part_of(own.total(), &splits).unwrap_or_default();
                    cost.downstream.push(Downstream { trace, service, own, part, links, of });
                    level.push((trace, splits));
                }
            }
            Ok(cost)
        })
        .await
    }
}

/// A trace found below another, with the splits above that.
struct Step {
    trace: TraceId,
    service: String,
    above: TraceId,
    way: Vec<Split>,
}

/// What links to the traces of a level and was not reached before. A trace reached twice, or round in a circle, counts by the
/// shortest way.
fn below(
    db: &Connection,
    level: &[(TraceId, Vec<Split>)],
    seen: &mut HashSet<TraceId>,
    cost: &mut TraceCost,
) -> Result<Vec<Step>, StoreError> {
    let ids: Vec<TraceId> = level.iter().map(|(id, _)| *id).collect();
    let mut linking = linking(db, &ids)?;
    let mut below = Vec::new();
    for (above, way) in level {
        for (trace, service) in linking.remove(above).unwrap_or_default() {
            if !seen.insert(trace) {
                continue;
            }
            if cost.downstream.len() + below.len() == MOST_TRACES || way.len() == MOST_DEEP {
                cost.cut_off = true;
                return Ok(below);
            }
            below.push(Step { trace, service, above: *above, way: way.clone() });
        }
    }
    Ok(below)
}

/// By each of `ids`, the first traces that link to it and the service that does.
fn linking(db: &Connection, ids: &[TraceId]) -> Result<HashMap<TraceId, Vec<(TraceId, String)>>, StoreError> {
    let mut statement = db.prepare(&linking_to(db, include_str!("traces_linking.sql"), ids)?)?;
    let most = MOST_TRACES as i64 + 1;
    let found = statement.query_map(params![joined(ids), most], |row| {
        Ok((rows::trace_id(row, "linked")?, (rows::trace_id(row, "trace_id")?, row.get("service")?)))
    })?;
    gathered(found)
}

/// By each of `ids`, what it links to and how often, in the order of the ids.
fn splits(db: &Connection, ids: &[TraceId]) -> Result<HashMap<TraceId, Vec<(String, u64)>>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut statement = db.prepare(&of_traces(db, include_str!("links_of_traces.sql"), ids)?)?;
    let found = statement.query_map([joined(ids)], |row| {
        Ok((rows::trace_id(row, "trace_id")?, (row.get("linked")?, whole(row, "links")?.unwrap_or(0))))
    })?;
    gathered(found)
}

/// How a trace with these links splits, `above` among them.
fn split(links: &[(String, u64)], above: TraceId) -> Option<Split> {
    let at = links.iter().position(|(linked, _)| *linked == above.to_hex())?;
    Some(Split { links: links.iter().map(|(_, links)| *links).collect(), at })
}

fn own_costs(db: &Connection, ids: &[TraceId]) -> Result<HashMap<TraceId, OwnCost>, StoreError> {
    let mut costs: HashMap<TraceId, OwnCost> = HashMap::new();
    if ids.is_empty() {
        return Ok(costs);
    }
    let place = place_of(db, ids)?;
    let mut statement = db.prepare(&at(&place, include_str!("trace_extents.sql")))?;
    let ids = joined(ids);
    let extents = statement.query_map([&ids], extent)?.collect::<Result<Vec<_>, _>>()?;
    let from = extents.iter().map(|extent| extent.from).min().unwrap_or_default();
    let last = extents.iter().map(|extent| extent.last).max().unwrap_or_default();
    let handed_over = extents.iter().any(|extent| extent.handed_over);
    for (id, bill) in bills(db, OF_INVOCATIONS, &place, &ids, around(from, last, handed_over))? {
        let cost = costs.entry(id).or_default();
        cost.functions = bill.cost.unwrap_or_default();
        cost.unpriced += bill.unpriced;
    }
    for (id, bill) in bills(db, OF_CALLS, &place, &ids, [from, last])? {
        let cost = costs.entry(id).or_default();
        cost.calls = bill.cost.unwrap_or_default();
        cost.unpriced += bill.unpriced;
    }
    for Extent { id, from, to, .. } in extents.into_iter().filter(|extent| extent.in_containers) {
        let mut statement = db.prepare_cached(include_str!("trace_containers.sql"))?;
        let asked = named_params! { "trace": id.to_hex(), "from": from, "to": to.max(from.saturating_add(1)) };
        let (containers, unpriced) = statement.query_row(asked, |row| Ok((usd(row, "usd")?, count(row)?)))?;
        let cost = costs.entry(id).or_default();
        cost.containers = containers;
        cost.unpriced += unpriced;
    }
    Ok(costs)
}

/// When a trace was under way, in ns.
struct Extent {
    id: TraceId,
    from: i64,
    /// The start of its last span.
    last: i64,
    to: i64,
    in_containers: bool,
    handed_over: bool,
}

fn extent(row: &Row<'_>) -> duckdb::Result<Extent> {
    Ok(Extent {
        id: rows::trace_id(row, "trace_id")?,
        from: row.get("from_ns")?,
        last: row.get("last_ns")?,
        to: row.get("to_ns")?,
        in_containers: row.get("in_containers")?,
        handed_over: row.get("handed_over")?,
    })
}

/// As `trace_summaries.sql` takes them: hexadecimal and commas, nothing of a user's.
fn joined(ids: &[TraceId]) -> String {
    ids.iter().map(|id| id.to_hex()).collect::<Vec<_>>().join(",")
}

fn gathered<K: std::hash::Hash + Eq, V>(
    found: impl Iterator<Item = duckdb::Result<(K, V)>>,
) -> Result<HashMap<K, Vec<V>>, StoreError> {
    let mut by: HashMap<K, Vec<V>> = HashMap::new();
    for one in found {
        let (key, value) = one?;
        by.entry(key).or_default().push(value);
    }
    Ok(by)
}

fn usd(row: &Row<'_>, name: &str) -> duckdb::Result<Usd> {
    let text: Option<String> = row.get(name)?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
}

fn count(row: &Row<'_>) -> duckdb::Result<u64> {
    Ok(whole(row, "unpriced")?.unwrap_or(0))
}
