//! What the page about cold starts says beyond its groups: where inits spend their time, after how long an idle time they happen, and who
//! waits for them.

use crate::Nanos;
use crate::money::Usd;

/// How long a function had been idle, in nanoseconds: the lower bounds of [`ColdCourse::idle`], after those that began while others ran.
pub const IDLE_FROM: [Nanos; 7] = {
    const MINUTE: Nanos = 60_000_000_000;
    [0, MINUTE / 6, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 360 * MINUTE]
};

/// Answer about the cold starts that a filter holds of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColdCourse {
    /// By function, those with the most inits told apart first.
    pub splits: Vec<InitSplit>,
    /// Cold starts while other invocations of the function were running: not idle, but too busy.
    pub while_busy: u64,
    /// Cold starts after the function had been idle for as long as [`IDLE_FROM`] says.
    pub idle: [u64; IDLE_FROM.len()],
    /// Of which nothing before is known.
    pub first_known: u64,
    /// By the route that the trace began with, those that waited longest in all first.
    pub routes: Vec<ColdRoute>,
}

/// Where the inits of one function spent their time, on average: the parts add up to `whole`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitSplit {
    pub function: String,
    pub inits: u64,
    pub whole: Nanos,
    /// Until the last extension was ready; `None` where no extension was told of.
    pub extensions: Option<Nanos>,
    /// From then until the runtime asked for its first event: runtime and function code together, or the runtime alone where the function's
    /// own part is known.
    pub runtime: Nanos,
    /// The function's own code, where an SDK in it measured that.
    pub function_code: Option<Nanos>,
    /// From then until the platform said the init was done: extensions that were not ready before.
    pub rest: Nanos,
}

/// Cold starts behind one route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColdRoute {
    pub service: String,
    pub route: String,
    /// Traces that began with it, whether something in them was cold or not, and those in which somebody waited for a start.
    pub requests: u64,
    pub slowed: u64,
    /// What those waited for starts, each: median and 95th percentile.
    pub added: (Nanos, Nanos),
    /// What the inits in them cost; of some nobody knows.
    pub init: Usd,
    pub unpriced: u64,
}
