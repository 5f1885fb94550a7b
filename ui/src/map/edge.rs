//! An edge as an arrow of the map.

use std::collections::BTreeSet;

use coldlight_model::{EdgeStats, Way};

use super::{Fate, Graph, GraphEdge, change};
use crate::format::{counted, duration, number, rate, share};
use crate::layout::Route;
use crate::pages::map::By;
use crate::text;

/// From this share on an edge is drawn as failing or throttled.
const SHOWN: f64 = 0.01;

/// Of more edges only the busiest have words, and those that fail, are chosen or changed. What the others would say is told under the
/// pointer: hundreds of words on one map are read by nobody.
const WORDED: usize = 60;

/// Everything the template draws of one edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    pub href: String,
    pub from: String,
    pub to: String,
    pub way: &'static str,
    /// `bad`, `thr`, `hl`, `off`: classes of the curve.
    pub class: String,
    /// The head: solid or hollow in the curve's colour.
    pub marker: &'static str,
    pub width: String,
    pub path: String,
    /// Above and below the line, with their places.
    pub above: Option<(String, String, String)>,
    pub below: Option<(String, String, String)>,
    pub title: String,
}

/// What decides how arrows look besides their edge.
pub struct Look<'a> {
    pub by: By,
    /// The position of the selected node, and of the selected edge.
    pub selected: Option<usize>,
    pub selected_edge: Option<usize>,
    pub only: Option<Way>,
    /// Labels say what changed.
    pub is_compared: bool,
    /// Edges of so many calls have words: see [`worded_from`].
    pub worded_from: u64,
    pub per_second: &'a dyn Fn(u64) -> f64,
}

/// From how many calls on an edge of `graph` has words.
pub fn worded_from(graph: &Graph) -> u64 {
    let mut calls: Vec<u64> = graph.edges.iter().map(|edge| edge.stats.calls).collect();
    calls.sort_unstable_by(|one, other| other.cmp(one));
    calls.get(WORDED).map_or(0, |calls| calls.saturating_add(1))
}

pub fn arrow(graph: &Graph, at: usize, route: &Route, href: String, look: &Look) -> Arrow {
    let edge = &graph.edges[at];
    let touches = look.selected.is_some_and(|node| edge.from == node || edge.to == node);
    let is_lit = touches || look.selected_edge == Some(at);
    let is_off = look.only.is_some_and(|way| way != edge.way);
    let problem = if look.by == By::Health && !is_off { problem(&edge.stats) } else { None };
    let tone = match (problem, is_lit) {
        (Some(("fault", _)), _) => " bad",
        (Some(_), _) => " thr",
        (None, true) if !is_off => " hl",
        (None, _) => "",
    };
    let hollow = edge.way != Way::Sync;
    let x = number(route.label.x);
    let changed = look.is_compared.then(|| change::label(edge)).flatten();
    let is_worded = edge.stats.calls >= look.worded_from || problem.is_some() || is_lit || changed.is_some();
    let place = |text: Option<String>, dy: f64| {
        text.filter(|_| route.has_label && is_worded && !is_off)
            .map(|text| (text, x.clone(), number(route.label.y + dy)))
    };
    Arrow {
        href,
        from: graph.nodes[edge.from].id.clone(),
        to: graph.nodes[edge.to].id.clone(),
        way: edge.way.name(),
        class: format!("e {}{tone}{}{}", edge.way.name(), fate(edge.fate), if is_off { " off" } else { "" }),
        marker: match (tone, hollow) {
            (" bad", false) => "m-bad",
            (" bad", true) => "m-bad-o",
            (" thr", false) => "m-thr",
            (" thr", true) => "m-thr-o",
            (" hl", false) => "m-hl",
            (" hl", true) => "m-hl-o",
            (_, false) => "m",
            (_, true) => "m-o",
        },
        width: number(width(edge.stats.calls)),
        path: route.path.clone(),
        above: place((edge.fate != Fate::Gone).then(|| rate((look.per_second)(edge.stats.calls))), -4.5),
        below: place(if look.is_compared { changed } else { below(edge, problem) }, 12.0),
        title: title(graph, edge, look),
    }
}

