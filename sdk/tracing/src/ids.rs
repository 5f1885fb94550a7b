//! Trace and span ids that X-Ray takes as well: a trace id begins with the second it was made in.
//!
//! Random bytes come from the operating system, a block at a time per thread. A block that was taken before a snapshot of the
//! process must not be used after it by every copy alike: [`renew`] makes all threads throw theirs away.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

use crate::clock;

/// Makes ids whose first four bytes are seconds since 1970, as X-Ray wants them.
///
/// ```
/// use coldlight::XRayIds;
/// use opentelemetry_sdk::trace::{IdGenerator, SdkTracerProvider};
///
/// // In a provider of your own:
/// let provider = SdkTracerProvider::builder().with_id_generator(XRayIds::default()).build();
/// let seconds = u32::from_be_bytes(XRayIds::default().new_trace_id().to_bytes()[..4].try_into().unwrap());
/// assert!(seconds > 1_700_000_000);
/// ```
#[derive(Clone, Debug, Default)]
pub struct XRayIds(());

impl IdGenerator for XRayIds {
    fn new_trace_id(&self) -> TraceId {
        let seconds = clock::unix_ms(clock::now()) / 1000;
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(seconds as u32).to_be_bytes());
        bytes[4..].copy_from_slice(&random::<12>());
        TraceId::from_bytes(bytes)
    }

    fn new_span_id(&self) -> SpanId {
        loop {
            let bytes = random::<8>();
            if bytes != [0; 8] {
                return SpanId::from_bytes(bytes);
            }
        }
    }
}

/// Large enough that the system is asked once in about two hundred traces: asking takes as long as making a span.
const BLOCK: usize = 4096;

struct Block {
    bytes: [u8; BLOCK],
    used: usize,
    generation: u64,
}

static GENERATION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static RANDOM: RefCell<Block> = const { RefCell::new(Block { bytes: [0; BLOCK], used: BLOCK, generation: 0 }) };
}

/// Random bytes taken so far are used no more, by any thread.
#[cfg(feature = "lambda")]
pub(crate) fn renew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Names this process among its like, in hexadecimal.
pub(crate) fn instance() -> String {
    random::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const N: usize>() -> [u8; N] {
    RANDOM.with_borrow_mut(|block| {
        let generation = GENERATION.load(Ordering::Relaxed);
        if block.used + N > BLOCK || block.generation != generation {
            fill(&mut block.bytes);
            (block.used, block.generation) = (0, generation);
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&block.bytes[block.used..block.used + N]);
        block.used += N;
        bytes
    })
}

/// From the operating system; should that fail, from the keys of hash maps, which are random too.
fn fill(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&RandomState::new().build_hasher().finish().to_ne_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_begin_with_the_second_and_never_repeat() {
        let before = clock::unix_ms(clock::now()) / 1000;
        let ids: HashSet<[u8; 16]> = (0..10_000).map(|_| XRayIds::default().new_trace_id().to_bytes()).collect();
        let after = clock::unix_ms(clock::now()) / 1000;
        assert_eq!(ids.len(), 10_000);
        let second = |id: &[u8; 16]| u64::from(u32::from_be_bytes([id[0], id[1], id[2], id[3]]));
        assert!(ids.iter().all(|id| (before..=after).contains(&second(id))));
        let spans: HashSet<[u8; 8]> = (0..10_000).map(|_| XRayIds::default().new_span_id().to_bytes()).collect();
        assert_eq!(spans.len(), 10_000);
    }

    #[test]
    fn threads_do_not_share_their_randomness() {
        let made = || (0..100).map(|_| XRayIds::default().new_span_id().to_bytes()).collect::<HashSet<_>>();
        let (one, two) = (std::thread::spawn(made).join().unwrap(), std::thread::spawn(made).join().unwrap());
        assert!(one.is_disjoint(&two));
    }
}
