//! What the writer survives.

use coldlight_model::{Attributes, Batch, LogRecord, Resource, Scope, Timestamp, Value};

use super::*;
use crate::store::Store;

fn log(n: u64) -> Batch {
    let record = LogRecord {
        at: Some(Timestamp::from_nanos(n)),
        observed_at: None,
        trace_id: None,
        span_id: None,
        flags: 0,
        severity_number: 9,
        severity_text: String::new(),
        body: Value::Int(n as i64),
        attributes: Attributes::new(),
        dropped_attributes_count: 0,
        event_name: String::new(),
        resource: 0,
        scope: 0,
    };
    Batch {
        received_at: Timestamp::from_nanos(1_795_442_602_418_000_000),
        resources: vec![Resource::default()],
        scopes: vec![Scope::default()],
        logs: vec![record],
        ..Batch::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_error_heals_itself_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { disk_reserve_bytes: Some(0), ..Settings::new(folder.path()) };
    let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
    for n in 0..10 {
        if n == 3 || n == 7 {
            commit::fault::order(folder.path());
        }
        store.keep(log(n)).await.unwrap();
        let last = store.shared.journal.status().last;
        store.generation().wait_for(|written| *written >= last).await.unwrap();
    }
    let status = store.status().await.unwrap();
    assert_eq!((status.logs, status.reopened), (10, 2));
    assert_eq!(status.busy, None);
    store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_ahead_is_written_once_whatever_fails_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { disk_reserve_bytes: Some(0), part_rows: 7, ..Settings::new(folder.path()) };
    let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
    for round in 0..3 {
        commit::fault::order(folder.path());
        let burst = (0..400).map(|n| store.keep(log(round * 400 + n)));
        for kept in futures_util::future::join_all(burst).await {
            kept.unwrap();
        }
        let last = store.shared.journal.status().last;
        store.generation().wait_for(|written| *written >= last).await.unwrap();
    }
    let status = store.status().await.unwrap();
    assert_eq!((status.logs, status.reopened), (1_200, 3));
    store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_points_nowhere_is_put_aside_and_the_rest_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { disk_reserve_bytes: Some(0), ..Settings::new(folder.path()) };
    let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
    let mut nowhere = log(1);
    nowhere.logs[0].resource = 7;
    store.keep(nowhere).await.unwrap();
    store.keep(log(2)).await.unwrap();
    store.generation().wait_for(|written| *written >= 2).await.unwrap();
    assert_eq!(store.status().await.unwrap().logs, 1);
    assert!(folder.path().join("quarantine/record-1").exists());
    store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_more_attributes_than_a_vector_holds_is_kept_once_when_it_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { disk_reserve_bytes: Some(0), ..Settings::new(folder.path()) };
    let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
    let mut long = log(1);
    long.logs[0].attributes = (0..3_000).map(|n| (format!("key {n}"), Value::Int(n))).collect();
    let mut other = long.clone();
    *other.logs[0].attributes.iter_mut().last().unwrap().1 = Value::Int(0);
    for (batch, kept) in [(long.clone(), 1), (long, 1), (other, 2), (log(2), 3)] {
        store.keep(batch).await.unwrap();
        let last = store.shared.journal.status().last;
        store.generation().wait_for(|written| *written >= last).await.unwrap();
        assert_eq!(store.status().await.unwrap().logs, kept);
    }
    store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_opened_anew_loses_nothing_and_answers_whoever_asks_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { disk_reserve_bytes: Some(0), renew_rows: 5, checkpoint_rows: 1, ..Settings::new(folder.path()) };
    let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (asking, until) = (store.clone(), done.clone());
    let questions = tokio::spawn(async move {
        let mut asked = 0;
        while !until.load(Relaxed) {
            asking.is_rolled().await.unwrap();
            asked += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        asked
    });
    let mut kept = 0;
    while store.shared.progress.renewed.load(Relaxed) < 3 {
        kept += 1;
        store.keep(log(kept)).await.unwrap();
        let last = store.shared.journal.status().last;
        store.generation().wait_for(|written| *written >= last).await.unwrap();
        assert!(kept < 10_000, "not opened anew");
    }
    done.store(true, Relaxed);
    assert!(questions.await.unwrap() > 0);
    let status = store.status().await.unwrap();
    assert_eq!((status.logs, status.reopened, status.duplicates), (kept, 0, 0));
    store.close().unwrap();
}
