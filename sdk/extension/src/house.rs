//! What the parts share: the spools, the counts, and who is told of what.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::signal::{ALL, Signal};
use crate::spool::{Chunk, Encoding, Spool};

/// When `/tmp` is full or missing: so many bytes are kept in memory instead.
const IN_MEMORY: usize = 2 << 20;

pub struct House {
    spools: [Mutex<Kept>; 3],
    /// Requests that are being taken in.
    busy: AtomicUsize,
    idle: Notify,
    pub counts: Counts,
    /// The last invocation whose runtime is done, and the last whose report came.
    pub runtime_done: watch::Sender<String>,
    pub reported: watch::Sender<String>,
}

/// Since the process began.
#[derive(Default)]
pub struct Counts {
    /// Requests taken in.
    pub taken: AtomicU64,
    /// Requests handed over.
    pub handed: AtomicU64,
    /// Requests that were given up: refused by the collector, or dropped when the spool was full.
    pub lost: AtomicU64,
}

struct Kept {
    /// `None` when there is no place for it.
    spool: Option<Spool>,
    memory: Vec<(Encoding, bytes::Bytes)>,
}

/// Requests on their way, and where they came from.
pub struct Outgoing {
    pub chunk: Chunk,
    in_memory: bool,
}

impl House {
    /// Spools in `folder`; without one that can be written, in memory, and says so.
    pub fn open(folder: &Path, limit: u64) -> (Self, Vec<String>) {
        let mut oddities = Vec::new();
        // Traces matter most; metrics are few.
        let shares = [limit / 2, limit / 4, limit / 4];
        let mut open = |index: usize| {
            let place = folder.join(ALL[index].name());
            let spool = Spool::open(&place, shares[index]);
            let spool = spool.map_err(|why| oddities.push(format!("{}: {why}; kept in memory", place.display()))).ok();
            Mutex::new(Kept { spool, memory: Vec::new() })
        };
        let spools = [open(0), open(1), open(2)];
        let house = Self {
            spools,
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
            counts: Counts::default(),
            runtime_done: watch::Sender::new(String::new()),
            reported: watch::Sender::new(String::new()),
        };
        (house, oddities)
    }

    /// Keeps a request; when this is `Ok`, a kill does not lose it.
    pub fn take(&self, signal: Signal, encoding: Encoding, body: &[u8]) -> io::Result<()> {
        let mut kept = self.kept(signal);
        let written = match &mut kept.spool {
            Some(spool) => spool.append(encoding, body),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        if let Err(why) = written {
            let held: usize = kept.memory.iter().map(|(_, body)| body.len()).sum();
            if held + body.len() > IN_MEMORY {
                return Err(why);
            }
            kept.memory.push((encoding, bytes::Bytes::copy_from_slice(body)));
        }
        self.counts.taken.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The oldest requests of a signal that go together.
    pub fn next(&self, signal: Signal, most: u64) -> Option<Outgoing> {
        let mut kept = self.kept(signal);
        if let Some(spool) = &mut kept.spool {
            // A file that cannot be read is tried again the next time; nothing else depends on it.
            if let Ok(Some(chunk)) = spool.next(most) {
                return Some(Outgoing { chunk, in_memory: false });
            }
        }
        let encoding = kept.memory.first().map(|(encoding, _)| *encoding)?;
        let alike = kept.memory.iter().take_while(|(other, _)| *other == encoding);
        let bodies = alike.map(|(_, body)| body.clone()).collect();
        Some(Outgoing { chunk: Chunk::outside(encoding, bodies), in_memory: true })
    }

    /// They were handed over, except for `lost` of them that were given up. False when that could not be written down: they are
    /// sent again by the next process, and repeats are the collector's to drop.
    pub fn done(&self, signal: Signal, outgoing: &Outgoing, lost: u64) -> bool {
        let mut kept = self.kept(signal);
        let count = outgoing.chunk.bodies.len();
        let mut marked = true;
        if outgoing.in_memory {
            let count = count.min(kept.memory.len());
            kept.memory.drain(..count);
        } else if let Some(spool) = &mut kept.spool {
            marked = spool.done(&outgoing.chunk).is_ok();
        }
        drop(kept);
        self.counts.handed.fetch_add((count as u64).saturating_sub(lost), Ordering::Relaxed);
        self.counts.lost.fetch_add(lost, Ordering::Relaxed);
        marked
    }

    pub fn is_empty(&self) -> bool {
        ALL.iter().all(|signal| {
            let kept = self.kept(*signal);
            kept.memory.is_empty() && kept.spool.as_ref().is_none_or(Spool::is_empty)
        })
    }

    /// Bytes that wait in the spools; what they dropped meanwhile is counted as lost.
    pub fn waiting(&self) -> u64 {
        let of = |signal: &Signal| {
            let mut kept = self.kept(*signal);
            let dropped = kept.spool.as_mut().map_or(0, Spool::take_dropped);
            self.counts.lost.fetch_add(dropped, Ordering::Relaxed);
            kept.spool.as_ref().map_or(0, Spool::bytes)
        };
        ALL.iter().map(of).sum()
    }

    /// A request is being taken in until what is returned is dropped.
    pub fn enter(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy { house: self }
    }

    /// Until no request is being taken in.
    pub async fn quiet(&self) {
        loop {
            let idle = self.idle.notified();
            if self.busy.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }

    fn kept(&self, signal: Signal) -> MutexGuard<'_, Kept> {
        self.spools[signal as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Busy<'a> {
    house: &'a House,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if self.house.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.house.idle.notify_waiters();
        }
    }
}
