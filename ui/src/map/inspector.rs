//! What is selected on the map, in numbers; without a selection, what deserves a look.

use coldlight_model::money::Usd;
use coldlight_model::{Bill, Carried, EdgeStats, NodeStats, QueueFlow, Way, filter};

use super::graph::{Graph, GraphNode, plural};
use super::links::{MAX_WORD, addends, push_problem_links, trace_links, traces};
use super::money::{Money, is_priced, money};
use super::queues::verdict;
use crate::chart::{Durations, Stack};
use crate::format::{NOT_APPLICABLE, count, counted, duration, rate, share, usd};
use crate::icon;
use crate::pages::map::State;
use crate::palette::Palette;
use crate::text::{self, Text};

/// Neighbours listed before the rest is only counted.
const LISTED: usize = 8;
/// Members of a group listed.
const MEMBERS: usize = 20;

/// The panel beside the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspector {
    /// `node`, `edge`, `group` or `overview`.
    pub what: &'static str,
    pub icon: &'static str,
    pub colour: String,
    pub heading: Text,
    pub tags: Vec<String>,
    /// The page without the selection.
    pub close: Option<String>,
    /// Requests, problems, latency: value, label, class.
    pub trio: Vec<(String, String, &'static str)>,
    pub stack: Stack,
    pub durations: Option<Durations>,
    pub durations_title: &'static str,
    pub money: Option<Money>,
    pub lists: Vec<List>,
    pub links: Vec<(String, String)>,
    /// Links that leave only the surroundings: label, address, whether it is so now.
    pub focus: Vec<(&'static str, String, bool)>,
    pub note: Option<String>,
}

/// A list of neighbours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    pub title: &'static str,
    pub hint: String,
    pub rows: Vec<Neighbour>,
    /// How many more there are.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    pub name: String,
    pub aside: String,
    pub href: String,
    pub value: String,
    pub small: String,
    pub tone: &'static str,
}

/// What the panel is made from.
pub struct Subject<'a> {
    /// Every node, before grouping.
    pub graph: &'a Graph,
    /// What is drawn.
    pub drawn: &'a Graph,
    pub state: &'a State,
    pub palette: &'a Palette,
    /// Of the selected edge.
    pub carried: Option<Carried>,
    pub queues: &'a [QueueFlow],
    pub per_second: &'a dyn Fn(u64) -> f64,
    /// Names the range.
    pub phrase: &'a str,
}

pub fn inspector(subject: &Subject) -> Inspector {
    let Some(selected) = subject.state.selected.as_deref() else { return overview(subject, None) };
    let close = subject.state.clone().select(None).link().to_string();
    let mut panel = if let Some(at) = subject.graph.position(selected) {
        node(subject, at)
    } else if let Some(at) = subject.graph.edge_position(selected) {
        edge(subject, subject.graph, at)
    } else if let Some(at) = subject.drawn.position(selected) {
        group(subject, at)
    } else if let Some(at) = subject.drawn.edge_position(selected) {
        edge(subject, subject.drawn, at)
    } else {
        let name = text::cut(selected.split_once(':').map_or(selected, |(_, name)| name), 80);
        overview(subject, Some(format!("“{name}” did nothing in this range.")))
    };
    panel.close = Some(close);
    panel
}

