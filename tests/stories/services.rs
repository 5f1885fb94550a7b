//! The examples in other languages: container services under stock OpenTelemetry SDKs, each started by the command in its README.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coldlight_tests::clock::until;
use coldlight_tests::{Coldlight, tools, web};
use http::Method;

/// A service with what it wrote.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    /// Runs the last command of the README's first block, on a port of its own and sending to `coldlight`.
    ///
    /// The commands before it install packages; `tests/install` did that.
    async fn start(folder: &str, coldlight: &Coldlight) -> Self {
        let folder = tools::example(folder);
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let block =
            readme.split("```sh\n").nth(1).and_then(|rest| rest.split("\n```").next()).expect("a block of commands");
        let line = block.lines().last().expect("a command");
        let sends_to = [("127.0.0.1:4317", coldlight.grpc()), ("127.0.0.1:4318", coldlight.otlp_http())];
        let line =
            sends_to.iter().fold(line.to_owned(), |line, (theirs, ours)| line.replace(theirs, &ours.to_string()));
        let line = line.replace("--port 8080", "--port 0");
        let mut command = Command::new("sh");
        // `exec`, so that what is started here is what is stopped.
        command.args(["-c", &format!("exec env {line}")]).current_dir(&folder).env("PORT", "0");
        // Five seconds pass between batches otherwise.
        command.env("OTEL_BSP_SCHEDULE_DELAY", "200").env("PYTHONUNBUFFERED", "1");
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        let (told, mut hears) = tokio::sync::mpsc::channel(1);
        listen(child.stdout.take().expect("piped"), told.clone());
        listen(child.stderr.take().expect("piped"), told);
        let address = tokio::time::timeout(Duration::from_secs(60), hears.recv()).await;
        let Ok(Some(address)) = address else {
            let _ = child.kill();
            panic!("{line} does not say where it listens");
        };
        Self { child, address }
    }

    async fn get(&self, path: &str) -> u16 {
        let request = web::request(Method::GET, path, &[], web::whole(""));
        web::send(self.address, request).await.unwrap_or_else(|why| panic!("{path}: {why:#}")).status.as_u16()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until the end, so that the service never waits for a reader, and tells the first `http://ADDRESS` in it.
fn listen(pipe: impl std::io::Read + Send + 'static, told: tokio::sync::mpsc::Sender<SocketAddr>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            println!("{line}");
            let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            if let Some(address) = address {
                let _ = told.try_send(address);
            }
        }
    });
}

/// One request that goes well and one that does not: each one trace from its entry to the request it made itself.
async fn check(folder: &str, service: &str, route: &str) {
    let coldlight = Coldlight::start().await;
    let shop = Service::start(folder, &coldlight).await;
    assert_eq!(shop.get("/orders/tea").await, 200);
    assert_eq!(shop.get("/orders/milk").await, 502);
    let servers = format!("spans WHERE service = '{service}' AND kind = 'server'");
    coldlight.until_count(&servers, 4, Duration::from_secs(30)).await;
    let clients = format!("spans WHERE service = '{service}' AND kind = 'client'");
    coldlight.until_count(&clients, 2, Duration::from_secs(30)).await;
    // Entry, the call it makes, and what that call reaches, in one trace and each the other's parent.
    let chains = format!(
        "SELECT entry.http_status::VARCHAR || ' ' || inner_one.http_status::VARCHAR FROM spans AS entry \
         JOIN spans AS call ON call.trace_id = entry.trace_id AND call.kind = 'client' \
         JOIN spans AS inner_one ON inner_one.trace_id = call.trace_id AND inner_one.parent_span_id = call.span_id AND inner_one.kind = 'server' \
         WHERE entry.service = '{service}' AND entry.kind = 'server' AND entry.http_route = '{route}' ORDER BY 1"
    );
    assert_eq!(coldlight.sql(&chains).await.texts(), ["200 200", "502 404"], "{}", coldlight.last_words());
    let trace =
        format!("SELECT trace_id FROM spans WHERE service = '{service}' AND http_status = 502 AND kind = 'server'");
    let trace = coldlight.sql(&trace).await.texts().remove(0);
    let page = coldlight.get(&format!("/traces/{trace}")).await.text();
    assert!(page.contains(service) && page.contains("1 fault"), "{page}");
    let listed = async || {
        let services = coldlight.get("/api/v1/services").await.text();
        if services.contains(service) { Ok(()) } else { Err(services) }
    };
    until("it is a service", Duration::from_secs(10), listed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flask_service_runs_as_its_readme_says() {
    check("flask-service", "flask-shop", "/orders/<name>").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_express_service_runs_as_its_readme_says() {
    check("express-service", "express-shop", "/orders/:name").await;
}
