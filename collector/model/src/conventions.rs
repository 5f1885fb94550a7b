//! What a resource says about where it runs, whichever convention it was written to.
//!
//! Old and new names mean the same; when both are there the new one wins. Raw attributes are never rewritten.
//! Source of the names: OpenTelemetry semantic conventions 1.44.0 and its schema files.

use crate::{Attributes, NodeKind, Resource, Value};

/// A lookup over one or two attribute sets by any of several names.
pub(crate) struct Lookup<'s, 'a> {
    sets: &'s [&'a Attributes],
    /// A bit for each of their names. Of the many names that are looked for a set has few.
    marks: u64,
}

/// One of 64 bits.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let at = |place: usize| bytes.get(place).copied().map_or(0, usize::from);
    1 << ((bytes.len() * 5 + at(bytes.len() / 2) * 3 + at(bytes.len().wrapping_sub(1))) % 64)
}

impl<'s, 'a> Lookup<'s, 'a> {
    pub(crate) fn of(sets: &'s [&'a Attributes]) -> Self {
        let names = sets.iter().flat_map(|set| set.iter());
        Self { sets, marks: names.fold(0, |marks, (name, _)| marks | mark(name)) }
    }

    fn each(&self, name: &str) -> impl Iterator<Item = &'a Value> {
        let sets = if self.marks & mark(name) == 0 { &[] } else { self.sets };
        sets.iter().filter_map(move |attributes| attributes.get(name))
    }

    pub(crate) fn value(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.each(name).next())
    }

    /// The first of `names` that holds a text (or an array whose first item is one) that is not empty.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&'a str> {
        names
            .iter()
            .find_map(|name| self.each(name).find_map(|value| value.first_text().filter(|text| !text.is_empty())))
    }

    pub(crate) fn owned(&self, names: &[&str]) -> Option<String> {
        self.text(names).map(str::to_owned)
    }

    pub(crate) fn int(&self, names: &[&str]) -> Option<i64> {
        names.iter().find_map(|name| self.each(name).find_map(Value::as_int))
    }

    pub(crate) fn double(&self, names: &[&str]) -> Option<f64> {
        match self.value(names)? {
            Value::Double(double) => Some(*double),
            // Environment variables say numbers in text.
            Value::Text(text) => text.trim().parse().ok().filter(|double: &f64| double.is_finite()),
            other => other.as_int().map(|int| int as f64),
        }
    }

    pub(crate) fn bool(&self, names: &[&str]) -> Option<bool> {
        self.value(names)?.as_bool()
    }
}

/// Typed facts of a resource: the columns of the `resources` table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceFacts {
    pub service: String,
    pub service_namespace: Option<String>,
    pub service_version: Option<String>,
    pub service_instance_id: Option<String>,
    pub environment: Option<String>,
    pub platform: NodeKind,
    pub cloud_provider: Option<String>,
    pub cloud_platform: Option<String>,
    pub cloud_account_id: Option<String>,
    pub cloud_region: Option<String>,
    pub cloud_availability_zone: Option<String>,
    pub cloud_resource_id: Option<String>,
    pub function: Option<String>,
    pub function_version: Option<String>,
    pub function_instance: Option<String>,
    /// MB of 1,048,576 bytes, whichever unit was sent.
    pub memory_mb: Option<i64>,
    /// Of a function's `/tmp`, which no convention names and no platform record tells.
    pub storage_mb: Option<i64>,
    /// `x86_64` or `arm64` as AWS spells them, other names as sent.
    pub architecture: Option<String>,
    pub runtime: Option<String>,
    pub cluster: Option<String>,
    pub ecs_service: Option<String>,
    pub task_family: Option<String>,
    pub task_revision: Option<String>,
    pub task_arn: Option<String>,
    pub launch_type: Option<String>,
    pub container_id: Option<String>,
    pub container_name: Option<String>,
    pub container_arn: Option<String>,
    pub image: Option<String>,
    pub image_tag: Option<String>,
    pub namespace: Option<String>,
    pub workload: Option<String>,
    pub pod: Option<String>,
    pub pod_uid: Option<String>,
    pub host_id: Option<String>,
    pub host_type: Option<String>,
    pub task_vcpu: Option<f64>,
    pub task_memory_mib: Option<i64>,
    pub task_storage_gib: Option<f64>,
    pub task_pull_started_at: Option<String>,
    pub task_spot: Option<bool>,
    pub sdk_language: Option<String>,
    pub sdk_name: Option<String>,
    pub sdk_version: Option<String>,
    pub log_group: Option<String>,
}

