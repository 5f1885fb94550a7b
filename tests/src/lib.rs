//! What the stories and the load tool share: the program as a child process, senders that speak OTLP byte by byte, and the
//! recorded requests of real SDKs.
//!
//! Nothing here knows a crate of the program: a test reaches what a user reaches, which is a command line, ports and files.

pub mod clock;
pub mod corpus;
pub mod grpc;

pub mod lambda;
pub mod ledger;
pub mod measure;
pub mod otlp;
pub mod program;
pub mod random;
pub mod stamp;
pub mod steady;
pub mod table;
pub mod tools;
pub mod web;

pub use program::{Coldlight, Options};
