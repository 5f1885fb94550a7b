//! The journal at work, on a real disk where the disk matters.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldlight_model::{Batch, BusyReason};

use super::super::disk::{Disk, Space};
use super::super::{Journal, QUARANTINE};
use super::simulated::Simulated;
use super::{ROOT, Settings, batch, block_on, drain, number_of, settings};

fn simulated(settings: Settings) -> (Simulated, Journal) {
    let disk = Simulated::new(5);
    let (journal, _) = Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings).unwrap();
    (disk, journal)
}

fn fill(journal: &Journal, numbers: std::ops::RangeInclusive<u64>, size: usize) {
    block_on(async {
        for number in numbers {
            journal.append(batch(number, size)).await.unwrap();
        }
    });
}

/// Sixteen producers, a reader that often falls behind, files that come and go: each batch once, in order of its producer.
#[test]
fn every_batch_is_read_once_and_in_order_while_files_come_and_go() {
    const PRODUCERS: u64 = 16;
    const EACH: u64 = 150;
    let directory = tempfile::tempdir().unwrap();
    let tight = Settings {
        segment_bytes: 100_000,
        queue_bytes: 20_000,
        memory_bytes: 30_000,
        reserve_bytes: Some(0),
        ..settings()
    };
    let (journal, recovered) = Journal::open(directory.path(), tight).unwrap();
    assert_eq!((recovered.first, recovered.last, recovered.records), (None, 0, 0));
    let journal = Arc::new(journal);
    let reading = std::thread::spawn({
        let journal = Arc::clone(&journal);
        move || {
            let mut reader = journal.reader(0);
            let mut latest = vec![0; PRODUCERS as usize];
            for read in 1..=PRODUCERS * EACH {
                let journaled = reader.next(Duration::from_secs(60)).unwrap().unwrap();
                assert_eq!(journaled.sequence, read);
                let number = number_of(&journaled.batch);
                let producer = (number / 10_000) as usize;
                assert_eq!(number % 10_000, latest[producer] + 1);
                latest[producer] += 1;
                if read % 500 == 0 {
                    std::thread::sleep(Duration::from_millis(30));
                    journal.release(read - 100).unwrap();
                }
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let journal = Arc::clone(&journal);
                tokio::spawn(async move {
                    for number in 1..=EACH {
                        journal.room(Duration::from_secs(60)).await.unwrap();
                        journal.append(batch(producer * 10_000 + number, 700)).await.unwrap();
                    }
                })
            })
            .collect();
        for producer in producers {
            producer.await.unwrap();
        }
    });
    reading.join().unwrap();
    let status = journal.status();
    assert_eq!((status.last, status.waiting_bytes, status.memory_bytes), (PRODUCERS * EACH, 0, 0));
    assert!(status.segments < 10, "{status:?}");
    journal.close();
    drop(journal);
    let (journal, recovered) =
        Journal::open(directory.path(), Settings { reserve_bytes: Some(0), ..settings() }).unwrap();
    assert_eq!((recovered.last, recovered.damages.len(), recovered.cut_bytes), (PRODUCERS * EACH, 0, 0));
    fill(&journal, 1..=1, 10);
    assert_eq!(drain(&mut journal.reader(recovered.last))[0].sequence, PRODUCERS * EACH + 1);
    assert!(!directory.path().join(QUARANTINE).exists());
}

#[test]
fn a_reader_behind_memory_reads_the_files_and_catches_up() {
    let (_, journal) = simulated(Settings { memory_bytes: 4_000, segment_bytes: 5_000, ..settings() });
    fill(&journal, 1..=40, 300);
    let status = journal.status();
    assert!(status.memory_bytes > 0 && status.memory_bytes <= 4_000);
    let mut reader = journal.reader(0);
    let first: Vec<_> = (0..30).map(|_| number_of(&reader.next(Duration::ZERO).unwrap().unwrap().batch)).collect();
    fill(&journal, 41..=60, 300);
    let rest = drain(&mut reader);
    let all: Vec<u64> = first.into_iter().chain(rest.iter().map(|journaled| number_of(&journaled.batch))).collect();
    assert_eq!(all, (1..=60).collect::<Vec<_>>());
    // From the start again, though memory gave its batches away.
    assert_eq!(drain(&mut journal.reader(0)).len(), 60);
    assert_eq!(drain(&mut journal.reader(57)).len(), 3);
}

