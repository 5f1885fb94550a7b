//! Retention: what is too old leaves, what is too much leaves from its oldest end, and a wrong clock decides nothing. What stays becomes part of
//! the file.

use coldlight_model::{Kind, Timestamp};
use coldlight_store::{Settings, Store};

use crate::made::{self, Kept, batch, now, settings, span, trace_id};

const DAY: u64 = 24 * 3_600_000_000_000;

/// A store with three spans: eight days old, of now, and of now with a clock of 1970.
async fn three_spans() -> tempfile::TempDir {
    let kept = made::store();
    let mut old = span(trace_id(), None, Kind::SERVER, "old", &[]);
    old.started_at = now().minus(8 * DAY);
    old.ended_at = old.started_at.plus(1);
    let mut received_then = batch("a", vec![old]);
    received_then.received_at = now().minus(8 * DAY);
    let mut wrong_clock = span(trace_id(), None, Kind::SERVER, "wrong clock", &[]);
    wrong_clock.started_at = Timestamp::EPOCH;
    wrong_clock.ended_at = Timestamp::EPOCH;
    kept.store.keep(received_then).await.unwrap();
    kept.keep(batch("a", vec![span(trace_id(), None, Kind::SERVER, "new", &[]), wrong_clock])).await;
    kept.store.close().unwrap();
    kept.folder
}

async fn reopened(folder: tempfile::TempDir, settings: Settings, dropped: u64) -> Kept {
    let kept = Kept { store: Store::open(settings, now).unwrap(), folder };
    for _ in 0..1000 {
        if kept.store.counters().dropped_by_retention >= dropped {
            return kept;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("retention removed {} rows", kept.store.counters().dropped_by_retention);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_past_their_keeping_leave_and_a_wrong_clock_costs_nothing() {
    let folder = three_spans().await;
    let settings = settings(folder.path());
    let kept = reopened(folder, settings, 0).await;
    for _ in 0..1000 {
        if kept.count("SELECT count(*) FROM spans").await == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, 2);
    assert_eq!(kept.count("SELECT count(*) FROM spans WHERE name IN ('new', 'wrong clock')").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_as_much_leaves_as_is_too_much() {
    const HOUR: u64 = 3_600_000_000_000;
    let kept = made::store();
    for hour in 0..12 {
        let mut spans: Vec<_> = (0..25_000).map(|_| span(trace_id(), None, Kind::SERVER, "s", &[])).collect();
        for one in &mut spans {
            one.started_at = now().minus((12 - hour) * HOUR);
            one.ended_at = one.started_at.plus(1);
        }
        let mut then = batch("a", spans);
        then.received_at = now().minus((12 - hour) * HOUR);
        kept.store.keep(then).await.unwrap();
    }
    kept.visible().await;
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);
    // They take 6.8 MB of blocks.
    let settings = Settings { retain_bytes: Some(5_000_000), ..settings(folder.path()) };
    let kept = reopened(folder, settings, 25_000).await;
    // Long enough for five more looks, each of which could take an hour's spans.
    let mut left = 0;
    for _ in 0..6 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        left = kept.count("SELECT count(*) FROM spans").await;
    }
    assert!((60_000..300_000).contains(&left), "{left} of 300,000 spans are left of a database a quarter too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_over_its_size_lets_its_oldest_hour_go() {
    let folder = three_spans().await;
    let settings = Settings {
        retain: std::time::Duration::from_secs(3650 * 24 * 3600),
        retain_bytes: Some(1),
        ..settings(folder.path())
    };
    let kept = reopened(folder, settings, 1).await;
    assert!(kept.count("SELECT count(*) FROM spans WHERE name = 'old'").await == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_as_it_was_read_until_a_span_of_it_comes_or_goes() {
    let folder = tempfile::tempdir().unwrap();
    let ten_years = std::time::Duration::from_secs(3650 * 24 * 3600);
    let forever = Settings { retain: ten_years, ..settings(folder.path()) };
    let kept = Kept { store: Store::open(forever, now).unwrap(), folder };
    let (old, young) = (trace_id(), trace_id());
    let of = |trace, name: &str| span(trace, None, Kind::SERVER, name, &[]);
    let mut leaving = of(old, "old");
    leaving.started_at = now().minus(8 * DAY);
    leaving.ended_at = leaving.started_at.plus(1);
    let mut received_then = batch("a", vec![leaving]);
    received_then.received_at = now().minus(8 * DAY);
    kept.store.keep(received_then).await.unwrap();
    kept.keep(batch("a", vec![of(young, "first")])).await;
    let (trace, mark) = kept.store.read_trace(young).await.unwrap().unwrap();
    assert_eq!(trace.spans.len(), 1);
    kept.keep(batch("b", vec![of(old, "another")])).await;
    let later = kept.store.is_as_read(young, mark).await.unwrap().expect("nothing of it came");
    assert!(later != mark && kept.store.is_as_read(young, later).await.unwrap() == Some(later));
    kept.keep(batch("b", vec![of(young, "second")])).await;
    for known in [mark, later] {
        assert_eq!(kept.store.is_as_read(young, known).await.unwrap(), None);
    }
    let (_, young_mark) = kept.store.read_trace(young).await.unwrap().unwrap();
    let (_, old_mark) = kept.store.read_trace(old).await.unwrap().unwrap();
    // The next store looks at once for what is too old, and marks of the one before ask it all the same.
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);
    let settings = settings(folder.path());
    let kept = reopened(folder, settings, 1).await;
    assert!(kept.store.is_as_read(young, young_mark).await.unwrap().is_some());
    assert_eq!(kept.store.is_as_read(old, old_mark).await.unwrap(), None);
}

#[tokio::test]
async fn while_nothing_comes_what_was_rolled_up_becomes_part_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    // By rows and by time no checkpoint is due.
    let store = Store::open(Settings { idle_wal_bytes: 1, ..settings(folder.path()) }, now).unwrap();
    let kept = Kept { store, folder };
    kept.keep(batch("a", vec![span(trace_id(), None, Kind::SERVER, "new", &[])])).await;
    let log = kept.folder.path().join("coldlight.duckdb.wal");
    for _ in 0..1000 {
        if std::fs::metadata(&log).map_or(0, |log| log.len()) == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the write-ahead log stays");
}
