//! The part of the address that the page of cost reads.

use coldlight_model::{Filter, Nanos, SpendingBy, TimeRange, Timestamp, filter};

use crate::filter_bar;
use crate::query::{BadParam, Link, Query};
use crate::range::{PARAMS, Preset, Range};

const MINUTE: Nanos = 60_000_000_000;
const HOUR: Nanos = 60 * MINUTE;
/// Bars of the chart: steps are chosen to give about this many.
const BARS: u64 = 24;

/// What the address asks.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub range: Range,
    pub by: SpendingBy,
    /// Words about invocations; what they do not hold of is in no figure of the page.
    pub filter: Filter,
    /// Whether the time before stands beside it.
    pub compare: bool,
    /// The first row of the table that is shown; the dearest is 0.
    pub first_row: u32,
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let range = match query.get("range").or(query.get("from")).or(query.get("to")) {
            Some(_) => Range::from_query(&query, now, &mut bad),
            // Money is a matter of days.
            None => Range::Last(Preset::H24),
        };
        let by = query.get("group").map(str::trim).filter(|name| !name.is_empty()).and_then(|name| {
            let by = SpendingBy::from_name(name);
            if by.is_none() {
                bad.push(BadParam::new("group", name, format!("one of {}", SpendingBy::choices())));
            }
            by
        });
        let compare = query.choice("cmp", &[("prev", true), ("none", false)], &mut bad).unwrap_or(true);
        let filter = Filter::of_invocations(&filter_bar::line_of(&query, &mut bad));
        let first_row = query.whole("row", 0..=1_000_000, &mut bad).map_or(0, |row| row as u32);
        bad.extend(query.unknown(&[&PARAMS[..], &["group", "f", "cmp", "row"]].concat()));
        Self { range, by: by.unwrap_or_default(), filter, compare, first_row, bad }
    }

    pub fn link(&self) -> Link {
        let row = (self.first_row > 0).then(|| self.first_row.to_string());
        Link::to(super::PATH).with_all(&self.pairs()).maybe("row", row)
    }

    /// The same question to the API.
    pub fn api(&self) -> Link {
        Link::to("/api/v1/spending").with_all(&self.pairs())
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.range.pairs();
        pairs.push(("group", self.by.name().into_owned()));
        pairs.push(("f", self.filter.to_line()));
        if !self.compare {
            pairs.push(("cmp", "none".to_owned()));
        }
        pairs
    }

    pub fn grouped(&self, by: SpendingBy) -> Self {
        Self { by, first_row: 0, bad: Vec::new(), ..self.clone() }
    }

    pub fn compared(&self, compare: bool) -> Self {
        Self { compare, bad: Vec::new(), ..self.clone() }
    }

    /// The same page with its table from that row on.
    pub fn from_row(&self, first: usize) -> Self {
        Self { first_row: first as u32, bad: Vec::new(), ..self.clone() }
    }

    /// The filter, and `field:value`.
    pub fn line_with(&self, field: &str, value: &str) -> String {
        let word = filter::word(field, value);
        if self.filter.conditions.iter().any(|condition| condition.word == word) {
            return self.filter.to_line();
        }
        format!("{} {word}", self.filter.to_line()).trim().to_owned()
    }

    /// What the page speaks of: the whole minutes of the range, as every sum of money is of.
    pub fn range(&self, now: Timestamp) -> TimeRange {
        self.range.resolve(now).whole_minutes()
    }

    /// How long before the range its first bar begins, so that bars of a range before now are hours and days.
    pub fn first(&self, now: Timestamp) -> Nanos {
        match self.range {
            Range::Last(_) => self.range(now).from.nanos().unsigned_abs() % self.step(now),
            Range::Between(_) => 0,
        }
    }

    /// How long a bar of the chart is.
    pub fn step(&self, now: Timestamp) -> Nanos {
        let length = self.range.resolve(now).length();
        let steps = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR];
        steps.into_iter().find(|step| length / step <= BARS + 6).unwrap_or(length.div_ceil(BARS).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_183_500_000)
    }

    #[test]
    fn what_is_not_understood_is_noted_and_the_rest_counts() {
        let state = State::parse("group=colour&cmp=twice&f=cold:felt+servce:x&hue=red", now());
        assert_eq!(
            (state.by, state.compare, state.filter.to_line().as_str()),
            (SpendingBy::Service, true, "cold:felt")
        );
        assert_eq!(state.filter.problems.len(), 1);
        let mut names: Vec<&str> = state.bad.iter().map(|bad| bad.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["cmp", "group", "hue"]);
    }

    proptest! {
        #[test]
        fn any_state_reads_back_from_its_own_address(at in 0usize..10, name in "[^\\s].{0,30}[^\\s]", compare: bool, first_row in 0u32..1_000, service in ".{1,20}") {
            let by = SpendingBy::ALL.get(at).cloned().unwrap_or(SpendingBy::Attribute(name));
            let filter = Filter::of_invocations(&filter::word("service", &service));
            prop_assume!(filter.problems.is_empty());
            let state = State { by, compare, filter, first_row, ..State::parse("", now()) };
            prop_assert_eq!(State::parse(&state.link().query(), now()), state);
        }
    }
}
