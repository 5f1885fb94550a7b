//! The Telemetry API's other half: records kept until somebody subscribes, then sent in batches.
//!
//! A batch goes out when it has `maxItems`, `maxBytes`, or is `timeoutMs` old, as in Lambda: a subscriber hears of
//! `platform.runtimeDone` up to that long after it was so. Whoever does not answer is tried again with growing pauses, then
//! loses the batch, and `platform.logsDropped` says how much.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock;
use crate::record::{self, Record};

/// Records from before the first invocation, for those who subscribe late in the initialisation.
const HISTORY: usize = 1_000;
/// Records a subscriber may be behind.
const BEHIND: usize = 10_000;
const TRIES: u32 = 5;

/// What an extension asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    pub name: String,
    pub types: Vec<String>,
    pub max_items: usize,
    pub max_bytes: usize,
    pub timeout: Duration,
    /// Port and path of the destination; its host is the environment itself.
    pub port: u16,
    pub path: String,
}

/// All that is subscribed in one environment.
#[derive(Clone)]
pub struct Telemetry {
    address: Ipv4Addr,
    frozen: watch::Receiver<bool>,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    /// `None` once the first invocation has begun.
    history: Option<VecDeque<(&'static str, Bytes)>>,
    subscribers: Vec<Subscriber>,
}

struct Subscriber {
    types: Vec<String>,
    queue: mpsc::Sender<Bytes>,
    dropped: (usize, usize),
}

impl Telemetry {
    pub fn new(address: Ipv4Addr, frozen: watch::Receiver<bool>) -> Self {
        let held = Held { history: Some(VecDeque::new()), subscribers: Vec::new() };
        Self { address, frozen, held: Arc::new(Mutex::new(held)) }
    }

    pub fn emit(&self, record: &Record) {
        let bytes = Bytes::from(record.to_json().to_string());
        let mut held = self.lock();
        for subscriber in &mut held.subscribers {
            subscriber.offer(record.class(), &bytes);
        }
        if let Some(history) = &mut held.history {
            if history.len() == HISTORY {
                history.pop_front();
            }
            history.push_back((record.class(), bytes));
        }
    }

    /// Sends what is kept, and from now on what comes.
    pub fn subscribe(&self, subscription: Subscription) {
        let (queue, records) = mpsc::channel(BEHIND);
        let mut subscriber = Subscriber { types: subscription.types.clone(), queue, dropped: (0, 0) };
        let mut held = self.lock();
        for (class, bytes) in held.history.iter().flatten() {
            subscriber.offer(class, bytes);
        }
        held.subscribers.push(subscriber);
        drop(held);
        let url = format!("http://{}:{}{}", self.address, subscription.port, subscription.path);
        let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let delivery = Delivery { subscription, url, http, records, frozen: self.frozen.clone(), lost: (0, 0) };
        tokio::spawn(delivery.run());
    }

    /// The first invocation has begun: nobody subscribes any more.
    pub fn begun(&self) {
        self.lock().history = None;
    }

    /// A reset: subscribers have gone, and new ones may come.
    pub fn reset(&self) {
        *self.lock() = Held { history: Some(VecDeque::new()), subscribers: Vec::new() };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Subscriber {
    fn offer(&mut self, class: &str, bytes: &Bytes) {
        if !self.types.iter().any(|wanted| wanted == class) {
            return;
        }
        if self.dropped.1 > 0 {
            let note = record::logs_dropped(clock::now(), self.dropped.0, self.dropped.1).to_json().to_string();
            if self.queue.try_send(note.into()).is_ok() {
                self.dropped = (0, 0);
            }
        }
        if self.queue.try_send(bytes.clone()).is_err() {
            self.dropped = (self.dropped.0 + bytes.len(), self.dropped.1 + 1);
        }
    }
}

/// Sends one subscriber its batches, in order, while the environment is not frozen.
struct Delivery {
    subscription: Subscription,
    url: String,
    http: Client<HttpConnector, Full<Bytes>>,
    records: mpsc::Receiver<Bytes>,
    frozen: watch::Receiver<bool>,
    /// Bytes and records of batches that were given up.
    lost: (usize, usize),
}

impl Delivery {
    async fn run(mut self) {
        while let Some(first) = self.records.recv().await {
            let due = Instant::now() + self.subscription.timeout;
            let mut size = first.len();
            let mut batch = vec![first];
            if self.lost.1 > 0 {
                let note = record::logs_dropped(clock::now(), self.lost.0, self.lost.1).to_json().to_string();
                batch.insert(0, note.into());
            }
            while batch.len() < self.subscription.max_items && size < self.subscription.max_bytes {
                tokio::select! {
                    next = self.records.recv() => match next {
                        Some(next) => {
                            size += next.len();
                            batch.push(next);
                        }
                        None => break,
                    },
                    () = sleep_until(due) => break,
                }
            }
            self.send(&batch).await;
        }
    }

    async fn send(&mut self, batch: &[Bytes]) {
        let mut body = Vec::with_capacity(batch.iter().map(|record| record.len() + 1).sum::<usize>() + 2);
        for (index, record) in batch.iter().enumerate() {
            body.push(if index == 0 { b'[' } else { b',' });
            body.extend_from_slice(record);
        }
        body.push(b']');
        let body = Bytes::from(body);
        for attempt in 0..TRIES {
            if self.frozen.wait_for(|frozen| !frozen).await.is_err() {
                return;
            }
            let request = http::Request::post(&self.url).header("content-type", "application/json");
            let Ok(request) = request.body(Full::new(body.clone())) else { return };
            match self.http.request(request).await {
                Ok(answer) if answer.status().is_success() => {
                    self.lost = (0, 0);
                    return;
                }
                _ => sleep(Duration::from_millis(50 << attempt)).await,
            }
        }
        self.lost = (self.lost.0 + body.len(), self.lost.1 + batch.len());
    }
}
