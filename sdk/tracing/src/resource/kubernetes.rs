//! A pod of Kubernetes, from what the downward API was asked to tell and from what every pod can see.
//!
//! The names of variables are those of the EKS examples in our documentation. The cluster's name cannot be read inside a pod
//! without rights: it stays the user's to say (`k8s.cluster.name` in `OTEL_RESOURCE_ATTRIBUTES`).

use std::path::Path;

use super::Found;
use crate::settings::Look;

const SERVICE_ACCOUNT: &str = "var/run/secrets/kubernetes.io/serviceaccount/namespace";

pub(super) fn found(look: Look, root: &Path, on_ec2: bool) -> Found {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let file = |path: &str| read(path).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let either = |names: &[&str]| names.iter().find_map(|name| look(name));
    // A pod's host name is its own unless it shares the node's network.
    let pod =
        either(&["K8S_POD", "K8S_POD_NAME", "POD_NAME"]).or_else(|| look("HOSTNAME")).or_else(|| file("etc/hostname"));
    let deployment = pod.as_deref().and_then(deployment);
    let mut found = Found { service: deployment.clone().or_else(|| pod.clone()), ..Found::default() };
    // EKS puts its web identity or its pod identity into every pod that has a role.
    let eks = on_ec2 || either(&["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).is_some();
    if eks {
        found.put("cloud.provider", Some("aws"));
        found.put("cloud.platform", Some("aws_eks"));
        found.put("cloud.region", either(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
    }
    found.put("k8s.pod.name", pod);
    found.put("k8s.pod.uid", either(&["K8S_UID", "K8S_POD_UID", "POD_UID"]));
    found.put(
        "k8s.namespace.name",
        either(&["K8S_NS", "K8S_NAMESPACE", "POD_NAMESPACE"]).or_else(|| file(SERVICE_ACCOUNT)),
    );
    found.put("k8s.node.name", either(&["K8S_NODE", "K8S_NODE_NAME", "NODE_NAME"]));
    found.put("k8s.pod.ip", either(&["K8S_IP", "K8S_POD_IP", "POD_IP"]));
    found.put("k8s.deployment.name", deployment);
    found.put(
        "container.id",
        read("proc/self/mountinfo").or_else(|| read("proc/self/cgroup")).as_deref().and_then(container),
    );
    found.put("host.arch", Some(super::ecs::architecture(std::env::consts::ARCH)));
    // What a pod asked for is what it costs on Fargate.
    let number = |name: &str| look(name).and_then(|text| text.parse::<f64>().ok());
    found.put("coldlight.task.vcpu", number("K8S_CPU").map(|millis| millis / 1000.0));
    found.put("coldlight.task.memory_mib", number("K8S_MEM").map(|mib| mib as i64));
    found
}

/// A guess: a deployment's pods are called `DEPLOYMENT-HASH-FIVE`.
fn deployment(pod: &str) -> Option<String> {
    let (rest, five) = pod.rsplit_once('-')?;
    let (name, hash) = rest.rsplit_once('-')?;
    // Kubernetes leaves vowels and look-alikes out of what it makes up.
    let made_up = |text: &str| text.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    let fits = five.len() == 5 && (6..=10).contains(&hash.len()) && made_up(five) && made_up(hash);
    (fits && !name.is_empty()).then(|| name.to_owned())
}

/// The last run of sixty-four hexadecimal digits.
fn container(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.rfind(|run| run.len() == 64).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_guessed_from_its_pods_name_only() {
        assert_eq!(deployment("checkout-api-7d4b9c6f8d-x2vtz").as_deref(), Some("checkout-api"));
        assert_eq!(deployment("checkout-0"), None, "a stateful set");
        assert_eq!(deployment("checkout-worker-batch"), None);
        assert_eq!(deployment("checkout-x2vtz"), None, "a daemon set");
    }
}
