//! Room in memory: taken before anything is read, given back when the batch is kept or refused.
//!
//! There are two pools, and a request that holds a share of one only ever waits for the other in one direction
//! (body, then decoded), so that requests cannot wait for each other in a circle. A body of known size takes its whole
//! share before it is read. One of unknown size (chunked, or compressed) takes a first share and more as it grows; two of
//! those can block each other only until their patience ends, when memory is full anyway.
//!
//! Not here: whether the journal has room (the outlet's `room`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use coldlight_model::{Busy, BusyReason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::refusal::Refusal;

/// The grain of a share. Semaphores count in u32, and a smaller grain would only cost time.
const GRAIN: usize = 1024;

/// How long one request may still wait, over all its waits together.
pub(crate) struct Patience {
    left: Duration,
}

impl Patience {
    pub(crate) fn new(total: Duration) -> Self {
        Self { left: total }
    }

    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// Runs `wait` for as long as patience lasts, and shortens it by the time that took.
    pub(crate) async fn spend<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        let started = Instant::now();
        let outcome = timeout(self.left, wait).await.ok();
        self.left = self.left.saturating_sub(started.elapsed());
        outcome
    }
}

/// A bounded amount of memory.
pub(crate) struct Pool {
    semaphore: Arc<Semaphore>,
    grains: u32,
    draining: CancellationToken,
    /// Spreads the retries of those turned away at the same moment.
    turned_away: AtomicU32,
}

impl Pool {
    pub(crate) fn new(bytes: usize, draining: CancellationToken) -> Arc<Self> {
        let grains = u32::try_from(bytes.div_ceil(GRAIN)).unwrap_or(u32::MAX).max(1);
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(grains as usize)),
            grains,
            draining,
            turned_away: AtomicU32::new(0),
        })
    }

    pub(crate) fn capacity(&self) -> usize {
        self.grains as usize * GRAIN
    }

    pub(crate) fn used(&self) -> usize {
        self.capacity() - self.semaphore.available_permits() * GRAIN
    }

    /// A share of `bytes`, or of the whole pool when that is less. Waits as long as `patience` lasts or the program runs.
    pub(crate) async fn take(self: &Arc<Self>, bytes: usize, patience: &mut Patience) -> Result<Share, Refusal> {
        let permit = self.acquire(self.grains_for(bytes), patience).await?;
        Ok(Share { pool: self.clone(), permit })
    }

    fn grains_for(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(GRAIN)).unwrap_or(u32::MAX).min(self.grains)
    }

    async fn acquire(&self, grains: u32, patience: &mut Patience) -> Result<OwnedSemaphorePermit, Refusal> {
        let acquire = self.semaphore.clone().acquire_many_owned(grains);
        let wait = async {
            tokio::select! {
                biased;
                permit = acquire => permit.ok(),
                () = self.draining.cancelled() => None,
            }
        };
        match patience.spend(wait).await {
            Some(Some(permit)) => Ok(permit),
            Some(None) => Err(Refusal::draining()),
            None => Err(Refusal::Busy(self.full())),
        }
    }

    fn full(&self) -> Busy {
        let turn = self.turned_away.fetch_add(1, Ordering::Relaxed);
        Busy { reason: BusyReason::MemoryFull, retry_after_s: 1 + turn % 3 }
    }
}

/// A part of a [`Pool`], given back when dropped.
pub(crate) struct Share {
    pool: Arc<Pool>,
    permit: OwnedSemaphorePermit,
}

impl Share {
    /// Makes it at least `bytes` (or the whole pool).
    pub(crate) async fn grow_to(&mut self, bytes: usize, patience: &mut Patience) -> Result<(), Refusal> {
        let held = self.permit.num_permits() as u32;
        let wanted = self.pool.grains_for(bytes);
        if wanted > held {
            let more = self.pool.acquire(wanted - held, patience).await?;
            self.permit.merge(more);
        }
        Ok(())
    }

    /// Gives back whatever is over `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let wanted = self.pool.grains_for(bytes) as usize;
        drop(self.permit.split(self.permit.num_permits().saturating_sub(wanted)));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.permit.num_permits() * GRAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(bytes: usize) -> Arc<Pool> {
        Pool::new(bytes, CancellationToken::new())
    }

    fn patience() -> Patience {
        Patience::new(Duration::from_secs(3))
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_pool_is_waited_for_three_seconds_and_then_refused() {
        let pool = pool(8 * GRAIN);
        let _all = pool.take(8 * GRAIN, &mut patience()).await.unwrap();
        let started = Instant::now();
        let Err(refusal) = pool.take(1, &mut patience()).await else { panic!("there was no room") };
        assert_eq!(refusal.reason(), "memory full");
        assert_eq!(started.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn room_that_is_given_back_in_time_is_taken() {
        let pool = pool(8 * GRAIN);
        let all = pool.take(8 * GRAIN, &mut patience()).await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(all);
        });
        assert!(pool.take(GRAIN, &mut patience()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_is_spent_once_over_all_waits() {
        let pool = pool(2 * GRAIN);
        let held = pool.take(2 * GRAIN, &mut patience()).await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(held);
        });
        let mut patience = patience();
        let mut share = pool.take(GRAIN, &mut patience).await.unwrap();
        assert_eq!(patience.left(), Duration::from_secs(1));
        let _rest = pool.take(GRAIN, &mut patience).await.unwrap();
        let started = Instant::now();
        assert!(share.grow_to(2 * GRAIN, &mut patience).await.is_err());
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_share_grows_and_shrinks_and_never_exceeds_the_pool() {
        let pool = pool(8 * GRAIN);
        let mut share = pool.take(100 * GRAIN, &mut patience()).await.unwrap();
        assert_eq!(share.bytes(), 8 * GRAIN);
        share.shrink_to(GRAIN);
        assert_eq!(pool.used(), GRAIN);
        share.grow_to(3 * GRAIN, &mut patience()).await.unwrap();
        assert_eq!(pool.used(), 3 * GRAIN);
        drop(share);
        assert_eq!(pool.used(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_told_at_once_when_the_program_stops() {
        let draining = CancellationToken::new();
        let pool = Pool::new(GRAIN, draining.clone());
        let _all = pool.take(GRAIN, &mut patience()).await.unwrap();
        tokio::spawn(async move { draining.cancel() });
        let started = Instant::now();
        let Err(refusal) = pool.take(1, &mut patience()).await else { panic!("there was no room") };
        assert_eq!((refusal.reason(), started.elapsed()), ("draining", Duration::ZERO));
    }
}
