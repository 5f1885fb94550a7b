//! A queue like SQS and the poller that invokes a function with its batches.
//!
//! A message that is taken is hidden for a while; when its batch succeeds it is deleted, when the batch fails, or names it in
//! `batchItemFailures`, it is seen again, and after `max_receives` it goes to the dead letters.
//!
//! A queue whose name ends in `.fifo` keeps the order of each message group: while messages of a group are being worked on, or hidden
//! because they failed, no later one of it is handed out; one that failed comes back before them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::answer::{Complete, Request};
use crate::clock;
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::id;

/// SQS keeps more; here a sender without a reader must not fill the memory.
const MOST: usize = 100_000;
/// SQS takes no larger message.
const LARGEST: usize = 1 << 20;
/// A FIFO queue drops a message whose deduplication id it has seen within this.
const DEDUPLICATION: Duration = Duration::from_secs(300);
/// A FIFO queue's batches have no more.
const FIFO_BATCH: usize = 10;
/// Pollers that Lambda begins with.
const POLLERS: usize = 5;

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub name: String,
    /// 1 to 10,000; 10 is the default at AWS.
    pub batch_size: usize,
    /// How long a poller waits for a batch to fill.
    pub window: Duration,
    /// How long a message that was taken stays hidden.
    pub visibility: Duration,
    /// Received so often without success, a message goes to the dead letters. `None`: never.
    pub max_receives: Option<u32>,
    /// `ReportBatchItemFailures`: an answer may name the messages that failed.
    pub partial_failures: bool,
}

impl Settings {
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            batch_size: 10,
            window: Duration::ZERO,
            visibility: Duration::from_secs(30),
            max_receives: None,
            partial_failures: true,
        }
    }

    fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }
}

/// A message that is to be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    pub body: String,
    /// As in an event: `{"traceparent": {"stringValue": …, "dataType": "String"}}`.
    pub attributes: Map<String, Value>,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<String>,
    /// `MessageGroupId`: a FIFO queue keeps the order within it.
    pub group: Option<String>,
    /// `MessageDeduplicationId`; without one a FIFO queue takes the body for it.
    pub deduplication: Option<String>,
}

/// Clones share the messages.
#[derive(Clone)]
pub struct Queue {
    settings: Arc<Settings>,
    held: Arc<Mutex<Held>>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct Held {
    visible: VecDeque<Kept>,
    hidden: Vec<(Instant, Kept)>,
    dead: Vec<Message>,
    taken: usize,
    /// How many were ever sent: the next one's place in the order.
    sent: u64,
    /// Of a FIFO queue: groups of which messages are being worked on.
    busy: BTreeSet<String>,
    /// Of a FIFO queue: what was sent lately, by deduplication id.
    seen: BTreeMap<String, (Instant, String)>,
}

struct Kept {
    id: String,
    message: Message,
    place: u64,
    sent: SystemTime,
    first_received: Option<SystemTime>,
    receives: u32,
}

/// How many messages are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub visible: usize,
    /// Being worked on, or hidden until they are seen again.
    pub in_flight: usize,
    pub dead: usize,
}

