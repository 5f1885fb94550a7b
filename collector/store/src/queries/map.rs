//! The service map: from the minute rollups, or where a filter is set from the spans of the traces that it finds.
//!
//! The latter makes the rows of the rollups of those spans alone, and then asks the same questions of them.

use std::collections::BTreeMap;

use coldlight_model::{
    Bill, EntryBin, Filter, MapEdge, MapNode, Narrowed, Node, NodeKind, NodeStats, ServiceMap, Spent, TimeRange, Way,
};
use duckdb::{Connection, Row, params, params_from_iter};

use super::chosen::{MOST_TRACES, among, lately};
use super::places::conditions_with_places;
use super::sampled::sampled;
use super::spent::{Whole, each_sum};
use crate::Store;
use crate::counts::{EDGE_ROWS, REQUESTS, SERVICE_ROWS};
use crate::error::StoreError;
use crate::hours::Pieces;
use crate::rows::whole;

/// Slices of the map's small charts.
const BINS: u64 = 30;

const MINUTE: u64 = 60_000_000_000;

/// A trace's other spans are looked for this far around the range.
const REACH: u64 = 3_600_000_000_000;

impl Store {
    /// What called what in `range`, which is widened to whole minutes. With a filter, of the newest traces that have a span
    /// that all its conditions hold of, and of the last day of the range at most; the answer says what was left out.
    pub async fn map(&self, range: TimeRange, filter: Filter) -> Result<ServiceMap, StoreError> {
        if filter.is_empty() {
            let minutes = range.whole_minutes();
            let counted = self.ask(move |db| {
                let sampled = sampled(db, range, &Filter::default())?;
                Ok((Counted::read(db, minutes, &Source::Rollups(Pieces::of(db, minutes)?))?, sampled))
            });
            let bills = self.ask(move |db| Bills::read(db, minutes, Whole::All));
            let (counted, bills) = tokio::join!(counted, bills);
            let ((counted, sampled), bills) = (counted?, bills?);
            return Ok(ServiceMap { sampled, ..drawn(range, counted, bills) });
        }
        self.ask(move |db| {
            let range = lately(range);
            let map = among(db, range, &filter, || {
                let narrowed = Some(gather(db, range, &filter)?);
                let sampled = sampled(db, range, &filter)?;
                let minutes = range.whole_minutes();
                let counted = Counted::read(db, minutes, &Source::Found)?;
                let bills = Bills::read(db, minutes, Whole::Found)?;
                Ok(ServiceMap { narrowed, sampled, ..drawn(range, counted, bills) })
            });
            // The connection goes back to the others, and memory too.
            db.execute_batch("DROP TABLE IF EXISTS temp.rolling")?;
            map
        })
        .await
    }
}

/// Where the rows of the map come from.
enum Source {
    Rollups(Pieces),
    /// The tables `chosen` and `rolling` of this connection.
    Found,
}

impl Source {
    /// A question about rollups `of` services or edges, asked of the rows of this source; each minute for itself, or hours together.
    fn of(&self, of: &str, question: &str, by_minute: bool) -> String {
        let (columns, rows) = match of {
            "edge" => ("caller_kind, caller, callee_kind, callee, way", EDGE_ROWS),
            _ => ("service, platform, entry", SERVICE_ROWS),
        };
        match self {
            Self::Rollups(_) if by_minute => question.to_owned(),
            Self::Rollups(pieces) => format!("WITH {of}_minutes AS (\n{}\n)\n{question}", pieces.rows(of)),
            Self::Found => format!(
                "WITH {of}_minutes (minute, {columns}, bucket, calls, errors, faults, throttles) AS (\n{rows}\n)\n{question}"
            ),
        }
    }
}

/// A question about `table`, which begins with a clause of its own, asked of the chosen traces alone.
fn of_chosen(question: &str, table: &str) -> String {
    let own =
        ["WITH ", table, " AS (SELECT * FROM main.", table, " WHERE trace_id IN (SELECT trace_id FROM temp.chosen)),"]
            .concat();
    question.replacen("WITH", &own, 1)
}

/// Gathers the spans of the chosen traces into the table `rolling`, and tells how many `filter` finds.
fn gather(db: &Connection, range: TimeRange, filter: &Filter) -> Result<Narrowed, StoreError> {
    let conditions = conditions_with_places(db, range, filter)?;
    let count = conditions.fill(include_str!("map_found_count.sql"));
    let of: i64 = db.query_row(&count, params_from_iter(conditions.params), |row| row.get(0))?;
    let gather = include_str!("map_found.sql").replace("/* requests */", REQUESTS);
    db.execute(&gather, [range.from.minus(REACH), range.to.plus(REACH)].map(|at| at.nanos()))?;
    Ok(Narrowed { traces: of.unsigned_abs().min(MOST_TRACES), of: of.unsigned_abs() })
}

/// Who called whom, how often and how it went.
struct Counted {
    nodes: BTreeMap<String, MapNode>,
    edges: Vec<MapEdge>,
    bins: Vec<EntryBin>,
}

