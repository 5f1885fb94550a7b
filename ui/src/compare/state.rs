//! What the address of a comparison says.

use coldlight_model::{Timestamp, TraceId};

use crate::query::{BadParam, Link, Query};

pub const PATH: &str = "/compare";
const KNOWN: [&str; 5] = ["a", "b", "only", "norm", "t"];

/// What differences are measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm {
    /// Time.
    #[default]
    Abs,
    /// Shares of each trace's response.
    Share,
}

/// The state of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub a: Option<TraceId>,
    pub b: Option<TraceId>,
    pub only_changed: bool,
    pub norm: Norm,
    pub bad: Vec<BadParam>,
}

impl State {
    /// `t=` twice is what ticks in the list of traces send: the first is `a`, the second `b`.
    pub fn parse(query: &str, _now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&KNOWN);
        let mut id = |name: &str, sent: &str| {
            let sent = sent.trim();
            if sent.is_empty() {
                return None;
            }
            let found = TraceId::from_hex(&sent.to_lowercase());
            if found.is_none() {
                bad.push(BadParam::new(name, sent, "a trace id of 32 hexadecimal digits"));
            }
            found
        };
        let mut ticked: Vec<TraceId> = query.all("t").filter_map(|sent| id("t", sent)).collect();
        let of = |name: &str| query.get(name).unwrap_or("").to_owned();
        let (a, b) = (id("a", &of("a")), id("b", &of("b")));
        if ticked.len() > 2 {
            bad.push(BadParam::new("t", &format!("{} traces", ticked.len()), "two traces"));
        }
        ticked.truncate(2);
        let mut ticked = ticked.into_iter();
        Self {
            a: a.or_else(|| ticked.next()),
            b: b.or_else(|| ticked.next()),
            only_changed: query.choice("only", &[("changed", true)], &mut bad).unwrap_or_default(),
            norm: query.choice("norm", &[("abs", Norm::Abs), ("share", Norm::Share)], &mut bad).unwrap_or_default(),
            bad,
        }
    }

    pub fn link(&self) -> Link {
        Link::to(PATH)
            .maybe("a", self.a.map(|id| id.to_string()))
            .maybe("b", self.b.map(|id| id.to_string()))
            .maybe("only", self.only_changed.then_some("changed"))
            .maybe("norm", (self.norm == Norm::Share).then_some("share"))
    }

    /// The page after `change`.
    pub fn after(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut state = self.clone();
        change(&mut state);
        state.link().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: u8) -> TraceId {
        let mut bytes = [0; 16];
        bytes[15] = last;
        TraceId::new(bytes).unwrap()
    }

    #[test]
    fn two_ticks_are_two_traces_and_a_third_is_noted() {
        let query = format!("t={}&t={}", id(1), id(2));
        let state = State::parse(&query, Timestamp::EPOCH);
        assert_eq!((state.a, state.b, state.bad.len()), (Some(id(1)), Some(id(2)), 0));
        let state = State::parse(&format!("{query}&t={}", id(3)), Timestamp::EPOCH);
        assert_eq!((state.a, state.b, state.bad.len()), (Some(id(1)), Some(id(2)), 1));
    }

    #[test]
    fn the_state_reads_back_from_its_own_address() {
        let state = State { a: Some(id(7)), b: Some(id(9)), only_changed: true, norm: Norm::Share, bad: Vec::new() };
        assert_eq!(State::parse(&state.link().query(), Timestamp::EPOCH), state);
        assert_eq!(State::parse("a=xyz&only=x", Timestamp::EPOCH).bad.len(), 2);
    }
}
