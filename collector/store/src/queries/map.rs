//! The service map, from the minute rollups.

use std::collections::BTreeMap;

use coldlight_model::{
    Bill, EntryBin, Filter, MapEdge, MapNode, Node, NodeKind, NodeStats, ServiceMap, SpendingBy, Spent, TimeRange, Way,
};
use duckdb::{Connection, Row, params};

use super::asking::{Asking, Of};
use super::spending::spent;
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// Slices of the map's small charts.
const BINS: u64 = 30;

const MINUTE: u64 = 60_000_000_000;

impl Store {
    /// What called what in `range`, which is widened to whole minutes.
    pub async fn map(&self, range: TimeRange) -> Result<ServiceMap, StoreError> {
        self.ask(move |db| {
            let minutes = whole_minutes(range);
            let mut nodes: BTreeMap<String, MapNode> = BTreeMap::new();
            services(db, minutes, &mut nodes)?;
            let edges = edges(db, minutes)?;
            for edge in &edges {
                meet(&mut nodes, &edge.from, None);
                meet(&mut nodes, &edge.to, Some(&edge.stats));
            }
            let bin_length = bin_length(minutes);
            let mut bins = entries(db, minutes, bin_length)?;
            let mut entries = NodeStats::default();
            bins.iter().for_each(|bin| entries.merge(&bin.stats));
            let mut nodes: Vec<MapNode> = nodes.into_values().collect();
            let spent = bills(db, minutes, bin_length, &mut nodes, &mut bins)?;
            Ok(ServiceMap { range, nodes, edges, entries, bins, spent })
        })
        .await
    }
}

fn whole_minutes(range: TimeRange) -> TimeRange {
    let to = range.to.minute();
    TimeRange { from: range.from.minute(), to: if to < range.to { to.plus(MINUTE) } else { to } }
}

/// Adds the counts of a row to `stats`.
fn add(stats: &mut NodeStats, row: &Row<'_>) -> duckdb::Result<()> {
    let calls: u64 = row.get("calls")?;
    stats.calls += calls;
    stats.errors += row.get::<_, u64>("errors")?;
    stats.faults += row.get::<_, u64>("faults")?;
    stats.throttles += row.get::<_, u64>("throttles")?;
    stats.durations.add(row.get("bucket")?, calls);
    Ok(())
}

fn services(db: &Connection, range: TimeRange, nodes: &mut BTreeMap<String, MapNode>) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(include_str!("map_services.sql"))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos()])?;
    while let Some(row) = rows.next()? {
        let node = Node::new(NodeKind::from_name(&row.get::<_, String>("platform")?), row.get::<_, String>("service")?);
        let at = nodes.entry(node.id()).or_insert_with(|| MapNode {
            node,
            seen: false,
            stats: NodeStats::default(),
            bill: None,
        });
        add(&mut at.stats, row)?;
    }
    Ok(())
}

fn edges(db: &Connection, range: TimeRange) -> Result<Vec<MapEdge>, StoreError> {
    let mut statement = db.prepare_cached(include_str!("map_edges.sql"))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos()])?;
    let mut edges: BTreeMap<(String, String, Way), MapEdge> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let node = |kind, name| -> duckdb::Result<Node> {
            Ok(Node::new(NodeKind::from_name(&row.get::<_, String>(kind)?), row.get::<_, String>(name)?))
        };
        let (from, to) = (node("caller_kind", "caller")?, node("callee_kind", "callee")?);
        let way = Way::from_name(&row.get::<_, String>("way")?);
        let at = edges.entry((from.id(), to.id(), way)).or_insert_with(|| MapEdge {
            from,
            to,
            way,
            stats: NodeStats::default(),
        });
        add(&mut at.stats, row)?;
    }
    Ok(edges.into_values().collect())
}

/// A node that an edge names: one that serves requests of ours stays as it is, any other is made of what callers saw.
fn meet(nodes: &mut BTreeMap<String, MapNode>, node: &Node, calls: Option<&NodeStats>) {
    let at = nodes.entry(node.id()).or_insert_with(|| MapNode {
        node: node.clone(),
        seen: true,
        stats: NodeStats::default(),
        bill: None,
    });
    if let (true, Some(calls)) = (at.seen, calls) {
        at.stats.merge(calls);
    }
}

/// Slices of whole minutes: the rollups know nothing finer.
fn bin_length(range: TimeRange) -> u64 {
    (range.length() / BINS).div_ceil(MINUTE).max(1) * MINUTE
}

fn entries(db: &Connection, range: TimeRange, bin_length: u64) -> Result<Vec<EntryBin>, StoreError> {
    let count = range.length().div_ceil(bin_length);
    let mut bins: Vec<EntryBin> =
        (0..count).map(|bin| EntryBin { from: range.from.plus(bin * bin_length), ..EntryBin::default() }).collect();
    let mut statement = db.prepare_cached(include_str!("map_entries.sql"))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos(), bin_length as i64])?;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get("bin")?;
        if let Some(bin) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
            add(&mut bin.stats, row)?;
        }
    }
    Ok(bins)
}

/// Adds to functions and slices what their invocations cost; the sum of all.
fn bills(
    db: &Connection,
    range: TimeRange,
    bin_length: u64,
    nodes: &mut [MapNode],
    bins: &mut [EntryBin],
) -> Result<Spent, StoreError> {
    let (mut all, mut bills) = (Spent::default(), BTreeMap::<String, Bill>::new());
    let asking = Asking { range, step: bin_length, by: &SpendingBy::Service, filter: &Filter::default() };
    asking.rows(db, Of::FunctionsAlone, |row| {
        let spent = spent(row)?;
        all.add(&spent);
        let bin: i64 = row.get("step")?;
        if let Some(bin) = usize::try_from(bin).ok().and_then(|bin| bins.get_mut(bin)) {
            bin.spent.add(&spent);
        }
        if let Some(service) = row.get("name")? {
            bills.entry(service).or_default().spent.add(&spent);
        }
        Ok(())
    })?;
    let mut statement = db.prepare_cached(include_str!("map_inits.sql"))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos()])?;
    while let Some(row) = rows.next()? {
        if let Some(bill) = bills.get_mut(&row.get::<_, String>("service")?) {
            bill.init = whole(row, "median")?.zip(whole(row, "p95")?);
        }
    }
    // A name may stand for a function and for a container; invocations are the function's.
    for of_function in [true, false] {
        for node in nodes.iter_mut().filter(|node| !node.seen && (node.node.kind == NodeKind::Lambda) == of_function) {
            node.bill = bills.remove(&node.node.name);
        }
    }
    Ok(all)
}