impl Counted {
    fn read(db: &Connection, minutes: TimeRange, source: &Source) -> Result<Self, StoreError> {
        let mut nodes: BTreeMap<String, MapNode> = BTreeMap::new();
        services(db, minutes, source, &mut nodes)?;
        let edges = edges(db, minutes, source)?;
        for edge in &edges {
            meet(&mut nodes, &edge.from, None);
            meet(&mut nodes, &edge.to, Some(&edge.stats));
        }
        let bins = entries(db, minutes, source)?;
        teams(db, &mut nodes)?;
        Ok(Self { nodes, edges, bins })
    }
}

fn drawn(range: TimeRange, counted: Counted, mut bills: Bills) -> ServiceMap {
    let Counted { nodes, edges, mut bins } = counted;
    let mut nodes: Vec<MapNode> = nodes.into_values().collect();
    let mut entries = NodeStats::default();
    for (bin, spent) in bins.iter_mut().zip(&bills.bins) {
        entries.merge(&bin.stats);
        bin.spent.add(spent);
    }
    // A name may stand for a function and for a container; what it cost is then the function's.
    for of_function in [true, false] {
        for node in nodes.iter_mut().filter(|node| !node.seen && (node.node.kind == NodeKind::Lambda) == of_function) {
            node.bill = bills.services.remove(&node.node.name);
        }
    }
    ServiceMap { range, nodes, edges, entries, bins, spent: bills.all, ..ServiceMap::default() }
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

fn services(
    db: &Connection,
    range: TimeRange,
    source: &Source,
    nodes: &mut BTreeMap<String, MapNode>,
) -> Result<(), StoreError> {
    let mut statement = db.prepare(&source.of("service", include_str!("map_services.sql"), false))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos()])?;
    while let Some(row) = rows.next()? {
        let node = Node::new(NodeKind::from_name(&row.get::<_, String>("platform")?), row.get::<_, String>("service")?);
        let at = nodes.entry(node.id()).or_insert_with(|| MapNode {
            node,
            seen: false,
            team: None,
            stats: NodeStats::default(),
            bill: None,
        });
        add(&mut at.stats, row)?;
    }
    Ok(())
}

fn edges(db: &Connection, range: TimeRange, source: &Source) -> Result<Vec<MapEdge>, StoreError> {
    let mut statement = db.prepare(&source.of("edge", include_str!("map_edges.sql"), false))?;
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

fn teams(db: &Connection, nodes: &mut BTreeMap<String, MapNode>) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(include_str!("map_teams.sql"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = Node::new(NodeKind::Service, row.get::<_, String>("service")?).id();
        if let Some(node) = nodes.get_mut(&id) {
            node.team = row.get("team")?;
        }
    }
    Ok(())
}

/// A node that an edge names: one that serves requests of ours stays as it is, any other is made of what callers saw.
fn meet(nodes: &mut BTreeMap<String, MapNode>, node: &Node, calls: Option<&NodeStats>) {
    let at = nodes.entry(node.id()).or_insert_with(|| MapNode {
        node: node.clone(),
        seen: true,
        team: None,
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

fn bin_count(range: TimeRange) -> u64 {
    range.length().div_ceil(bin_length(range))
}

fn entries(db: &Connection, range: TimeRange, source: &Source) -> Result<Vec<EntryBin>, StoreError> {
    let bin_length = bin_length(range);
    let starts = (0..bin_count(range)).map(|bin| range.from.plus(bin * bin_length));
    let mut bins: Vec<EntryBin> = starts.map(|from| EntryBin { from, ..EntryBin::default() }).collect();
    let mut statement = db.prepare(&source.of("service", include_str!("map_entries.sql"), true))?;
    let mut rows = statement.query(params![range.from.nanos(), range.to.nanos(), bin_length as i64])?;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get("bin")?;
        if let Some(bin) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
            add(&mut bin.stats, row)?;
        }
    }
    Ok(bins)
}

/// What services and slices cost, and all together.
struct Bills {
    all: Spent,
    services: BTreeMap<String, Bill>,
    bins: Vec<Spent>,
}

impl Bills {
    fn read(db: &Connection, range: TimeRange, of: Whole) -> Result<Self, StoreError> {
        let (mut all, mut services) = (Spent::default(), BTreeMap::<String, Bill>::new());
        let mut bins: Vec<Spent> = (0..bin_count(range)).map(|_| Spent::default()).collect();
        each_sum(db, range, bin_length(range), of, |service, bin, spent| {
            all.add(&spent);
            if let Some(bin) = bins.get_mut(bin) {
                bin.add(&spent);
            }
            if let Some(service) = service {
                services.entry(service).or_default().spent.add(&spent);
            }
        })?;
        let inits = include_str!("map_inits.sql");
        let mut statement = db.prepare(&match of {
            Whole::All => inits.to_owned(),
            Whole::Found => of_chosen(inits, "invocation_rows"),
        })?;
        let mut rows = statement.query(params![range.from.nanos(), range.to.nanos()])?;
        while let Some(row) = rows.next()? {
            if let Some(bill) = services.get_mut(&row.get::<_, String>("service")?) {
                bill.init = whole(row, "median")?.zip(whole(row, "p95")?);
            }
        }
        Ok(Self { all, services, bins })
    }
}
