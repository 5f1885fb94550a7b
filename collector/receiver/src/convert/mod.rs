//! From OTLP's words to ours: what is invalid is split off, what is odd is mended and marked, secrets are replaced.
//!
//! Every struct of OTLP is taken apart field by field: one that a new version adds does not compile until somebody
//! says where it goes. Strings are moved, never copied.

mod attributes;
mod logs;
mod metrics;
mod shared;
mod spans;
mod tally;

pub(crate) use logs::logs;
pub(crate) use metrics::metrics;
pub(crate) use shared::ENTITY_REFS;
pub(crate) use spans::spans;
pub(crate) use tally::Tally;

/// The longest text or bytes kept of one value.
pub(crate) const MAX_VALUE_BYTES: usize = 64 << 10;
/// The most attributes kept of a span, an event, a link, a log record, a resource or a scope.
pub(crate) const MAX_ATTRIBUTES: usize = 512;
pub(crate) const MAX_EVENTS: usize = 1024;
pub(crate) const MAX_LINKS: usize = 1024;
