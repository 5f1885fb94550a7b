//! What invocations and containers cost in a time: per step, per group, and where the money went.

use std::borrow::Cow;

use crate::money::Usd;
use crate::{Nanos, TimeRange, Timestamp};

/// By what spending is grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpendingBy {
    #[default]
    Service,
    Function,
    Route,
    Version,
    Memory,
    /// Whose service it is: the first of [`TEAM`] that its resource says.
    Team,
    /// On whose behalf it was: tenant or [`CUSTOMER`], found as an attribute is.
    Customer,
    /// On whose behalf it was, as the span of the invocation or request itself says.
    Tenant,
    Environment,
    /// By an attribute. Of a span, else of its sender; of a batch of messages that of the traces they came from, each with its
    /// part; else the first that its trace says.
    Attribute(String),
}

/// Attributes of a resource that name a team, the first that is there before the others.
pub const TEAM: [&str; 6] = ["team", "team.name", "app.team", "service.team", "owner", "service.namespace"];

/// The attribute of a span that names a customer where no tenant does (`aws.lambda.tenant_id`, `tenant.id`).
pub const CUSTOMER: &str = "customer.id";

impl SpendingBy {
    /// All but attributes, of which there is no end.
    pub const ALL: [Self; 9] = [
        Self::Service,
        Self::Function,
        Self::Route,
        Self::Version,
        Self::Memory,
        Self::Team,
        Self::Customer,
        Self::Tenant,
        Self::Environment,
    ];

    /// Longer names of attributes are not asked for.
    const LONGEST: usize = 200;

    /// As in addresses and SQL: `service`, `attr.order.tier`.
    pub fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Service => "service",
            Self::Function => "function",
            Self::Route => "route",
            Self::Version => "version",
            Self::Memory => "memory",
            Self::Team => "team",
            Self::Customer => "customer",
            Self::Tenant => "tenant",
            Self::Environment => "environment",
            Self::Attribute(name) => return Cow::Owned(format!("attr.{name}")),
        })
    }

    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(attribute) = name.strip_prefix("attr.") {
            let fits = !attribute.is_empty() && attribute.len() <= Self::LONGEST;
            return fits.then(|| Self::Attribute(attribute.to_owned()));
        }
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    /// What there is, for whoever asked for something else.
    pub fn choices() -> String {
        let names: Vec<String> = Self::ALL.iter().map(|by| by.name().into_owned()).collect();
        format!("{}, or attr.NAME", names.join(", "))
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
    /// `/tmp` above 512 MB, streamed responses above 6 MiB, SnapStart restores.
    pub storage: Usd,
    pub streamed: Usd,
    pub restore: Usd,
    /// Requests that containers served, and those among them (and tasks) without a price: in none of the sums.
    pub container_requests: u64,
    pub unpriced_requests: u64,
    pub unpriced_tasks: u64,
    /// Messages sent, events put, requests to gateways, buckets and tables, as far as spans tell of them; and calls among them
    /// without a price, which are in none of the sums.
    pub calls: Usd,
    pub unpriced_calls: u64,
    /// Invocations whose traces were sampled and that no report makes complete; about how many more there were, and what those cost.
    /// An estimate beside the sums, and in none of them.
    pub sampled: u64,
    pub left_out: u64,
    pub left_out_usd: Usd,
    /// Containers while at least one request was open, and while none was.
    pub busy: Usd,
    pub idle: Usd,
    /// Containers where nobody asked which of the two: then both are zero.
    pub tasks: Usd,
    /// Across the parts: of invocations and requests that failed; of those whose billed time the platform reported.
    pub in_failed: Usd,
    pub reported: Usd,
}

impl Spent {
    /// Saturating only beyond 10²⁰ USD, which no sum of invocations reaches.
    pub fn total(&self) -> Usd {
        let durations = [self.own, self.waiting, self.init, self.flush];
        let functions = [self.requests, self.storage, self.streamed, self.restore];
        let others = [self.calls, self.busy, self.idle, self.tasks];
        Usd::sum(durations.into_iter().chain(functions).chain(others)).unwrap_or_default()
    }

    /// Invocations and requests to containers.
    pub fn served(&self) -> u64 {
        self.invocations.saturating_add(self.container_requests)
    }

    /// One in how many invocations of sampled traces was kept, on average; `None` where nothing was left out.
    pub fn kept_one_in(&self) -> Option<u64> {
        (self.left_out > 0 && self.sampled > 0)
            .then(|| (self.sampled.saturating_add(self.left_out) + self.sampled / 2) / self.sampled)
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
        self.unpriced_calls += other.unpriced_calls;
        self.sampled += other.sampled;
        self.left_out = self.left_out.saturating_add(other.left_out);
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.own, other.own),
            (&mut self.waiting, other.waiting),
            (&mut self.init, other.init),
            (&mut self.flush, other.flush),
            (&mut self.storage, other.storage),
            (&mut self.streamed, other.streamed),
            (&mut self.restore, other.restore),
            (&mut self.calls, other.calls),
            (&mut self.left_out_usd, other.left_out_usd),
            (&mut self.busy, other.busy),
            (&mut self.idle, other.idle),
            (&mut self.tasks, other.tasks),
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
    /// `None`: what does not say.
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
    /// Where the first step begins: with the range, or less than a step before, and then it is whole only from there on.
    pub origin: Timestamp,
    pub by: SpendingBy,
    /// Dearest first; then by name. What several groups share counts in each of them, and its cost is divided: costs of groups add
    /// up to the total, counts may be more.
    pub groups: Vec<SpendingGroup>,
    pub total: Spent,
    /// Minutes of the range whose sums are as they were computed last, because something came that changes them.
    pub anew: u64,
    /// The same length of time before, whole and by step.
    pub previous: Spent,
    pub previous_steps: Vec<Usd>,
}
