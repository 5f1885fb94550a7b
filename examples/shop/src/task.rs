//! In place of ECS's task metadata endpoint, version 4: what a container on Fargate is told about itself.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Role;

/// `http://HOST/v4/ROLE` and `…/task`.
pub fn endpoint() -> Router {
    Router::new()
        .route("/v4/{role}", get(async |Path(role): Path<String>| Json(Role::named(&role).map(container))))
        .route("/v4/{role}/task", get(async |Path(role): Path<String>| Json(Role::named(&role).map(task))))
}

/// 32 hexadecimal digits.
fn id(role: Role) -> &'static str {
    match role {
        Role::Shopfront => "0f6d2b7c41e84a0e9a52c8d41b7a6e35",
        Role::Products => "5b1e9c08d7f24c6fb3a90d25e6417c82",
        Role::Stock => "a83c54f1096e4de18c7b2f60d9351ae4",
    }
}

fn container(role: Role) -> Value {
    let (name, id) = (role.name(), id(role));
    json!({
        "DockerId": format!("{id}-2495160603"), "Name": "app", "DockerName": "app",
        "Image": format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/{name}:1.4"),
        "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Limits": { "CPU": 2 }, "Type": "NORMAL",
        "ContainerARN": format!("arn:aws:ecs:eu-west-1:123456789012:container/shop/{id}/05281997-0c5e-4f4e-9f0b-3a1c{}", &id[..8]),
        "LogDriver": "awslogs",
        "LogOptions": { "awslogs-group": format!("/ecs/{name}"), "awslogs-region": "eu-west-1", "awslogs-stream": format!("ecs/app/{id}") },
    })
}

fn task(role: Role) -> Value {
    // A quarter of a vCPU and half a gigabyte is the smallest that Fargate sells; whoever is asked most has twice as much.
    let (vcpu, mib) = if role == Role::Shopfront { (0.5, 1_024) } else { (0.25, 512) };
    json!({
        "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/shop",
        "TaskARN": format!("arn:aws:ecs:eu-west-1:123456789012:task/shop/{}", id(role)),
        "Family": role.name(), "Revision": "4", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING",
        "Limits": { "CPU": vcpu, "Memory": mib }, "AvailabilityZone": "eu-west-1b", "LaunchType": "FARGATE",
        "EphemeralStorageMetrics": { "Utilized": 281, "Reserved": 20_496 }, "Containers": [container(role)],
    })
}
