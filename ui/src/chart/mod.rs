//! Charts as shapes: numbers in, coordinates and words out. Templates draw them; colours are the stylesheet's.

mod durations;
mod kpi;
mod lines;
mod scale;
mod spark;
mod split;
mod stack;

pub use durations::{DurationBar, Durations, Mark};
pub use kpi::Kpi;
pub use lines::{Course, Line, lines};
pub use scale::{Tick, duration_ticks, log_duration_ticks};
pub use spark::Spark;
pub use split::{Split, SplitPart};
pub use stack::{Part, Stack};
