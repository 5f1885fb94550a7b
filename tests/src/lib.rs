//! What the stories and the load tool share: the program as a child process, senders that speak OTLP byte by byte, and the
//! recorded requests of real SDKs.
//!
//! Nothing here knows a crate of the collector: a test reaches what a user reaches, which is a command line, ports and files, and the
//! local Lambda, which is a library for tests.

pub mod clock;
pub mod corpus;
pub mod crowd;
pub mod day;
pub mod events;
pub mod functions;
pub mod grpc;
pub mod lambda;
pub mod large;
pub mod ledger;
pub mod measure;
pub mod otlp;
pub mod price_list;
pub mod program;
pub mod proxy;
pub mod random;
pub mod stamp;
pub mod steady;
pub mod table;
pub mod tools;
pub mod web;

pub use program::{Coldlight, Options};
