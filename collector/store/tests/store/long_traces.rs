//! A trace is whole however many spans it has.

use std::collections::HashSet;

use coldlight_model::{Kind, Span, Timestamp, TraceId};

use crate::made::{self, Kept, batch, span, trace_id};

/// More than are read at once.
const SPANS: u64 = 200_500;
const REQUEST: u64 = 500;

/// Several batches of rows, read at once.
const SOME: u64 = 9_500;

async fn is_whole(kept: &Kept, trace: TraceId, spans: u64) {
    kept.visible().await;
    let found = kept.store.trace(trace).await.unwrap().unwrap().spans;
    assert_eq!(found.len() as u64, spans);
    assert!(found.is_sorted_by_key(|span| span.started_at));
    assert_eq!(found.iter().map(|span| span.span_id).collect::<HashSet<_>>().len() as u64, spans);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_read_whole_and_in_order_at_once_and_when_it_is_too_long_for_that() {
    let kept = made::store();
    let trace = trace_id();
    for request in 0..SPANS / REQUEST {
        let spans = (0..REQUEST).map(|n| {
            let started_at = Timestamp::from_nanos(made::NOW - 1 - request * REQUEST - n);
            let one = span(trace, None, Kind::SERVER, "step", &[]);
            Span { started_at, ended_at: started_at, ..one }
        });
        kept.store.keep(batch("long", spans.collect())).await.unwrap();
        if (request + 1) * REQUEST == SOME {
            is_whole(&kept, trace, SOME).await;
        }
    }
    is_whole(&kept, trace, SPANS).await;
}
