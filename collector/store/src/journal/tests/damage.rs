//! Bits that flip, files that vanish, files that are not ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::disk::Disk;
use super::super::record;
use super::super::segment::{self, HEADER, MOST_RECORD};
use super::super::{DIRECTORY, Journal, JournalError, QUARANTINE, Reader, release};
use super::simulated::{Random, Simulated};
use super::{ROOT, Settings, batch, block_on, drain, number_of, opened, settings};

/// A closed journal of `records` records with several to a file.
fn written(records: u64) -> Simulated {
    let disk = Simulated::new(records);
    let settings = Settings { segment_bytes: 2_000, ..settings() };
    let (journal, _) = Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings).unwrap();
    block_on(async {
        for number in 1..=records {
            journal.append(batch(number, 250)).await.unwrap();
        }
    });
    disk
}

fn in_journal(first: u64) -> PathBuf {
    segment::path(&Path::new(ROOT).join(DIRECTORY), first)
}

fn in_quarantine(first: u64) -> PathBuf {
    Path::new(ROOT).join(QUARANTINE).join(format!("journal-{first:020}.log"))
}

fn numbers(reader: &mut Reader) -> Vec<u64> {
    drain(reader).iter().map(|journaled| number_of(&journaled.batch)).collect()
}

/// The first sequences of the files there.
fn files(disk: &Simulated) -> Vec<u64> {
    (1..100).filter(|first| disk.content(&in_journal(*first)).is_some()).collect()
}

