//! Transactions end exactly where a row group is full, in the middle of a request too; what is left comes first in the next.

use std::collections::BTreeMap;

use coldlight_model::{Event, Kind, Link, Span, SpanId, Value};
use coldlight_store::{Settings, Store};

use crate::made::{self, Kept, batch, now, span, span_id, trace_id};

/// Columns of every shape, each null or empty in some rows, so that a row that slipped shows in many of them.
fn varied(n: u64) -> Span {
    let mut pairs: Vec<(&str, Value)> = vec![("n", Value::Int(n as i64)), ("text", Value::Text(format!("number {n}")))];
    if n.is_multiple_of(2) {
        pairs.push(("faas.coldstart", Value::Bool(n.is_multiple_of(4))));
    }
    if n.is_multiple_of(3) {
        pairs.push(("http.response.status_code", Value::Int(200 + (n % 300) as i64)));
        pairs.push(("array", Value::Array(vec![Value::Int(n as i64), Value::Null])));
    }
    let parent = (!n.is_multiple_of(5)).then(span_id);
    let event = |at: u64| Event {
        at: now().minus(n * 1_000 + at),
        name: format!("event {n}.{at}"),
        attributes: [("at", Value::Int(at as i64))].into_iter().collect(),
        dropped_attributes_count: 0,
    };
    let link = Link {
        trace_id: trace_id(),
        span_id: span_id(),
        trace_state: String::new(),
        attributes: Default::default(),
        dropped_attributes_count: 0,
        flags: n as u32,
    };
    Span {
        started_at: now().minus(1_000_000_000 + n),
        events: (0..n % 4).map(event).collect(),
        links: if n.is_multiple_of(7) { vec![link] } else { vec![] },
        flags: n as u32,
        ..span(trace_id(), parent, Kind::SERVER, &format!("span {n}"), &pairs)
    }
}

/// Ten rows a row group, two of them a block, asked for in requests of seven and in parts of five rows.
fn small(folder: &std::path::Path) -> Settings {
    Settings { row_group_rows: 10, block_rows: 20, part_rows: 5, ..made::settings(folder) }
}

async fn are_as_sent(kept: &Kept, sent: &BTreeMap<SpanId, Span>) {
    kept.visible().await;
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, sent.len() as i128);
    for (id, span) in sent {
        let details = kept.store.trace_details(span.trace_id).await.unwrap();
        let [found] = &details[..] else { panic!("{} spans", details.len()) };
        assert_eq!((found.span.span_id, &found.span.name), (*id, &span.name));
        let plain = |span: &Span| Span { resource: 0, scope: 0, attributes: Default::default(), ..span.clone() };
        assert_eq!(plain(&found.span), plain(span));
        let sorted = |span: &Span| -> BTreeMap<String, Value> {
            span.attributes.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
        };
        assert_eq!(sorted(&found.span), sorted(span));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_cut_by_the_end_of_a_row_group_come_back_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(small(folder.path()), now).unwrap();
    let kept = Kept { store, folder };
    let mut sent = BTreeMap::new();
    for request in 0..20 {
        let spans: Vec<Span> = (0..7).map(|n| varied(request * 7 + n)).collect();
        sent.extend(spans.iter().map(|span| (span.span_id, span.clone())));
        // Some alone, some all at once, and each a second time.
        let one = batch("a", spans);
        kept.store.keep(one.clone()).await.unwrap();
        if request.is_multiple_of(3) {
            kept.visible().await;
        }
        kept.store.keep(one).await.unwrap();
    }
    are_as_sent(&kept, &sent).await;
    assert_eq!(kept.store.counters().duplicates, sent.len() as u64);
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);
    let store = Store::open(small(folder.path()), now).unwrap();
    are_as_sent(&Kept { store, folder }, &sent).await;
}

/// As a program sends them that puts an order's number into the name of an attribute.
#[tokio::test(flavor = "multi_thread")]
async fn spans_that_name_an_attribute_like_no_other_are_kept_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let settings = made::settings(folder.path());
    let row_group = settings.row_group_rows as u64;
    let rows = row_group + 1_000;
    let store = Store::open(settings, now).unwrap();
    let kept = Kept { store, folder };
    for request in 0..rows.div_ceil(4_096) {
        let names = (request * 4_096..rows.min((request + 1) * 4_096)).map(|n| format!("order.{n}"));
        let spans = names.map(|name| span(trace_id(), None, Kind::SERVER, "order", &[(name.as_str(), Value::Int(7))]));
        kept.store.keep(batch("orders", spans.collect())).await.unwrap();
    }
    kept.visible().await;
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, i128::from(rows));
    assert_eq!(kept.count("SELECT count(*) FROM spans WHERE attributes['order.77']::INT = 7").await, 1);
    // Written into the file, too, and its row groups are those that transactions ended with.
    kept.store.close().unwrap();
    let Kept { store, folder } = kept;
    drop(store);
    let db = duckdb::Connection::open(folder.path().join("coldlight.duckdb")).unwrap();
    let groups = "SELECT list(rows ORDER BY number) FROM (SELECT row_group_id AS number, max(start + count) AS rows FROM pragma_storage_info('span_rows') WHERE column_name = 'sequence' GROUP BY number)";
    let groups: String = db.query_row(&format!("SELECT ({groups})::VARCHAR"), [], |row| row.get(0)).unwrap();
    assert_eq!(groups, format!("[{row_group}, 1000]"));
}
