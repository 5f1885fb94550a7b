//! AWS Lambda: what its platform reports, and the invocations that reports and spans together tell of.
//!
//! Not here: what an invocation costs (`money`), where its parts are kept (`store`).

mod attempt;
mod invocation;
mod platform;
mod report_line;
mod start;

pub use invocation::{CostState, FunctionSpan, Invocation, InvocationOutcome, Sightings, invocations};
pub use platform::{PlatformKind, PlatformRecord, platform_record};
pub use start::StartKind;
