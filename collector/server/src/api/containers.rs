//! `GET /api/v1/containers`: tasks and pods, what they did and cost.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use coldlight_model::{Rung, Task};
use serde_json::{Value, json};

use super::views::{Range, Time};
use super::{Answer, Asked, answer};
use crate::site::Site;

pub async fn containers(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &[])?;
    let found = site.store.containers(asked.range).await?;
    let tasks: Vec<Value> = found.tasks.iter().map(task).collect();
    answer(&json!({ "range": Range::from(asked.range), "tasks": tasks, "more": found.more }))
}

/// Money as decimal text: a JSON number would be rounded by whoever reads it.
fn task(task: &Task) -> Value {
    let money = task.money.as_ref();
    json!({
        "task": task.id, "platform": task.platform.name(), "cluster": task.cluster,
        "service_or_namespace": task.rung(Rung::Service), "definition_or_workload": task.rung(Rung::Definition),
        "pod": task.pod, "service": task.service, "environment": task.environment, "containers": task.containers,
        "image": task.image, "launch_type": task.launch_type, "spot": task.spot, "vcpu": task.vcpu,
        "memory_mib": task.memory_mib, "storage_gib": task.storage_gib, "architecture": task.architecture,
        "region": task.region, "zone": task.zone, "host_type": task.host_type,
        "pulled_at": task.pulled_at.map(Time), "first_seen": Time(task.first_seen), "last_seen": Time(task.last_seen),
        "requests": task.requests, "failed": task.failed, "p95_ns": task.p95, "billed_ns": task.billed,
        "busy_ns": task.busy, "cost_usd": money.map(|money| money.cost.to_string()),
        "busy_usd": money.map(|money| money.busy.to_string()), "idle_usd": money.map(|money| money.idle.to_string()),
        "hourly_usd": money.map(|money| money.hourly.to_string()),
        "cost_state": task.cost_state, "unpriced_because": task.unpriced_because,
    })
}
