//! Requests of reqwest.

use std::future::Future;

use opentelemetry::context::FutureExt;
use opentelemetry::trace::TraceContextExt;
use reqwest::{Error, RequestBuilder, Response};

use super::{client, headers};
use crate::failure;
use crate::open::Open;

/// Sends a request of reqwest with a span, and the trace in its headers.
///
/// ```no_run
/// use coldlight::http::Traced;
///
/// # async fn price() -> Result<String, reqwest::Error> {
/// reqwest::Client::new().get("http://prices.internal/orders/42").send_traced().await?.text().await
/// # }
/// ```
pub trait Traced {
    /// As `send`; errors are those of `send`.
    ///
    /// ```no_run
    /// use coldlight::http::Traced;
    ///
    /// # async fn ask(request: reqwest::RequestBuilder) -> Result<(), reqwest::Error> {
    /// let status = request.send_traced().await?.status();
    /// # Ok(())
    /// # }
    /// ```
    fn send_traced(self) -> impl Future<Output = Result<Response, Error>> + Send;
}

impl Traced for RequestBuilder {
    async fn send_traced(self) -> Result<Response, Error> {
        let (client, request) = self.build_split();
        let mut request = request?;
        let uri = request.url().as_str().parse().unwrap_or_default();
        let open = Open(client::started(headers::method(request.method()), &uri));
        let context = open.0.clone();
        headers::inject(&context, request.headers_mut());
        let result = client.execute(request).with_context(context.clone()).await;
        let span = context.span();
        match &result {
            Ok(response) => {
                if let Some(version) = headers::version(response.version()) {
                    span.set_attribute(opentelemetry::KeyValue::new("network.protocol.version", version));
                }
                failure::record_status(&span, response.status().as_u16(), 400);
            }
            // An error of reqwest says its address, query and all.
            Err(why) => failure::record(&span, kind(why), &cause(why)),
        }
        drop(open);
        result
    }
}

fn kind(error: &Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "reqwest::Error"
    }
}

/// The innermost reason.
fn cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::addr_eq(cause, error) { kind(error).to_owned() } else { cause.to_string() }
}
