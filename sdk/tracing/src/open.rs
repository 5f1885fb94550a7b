//! A span that is open, in its context.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

/// Ends its span when dropped, however that came about: by an answer, an error, or somebody who would not wait.
#[derive(Debug)]
pub(crate) struct Open(pub(crate) Context);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.span().end();
    }
}
