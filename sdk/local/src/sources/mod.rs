//! What invokes functions: each source makes the event its namesake at AWS makes, and waits, retries or gives up as that does.

pub mod asynchronous;
pub mod bus;
pub mod cron;
pub mod gateway;
pub mod handover;
pub mod http;
pub mod queue;
pub mod s3;
pub mod schedule;
mod sqs;
pub mod topic;
