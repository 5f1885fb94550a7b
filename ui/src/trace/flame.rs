//! The trace as a flame graph: spans that got there the same way stand together, as wide as they and all below them spent by
//! themselves, the widest first. So widths nest exactly, however much ran side by side.

use std::collections::HashMap;

use coldlight_model::Nanos;

use super::bar::coordinate;
use super::scene::Scene;
use super::state::{Only, View};
use super::waterfall::operation;
use crate::{format, text};

/// Frames drawn; the smaller are only counted.
const MOST: usize = 1_200;
/// Levels drawn.
const DEEPEST: usize = 60;
/// Percent of the whole below which a frame is not seen.
const THINNEST: f64 = 0.06;

/// The block.
pub struct Flame {
    pub frames: Vec<Frame>,
    pub levels: usize,
    pub summary: String,
    pub more: Option<String>,
}

/// Spans of one operation with the same operations above them.
pub struct Frame {
    pub class: String,
    pub label: String,
    /// The whole name and numbers.
    pub title: String,
    /// Its spans in the waterfall.
    pub href: String,
    /// In percent of the whole.
    pub at: String,
    pub width: String,
    pub level: usize,
}

/// While spans are gathered.
struct Sum<'a> {
    parent: Option<usize>,
    node: usize,
    service: &'a str,
    operation: String,
    count: u64,
    total: Nanos,
    own: Nanos,
    /// Self time of it and all below.
    whole: Nanos,
}

pub fn flame(scene: &Scene) -> Flame {
    let sums = gather(scene);
    let whole = sums.iter().filter(|sum| sum.parent.is_none()).fold(0, |all: Nanos, sum| all.saturating_add(sum.whole));
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); sums.len() + 1];
    for (at, sum) in sums.iter().enumerate() {
        below[sum.parent.unwrap_or(sums.len())].push(at);
    }
    for children in &mut below {
        let by = |at: &usize| (std::cmp::Reverse(sums[*at].whole), sums[*at].service, sums[*at].operation.as_str());
        children.sort_by(|a, b| by(a).cmp(&by(b)));
    }
    let percent = |nanos: Nanos| nanos as f64 / whole.max(1) as f64 * 100.0;
    let mut frames = Vec::new();
    let mut hidden = 0;
    let mut waiting = vec![(sums.len(), 0.0, 0)];
    while let Some((parent, from, level)) = waiting.pop() {
        let mut from = from;
        for child in &below[parent] {
            let width = percent(sums[*child].whole);
            if width < THINNEST || level >= DEEPEST || frames.len() >= MOST {
                hidden += sums[*child].count;
                continue;
            }
            frames.push(frame(scene, &sums[*child], whole, (from, width, level)));
            waiting.push((*child, from, level + 1));
            from += width;
        }
    }
    Flame {
        levels: frames.iter().map(|frame: &Frame| frame.level + 1).max().unwrap_or(0),
        summary: format!(
            "Flame graph of {}, {} of self time",
            format::counted(scene.trace.spans.len() as u64, "span", "spans"),
            format::duration(whole)
        ),
        frames,
        more: (hidden > 0).then(|| {
            let spans = format::counted(hidden, "span is", "spans are");
            format!("{spans} too short or too deep to be drawn here, with what is below them; the waterfall has all.")
        }),
    }
}