fn node(subject: &Subject, at: usize) -> Inspector {
    let node = &subject.graph.nodes[at];
    let is_service = node.kind.is_service();
    let mut tags = vec![node.kind.label().to_owned()];
    if node.seen {
        tags.push("seen by its callers only".to_owned());
    }
    if let Some(flow) = subject.queues.iter().find(|flow| flow.node.id() == node.id) {
        let waits = flow.all_waits();
        tags.push(verdict(flow));
        if waits.count > 0 {
            tags.push(format!("p95 wait {}, longest {}", duration(waits.p95), duration(waits.longest)));
        }
    }
    let here = subject.state.focus.as_deref() == Some(&node.id);
    let hops = subject.state.hops;
    let mut focus: Vec<(&'static str, String, bool)> = [("1 step", 1u8), ("2 steps", 2), ("3 steps", 3)]
        .map(|(label, steps)| {
            (label, subject.state.clone().focus(Some(node.id.clone()), steps).link().to_string(), here && hops == steps)
        })
        .into();
    focus.push(("All", subject.state.clone().focus(None, 1).link().to_string(), subject.state.focus.is_none()));
    Inspector {
        what: "node",
        icon: icon::of_kind(node.kind),
        colour: if is_service && !node.seen { subject.palette.class(&node.name) } else { String::new() },
        heading: named(&node.name),
        tags,
        trio: trio(&node.stats, subject.per_second),
        stack: Stack::new(&node.stats),
        durations: Durations::new(&node.stats.durations),
        durations_title: if node.seen { "Duration, as its callers saw it" } else { "Duration" },
        money: node.bill.as_ref().and_then(|bill| money(bill, subject.phrase, addends(subject, node, &bill.spent))),
        lists: vec![callers(subject, at), callees(subject, at)],
        links: trace_links(subject, at),
        focus,
        ..Inspector::default()
    }
}

fn edge(subject: &Subject, graph: &Graph, at: usize) -> Inspector {
    let edge = &graph.edges[at];
    let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
    let way = match edge.way {
        Way::Sync => "sync: the caller waits",
        Way::Async => "async: handed over",
        Way::Poll => "poll: fetched in batches",
    };
    let end = |node: &GraphNode, aside: &str| Neighbour {
        name: text::named(&node.name, 60),
        aside: aside.to_owned(),
        href: subject.state.clone().select(Some(node.id.clone())).link().to_string(),
        value: rate((subject.per_second)(node.stats.calls)),
        small: "in all".to_owned(),
        tone: "",
    };
    let mut links = Vec::new();
    if from.members == 1 && from.kind.is_service() && from.name.len() <= MAX_WORD {
        let service = filter::word("service", &from.name);
        let kind = if edge.way == Way::Sync { "kind:client" } else { "kind:producer" };
        push_problem_links(&mut links, subject.state, &format!("{service} {kind}"), &edge.stats, "calls");
    }
    if to.members == 1 && to.kind.is_service() && to.name.len() <= MAX_WORD {
        links.push((
            "Slowest at the callee".to_owned(),
            traces(subject.state, &filter::word("service", &to.name), true),
        ));
    }
    Inspector {
        what: "edge",
        icon: icon::of_kind(to.kind),
        heading: Text {
            shown: format!("{} → {}", text::named(&from.name, 60), text::named(&to.name, 60)),
            whole: None,
        },
        tags: [way.to_owned()].into_iter().chain(subject.carried.iter().flat_map(carried)).collect(),
        trio: trio(&edge.stats, subject.per_second),
        stack: Stack::new(&edge.stats),
        durations: Durations::new(&edge.stats.durations),
        durations_title: if edge.way == Way::Sync {
            "Duration, as the caller saw it"
        } else {
            "Lag, from send to start"
        },
        money: subject.carried.as_ref().and_then(|carried| {
            let owner = if to.kind.is_service() { to } else { from };
            let bill = Bill { spent: carried.spent.clone(), init: None };
            let mut money = money(&bill, subject.phrase, addends(subject, owner, &bill.spent))?;
            if bill.spent.served() == 0 {
                let each = bill.spent.total().times(1, carried.calls.max(1).into());
                money.cost.extend(each.map(|each| (usd(each), "per call".to_owned(), "")));
            }
            Some(money)
        }),
        lists: vec![List {
            title: "Ends",
            hint: String::new(),
            rows: vec![end(from, "caller"), end(to, "callee")],
            more: 0,
        }],
        links,
        ..Inspector::default()
    }
}

/// How many messages a call carried, and how many calls were made again.
fn carried(carried: &Carried) -> Vec<String> {
    let mut words = Vec::new();
    if carried.batches > 0 {
        let mean = carried.messages as f64 / carried.batches as f64;
        words.push(format!("{mean:.1} messages at a time, at most {}", count(carried.most)));
    }
    if carried.retried > 0 {
        let times = counted(carried.retries, "time", "times");
        words.push(format!("{} of calls made again, {times}", share(carried.retried, carried.calls)));
    }
    words
}

fn group(subject: &Subject, at: usize) -> Inspector {
    let group = &subject.drawn.nodes[at];
    let mut members: Vec<&GraphNode> = match subject.drawn.grouped {
        Some(by) => subject.graph.nodes.iter().filter(|node| by.of(node) == group.id).collect(),
        None => Vec::new(),
    };
    members.sort_by(|a, b| b.stats.calls.cmp(&a.stats.calls).then_with(|| a.id.cmp(&b.id)));
    let rows = members.iter().take(MEMBERS).map(|node| Neighbour {
        name: text::named(&node.name, 60),
        aside: String::new(),
        href: subject.state.clone().select(Some(node.id.clone())).focus(Some(node.id.clone()), 1).link().to_string(),
        value: rate((subject.per_second)(node.stats.calls)),
        small: problem_words(&node.stats),
        tone: tone(&node.stats),
    });
    Inspector {
        what: "group",
        icon: icon::of_kind(group.kind),
        heading: named(&group.name),
        tags: vec![match &group.team {
            Some(team) => format!("all of {} together", text::cut(team, 60)),
            None => format!("all {} together", plural(group.kind)),
        }],
        trio: trio(&group.stats, subject.per_second),
        stack: Stack::new(&group.stats),
        durations: Durations::new(&group.stats.durations),
        durations_title: "Duration",
        money: group.bill.as_ref().and_then(|bill| money(bill, subject.phrase, addends(subject, group, &bill.spent))),
        lists: vec![List {
            title: "Busiest",
            hint: "opens its surroundings".to_owned(),
            more: members.len().saturating_sub(MEMBERS),
            rows: rows.collect(),
        }],
        ..Inspector::default()
    }
}

/// Without a selection: the nodes with the largest share of problems, and the slowest.
fn overview(subject: &Subject, note: Option<String>) -> Inspector {
    let services = || subject.graph.nodes.iter().filter(|node| node.stats.calls > 0);
    let ratio = |node: &GraphNode| (node.stats.faults + node.stats.throttles) as f64 / node.stats.calls as f64;
    let mut failing: Vec<&GraphNode> = services().filter(|node| ratio(node) > 0.0).collect();
    failing.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)).then_with(|| a.id.cmp(&b.id)));
    let p95 = |node: &GraphNode| node.stats.durations.quantile(0.95).unwrap_or(0);
    let mut slow: Vec<&GraphNode> = services().filter(|node| p95(node) > 0).collect();
    slow.sort_by(|a, b| p95(b).cmp(&p95(a)).then_with(|| a.id.cmp(&b.id)));
    let row = |node: &&GraphNode, value: String, small: String, tone: &'static str| Neighbour {
        name: text::named(&node.name, 60),
        aside: node.kind.label().to_owned(),
        href: subject.state.clone().select(Some(node.id.clone())).link().to_string(),
        value,
        small,
        tone,
    };
    let failing_rows = failing.iter().take(LISTED).map(|node| {
        let worst = node.stats.faults.max(node.stats.throttles);
        let word = if node.stats.faults >= node.stats.throttles { "5xx" } else { "429" };
        row(node, share(worst, node.stats.calls), word.to_owned(), tone(&node.stats))
    });
    let slow_rows = slow
        .iter()
        .take(LISTED)
        .map(|node| row(node, duration(p95(node)), rate((subject.per_second)(node.stats.calls)), ""));
    let total = |node: &GraphNode| {
        let spent = node.bill.as_ref().map(|bill| &bill.spent).filter(|spent| is_priced(spent));
        spent.map(|spent| spent.total())
    };
    let mut dear: Vec<(Usd, &GraphNode)> = services().filter_map(|node| Some((total(node)?, node))).collect();
    dear.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let dear_rows = dear.iter().take(LISTED).map(|(amount, node)| row(node, usd(*amount), String::new(), ""));
    Inspector {
        what: "overview",
        icon: "find",
        heading: Text { shown: "Worth a look".to_owned(), whole: None },
        lists: vec![
            List { title: "Failing most", hint: "share of calls".to_owned(), rows: failing_rows.collect(), more: 0 },
            List { title: "Slowest", hint: "p95".to_owned(), rows: slow_rows.collect(), more: 0 },
            List { title: "Dearest", hint: subject.phrase.to_owned(), rows: dear_rows.collect(), more: 0 },
        ],
        note: Some(note.unwrap_or_else(|| {
            if failing.is_empty() {
                "No faults and no throttling in this range. Select a node or an arrow for its numbers.".to_owned()
            } else {
                "Select a node or an arrow for its numbers.".to_owned()
            }
        })),
        ..Inspector::default()
    }
}

