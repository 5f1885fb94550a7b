//! Ended spans on their way out: a bounded queue, and a thread that empties it into a collector.
//!
//! Ending a span costs a push. Everything else (finding out who we are, encoding, sending) happens on one thread with an
//! asynchronous runtime of its own, so that it works under any runtime or none and never waits for a program that is busy.
//!
//! OpenTelemetry's own batch processor is not used, because it forgets a batch that could not be sent: here it is kept for the next
//! try, within the queue's bound, so that a collector that restarts, or a function that freezes in the middle, costs no span.

mod client;
mod delivery;
mod destination;
mod queue;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::{mpsc, oneshot};

use crate::resource::{Found, Place};
use crate::settings::{Settings, Variables};
use delivery::{Delivery, Order};
use queue::Queue;

/// Orders that may wait: a flush after each invocation, and a stop.
const ORDERS: usize = 64;

/// A handle to the thread.
#[derive(Clone, Debug)]
pub(crate) struct Courier {
    queue: Arc<Queue>,
    orders: mpsc::Sender<Order>,
}

/// What the thread needs to know.
pub(crate) struct Start {
    pub(crate) settings: Settings,
    pub(crate) place: Place,
    pub(crate) at_once: Found,
    /// Whether the process is stopped between invocations, so that nothing may be left to a timer.
    pub(crate) freezes: bool,
    pub(crate) variables: Variables,
}

impl Courier {
    /// Starts the thread. Fails when the system has none left.
    pub(crate) fn start(start: Start) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(start.settings.batch.queue, start.settings.batch.size));
        let (orders, inbox) = mpsc::channel(ORDERS);
        let delivery = Delivery::new(Arc::clone(&queue), start);
        std::thread::Builder::new().name("coldlight".to_owned()).spawn(move || delivery.live(inbox))?;
        Ok(Self { queue, orders })
    }

    /// Sends what has ended so far. The answer comes when it is sent, or when it cannot be before `until`; what cannot is kept.
    #[cfg_attr(
        not(feature = "lambda"),
        expect(dead_code, reason = "only the Lambda layer waits without blocking a thread")
    )]
    pub(crate) fn flush(&self, until: Instant) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        let done = Box::new(move |_| {
            let _ = done.send(());
        });
        // A thread that is gone, or has 64 orders to do, answers by dropping the sender.
        let _ = self.orders.try_send(Order::Flush { until, done });
        answer
    }

    /// As `flush`, for callers who may block: whether all was sent.
    pub(crate) fn flush_blocking(&self, limit: Duration, last: bool) -> bool {
        let (done, answer) = sync_channel(1);
        let done = Box::new(move |all| {
            let _ = done.send(all);
        });
        let until = Instant::now() + limit;
        let order = if last { Order::Stop { until, done } } else { Order::Flush { until, done } };
        self.orders.try_send(order).is_ok() && answer.recv_timeout(limit).unwrap_or(false)
    }

    /// Spans that were thrown away because the queue was full, or refused by the collector for good.
    pub(crate) fn lost(&self) -> u64 {
        self.queue.lost()
    }
}

impl SpanProcessor for Courier {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.queue.push(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        // As long as OpenTelemetry's processors wait.
        const LIMIT: Duration = Duration::from_secs(5);
        let sent = self.flush_blocking(LIMIT, false);
        sent.then_some(()).ok_or_else(|| OTelSdkError::InternalFailure("the collector does not take spans".to_owned()))
    }

    fn shutdown_with_timeout(&self, limit: Duration) -> OTelSdkResult {
        self.flush_blocking(limit, true).then_some(()).ok_or(OTelSdkError::Timeout(limit))
    }
}

#[cfg(test)]
mod tests;
