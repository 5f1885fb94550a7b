//! Senders that do not give up and write down what they were promised: the load under which things break.
//!
//! Each sends one trace a request and waits for the answer. An acknowledged request goes into its ledger; a request that
//! failed, whether it was taken or not, is sent again unchanged until it is acknowledged, as an exporter that retries does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use prost::Message;
use tokio::task::JoinHandle;

use crate::clock::unix_nanos;
use crate::corpus::Transport;
use crate::ledger::Ledger;
use crate::program::{Addresses, Coldlight};
use crate::random::{Random, hex};
use crate::{grpc, otlp, table, web};

/// A refusal's delay is honoured up to this, so that a story does not sleep its time away.
const LONGEST_DELAY: Duration = Duration::from_millis(500);
const RECONNECT: Duration = Duration::from_millis(10);
/// The longest until all that was acknowledged is in the tables; a start after a crash has some of it to catch up.
const WRITTEN: Duration = Duration::from_secs(10);

/// How the load looks.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Half of them speak gRPC, half HTTP.
    pub senders: usize,
    pub spans_per_request: usize,
    /// Between an answer and the next request.
    pub pause: Duration,
    /// Bytes of text on each span.
    pub padding: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self { senders: 4, spans_per_request: 20, pause: Duration::from_millis(2), padding: 0 }
    }
}

/// Senders at work.
pub struct Senders {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<Sender>>,
}

/// What happened so far.
#[derive(Default)]
struct Counts {
    acknowledged: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
}

/// Span ids by trace.
type Traces = BTreeMap<String, BTreeSet<String>>;

/// What they were promised, and what they do not know.
pub struct Promises {
    ledgers: Vec<(String, Ledger)>,
    /// Traces that were sent and never acknowledged: they may be there, wholly or not at all.
    open: BTreeSet<String>,
    spans_per_request: usize,
}

struct Sender {
    service: String,
    transport: Transport,
    to: Addresses,
    load: Load,
    random: Random,
    ledger: Ledger,
    /// Of the request that is not acknowledged.
    open: Option<String>,
}

enum Outcome {
    Acknowledged,
    Later(Duration),
}

impl Senders {
    /// `folder` is where the ledgers are written; outside of what is broken.
    pub fn start(load: Load, to: Addresses, folder: &Path, random: &mut Random) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let tasks = (0..load.senders).map(|number| {
            let service = format!("steady-{number}");
            let ledger = Ledger::create(&folder.join(&service));
            let transport = if number % 2 == 0 { Transport::Grpc } else { Transport::Http };
            let random = Random::from_seed(random.number());
            let sender = Sender { service, transport, to, load, random, ledger, open: None };
            tokio::spawn(sender.run(Arc::clone(&stop), Arc::clone(&counts)))
        });
        let tasks = tasks.collect();
        Self { stop, counts, tasks }
    }

    pub fn acknowledged(&self) -> u64 {
        self.counts.acknowledged.load(Ordering::Relaxed)
    }

    /// Requests answered with "later".
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// Requests whose answer never came.
    pub fn broken(&self) -> u64 {
        self.counts.broken.load(Ordering::Relaxed)
    }

    /// Ends them after their current try.
    pub async fn stop(self) -> Promises {
        self.stop.store(true, Ordering::Relaxed);
        let mut promises = Promises { ledgers: Vec::new(), open: BTreeSet::new(), spans_per_request: 0 };
        for task in self.tasks {
            let sender = task.await.expect("a sender does not panic");
            promises.spans_per_request = sender.load.spans_per_request;
            promises.open.extend(sender.open);
            promises.ledgers.push((sender.service, sender.ledger));
        }
        promises
    }
}

impl Sender {
    async fn run(mut self, stop: Arc<AtomicBool>, counts: Arc<Counts>) -> Self {
        while !stop.load(Ordering::Relaxed) {
            let (trace_id, span_ids, body) = self.request();
            self.open = Some(trace_id.clone());
            self.deliver(&body, &stop, &counts).await;
            if self.open.is_none() {
                self.ledger.note(&trace_id, &span_ids);
            }
            tokio::time::sleep(self.load.pause).await;
        }
        self
    }

    /// Tries until acknowledged or stopped; connects anew whenever the connection broke.
    async fn deliver(&mut self, body: &[u8], stop: &AtomicBool, counts: &Counts) {
        while !stop.load(Ordering::Relaxed) {
            match self.exchange(body).await {
                Ok(Outcome::Acknowledged) => {
                    counts.acknowledged.fetch_add(1, Ordering::Relaxed);
                    self.open = None;
                    return;
                }
                Ok(Outcome::Later(delay)) => {
                    counts.refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(delay.min(LONGEST_DELAY)).await;
                }
                Err(_) => {
                    counts.broken.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(RECONNECT).await;
                }
            }
        }
    }

