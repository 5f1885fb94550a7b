//! Our SDK for Rust over the wires it may be built for: gRPC, and TLS under HTTP and under gRPC.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coldlight_tests::functions::{Lambda, consumer, function};
use coldlight_tests::{Coldlight, tools};
use serde_json::json;

/// A function without an extension: its SDK sends by itself, and the invocation's spans are here.
async fn check(coldlight: &Coldlight, service: &str, variables: &[(&str, &str)]) {
    let mut function = function(service, vec![consumer().display().to_string()]);
    function.variables.insert("OTEL_SERVICE_NAME".to_owned(), service.to_owned());
    function.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let lambda = Lambda::new(function).await;
    let (answer, _) = lambda.answer(&json!({ "order": 42 })).await;
    assert_eq!(answer["received"], 1);
    lambda.fleet.shut_down().await;
    let spans = format!("spans WHERE service = '{service}'");
    coldlight.until_count(&spans, 2, Duration::from_secs(20)).await;
}

/// An authority of its own and a certificate for 127.0.0.1, made for this run.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let mut command = Command::new("openssl");
            let output = command.args(arguments.split(' ')).current_dir(folder.path()).output().expect("openssl");
            assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(&format!("req -x509 {key} -keyout authority.key -out authority.pem -days 2 -subj /CN=tests"));
        openssl(&format!("req -new {key} -keyout server.key -out server.csr -subj /CN=127.0.0.1"));
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        let by = "-CA authority.pem -CAkey authority.key -CAcreateserial";
        openssl(&format!("x509 -req -in server.csr {by} -out server.pem -days 2 -extfile names"));
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// TLS in front of a port of the collector.
struct Relay {
    child: Child,
    port: u16,
}

impl Relay {
    fn start(certificates: &Certificates, to: SocketAddr) -> Self {
        let mut python = tools::python();
        python.arg(tools::folder().join("python/tls_relay.py"));
        python.arg(certificates.file("server.pem")).arg(certificates.file("server.key"));
        python.arg(to.ip().to_string()).arg(to.port().to_string());
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().expect("a port") }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_speaks_grpc() {
    let coldlight = Coldlight::start().await;
    let url = format!("http://{}", coldlight.grpc());
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    check(&coldlight, "over-grpc", &variables).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sdk_speaks_tls_to_whom_the_system_trusts_and_to_nobody_else() {
    let coldlight = Coldlight::start().await;
    let certificates = Certificates::make();
    let authority = certificates.file("authority.pem");
    let kinds = [("http/protobuf", coldlight.otlp_http(), "over-https"), ("grpc", coldlight.grpc(), "over-grpcs")];
    for (protocol, address, service) in kinds {
        let relay = Relay::start(&certificates, address);
        let url = relay.url();
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
        let trusting = [("SSL_CERT_FILE", text(&authority))];
        check(&coldlight, service, &[&variables[..], &trusting[..]].concat()).await;
    }
    // The certificate is good, but nobody here vouches for it.
    let relay = Relay::start(&certificates, coldlight.otlp_http());
    let mut function = function("untrusting", vec![consumer().display().to_string()]);
    let url = relay.url();
    let variables = [("OTEL_SERVICE_NAME", "untrusting"), ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    function.variables.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let lambda = Lambda::new(function).await;
    let (answer, _) = lambda.answer(&json!({ "order": 42 })).await;
    assert_eq!(answer["received"], 1, "the function itself goes on");
    lambda.fleet.shut_down().await;
    coldlight.until_written(Duration::from_secs(10)).await;
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans WHERE service = 'untrusting'").await.number(), 0);
}