fn named(name: &str) -> Text {
    if name.is_empty() { Text { shown: "(no name)".to_owned(), whole: None } } else { Text::new(name) }
}

fn trio(stats: &NodeStats, per_second: &dyn Fn(u64) -> f64) -> Vec<(String, String, &'static str)> {
    let (problem, word, tone) = match stats.faults >= stats.throttles {
        true => (stats.faults, ("fault", "faults"), "c-fault"),
        false => (stats.throttles, ("throttled", "throttled"), "c-throttle"),
    };
    let quantile = |q: f64| stats.durations.quantile(q).map_or_else(|| NOT_APPLICABLE.to_owned(), duration);
    vec![
        (rate(per_second(stats.calls)), format!("{} total", count(stats.calls)), ""),
        (share(problem, stats.calls), counted(problem, word.0, word.1), if problem > 0 { tone } else { "" }),
        (quantile(0.95), format!("p95, p50 {}", quantile(0.5)), ""),
    ]
}

fn callers(subject: &Subject, at: usize) -> List {
    let incoming = subject.graph.edges.iter().filter(|edge| edge.to == at);
    let total: u64 = subject.graph.edges.iter().filter(|edge| edge.to == at).map(|edge| edge.stats.calls).sum();
    neighbours(
        subject,
        "Called by",
        "share of these calls",
        incoming.map(|edge| (edge.from, edge.way, &edge.stats)),
        total,
    )
}

