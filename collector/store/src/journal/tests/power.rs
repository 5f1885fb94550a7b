//! Losing power at any moment, thousands of times.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use coldlight_model::Batch;

use super::super::log::Log;
use super::super::release::release;
use super::super::segment::Entry;
use super::super::{DIRECTORY, Reader, encode};
use super::simulated::{Random, Simulated};
use super::{ROOT, batch, drain, now, opened};

/// What the sender of the batches knows.
#[derive(Default)]
struct Ledger {
    /// Acknowledged, by sequence.
    acknowledged: BTreeMap<u64, Batch>,
    /// On their way when the power went, or refused: may come to light, and must then be whole.
    unknown: BTreeMap<u64, Vec<Batch>>,
    next_batch: u64,
    /// Everything up to here is in a checkpoint and was released.
    position: u64,
}

/// Several lives of one journal, each ended by a loss of power. The digest of all that was done to the disk.
fn lives(seed: u64) -> u64 {
    let mut random = Random(seed ^ 0xc01d);
    let disk = Simulated::new(seed);
    let mut ledger = Ledger::default();
    for _ in 0..2 + random.below(4) {
        disk.crash_after(random.below(60));
        live(&disk, &mut random, &mut ledger);
        if random.chance(30) {
            disk.kill();
        } else {
            disk.power_cycle();
        }
    }
    let (shared, _) = opened(&disk, ledger.position + 1).unwrap();
    ledger.compare(&mut Reader::new(Arc::new(shared), ledger.position));
    disk.digest()
}

/// From one start to the next loss of power.
fn live(disk: &Simulated, random: &mut Random, ledger: &mut Ledger) {
    let Ok((shared, recovered)) = opened(disk, ledger.position + 1) else {
        assert!(disk.has_crashed(), "a start fails only when the power does");
        return;
    };
    assert!(recovered.damages.iter().all(|damage| !damage.acknowledged), "{recovered:?}");
    let shared = Arc::new(shared);
    ledger.compare(&mut Reader::new(Arc::clone(&shared), ledger.position));
    if random.chance(50) {
        // The store's position reaches the disk before anything is released.
        let newest = ledger.acknowledged.keys().next_back().copied().unwrap_or(0).max(ledger.position);
        ledger.position += random.below(newest - ledger.position + 1);
        ledger.acknowledged.retain(|sequence, _| *sequence > ledger.position);
        let _ = release(&shared, ledger.position);
    }
    let directory = Path::new(ROOT).join(DIRECTORY);
    let mut log = Log::new(Arc::new(disk.clone()), directory, 2_000 + random.below(4_000), recovered.last);
    let mut next = recovered.last + 1;
    while !disk.has_crashed() {
        let group: Vec<Batch> = (0..1 + random.below(5)).map(|_| ledger.invent(random)).collect();
        let mut entries: Vec<Entry> = group.iter().map(|batch| Entry::new(|out| encode(batch, out)).0).collect();
        let acknowledged = log.append(&mut entries.iter_mut().collect::<Vec<_>>(), now());
        for (sequence, batch) in (next..).zip(group) {
            match acknowledged {
                Ok(_) => drop(ledger.acknowledged.insert(sequence, batch)),
                Err(_) => ledger.unknown.entry(sequence).or_default().push(batch),
            }
        }
        if let Ok(segment) = acknowledged {
            assert!(segment.last >= next);
            next = segment.last + 1;
        }
    }
}

impl Ledger {
    fn invent(&mut self, random: &mut Random) -> Batch {
        self.next_batch += 1;
        let size = if random.chance(10) { random.below(5_000) } else { random.below(300) };
        batch(self.next_batch, size as usize)
    }

    /// What is read is what was acknowledged, and at most whole batches more.
    fn compare(&mut self, reader: &mut Reader) {
        let mut read: BTreeMap<u64, Batch> = BTreeMap::new();
        let mut last = reader.position();
        for journaled in drain(reader) {
            assert!(journaled.sequence > last, "in order");
            last = journaled.sequence;
            read.insert(journaled.sequence, journaled.batch);
        }
        for (sequence, batch) in &self.acknowledged {
            assert_eq!(read.get(sequence), Some(batch), "acknowledged as {sequence}");
        }
        for (sequence, batch) in &read {
            let known = self.acknowledged.get(sequence) == Some(batch)
                || self.unknown.get(sequence).is_some_and(|batches| batches.contains(batch));
            assert!(known, "nobody sent what is read as {sequence}");
        }
        // The store has seen them now: they must not go away again.
        self.acknowledged = read;
    }
}

#[test]
fn no_loss_of_power_costs_an_acknowledged_batch() {
    const SEEDS: u64 = 10_000;
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..SEEDS).step_by(threads as usize) {
                    let survived = std::panic::catch_unwind(|| lives(seed));
                    assert!(survived.is_ok(), "seed {seed}");
                }
            });
        }
    });
}

#[test]
fn the_same_seed_does_the_same_to_the_disk() {
    for seed in 0..50 {
        assert_eq!(lives(seed), lives(seed), "seed {seed}");
    }
}
