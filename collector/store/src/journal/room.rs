//! Whether there is room for one more request.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use coldlight_model::{Busy, BusyReason};

use super::disk::{Disk, Space};
use super::shared::{Shared, busy};

/// How old an answer of the file system about its free space may be.
const SPACE_AGE: Duration = Duration::from_millis(250);

/// Waits for room up to `wait`. Whoever waits holds nothing.
pub(super) async fn room(shared: &Shared, wait: Duration) -> Result<(), Busy> {
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let mut relief = std::pin::pin!(shared.relief.notified());
        // From here on, so that nothing between the question and the wait is missed.
        relief.as_mut().enable();
        let Some(reason) = shared.busy() else {
            shared.turning_away.tell(None);
            return Ok(());
        };
        let now = tokio::time::Instant::now();
        if now >= deadline || reason == BusyReason::Draining {
            shared.turning_away.tell(Some(reason));
            return Err(busy(reason));
        }
        // The disk tells nobody when it has space again: ask.
        let _ = tokio::time::timeout_at(deadline.min(now + SPACE_AGE), relief).await;
    }
}

/// Why requests are being turned away, as the log was told: once when it begins and once when it ends.
#[derive(Default)]
pub(super) struct TurningAway(Mutex<Option<BusyReason>>);

impl TurningAway {
    fn tell(&self, now: Option<BusyReason>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == now {
            return;
        }
        match now {
            Some(reason) => {
                tracing::warn!(reason = reason.name(), "requests are turned away; senders are told to try again later")
            }
            None => tracing::info!("requests are taken again"),
        }
        *told = now;
    }
}

/// The space that stays free on the disk, for the database's own files and for whoever must clean up.
pub(super) struct Reserve {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    bytes: Option<u64>,
    seen: Mutex<Option<(Instant, Space)>>,
}

impl Reserve {
    pub(super) fn new(disk: Arc<dyn Disk>, root: &Path, bytes: Option<u64>) -> Self {
        Self { disk, root: root.to_owned(), bytes, seen: Mutex::new(None) }
    }

    pub(super) fn is_low(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|(at, _)| at.elapsed() >= SPACE_AGE) {
            match self.disk.space(&self.root) {
                Ok(space) => *seen = Some((Instant::now(), space)),
                // Not knowing is no reason to refuse: a full disk fails the write, and that is survived too.
                Err(error) => {
                    tracing::warn!(path = %self.root.display(), %error, "cannot tell the free space of the disk");
                    *seen = Some((Instant::now(), Space { free: u64::MAX, total: 0 }));
                }
            }
        }
        seen.is_some_and(|(_, space)| space.free < self.wanted(space))
    }

    /// The space found last, and what must stay free of it.
    pub(super) fn last_seen(&self) -> (Space, u64) {
        let space =
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).map(|(_, space)| space).unwrap_or_default();
        (space, self.wanted(space))
    }

    fn wanted(&self, space: Space) -> u64 {
        self.bytes.unwrap_or((1 << 30).max(space.total / 20))
    }
}
