//! AWS Lambda on your own machine: unmodified runtimes and extensions run here as they do there.
//!
//! - [`function`]: what is known of a function; [`command`] its program, [`template`] a SAM template's functions and events.
//! - [`fleet`]: scales out, one environment per concurrent invocation; [`answer`] and [`report`] are what a caller gets.
//! - [`environment`]: one environment and its phases; it freezes between invocations, resets after a fault, retires when idle.
//! - [`api`]: Runtime, Extensions and Telemetry API; [`telemetry`] and [`record`] what the platform tells.
//! - [`sources`]: queue, topic, bus, schedule, function URL, HTTP API, Invoke API.
//! - [`cli`]: the command line.
//!
//! Real: freezing (the processes are stopped), limits of time and memory, phases, resets, scaling, billing. Not here: networks and
//! file systems of their own, processors in proportion to memory, SnapStart, Managed Instances, other systems than Linux.

mod address;
pub mod answer;
mod api;
pub mod cli;
mod clock;
pub mod command;
mod environment;
pub mod error;
pub mod fleet;
pub mod function;
mod guard;
mod id;
pub mod line;
mod memory;
mod process;
mod record;
pub mod report;
pub mod sources;
mod telemetry;
pub mod template;
mod trace_header;
mod variables;

pub use answer::{Answer, Body, Complete, FunctionError, Request};
pub use error::LocalError;
pub use fleet::Fleet;
pub use function::Function;
pub use line::Line;
pub use report::Report;
