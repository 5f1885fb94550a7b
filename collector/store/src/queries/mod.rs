//! Questions and their answers: one `.sql` file beside each function.

mod asking;
mod carried;
mod cold_course;
mod condition;
mod containers;
mod differences;
mod function_course;
mod function_sizes;
mod heat;
mod invocation_condition;
mod invocations;
mod live;
mod locate;
mod map;
mod operations;
mod places;
mod sampled;
mod services;
mod span;
mod spending;
mod spent;
mod spent_condition;
mod status;
mod trace;
mod trace_cost;
mod traces;
mod vocabulary;

pub use carried::CarriedByEdge;
pub(crate) use condition::{Conditions, conditions};
pub(crate) use invocation_condition::invocation_conditions;
pub use invocations::InvocationSearch;
pub use live::LiveSearch;
pub use locate::Located;
pub use spending::SpendingSearch;
pub use trace::TraceMark;
pub use traces::TraceSearch;
