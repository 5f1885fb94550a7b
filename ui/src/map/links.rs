//! From a node or an edge of the map to the traces and invocations behind its numbers.

use coldlight_model::money::Usd;
use coldlight_model::{NodeStats, Spent, Way, filter};

use super::GraphNode;
use super::inspector::Subject;
use crate::pages::map::State;
use crate::query::Link;
use crate::text;

/// Longer names make no useful filter word.
pub const MAX_WORD: usize = 200;

/// Searches that show the traces behind the numbers.
pub fn trace_links(subject: &Subject, at: usize) -> Vec<(String, String)> {
    let node = &subject.graph.nodes[at];
    let mut links = Vec::new();
    if node.kind.is_service() && !node.seen {
        if node.name.len() <= MAX_WORD {
            let word = filter::word("service", &node.name);
            push_problem_links(&mut links, subject.state, &word, &node.stats, "traces");
            if let Some(spent) = node.bill.as_ref().map(|bill| &bill.spent) {
                push_invocation_links(&mut links, subject.state, &word, spent.cold);
            }
        }
        return links;
    }
    // What sends no spans of its own is found through the spans of its callers.
    let mut callers: Vec<_> = subject.graph.edges.iter().filter(|edge| edge.to == at).collect();
    callers.sort_by(|a, b| {
        b.stats.faults.cmp(&a.stats.faults).then(b.stats.calls.cmp(&a.stats.calls)).then(a.id.cmp(&b.id))
    });
    for edge in callers.into_iter().take(3) {
        let caller = &subject.graph.nodes[edge.from];
        if !caller.kind.is_service() || caller.name.len() > MAX_WORD {
            continue;
        }
        let kind = if edge.way == Way::Sync { "kind:client" } else { "kind:producer" };
        let words = format!("{} {kind}", filter::word("service", &caller.name));
        let name = text::cut(&caller.name, 24);
        let problems = [("Faulty", "fault", edge.stats.faults), ("Throttled", "throttle", edge.stats.throttles)];
        for (label, status, _) in problems.into_iter().filter(|(.., count)| *count > 0) {
            links.push((
                format!("{label} calls from {name}"),
                traces(subject.state, &format!("{words} status:{status}"), false),
            ));
        }
        links.push((format!("Calls from {name}"), traces(subject.state, &words, false)));
    }
    links
}

pub fn push_problem_links(
    links: &mut Vec<(String, String)>,
    state: &State,
    words: &str,
    stats: &NodeStats,
    what: &str,
) {
    let problems = [
        ("Faulty", "fault", stats.faults),
        ("Failed (4xx)", "error", stats.errors),
        ("Throttled", "throttle", stats.throttles),
    ];
    for (label, status, count) in problems {
        if count > 0 {
            links.push((format!("{label} {what}"), traces(state, &format!("{words} status:{status}"), false)));
        }
    }
    links.push((format!("Slowest {what}"), traces(state, words, true)));
}

fn push_invocation_links(links: &mut Vec<(String, String)>, state: &State, word: &str, cold: u64) {
    let found = |words: String, sort: Option<&'static str>| {
        let page = Link::to("/invocations").with_all(&state.range.pairs());
        page.with("f", words).maybe("sort", sort).to_string()
    };
    if cold > 0 {
        links.push(("Cold starts".to_owned(), found(format!("{word} cold:true"), None)));
    }
    links.push(("Dearest invocations".to_owned(), found(word.to_owned(), Some("dearest"))));
}

/// What a node's cost is the sum of: invocations dearest first, tasks, and calls by their parts.
pub fn addends(subject: &Subject, node: &GraphNode, spent: &Spent) -> Vec<(String, String)> {
    let is_one = node.members == 1 && node.name.len() <= MAX_WORD;
    let word = is_one.then(|| filter::word("service", &node.name));
    let page = |path: &str| Link::to(path).with_all(&subject.state.range.pairs()).maybe("f", word.clone());
    let mut links = Vec::new();
    if spent.invocations > 0 {
        let every = page("/invocations").with("sort", "dearest").to_string();
        links.push(("Each invocation with its own arithmetic".to_owned(), every));
    }
    if [spent.busy, spent.idle, spent.tasks].iter().any(|part| *part > Usd::ZERO) {
        let tasks = Link::to("/containers").with_all(&subject.state.range.pairs()).to_string();
        links.push(("Each task with its own arithmetic".to_owned(), tasks));
    }
    links.push(("Its parts over time".to_owned(), page("/cost").to_string()));
    links
}

/// The trace search of the same range.
pub fn traces(state: &State, words: &str, slowest: bool) -> String {
    Link::to("/traces")
        .with_all(&state.range.pairs())
        .with("f", words)
        .maybe("sort", slowest.then_some("slowest"))
        .to_string()
}
