//! The way of a request through the house, whatever it came by: room, body, look, decode, convert, keep.
//!
//! Room in memory is taken before the body is read and again before it is decoded, by what decoding it will take. Large
//! bodies are decoded beside the network's threads. The batch is kept by a task of its own, so that a sender who hangs up
//! in the last moment loses neither its spans nor their place in the counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use coldlight_model::{Batch, Busy, BusyReason, Timestamp};
use tokio::task::JoinError;

use crate::admission::{Patience, Share};
use crate::body::Content;
use crate::convert::{self, Tally};
use crate::json::{self, JsonError, Problem};
use crate::receiver::Shared;
use crate::refusal::Refusal;
use crate::signal::Signal;
use crate::wire::{self, WireError};

/// Below these a body is walked or decoded where it arrived: that takes under a millisecond.
const WALKED_IN_PLACE: usize = 2 << 20;
const DECODED_IN_PLACE: usize = 128 << 10;

/// While a request is converted, both OTLP's form of it and ours are in memory, and they are about equally large.
const FORMS: usize = 2;

/// How the message in a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Protobuf,
    Json,
}

/// What the sender of an accepted request is told.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) signal: Signal,
    pub(crate) rejected: u64,
    /// Empty when all is well.
    pub(crate) message: String,
}

impl Shared {
    /// Waits until the outlet has room and memory for a body of `bytes` is free: the share of that memory.
    pub(crate) async fn room_for(&self, bytes: usize, patience: &mut Patience) -> Result<Share, Refusal> {
        if self.draining.is_cancelled() {
            return Err(Refusal::draining());
        }
        let room = (self.outlet.room)(patience.left());
        let wait = async {
            tokio::select! {
                biased;
                room = room => room.map_err(Refusal::Busy),
                () = self.draining.cancelled() => Err(Refusal::draining()),
            }
        };
        // The outlet minds the time itself and knows why there is no room; should it not, this does.
        let full = Busy { reason: BusyReason::JournalFull, retry_after_s: 1 };
        patience.spend(wait).await.unwrap_or(Err(Refusal::Busy(full)))?;
        self.bodies.take(bytes, patience).await
    }

    /// Takes a body that was read, up to the point where it is on disk.
    pub(crate) async fn take(
        self: &Arc<Self>,
        signal: Signal,
        format: Format,
        content: Content,
        body_share: Share,
        mut patience: Patience,
    ) -> Result<Accepted, Refusal> {
        let Content { bytes, wire_bytes } = content;
        let (converted, share) = match format {
            Format::Protobuf => self.decoded_protobuf(signal, bytes, &mut patience).await?,
            Format::Json => self.decoded_json(signal, bytes, &mut patience).await?,
        };
        drop(body_share);
        self.keep(signal, wire_bytes, converted, share).await
    }

    async fn decoded_protobuf(
        &self,
        signal: Signal,
        bytes: Bytes,
        patience: &mut Patience,
    ) -> Result<(Converted, Share), Refusal> {
        let budget = self.decoded_limit();
        let body = bytes.clone();
        let walk = move || wire::scan(&body, signal.request(), budget).map_err(|error| wire_refusal(&error, budget));
        let scan = run(bytes.len() > WALKED_IN_PLACE, &bytes, walk).await?;
        let mut share = self.decoded.take(FORMS * scan.decoded_bytes, patience).await?;
        let now = self.outlet.now;
        let body = bytes.clone();
        let decode = move || decode_protobuf(signal, &body, scan.needs_mending, now);
        let converted = run(bytes.len() > DECODED_IN_PLACE, &bytes, decode).await?;
        share.shrink_to(scan.decoded_bytes);
        Ok((converted, share))
    }

    /// What JSON takes once decoded shows only while decoding, so it is decoded within a share that suits any ordinary
    /// request. If that is too little it is measured, which takes time and no memory, and decoded within what it needs.
    async fn decoded_json(
        &self,
        signal: Signal,
        bytes: Bytes,
        patience: &mut Patience,
    ) -> Result<(Converted, Share), Refusal> {
        let limit = self.decoded_limit();
        let mut budget = limit.min(4 * bytes.len() + 4096);
        let mut share = self.decoded.take(FORMS * budget, patience).await?;
        loop {
            let now = self.outlet.now;
            let body = bytes.clone();
            let decode = move || Ok(decode_json(signal, &body, budget, now));
            match run(bytes.len() > DECODED_IN_PLACE, &bytes, decode).await? {
                Ok((converted, decoded_bytes)) => {
                    share.shrink_to(decoded_bytes);
                    return Ok((converted, share));
                }
                Err(JsonError { problem: Problem::OverBudget, .. }) if budget < limit => {
                    let body = bytes.clone();
                    let measure =
                        move || json::measure(signal, &body, limit).map_err(|error| json_refusal(error, limit));
                    budget = run(bytes.len() > DECODED_IN_PLACE, &bytes, measure).await?;
                    share.grow_to(FORMS * budget, patience).await?;
                }
                Err(error) => return Err(json_refusal(error, limit)),
            }
        }
    }

