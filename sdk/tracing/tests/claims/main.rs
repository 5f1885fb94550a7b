//! What the SDK promises, through its public interface and over real sockets.

mod aws;
mod function;
mod http;
#[expect(dead_code, reason = "the unit tests ask more of it")]
mod receiver;
mod runtime_api;
mod traced;
