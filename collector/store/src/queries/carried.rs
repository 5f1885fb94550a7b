//! More about the arrows of the map: how many messages went over them, how often calls were made again, and how queues do.

use std::collections::{BTreeMap, HashMap};

use coldlight_model::{Carried, MapEdge, Node, NodeKind, QueueFlow, TimeRange, Waits};
use duckdb::{Row, params};

use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// Spans of a service that name one other side: the service, the other side, whether they are calls out.
type Place = (String, Node, bool);

/// What every edge carried in a range. Of calls between two services nothing is known: which spans those are is told with the edge alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CarriedByEdge(HashMap<Place, Carried>);

impl CarriedByEdge {
    pub fn of(&self, edge: &MapEdge) -> Option<Carried> {
        self.0.get(&place(edge.from.clone(), edge.to.clone())?).copied()
    }
}

fn place(from: Node, to: Node) -> Option<Place> {
    match (from.kind.is_service(), to.kind.is_service()) {
        (true, false) => Some((from.name, to, true)),
        (false, true) => Some((to.name, from, false)),
        _ => None,
    }
}

impl Store {
    /// More about the edge from one node to another; `None` of calls between two services.
    pub async fn carried(&self, range: TimeRange, from: Node, to: Node) -> Result<Option<Carried>, StoreError> {
        let Some((service, other, sent)) = place(from, to) else { return Ok(None) };
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("map_carried.sql"))?;
            let asked = params![range.from.nanos(), range.to.nanos(), service, other.kind.name(), other.name, sent];
            Ok(Some(statement.query_row(asked, carried_from_row)?))
        })
        .await
    }

    /// The same about every edge of `range`.
    pub async fn carried_by_edge(&self, range: TimeRange) -> Result<CarriedByEdge, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("map_carried_all.sql"))?;
            let all = statement.query_map(params![range.from.nanos(), range.to.nanos()], |row| {
                let place = (row.get("service")?, other(row)?, row.get("sent")?);
                Ok((place, carried_from_row(row)?))
            })?;
            Ok(CarriedByEdge(all.collect::<Result<_, _>>()?))
        })
        .await
    }

    /// The queues, topics, buses and streams of `range`, by kind and name.
    pub async fn queues(&self, range: TimeRange) -> Result<Vec<QueueFlow>, StoreError> {
        self.ask(move |db| {
            let middle = range.from.plus(range.length() / 2);
            let mut statement = db.prepare_cached(include_str!("map_queues.sql"))?;
            let mut rows = statement.query(params![range.from.nanos(), range.to.nanos(), middle.nanos()])?;
            let mut flows: BTreeMap<Node, QueueFlow> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let node = other(row)?;
                let half = usize::from(row.get::<_, i64>("half")? > 0);
                let flow = flows.entry(node.clone()).or_insert_with(|| QueueFlow { node, ..QueueFlow::default() });
                let count = |name| Ok::<u64, duckdb::Error>(whole(row, name)?.unwrap_or(0));
                flow.sent[half] = count("sent")?;
                flow.received[half] = count("received")?;
                flow.waits[half] =
                    Waits { count: count("told")?, p50: count("p50")?, p95: count("p95")?, longest: count("longest")? };
            }
            Ok(flows.into_values().collect())
        })
        .await
    }
}

fn other(row: &Row<'_>) -> duckdb::Result<Node> {
    Ok(Node::new(NodeKind::from_name(&row.get::<_, String>("remote_kind")?), row.get::<_, String>("remote_name")?))
}

fn carried_from_row(row: &Row<'_>) -> duckdb::Result<Carried> {
    let count = |name| Ok::<u64, duckdb::Error>(whole(row, name)?.unwrap_or(0));
    Ok(Carried {
        calls: count("calls")?,
        batches: count("batches")?,
        messages: count("messages")?,
        most: count("most")?,
        retried: count("retried")?,
        retries: count("retries")?,
    })
}