#[test]
fn a_waiting_reader_is_woken_by_the_next_batch() {
    let (_, journal) = simulated(settings());
    let mut reader = journal.reader(0);
    assert_eq!(reader.next(Duration::from_millis(1)).unwrap(), None);
    let waiting = std::thread::spawn(move || reader.next(Duration::from_secs(60)).unwrap().unwrap());
    fill(&journal, 7..=7, 10);
    assert_eq!(number_of(&waiting.join().unwrap().batch), 7);
}

#[test]
fn closing_finishes_what_is_queued_and_then_readers_end() {
    let (disk, journal) = simulated(settings());
    let journal = Arc::new(journal);
    fill(&journal, 1..=1, 10);
    disk.hold_syncs(true);
    block_on(async {
        let mut appends: Vec<_> = (2..=5).map(|number| Box::pin(journal.append(batch(number, 10)))).collect();
        for append in &mut appends {
            assert!(tokio::time::timeout(Duration::from_millis(1), append).await.is_err());
        }
        let closing = std::thread::spawn({
            let journal = Arc::clone(&journal);
            move || journal.close()
        });
        while journal.status().busy != Some(BusyReason::Draining) {
            std::thread::yield_now();
        }
        assert_eq!(journal.append(batch(6, 10)).await.unwrap_err().reason, BusyReason::Draining);
        assert_eq!(journal.room(Duration::from_secs(9)).await.unwrap_err().reason, BusyReason::Draining);
        disk.hold_syncs(false);
        for append in appends {
            append.await.unwrap();
        }
        closing.join().unwrap();
    });
    assert_eq!(drain(&mut journal.reader(0)).len(), 5);
    let mut reader = journal.reader(5);
    let asked = Instant::now();
    assert_eq!(reader.next(Duration::from_secs(60)).unwrap(), None);
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_caller_that_goes_away_leaves_its_batch() {
    let (disk, journal) = simulated(settings());
    disk.hold_syncs(true);
    block_on(async {
        let gone = tokio::time::timeout(Duration::from_millis(5), journal.append(batch(1, 10))).await;
        assert!(gone.is_err());
    });
    disk.hold_syncs(false);
    let journaled = journal.reader(0).next(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(number_of(&journaled.batch), 1);
}

#[test]
fn a_full_queue_makes_callers_wait_and_loses_none() {
    let (disk, journal) = simulated(Settings { queue_bytes: 3_000, ..settings() });
    disk.hold_syncs(true);
    block_on(async {
        let mut appends: Vec<_> = (1..=20).map(|number| Box::pin(journal.append(batch(number, 900)))).collect();
        for append in &mut appends {
            assert!(tokio::time::timeout(Duration::from_millis(1), append).await.is_err());
        }
        assert!(journal.status().waiting_bytes <= 3_000);
        // Alone, a batch above the whole queue's bound goes through.
        appends.push(Box::pin(journal.append(batch(21, 9_000))));
        disk.hold_syncs(false);
        for append in appends {
            append.await.unwrap();
        }
    });
    assert_eq!(drain(&mut journal.reader(0)).len(), 21);
}

#[test]
fn room_ends_at_the_limit_and_comes_back_with_a_release() {
    let (_, journal) = simulated(Settings { limit_bytes: 20_000, ..settings() });
    let room = |wait| block_on(journal.room(wait)).map_err(|busy| busy.reason);
    let mut number = 0;
    while room(Duration::ZERO).is_ok() {
        number += 1;
        fill(&journal, number..=number, 1_000);
    }
    assert_eq!(room(Duration::from_millis(1)), Err(BusyReason::JournalFull));
    let status = journal.status();
    assert!((15..25).contains(&number) && status.bytes >= 20_000 && status.busy == Some(BusyReason::JournalFull));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| room(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(20));
        assert!(journal.release(status.last).unwrap() > 0);
        assert_eq!(waiting.join().unwrap(), Ok(()));
    });
}

