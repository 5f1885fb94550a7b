//! The thread that sends: batches in order, each kept until a collector took it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;

use super::Start;
use super::client::LastStatus;
use super::destination::{self, Destination};
use super::queue::Queue;
use crate::report::report;
use crate::resource::{self, Place};

pub(super) type Done = Box<dyn FnOnce(bool) + Send>;

pub(super) enum Order {
    Flush { until: Instant, done: Done },
    Stop { until: Instant, done: Done },
}

/// Spans that go in one request.
struct Batch {
    spans: Vec<SpanData>,
    tries: u32,
}

/// A batch that a collector could not take this often is given up: something in it must be what it cannot take.
const TRIES: u32 = 20;

/// A failure this quick is a connection that died while we slept, or a listener that is gone: one more try costs nothing.
const QUICK: Duration = Duration::from_millis(100);

pub(super) struct Delivery {
    queue: Arc<Queue>,
    start: Start,
    batches: VecDeque<Batch>,
    status: LastStatus,
    told: bool,
}

impl Delivery {
    pub(super) fn new(queue: Arc<Queue>, start: Start) -> Self {
        Self { queue, start, batches: VecDeque::new(), status: LastStatus::default(), told: false }
    }

    /// The thread's life. Without a runtime or a destination it still empties the queue, counting what is lost.
    pub(super) fn live(mut self, inbox: mpsc::Receiver<Order>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.work(inbox)),
            Err(why) => report(&format!("spans cannot be sent: no runtime: {why}")),
        }
    }

    async fn work(&mut self, mut inbox: mpsc::Receiver<Order>) {
        let mut exporter = self.exporter().await;
        // The queue outlives this thread's interest in it.
        let (queue, delay, limit) =
            (Arc::clone(&self.queue), self.start.settings.batch.delay, self.start.settings.timeout);
        loop {
            let tick = async {
                // A timer that ran out while the process was frozen would fire at once, in the middle of an invocation.
                if self.start.freezes { std::future::pending().await } else { tokio::time::sleep(delay).await }
            };
            let (until, done, last) = tokio::select! {
                order = inbox.recv() => match order {
                    Some(Order::Flush { until, done }) => (until, Some(done), false),
                    Some(Order::Stop { until, done }) => (until, Some(done), true),
                    None => (Instant::now() + limit, None, true),
                },
                () = queue.full.notified() => (Instant::now() + limit, None, false),
                () = tick => (Instant::now() + limit, None, false),
            };
            let all = self.deliver(exporter.as_ref(), until).await;
            if let Some(done) = done {
                done(all);
            }
            if last {
                break;
            }
        }
        if let Some(exporter) = &mut exporter {
            let _ = exporter.shutdown();
        }
        self.queue.lose(self.batches.iter().map(|batch| batch.spans.len()).sum());
    }

    /// Finds out who we are and where to send, at once.
    async fn exporter(&mut self) -> Option<SpanExporter> {
        let look = |name: &str| self.start.variables.look(name);
        let (settings, place) = (&self.start.settings, &self.start.place);
        let in_lambda = *place == Place::Lambda;
        let (asked, destination) =
            tokio::join!(resource::asked(place, &look, Path::new("/")), destination::find(settings, in_lambda, &look));
        self.hint(&destination);
        let instance = (!in_lambda).then(crate::ids::instance);
        let resource = resource::resource(settings, &self.start.at_once, Some(&asked), instance.as_deref());
        match destination::exporter(settings, &destination, &self.status) {
            Ok(mut exporter) => {
                exporter.set_resource(&resource);
                Some(exporter)
            }
            Err(why) => {
                report(&format!("spans cannot be sent to {}: {why}", destination.url));
                None
            }
        }
    }

    fn hint(&self, destination: &Destination) {
        if destination.guessed && self.start.place == Place::Lambda {
            let address = &destination.url;
            report(&format!(
                "no extension listens beside this function and OTEL_EXPORTER_OTLP_ENDPOINT is not set: spans go to {address}, \
                 where nobody may be. Add the coldlight extension as a layer, or set the variable"
            ));
        }
    }

    /// Sends all there is, oldest first, and says whether all went. Stops at the first batch that does not go.
    async fn deliver(&mut self, exporter: Option<&SpanExporter>, until: Instant) -> bool {
        self.gather();
        let Some(exporter) = exporter else {
            self.queue.lose(self.batches.drain(..).map(|batch| batch.spans.len()).sum());
            return false;
        };
        while let Some(batch) = self.batches.front() {
            let spans = batch.spans.clone();
            let start = Instant::now();
            let mut sent = send(exporter, spans, until.min(start + self.start.settings.timeout)).await;
            if sent.is_err() && start.elapsed() < QUICK && !self.status.is_final() {
                sent = send(exporter, batch.spans.clone(), until.min(start + self.start.settings.timeout)).await;
            }
            match sent {
                Ok(()) => {
                    self.batches.pop_front();
                    self.told = false;
                }
                Err(why) => {
                    if !self.keep(&why) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// After a failure: whether to go on with the next batch, as this one will never be taken.
    fn keep(&mut self, why: &str) -> bool {
        let Some(batch) = self.batches.front_mut() else { return true };
        batch.tries += 1;
        let hopeless = self.status.is_final() || batch.tries >= TRIES;
        if !self.told || hopeless {
            let (spans, what) = (batch.spans.len(), if hopeless { "given up" } else { "kept for the next try" });
            report(&format!("{spans} spans could not be sent and are {what}: {why}"));
            // Said once until something goes again.
            self.told = true;
        }
        if hopeless {
            self.queue.lose(self.batches.pop_front().map_or(0, |batch| batch.spans.len()));
        }
        hopeless
    }

    /// New spans behind the kept ones; the oldest leave when there are too many.
    fn gather(&mut self) {
        let size = self.start.settings.batch.size;
        let mut new = self.queue.take().into_iter().peekable();
        while new.peek().is_some() {
            self.batches.push_back(Batch { spans: new.by_ref().take(size).collect(), tries: 0 });
        }
        let mut all: usize = self.batches.iter().map(|batch| batch.spans.len()).sum();
        while all > self.start.settings.batch.queue.max(size) && self.batches.len() > 1 {
            let oldest = self.batches.pop_front().map_or(0, |batch| batch.spans.len());
            all -= oldest;
            self.queue.lose(oldest);
        }
    }
}

async fn send(exporter: &SpanExporter, spans: Vec<SpanData>, until: Instant) -> Result<(), String> {
    match tokio::time::timeout_at(until.into(), exporter.export(spans)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(why.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