fn callees(subject: &Subject, at: usize) -> List {
    let outgoing = subject.graph.edges.iter().filter(|edge| edge.from == at);
    let total: u64 = subject.graph.edges.iter().filter(|edge| edge.from == at).map(|edge| edge.stats.calls).sum();
    neighbours(
        subject,
        "Calls",
        "share of calls out, p95",
        outgoing.map(|edge| (edge.to, edge.way, &edge.stats)),
        total,
    )
}

fn neighbours<'a>(
    subject: &Subject,
    title: &'static str,
    hint: &'static str,
    edges: impl Iterator<Item = (usize, Way, &'a EdgeStats)>,
    total: u64,
) -> List {
    let mut edges: Vec<_> = edges.collect();
    edges.sort_by(|a, b| b.2.calls.cmp(&a.2.calls).then(a.0.cmp(&b.0)).then(a.1.cmp(&b.1)));
    let rows = edges.iter().take(LISTED).map(|(other, way, stats)| {
        let other = &subject.graph.nodes[*other];
        let aside = if *way == Way::Sync {
            other.kind.label().to_owned()
        } else {
            format!("{}, {}", other.kind.label(), way.name())
        };
        let p95 = stats.durations.quantile(0.95).map(duration).unwrap_or_default();
        let problem = problem_words(stats);
        Neighbour {
            name: text::named(&other.name, 60),
            aside,
            href: subject.state.clone().select(Some(other.id.clone())).link().to_string(),
            value: share(stats.calls, total),
            small: [problem, p95].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", "),
            tone: tone(stats),
        }
    });
    List { title, hint: hint.to_owned(), more: edges.len().saturating_sub(LISTED), rows: rows.collect() }
}

/// `3.8% 5xx` from one in a hundred on; nothing below.
fn problem_words(stats: &NodeStats) -> String {
    match tone(stats) {
        "c-fault" => format!("{} 5xx", share(stats.faults, stats.calls)),
        "c-throttle" => format!("{} 429", share(stats.throttles, stats.calls)),
        _ => String::new(),
    }
}

fn tone(stats: &NodeStats) -> &'static str {
    let is_shown = |count: u64| count > 0 && count as f64 >= 0.01 * stats.calls as f64;
    match () {
        () if is_shown(stats.faults) && stats.faults >= stats.throttles => "c-fault",
        () if is_shown(stats.throttles) => "c-throttle",
        () => "",
    }
}
