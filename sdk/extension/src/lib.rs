//! An external Lambda extension that takes a function's spans and the platform's telemetry, and hands them to a collector.
//!
//! ```text
//! function ── OTLP ──▶ receive ─┐
//!                               ├─▶ spool in /tmp ──▶ export, at the end of an invocation or the start of the next
//! platform ── HTTP ──▶ telemetry┘      ▲ answered
//! ```
//!
//! - [`program`]: what `main` does; [`run`]: the life of it; [`lambda`] Lambda's API, [`settings`] the environment, [`strategy`] when to hand over.
//! - [`receive`]: OTLP over HTTP and gRPC; [`telemetry`]: the platform's records as OTLP logs.
//! - [`house`] and [`spool`]: what was taken and not yet handed over; it survives kills and resets.
//! - [`export`]: to the collector, merged by [`signal`]; [`tax`]: what all this costs the function, as data.
//!
//! Spans are never decoded here: requests are joined as they are.

pub mod clock;
pub mod export;
pub mod house;
pub mod lambda;
pub mod program;
pub mod receive;
pub mod run;
pub mod settings;
pub mod signal;
pub mod spool;
pub mod strategy;
pub mod tax;
pub mod telemetry;