/// The heads that `arrows` have: the id of each, and the classes of its marker.
pub fn heads(arrows: &[Arrow]) -> Vec<(&'static str, String)> {
    let heads: BTreeSet<&str> = arrows.iter().map(|arrow| arrow.marker).collect();
    heads.into_iter().map(|head| (head, head.replace('-', " ").replacen('m', "mk", 1))).collect()
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Stayed => "",
        Fate::New => " new",
        Fate::Gone => " gone",
    }
}

/// 1.1 to 3.6 px, by the logarithm of the calls.
fn width(calls: u64) -> f64 {
    (0.6 + 1.25 * (1.0 + calls as f64 / 300.0).log10()).clamp(1.1, 3.6)
}

/// What the caller waited for; for events the lag until they were taken up; for a problem its share.
fn below(edge: &GraphEdge, problem: Option<(&'static str, u64)>) -> Option<String> {
    if let Some((kind, count)) = problem {
        let word = if kind == "fault" { "5xx" } else { "429" };
        return Some(format!("{} {word}", share(count, edge.stats.calls)));
    }
    let p95 = edge.stats.durations.quantile(0.95)?;
    Some(match edge.way {
        Way::Sync => duration(p95),
        Way::Async | Way::Poll => format!("lag {}", duration(p95)),
    })
}

/// The worse of faults and throttles of 1 % or more.
fn problem(stats: &EdgeStats) -> Option<(&'static str, u64)> {
    let is_shown = |count: u64| count > 0 && count as f64 >= SHOWN * stats.calls as f64;
    let worst = if stats.faults >= stats.throttles { ("fault", stats.faults) } else { ("throttle", stats.throttles) };
    is_shown(worst.1).then_some(worst)
}

fn title(graph: &Graph, edge: &GraphEdge, look: &Look) -> String {
    let name = |at: usize| text::named(&graph.nodes[at].name, 80);
    let mut parts = vec![
        format!("{} to {}", name(edge.from), name(edge.to)),
        edge.way.name().to_owned(),
        format!("{} ({})", counted(edge.stats.calls, "call", "calls"), rate((look.per_second)(edge.stats.calls))),
    ];
    if let Some(p95) = edge.stats.durations.quantile(0.95) {
        let word = if edge.way == Way::Sync { "p95" } else { "lag p95" };
        parts.push(format!("{word} {}", duration(p95)));
    }
    if let Some(words) = look.is_compared.then(|| change::label(edge)).flatten() {
        parts.push(words);
    }
    let failing = edge.stats.faults + edge.stats.throttles + edge.stats.errors;
    if failing > 0 {
        parts.push(format!("{} failing", share(failing, edge.stats.calls)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_grows_with_the_logarithm_and_stays_in_bounds() {
        assert_eq!(width(0), 1.1);
        assert!((width(29_520) - 3.097).abs() < 0.01);
        assert_eq!(width(u64::MAX), 3.6);
    }

    #[test]
    fn of_many_edges_the_busiest_have_words() {
        let mut graph = Graph::default();
        let edge = |calls| GraphEdge { stats: EdgeStats { calls, ..EdgeStats::default() }, ..GraphEdge::default() };
        graph.edges = (1..=WORDED as u64).map(edge).collect();
        assert_eq!(worded_from(&graph), 0, "all of a few");
        graph.edges = (1..=200).map(edge).collect();
        let from = worded_from(&graph);
        assert_eq!(graph.edges.iter().filter(|edge| edge.stats.calls >= from).count(), WORDED);
    }

    #[test]
    fn one_percent_makes_an_edge_a_problem() {
        let stats = |faults, throttles| EdgeStats { calls: 1000, faults, throttles, ..EdgeStats::default() };
        assert_eq!(problem(&stats(9, 0)), None);
        assert_eq!(problem(&stats(10, 0)), Some(("fault", 10)));
        assert_eq!(problem(&stats(10, 61)), Some(("throttle", 61)));
        assert_eq!(problem(&EdgeStats::default()), None);
    }
}