    /// `Err` when there was no answer; any answer that is neither yes nor "later" is a failure of the story.
    async fn exchange(&self, body: &[u8]) -> anyhow::Result<Outcome> {
        match self.transport {
            Transport::Grpc => {
                let answer = grpc::Connection::open(self.to.grpc).await?.call(grpc::TRACES, "identity", body).await?;
                match (answer.status.code(), answer.retry_delay()) {
                    (tonic::Code::Ok, _) => {
                        assert!(answer.message.is_empty(), "partial success: {:?}", answer.message);
                        Ok(Outcome::Acknowledged)
                    }
                    (tonic::Code::Unavailable, Some(delay)) => Ok(Outcome::Later(delay)),
                    // A connection that went away in the middle shows as a status without details.
                    (tonic::Code::Unavailable | tonic::Code::Cancelled | tonic::Code::Unknown, None) => {
                        anyhow::bail!("{:?}", answer.status)
                    }
                    _ => panic!("{:?}", answer.status),
                }
            }
            Transport::Http => {
                let headers = [("content-type", "application/x-protobuf")];
                let request = web::request(Method::POST, "/v1/traces", &headers, web::whole(body.to_vec()));
                let answer = web::send(self.to.otlp_http, request).await?;
                match answer.status.as_u16() {
                    200 => {
                        assert!(answer.body.is_empty(), "partial success: {:?}", answer.body);
                        Ok(Outcome::Acknowledged)
                    }
                    503 => Ok(Outcome::Later(Duration::from_secs(answer.header("retry-after").parse()?))),
                    status => panic!("{status} {}", answer.text()),
                }
            }
        }
    }

    fn request(&mut self) -> (String, Vec<String>, Vec<u8>) {
        let trace_id = self.random.trace_id();
        let start = unix_nanos();
        let mut span_ids = Vec::new();
        let spans = (0..self.load.spans_per_request).map(|at| {
            let span_id = self.random.span_id();
            span_ids.push(hex(&span_id));
            let mut span = otlp::span("steady", trace_id, span_id, start + at as u64, 1_000_000);
            span.attributes.push(otlp::int("at", at as i64));
            if self.load.padding > 0 {
                // Hexadecimal noise, so that what is measured on disk is not its compression.
                let noise = (0..self.load.padding / 16).map(|_| format!("{:016x}", self.random.number()));
                span.attributes.push(otlp::text("padding", noise.collect::<String>()));
            }
            span
        });
        let request = otlp::request(&self.service, spans.collect());
        (hex(&trace_id), span_ids, request.encode_to_vec())
    }
}

impl Promises {
    /// Spans acknowledged.
    pub fn spans(&self) -> u64 {
        self.ledgers.iter().map(|(_, ledger)| ledger.spans()).sum()
    }

    /// Every acknowledged span is there exactly once; a request in doubt is there wholly or not at all; nothing else is.
    ///
    /// Waits until what the journal holds is in the tables. Panics with what is missing, doubled or invented.
    pub async fn check(&self, coldlight: &Coldlight) {
        Self::check_all(std::slice::from_ref(self), coldlight).await;
    }

    /// The same for several loads of one store, one after another.
    pub async fn check_all(loads: &[Self], coldlight: &Coldlight) {
        coldlight.until_written(WRITTEN).await;
        let services: BTreeSet<&String> =
            loads.iter().flat_map(|load| &load.ledgers).map(|(service, _)| service).collect();
        for service in services {
            let kept = kept(coldlight, service).await;
            let promised: Traces = loads.iter().flat_map(|load| load.promised(service)).collect();
            let missing: Vec<&String> = promised.keys().filter(|trace| !kept.contains_key(*trace)).collect();
            let (gone, all) = (missing.len(), promised.len());
            assert!(
                missing.is_empty(),
                "{service}: {gone} of {all} acknowledged requests are gone: {missing:?}\n{}",
                coldlight.last_words()
            );
            for (trace, spans) in &kept {
                let doubled: Vec<_> = spans.iter().filter(|(_, count)| **count != 1).collect();
                assert!(doubled.is_empty(), "{service}: trace {trace} holds spans more than once: {doubled:?}");
                if let Some(promised) = promised.get(trace) {
                    let here: BTreeSet<String> = spans.keys().cloned().collect();
                    assert_eq!(&here, promised, "{service}: trace {trace} is not what was sent");
                    continue;
                }
                let load = loads.iter().find(|load| load.open.contains(trace));
                let load = load.unwrap_or_else(|| panic!("{service}: nobody sent trace {trace}"));
                assert_eq!(spans.len(), load.spans_per_request, "{service}: trace {trace} is there in part");
            }
        }
    }

    /// Acknowledged requests of which something is missing, as trace ids.
    pub async fn missing(&self, coldlight: &Coldlight) -> Vec<String> {
        coldlight.until_written(WRITTEN).await;
        let mut missing = Vec::new();
        for (service, _) in &self.ledgers {
            let kept = kept(coldlight, service).await;
            let whole = |trace: &String, spans: &BTreeSet<String>| {
                kept.get(trace).is_some_and(|kept| kept.len() == spans.len() && kept.values().all(|count| *count == 1))
            };
            missing.extend(
                self.promised(service)
                    .into_iter()
                    .filter(|(trace, spans)| !whole(trace, spans))
                    .map(|(trace, _)| trace),
            );
        }
        missing
    }

    fn promised(&self, service: &str) -> Traces {
        let mut promised = Traces::new();
        for (_, ledger) in self.ledgers.iter().filter(|(name, _)| name == service) {
            for (trace, span) in ledger.read() {
                promised.entry(trace).or_default().insert(span);
            }
        }
        promised
    }
}

/// All spans of a service by trace, with how often each is there. Asked in sixteen parts, for answers are bounded.
async fn kept(coldlight: &Coldlight, service: &str) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut kept: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for digit in 0..16 {
        let question = format!(
            "SELECT trace_id, span_id, count(*) FROM spans \
             WHERE service = '{service}' AND starts_with(trace_id, '{digit:x}') GROUP BY ALL"
        );
        let answer = coldlight.sql(&question).await;
        assert!(!answer.cut_off, "more spans than one answer holds");
        for row in &answer.rows {
            let spans = kept.entry(table::text(&row[0])).or_default();
            spans.insert(table::text(&row[1]), table::number(&row[2]));
        }
    }
    kept
}
