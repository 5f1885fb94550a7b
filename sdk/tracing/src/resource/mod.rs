//! Who sends: the function, task, pod or machine this process runs in.
//!
//! A function knows itself from its variables, at no cost. Tasks and machines must ask a metadata service over the network; that
//! happens beside the program's own start, all questions at once, and within a second; the first request with spans waits for the
//! answer, the program does not. A process is asked about once.
//!
//! Attributes and their sources: OpenTelemetry's conventions v1.44, and AWS's metadata endpoints (task metadata version 4, instance
//! metadata version 2). Roles, credentials and their paths are never recorded.

mod ec2;
mod ecs;
mod fetch;
mod kubernetes;
mod lambda;

use std::path::Path;
use std::time::Duration;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector, TelemetryResourceDetector};

use crate::settings::{Look, Settings};

/// For all questions together. A link-local answer takes about a millisecond; what takes a second will not come.
const LIMIT: Duration = Duration::from_secs(1);

/// Where the process runs, as its variables tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Lambda,
    /// With the task metadata endpoint.
    Ecs(String),
    Kubernetes,
    /// Maybe an EC2 instance: its firmware tells.
    Other,
}

impl Place {
    pub(crate) fn of(look: Look) -> Self {
        if look("AWS_LAMBDA_FUNCTION_NAME").is_some() {
            return Self::Lambda;
        }
        match look("ECS_CONTAINER_METADATA_URI_V4") {
            Some(endpoint) => Self::Ecs(endpoint),
            None if look("KUBERNETES_SERVICE_HOST").is_some() => Self::Kubernetes,
            None => Self::Other,
        }
    }
}

/// What was found out, and the name a service has when nobody gave it one.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) service: Option<String>,
}

impl Found {
    fn put(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        self.attributes.extend(value.map(|value| KeyValue::new(name, value)));
    }

    fn add(&mut self, other: Self) {
        self.attributes.extend(other.attributes);
        self.service = self.service.take().or(other.service);
    }
}

/// What costs nothing to know.
pub(crate) fn at_once(place: &Place, look: Look) -> Found {
    match place {
        Place::Lambda => lambda::found(look),
        Place::Ecs(_) | Place::Kubernetes | Place::Other => Found::default(),
    }
}

/// What must be asked for, within a second. `root` is `/`, or a folder that plays it.
pub(crate) async fn asked(place: &Place, look: Look<'_>, root: &Path) -> Found {
    let mut found = Found::default();
    match place {
        Place::Lambda => return found,
        Place::Ecs(endpoint) => {
            let (task, host) = tokio::join!(ecs::found(endpoint, LIMIT), ec2::found(look, root, LIMIT));
            found.add(task);
            // On Fargate there is no machine to name.
            let fargate = found
                .attributes
                .iter()
                .any(|known| known.key.as_str() == "aws.ecs.launchtype" && known.value.as_str() == "fargate");
            found.add(if fargate { Found::default() } else { host });
        }
        Place::Kubernetes => {
            let host = ec2::found(look, root, LIMIT).await;
            found.add(kubernetes::found(look, root, !host.attributes.is_empty()));
            found.add(host);
        }
        Place::Other => found.add(ec2::found(look, root, LIMIT).await),
    }
    found
}

/// All of it. What the user said wins, then what is known at once, then what was asked for.
pub(crate) fn resource(
    settings: &Settings,
    at_once: &Found,
    asked: Option<&Found>,
    instance: Option<&str>,
) -> Resource {
    let user = settings.attributes.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    let service = settings.service.clone();
    let service = service.or_else(|| at_once.service.clone()).or_else(|| asked.and_then(|asked| asked.service.clone()));
    let mut all: Vec<KeyValue> = TelemetryResourceDetector
        .detect()
        .iter()
        .map(|(name, value)| KeyValue::new(name.clone(), value.clone()))
        .collect();
    all.push(KeyValue::new("telemetry.distro.name", "coldlight"));
    all.push(KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")));
    all.extend(instance.map(|instance| KeyValue::new("service.instance.id", instance.to_owned())));
    // A later one replaces an earlier one of the same name; the first of what was asked for is the nearest.
    all.extend(asked.into_iter().flat_map(|asked| asked.attributes.iter().rev().cloned()));
    all.extend(at_once.attributes.iter().cloned());
    all.extend(user);
    all.push(KeyValue::new("service.name", service.unwrap_or_else(unknown_service)));
    Resource::builder_empty().with_attributes(all).build()
}

/// As the specification wants it.
fn unknown_service() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    name.map_or_else(|| "unknown_service".to_owned(), |name| format!("unknown_service:{name}"))
}

fn texts(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Array(Array::String(texts.into_iter().map(StringValue::from).collect()))
}

#[cfg(test)]
mod tests;
