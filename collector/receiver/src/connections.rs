//! Which connections are open, and which one makes way when there are too many.
//!
//! A connection without a request is cheap for its owner and costs a descriptor here, so a thousand idle ones must not keep
//! anybody out: at the limit the one that was idle longest is closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a connection may do nothing.
#[derive(Clone, Copy)]
pub(crate) struct Leisure {
    /// Until its first request.
    pub(crate) first: Duration,
    /// Between requests.
    pub(crate) later: Duration,
}

/// All connections of a listener.
pub(crate) struct Connections {
    most: usize,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    one_closed: Notify,
}

impl Connections {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), open: Mutex::default(), next: AtomicU64::new(0), one_closed: Notify::new() })
    }

    /// Returns when another connection fits, after asking the longest idle one to leave if none did.
    pub(crate) async fn room(&self) {
        loop {
            let closed = self.one_closed.notified();
            {
                let open = self.lock();
                if open.len() < self.most {
                    return;
                }
                let idle = open.values().filter_map(|connection| Some((connection.idle_since()?, connection)));
                if let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) {
                    longest.leave.cancel();
                }
            }
            closed.await;
        }
    }

    pub(crate) fn add(self: &Arc<Self>) -> Member {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            state: Mutex::new(State { in_flight: 0, since: Instant::now(), served: false }),
            leave: CancellationToken::new(),
        });
        self.lock().insert(id, connection.clone());
        Member { connections: self.clone(), id, connection }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection's place among all; leaves it when dropped.
pub(crate) struct Member {
    connections: Arc<Connections>,
    id: u64,
    pub(crate) connection: Arc<Connection>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
        self.connections.one_closed.notify_waiters();
    }
}

/// What one connection is doing.
pub(crate) struct Connection {
    state: Mutex<State>,
    /// Cancelled when it should make way.
    pub(crate) leave: CancellationToken,
}

struct State {
    in_flight: usize,
    /// When the last request ended, or the connection was made.
    since: Instant,
    served: bool,
}

impl Connection {
    /// Counts a request until the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InFlight {
        let mut state = self.lock();
        state.in_flight += 1;
        state.served = true;
        drop(state);
        InFlight(self.clone())
    }

    fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.in_flight == 0).then_some(state.since)
    }

    /// When it will have been idle too long, as things stand; `None` while a request is in flight.
    pub(crate) fn idle_until(&self, leisure: Leisure) -> Option<Instant> {
        let state = self.lock();
        let allowed = if state.served { leisure.later } else { leisure.first };
        (state.in_flight == 0).then(|| state.since + allowed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight.
pub(crate) struct InFlight(Arc<Connection>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_flight -= 1;
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEISURE: Leisure = Leisure { first: Duration::from_secs(10), later: Duration::from_secs(60) };

    #[tokio::test(start_paused = true)]
    async fn at_the_limit_the_longest_idle_one_is_asked_to_leave() {
        let connections = Connections::new(2);
        let first = connections.add();
        let busy = first.connection.request();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let second = connections.add();
        let waiting = tokio::spawn({
            let connections = connections.clone();
            async move { connections.room().await }
        });
        // The older one has a request in flight, so the younger one goes.
        second.connection.leave.cancelled().await;
        assert!(!first.connection.leave.is_cancelled() && !waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
        drop(busy);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_is_waited_for_less_long_than_the_next() {
        let connections = Connections::new(2);
        let member = connections.add();
        let made = Instant::now();
        assert_eq!(member.connection.idle_until(LEISURE), Some(made + LEISURE.first));
        let request = member.connection.request();
        assert_eq!(member.connection.idle_until(LEISURE), None);
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(request);
        assert_eq!(member.connection.idle_until(LEISURE), Some(Instant::now() + LEISURE.later));
    }
}
