//! What invocations and containers cost in a time: per step, per group, and where the money went.

use crate::money::Usd;
use crate::{Nanos, TimeRange};

/// By what spending is grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpendingBy {
    #[default]
    Service,
    Function,
    Route,
    Version,
    Memory,
    Tenant,
    Environment,
}

impl SpendingBy {
    pub const ALL: [Self; 7] =
        [Self::Service, Self::Function, Self::Route, Self::Version, Self::Memory, Self::Tenant, Self::Environment];

    /// As in addresses and SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Function => "function",
            Self::Route => "route",
            Self::Version => "version",
            Self::Memory => "memory",
            Self::Tenant => "tenant",
            Self::Environment => "environment",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// A sum of invocations and requests to containers, and its parts; the parts add up to [`Spent::total`] exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub invocations: u64,
    pub failed: u64,
    pub cold: u64,
    /// Invocations that cannot be priced: in none of the sums.
    pub unpriced: u64,
    pub requests: Usd,
    /// Of the duration: own work, waiting for calls, init, and extensions after the answer.
    pub own: Usd,
    pub waiting: Usd,
    pub init: Usd,
    pub flush: Usd,
    /// SnapStart restores.
    pub restore: Usd,
    /// Requests that containers served, and those among them (and tasks) without a price: in none of the sums.
    pub container_requests: u64,
    pub unpriced_requests: u64,
    pub unpriced_tasks: u64,
    /// Containers while at least one request was open, and while none was.
    pub busy: Usd,
    pub idle: Usd,
    /// Across the parts: of invocations and requests that failed; of those whose billed time the platform reported.
    pub in_failed: Usd,
    pub reported: Usd,
}

impl Spent {
    /// Saturating only beyond 10²⁰ USD, which no sum of invocations reaches.
    pub fn total(&self) -> Usd {
        let parts = [self.requests, self.own, self.waiting, self.init, self.flush, self.restore, self.busy, self.idle];
        Usd::sum(parts).unwrap_or_default()
    }

    /// Invocations and requests to containers.
    pub fn served(&self) -> u64 {
        self.invocations.saturating_add(self.container_requests)
    }

    /// Those of [`Spent::served`] that have a price.
    pub fn priced(&self) -> u64 {
        self.served().saturating_sub(self.unpriced).saturating_sub(self.unpriced_requests)
    }

    pub fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.failed += other.failed;
        self.cold += other.cold;
        self.unpriced += other.unpriced;
        self.container_requests += other.container_requests;
        self.unpriced_requests += other.unpriced_requests;
        self.unpriced_tasks += other.unpriced_tasks;
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.own, other.own),
            (&mut self.waiting, other.waiting),
            (&mut self.init, other.init),
            (&mut self.flush, other.flush),
            (&mut self.restore, other.restore),
            (&mut self.busy, other.busy),
            (&mut self.idle, other.idle),
            (&mut self.in_failed, other.in_failed),
            (&mut self.reported, other.reported),
        ] {
            *sum = sum.checked_add(more).unwrap_or(*sum);
        }
    }
}

/// One group: a service, a route, a memory size, as asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpendingGroup {
    /// `None`: invocations that do not say.
    pub name: Option<String>,
    pub spent: Spent,
    /// In the same length of time before.
    pub previous: Usd,
    /// Cost by step of [`Spending::step`].
    pub steps: Vec<Usd>,
    /// Smallest and largest configured memory.
    pub memory_mb: Option<(u64, u64)>,
    /// `None`: nobody said, or several.
    pub architecture: Option<String>,
    /// What the same invocations would have cost on arm64, where all of them are known to be on x86_64.
    pub on_arm64: Option<Usd>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    pub range: TimeRange,
    pub step: Nanos,
    pub by: SpendingBy,
    /// Dearest first; then by name.
    pub groups: Vec<SpendingGroup>,
    pub total: Spent,
    /// The same length of time before, whole and by step.
    pub previous: Spent,
    pub previous_steps: Vec<Usd>,
}
