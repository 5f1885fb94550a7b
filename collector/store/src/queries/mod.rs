//! Questions and their answers: one `.sql` file beside each function.

mod condition;
mod containers;
mod invocation_condition;
mod invocations;
mod locate;
mod map;
mod operations;
mod services;
mod span;
mod spending;
mod status;
mod trace;
mod traces;

pub use invocations::InvocationSearch;
pub use locate::Located;
pub use traces::TraceSearch;
