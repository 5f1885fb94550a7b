//! Each place as a process sees it: its variables, its files, and a metadata service that answers, is slow, or is not there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn look<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// The resource as text, by name.
fn told(variables: &[(&str, &str)], at_once: &Found, asked: &Found) -> BTreeMap<String, String> {
    let (settings, _) = Settings::read(&look(variables));
    let resource = resource(&settings, at_once, Some(asked), None);
    resource.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[track_caller]
fn check(told: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(told.get(*name).map(String::as_str), Some(*value), "{name} in {told:#?}");
    }
}

/// A metadata service: answers each known `METHOD PATH`, waits for ever on `/slow`.
async fn service(answers: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let asked = head.split(" HTTP/").next().unwrap_or_default();
                if asked.contains("/slow") {
                    std::future::pending::<()>().await;
                }
                let known = answers.iter().find(|(path, _)| *path == asked);
                let (status, body) = known.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", body));
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

const CONTAINER: &str = r#"{"DockerId": "158d1c8083dd49d6b527399fd6414f5c-2495160603", "Name": "app", "Image":
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout:1.9", "ImageID": "sha256:79ab", "Limits": {"CPU": 2, "Memory": 512},
    "LogOptions": {"awslogs-group": "/ecs/checkout", "awslogs-stream": "ecs/app/158d"},
    "ContainerARN": "arn:aws:ecs:eu-west-1:123456789012:container/shop/158d1c80/05281997"}"#;
const TASK: &str = r#"{"Cluster": "shop", "TaskARN": "arn:aws:ecs:eu-west-1:123456789012:task/shop/158d1c8083dd49d6b527399fd6414f5c",
    "Family": "checkout", "Revision": "26", "Limits": {"CPU": 0.5, "Memory": 1024}, "PullStartedAt": "2026-03-01T10:00:00.000Z",
    "AvailabilityZone": "eu-west-1b", "LaunchType": "FARGATE", "EphemeralStorageMetrics": {"Utilized": 281, "Reserved": 20496}}"#;
const INSTANCE: &str = r#"{"instanceId": "i-0123456789abcdef0", "instanceType": "m7g.large", "region": "eu-west-1",
    "accountId": "123456789012", "availabilityZone": "eu-west-1a", "imageId": "ami-1"}"#;

fn firmware_of_amazon() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("sys/devices/virtual/dmi/id");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sys_vendor"), "Amazon EC2\n").unwrap();
    root
}

#[test]
fn a_function_knows_itself_from_its_variables() {
    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", "checkout"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "7"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/checkout"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[7]aa11"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let look = look(&variables);
    assert_eq!(Place::of(&look), Place::Lambda);
    let told = told(&variables, &at_once(&Place::Lambda, &look), &Found::default());
    check(
        &told,
        &[
            ("service.name", "checkout"),
            ("cloud.platform", "aws_lambda"),
            ("cloud.region", "eu-west-1"),
            ("faas.instance", "2026/03/01/[7]aa11"),
            ("faas.max_memory", "536870912"),
            ("faas.version", "7"),
            ("telemetry.distro.name", "coldlight"),
            ("telemetry.sdk.language", "rust"),
        ],
    );
    assert!(!told.values().any(|value| value.contains("secret")));
}

#[test]
fn a_snapshot_has_no_instance() {
    let variables = [("AWS_LAMBDA_FUNCTION_NAME", "checkout")];
    let told = told(&variables, &at_once(&Place::Lambda, &look(&variables)), &Found::default());
    assert!(!told.contains_key("faas.instance"));
}

