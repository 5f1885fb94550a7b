//! A function knows itself from the variables of its environment.

use super::{Found, texts};
use crate::settings::Look;

/// `faas.instance` is the log stream, which a SnapStart function does not have: then it is left out, as a value made before the
/// snapshot would be shared by all its copies.
pub(super) fn found(look: Look) -> Found {
    let name = look("AWS_LAMBDA_FUNCTION_NAME");
    let mut found = Found { service: name.clone(), ..Found::default() };
    found.put("cloud.provider", Some("aws"));
    found.put("cloud.platform", Some("aws_lambda"));
    found.put("cloud.region", look("AWS_REGION").or_else(|| look("AWS_DEFAULT_REGION")));
    found.put("faas.name", name);
    found.put("faas.version", look("AWS_LAMBDA_FUNCTION_VERSION"));
    let stream = look("AWS_LAMBDA_LOG_STREAM_NAME");
    found.put("faas.instance", stream.clone());
    // The variable is in MB, the attribute in bytes.
    let memory = look("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse::<i64>().ok());
    found.put("faas.max_memory", memory.and_then(|memory| memory.checked_mul(1 << 20)));
    found.put("aws.log.group.names", look("AWS_LAMBDA_LOG_GROUP_NAME").map(|group| texts([group])));
    found.put("aws.log.stream.names", stream.map(|stream| texts([stream])));
    found.put("host.arch", Some(super::ecs::architecture(std::env::consts::ARCH)));
    found
}
