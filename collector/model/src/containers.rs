//! Tasks and pods in a time: what runs where, how busy it was, and at what price.

use crate::money::Usd;
use crate::{Nanos, NodeKind, TimeRange, Timestamp};

/// What a task cost in the time asked about, and the prices of an hour that it was computed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskMoney {
    /// `busy` and `idle` sum to it exactly.
    pub cost: Usd,
    pub busy: Usd,
    pub idle: Usd,
    /// An hour of it.
    pub hourly: Usd,
    pub rates: Rates,
}

/// By what a task's hour is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rates {
    /// Fargate: an hour of a vCPU, of a GB, and of a GB of storage above 20 GiB.
    Size { vcpu: Usd, memory: Usd, storage: Option<Usd> },
    /// An instance's hour, of which the task has `weight / of`.
    Share { instance: Usd, weight: u64, of: u64 },
}

impl Default for Rates {
    fn default() -> Self {
        Self::Size { vcpu: Usd::ZERO, memory: Usd::ZERO, storage: None }
    }
}

/// A task or pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// The task's ARN or the pod's UID; else what tells it apart from others.
    pub id: String,
    pub platform: NodeKind,
    pub cluster: Option<String>,
    /// Of ECS the service, of Kubernetes the namespace.
    pub ecs_service: Option<String>,
    pub family: Option<String>,
    pub revision: Option<String>,
    pub namespace: Option<String>,
    pub workload: Option<String>,
    pub pod: Option<String>,
    pub service: String,
    pub environment: Option<String>,
    pub containers: Vec<String>,
    pub image: Option<String>,
    /// `fargate`, `ec2` or `external`.
    pub launch_type: Option<String>,
    pub spot: bool,
    pub vcpu: Option<f64>,
    pub memory_mib: Option<u64>,
    pub storage_gib: Option<f64>,
    pub architecture: Option<String>,
    pub region: Option<String>,
    pub zone: Option<String>,
    pub host_type: Option<String>,
    pub pulled_at: Option<Timestamp>,
    /// From when to when it is counted, whenever that was.
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// In the time asked about.
    pub requests: u64,
    pub failed: u64,
    /// The 95th percentile of its requests.
    pub p95: Option<Nanos>,
    /// What is billed of the time asked about, and how much of it at least one request was open.
    pub billed: Nanos,
    pub busy: Nanos,
    /// `None`: see `unpriced_because`.
    pub money: Option<TaskMoney>,
    pub unpriced_because: Option<String>,
    /// `estimated`: from what the task said; `inferred`: its start or its processor is a guess.
    pub cost_state: String,
}

impl Task {
    /// The name of a level of the ladder that this task is under: its cluster, its service or namespace, its task definition or
    /// workload.
    pub fn rung(&self, level: Rung) -> Option<String> {
        match level {
            Rung::Cluster => self.cluster.clone(),
            Rung::Service => self.ecs_service.clone().or_else(|| self.namespace.clone()),
            Rung::Definition => match (&self.family, &self.revision) {
                (Some(family), Some(revision)) => Some(format!("{family}:{revision}")),
                (Some(family), None) => Some(family.clone()),
                (None, _) => self.workload.clone(),
            },
            Rung::Task => Some(self.id.clone()),
        }
    }

    /// The part of the id that people know it by: what is behind the last `/` of an ARN, or the pod's name.
    pub fn short_name(&self) -> &str {
        match &self.pod {
            Some(pod) => pod,
            None => self.id.rsplit('/').next().unwrap_or(&self.id),
        }
    }
}

/// A level of the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rung {
    #[default]
    Cluster,
    Service,
    Definition,
    Task,
}

impl Rung {
    pub const ALL: [Self; 4] = [Self::Cluster, Self::Service, Self::Definition, Self::Task];

    /// As in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Service => "service",
            Self::Definition => "definition",
            Self::Task => "task",
        }
    }
}

/// The answer: every task alive in `range`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Containers {
    pub range: TimeRange,
    /// Dearest first; those without a price last; then by id.
    pub tasks: Vec<Task>,
    /// Tasks beyond those listed.
    pub more: u64,
}
