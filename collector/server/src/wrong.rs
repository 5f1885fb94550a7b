//! Why a request has no proper answer. Handlers say what is wrong; how it is told (page or JSON) is decided in one place,
//! the layer [`crate::routes::tell`].

use axum::response::{IntoResponse, Response};
use coldlight_model::TraceId;
use coldlight_store::{SqlError, StoreError};
use http::{HeaderValue, StatusCode, header};

use crate::access::{Verdict, random_hex};
use crate::failure::chain;

/// What went wrong with one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    pub status: StatusCode,
    /// One sentence, safe to show to whoever asked.
    pub message: String,
    /// The parameter that could not be understood.
    pub parameter: Option<String>,
    /// Seconds after which it may work.
    pub retry_after_s: Option<u64>,
    pub about: About,
}

/// What was asked for, where a page has more to say about it than the message.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum About {
    #[default]
    Nothing,
    /// There is no page at this path.
    Page(String),
    /// No span of this trace is here; the ids most like it are.
    Trace { id: TraceId, near: Vec<TraceId> },
    /// Nothing is known under this id.
    Search(String),
    /// Whoever asked stopped it.
    Cancelled,
    /// The log tells the cause under this id.
    Bug { error_id: String },
}

impl Wrong {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), parameter: None, retry_after_s: None, about: About::Nothing }
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what)
    }

    /// What somebody stopped on purpose is no failure.
    pub fn cancelled() -> Self {
        Self { about: About::Cancelled, ..Self::new(StatusCode::OK, "the question was stopped") }
    }

    pub fn no_such_page(path: &str) -> Self {
        Self { about: About::Page(path.to_owned()), ..Self::not_found("there is nothing at this address") }
    }

    pub fn no_such_trace(id: TraceId, near: Vec<TraceId>) -> Self {
        Self { about: About::Trace { id, near }, ..Self::not_found(format!("there is no span of trace {id}")) }
    }

    pub fn parameter(name: &str, problem: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, problem) }
    }

    pub fn unavailable(message: impl Into<String>, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    /// Our own fault: the reason goes to the log under an id, and whoever asked gets the id.
    pub fn internal(what: &'static str, error: &dyn std::error::Error) -> Self {
        Self::bug(what, &chain(error))
    }

    pub fn bug(what: &'static str, reason: &str) -> Self {
        let id = random_hex().map_or_else(|_| "0".to_owned(), |id| id[..12].to_owned());
        tracing::error!(id, reason, "{what}");
        let message = format!("{what}; the log says why under {id}");
        Self { about: About::Bug { error_id: id }, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, message) }
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TimedOut { .. } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, format!("{error}; ask for a shorter range or a narrower filter"))
            }
            StoreError::Reopening => {
                Self::unavailable("the database is being reopened; nothing that was acknowledged is lost", 2)
            }
            other => Self::internal("the store could not answer", &other),
        }
    }
}

impl From<Verdict> for Wrong {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Denied { missing } => Self::new(
                StatusCode::FORBIDDEN,
                format!("this key may not do that: it lacks the scope {}", missing.name()),
            ),
            Verdict::Wait(wait) => Self {
                retry_after_s: Some(wait.as_secs().max(1)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys from this address")
            },
            Verdict::Unknown | Verdict::Granted => Self::new(
                StatusCode::UNAUTHORIZED,
                "a key is needed: send it as Authorization: Bearer SECRET, or log in at /login",
            ),
        }
    }
}

impl From<SqlError> for Wrong {
    fn from(error: SqlError) -> Self {
        crate::api::sql::wrong(error)
    }
}

impl IntoResponse for Wrong {
    /// An empty answer that carries the reason; [`crate::routes::tell`] writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
