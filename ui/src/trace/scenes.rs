//! Scenes of one trace as they were last worked out: its windows, its panel and its views are asked for one after another, and most of
//! what they share takes a look at every row.
//!
//! **Invariant:** what is answered is what would be worked out anew; the keys are all that it depends on besides the trace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use coldlight_model::{InvocationSummary, Nanos, SpanId, SpanTree, Timestamp, Trace};

use super::course::Course;
use super::shown::{Shown, shown};
use super::state::{Clock, State, Until};

/// Both clocks, or both ends of the critical path.
const MOST_COURSES: usize = 2;
/// The rows of an open page, and of what is selected in it before they are drawn anew.
const MOST_SHOWN: usize = 3;
/// About what one row takes in all of them.
const ROW_BYTES: usize = 256;

/// A memory for the scenes of one trace; it belongs to that trace alone.
#[derive(Default)]
pub struct Scenes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    courses: Vec<(CourseKey, Arc<Course>)>,
    shown: Vec<(ShownKey, Arc<Shown>)>,
}

#[derive(PartialEq)]
struct CourseKey {
    clock: Clock,
    until: Until,
    /// By row, of the invocations that were stopped.
    open: Vec<(usize, Timestamp, Option<Nanos>)>,
}

#[derive(PartialEq)]
struct ShownKey {
    state: State,
    matches: Option<Vec<SpanId>>,
}

impl Scenes {
    /// How much memory they take at most of a trace of so many rows.
    pub fn bytes(rows: usize) -> usize {
        rows * ROW_BYTES
    }

    pub(super) fn course(
        &self,
        trace: &Trace,
        tree: &SpanTree,
        state: &State,
        open: &HashMap<usize, &InvocationSummary>,
    ) -> Arc<Course> {
        let mut stopped: Vec<_> = open.iter().map(|(row, one)| (*row, one.started_at, one.duration)).collect();
        stopped.sort_unstable();
        let (clock, until) = (state.clock, state.until);
        let key = CourseKey { clock, until, open: stopped };
        if let Some(known) = recall(&mut self.lock().courses, &key) {
            return known;
        }
        let course = Arc::new(Course::new(trace, tree, clock, until, open));
        keep(&mut self.lock().courses, key, course.clone(), MOST_COURSES);
        course
    }

    pub(super) fn shown(
        &self,
        trace: &Trace,
        tree: &SpanTree,
        course: &Course,
        state: &State,
        matches: Option<&[SpanId]>,
    ) -> Arc<Shown> {
        let key = ShownKey { state: state.of_rows(), matches: matches.map(<[_]>::to_vec) };
        if let Some(known) = recall(&mut self.lock().shown, &key) {
            return known;
        }
        let shown = Arc::new(shown(tree, &trace.spans, &course.nths, state, matches));
        keep(&mut self.lock().shown, key, shown.clone(), MOST_SHOWN);
        shown
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is asked for comes to the front.
fn recall<K: PartialEq, V>(kept: &mut [(K, Arc<V>)], key: &K) -> Option<Arc<V>> {
    let at = kept.iter().position(|(known, _)| known == key)?;
    kept[..=at].rotate_right(1);
    Some(kept[0].1.clone())
}

fn keep<K, V>(kept: &mut Vec<(K, Arc<V>)>, key: K, value: Arc<V>, most: usize) {
    kept.insert(0, (key, value));
    kept.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::{TracePage, rows};
    use crate::trace::fixtures::checkout;

    #[test]
    fn what_is_remembered_of_a_trace_changes_nothing_that_is_shown() {
        let trace = checkout();
        let tree = SpanTree::build(&trace.spans);
        let scenes = Scenes::default();
        let first = trace.spans[1].span_id;
        let states =
            ["", "fold=0", "depth=2", &format!("span={first}"), "q=x&only=1", "clock=fixed", "cp=completion", "svc=-x"];
        for _ in 0..3 {
            for query in states {
                let state = State::parse(query, Timestamp::EPOCH);
                for matches in [None, Some(&[first][..])] {
                    let anew = TracePage { matches, ..TracePage::of(&trace, &tree) };
                    let kept = TracePage { scenes: Some(&scenes), ..anew };
                    assert_eq!(rows(&state, &kept, 0, 100), rows(&state, &anew, 0, 100), "{query}");
                }
            }
        }
        let kept = scenes.lock();
        assert_eq!((kept.courses.len(), kept.shown.len()), (MOST_COURSES, MOST_SHOWN));
    }
}
