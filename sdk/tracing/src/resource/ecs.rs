//! A container of an ECS task, from the task metadata endpoint, version 4.
//!
//! Every field may be absent. The task's `Limits.CPU` is in vCPU, a container's in units: the task's is what is paid for.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::{Found, fetch, texts};

/// The endpoint is asked twice at once: for this container and for its task.
pub(super) async fn found(endpoint: &str, limit: Duration) -> Found {
    let task = format!("{endpoint}/task");
    let (container, task) =
        tokio::join!(fetch::json(endpoint, HeaderMap::new(), limit), fetch::json(&task, HeaderMap::new(), limit));
    of(&container, &task)
}

/// From both answers; either may be null.
pub(super) fn of(container: &Value, task: &Value) -> Found {
    let text = |of: &Value, name: &str| of.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let task_arn = text(task, "TaskARN");
    // `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`, formerly without the cluster.
    let parts: Vec<&str> = task_arn.as_deref().map(|arn| arn.splitn(6, ':').collect()).unwrap_or_default();
    let part = |at: usize| parts.get(at).map(|part| (*part).to_owned());
    let mut found = Found { service: text(task, "ServiceName").or_else(|| text(task, "Family")), ..Found::default() };
    found.put("cloud.provider", Some("aws"));
    found.put("cloud.platform", Some("aws_ecs"));
    found.put("cloud.region", part(3));
    found.put("cloud.account.id", part(4));
    found.put("cloud.availability_zone", text(task, "AvailabilityZone"));
    found.put("cloud.resource_id", text(container, "ContainerARN"));
    found.put("aws.ecs.container.arn", text(container, "ContainerARN"));
    found.put("aws.ecs.task.id", part(5).and_then(|resource| resource.rsplit('/').next().map(str::to_owned)));
    // On EC2 the cluster may come as its short name.
    let cluster = text(task, "Cluster").map(|cluster| match (part(1), part(3), part(4)) {
        (Some(partition), Some(region), Some(account)) if !cluster.starts_with("arn:") => {
            format!("arn:{partition}:ecs:{region}:{account}:cluster/{cluster}")
        }
        _ => cluster,
    });
    found.put("aws.ecs.cluster.arn", cluster);
    found.put("aws.ecs.task.arn", task_arn);
    found.put("aws.ecs.task.family", text(task, "Family"));
    found.put("aws.ecs.task.revision", text(task, "Revision"));
    found.put("aws.ecs.launchtype", text(task, "LaunchType").map(|kind| kind.to_lowercase()));
    found.put("container.id", text(container, "DockerId"));
    found.put("container.name", text(container, "Name").or_else(|| text(container, "DockerName")));
    if let Some(image) = text(container, "Image") {
        let (name, tag) = image_name(&image);
        found.put("container.image.name", Some(name.to_owned()));
        found.put("container.image.tags", tag.map(|tag| texts([tag.to_owned()])));
    }
    found.put("container.image.id", text(container, "ImageID"));
    let log = container.get("LogOptions").unwrap_or(&Value::Null);
    found.put("aws.log.group.names", text(log, "awslogs-group").map(|name| texts([name])));
    found.put("aws.log.stream.names", text(log, "awslogs-stream").map(|name| texts([name])));
    found.put("host.arch", Some(architecture(std::env::consts::ARCH)));
    let number = |at: &[&str]| at.iter().try_fold(task, |value, name| value.get(name))?.as_f64();
    found.put("coldlight.task.vcpu", number(&["Limits", "CPU"]));
    found.put("coldlight.task.memory_mib", number(&["Limits", "Memory"]).map(|mib| mib as i64));
    found.put(
        "coldlight.task.storage_gib",
        number(&["EphemeralStorageMetrics", "Reserved"]).map(|mib| (mib / 1024.0).round() as i64),
    );
    found.put("coldlight.task.pull_started_at", text(task, "PullStartedAt"));
    found
}

/// A name is cut at the last `:` behind the last `/`, as a registry may have a port; `@sha256:…` is no tag.
fn image_name(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

/// As the conventions write it.
pub(super) fn architecture(rust: &'static str) -> &'static str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "x86",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_cut_behind_its_registry() {
        assert_eq!(image_name("localhost:5000/shop"), ("localhost:5000/shop", None));
        assert_eq!(image_name("localhost:5000/shop:1.9"), ("localhost:5000/shop", Some("1.9")));
        assert_eq!(image_name("shop@sha256:79ab"), ("shop", None));
        assert_eq!(image_name("nginx"), ("nginx", None));
    }
}
