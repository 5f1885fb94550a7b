//! Closing, reopening, losing files: what was acknowledged is there, once.

use coldlight_model::{Kind, Oddities, SpanId};
use coldlight_store::{Store, StoreError};

use crate::made::{self, batch, now, settings, span, trace_id};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_there_after_reopening() {
    let kept = made::store();
    let trace = trace_id();
    kept.keep(batch("a", vec![span(trace, None, Kind::SERVER, "s", &[])])).await;
    kept.store.close().unwrap();
    drop(kept.store);
    let store = Store::open(settings(kept.folder.path()), now).unwrap();
    assert_eq!(store.trace(trace).await.unwrap().unwrap().spans.len(), 1);
    store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_store_on_the_same_data_is_refused_by_name() {
    let kept = made::store();
    let second = Store::open(settings(kept.folder.path()), now);
    let Err(StoreError::InUse { holder, .. }) = second.map(|_| ()) else { panic!("opened twice") };
    assert_eq!(holder, std::process::id().to_string());
}

/// As after a crash: a copy of the directory taken while the store runs, opened elsewhere.
async fn copied_while_running(spoil: impl Fn(&std::path::Path)) {
    let kept = made::store();
    let mut ids: Vec<SpanId> = Vec::new();
    for n in 0..20 {
        let one = span(trace_id(), None, Kind::SERVER, "s", &[]);
        ids.push(one.span_id);
        if n == 10 {
            kept.visible().await;
        }
        kept.store.keep(batch("a", vec![one])).await.unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    // The journal last: what it has is acknowledged, whatever the database's files hold.
    for name in ["coldlight.duckdb", "coldlight.duckdb.wal"] {
        let _ = std::fs::copy(kept.folder.path().join(name), copy.path().join(name));
    }
    std::fs::create_dir(copy.path().join("journal")).unwrap();
    for file in std::fs::read_dir(kept.folder.path().join("journal")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join("journal").join(file.file_name())).unwrap();
    }
    spoil(copy.path());
    let store = Store::open(settings(copy.path()), now).unwrap();
    let reopened = made::Kept { store, folder: copy };
    reopened.visible().await;
    assert_eq!(reopened.count("SELECT count(*) FROM spans").await, 20);
    assert_eq!(reopened.count("SELECT count(DISTINCT span_id) FROM spans").await, 20);
    reopened.store.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_fills_what_the_database_lost() {
    copied_while_running(|_| {}).await;
    copied_while_running(|data| drop(std::fs::remove_file(data.join("coldlight.duckdb.wal")))).await;
    copied_while_running(|data| {
        let path = data.join("coldlight.duckdb.wal");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    })
    .await;
    copied_while_running(|data| {
        let path = data.join("coldlight.duckdb.wal");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() * 2 / 3]).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_from_1970_and_2262_and_backwards_are_kept() {
    let kept = made::store();
    let trace = trace_id();
    let mut old = span(trace, None, Kind::SERVER, "old", &[]);
    old.started_at = coldlight_model::Timestamp::EPOCH;
    old.ended_at = coldlight_model::Timestamp::EPOCH;
    let mut far = span(trace, None, Kind::SERVER, "far", &[]);
    far.started_at = coldlight_model::Timestamp::MAX;
    far.ended_at = coldlight_model::Timestamp::MAX;
    let mut backwards = span(trace, None, Kind::SERVER, "backwards", &[]);
    backwards.ended_at = backwards.started_at.minus(5);
    backwards.oddities.add(Oddities::BAD_TIME);
    kept.keep(batch("times", vec![old.clone(), far, backwards.clone()])).await;
    kept.keep(batch("times", vec![old, backwards.clone()])).await;
    let found = kept.store.trace(trace).await.unwrap().unwrap();
    assert_eq!(found.spans.len(), 3);
    assert_eq!(found.spans[1].duration, 0);
    let detail = kept.store.span(trace, backwards.span_id).await.unwrap().unwrap();
    assert_eq!(detail.span.ended_at, backwards.ended_at);
    assert_eq!(detail.span, backwards);
}
