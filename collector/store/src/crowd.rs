//! The questions that run under a limit of memory, also those that were given up and have not ended yet.
//!
//! What is told is what the process holds, not who asked for it. So all together may add so much and no more, and when
//! it is more, it is the eldest that ends: a younger one does not pay for it, unless more was added since it came than half the
//! limit. DuckDB ends a question between two chunks, which may be a second later, and what it holds until then is not there for
//! others: whoever comes meanwhile waits before the door.

use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(crate) struct Crowd {
    next: u64,
    /// Eldest first.
    inside: VecDeque<Asked>,
    /// Bytes held when the first came into an empty room.
    before: u64,
}

#[derive(Debug)]
struct Asked {
    ticket: u64,
    /// Bytes held when it came.
    held: u64,
}

impl Crowd {
    /// Whether those inside have added more than `limit` bytes: who comes now waits.
    pub fn is_full(&self, held: u64, limit: u64) -> bool {
        !self.inside.is_empty() && held.saturating_sub(self.before) > limit
    }

    /// A question begins while `held` bytes are held; its ticket.
    pub fn enter(&mut self, held: u64) -> u64 {
        if self.inside.is_empty() {
            self.before = held;
        }
        self.next += 1;
        self.inside.push_back(Asked { ticket: self.next, held });
        self.next
    }

    /// It has ended, and given back what it took.
    pub fn leave(&mut self, ticket: u64) {
        self.inside.retain(|other| other.ticket != ticket);
    }

    /// Whether the question with `ticket` must end because more than `limit` bytes were added.
    pub fn must_end(&self, ticket: u64, held: u64, limit: u64) -> bool {
        let eldest = self.inside.front().is_some_and(|asked| asked.ticket == ticket);
        let came = self.inside.iter().find(|asked| asked.ticket == ticket).map_or(held, |asked| asked.held);
        self.is_full(held, limit) && (eldest || held.saturating_sub(came) > limit / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eldest_ends_and_whoever_came_later_goes_on() {
        let mut crowd = Crowd::default();
        let heavy = crowd.enter(100);
        assert!(!crowd.must_end(heavy, 1_100, 1_000) && crowd.must_end(heavy, 1_101, 1_000));
        let light = crowd.enter(1_500);
        assert!(!crowd.must_end(light, 2_000, 1_000), "most of that was there before it came");
        assert!(crowd.is_full(1_101, 1_000) && !crowd.is_full(1_100, 1_000));
        crowd.leave(heavy);
        assert!(!crowd.must_end(light, 1_100, 1_000), "what the heavy one took is given back");
        assert!(crowd.must_end(light, 1_101, 1_000), "now it is the eldest");
        crowd.leave(light);
        assert!(!crowd.is_full(5_000, 1_000), "nobody is inside: the process itself has grown");
    }

    #[test]
    fn one_that_takes_much_does_not_hide_behind_one_that_is_ending() {
        let mut crowd = Crowd::default();
        let (heavy, next) = (crowd.enter(0), crowd.enter(1_200));
        assert!(crowd.must_end(heavy, 1_700, 1_000) && !crowd.must_end(next, 1_700, 1_000));
        assert!(crowd.must_end(next, 1_701, 1_000));
    }
}
