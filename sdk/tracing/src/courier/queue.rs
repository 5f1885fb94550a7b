//! Where ended spans wait, bounded and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::Notify;

#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Vec<SpanData>>,
    most: usize,
    batch: usize,
    lost: AtomicU64,
    /// Told when a batch is full.
    pub(super) full: Notify,
}

impl Queue {
    pub(super) fn new(most: usize, batch: usize) -> Self {
        let (waiting, lost, full) = (Mutex::new(Vec::new()), AtomicU64::new(0), Notify::new());
        Self { waiting, most, batch, lost, full }
    }

    /// A span for which there is no room is counted and thrown away.
    pub(super) fn push(&self, span: SpanData) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.most {
            drop(waiting);
            self.lose(1);
            return;
        }
        waiting.push(span);
        let full = waiting.len().is_multiple_of(self.batch);
        drop(waiting);
        if full {
            self.full.notify_one();
        }
    }

    /// Leaves room for as many again, up to a batch: growing from nothing moves every span several times.
    pub(super) fn take(&self) -> Vec<SpanData> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = waiting.len().min(self.batch);
        std::mem::replace(&mut waiting, Vec::with_capacity(room))
    }

    pub(super) fn lose(&self, spans: usize) {
        self.lost.fetch_add(spans as u64, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
