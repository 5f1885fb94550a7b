//! A response's body that keeps the span open until its last byte.

use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::open::Open;

pin_project! {
    /// The body of a response whose span ends when the body does.
    ///
    /// ```
    /// // The inner body's frames pass through unchanged.
    /// fn is_body<B: http_body::Body>(body: coldlight::http::TracedBody<B>) -> impl http_body::Body<Data = B::Data> {
    ///     body
    /// }
    /// ```
    #[derive(Debug)]
    pub struct TracedBody<B> {
        #[pin]
        inner: B,
        open: Option<Open>,
    }
}

impl<B> TracedBody<B> {
    pub(super) fn new(inner: B, open: Option<Open>) -> Self {
        Self { inner, open }
    }
}

/// A body that is not traced, as axum's tests and extractors want to make them.
impl<B: Default> Default for TracedBody<B> {
    fn default() -> Self {
        Self { inner: B::default(), open: None }
    }
}

impl<B: Body> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(task));
        if !matches!(frame, Some(Ok(_))) {
            this.open.take();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