/// Whatever the size of the batches, releasing all that was read makes room again.
#[test]
fn a_limit_cannot_lock_itself() {
    for size in [10, 900, 5_000, 30_000] {
        let (_, journal) = simulated(Settings { limit_bytes: 20_000, ..settings() });
        for number in 1..60 {
            block_on(journal.room(Duration::ZERO)).unwrap();
            fill(&journal, number..=number, size);
            journal.release(journal.status().last).unwrap();
        }
    }
}

#[test]
fn room_ends_when_the_disk_is_low() {
    let disk = Simulated::new(5);
    disk.set_space(Space { free: (1 << 30) - 1, total: 1 << 32 });
    let (journal, _) = Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings()).unwrap();
    let room = |wait| block_on(journal.room(wait)).map_err(|busy| busy.reason);
    assert_eq!(room(Duration::ZERO), Err(BusyReason::DiskLow));
    // What was let in is still written.
    fill(&journal, 1..=1, 10);
    disk.set_space(Space { free: 1 << 30, total: 1 << 32 });
    assert_eq!(room(Duration::from_secs(10)), Ok(()));
    assert_eq!(journal.status().reserve_bytes, 1 << 30);
    disk.set_space(Space { free: 1 << 40, total: 1 << 45 });
    std::thread::sleep(Duration::from_millis(260));
    assert_eq!(room(Duration::ZERO), Err(BusyReason::DiskLow));
    assert_eq!(journal.status().reserve_bytes, (1 << 45) / 20);
}

#[test]
fn the_store_can_refuse_and_accept() {
    let (_, journal) = simulated(settings());
    journal.refuse(BusyReason::Reopening);
    let refused = block_on(journal.room(Duration::from_millis(5))).unwrap_err();
    assert_eq!((refused.reason, (1..=5).contains(&refused.retry_after_s)), (BusyReason::Reopening, true));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| block_on(journal.room(Duration::from_secs(60))));
        std::thread::sleep(Duration::from_millis(20));
        journal.accept();
        assert_eq!(waiting.join().unwrap(), Ok(()));
    });
}

#[test]
fn sequences_go_on_where_files_or_database_end() {
    let disk = Simulated::new(5);
    let open = |first_sequence| {
        let settings = Settings { first_sequence, ..settings() };
        Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings).unwrap()
    };
    let (journal, _) = open(1);
    fill(&journal, 1..=3, 10);
    drop(journal);
    let (journal, recovered) = open(2);
    assert_eq!((recovered.first, recovered.last), (Some(1), 3));
    fill(&journal, 4..=4, 10);
    assert_eq!(drain(&mut journal.reader(3))[0].sequence, 4);
    drop(journal);
    // The database is ahead: it has what the files no longer have.
    let (journal, recovered) = open(101);
    assert_eq!((recovered.last, recovered.damages.len()), (100, 0));
    fill(&journal, 5..=5, 10);
    assert_eq!(drain(&mut journal.reader(100))[0].sequence, 101);
    drop(journal);
    let (journal, recovered) = open(101);
    assert_eq!((recovered.last, recovered.damages.len()), (101, 0));
    assert_eq!(disk.names(&Path::new(ROOT).join(QUARANTINE)).unwrap(), [""; 0]);
    journal.release(101).unwrap();
    assert_eq!(journal.status().first, None);
    drop(journal);
    assert_eq!(open(102).1.last, 101);
}

#[test]
fn an_empty_batch_does_not_touch_the_disk() {
    let (disk, journal) = simulated(settings());
    let before = disk.operations();
    block_on(journal.append(Batch::default())).unwrap();
    assert_eq!((disk.operations(), journal.status().last), (before, 0));
}
