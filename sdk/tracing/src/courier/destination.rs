//! Where spans go: to the extension beside a function, else to where the environment says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use opentelemetry_otlp::{Compression, ExporterBuildError, Protocol as OtlpProtocol, RetryPolicy, SpanExporter};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};

use super::client::{LastStatus, Sender};
use crate::settings::{Endpoint, Look, Protocol, Settings};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) url: String,
    /// Nobody named it and nobody listened there.
    pub(super) guessed: bool,
}

/// OTLP's ports.
const HTTP: u16 = 4318;
const GRPC: u16 = 4317;

/// A listener on the same machine answers in microseconds; nobody there is refused as fast.
const PROBE: Duration = Duration::from_millis(50);

/// An extension that listens beside the function is nearer than any collector, and sends on to the one that is configured. Only an
/// address that is named for traces alone goes before it.
pub(super) async fn find(settings: &Settings, in_lambda: bool, look: Look<'_>) -> Destination {
    if let Endpoint::Exact(url) = &settings.endpoint {
        return Destination { url: url.clone(), guessed: false };
    }
    let port = if settings.protocol == Protocol::Grpc { GRPC } else { HTTP };
    let beside = SocketAddr::new(beside(look("AWS_LAMBDA_RUNTIME_API").as_deref()), port);
    let url = |base: &str| match settings.protocol {
        Protocol::HttpProtobuf => format!("{}/v1/traces", base.trim_end_matches('/')),
        Protocol::Grpc => base.to_owned(),
    };
    let listens = in_lambda && listens(beside).await;
    match &settings.endpoint {
        Endpoint::Base(base) if !listens => Destination { url: url(base), guessed: false },
        _ => Destination { url: url(&format!("http://{beside}")), guessed: !listens },
    }
}

/// The function's own loopback address. A local Lambda gives each environment another one, told by its Runtime API's.
fn beside(runtime_api: Option<&str>) -> IpAddr {
    let address = runtime_api.and_then(|text| text.rsplit_once(':')).and_then(|(host, _)| host.parse::<IpAddr>().ok());
    address.filter(IpAddr::is_loopback).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

async fn listens(address: SocketAddr) -> bool {
    let connected = tokio::time::timeout(PROBE, tokio::net::TcpStream::connect(address)).await;
    matches!(connected, Ok(Ok(_)))
}

/// OpenTelemetry's exporter with all that could be in the environment already decided; retries are the courier's.
pub(super) fn exporter(
    settings: &Settings,
    destination: &Destination,
    status: &LastStatus,
) -> Result<SpanExporter, ExporterBuildError> {
    match settings.protocol {
        Protocol::HttpProtobuf => {
            let https = destination.url.starts_with("https:");
            let client = Sender::new(https, status.clone()).map_err(ExporterBuildError::InternalFailure)?;
            let mut builder = SpanExporter::builder()
                .with_http()
                .with_http_client(client)
                .with_endpoint(&destination.url)
                .with_protocol(OtlpProtocol::HttpBinary)
                .with_timeout(settings.timeout)
                .with_headers(settings.headers.iter().cloned().collect())
                .with_retry_policy(RetryPolicy::disabled());
            if settings.gzip {
                builder = builder.with_compression(Compression::Gzip);
            }
            builder.build()
        }
        Protocol::Grpc => grpc(settings, destination),
    }
}

#[cfg(feature = "grpc")]
fn grpc(settings: &Settings, destination: &Destination) -> Result<SpanExporter, ExporterBuildError> {
    use opentelemetry_otlp::WithTonicConfig;

    let builder = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&destination.url)
        .with_timeout(settings.timeout)
        .with_metadata(metadata(&settings.headers))
        .with_retry_policy(RetryPolicy::disabled());
    // Of itself it trusts nobody. Certificates are read only where they are needed: it takes milliseconds.
    #[cfg(feature = "tls")]
    if destination.url.starts_with("https://") {
        return builder.with_tls_config(tonic::transport::ClientTlsConfig::new().with_native_roots()).build();
    }
    builder.build()
}

#[cfg(feature = "grpc")]
fn metadata(headers: &[(String, String)]) -> tonic::metadata::MetadataMap {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
            map.insert(name, value);
        }
    }
    tonic::metadata::MetadataMap::from_headers(map)
}

#[cfg(not(feature = "grpc"))]
fn grpc(_: &Settings, destination: &Destination) -> Result<SpanExporter, ExporterBuildError> {
    // Settings speak HTTP where this feature is missing.
    Err(ExporterBuildError::InternalFailure(format!("{} wants the feature `grpc`", destination.url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_looked_for_on_the_address_of_the_runtime_api() {
        assert_eq!(beside(Some("127.3.4.5:9001")).to_string(), "127.3.4.5");
        assert_eq!(beside(Some("127.0.0.1:9001")).to_string(), "127.0.0.1");
        assert_eq!(beside(Some("sandbox:9001")).to_string(), "127.0.0.1");
        assert_eq!(beside(Some("169.254.100.1:9001")).to_string(), "127.0.0.1");
        assert_eq!(beside(None).to_string(), "127.0.0.1");
    }

    /// Where spans go with these variables.
    #[track_caller]
    fn check(variables: &[(&str, &str)], in_lambda: bool, expected: &str) {
        let look =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let (settings, _) = Settings::read(&look);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(find(&settings, in_lambda, &look)).url, expected);
    }

    const ALONE: (&str, &str) = ("AWS_LAMBDA_RUNTIME_API", "127.99.98.97:9001");

    #[test]
    fn without_an_extension_the_environment_decides() {
        check(&[], false, "http://127.0.0.1:4318/v1/traces");
        check(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://there:4318/")], false, "http://there:4318/v1/traces");
        check(&[ALONE, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://there:4318")], true, "http://there:4318/v1/traces");
        check(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://there/x")], true, "http://there/x");
        check(&[ALONE], true, "http://127.99.98.97:4318/v1/traces");
    }

    #[test]
    fn an_extension_that_listens_goes_before_a_collector_far_away() {
        let _extension = std::net::TcpListener::bind("127.99.98.96:4318").unwrap();
        let own = ("AWS_LAMBDA_RUNTIME_API", "127.99.98.96:9001");
        check(&[own, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://there:4318")], true, "http://127.99.98.96:4318/v1/traces");
        check(&[own, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://there/x")], true, "http://there/x");
    }
}
