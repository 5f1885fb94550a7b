//! The environment variables that Lambda sets, for the function and, fewer, for extensions.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::address::RUNTIME_API_PORT;
use crate::function::{Architecture, Function};

/// Extensions do not see these.
const OF_THE_RUNTIME: [&str; 10] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_AWS_XRAY_DAEMON_ADDRESS",
    "_AWS_XRAY_DAEMON_PORT",
    "_HANDLER",
];

/// What a function that runs here inherits from whoever starts it: enough to find programs and files. Its own variables are
/// given with the function.
const INHERITED: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "PYENV_ROOT",
    "NODE_PATH",
    "NVM_DIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "CARGO_TARGET_DIR",
    "JAVA_HOME",
    "GEM_PATH",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
];

pub fn of_function(
    function: &Function,
    address: Ipv4Addr,
    tmp: &Path,
    kind: &str,
    log_stream: &str,
) -> BTreeMap<String, String> {
    let mut all = shared(function, address, tmp, kind);
    let folder = std::path::absolute(&function.folder).unwrap_or_else(|_| function.folder.clone());
    let own = [
        ("_HANDLER", function.handler.clone()),
        ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", function.runtime)),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream.to_owned()),
        ("LAMBDA_TASK_ROOT", folder.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if !function.extensions.is_empty() {
        // In Lambda this is the environment's own loopback, where its extension listens.
        for (name, value) in &mut all {
            if name.starts_with("OTEL_EXPORTER_OTLP") && name.ends_with("ENDPOINT") {
                *value = on_own_loopback(value, address);
            }
        }
        let http = || format!("http://{address}:4318");
        all.entry("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned()).or_insert_with(http);
    }
    all
}

pub fn of_extension(function: &Function, address: Ipv4Addr, tmp: &Path, kind: &str) -> BTreeMap<String, String> {
    let mut all = shared(function, address, tmp, kind);
    all.retain(|name, _| !OF_THE_RUNTIME.contains(&name.as_str()));
    if let Some(collector) = &function.collector {
        all.entry("COLDLIGHT_ENDPOINT".to_owned()).or_insert_with(|| collector.clone());
    }
    all
}

fn shared(function: &Function, address: Ipv4Addr, tmp: &Path, kind: &str) -> BTreeMap<String, String> {
    let inherited = INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let mut all: BTreeMap<String, String> = inherited.collect();
    all.extend(function.variables.clone());
    let json = function.log_format == crate::function::LogFormat::Json;
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", format!("{address}:{RUNTIME_API_PORT}")),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", kind.to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", if json { "JSON" } else { "Text" }.to_owned()),
        ("AWS_REGION", function.region.clone()),
        ("AWS_DEFAULT_REGION", function.region.clone()),
        ("TZ", ":UTC".to_owned()),
        ("TMPDIR", tmp.display().to_string()),
        // Not Lambda's: tells that this is an imitation, and of which processor.
        ("COLDLIGHT_LOCAL", architecture(function.architecture).to_owned()),
    ];
    all.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    all
}

fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    }
}

/// `http://localhost:4318` becomes `http://127.64.3.7:4318`; other hosts stay.
fn on_own_loopback(endpoint: &str, address: Ipv4Addr) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return endpoint.to_owned() };
    for host in ["localhost", "127.0.0.1"] {
        if let Some(tail) = rest.strip_prefix(host).filter(|tail| tail.is_empty() || tail.starts_with([':', '/'])) {
            return format!("{scheme}://{address}{tail}");
        }
    }
    endpoint.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_the_environments_own() {
        let address = Ipv4Addr::new(127, 64, 3, 7);
        assert_eq!(on_own_loopback("http://localhost:4318/v1/traces", address), "http://127.64.3.7:4318/v1/traces");
        assert_eq!(on_own_loopback("http://127.0.0.1:4317", address), "http://127.64.3.7:4317");
        assert_eq!(on_own_loopback("https://localhost.example:1", address), "https://localhost.example:1");
    }

    #[test]
    fn an_extension_does_not_see_what_is_the_runtimes() {
        let mut function = Function::new("f", vec!["x".to_owned()]);
        function.variables.insert("AWS_XRAY_DAEMON_ADDRESS".to_owned(), "1".to_owned());
        function.variables.insert("COLOUR".to_owned(), "blue".to_owned());
        let address = Ipv4Addr::new(127, 64, 3, 7);
        let of_function = of_function(&function, address, Path::new("/t"), "on-demand", "stream");
        let of_extension = of_extension(&function, address, Path::new("/t"), "on-demand");
        assert_eq!(of_function["_HANDLER"], "bootstrap");
        assert_eq!(of_extension["AWS_LAMBDA_RUNTIME_API"], "127.64.3.7:9001");
        assert_eq!(of_extension["COLOUR"], "blue");
        assert!(OF_THE_RUNTIME.iter().all(|name| !of_extension.contains_key(*name)));
    }
}
