//! The questions that run under a limit of memory, also those that were given up and have not ended yet.
//!
//! The system tells what the process holds, not who asked for it. So all together may add so much and no more, and when it is
//! more, it is the eldest that ends: whoever asks while a heavy question is still ending does not pay for it.

use std::collections::VecDeque;

/// Beyond this many times the limit the younger end too: the eldest is not the only one who takes.
const ALL_TOO_MUCH: u64 = 2;

#[derive(Debug, Default)]
pub(crate) struct Crowd {
    next: u64,
    /// Tickets, eldest first.
    inside: VecDeque<u64>,
    /// Bytes the process held when the eldest became that.
    before: u64,
}

impl Crowd {
    /// A question begins while the process holds `resident` bytes; its ticket.
    pub fn enter(&mut self, resident: u64) -> u64 {
        if self.inside.is_empty() {
            self.before = resident;
        }
        self.next += 1;
        self.inside.push_back(self.next);
        self.next
    }

    /// It has ended.
    pub fn leave(&mut self, ticket: u64, resident: u64) {
        let was_eldest = self.inside.front() == Some(&ticket);
        self.inside.retain(|other| *other != ticket);
        if was_eldest {
            // What it gave back is not all returned to the system: the next begins from here.
            self.before = resident;
        }
    }

    /// Whether the question with `ticket` must end because the process has grown by more than `limit` bytes.
    pub fn must_end(&self, ticket: u64, resident: u64, limit: u64) -> bool {
        let grown = resident.saturating_sub(self.before);
        let is_eldest = self.inside.front() == Some(&ticket);
        grown > limit && (is_eldest || grown > limit.saturating_mul(ALL_TOO_MUCH))
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
        assert!(!crowd.must_end(light, 1_500, 1_000), "it did not take that");
        crowd.leave(heavy, 1_400);
        assert!(!crowd.must_end(light, 2_400, 1_000), "what the heavy one left behind is not its own");
        assert!(crowd.must_end(light, 2_401, 1_000), "now it is the eldest");
    }

    #[test]
    fn two_that_take_without_end_both_end() {
        let mut crowd = Crowd::default();
        let (one, other) = (crowd.enter(0), crowd.enter(0));
        assert!(crowd.must_end(one, 1_001, 1_000) && !crowd.must_end(other, 1_001, 1_000));
        assert!(crowd.must_end(other, 2_001, 1_000));
    }
}