fn gather<'a>(scene: &Scene<'a>) -> Vec<Sum<'a>> {
    let mut sums: Vec<Sum> = Vec::new();
    let mut known: HashMap<(Option<usize>, &str, String), usize> = HashMap::new();
    let mut sum_of: Vec<usize> = Vec::with_capacity(scene.own.len());
    for (node, own) in scene.own.iter().enumerate() {
        let span = scene.span(node);
        let parent = scene.tree.nodes[node].parent.map(|parent| sum_of[parent]);
        let service = span.map_or("", |span| span.service.as_str());
        let operation = span.map_or_else(|| "missing span".to_owned(), |span| operation(span).into_owned());
        let at = *known.entry((parent, service, operation.clone())).or_insert_with(|| {
            sums.push(Sum { parent, node, service, operation, count: 0, total: 0, own: 0, whole: 0 });
            sums.len() - 1
        });
        sums[at].count += 1;
        sums[at].total = sums[at].total.saturating_add(span.map_or(0, |span| span.duration));
        sums[at].own = sums[at].own.saturating_add(*own);
        sum_of.push(at);
    }
    // Whoever is above was gathered before, so from the back every sum below is done.
    for at in (0..sums.len()).rev() {
        sums[at].whole = sums[at].whole.saturating_add(sums[at].own);
        if let Some(parent) = sums[at].parent {
            sums[parent].whole = sums[parent].whole.saturating_add(sums[at].whole);
        }
    }
    sums
}

fn frame(scene: &Scene, sum: &Sum, whole: Nanos, (at, width, level): (f64, f64, usize)) -> Frame {
    let label = format!("{} {}", text::named(sum.service, 60), text::named(&sum.operation, 80));
    Frame {
        class: scene.class(sum.node).to_owned(),
        title: format!(
            "{label}: {}, {} with all below ({}), {} by itself, {} in all",
            format::counted(sum.count, "span", "spans"),
            format::duration(sum.whole),
            format::share(sum.whole, whole),
            format::duration(sum.own),
            format::duration(sum.total),
        ),
        label,
        href: scene.state.link(|state| {
            (state.view, state.rows) = (View::Waterfall, None);
            (state.find, state.only) = (text::cut(&sum.operation, 100), Only::Matches);
        }),
        at: coordinate(at),
        width: coordinate(width),
        level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::TracePage;
    use crate::trace::fixtures::{Draft, drafted};
    use crate::trace::state::State;
    use coldlight_model::{SpanTree, Trace};
    use proptest::prelude::*;

    fn drawn(trace: &Trace) -> Flame {
        let (tree, state) = (SpanTree::build(&trace.spans), State::default());
        let scene = Scene::new(&TracePage::of(trace, &tree), &state);
        flame(&scene)
    }

    #[test]
    fn the_same_way_is_one_frame_and_the_widest_comes_first() {
        let mut trace = drafted(&[
            Draft::new(1, 0, 0, 100),
            Draft::new(2, 1, 10, 20),
            Draft::new(3, 1, 40, 20),
            Draft::new(4, 1, 60, 10),
        ]);
        for (at, name) in ["GET /", "read", "read", "log"].into_iter().enumerate() {
            trace.spans[at].name = name.to_owned();
        }
        let flame = drawn(&trace);
        let frames: Vec<_> =
            flame.frames.iter().map(|one| (one.label.as_str(), one.at.as_str(), one.width.as_str())).collect();
        assert_eq!(frames, [("svc GET /", "0", "100"), ("svc read", "0", "40"), ("svc log", "40", "10")]);
        assert_eq!(flame.levels, 2);
    }

    proptest! {
        #[test]
        fn frames_lie_within_the_whole_and_beside_each_other(
            drafts in proptest::collection::vec((0usize..20, 0u64..120, 1u64..80), 0..60),
        ) {
            let mut all = vec![Draft::new(1, 0, 0, 100)];
            for (at, (parent, start, length)) in drafts.iter().enumerate() {
                all.push(Draft::new(at as u64 + 2, (*parent).min(at) as u64 + 1, *start, *length));
            }
            let flame = drawn(&drafted(&all));
            let mut frames: Vec<(usize, f64, f64)> =
                flame.frames.iter().map(|one| (one.level, one.at.parse().unwrap(), one.width.parse().unwrap())).collect();
            frames.sort_by(|a, b| a.partial_cmp(b).unwrap());
            for pair in frames.windows(2) {
                prop_assert!(pair[0].0 != pair[1].0 || pair[0].1 + pair[0].2 <= pair[1].1 + 0.001, "{pair:?}");
            }
            prop_assert!(frames.iter().all(|(_, at, width)| at + width <= 100.001));
        }
    }
}
