//! Every write, sync and name failing in turn.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coldlight_model::{Busy, BusyReason};

use super::super::Journal;
use super::simulated::Simulated;
use super::{ROOT, Settings, batch, block_on, drain, number_of, opened, settings};

/// Small files, so that changing them is among what fails.
fn small() -> Settings {
    Settings { segment_bytes: 1_000, ..settings() }
}

fn open(disk: &Simulated, settings: Settings) -> Journal {
    Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings).unwrap().0
}

/// Sends batches one by one while `count` operations from the `from`th on fail, then ends with a loss of power or by being
/// killed. True when any did fail.
fn run(from: u64, count: u64, power_lost: bool) -> bool {
    let disk = Simulated::new(from);
    disk.fail(from, count);
    let attempts = (0..20).find_map(|_| Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), small()).ok());
    let (journal, _) = attempts.expect("a start succeeds once nothing fails");
    let mut live = journal.reader(0);
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    block_on(async {
        for number in 1..=12 {
            loop {
                match journal.append(batch(number, 300)).await {
                    Ok(()) => break,
                    Err(Busy { reason, .. }) => {
                        assert_eq!(reason, BusyReason::JournalFailed);
                        refused += 1;
                        tokio::time::sleep(Duration::from_micros(300)).await;
                    }
                }
            }
            acknowledged.push(number);
        }
    });
    let seen: Vec<u64> = drain(&mut live).iter().map(|journaled| number_of(&journaled.batch)).collect();
    assert_eq!(seen, acknowledged, "handed on: each acknowledged batch and no other, from operation {from}");
    journal.close();
    let failed = refused > 0 || disk.operations() > from;
    if power_lost {
        disk.lose_everything_unsynced();
    } else {
        disk.kill();
    }
    let (shared, recovered) = opened(&disk, 1).unwrap();
    let kept: Vec<u64> = drain(&mut super::Reader::new(Arc::new(shared), 0))
        .iter()
        .map(|journaled| number_of(&journaled.batch))
        .collect();
    assert_eq!(kept, acknowledged, "on the disk after the end, from operation {from}");
    assert!(recovered.damages.is_empty(), "from operation {from}");
    failed
}

#[test]
fn any_one_failure_refuses_and_loses_nothing() {
    for power_lost in [true, false] {
        let tried = (0..).find(|from| !run(*from, 1, power_lost)).unwrap();
        assert!(tried > 40, "{tried} operations");
    }
}

#[test]
fn a_disk_that_fails_for_a_while_is_survived() {
    for from in 0..40 {
        for count in 2..9 {
            run(from, count, true);
            run(from, count, false);
        }
    }
}

#[test]
fn a_failed_sync_is_told_to_all_who_wait() {
    let disk = Simulated::new(1);
    let journal = open(&disk, settings());
    block_on(async {
        journal.append(batch(1, 10)).await.unwrap();
        disk.hold_syncs(true);
        disk.fail(disk.operations() + 1, 1); // a write comes first
        let mut waiting: Vec<_> = (2..6).map(|number| Box::pin(journal.append(batch(number, 10)))).collect();
        for append in &mut waiting {
            let early = tokio::time::timeout(Duration::from_millis(20), append).await;
            assert!(early.is_err(), "nothing is said before the sync returns");
        }
        disk.hold_syncs(false);
        for append in waiting {
            assert_eq!(append.await.unwrap_err().reason, BusyReason::JournalFailed);
        }
        assert_eq!(journal.room(Duration::ZERO).await.map_err(|busy| busy.reason), Err(BusyReason::JournalFailed));
        journal.room(Duration::from_secs(5)).await.unwrap();
        journal.append(batch(6, 10)).await.unwrap();
    });
    assert_eq!(journal.status().failures, 1);
    let seen: Vec<u64> = drain(&mut journal.reader(0)).iter().map(|journaled| number_of(&journaled.batch)).collect();
    assert_eq!(seen, [1, 6]);
}

#[test]
fn an_acknowledgement_waits_for_the_sync() {
    let disk = Simulated::new(1);
    let journal = open(&disk, settings());
    block_on(async {
        journal.append(batch(1, 10)).await.unwrap();
        disk.hold_syncs(true);
        let mut append = Box::pin(journal.append(batch(2, 10)));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut append).await.is_err());
        assert_eq!(journal.status().last, 1);
        disk.hold_syncs(false);
        append.await.unwrap();
        assert_eq!(journal.status().last, 2);
    });
}

#[test]
fn closing_while_the_disk_fails_ends() {
    let disk = Simulated::new(1);
    let journal = open(&disk, Settings { retry: Duration::from_secs(3600), ..settings() });
    disk.fail(0, u64::MAX);
    assert_eq!(block_on(journal.append(batch(1, 10))).unwrap_err().reason, BusyReason::JournalFailed);
    journal.close();
    assert_eq!(block_on(journal.append(batch(1, 10))).unwrap_err().reason, BusyReason::Draining);
    assert_eq!(journal.reader(0).next(Duration::from_secs(3600)).unwrap(), None);
}
