//! Events and log records as lines of the panel.

use coldlight_model::{Event, LogLine, SpanId, Timestamp, Value};

use super::attributes::{self, Attribute, Budget};
use crate::format;
use crate::moment::{Moment, Shows};
use crate::shell::Shell;
use crate::text::{self, Text};

/// An event of a span.
pub struct EventLine {
    pub name: Text,
    /// `+12 ms` after the span's start.
    pub after: String,
    /// `fault` for an exception, else nothing.
    pub class: &'static str,
    /// Type and message of an exception.
    pub headline: Option<Text>,
    pub stack: Option<String>,
    pub attributes: Vec<Attribute>,
    pub dropped: Option<String>,
}

/// A log record.
pub struct LogView {
    pub time: Option<Moment>,
    pub severity: String,
    /// `fault`, `error` or nothing.
    pub class: &'static str,
    pub body: Text,
    /// Who wrote it, and a link to its span, where the line does not stand with its span.
    pub origin: Option<(String, Option<String>)>,
    pub attributes: Vec<Attribute>,
}

/// `begun` is when its span did.
pub fn event(event: &Event, begun: Timestamp, budget: &mut Budget) -> EventLine {
    let after = after(begun, event.at);
    let text_of = |key: &str| event.attributes.get(key).map(Value::to_display).filter(|text| !text.is_empty());
    let is_exception = event.name == "exception";
    let headline = match (text_of("exception.type"), text_of("exception.message")) {
        (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
        (one, other) => one.or(other),
    };
    let stack = text_of("exception.stacktrace").filter(|_| is_exception);
    let taken = ["exception.type", "exception.message", "exception.stacktrace"];
    let rest = event.attributes.iter().filter(|(key, _)| !is_exception || !taken.contains(key));
    EventLine {
        name: budget.text(if event.name.is_empty() { "(no name)" } else { &event.name }),
        after,
        class: if is_exception { "fault" } else { "" },
        headline: headline.filter(|_| is_exception).map(|line| budget.text(&line)),
        stack: stack.map(|lines| budget.lines(&lines)),
        attributes: rest.map(|(key, value)| attributes::attribute(key, value, None, budget)).collect(),
        dropped: (event.dropped_attributes_count > 0)
            .then(|| format!("{} attributes were dropped by the sender.", event.dropped_attributes_count)),
    }
}

/// `+12 ms` from one time to another.
pub fn after(from: Timestamp, at: Timestamp) -> String {
    if at >= from {
        format!("+{}", format::duration(at.since(from)))
    } else {
        format!("−{}", format::duration(from.since(at)))
    }
}

/// `place` gives the link to a span's row for a line that does not stand with its span.
pub fn log(
    line: &LogLine,
    shell: &Shell,
    place: Option<&dyn Fn(SpanId) -> Option<String>>,
    budget: &mut Budget,
) -> LogView {
    let record = &line.record;
    let at = record.at.or(record.observed_at);
    LogView {
        time: at.map(|at| Moment::new(at, Shows::Time, &shell.zone, shell.now)),
        severity: if record.severity_text.is_empty() {
            severity(record.severity_number).to_owned()
        } else {
            text::cut(&record.severity_text, 12)
        },
        class: match record.severity_number {
            17.. => "fault",
            13..=16 => "error",
            _ => "",
        },
        body: budget.text(&record.body.to_display()),
        origin: place.map(|place| (text::named(&line.service, 60), record.span_id.and_then(place))),
        attributes: record
            .attributes
            .iter()
            .map(|(key, value)| attributes::attribute(key, value, None, budget))
            .collect(),
    }
}

/// OTLP's severity numbers come in six groups of four.
fn severity(number: i32) -> &'static str {
    match number {
        1..=4 => "TRACE",
        5..=8 => "DEBUG",
        9..=12 => "INFO",
        13..=16 => "WARN",
        17..=20 => "ERROR",
        21..=24 => "FATAL",
        _ => "LOG",
    }
}
