//! Searches that pass over blocks of spans find what reading everything would find, wherever a block ends and whatever happened.

use std::path::Path;

use coldlight_model::{Filter, Kind, Link, Span, TraceId, TraceSort, Value};
use coldlight_store::{Settings, Store, TraceSearch};

use crate::made::{self, Kept, batch, last_hour, now, span, trace_id};

const REQUESTS: u64 = 12;
const SPANS: u64 = 40;

/// A hundred spans a block, asked for in requests of forty and in parts of fifteen rows.
fn small(folder: &Path) -> Settings {
    Settings { row_group_rows: 50, block_rows: 100, part_rows: 15, ..made::settings(folder) }
}

/// Each with an order of its own, and every one but the first links to the one before.
fn order(n: u64, before: Option<TraceId>) -> Span {
    let pairs = [
        ("order.id", Value::Text(format!("o-{n}"))),
        ("faas.invocation_id", Value::Text(format!("8476a536-e9f4-11e8-9739-{n:012x}"))),
        ("aws.request_id", Value::Text(format!("UQNSN0QM2XA4{n:08}"))),
        ("even", Value::Bool(n.is_multiple_of(2))),
    ];
    let link = |trace_id| Link {
        trace_id,
        span_id: made::span_id(),
        trace_state: String::new(),
        attributes: Default::default(),
        dropped_attributes_count: 0,
        flags: 1,
    };
    Span { links: before.map(link).into_iter().collect(), ..span(trace_id(), None, Kind::SERVER, "order", &pairs) }
}

async fn send(store: &Store, traces: &mut Vec<TraceId>) {
    for request in 0..REQUESTS {
        let mut spans = Vec::new();
        for _ in 0..SPANS {
            spans.push(order(traces.len() as u64, traces.last().copied()));
            traces.extend(spans.last().map(|span| span.trace_id));
        }
        let one = batch("orders", spans);
        store.keep(one.clone()).await.unwrap();
        if request.is_multiple_of(4) {
            store.keep(one).await.unwrap();
        }
    }
}

async fn found(store: &Store, line: &str) -> Vec<TraceId> {
    let filter = Filter::parse(line);
    assert_eq!(filter.problems, []);
    let search = TraceSearch { range: last_hour(), filter, sort: TraceSort::Newest, after: None, limit: 1_000 };
    store.traces(search).await.unwrap().traces.into_iter().map(|trace| trace.trace_id).collect()
}

async fn everything_is_found(kept: &Kept, traces: &[TraceId]) {
    kept.visible().await;
    let store = &kept.store;
    for (n, id) in traces.iter().enumerate().step_by(37) {
        assert_eq!(found(store, &format!("attr.order.id:o-{n}")).await, [*id], "order {n}");
        assert_eq!(store.trace(*id).await.unwrap().map(|trace| trace.spans.len()), Some(1), "trace {n}");
        for text in [id.to_hex(), format!("8476a536-e9f4-11e8-9739-{n:012x}"), format!("UQNSN0QM2XA4{n:08}")] {
            assert_eq!(store.locate(text.clone()).await.unwrap().map(|at| at.trace_id), Some(*id), "{text}");
        }
        let span = store.trace_details(*id).await.unwrap().remove(0).span.span_id;
        assert_eq!(store.locate(span.to_hex()).await.unwrap().and_then(|at| at.span_id), Some(span));
        let downstream = store.trace_cost(*id).await.unwrap().downstream;
        assert_eq!(downstream.first().map(|step| step.trace), traces.get(n + 1).copied(), "what links to trace {n}");
    }
    assert_eq!(found(store, "attr.order.id:o-no").await, []);
    assert_eq!(store.locate("o-no".to_owned()).await.unwrap(), None);
    assert_eq!(found(store, "attr.even:true attr.order.id:o-8").await, [traces[8]]);
    assert_eq!(found(store, "attr.even:false attr.order.id:o-8").await, []);
    assert_eq!(found(store, "attr.even:true").await.len(), traces.len() / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_blocks_remember_finds_all_that_reading_them_would() {
    let (first, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut traces = Vec::new();
    let store = Store::open(small(first.path()), now).unwrap();
    let kept = Kept { store, folder: first };
    send(&kept.store, &mut traces).await;
    everything_is_found(&kept, &traces).await;
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);

    let store = Store::open(small(folder.path()), now).unwrap();
    let kept = Kept { store, folder };
    send(&kept.store, &mut traces).await;
    everything_is_found(&kept, &traces).await;

    // As after a crash: what the newest block would have remembered is gone.
    copy_files(kept.folder.path(), copy.path());
    let store = Store::open(small(copy.path()), now).unwrap();
    let crashed = Kept { store, folder: copy };
    send(&crashed.store, &mut traces).await;
    everything_is_found(&crashed, &traces).await;
    crashed.store.close().unwrap();

    let db = duckdb::Connection::open(crashed.folder.path().join("coldlight.duckdb")).unwrap();
    let remembered = "SELECT count(*) FROM span_rows WHERE EXISTS (FROM span_blocks WHERE sequence BETWEEN first_sequence AND last_sequence)";
    let remembered: u64 = db.query_row(remembered, [], |row| row.get(0)).unwrap();
    assert!(remembered as usize > traces.len() * 4 / 5, "blocks speak of {remembered} spans of {}", traces.len());
    // A row group, and what else is of the records at both of its ends.
    let longest = "SELECT max(spans) FROM (SELECT count(*) AS spans FROM span_rows JOIN (SELECT DISTINCT first_sequence, last_sequence FROM span_blocks) ON sequence BETWEEN first_sequence AND last_sequence GROUP BY first_sequence)";
    let longest: u64 = db.query_row(longest, [], |row| row.get(0)).unwrap();
    assert!(longest < 100 + 2 * SPANS, "{longest} spans of one block");
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_files(&path, &target);
        } else if entry.file_name() != "coldlight.lock" {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
