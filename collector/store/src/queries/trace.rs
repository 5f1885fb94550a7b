//! One trace: its rows for the waterfall, its log lines, and finding text in it.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SendError, sync_channel};

use arrow::record_batch::RecordBatch;
use coldlight_model::{Alike, AlikeGroup, LogLine, Rank, SpanEvent, SpanId, Trace, TraceId, TraceSpan};
use duckdb::types::Value as Sql;
use duckdb::{named_params, params};

use super::places::of_trace;
use crate::Store;
use crate::error::StoreError;
use crate::rows;

/// What was here of a trace when it was read: enough to tell later whether a span of it came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceMark {
    spans: u64,
    /// Every journal record up to here was in it whole.
    sequence: u64,
    /// Its spans of later records: one may be written in parts.
    beyond: u64,
    /// Since the start: all spans written, rows removed, times reopened.
    written: u64,
    removed: u64,
    reopened: u64,
}

/// More spans than this are handed over while they are read, so that no trace is too long for the engine's memory. That takes four times as
/// long: of 100,000 spans 220 ms instead of 45.
const FEW: usize = 200_000;
/// Batches of 2,048 rows that wait to be made into spans.
const HANDED: usize = 8;

/// The spans of all batches in their order, and how many of them came with journal records after `sequence`. To make spans of rows takes as
/// long as to read them, so where there is more than a batch a thread of its own does it meanwhile.
fn spans_of(
    mut batches: impl Iterator<Item = duckdb::Result<RecordBatch>>,
    sequence: u64,
) -> Result<(Vec<TraceSpan>, u64), StoreError> {
    let (mut spans, mut beyond) = (Vec::new(), 0);
    let Some(first) = batches.next() else { return Ok((spans, beyond)) };
    let Some(second) = batches.next() else {
        beyond += rows::trace_spans(&first?, sequence, &mut spans)?;
        return Ok((spans, beyond));
    };
    std::thread::scope(|scope| {
        let (hand, handed) = sync_channel(HANDED);
        let making = std::thread::Builder::new().name("spans".to_owned()).spawn_scoped(scope, move || {
            let (mut spans, mut beyond) = (Vec::new(), 0);
            for batch in handed {
                beyond += rows::trace_spans(&batch, sequence, &mut spans)?;
            }
            Ok::<_, duckdb::Error>((spans, beyond))
        });
        for batch in [first, second].into_iter().chain(batches) {
            // Here, where no thread takes it.
            if let Err(SendError(batch)) = hand.send(batch?) {
                beyond += rows::trace_spans(&batch, sequence, &mut spans)?;
            }
        }
        drop(hand);
        match making {
            Ok(making) => Ok(making.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?),
            Err(_) => Ok((spans, beyond)),
        }
    })
}

impl Store {
    /// All spans of a trace by start; `None` when none is here.
    pub async fn trace(&self, id: TraceId) -> Result<Option<Trace>, StoreError> {
        Ok(self.read_trace(id).await?.map(|(trace, _)| trace))
    }

    /// [`Store::trace`] with a mark for [`Store::is_as_read`].
    pub async fn read_trace(&self, id: TraceId) -> Result<Option<(Trace, TraceMark)>, StoreError> {
        let mut mark = self.mark();
        let (spans, beyond) = self
            .ask(move |db| {
                let sql = of_trace(db, include_str!("trace.sql"), id)?;
                let mut few = db.prepare(&[&sql, "LIMIT ?"].concat())?;
                let at_once = match few.query_arrow(params![id.to_hex(), FEW + 1]) {
                    Ok(batches) => {
                        Some(spans_of(batches.map(Ok), mark.sequence)?).filter(|(spans, _)| spans.len() <= FEW)
                    }
                    Err(error) if StoreError::is_about_memory(&error) => None,
                    Err(error) => return Err(error.into()),
                };
                let (mut spans, beyond) = match at_once {
                    Some(all) => all,
                    None => spans_of(db.prepare(&sql)?.stream_arrow([id.to_hex()])?, mark.sequence)?,
                };
                spans.sort_by(|a, b| {
                    let by_start = (a.started_at, a.span_id).cmp(&(b.started_at, b.span_id));
                    by_start.then_with(|| b.kind.name().cmp(&a.kind.name()))
                });
                Ok((spans, beyond))
            })
            .await?;
        (mark.spans, mark.beyond) = (spans.len() as u64, beyond);
        Ok((!spans.is_empty()).then_some((Trace { trace_id: id, spans }, mark)))
    }

