//! One invocation as a row of a table.

use coldlight_model::lambda::{InvocationOutcome, StartKind};
use coldlight_model::{InvocationSummary, Nanos};

use super::cost::{CostView, cost};
use super::state::{function_path, request_path};
use crate::moment::{Moment, Shows};
use crate::palette::Palette;
use crate::shell::Shell;
use crate::{format, text};

/// Rows of a table.
pub struct Rows {
    pub list: Vec<Row>,
    /// The day and zone of every start, where there is only one day.
    pub day: Option<String>,
}

/// One invocation.
pub struct Row {
    pub request: String,
    /// To its span, where one came.
    pub href: String,
    pub start: Moment,
    pub function: String,
    pub function_href: String,
    pub class: String,
    /// Version, trigger and tenant, as far as they are known.
    pub version: String,
    pub trigger: String,
    /// Class of the glyph, words, error type.
    pub outcome: (&'static str, &'static str, String),
    pub how: Option<Start>,
    pub duration: String,
    pub duration_ns: Option<Nanos>,
    pub billed: String,
    pub memory: String,
    pub cost: CostView,
}

/// How it began, when that was not warm.
pub struct Start {
    pub kind: &'static str,
    pub meaning: &'static str,
    /// Of init or restore.
    pub took: String,
    /// Somebody waited for it.
    pub is_felt: bool,
}

/// The glyph of an outcome and its word.
pub fn outcome(outcome: InvocationOutcome) -> (&'static str, &'static str) {
    match outcome {
        InvocationOutcome::Ok => ("ok", "ok"),
        InvocationOutcome::Error => ("fault", "error"),
        InvocationOutcome::Timeout => ("fault", "timeout"),
        InvocationOutcome::OutOfMemory => ("fault", "out of memory"),
    }
}

pub fn how(one: &InvocationSummary) -> Option<Start> {
    let kind = one.start.filter(|kind| kind.is_cold())?;
    let took = one.init.or(one.suppressed_init).or(one.restore);
    let (name, meaning) = match one.start_inferred {
        true => (
            "cold, inferred",
            "The first invocation of an environment that was not seen before. Nobody said that it was cold: it is inferred.",
        ),
        false => (kind.name(), kind.meaning()),
    };
    Some(Start {
        kind: name,
        meaning,
        took: took.map(format::duration).unwrap_or_default(),
        is_felt: matches!(kind, StartKind::Felt | StartKind::Suppressed | StartKind::Restored),
    })
}

/// `71 of 512 MB`; what is not known is a dash.
pub fn memory(used: Option<u64>, size: Option<u64>) -> String {
    match (used, size) {
        (Some(used), Some(size)) => format!("{} of {} MB", format::count(used), format::count(size)),
        (None, Some(size)) => format!("? of {} MB", format::count(size)),
        (Some(used), None) => format!("{} MB", format::count(used)),
        (None, None) => "unknown".to_owned(),
    }
}

/// To the span in its trace.
pub fn span_href(one: &InvocationSummary) -> Option<String> {
    let trace = one.trace_id?;
    Some(match one.span_id {
        Some(span) => format!("/traces/{trace}?span={span}"),
        None => format!("/traces/{trace}"),
    })
}

pub fn rows(invocations: &[InvocationSummary], shell: &Shell) -> Rows {
    let palette = Palette::of(invocations.iter().map(|one| one.service.as_str()));
    let day = shell.zone.one_day(invocations.iter().map(|one| one.started_at));
    let shows = if day.is_some() { Shows::Time } else { Shows::DateTime };
    Rows { list: invocations.iter().map(|one| row(one, shows, &palette, shell)).collect(), day }
}

fn row(one: &InvocationSummary, shows: Shows, palette: &Palette, shell: &Shell) -> Row {
    let (glyph, words) = outcome(one.outcome);
    let said = |value: &Option<String>| value.as_deref().map_or("unknown".to_owned(), |value| text::cut(value, 40));
    Row {
        request: text::named(&one.request_id, 60),
        href: span_href(one).unwrap_or_else(|| request_path(&one.request_id)),
        start: Moment::new(one.started_at, shows, &shell.zone, shell.now),
        function: text::named(one.function_name(), 60),
        function_href: function_path(one.function_name()),
        class: palette.class(&one.service),
        version: said(&one.version),
        trigger: said(&one.trigger),
        outcome: (glyph, words, one.error_type.as_deref().map(|kind| text::cut(kind, 40)).unwrap_or_default()),
        how: how(one),
        duration: one.duration.map_or_else(|| "unknown".to_owned(), format::duration),
        duration_ns: one.duration,
        billed: one.billed_ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{} ms", format::count(ms))),
        memory: memory(one.max_memory_mb, one.memory_mb),
        cost: cost(one),
    }
}
