//! An EC2 instance, from its metadata service, version 2.
//!
//! The firmware tells at no cost whether this is one; only then is anybody asked. From inside a container the service may be one
//! network hop too far: then nothing is known.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{Found, fetch};
use crate::settings::Look;

const SERVICE: &str = "http://169.254.169.254";

pub(super) async fn found(look: Look<'_>, root: &Path, limit: Duration) -> Found {
    let off = look("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if off || !is_instance(root) {
        return Found::default();
    }
    let service = look("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| SERVICE.to_owned());
    let document = tokio::time::timeout(limit, document(service.trim_end_matches('/'), limit)).await;
    of(&document.ok().flatten().unwrap_or_default())
}

/// Xen and Nitro both name Amazon.
fn is_instance(root: &Path) -> bool {
    let starts = |path: &str, with: &str| {
        let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        text.trim_start().to_ascii_lowercase().starts_with(with)
    };
    starts("sys/devices/virtual/dmi/id/sys_vendor", "amazon ec2") || starts("sys/hypervisor/uuid", "ec2")
}

async fn document(service: &str, limit: Duration) -> Option<Value> {
    let header =
        |name: &'static str, value: HeaderValue| HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
    let lifetime = header("x-aws-ec2-metadata-token-ttl-seconds", HeaderValue::from_static("60"));
    let token = fetch::text(Method::PUT, &format!("{service}/latest/api/token"), lifetime, limit).await?;
    let mut token = HeaderValue::try_from(token.trim()).ok()?;
    token.set_sensitive(true);
    let url = format!("{service}/latest/dynamic/instance-identity/document");
    Some(fetch::json(&url, header("x-aws-ec2-metadata-token", token), limit).await)
}

/// From the identity document.
fn of(document: &Value) -> Found {
    let text = |name: &str| document.get(name)?.as_str().map(str::to_owned);
    let Some(instance) = text("instanceId") else { return Found::default() };
    let mut found = Found::default();
    found.put("cloud.provider", Some("aws"));
    found.put("cloud.platform", Some("aws_ec2"));
    found.put("cloud.region", text("region"));
    found.put("cloud.account.id", text("accountId"));
    found.put("cloud.availability_zone", text("availabilityZone"));
    found.put("host.id", Some(instance));
    found.put("host.type", text("instanceType"));
    found.put("host.image.id", text("imageId"));
    found.put("host.arch", Some(super::ecs::architecture(std::env::consts::ARCH)));
    found
}