    /// Whether a trace is still what it was when it was read: the mark to ask with from now on, or `None` where a span of it came or
    /// went. While nothing is written nobody is asked.
    pub async fn is_as_read(&self, id: TraceId, then: TraceMark) -> Result<Option<TraceMark>, StoreError> {
        let now = self.mark();
        if (now.written, now.removed, now.reopened) == (then.written, then.removed, then.reopened) {
            return Ok(Some(then));
        }
        if now.reopened != then.reopened {
            return Ok(None);
        }
        // Where nothing was removed, what was there is there.
        let counted_from = if now.removed == then.removed { then.sequence } else { 0 };
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("trace_since.sql"))?;
            let asked = named_params! {
                "trace": id.to_hex(), "counted_from": counted_from, "then": then.sequence, "now": now.sequence
            };
            let (all, since, beyond) = statement.query_row(asked, |row| {
                let count = |name| rows::whole(row, name).map(Option::unwrap_or_default);
                Ok((count("counted")?, count("since")?, count("beyond")?))
            })?;
            let expected = if now.removed == then.removed { then.beyond } else { then.spans };
            let is_same = all == expected && since == then.beyond;
            Ok(is_same.then_some(TraceMark { spans: then.spans, beyond, ..now }))
        })
        .await
    }

    /// Taken before the rows are read: what is written meanwhile may be among them, and is asked about again.
    fn mark(&self) -> TraceMark {
        let progress = &self.shared.progress;
        TraceMark {
            spans: 0,
            beyond: 0,
            written: progress.spans_written.load(Relaxed),
            removed: progress.dropped_by_retention.load(Relaxed),
            reopened: progress.reopened.load(Relaxed),
            sequence: progress.written_sequence.load(Relaxed),
        }
    }

    /// Spans of a trace that hold `text` in their names, status or any attribute, event or scope, without case.
    pub async fn find_in_trace(&self, id: TraceId, text: String) -> Result<Vec<SpanId>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare(&of_trace(db, include_str!("find_in_trace.sql"), id)?)?;
            let ids = statement.query_map([id.to_hex(), text.to_lowercase()], |row| rows::span_id(row, "span_id"))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// The log lines of a trace, by time.
    pub async fn logs_of_trace(&self, id: TraceId) -> Result<Vec<LogLine>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("logs_of_trace.sql"))?;
            let lines = statement.query_map([id.to_hex()], rows::log_from_row)?;
            Ok(lines.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// What was recorded during the spans of a trace, by time; at most 10,000.
    pub async fn events_of_trace(&self, id: TraceId) -> Result<Vec<SpanEvent>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare(&of_trace(db, include_str!("events_of_trace.sql"), id)?)?;
            let events = statement.query_map([id.to_hex()], |row| {
                Ok(SpanEvent {
                    span_id: rows::span_id(row, "span_id")?,
                    event: rows::event_from_sql(&row.get::<_, Sql>("event")?),
                })
            })?;
            Ok(events.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// How long `span` took among spans of its service, name and kind that began in the hour before it.
    pub async fn rank(&self, span: &TraceSpan) -> Result<Rank, StoreError> {
        const HOUR: u64 = 3_600_000_000_000;
        let (service, name, kind) = (span.service.clone(), span.name.clone(), span.kind.name().into_owned());
        let (from, to) = (span.started_at.minus(HOUR).nanos(), span.started_at.nanos());
        let duration = i64::try_from(span.duration).unwrap_or(i64::MAX);
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("rank_of_span.sql"))?;
            let asked = named_params! {
                "service": service, "name": name, "kind": kind, "from": from, "to": to, "duration": duration
            };
            Ok(statement.query_row(asked, |row| {
                let count = |name| rows::whole(row, name).map(Option::unwrap_or_default);
                Ok(Rank { alike: count("alike")?, faster: count("faster")? })
            })?)
        })
        .await
    }

    /// Traces that began as `trace` does, within a day of it: of all, the cold, the warm and each version the one in the middle.
    pub async fn alike(&self, trace: &Trace) -> Result<Vec<Alike>, StoreError> {
        const DAY: u64 = 24 * 3_600_000_000_000;
        let Some(root) = trace.root() else { return Ok(Vec::new()) };
        let (service, name, id) = (root.service.clone(), root.name.clone(), trace.trace_id.to_hex());
        let (from, to) = (root.started_at.minus(DAY).nanos(), root.started_at.plus(DAY).nanos());
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("alike.sql"))?;
            let asked = named_params! { "service": service, "name": name, "trace": id, "from": from, "to": to };
            let found = statement.query_map(asked, |row| {
                Ok(Alike {
                    group: match row.get::<_, String>("group")?.as_str() {
                        "cold" => AlikeGroup::Cold,
                        "warm" => AlikeGroup::Warm,
                        "version" => AlikeGroup::Version(row.get("label")?),
                        _ => AlikeGroup::All,
                    },
                    trace_id: rows::trace_id(row, "trace_id")?,
                    response: rows::whole(row, "response_ns")?.unwrap_or_default(),
                    of: rows::whole(row, "members")?.unwrap_or_default(),
                })
            })?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Ids of traces that begin like `id`, for whoever mistyped one or lost its end.
    pub async fn near_traces(&self, id: TraceId) -> Result<Vec<TraceId>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("near_traces.sql"))?;
            let ids = statement.query_map([&id.to_hex()[..8]], |row| rows::trace_id(row, "trace_id"))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }
}
