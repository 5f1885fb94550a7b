//! What the environment says. Variables of the function are visible to its extensions, so this is where it is configured.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// OTLP's own ports.
const GRPC: u16 = 4317;
const HTTP: u16 = 4318;
/// For the Telemetry API; far from the ports that collectors, the X-Ray daemon and Lambda (9001) use.
const TELEMETRY: u16 = 4323;

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `AWS_LAMBDA_RUNTIME_API`: host and port.
    pub runtime_api: String,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub telemetry: SocketAddr,
    /// The collector's OTLP/HTTP address, without a slash at its end. `None`: nobody said where to send.
    pub endpoint: Option<String>,
    pub headers: Vec<(String, String)>,
    /// Take what the function logs, too.
    pub logs: bool,
    pub flush: Flush,
    pub spool: PathBuf,
    /// Bytes, over all signals.
    pub spool_size: u64,
    /// The longest a send may take.
    pub timeout: Duration,
    pub function: FunctionNames,
}

/// When spans are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// At each invocation's end, and under steady load at the start of the next.
    Adaptive,
    /// Always at the end.
    End,
}

/// What Lambda tells extensions of the function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionNames {
    pub name: String,
    pub version: String,
    pub memory_mb: Option<u64>,
    pub region: String,
    pub service: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`.
    pub attributes: Vec<(String, String)>,
}

impl Settings {
    /// Reads variables through `look`. Only the address of Lambda's API must be there; what cannot be understood is told and
    /// left at its default, for an extension must not fail a function.
    pub fn read(look: impl Fn(&str) -> Option<String>) -> Result<(Self, Vec<String>), String> {
        let look = |name: &str| look(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let runtime_api = look("AWS_LAMBDA_RUNTIME_API")
            .ok_or("AWS_LAMBDA_RUNTIME_API is not set: this program is started by Lambda, from /opt/extensions")?;
        let mut oddities = Vec::new();
        let own = own_address(&runtime_api);
        // In Lambda the platform reaches the listener from outside of the loopback.
        let reached = if own == Ipv4Addr::LOCALHOST { Ipv4Addr::UNSPECIFIED } else { own };
        let mut number = |name: &str, default: u64, least: u64, most: u64| match look(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) if (least..=most).contains(&value) => value,
            Some(_) => {
                oddities.push(format!("{name} is a number from {least} to {most}; {default} is used"));
                default
            }
        };
        let port = |number: u64| u16::try_from(number).unwrap_or(0);
        let grpc = port(number("COLDLIGHT_EXTENSION_GRPC_PORT", GRPC.into(), 1, 65_535));
        let http = port(number("COLDLIGHT_EXTENSION_HTTP_PORT", HTTP.into(), 1, 65_535));
        let telemetry = port(number("COLDLIGHT_EXTENSION_TELEMETRY_PORT", TELEMETRY.into(), 1, 65_535));
        let spool_mb = number("COLDLIGHT_EXTENSION_SPOOL_MB", 64, 1, 10_240);
        let memory_mb = number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0, 0, u64::MAX);
        let timeout = Duration::from_millis(number("COLDLIGHT_EXTENSION_TIMEOUT_MS", 2_000, 10, 60_000));
        let flush = match look("COLDLIGHT_EXTENSION_FLUSH").as_deref() {
            None | Some("adaptive") => Flush::Adaptive,
            Some("end") => Flush::End,
            Some(other) => {
                oddities.push(format!("COLDLIGHT_EXTENSION_FLUSH is adaptive or end, not {other}"));
                Flush::Adaptive
            }
        };
        let endpoint = look("COLDLIGHT_ENDPOINT").or_else(|| {
            // The function's own setting names this extension, unless it names somebody else.
            look("OTEL_EXPORTER_OTLP_ENDPOINT").filter(|url| !names_loopback(url))
        });
        if endpoint.is_none() {
            oddities.push("COLDLIGHT_ENDPOINT is not set: spans are kept in /tmp and go nowhere".to_owned());
        }
        let mut headers = pairs(&look("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default());
        if let Some(key) = look("COLDLIGHT_API_KEY") {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
            headers.push(("authorization".to_owned(), format!("Bearer {key}")));
        }
        let tmp = look("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
        let spool = look("COLDLIGHT_EXTENSION_SPOOL").map(PathBuf::from);
        let settings = Self {
            grpc: SocketAddr::new(own.into(), grpc),
            http: SocketAddr::new(own.into(), http),
            telemetry: SocketAddr::new(IpAddr::V4(reached), telemetry),
            endpoint: endpoint.map(|url| url.trim_end_matches('/').to_owned()),
            headers,
            logs: look("COLDLIGHT_EXTENSION_LOGS").is_some_and(|value| value == "true" || value == "1"),
            flush,
            spool: spool.unwrap_or_else(|| PathBuf::from(tmp).join("coldlight")),
            spool_size: spool_mb << 20,
            timeout,
            function: FunctionNames {
                name: look("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
                version: look("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default(),
                memory_mb: Some(memory_mb).filter(|mb| *mb > 0),
                region: look("AWS_REGION").unwrap_or_default(),
                service: look("OTEL_SERVICE_NAME"),
                attributes: pairs(&look("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()),
            },
            runtime_api,
        };
        Ok((settings, oddities))
    }
}

/// The environment's own loopback: 127.0.0.1 in Lambda, another address for each environment of a local one.
fn own_address(runtime_api: &str) -> Ipv4Addr {
    let host = runtime_api.rsplit_once(':').map_or(runtime_api, |(host, _)| host);
    host.parse().ok().filter(Ipv4Addr::is_loopback).unwrap_or(Ipv4Addr::LOCALHOST)
}

fn names_loopback(url: &str) -> bool {
    let uri: Option<http::Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `a=1,b=2`, as OpenTelemetry writes lists in variables.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |one: &str| one.split_once('=').map(|(name, value)| (name.trim().to_owned(), decoded(value.trim())));
    text.split(',').filter_map(pair).filter(|(name, _)| !name.is_empty()).collect()
}

/// `%20` and its kin.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let all =
            [("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")].iter().chain(variables).rev().copied().collect::<Vec<_>>();
        let look = |name: &str| all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::read(look).unwrap()
    }

    #[test]
    fn in_lambda_it_listens_on_loopback_and_for_the_platform_everywhere() {
        let (settings, oddities) = read(&[("COLDLIGHT_ENDPOINT", "https://traces.example.org/")]);
        assert_eq!(settings.http.to_string(), "127.0.0.1:4318");
        assert_eq!(settings.telemetry.to_string(), "0.0.0.0:4323");
        assert_eq!(settings.endpoint.as_deref(), Some("https://traces.example.org"));
        assert_eq!(oddities, Vec::<String>::new());
    }

    #[test]
    fn a_local_environment_has_an_address_of_its_own() {
        let (settings, _) = read(&[("AWS_LAMBDA_RUNTIME_API", "127.64.3.7:9001")]);
        for address in [settings.grpc, settings.http, settings.telemetry] {
            assert_eq!(address.ip().to_string(), "127.64.3.7");
        }
    }

    #[test]
    fn the_functions_own_endpoint_counts_when_it_is_not_this_extension() {
        let endpoint = |url| read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).0.endpoint;
        assert_eq!(endpoint("http://localhost:4318"), None);
        assert_eq!(endpoint("http://127.0.0.1:4317"), None);
        assert_eq!(endpoint("https://c.example:4318").as_deref(), Some("https://c.example:4318"));
    }

    #[test]
    fn what_cannot_be_understood_is_told_and_has_its_default() {
        let (settings, oddities) = read(&[
            ("COLDLIGHT_EXTENSION_SPOOL_MB", "lots"),
            ("COLDLIGHT_EXTENSION_FLUSH", "never"),
            ("COLDLIGHT_ENDPOINT", "http://c"),
            ("COLDLIGHT_API_KEY", "k"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-a=b%20c,Authorization=no"),
        ]);
        assert_eq!((settings.spool_size, settings.flush), (64 << 20, Flush::Adaptive));
        assert_eq!(oddities.len(), 2, "{oddities:?}");
        let wanted = [("x-a", "b c"), ("authorization", "Bearer k")];
        assert_eq!(settings.headers, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
