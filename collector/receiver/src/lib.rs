//! OTLP over gRPC and HTTP in, batches out.
//!
//! The way of a request: its key, its host, room for it, its body, a look at the bytes, decoding, conversion (where the invalid
//! is split off, the odd mended, secrets replaced), the outlet; and only when that says *kept*, the answer. Everything is
//! bounded: connections, headers, bodies before and after decompression, decoded memory, time.
//!
//! Not here: what becomes of a batch, where addresses and keys come from, pages.

mod accept;
mod admission;
mod answer;
mod body;
mod connections;
mod convert;
mod cors;
mod counts;
mod encoding;
mod grpc;
mod http;
mod intake;
mod json;
mod outlet;
mod receiver;
mod redact;
mod refusal;
mod settings;
mod signal;
mod to_json;
mod wire;

#[cfg(test)]
mod hostile;

#[doc(hidden)]
pub mod measure;

pub use outlet::{Access, Authorize, Keep, Outlet, WaitForRoom};
pub use receiver::Receiver;
pub use settings::Settings;
pub use to_json::to_otlp_json;