#[test]
fn one_flipped_bit_costs_at_most_its_record_and_says_which() {
    let whole = written(20);
    let firsts = files(&whole);
    assert!(firsts.len() > 2);
    let mut random = Random(7);
    for _ in 0..400 {
        let disk = written(20);
        let at_file = random.below(firsts.len() as u64) as usize;
        let (first, is_last) = (firsts[at_file], at_file + 1 == firsts.len());
        let length = whole.content(&in_journal(first)).unwrap().len();
        let bit = random.below(length as u64 * 8) as usize;
        disk.tamper(&in_journal(first), |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let (shared, recovered) = opened(&disk, 1).unwrap();
        let read = numbers(&mut Reader::new(Arc::new(shared), 0));
        let lost: Vec<u64> = (1..=20).filter(|number| !read.contains(number)).collect();
        if bit / 8 < HEADER {
            assert!(lost.is_empty(), "the header is there twice");
        } else if recovered.damages.is_empty() {
            // Nothing tells it from a torn end.
            assert!(is_last && lost == [20] && recovered.cut_bytes > 0, "bit {bit} of {first}: {recovered:?}");
        } else {
            assert_eq!(recovered.damages[0].missing, Some(lost[0]..=lost[0]), "bit {bit} of {first}");
            assert_eq!((lost.len(), recovered.damages.len()), (1, 1));
            assert!(recovered.damages[0].acknowledged, "bit {bit} of {first}: {recovered:?}");
            assert_eq!(recovered.damages[0].segment, segment::name(first));
            assert_eq!(recovered.damages[0].kept_as, Some(in_quarantine(first)));
            assert_eq!(disk.content(&in_quarantine(first)), disk.content(&in_journal(first)));
            assert!(disk.content(&in_quarantine(first)).is_some());
        }
    }
}

#[test]
fn a_torn_end_is_cut_once_and_what_comes_later_is_readable() {
    let disk = written(20);
    let last = *files(&disk).last().unwrap();
    let whole = disk.content(&in_journal(last)).unwrap();
    disk.tamper(&in_journal(last), |bytes| {
        let torn = bytes[HEADER..HEADER + 100].to_vec();
        bytes.extend(torn);
        bytes.extend([0; 500]);
    });
    let (_, recovered) = opened(&disk, 1).unwrap();
    assert_eq!((recovered.cut_bytes, recovered.last, recovered.damages), (600, 20, vec![]));
    assert_eq!(disk.content(&in_journal(last)).unwrap(), whole);
    let (journal, recovered) = Journal::open_on(Arc::new(disk), Path::new(ROOT), settings()).unwrap();
    assert_eq!(recovered.cut_bytes, 0);
    block_on(journal.append(batch(21, 10))).unwrap();
    assert_eq!(numbers(&mut journal.reader(0)), (1..=21).collect::<Vec<_>>());
}

#[test]
fn a_file_that_vanished_or_lost_its_header_is_reported_and_the_rest_is_read() {
    let disk = written(20);
    let firsts = files(&disk);
    let (second, third) = (firsts[1], firsts[2]);
    disk.tamper(&in_journal(second), |bytes| bytes[..HEADER].fill(0));
    let (shared, recovered) = opened(&disk, 1).unwrap();
    let read = numbers(&mut Reader::new(Arc::new(shared), 0));
    assert_eq!(read, (1..second).chain(third..=20).collect::<Vec<_>>());
    assert_eq!(recovered.damages.len(), 2, "the file, and what is missing: {recovered:?}");
    assert_eq!(recovered.damages[1].missing, Some(second..=third - 1));
    assert!(disk.content(&in_journal(second)).is_none() && disk.content(&in_quarantine(second)).is_some());
    // What the database has already is not missed.
    assert!(opened(&disk, third).unwrap().1.damages.is_empty());
    // Nor is the file before the gap to blame.
    assert!(disk.content(&in_quarantine(1)).is_none());
}

#[test]
fn a_damaged_file_is_never_deleted() {
    let disk = written(20);
    disk.tamper(&in_journal(1), |bytes| bytes[HEADER + 40] ^= 1);
    let (shared, _) = opened(&disk, 1).unwrap();
    release::release(&shared, 20).unwrap();
    assert!(files(&disk).is_empty());
    assert!(disk.content(&in_quarantine(1)).is_some());
}

#[test]
fn a_damaged_file_that_cannot_be_put_aside_is_moved_later() {
    let disk = written(20);
    disk.tamper(&in_journal(1), |bytes| bytes[HEADER + 40] ^= 1);
    disk.fail(disk.operations(), 1);
    let (shared, recovered) = opened(&disk, 1).unwrap();
    assert_eq!((recovered.damages.len(), &recovered.damages[0].kept_as), (1, &None));
    assert!(disk.content(&in_quarantine(1)).is_none());
    release::release(&shared, 20).unwrap();
    assert!(files(&disk).is_empty());
    assert!(disk.content(&in_quarantine(1)).is_some());
}

#[test]
fn a_bad_sector_costs_the_records_in_it() {
    let disk = written(20);
    let (second, third) = (files(&disk)[1], files(&disk)[2]);
    // Within the first record of the first file; the whole second file.
    disk.spoil(&in_journal(1), HEADER as u64 + 50..HEADER as u64 + 51);
    disk.spoil(&in_journal(second), 0..1 << 20);
    let (shared, recovered) = opened(&disk, 1).unwrap();
    let read = numbers(&mut Reader::new(Arc::new(shared), 0));
    assert_eq!(recovered.damages.len(), 3, "{recovered:?}");
    let first_left = *read.first().unwrap();
    assert!((2..4).contains(&first_left));
    assert_eq!(read, (first_left..second).chain(third..=20).collect::<Vec<_>>());
    assert!(disk.content(&in_quarantine(1)).is_some() && disk.content(&in_quarantine(second)).is_some());
}

#[test]
fn a_file_taken_away_while_running_is_skipped() {
    let disk = written(20);
    let (shared, _) = opened(&disk, 1).unwrap();
    let (second, third) = (files(&disk)[1], files(&disk)[2]);
    disk.remove(&in_journal(second)).unwrap();
    let shared = Arc::new(shared);
    let read = numbers(&mut Reader::new(Arc::clone(&shared), 0));
    assert_eq!(read, (1..second).chain(third..=20).collect::<Vec<_>>());
    assert_eq!(shared.status().unreadable, third - second);
}

#[test]
fn damage_that_comes_while_running_is_skipped_kept_and_counted() {
    let disk = Simulated::new(1);
    let settings = Settings { segment_bytes: 2_000, memory_bytes: 0, ..settings() };
    let (journal, _) = Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings).unwrap();
    block_on(async {
        for number in 1..=20 {
            journal.append(batch(number, 250)).await.unwrap();
        }
    });
    disk.tamper(&in_journal(1), |bytes| bytes[HEADER + 40] ^= 1);
    let mut reader = journal.reader(0);
    assert_eq!(numbers(&mut reader), (2..=20).collect::<Vec<_>>());
    assert_eq!(journal.status().unreadable, 1);
    assert!(disk.content(&in_quarantine(1)).is_some());
    // The last record of the file being written to, too.
    let newest = *files(&disk).last().unwrap();
    block_on(journal.append(batch(21, 250))).unwrap();
    disk.tamper(&in_journal(newest), |bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_eq!(numbers(&mut reader), [0; 0]);
    block_on(journal.append(batch(22, 250))).unwrap();
    assert_eq!(numbers(&mut reader), [22]);
    assert_eq!(journal.status().unreadable, 2);
    journal.release(22).unwrap();
    assert!(disk.content(&in_quarantine(1)).is_some());
}

#[test]
fn what_a_later_version_wrote_is_refused_untouched() {
    let disk = written(3);
    let before = disk.content(&in_journal(1)).unwrap();
    let mut later = segment::Entry::new(|out| out.extend([record::VERSION + 1, 1, 2, 3])).0;
    let salt = u64::from_le_bytes(before[32..40].try_into().unwrap());
    later.seal(salt, 4, 4, super::now());
    disk.tamper(&in_journal(1), |bytes| bytes.extend_from_slice(later.bytes()));
    let before = disk.content(&in_journal(1)).unwrap();
    assert!(matches!(opened(&disk, 1), Err(JournalError::Newer { version: 2, known: 1, .. })));
    assert_eq!(disk.content(&in_journal(1)).unwrap(), before);
}

#[test]
fn a_frame_inside_a_record_is_not_taken_for_one() {
    let disk = Simulated::new(3);
    let (journal, _) = Journal::open_on(Arc::new(disk.clone()), Path::new(ROOT), settings()).unwrap();
    // A stranger sends a frame in an attribute, right in all but the salt.
    let mut forged = segment::Entry::new(|out| record::encode(&batch(666, 10), out)).0;
    forged.seal(0, 2, 2, super::now());
    let mut carrier = batch(1, 10);
    carrier.logs[0].body = coldlight_model::Value::Bytes(forged.bytes().to_vec());
    block_on(async {
        journal.append(carrier).await.unwrap();
        journal.append(batch(2, 10)).await.unwrap();
        journal.append(batch(3, 10)).await.unwrap();
    });
    journal.close();
    disk.tamper(&in_journal(1), |bytes| bytes[HEADER + 8] ^= 1);
    let (shared, _) = opened(&disk, 1).unwrap();
    assert_eq!(numbers(&mut Reader::new(Arc::new(shared), 0)), [2, 3]);
}

#[test]
fn files_of_others_are_left_alone() {
    let disk = written(3);
    let stranger = Path::new(ROOT).join(DIRECTORY).join("notes.txt");
    disk.put(&stranger, b"mine".to_vec());
    assert_eq!(opened(&disk, 1).unwrap().1.records, 3);
    assert!(disk.content(&stranger).is_some());
    assert_eq!(segment::first_of("00000000000000000012.log"), Some(12));
    for name in ["12.log", "000000000000000000001.log", "0000000000000000000x.log", "99999999999999999999.log"] {
        assert_eq!(segment::first_of(name), None, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_content_of_a_file_makes_a_start_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..300),
        header_too in any::<bool>(),
    ) {
        let disk = written(9);
        for first in files(&disk) {
            disk.tamper(&in_journal(first), |bytes| {
                for (at, byte) in &changes {
                    let from = if header_too { 0 } else { HEADER };
                    let at = from + at.index(bytes.len() - from);
                    bytes[at] = *byte;
                }
                bytes.truncate(cut.index(bytes.len() + 1).max(if header_too { 0 } else { HEADER }));
                bytes.extend(&noise);
            });
        }
        let (shared, _) = opened(&disk, 1).unwrap();
        let read = numbers(&mut Reader::new(Arc::new(shared), 0));
        prop_assert!(read.is_sorted() && read.len() <= 9);
        // A second start finds the same.
        let (shared, _) = opened(&disk, 1).unwrap();
        prop_assert_eq!(numbers(&mut Reader::new(Arc::new(shared), 0)), read);
    }
}

#[test]
fn a_head_that_claims_much_allocates_little() {
    let disk = written(2);
    disk.tamper(&in_journal(1), |bytes| {
        bytes[HEADER..HEADER + 4].copy_from_slice(&(MOST_RECORD as u32).to_le_bytes());
    });
    let (shared, _) = opened(&disk, 1).unwrap();
    let mut reader = Reader::new(Arc::new(shared), 0);
    assert_eq!(reader.next(Duration::ZERO).unwrap().map(|journaled| journaled.sequence), Some(2));
}
