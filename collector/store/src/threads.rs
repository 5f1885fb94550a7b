//! How many threads the engine has: those it was given, but one of two while the writer is behind.
//!
//! Whoever asks the engine works on the answer, and turns in circles, taking its processor, while another thread has the last piece of it.
//! What the writer inserts is one piece, and mostly the other thread takes it. On two processors that are both busy that is time which
//! everybody lacks: at 100,000 spans/s the writer falls behind by 18,000 a second, and with one thread it stays 3 to 6 s behind. Long questions
//! take up to twice as long meanwhile; most take no longer, for several are asked side by side. Among more processors what one wastes is
//! little.

use std::time::{Duration, Instant};

use coldlight_model::Nanos;
use duckdb::Connection;

/// The writer is behind when something waits for longer.
pub(crate) const PATIENCE: Nanos = 1_000_000_000;

/// It must not have been for so long until the engine has all its threads again: to change them waits for what they do.
const CALM: Duration = Duration::from_secs(30);

pub(crate) struct Threads {
    all: usize,
    /// When the writer was last behind, while there is one thread.
    behind_at: Option<Instant>,
}

impl Threads {
    /// Of an instance that was just opened with `all`.
    pub fn new(all: usize) -> Self {
        Self { all, behind_at: None }
    }

    /// Between transactions of the writer.
    pub fn suit(&mut self, db: &Connection, is_behind: bool) -> duckdb::Result<()> {
        let Some(threads) = self.other_number(is_behind, Instant::now()) else { return Ok(()) };
        tracing::debug!(threads, "the engine has another number of threads");
        db.execute_batch(&format!("SET threads = {threads}"))
    }

    /// What to change it to, if it is to be changed.
    fn other_number(&mut self, is_behind: bool, now: Instant) -> Option<usize> {
        if self.all != 2 {
            return None;
        }
        let (was, is_calm) = (self.behind_at, self.behind_at.is_some_and(|at| now.duration_since(at) >= CALM));
        if is_behind {
            self.behind_at = Some(now);
        } else if is_calm {
            self.behind_at = None;
        }
        match (was, self.behind_at) {
            (None, Some(_)) => Some(1),
            (Some(_), None) => Some(self.all),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_threads_one_is_left_until_the_writer_has_kept_up_for_a_while() {
        let (mut threads, start) = (Threads::new(2), Instant::now());
        let mut at = |s, is_behind| threads.other_number(is_behind, start + Duration::from_secs(s));
        assert_eq!(at(0, false), None);
        assert_eq!(at(1, true), Some(1));
        assert_eq!(at(2, true), None);
        assert_eq!(at(20, false), None);
        assert_eq!(at(25, true), None);
        assert_eq!(at(54, false), None);
        assert_eq!(at(55, false), Some(2));
        assert_eq!(at(56, false), None);
        assert_eq!(at(57, true), Some(1));
    }

    #[test]
    fn one_thread_and_many_stay_as_they_are() {
        for all in [1, 4] {
            assert_eq!(Threads::new(all).other_number(true, Instant::now()), None);
        }
    }
}
