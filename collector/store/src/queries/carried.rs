//! More about the arrows of the map: how many messages went over them, how often calls were made again, what they cost, and how queues do.

use std::collections::{BTreeMap, HashMap};

use coldlight_model::{Carried, Filter, MapEdge, Node, NodeKind, QueueFlow, Spent, TimeRange, Waits};
use duckdb::{Connection, Row, params};

use super::chosen;
use super::spending::{spent, spent_on_calls};
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// Whose spans tell of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// Those of a service that name one other side: the service, the other side, whether they are calls out.
    With(String, Node, bool),
    /// Those of two services of ours: the caller, the callee.
    Between(String, String),
}

/// What every edge carried in a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CarriedByEdge(HashMap<Place, Carried>);

impl CarriedByEdge {
    pub fn of(&self, edge: &MapEdge) -> Option<Carried> {
        places(&edge.from, &edge.to).find_map(|place| self.0.get(&place)).cloned()
    }
}

/// Where an edge may be told of, the first that is. A service that was called need not have spans of its own: then its callers tell.
fn places(from: &Node, to: &Node) -> impl Iterator<Item = Place> {
    let called = || Place::With(from.name.clone(), to.clone(), true);
    let [first, second] = match (from.kind.is_service(), to.kind.is_service()) {
        (true, true) => [Some(Place::Between(from.name.clone(), to.name.clone())), Some(called())],
        (true, false) => [Some(called()), None],
        (false, true) => [Some(Place::With(to.name.clone(), from.clone(), false)), None],
        (false, false) => [None, None],
    };
    [first, second].into_iter().flatten()
}

impl Store {
    /// More about the edge from one node to another, of the traces that `filter` finds as the map does; `None` where nothing tells of it.
    pub async fn carried(
        &self,
        range: TimeRange,
        filter: Filter,
        from: Node,
        to: Node,
    ) -> Result<Option<Carried>, StoreError> {
        self.ask(move |db| {
            among(db, range, &filter, |spans| {
                for place in places(&from, &to) {
                    let mut carried = carried(db, spans, range, &place)?;
                    if carried.calls > 0 {
                        carried.spent = costs(db, spans, range, Some(&place))?.remove(&place).unwrap_or_default();
                        return Ok(Some(carried));
                    }
                }
                Ok(None)
            })
        })
        .await
    }

    /// The same about every edge of `range`.
    pub async fn carried_by_edge(&self, range: TimeRange, filter: Filter) -> Result<CarriedByEdge, StoreError> {
        self.ask(move |db| {
            among(db, range, &filter, |spans| {
                let mut statement = db.prepare(&[spans, include_str!("map_carried_all.sql")].concat())?;
                let all = statement.query_map(params![range.from.nanos(), range.to.nanos()], |row| {
                    Ok((place_from_row(row)?, carried_from_row(row)?))
                })?;
                let mut all: HashMap<Place, Carried> = all.collect::<Result<_, _>>()?;
                for (place, spent) in costs(db, spans, range, None)? {
                    if let Some(carried) = all.get_mut(&place) {
                        carried.spent = spent;
                    }
                }
                Ok(CarriedByEdge(all))
            })
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

/// Asks with what stands before a question so that its `span_rows` are those of the traces that a filter finds.
fn among<T>(
    db: &Connection,
    range: TimeRange,
    filter: &Filter,
    ask: impl FnOnce(&str) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if filter.is_empty() {
        return ask("");
    }
    chosen::among(db, range, filter, || {
        ask("WITH span_rows AS (SELECT * FROM main.span_rows WHERE trace_id IN (SELECT trace_id FROM temp.chosen))\n")
    })
}

/// What came over edges cost: over all of them, or over those of the service that `of` is told by.
fn costs(
    db: &Connection,
    spans: &str,
    range: TimeRange,
    of: Option<&Place>,
) -> Result<HashMap<Place, Spent>, StoreError> {
    let chosen = if spans.is_empty() { "" } else { "AND trace_id IN (SELECT trace_id FROM temp.chosen)" };
    let mut all: HashMap<Place, Spent> = HashMap::new();
    let mut ask = |sql: &str, spent: fn(&Row<'_>) -> duckdb::Result<Spent>| -> Result<(), StoreError> {
        let (from, to) = (range.from.nanos(), range.to.nanos());
        let of_service = if of.is_some() { " AND service = $3" } else { "" };
        let mut statement = db.prepare(&sql.replace("/* conditions */", &[chosen, of_service].concat()))?;
        let mut rows = match of {
            None => statement.query(params![from, to])?,
            Some(Place::With(service, ..) | Place::Between(_, service)) => {
                statement.query(params![from, to, service])?
            }
        };
        while let Some(row) = rows.next()? {
            all.entry(place_from_row(row)?).or_default().add(&spent(row)?);
        }
        Ok(())
    };
    if !matches!(of, Some(Place::With(_, _, true))) {
        ask(include_str!("edge_invocations.sql"), spent)?;
    }
    if !matches!(of, Some(Place::Between(..))) {
        ask(include_str!("edge_calls.sql"), spent_on_calls)?;
    }
    Ok(all)
}

fn place_from_row(row: &Row<'_>) -> duckdb::Result<Place> {
    let (service, other) = (row.get("service")?, other(row)?);
    Ok(match row.get("between")? {
        true => Place::Between(service, other.name),
        false => Place::With(service, other, row.get("sent")?),
    })
}

fn carried(db: &Connection, spans: &str, range: TimeRange, place: &Place) -> Result<Carried, StoreError> {
    let (from, to) = (range.from.nanos(), range.to.nanos());
    Ok(match place {
        Place::With(service, other, sent) => {
            let mut statement = db.prepare(&[spans, include_str!("map_carried.sql")].concat())?;
            let asked = params![from, to, service, other.kind.name(), other.name, sent];
            statement.query_row(asked, carried_from_row)?
        }
        Place::Between(caller, callee) => {
            let mut statement = db.prepare(&[spans, include_str!("map_carried_between.sql")].concat())?;
            statement.query_row(params![from, to, caller, callee], carried_from_row)?
        }
    })
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
        spent: Spent::default(),
    })
}
