//! A trace is whole however many spans it has.

use std::collections::HashSet;

use coldlight_model::{Kind, Timestamp};

use crate::made::{self, batch, span, trace_id};

/// More than are read at once.
const SPANS: u64 = 200_500;
const REQUEST: u64 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_200_500_spans_is_read_whole_and_in_order() {
    let kept = made::store();
    let trace = trace_id();
    for request in 0..SPANS / REQUEST {
        let spans = (0..REQUEST).map(|n| {
            let started_at = Timestamp::from_nanos(made::NOW - 1 - request * REQUEST - n);
            let one = span(trace, None, Kind::SERVER, "step", &[]);
            coldlight_model::Span { started_at, ended_at: started_at, ..one }
        });
        kept.store.keep(batch("long", spans.collect())).await.unwrap();
    }
    kept.visible().await;
    let found = kept.store.trace(trace).await.unwrap().unwrap().spans;
    assert_eq!(found.len() as u64, SPANS);
    assert!(found.is_sorted_by_key(|span| span.started_at));
    assert_eq!(found.iter().map(|span| span.span_id).collect::<HashSet<_>>().len() as u64, SPANS);
}
