//! Where batches go and who may send them: closures that whoever starts the receiver wires to the rest of the program.

use std::time::Duration;

use coldlight_model::{Batch, Busy, Timestamp};
use futures_util::future::BoxFuture;

/// What a presented credential is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Granted,
    /// None was presented, or an unknown one.
    Missing,
    /// It is known and does not allow writing.
    Denied,
    /// It has sent as much as it may for now; more after this long.
    Wait(Duration),
}

/// Waits up to the given time until a batch could be kept.
pub type WaitForRoom = Box<dyn Fn(Duration) -> BoxFuture<'static, Result<(), Busy>> + Send + Sync>;

/// Keeps a batch; `Ok` means that it is on disk.
pub type Keep = Box<dyn Fn(Batch) -> BoxFuture<'static, Result<(), Busy>> + Send + Sync>;

/// Judges the bearer token or `x-coldlight-key` of a request, if it had one.
pub type Authorize = Box<dyn Fn(Option<&str>) -> Access + Send + Sync>;

/// Everything the receiver needs from the program around it.
pub struct Outlet {
    pub room: WaitForRoom,
    pub keep: Keep,
    pub authorize: Authorize,
    pub now: fn() -> Timestamp,
}
