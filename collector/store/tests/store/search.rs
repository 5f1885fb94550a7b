//! Searching: filters hold of one span, pages follow one another without gaps or repeats.

use coldlight_model::{Attributes, Cursor, Filter, Kind, Span, StatusCode, Timestamp, TraceId, TraceSort, Value};
use coldlight_store::TraceSearch;

use crate::made::{self, batch, last_hour, span, trace_id};

fn search(line: &str, sort: TraceSort, after: Option<Cursor>, limit: u32) -> TraceSearch {
    let filter = Filter::parse(line);
    assert_eq!(filter.problems, []);
    TraceSearch { range: last_hour(), filter, sort, after, limit }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_by_every_word() {
    let kept = made::store();
    let trace = trace_id();
    let mut failed = span(
        trace,
        None,
        Kind::SERVER,
        "POST /checkout",
        &[
            ("http.response.status_code", Value::Int(503)),
            ("order.id", Value::Int(42)),
            ("tier", "gold".into()),
            ("it's", "; --".into()),
        ],
    );
    failed.status_code = StatusCode::ERROR;
    failed.status_message = "Card declined".into();
    let other = span(trace_id(), None, Kind::SERVER, "GET /cart", &[("order.id", "42".into())]);
    let mut sent = batch("checkout-api", vec![failed, other]);
    sent.resources[0].attributes = Attributes::from_iter([
        ("service.name", Value::from("checkout-api")),
        ("service.version", "1.4.2".into()),
        ("host.cpus", Value::Int(4)),
    ]);
    kept.keep(sent).await;
    for (line, found) in [
        ("service:checkout-api", 2),
        ("service:check*", 2),
        ("service:nobody", 0),
        ("name:\"POST /checkout\"", 1),
        ("kind:server", 2),
        ("kind:client", 0),
        ("status:fault", 1),
        ("-status:fault", 1),
        ("http:503", 1),
        ("dur>50ms", 2),
        ("dur<50ms", 0),
        ("attr.order.id:42", 2),
        ("attr.order.id>41", 2),
        ("attr.order.id>42", 0),
        ("attr.tier:g*", 1),
        ("-attr.tier:gold", 1),
        ("attr.it's:\"; --\"", 1),
        ("attr.none:1", 0),
        ("attr.service.version:1.4.2", 2),
        ("attr.service.version:1.4*", 2),
        ("-attr.service.version:1.4.2", 0),
        ("attr.host.cpus>=4 attr.tier:gold", 1),
        ("declined", 1),
        ("\"card declined\" http:503 attr.tier:gold", 1),
        ("attr.tier:gold -http:503", 0),
    ] {
        let list = kept.store.traces(search(line, TraceSort::Newest, None, 100)).await.unwrap();
        assert_eq!(list.traces.len(), found, "{line}");
        let histogram = kept.store.trace_histogram(last_hour(), Filter::parse(line), 60).await.unwrap();
        assert_eq!(histogram.bins.iter().map(|bin| bin.count()).sum::<u64>(), found as u64, "{line}");
    }
    let list = kept.store.traces(search("status:fault", TraceSort::Newest, None, 100)).await.unwrap();
    assert_eq!(list.traces[0].trace_id, trace);
    assert_eq!(list.traces[0].root_name, "POST /checkout");
    assert_eq!((list.traces[0].faults, list.traces[0].errors), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_without_gap_or_repeat_in_every_order() {
    let kept = made::store();
    let mut spans = Vec::new();
    for n in 0..53u64 {
        let mut one = span(trace_id(), None, Kind::SERVER, "GET /", &[]);
        // Several share a start and a duration: the trace id decides.
        one.started_at = made::now().minus(60_000_000_000 + (n % 7) * 1_000_000);
        one.ended_at = one.started_at.plus(1_000_000 * (n % 5));
        spans.push(one);
    }
    kept.keep(batch("pages", spans)).await;
    for sort in TraceSort::ALL {
        let whole = kept.store.traces(search("", sort, None, 1000)).await.unwrap();
        assert_eq!(whole.traces.len(), 53);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = kept.store.traces(search("", sort, after, 10)).await.unwrap();
            paged.extend(page.traces);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole.traces, "{sort:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_are_those_that_began_last_however_long_they_went_on() {
    const SECOND: u64 = 1_000_000_000;
    let kept = made::store();
    let hour = last_hour();
    let mut began: Vec<(Timestamp, TraceId)> = Vec::new();
    let mut spans = Vec::new();
    let mut trace = |ago: &[u64]| {
        let id = trace_id();
        spans.extend(ago.iter().map(|ago| Span {
            started_at: hour.to.minus(ago * SECOND),
            ended_at: hour.to.minus(ago * SECOND).plus(1),
            ..span(id, None, Kind::SERVER, "GET /", &[("shop", "here".into())])
        }));
        began.push((hour.to.minus(ago[0] * SECOND), id));
    };
    // Thirty in the last minute, of which every other began long before; and before it one each minute.
    (1..31).for_each(|n| if n % 2 == 0 { trace(&[n]) } else { trace(&[600 + n, n]) });
    (2..59).for_each(|minute| trace(&[minute * 60 + 7]));
    kept.keep(batch("newest", spans)).await;
    began.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.to_hex().cmp(&b.1.to_hex())));
    for limit in [5, 12, 20, 50] {
        for line in ["", "attr.shop:here", "service:newest"] {
            let (mut after, mut found) = (None, Vec::new());
            loop {
                let list = kept.store.traces(search(line, TraceSort::Newest, after, limit)).await.unwrap();
                found.extend(list.traces.iter().map(|trace| (trace.started_at, trace.trace_id)));
                after = list.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, began, "{limit} at a time of '{line}'");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_found_anywhere_in_a_trace() {
    let kept = made::store();
    let trace = trace_id();
    let nested = Value::Map([("deep".to_owned(), Value::from("Needle"))].into_iter().collect());
    let with = span(trace, None, Kind::SERVER, "a", &[("x", nested)]);
    let without = span(trace, Some(with.span_id), Kind::INTERNAL, "b", &[("x", Value::Int(1))]);
    kept.keep(batch("find", vec![with.clone(), without])).await;
    assert_eq!(kept.store.find_in_trace(trace, "needle".into()).await.unwrap(), [with.span_id]);
    assert_eq!(kept.store.find_in_trace(trace, "%".into()).await.unwrap(), []);
    let located = kept.store.locate(with.span_id.to_hex()).await.unwrap().unwrap();
    assert_eq!((located.trace_id, located.span_id), (trace, Some(with.span_id)));
    assert_eq!(kept.store.locate(trace.to_hex()).await.unwrap().unwrap().span_id, None);
    assert_eq!(kept.store.locate("nothing".into()).await.unwrap(), None);
}
