//! Questions: each runs on a connection of its own, on a thread that may block, bounded in number and time.

use std::sync::Arc;
use std::time::Duration;

use duckdb::{Connection, InterruptHandle};
use tokio::sync::Semaphore;

use crate::engine::Engine;
use crate::error::StoreError;

/// How long a question waits for the database to be reopened before it is told so.
const REOPENING: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs questions.
#[derive(Clone)]
pub(crate) struct Asker {
    engine: Arc<Engine>,
    permits: Arc<Semaphore>,
    timeout: Duration,
}

/// Interrupts a running question when whoever asked goes away.
struct Abandon(Option<Arc<InterruptHandle>>);

impl Drop for Abandon {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.interrupt();
        }
    }
}

impl Asker {
    pub fn new(engine: Arc<Engine>, readers: usize, timeout: Duration) -> Self {
        Self { engine, permits: Arc::new(Semaphore::new(readers)), timeout }
    }

    /// Answers `question`. Dropping the future interrupts it.
    pub async fn ask<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.ask_within(self.timeout, question).await
    }

    /// As [`Asker::ask`], with a time of its own.
    pub async fn ask_within<T, F>(&self, limit: Duration, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let deadline = tokio::time::Instant::now() + limit;
        let timed_out = |_| StoreError::TimedOut { limit };
        let permit =
            tokio::time::timeout_at(deadline, self.permits.clone().acquire_owned()).await.map_err(timed_out)?;
        let reopened_by = deadline.min(tokio::time::Instant::now() + REOPENING);
        while self.engine.is_reopening() && tokio::time::Instant::now() < reopened_by {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let lent = self.engine.lend()?;
        let mut abandon = Abandon(Some(lent.interrupt_handle()));
        let running = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let answer = question(&lent);
            drop(lent);
            answer
        });
        let answer = tokio::time::timeout_at(deadline, running).await.map_err(timed_out)?;
        abandon.0 = None;
        match answer {
            Ok(Err(StoreError::Database(error))) if StoreError::is_fatal(&error) => {
                tracing::error!(%error, "a question met a fatal database error");
                Err(StoreError::Reopening)
            }
            Ok(answer) => answer,
            // The question panicked: its connection is gone with it, the store is not.
            Err(_) => Err(StoreError::Reopening),
        }
    }
}
