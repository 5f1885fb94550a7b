//! How a span says that something went wrong, in the words of the conventions.

use std::any::Any;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanRef, Status};

/// An exception event, `error.type`, and the status.
pub(crate) fn record(span: &SpanRef<'_>, kind: &str, message: &str) {
    let (kind, message) = (kind.to_owned(), message.to_owned());
    span.set_attribute(KeyValue::new("error.type", kind.clone()));
    span.add_event(
        "exception",
        vec![KeyValue::new("exception.type", kind), KeyValue::new("exception.message", message.clone())],
    );
    span.set_status(Status::error(message));
}

/// The status of an HTTP answer; from `error_from` on (500 for who served it, 400 for who asked) it is an error.
pub(crate) fn record_status(span: &SpanRef<'_>, status: u16, error_from: u16) {
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    if status >= error_from {
        span.set_attribute(KeyValue::new("error.type", status.to_string()));
        span.set_status(Status::error(""));
    }
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}
