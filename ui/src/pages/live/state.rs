//! The live page's part of the address.

use coldlight_model::filter::Problem;
use coldlight_model::{Comparison, Condition, Filter, LiveMark};

use crate::filter_bar;
use crate::query::{BadParam, Link, Query};

/// The path of the page.
pub const PATH: &str = "/live";
/// Where its lines come from.
pub const EVENTS: &str = "/live/events";

/// Everything the address says. The line of the filter speaks of root spans and of invocations; a word that only one of them has leaves
/// out the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    of_spans: Filter,
    of_invocations: Filter,
    pub is_paused: bool,
    /// Where a stream goes on, that a hidden page had let go of.
    pub after: Option<LiveMark>,
    pub bad: Vec<BadParam>,
}

impl State {
    /// From the part of the address after `?`. Range and zone of other pages are passed over.
    pub fn parse(query: &str) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&["f", "paused", "after", "range", "from", "to"]);
        let line = filter_bar::line_of(&query, &mut bad);
        let is_paused = query.choice("paused", &[("0", false), ("1", true)], &mut bad).unwrap_or_default();
        let after = query.get("after").and_then(LiveMark::from_text);
        Self { of_spans: Filter::parse(&line), of_invocations: Filter::of_invocations(&line), is_paused, after, bad }
    }

    /// Words that both understand, then those of spans alone and of invocations alone; and those that nobody does.
    pub fn filter(&self) -> Filter {
        let (spans, invocations) = (&self.of_spans, &self.of_invocations);
        let fresh = |one: &&Condition| !spans.conditions.iter().any(|known| known.word == one.word);
        let nobody = |one: &&Problem| invocations.problems.iter().any(|known| known.word == one.word);
        Filter {
            conditions: spans.conditions.iter().chain(invocations.conditions.iter().filter(fresh)).cloned().collect(),
            problems: spans.problems.iter().filter(nobody).cloned().collect(),
        }
    }

    /// What root spans must be; `None` when the filter asks what no span has.
    pub fn spans(&self) -> Option<Filter> {
        // A span that is an invocation is listed as one.
        let asks_invocations = |one: &Condition| matches!(one.comparison, Comparison::Invocation(_)) && !one.negated;
        understood(&self.of_spans, &self.of_invocations)
            .filter(|filter| !filter.conditions.iter().any(asks_invocations))
    }

    /// What invocations must be; `None` when the filter asks what no invocation has.
    pub fn invocations(&self) -> Option<Filter> {
        understood(&self.of_invocations, &self.of_spans)
    }

    /// Nothing is left out by a filter.
    pub fn is_open(&self) -> bool {
        self.filter().is_empty()
    }

    pub fn link(&self) -> Link {
        Link::to(PATH).with("f", self.filter().to_line()).maybe("paused", self.is_paused.then_some("1"))
    }

    pub fn paused(&self, is_paused: bool) -> Self {
        Self { is_paused, ..self.clone() }
    }

    /// Where this page's lines come from.
    pub fn events(&self) -> Link {
        Link::to(EVENTS).with("f", self.filter().to_line())
    }
}

/// `ours`, unless `theirs` understands a word that it does not.
fn understood(ours: &Filter, theirs: &Filter) -> Option<Filter> {
    let is_theirs = |problem: &Problem| theirs.conditions.iter().any(|known| known.word == problem.word);
    let known = Filter { problems: Vec::new(), ..ours.clone() };
    (!ours.problems.iter().any(is_theirs)).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(line: &str) -> State {
        State::parse(&Link::to("").with("f", line).query())
    }

    #[test]
    fn a_word_of_one_kind_leaves_out_the_other() {
        let both = state("service:checkout dur>1s");
        assert!(both.spans().is_some() && both.invocations().is_some());
        let cold = state("service:checkout cold:true");
        assert!(cold.spans().is_none() && cold.invocations().is_some());
        assert_eq!(cold.filter().to_line(), "service:checkout cold:true");
        let faults = state("status:fault");
        assert!(faults.spans().is_some() && faults.invocations().is_none());
    }

    #[test]
    fn a_word_that_nobody_understands_is_a_problem_and_leaves_out_nothing() {
        let odd = state("servce:checkout dur>1s");
        assert_eq!(odd.filter().problems.len(), 1);
        assert!(odd.spans().is_some() && odd.invocations().is_some());
        assert_eq!(odd.filter().to_line(), "dur>1s");
    }

    #[test]
    fn the_state_reads_back_from_its_address() {
        let state = State::parse("f=service:a&paused=1&range=1h");
        assert_eq!(State::parse(&state.link().query()), state);
        assert!(state.is_paused && state.bad.is_empty());
    }
}
