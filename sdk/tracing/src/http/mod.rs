//! HTTP on both sides: spans of requests served, and of requests made, with the context in their headers.
//!
//! Layers of tower for `http::Request`: axum, tonic and hyper on the serving side, hyper-util's client on the asking side; and with
//! the feature `reqwest`, its requests. They make spans with the global tracer that [`init`](crate::init) and [`start`](crate::start)
//! set, whatever the level of your logs is.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! let telemetry = coldlight::start();
//! let app: axum::Router = axum::Router::new()
//!     .route("/orders/{id}", axum::routing::get(async || "an order"))
//!     .layer(coldlight::http::serve()); // spans named `GET /orders/{id}`
//! # }
//! ```
//!
//! No query strings and no headers but the user agent are recorded: they may hold what is nobody's business.

mod body;
mod client;
mod headers;
mod peer;
#[cfg(feature = "reqwest")]
mod reqwest;
mod server;

pub use body::TracedBody;
pub use client::{Ask, Asking, AskingFuture};
#[cfg(feature = "reqwest")]
pub use reqwest::Traced;
pub use server::{Serve, Serving, ServingFuture};

pub(crate) const TRACER: &str = "coldlight";

/// A layer that makes a span for each request served. Put it around routes, as with axum's `Router::layer`: then it knows
/// which one matched (feature `axum`).
///
/// ```
/// use tower_layer::Layer;
///
/// let _service = coldlight::http::serve().layer("any service of http::Request");
/// ```
pub fn serve() -> Serve {
    Serve::new()
}

/// A layer that makes a span for each request made, and hands the trace on in its headers.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
/// use tower_layer::Layer;
///
/// let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
/// let mut client = coldlight::http::ask().layer(client);
/// ```
pub fn ask() -> Ask {
    Ask::new()
}