    async fn keep(
        self: &Arc<Self>,
        signal: Signal,
        wire_bytes: u64,
        converted: Converted,
        share: Share,
    ) -> Result<Accepted, Refusal> {
        let Converted { mut batch, tally } = converted;
        let shared = self.clone();
        let kept = tokio::spawn(async move {
            if !batch.is_empty() {
                batch.received_at = (shared.outlet.now)();
                (shared.outlet.keep)(batch).await.map_err(Refusal::Busy)?;
            }
            shared.counts.accepted(signal, wire_bytes, &tally);
            drop(share);
            Ok(tally)
        });
        // A task that did not panic was cancelled: the program is ending.
        let failed = |failure: JoinError| if failure.is_panic() { Refusal::Panicked } else { Refusal::draining() };
        let tally = kept.await.map_err(failed)??;
        Ok(Accepted { signal, rejected: tally.rejected(), message: tally.message(signal) })
    }

    /// A request that could never be given its memory must not be told to try again.
    fn decoded_limit(&self) -> usize {
        self.settings.max_decoded_bytes.min(self.decoded.capacity())
    }

    /// The most bytes of a body, for the same reason.
    pub(crate) fn body_limit(&self) -> usize {
        self.settings.max_body_bytes.min(self.bodies.capacity())
    }

    /// The two pools' sizes: see [`crate::Settings::in_flight_bytes`].
    pub(crate) fn pool_sizes(settings: &crate::Settings) -> (usize, usize) {
        let decoded = settings.in_flight_bytes;
        (decoded, (decoded / 4).max(settings.max_body_bytes.min(decoded)))
    }
}

/// Runs what may panic on a stranger's bytes, beside the network's threads when it is `long`.
async fn run<T, F>(long: bool, body: &Bytes, work: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Refusal> + Send + 'static,
{
    let guarded = move || catch_unwind(AssertUnwindSafe(work));
    let outcome = if long {
        tokio::task::spawn_blocking(guarded).await.unwrap_or_else(|failure| Err(Box::new(failure)))
    } else {
        guarded()
    };
    outcome.unwrap_or_else(|_| {
        // The hash finds the sender's copy; the bytes themselves may hold secrets.
        tracing::error!(body_hash = body_hash(body), body_bytes = body.len(), "a request made the decoder panic");
        Err(Refusal::Panicked)
    })
}

fn body_hash(body: &Bytes) -> String {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("{:016x}", hasher.finish())
}

/// A request in our own words.
#[derive(Debug)]
pub(crate) struct Converted {
    pub(crate) batch: Batch,
    pub(crate) tally: Tally,
}

impl From<(Batch, Tally)> for Converted {
    fn from((batch, tally): (Batch, Tally)) -> Self {
        Self { batch, tally }
    }
}

/// `bytes` were found well formed by [`wire::scan`], which also says whether they must be mended.
pub(crate) fn decode_protobuf(
    signal: Signal,
    bytes: &[u8],
    needs_mending: bool,
    now: fn() -> Timestamp,
) -> Result<Converted, Refusal> {
    let mended;
    let bytes = if needs_mending {
        mended = wire::mend(bytes, signal.request()).map_err(|error| wire_refusal(&error, 0))?;
        &mended
    } else {
        bytes
    };
    let not_protobuf = |error| Refusal::not_protobuf(signal, &error);
    let converted = match signal {
        Signal::Traces => convert::spans(prost::Message::decode(bytes).map_err(not_protobuf)?, needs_mending),
        Signal::Logs => convert::logs(prost::Message::decode(bytes).map_err(not_protobuf)?, needs_mending),
        Signal::Metrics => convert::metrics(prost::Message::decode(bytes).map_err(not_protobuf)?, needs_mending, now()),
    };
    Ok(converted.into())
}

/// The request and an estimate of the memory it takes.
pub(crate) fn decode_json(
    signal: Signal,
    bytes: &[u8],
    budget: usize,
    now: fn() -> Timestamp,
) -> Result<(Converted, usize), JsonError> {
    let (converted, decoded_bytes) = match signal {
        Signal::Traces => {
            let json::Decoded { request, decoded_bytes, mended } = json::traces(bytes, budget)?;
            (convert::spans(request, mended), decoded_bytes)
        }
        Signal::Logs => {
            let json::Decoded { request, decoded_bytes, mended } = json::logs(bytes, budget)?;
            (convert::logs(request, mended), decoded_bytes)
        }
        Signal::Metrics => {
            let json::Decoded { request, decoded_bytes, mended } = json::metrics(bytes, budget)?;
            (convert::metrics(request, mended, now()), decoded_bytes)
        }
    };
    Ok((converted.into(), decoded_bytes))
}

fn wire_refusal(error: &WireError, limit: usize) -> Refusal {
    match error {
        WireError::OverBudget => Refusal::OverBudget { limit },
        WireError::Malformed { message, at, problem } => {
            Refusal::Malformed { place: format!("{message:?} at byte {at}"), problem: (*problem).to_owned() }
        }
    }
}

fn json_refusal(error: JsonError, limit: usize) -> Refusal {
    match error.problem {
        Problem::OverBudget => Refusal::OverBudget { limit },
        Problem::Expected(what) => {
            Refusal::Malformed { place: format!("byte {}", error.at), problem: format!("expected {what}") }
        }
    }
}