/// Memory in MB of 1,048,576 bytes: the conventions say bytes, Python and the Lambda layer send MB.
/// No function has less than a million bytes, and none has a million MB.
pub(crate) fn memory_mb(sent: i64) -> i64 {
    if sent < 1_000_000 { sent } else { sent / 1_048_576 }
}

/// The part of an ARN or path after its last `/` (or the whole).
fn last_part(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn architecture(sent: &str) -> String {
    match sent {
        "amd64" | "x86_64" | "x64" => "x86_64".to_owned(),
        "arm64" | "aarch64" => "arm64".to_owned(),
        other => other.to_owned(),
    }
}

/// Account, region and so on from `arn:partition:service:region:account:resource`.
pub(crate) fn arn_part(arn: &str, index: usize) -> Option<&str> {
    if !arn.starts_with("arn:") {
        return None;
    }
    arn.splitn(6, ':').nth(index).filter(|part| !part.is_empty())
}

/// Which kind of node a service with this resource is.
fn platform(at: &Lookup) -> NodeKind {
    match at.text(&["cloud.platform"]) {
        Some("aws_lambda") => NodeKind::Lambda,
        Some("aws_ecs") => NodeKind::Ecs,
        Some("aws_eks") => NodeKind::Eks,
        Some("aws_ec2" | "aws_elastic_beanstalk") => NodeKind::Ec2,
        _ if at.value(&["faas.name", "faas.instance"]).is_some() => NodeKind::Lambda,
        _ if at.value(&["aws.ecs.task.arn", "aws.ecs.cluster.arn", "aws.ecs.container.arn"]).is_some() => NodeKind::Ecs,
        _ if at.value(&["k8s.pod.name", "k8s.pod.uid", "aws.eks.cluster.arn"]).is_some() => NodeKind::Eks,
        _ => NodeKind::Service,
    }
}

/// Everything our own questions need of a resource.
pub fn resource_facts(resource: &Resource) -> ResourceFacts {
    let sets = [&resource.attributes];
    let at = Lookup::of(&sets);
    let task_arn = at.owned(&["aws.ecs.task.arn"]);
    let arn = at.owned(&["cloud.resource_id", "faas.id"]);
    let from_arn =
        |index| arn.as_deref().or(task_arn.as_deref()).and_then(|arn| arn_part(arn, index)).map(str::to_owned);
    ResourceFacts {
        service: resource.service().to_owned(),
        service_namespace: at.owned(&["service.namespace"]),
        service_version: at.owned(&["service.version"]),
        service_instance_id: at.owned(&["service.instance.id"]),
        environment: at.owned(&["deployment.environment.name", "deployment.environment"]),
        platform: platform(&at),
        cloud_provider: at.owned(&["cloud.provider"]),
        cloud_platform: at.owned(&["cloud.platform"]),
        cloud_account_id: at.owned(&["cloud.account.id"]).or_else(|| from_arn(4)),
        cloud_region: at.owned(&["cloud.region", "aws.region"]).or_else(|| from_arn(3)),
        cloud_availability_zone: at.owned(&["cloud.availability_zone"]),
        function: at.owned(&["faas.name"]),
        function_version: at.owned(&["faas.version"]),
        function_instance: at.owned(&["faas.instance", "aws.log.stream.names"]),
        memory_mb: at.int(&["faas.max_memory"]).map(memory_mb),
        storage_mb: at.int(&["coldlight.lambda.ephemeral_storage_mb"]).filter(|mb| (512..=10_240).contains(mb)),
        architecture: at.text(&["host.arch", "faas.arch"]).map(architecture),
        runtime: at.owned(&["process.runtime.name", "faas.runtime"]),
        cluster: at
            .text(&["aws.ecs.cluster.arn", "k8s.cluster.name", "aws.eks.cluster.arn"])
            .map(|cluster| last_part(cluster).to_owned()),
        ecs_service: at.text(&["aws.ecs.service.name", "aws.ecs.service.arn"]).map(|name| last_part(name).to_owned()),
        task_family: at.owned(&["aws.ecs.task.family"]),
        task_revision: at.value(&["aws.ecs.task.revision"]).map(Value::to_display),
        launch_type: at.text(&["aws.ecs.launchtype"]).map(str::to_lowercase),
        container_id: at.owned(&["container.id"]),
        container_name: at.owned(&["container.name", "k8s.container.name"]),
        container_arn: at.owned(&["aws.ecs.container.arn"]),
        image: at.owned(&["container.image.name"]),
        image_tag: at.owned(&["container.image.tags", "container.image.tag"]),
        namespace: at.owned(&["k8s.namespace.name"]),
        workload: at.owned(&[
            "k8s.deployment.name",
            "k8s.statefulset.name",
            "k8s.daemonset.name",
            "k8s.cronjob.name",
            "k8s.job.name",
            "k8s.replicaset.name",
        ]),
        pod: at.owned(&["k8s.pod.name"]),
        pod_uid: at.owned(&["k8s.pod.uid"]),
        host_id: at.owned(&["host.id"]),
        host_type: at.owned(&["host.type"]),
        task_vcpu: at.double(&["coldlight.task.vcpu"]),
        task_memory_mib: at.int(&["coldlight.task.memory_mib"]),
        task_storage_gib: at.double(&["coldlight.task.storage_gib"]),
        task_pull_started_at: at.owned(&["coldlight.task.pull_started_at"]),
        task_spot: at.bool(&["coldlight.task.spot"]),
        sdk_language: at.owned(&["telemetry.sdk.language"]),
        sdk_name: at.owned(&["telemetry.sdk.name"]),
        sdk_version: at.owned(&["telemetry.sdk.version"]),
        log_group: at.owned(&["aws.log.group.names"]),
        task_arn,
        cloud_resource_id: arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, Value)]) -> ResourceFacts {
        let attributes = pairs.iter().map(|(key, value)| (*key, value.clone())).collect();
        resource_facts(&Resource { attributes, ..Resource::default() })
    }

    #[test]
    fn memory_in_bytes_or_mb_or_text_is_the_same_512_mb() {
        for sent in [Value::Int(536_870_912), Value::Int(512), Value::from("512")] {
            assert_eq!(facts(&[("faas.max_memory", sent)]).memory_mb, Some(512));
        }
    }

    #[test]
    fn old_and_new_names_mean_the_same_and_the_new_one_wins() {
        assert_eq!(facts(&[("deployment.environment", "prod".into())]).environment.as_deref(), Some("prod"));
        let both = facts(&[("deployment.environment", "old".into()), ("deployment.environment.name", "new".into())]);
        assert_eq!(both.environment.as_deref(), Some("new"));
    }

    #[test]
    fn log_group_is_read_from_an_array_or_a_text() {
        let array = Value::Array(vec!["/aws/lambda/f".into()]);
        assert_eq!(facts(&[("aws.log.group.names", array)]).log_group.as_deref(), Some("/aws/lambda/f"));
        assert_eq!(
            facts(&[("aws.log.group.names", "/aws/lambda/f".into())]).log_group.as_deref(),
            Some("/aws/lambda/f")
        );
    }

    #[test]
    fn account_and_region_come_from_the_task_arn_when_not_said() {
        let task = "arn:aws:ecs:eu-west-1:123456789012:task/shop/158d";
        let facts = facts(&[("aws.ecs.task.arn", task.into())]);
        assert_eq!(facts.cloud_account_id.as_deref(), Some("123456789012"));
        assert_eq!(facts.cloud_region.as_deref(), Some("eu-west-1"));
        assert_eq!(facts.platform, NodeKind::Ecs);
    }
}
