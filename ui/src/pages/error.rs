//! What is said when a page cannot be shown: what failed, what to do, and an id to find it in the log.
//! (ui/src/pages/error.rs ↔ templates/error.html)

use askama::Template;
use coldlight_model::{Nanos, TraceId};

use crate::format;
use crate::query::Link;
use crate::range::Preset;
use crate::shell::{Chrome, Section, Shell};
use crate::text::{self, Text};

/// One failure in a reader's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorPage {
    /// In one sentence.
    pub what: String,
    /// The next thing to try.
    pub todo: String,
    /// The text that was not found or not understood.
    pub subject: Option<String>,
    /// Stands in the log beside the cause.
    pub error_id: Option<String>,
    /// Traces whose ids resemble the one asked for.
    pub near: Vec<TraceId>,
    /// Label and address.
    pub links: Vec<(String, String)>,
}

impl ErrorPage {
    /// 404: no span of this trace is here.
    pub fn no_such_trace(id: TraceId, near: Vec<TraceId>, retain: Option<Nanos>) -> Self {
        let kept = retain.filter(|retain| *retain > 0).map(format::period);
        Self {
            what: match kept {
                Some(kept) => format!("No span of this trace is here. It may be older than the {kept} that are kept."),
                None => "No span of this trace is here.".to_owned(),
            },
            todo: "If it has just ended, reload: an accepted span shows up within a second.".to_owned(),
            subject: Some(id.to_hex()),
            near,
            links: vec![("Find traces".to_owned(), "/traces".to_owned())],
            ..Self::default()
        }
    }

    /// 404 of the global search: nothing is known under this id.
    pub fn nothing_found(sought: &str) -> Self {
        Self {
            what: "No trace, span or request has this id.".to_owned(),
            todo: "Check that it is whole: a trace id has 32 hexadecimal digits, a span id 16.".to_owned(),
            subject: Some(sought.to_owned()),
            links: vec![(
                "Look for this text in traces".to_owned(),
                Link::to("/traces")
                    .with("range", Preset::H24.name())
                    .with("f", format!("\"{}\"", text::cut(sought, 200).replace(['"', '\\'], " ")))
                    .to_string(),
            )],
            ..Self::default()
        }
    }

    /// 404: there is no such page.
    pub fn no_such_page(path: &str) -> Self {
        Self {
            what: "There is no page at this address.".to_owned(),
            todo: "Start from the map, or search for an id at the top.".to_owned(),
            subject: Some(path.to_owned()),
            links: vec![("Map".to_owned(), "/map".to_owned()), ("Traces".to_owned(), "/traces".to_owned())],
            ..Self::default()
        }
    }

    /// 400: the address cannot be understood.
    pub fn bad_request(what: impl Into<String>, subject: Option<String>) -> Self {
        Self {
            what: what.into(),
            todo: "Correct the address, or go back and try again.".to_owned(),
            subject,
            ..Self::default()
        }
    }

    /// 500: our fault.
    pub fn failed(error_id: impl Into<String>) -> Self {
        Self {
            what: "coldlight could not make this page.".to_owned(),
            todo: "The cause stands in its log under the id below. What was received is kept.".to_owned(),
            error_id: Some(error_id.into()),
            links: vec![("Status".to_owned(), "/status".to_owned())],
            ..Self::default()
        }
    }

    /// 503: try again in a moment.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self {
            what: why.into(),
            todo: "Reload in a few seconds. Spans that arrive meanwhile are journalled and will be shown.".to_owned(),
            links: vec![("Status".to_owned(), "/status".to_owned())],
            ..Self::default()
        }
    }

    /// 504: the question took too long. `narrower` are labels and addresses of questions that take less.
    pub fn timed_out(limit: Nanos, narrower: Vec<(String, String)>) -> Self {
        Self {
            what: format!("The answer took longer than {}, so the question was stopped.", format::period(limit)),
            todo: "Ask for a shorter range, or for fewer services with a filter.".to_owned(),
            links: narrower,
            ..Self::default()
        }
    }

    /// What somebody stopped: `here` asks it again, `narrower` are labels and addresses of questions that take less.
    pub fn cancelled(here: &Link, narrower: Vec<(String, String)>) -> Self {
        Self {
            what: "The question was stopped before it had an answer.".to_owned(),
            todo: "Ask it again, or ask for less.".to_owned(),
            links: [("Ask again".to_owned(), here.to_string())].into_iter().chain(narrower).collect(),
            ..Self::default()
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct View {
    chrome: Chrome,
    status_code: u16,
    title: &'static str,
    what: String,
    todo: String,
    subject: Option<Text>,
    error_id: Option<String>,
    near: Vec<TraceId>,
    links: Vec<(String, String)>,
}

/// The whole page. The server answers it with `status_code`.
pub fn page(shell: &Shell, status_code: u16, error: &ErrorPage) -> String {
    let title = match status_code {
        // A question that its asker stopped.
        200 => "Cancelled",
        400 => "Not understood",
        401 => "Not signed in",
        403 => "Not allowed",
        404 => "Not here",
        405 => "Not possible here",
        413 | 431 => "Too large",
        429 => "Too many requests",
        503 => "Not ready",
        504 => "Took too long",
        code if code < 500 => "Refused",
        _ => "Something went wrong",
    };
    let view = View {
        chrome: Chrome::new(shell, Section::Other, title, &Link::to("/")),
        status_code,
        title,
        what: error.what.clone(),
        todo: error.todo.clone(),
        subject: error.subject.as_deref().map(Text::new),
        error_id: error.error_id.as_deref().map(|id| text::cut(id, 80)),
        near: error.near.iter().copied().take(5).collect(),
        links: error.links.clone(),
    };
    super::render(&view)
}
