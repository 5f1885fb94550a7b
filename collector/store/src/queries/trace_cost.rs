//! What a trace cost with everything it set going.

use std::collections::{HashSet, VecDeque};

use coldlight_model::money::Usd;
use coldlight_model::{Downstream, OwnCost, Split, TraceCost, TraceId, part_of};
use duckdb::{Connection, Row, named_params, params};

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
            let mut cost = TraceCost { own: own_cost(db, id)?, ..TraceCost::default() };
            let mut seen = HashSet::from([id]);
            let mut waiting = VecDeque::from([(id, Vec::<Split>::new())]);
            while let Some((above, splits)) = waiting.pop_front() {
                for (below, service) in linking(db, above)? {
                    // A trace reached twice, or round in a circle, counts by the shortest way.
                    if !seen.insert(below) {
                        continue;
                    }
                    if cost.downstream.len() == MOST_TRACES || splits.len() == MOST_DEEP {
                        cost.cut_off = true;
                        return Ok(cost);
                    }
                    let Some(split) = split(db, below, above)? else { continue };
                    let (links, of) = (split.links[split.at], split.links.iter().sum());
                    let splits: Vec<Split> = std::iter::once(split).chain(splits.iter().cloned()).collect();
                    let own = own_cost(db, below)?;
                    let part = part_of(own.total(), &splits).unwrap_or_default();
                    cost.downstream.push(Downstream { trace: below, service, own, part, links, of });
                    waiting.push_back((below, splits));
                }
            }
            Ok(cost)
        })
        .await
    }
}

fn linking(db: &Connection, id: TraceId) -> Result<Vec<(TraceId, String)>, StoreError> {
    let mut statement = db.prepare_cached(include_str!("traces_linking.sql"))?;
    let most = MOST_TRACES as i64 + 1;
    let found = statement
        .query_map(params![id.to_hex(), most], |row| Ok((rows::trace_id(row, "trace_id")?, row.get("service")?)))?;
    Ok(found.collect::<Result<Vec<_>, _>>()?)
}

/// How `below` splits over what it links to, `above` among it.
fn split(db: &Connection, below: TraceId, above: TraceId) -> Result<Option<Split>, StoreError> {
    let mut statement = db.prepare_cached(include_str!("links_of_trace.sql"))?;
    let found = statement
        .query_map([below.to_hex()], |row| Ok((row.get::<_, String>("linked")?, whole(row, "links")?.unwrap_or(0))))?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let at = found.iter().position(|(linked, _)| *linked == above.to_hex());
    Ok(at.map(|at| Split { links: found.into_iter().map(|(_, links)| links).collect(), at }))
}

fn own_cost(db: &Connection, id: TraceId) -> Result<OwnCost, StoreError> {
    let mut statement = db.prepare_cached(include_str!("trace_cost.sql"))?;
    let mut cost = statement.query_row([id.to_hex()], |row| {
        Ok(OwnCost {
            functions: usd(row, "functions")?,
            calls: usd(row, "calls")?,
            unpriced: count(row)?,
            ..OwnCost::default()
        })
    })?;
    let mut statement = db.prepare_cached(include_str!("trace_extent.sql"))?;
    let (extent, in_containers) = statement.query_row([id.to_hex()], |row| {
        let extent = row.get::<_, Option<i64>>("from_ns")?.zip(row.get::<_, Option<i64>>("to_ns")?);
        Ok((extent, row.get::<_, bool>("in_containers")?))
    })?;
    let Some((from, to)) = extent.filter(|_| in_containers) else { return Ok(cost) };
    let mut statement = db.prepare_cached(include_str!("trace_containers.sql"))?;
    let asked = named_params! { "trace": id.to_hex(), "from": from, "to": to.max(from.saturating_add(1)) };
    let (containers, unpriced) = statement.query_row(asked, |row| Ok((usd(row, "usd")?, count(row)?)))?;
    cost.containers = containers;
    cost.unpriced += unpriced;
    Ok(cost)
}

fn usd(row: &Row<'_>, name: &str) -> duckdb::Result<Usd> {
    let text: Option<String> = row.get(name)?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
}

fn count(row: &Row<'_>) -> duckdb::Result<u64> {
    Ok(whole(row, "unpriced")?.unwrap_or(0))
}