impl Queue {
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), held: Arc::default(), changed: Arc::default() }
    }

    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Answers the message's id; for one that a FIFO queue has already, the id of that.
    pub fn send(&self, message: Message) -> Result<String, LocalError> {
        let name = self.name();
        if message.body.len() > LARGEST {
            return Err(LocalError::WrongUse(format!("queue {name}: a message has 1 MiB at most")));
        }
        if self.settings.is_fifo() && message.group.is_none() {
            return Err(LocalError::WrongUse(format!("queue {name}: a message of a FIFO queue has a MessageGroupId")));
        }
        let id = id::uuid()?;
        let mut held = self.lock();
        if held.visible.len() >= MOST {
            return Err(LocalError::WrongUse(format!("queue {name} is full: {MOST} messages wait")));
        }
        if self.settings.is_fifo() {
            let now = Instant::now();
            held.seen.retain(|_, (sent, _)| now - *sent < DEDUPLICATION);
            let key = message.deduplication.clone().unwrap_or_else(|| message.body.clone());
            if let Some((_, known)) = held.seen.get(&key) {
                return Ok(known.clone());
            }
            held.seen.insert(key, (now, id.clone()));
        }
        held.sent += 1;
        let place = held.sent;
        let kept = Kept { id: id.clone(), message, place, sent: clock::now(), first_received: None, receives: 0 };
        held.visible.push_back(kept);
        drop(held);
        self.changed.notify_waiters();
        Ok(id)
    }

    pub fn counts(&self) -> Counts {
        let held = self.lock();
        Counts { visible: held.visible.len(), in_flight: held.hidden.len() + held.taken, dead: held.dead.len() }
    }

    /// The dead letters, oldest first.
    pub fn dead(&self) -> Vec<Message> {
        self.lock().dead.clone()
    }

    /// Waits until no message is visible, hidden or being worked on.
    pub async fn empty(&self) {
        loop {
            let changed = self.changed.notified();
            let Counts { visible: 0, in_flight: 0, .. } = self.counts() else {
                changed.await;
                continue;
            };
            return;
        }
    }

    /// Polls for `fleet` until it is shut down. `done` hears of each batch, with how many messages it had.
    pub async fn run(
        self,
        fleet: Fleet,
        done: impl Fn(usize, &Complete) + Clone + Send + Sync,
    ) -> Result<(), LocalError> {
        let pollers = POLLERS.min(fleet.function().concurrency);
        let all = (0..pollers).map(|_| self.poll(&fleet, done.clone()));
        futures_util::future::try_join_all(all).await.map(|_| ())
    }

    async fn poll(&self, fleet: &Fleet, done: impl Fn(usize, &Complete)) -> Result<(), LocalError> {
        loop {
            let batch = self.take().await;
            let event = self.event(&batch, fleet);
            let answer = match fleet.invoke_later(Request::new(event.to_string())).await {
                Ok(answer) => answer,
                Err(closed) => {
                    self.settle(batch, |_| false);
                    return Err(closed);
                }
            };
            // Without a report the environment was shut down under it: the messages are seen again.
            let Some(complete) = answer.complete().await else {
                self.settle(batch, |_| false);
                return Err(LocalError::Closed);
            };
            let count = batch.len();
            match self.failed(&complete) {
                Failed::All => self.settle(batch, |_| false),
                Failed::Some(ids) => self.settle(batch, |id| !ids.iter().any(|failed| failed == id)),
            }
            done(count, &complete);
        }
    }

    /// The next batch: at least one message, at most as many as fit, after the window.
    async fn take(&self) -> Vec<Kept> {
        let fifo = self.settings.is_fifo();
        let most = if fifo { self.settings.batch_size.min(FIFO_BATCH) } else { self.settings.batch_size };
        // Batches of a FIFO queue are not waited for.
        let window = if fifo { Duration::ZERO } else { self.settings.window };
        let mut batch: Vec<Kept> = Vec::new();
        let mut until: Option<Instant> = None;
        loop {
            let changed = self.changed.notified();
            let next_seen = {
                let mut held = self.lock();
                held.show(Instant::now());
                let room = most - batch.len();
                let next = if fifo { held.next_in_order(room) } else { held.next(room) };
                batch.extend(next);
                held.hidden.iter().map(|(seen, _)| *seen).min()
            };
            let now = Instant::now();
            if !batch.is_empty() {
                let until = *until.get_or_insert(now + window);
                if batch.len() >= most || now >= until {
                    return batch;
                }
            }
            let far = now + Duration::from_secs(20);
            let wake = [until, next_seen].into_iter().flatten().min().unwrap_or(far);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn event(&self, batch: &[Kept], fleet: &Fleet) -> Value {
        let function = fleet.function();
        let arn = format!("arn:aws:sqs:{}:{}:{}", function.region, function.account, self.name());
        let records: Vec<Value> = batch.iter().map(|kept| kept.record(&arn, &function.region)).collect();
        json!({ "Records": records })
    }

    /// Deletes those of the batch that went `well`; the others are seen again when their time is over, or are dead.
    fn settle(&self, batch: Vec<Kept>, well: impl Fn(&str) -> bool) {
        // One time for all of the batch: what came together comes back together.
        let seen = Instant::now() + self.settings.visibility;
        let mut held = self.lock();
        held.taken -= batch.len();
        for group in batch.iter().filter_map(|kept| kept.message.group.as_ref()) {
            held.busy.remove(group);
        }
        for kept in batch.into_iter().filter(|kept| !well(&kept.id)) {
            if self.settings.max_receives.is_some_and(|most| kept.receives >= most) {
                held.dead.push(kept.message);
            } else {
                held.hidden.push((seen, kept));
            }
        }
        drop(held);
        self.changed.notify_waiters();
    }

    /// What the answer says of the batch. An answer that cannot be understood fails all of it, as at AWS.
    fn failed(&self, complete: &Complete) -> Failed {
        let Ok(body) = &complete.result else { return Failed::All };
        if !self.settings.partial_failures {
            return Failed::Some(Vec::new());
        }
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(list) = answer.get("batchItemFailures").filter(|list| !list.is_null()) else {
            return Failed::Some(Vec::new());
        };
        let ids = list.as_array().map(|list| {
            let id = |item: &Value| item["itemIdentifier"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
            list.iter().map(id).collect::<Option<Vec<String>>>()
        });
        ids.flatten().map_or(Failed::All, Failed::Some)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

enum Failed {
    All,
    Some(Vec<String>),
}

impl Held {
    /// Those whose time is over are seen again.
    fn show(&mut self, now: Instant) {
        let hidden = std::mem::take(&mut self.hidden);
        for (seen, kept) in hidden {
            if seen <= now { self.visible.push_back(kept) } else { self.hidden.push((seen, kept)) }
        }
    }

    /// Up to `room` messages, whichever are there.
    fn next(&mut self, room: usize) -> Vec<Kept> {
        let room = room.min(self.visible.len());
        let next = self.visible.drain(..room).map(Kept::received).collect::<Vec<_>>();
        self.taken += next.len();
        next
    }

    /// Up to `room` messages in the order they were sent, none of a group of which one is being worked on or hidden.
    fn next_in_order(&mut self, room: usize) -> Vec<Kept> {
        let closed: BTreeSet<String> =
            self.hidden.iter().filter_map(|(_, kept)| kept.message.group.clone()).chain(self.busy.clone()).collect();
        self.visible.make_contiguous().sort_by_key(|kept| kept.place);
        let (mut next, mut left) = (Vec::new(), VecDeque::new());
        for kept in self.visible.drain(..) {
            let open = kept.message.group.as_ref().is_some_and(|group| !closed.contains(group));
            if open && next.len() < room { next.push(kept.received()) } else { left.push_back(kept) }
        }
        self.visible = left;
        self.taken += next.len();
        self.busy.extend(next.iter().filter_map(|kept| kept.message.group.clone()));
        next
    }
}

impl Kept {
    fn received(mut self) -> Self {
        self.receives += 1;
        self.first_received.get_or_insert(clock::now());
        self
    }

    fn record(&self, arn: &str, region: &str) -> Value {
        let ms = |time| clock::unix_ms(time).to_string();
        let mut attributes = json!({
            "ApproximateReceiveCount": self.receives.to_string(), "SentTimestamp": ms(self.sent),
            "SenderId": "AIDALOCAL", "ApproximateFirstReceiveTimestamp": ms(self.first_received.unwrap_or(self.sent)),
        });
        if let Some(trace) = &self.message.trace {
            attributes["AWSTraceHeader"] = json!(trace);
        }
        if let Some(group) = &self.message.group {
            attributes["MessageGroupId"] = json!(group);
            attributes["MessageDeduplicationId"] = json!(self.message.deduplication.as_ref().unwrap_or(&self.id));
            // 20 digits, as SQS's are, and growing.
            attributes["SequenceNumber"] = json!(format!("{:020}", 18_000_000_000_000_000_000_u64 + self.place));
        }
        json!({
            "messageId": self.id, "receiptHandle": format!("{}#{}", self.id, self.receives), "body": self.message.body,
            "attributes": attributes, "messageAttributes": self.message.attributes, "eventSource": "aws:sqs",
            "eventSourceARN": arn, "awsRegion": region,
        })
    }
}

impl Message {
    /// From a line of a file: a JSON object with `body` (and `messageAttributes`, and `AWSTraceHeader`, `MessageGroupId` and
    /// `MessageDeduplicationId` in `attributes`) is a message, anything else is a body.
    pub fn from_line(line: &str) -> Self {
        let parsed: Value = serde_json::from_str(line).unwrap_or_default();
        let attribute = |name: &str| parsed["attributes"][name].as_str().map(str::to_owned);
        match parsed.get("body") {
            Some(body) => Self {
                body: body.as_str().map_or_else(|| body.to_string(), str::to_owned),
                attributes: parsed["messageAttributes"].as_object().cloned().unwrap_or_default(),
                trace: attribute("AWSTraceHeader"),
                group: attribute("MessageGroupId"),
                deduplication: attribute("MessageDeduplicationId"),
            },
            None => Self { body: line.to_owned(), ..Self::default() },
        }
    }
}
