//! One request id: each attempt's life, what it used and what it cost, also when no span of it came.
//! (ui/src/pages/invocation.rs ↔ templates/invocation.html)

use askama::Template;
use coldlight_model::InvocationSummary;

use crate::format::counted;
use crate::invocations::row::span_href;
use crate::invocations::state::request_path;
use crate::moment::{Moment, Shows};
use crate::query::Link;
use crate::shell::{Chrome, Section, Shell};
use crate::text;
use crate::trace::invocation::{InvocationPanel, panel};

pub const PATH: &str = "/invocations/{id}";

struct Attempt {
    start: Moment,
    /// Where its span is in its trace.
    trace: Option<String>,
    /// Of the error that it ended with.
    error: String,
    one: InvocationPanel,
}

#[derive(Template)]
#[template(path = "invocation.html")]
struct View {
    chrome: Chrome,
    request: String,
    said: String,
    attempts: Vec<Attempt>,
}

/// `attempts` are all of one request id, first started first; there is at least one.
pub fn page(shell: &Shell, request: &str, attempts: &[InvocationSummary]) -> String {
    let attempt = |one: &InvocationSummary| Attempt {
        start: Moment::new(one.started_at, Shows::DateTime, &shell.zone, shell.now),
        trace: span_href(one),
        error: one.error_type.as_deref().map(|kind| text::cut(kind, 200)).unwrap_or_default(),
        one: panel(one),
    };
    let function = attempts.first().map_or("", |one| one.function_name());
    super::render(&View {
        chrome: Chrome::new(shell, Section::Invocations, "Invocation", &Link::to(request_path(request))),
        request: text::named(request, 120),
        said: format!("{} of {}", counted(attempts.len() as u64, "attempt", "attempts"), text::named(function, 80)),
        attempts: attempts.iter().map(attempt).collect(),
    })
}