#[tokio::test]
async fn a_task_asks_its_metadata_endpoint() {
    let address = service(&[("GET /v4/abc", CONTAINER), ("GET /v4/abc/task", TASK)]).await;
    let endpoint = format!("http://{address}/v4/abc");
    let variables = [("ECS_CONTAINER_METADATA_URI_V4", endpoint.as_str())];
    let place = Place::of(&look(&variables));
    let asked = asked(&place, &look(&variables), Path::new("/nowhere")).await;
    check(
        &told(&variables, &Found::default(), &asked),
        &[
            ("service.name", "checkout"),
            ("cloud.platform", "aws_ecs"),
            ("cloud.account.id", "123456789012"),
            ("aws.ecs.cluster.arn", "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"),
            ("aws.ecs.task.id", "158d1c8083dd49d6b527399fd6414f5c"),
            ("aws.ecs.launchtype", "fargate"),
            ("container.image.name", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout"),
            ("container.image.tags", "[\"1.9\"]"),
            ("coldlight.task.vcpu", "0.5"),
            ("coldlight.task.memory_mib", "1024"),
            ("coldlight.task.storage_gib", "20"),
            ("coldlight.task.pull_started_at", "2026-03-01T10:00:00.000Z"),
        ],
    );
}

#[tokio::test]
async fn what_the_user_says_wins_over_what_was_found() {
    let address = service(&[("GET /v4/abc", CONTAINER), ("GET /v4/abc/task", TASK)]).await;
    let endpoint = format!("http://{address}/v4/abc");
    let attributes = "aws.ecs.launchtype=external,service.name=mine,coldlight.task.spot=true";
    let variables = [("ECS_CONTAINER_METADATA_URI_V4", endpoint.as_str()), ("OTEL_RESOURCE_ATTRIBUTES", attributes)];
    let asked = asked(&Place::of(&look(&variables)), &look(&variables), Path::new("/nowhere")).await;
    let told = told(&variables, &Found::default(), &asked);
    check(&told, &[("service.name", "mine"), ("aws.ecs.launchtype", "external"), ("coldlight.task.spot", "true")]);
}

#[tokio::test]
async fn an_instance_asks_with_a_token_and_only_where_the_firmware_is_amazons() {
    let address =
        service(&[("PUT /latest/api/token", "token"), ("GET /latest/dynamic/instance-identity/document", INSTANCE)])
            .await;
    let endpoint = format!("http://{address}/");
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];
    let amazon = firmware_of_amazon();
    let there = asked(&Place::Other, &look(&variables), amazon.path()).await;
    check(
        &told(&variables, &Found::default(), &there),
        &[("cloud.platform", "aws_ec2"), ("host.type", "m7g.large"), ("host.id", "i-0123456789abcdef0")],
    );
    let elsewhere = asked(&Place::Other, &look(&variables), Path::new("/nowhere")).await;
    assert!(elsewhere.attributes.is_empty());
    let off = [variables[0], ("AWS_EC2_METADATA_DISABLED", "true")];
    assert!(asked(&Place::Other, &look(&off), amazon.path()).await.attributes.is_empty());
}

#[tokio::test]
async fn a_pod_is_named_with_its_place() {
    let root = tempfile::tempdir().unwrap();
    let account = root.path().join("var/run/secrets/kubernetes.io/serviceaccount");
    std::fs::create_dir_all(&account).unwrap();
    std::fs::write(account.join("namespace"), "shop\n").unwrap();
    let id = "c0ffee00".repeat(8);
    std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
    std::fs::write(root.path().join("proc/self/cgroup"), format!("0::/kubepods/pod1/{id}\n")).unwrap();
    let variables = [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("HOSTNAME", "checkout-api-7d4b9c6f8d-x2vtz"),
        ("K8S_NODE", "ip-10-0-0-7"),
        ("K8S_CPU", "250"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let place = Place::of(&look(&variables));
    assert_eq!(place, Place::Kubernetes);
    let asked = asked(&place, &look(&variables), root.path()).await;
    check(
        &told(&variables, &Found::default(), &asked),
        &[
            ("service.name", "checkout-api"),
            ("cloud.platform", "aws_eks"),
            ("k8s.pod.name", "checkout-api-7d4b9c6f8d-x2vtz"),
            ("k8s.namespace.name", "shop"),
            ("k8s.node.name", "ip-10-0-0-7"),
            ("container.id", &id),
            ("coldlight.task.vcpu", "0.25"),
        ],
    );
}

#[tokio::test]
async fn a_service_that_does_not_answer_costs_a_second_and_no_more() {
    let address = service(&[]).await;
    let (slow, gone) = (format!("http://{address}/slow"), "http://127.0.0.1:1/v4/abc".to_owned());
    for (endpoint, limit) in [(slow, Duration::from_millis(1800)), (gone, Duration::from_millis(500))] {
        let variables = [("ECS_CONTAINER_METADATA_URI_V4", endpoint.as_str())];
        let start = Instant::now();
        let asked = asked(&Place::of(&look(&variables)), &look(&variables), Path::new("/nowhere")).await;
        assert!(start.elapsed() < limit, "{endpoint}: {:?}", start.elapsed());
        check(&told(&variables, &Found::default(), &asked), &[("cloud.platform", "aws_ecs")]);
    }
}

#[test]
fn a_service_without_a_name_is_named_after_its_program() {
    let told = told(&[], &Found::default(), &Found::default());
    assert!(told["service.name"].starts_with("unknown_service:"), "{told:?}");
}
