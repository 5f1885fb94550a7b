#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
mod baggage;
mod clock;
mod courier;
mod failure;
pub mod http;
mod ids;
#[cfg(feature = "lambda")]
pub mod lambda;
mod layer;
mod open;
mod propagation;
mod report;
mod resource;
mod settings;
mod telemetry;
#[cfg(test)]
mod testing;

pub use coldlight_triggers as triggers;
pub use ids::XRayIds;
pub use propagation::XRayPropagator;
pub use telemetry::{Telemetry, init, start, start_with};
