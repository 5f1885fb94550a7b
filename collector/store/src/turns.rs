//! Whose turn it is: a roll's, step by step, or that of the writer's checkpoints and removals.
//!
//! A checkpoint fails while others write, and what it did not get to the engine holds in memory; so they never run at once, and a roll that
//! takes long lets one that is due go first.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a roll leaves its turn to the writer, which looks after each of its transactions; and how often it looks.
const COURTESY: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);

#[derive(Default)]
pub(crate) struct Turns {
    taken: Mutex<()>,
    /// The writer found it taken.
    awaited: AtomicBool,
}

impl Turns {
    /// The roll's next one.
    pub fn take(&self) -> MutexGuard<'_, ()> {
        let until = Instant::now() + COURTESY;
        while self.awaited.load(Relaxed) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's, if it can have it now. If not, and it `needs` it, the next one is kept for it.
    pub fn try_take(&self, needs: bool) -> Option<MutexGuard<'_, ()>> {
        let turn = match self.taken.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        self.awaited.store(needs && turn.is_none(), Relaxed);
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_turn_after_one_that_was_refused_is_the_writers() {
        let turns = Arc::new(Turns::default());
        let first = turns.take();
        assert!(turns.try_take(true).is_none());
        let (took, order) = std::sync::mpsc::sync_channel(2);
        let rolls = { (turns.clone(), took.clone()) };
        let roll = std::thread::spawn(move || {
            let _turn = rolls.0.take();
            rolls.1.send("roll").unwrap();
        });
        drop(first);
        let turn = turns.try_take(true);
        assert!(turn.is_some(), "the roll waits although nobody has the turn");
        took.send("writer").unwrap();
        drop(turn);
        roll.join().unwrap();
        assert_eq!(order.iter().take(2).collect::<Vec<_>>(), ["writer", "roll"]);
    }

    #[test]
    fn who_needs_nothing_keeps_nobody_waiting() {
        let turns = Turns::default();
        let first = turns.take();
        assert!(turns.try_take(false).is_none());
        drop(first);
        let began = Instant::now();
        drop(turns.take());
        assert!(began.elapsed() < COURTESY);
    }
}
