//! Who may do what: the safe bind, the names on loopback, foreign pages, and keys for every route.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Output;
use std::time::{Duration, Instant};

use coldlight_tests::corpus::Manifest;
use coldlight_tests::program::program;
use coldlight_tests::{Coldlight, Options, grpc, tools, web};
use http::Method;
use tonic::Code;

/// Starts it where it must refuse to run, and returns what it said.
fn refused(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program("serve");
    command.current_dir(folder.path()).args(["--data", "data"]).args(arguments);
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("{arguments:?} was not refused: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn an_open_bind_without_keys_is_refused_with_2_and_what_to_do() {
    for listener in ["--http", "--otlp-grpc", "--otlp-http"] {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let mut arguments = vec![listener, address];
            for other in ["--http", "--otlp-grpc", "--otlp-http"].iter().filter(|other| **other != listener) {
                arguments.extend([other, "127.0.0.1:0"]);
            }
            let output = refused(&arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains("--api-key-file") && said.contains("--insecure-no-auth"), "{said}");
            assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"), "it listened before it refused");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_bind_by_explicit_wish_runs_and_warns() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program("serve");
    command.current_dir(folder.path()).args(["--data", "data", "--insecure-no-auth"]);
    command.args(["--http", "0.0.0.0:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "0.0.0.0:0"]);
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut ports = std::collections::BTreeMap::new();
    while ports.len() < 3 {
        let line = lines.next().expect("three listening lines").unwrap();
        if let Some((name, address)) = line.strip_prefix("listening ").and_then(|line| line.split_once(' ')) {
            ports.insert(name.to_owned(), address.parse::<SocketAddr>().unwrap().port());
        }
    }
    let get = async |name: &str, method: Method, path: &str| {
        let headers = [("host", "collector.example.org"), ("content-type", "application/json")];
        let request = web::request(method, path, &headers, web::whole("{}"));
        web::send(SocketAddr::from(([127, 0, 0, 1], ports[name])), request).await.unwrap()
    };
    let metrics = get("http", Method::GET, "/metrics").await;
    assert_eq!(metrics.status, 200, "the Host check is for loopback");
    let warns = |line: &&str| line.starts_with("coldlight_insecure") && line.ends_with(" 1");
    assert!(metrics.text().lines().any(|line| warns(&line)), "{}", metrics.text());
    assert_eq!(get("otlp-http", Method::POST, "/v1/traces").await.status, 200);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("WARN"), "nothing was said");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_host_names_are_refused_on_loopback() {
    let coldlight = Coldlight::start().await;
    for host in ["evil.example", "127.0.0.1.evil.example:80", "0.0.0.0", "localhost.evil.example"] {
        for (address, method, path) in [
            (coldlight.http(), Method::GET, "/traces"),
            (coldlight.http(), Method::GET, "/api/v1/services"),
            (coldlight.http(), Method::POST, "/api/v1/sql"),
            (coldlight.http(), Method::GET, "/metrics"),
            (coldlight.otlp_http(), Method::POST, "/v1/traces"),
        ] {
            let headers = [("host", host), ("content-type", "application/json")];
            let answer = web::send(address, web::request(method, path, &headers, web::whole("{}"))).await.unwrap();
            assert_eq!(answer.status, 421, "{host} at {path}");
        }
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:9"] {
        let request = web::request(Method::GET, "/traces", &[("host", host)], web::whole(""));
        assert_eq!(web::send(coldlight.http(), request).await.unwrap().status, 200, "{host}");
    }
    // gRPC has no browser behind it that could be lured; but a rebinding page may speak HTTP to any port.
    let request = web::request(Method::POST, grpc::TRACES, &[("host", "evil.example")], web::whole("x"));
    let answer = web::send(coldlight.grpc(), request).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status != 200), "gRPC answered a page");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_change_nothing() {
    let coldlight = Coldlight::start().await;
    let own = format!("http://{}", coldlight.http());
    let form = ("content-type", "application/x-www-form-urlencoded");
    let foreign: [&[(&str, &str)]; 5] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://127.0.0.1:1")],
    ];
    for path in ["/prefs", "/start/sample", "/api/v1/sql"] {
        for headers in foreign {
            let headers: Vec<(&str, &str)> = headers.iter().copied().chain([form]).collect();
            let answer = coldlight.post(path, &headers, "theme=dark").await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(answer.headers.get("set-cookie").is_none());
        }
        let get = coldlight.get(path).await;
        assert_eq!(get.status, 405, "GET {path} does nothing");
    }
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 0, "no sample was sent");
    let headers = [form, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = coldlight.post("/prefs", &headers, "theme=dark").await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.header("set-cookie").contains("theme=dark"), "{:?}", answer.headers);
}

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    Nothing,
    Write,
    Read,
    Sql,
    Admin,
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Every route with what it needs, and what makes a request of it.
fn routes() -> Vec<(Needs, Method, &'static str, &'static str)> {
    let get = |needs, path| (needs, Method::GET, path, "");
    vec![
        get(Needs::Nothing, "/healthz"),
        get(Needs::Nothing, "/login"),
        get(Needs::Nothing, "/assets/{hash}/{name}"),
        (Needs::Nothing, Method::POST, "/login", ""),
        (Needs::Nothing, Method::POST, "/logout", ""),
        (Needs::Nothing, Method::POST, "/prefs", ""),
        (Needs::Write, Method::POST, "/start/sample", ""),
        (Needs::Sql, Method::POST, "/api/v1/sql", ""),
        get(Needs::Sql, "/api/v1/queries"),
        (Needs::Sql, Method::POST, "/api/v1/queries", ""),
        (Needs::Sql, Method::POST, "/api/v1/queries/{id}/delete", ""),
        (Needs::Sql, Method::POST, "/api/v1/sql/{id}/cancel", ""),
        get(Needs::Sql, "/sql"),
        (Needs::Sql, Method::POST, "/sql", ""),
        get(Needs::Read, "/api/v1/sql/dictionary"),
        get(Needs::Read, "/api/v1/sql/examples"),
        (Needs::Admin, Method::POST, "/api/v1/prices", ""),
        get(Needs::Read, "/api/v1/prices"),
        get(Needs::Read, "/"),
        get(Needs::Read, "/start"),
        get(Needs::Read, "/start/events"),
        get(Needs::Read, "/map"),
        get(Needs::Read, "/traces"),
        get(Needs::Read, "/compare"),
        (Needs::Write, Method::POST, "/traces/upload", ""),
        get(Needs::Read, "/traces/{id}"),
        (Needs::Read, Method::GET, "/traces/{id}/rows", "?row=0&count=10"),
        get(Needs::Read, "/traces/{id}/otlp.json"),
        get(Needs::Read, "/containers"),
        get(Needs::Read, "/cost"),
        get(Needs::Read, "/cost/what-if"),
        get(Needs::Read, "/cost/right-size"),
        get(Needs::Read, "/invocations"),
        get(Needs::Read, "/invocations/{id}"),
        get(Needs::Read, "/functions"),
        get(Needs::Read, "/functions/{name}"),
        get(Needs::Read, "/cold-starts"),
        get(Needs::Read, "/live"),
        get(Needs::Read, "/live/events"),
        get(Needs::Read, "/alerts"),
        (Needs::Admin, Method::POST, "/alerts", ""),
        (Needs::Admin, Method::POST, "/alerts/test", ""),
        (Needs::Admin, Method::POST, "/alerts/{id}/delete", ""),
        (Needs::Admin, Method::POST, "/searches", ""),
        (Needs::Admin, Method::POST, "/searches/{id}/delete", ""),
        get(Needs::Read, "/settings"),
        get(Needs::Read, "/help"),
        get(Needs::Read, "/api/v1/searches"),
        (Needs::Admin, Method::POST, "/api/v1/searches", ""),
        (Needs::Admin, Method::POST, "/api/v1/searches/{id}/delete", ""),
        get(Needs::Read, "/api/v1/alerts"),
        (Needs::Admin, Method::POST, "/api/v1/alerts", ""),
        (Needs::Admin, Method::POST, "/api/v1/alerts/{id}/delete", ""),
        get(Needs::Read, "/status"),
        (Needs::Read, Method::POST, "/queries/{id}/cancel", ""),
        (Needs::Read, Method::GET, "/go", "?q=x"),
        get(Needs::Read, "/readyz"),
        get(Needs::Read, "/metrics"),
        get(Needs::Read, "/api/v1/services"),
        (Needs::Read, Method::GET, "/api/v1/operations", "?service=order-api"),
        get(Needs::Read, "/api/v1/traces"),
        get(Needs::Read, "/api/v1/traces/{id}"),
        get(Needs::Read, "/api/v1/traces/{id}/spans/{span}"),
        get(Needs::Read, "/api/v1/map"),
        get(Needs::Read, "/api/v1/complete"),
        (Needs::Read, Method::GET, "/api/v1/differences", "?than=cold:true"),
        get(Needs::Read, "/api/v1/containers"),
        get(Needs::Read, "/api/v1/spending"),
        (Needs::Read, Method::GET, "/api/v1/what-if", "?fn=checkout"),
        (Needs::Read, Method::GET, "/api/v1/right-size", "?fn=checkout"),
        (
            Needs::Read,
            Method::GET,
            "/api/v1/compare",
            "?a=0af7651916cd43dd8448eb211c80319c&b=0af7651916cd43dd8448eb211c80319c",
        ),
        get(Needs::Read, "/api/v1/traces/{id}/cost"),
        get(Needs::Read, "/api/v1/invocations"),
        get(Needs::Read, "/api/v1/invocations/{id}"),
        get(Needs::Read, "/api/v1/functions"),
        get(Needs::Read, "/api/v1/cold-starts"),
        get(Needs::Read, "/api/v1/status"),
        get(Needs::Read, "/api/v1/openapi.json"),
    ]
}

/// The list above is the program's own: a route added there without a line here would be tested by nobody.
#[test]
fn no_route_is_left_out() {
    let map = tools::folder().join("../collector/server/src/routes/mod.rs");
    let text = std::fs::read_to_string(&map).unwrap_or_else(|why| panic!("{}: {why}", map.display()));
    let mut theirs: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("route(Method::")?.split_once(", \""))
        .map(|(method, rest)| (method.to_owned(), rest.split('"').next().unwrap_or_default().to_owned()))
        .collect();
    let mut ours: Vec<(String, String)> =
        routes().into_iter().map(|(_, method, path, _)| (method.to_string(), path.to_owned())).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
}

const KEYS: [(&str, &str, &str); 4] = [
    ("writer", "write", "writer-0123456789abcdef"),
    ("reader", "read", "reader-0123456789abcdef"),
    ("asker", "sql", "asker-0123456789abcdef"),
    ("owner", "admin", "owner-0123456789abcdef"),
];

fn may(scopes: &str, needs: Needs) -> bool {
    match needs {
        Needs::Nothing => true,
        Needs::Write => scopes == "write" || scopes == "admin",
        Needs::Read => scopes == "read" || scopes == "admin",
        Needs::Sql => scopes == "sql" || scopes == "admin",
        Needs::Admin => scopes == "admin",
    }
}

async fn with_keys() -> (Coldlight, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (name, scopes, secret) in KEYS {
        writeln!(file, "{name} {scopes} {secret}").unwrap();
    }
    let arguments = vec!["--api-key-file".to_owned(), file.path().display().to_string()];
    let key = Some(KEYS[3].2.to_owned());
    (Coldlight::start_with(Options { arguments, key, ..Options::default() }).await, file)
}

/// The status of one request with a key, without waiting for streams to end.
async fn status(to: SocketAddr, method: Method, path: &str, secret: Option<&str>) -> u16 {
    let bearer = secret.map(|secret| format!("Bearer {secret}")).unwrap_or_default();
    let mut headers = vec![("content-type", "application/json")];
    if secret.is_some() {
        headers.push(("authorization", &bearer));
    }
    let request = web::request(method, path, &headers, web::whole(r#"{"sql":"SELECT 1"}"#));
    web::head(to, request).await.unwrap_or_else(|why| panic!("{path}: {why:#}")).as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_opens_the_routes_of_its_scope_and_no_other() {
    let (coldlight, _file) = with_keys().await;
    for path in ["/traces", "/metrics", "/api/v1/status"] {
        assert_eq!(status(coldlight.http(), Method::GET, path, Some("wrong-0123456789abcdef")).await, 401, "{path}");
    }
    assert_eq!(status(coldlight.http(), Method::GET, "/nothing-here", None).await, 404);
    for (needs, method, path, query) in routes() {
        let path =
            path.replace("{id}", TRACE).replace("{span}", SPAN).replace("{hash}", "0").replace("{name}", "style.css")
                + query;
        let none = status(coldlight.http(), method.clone(), &path, None).await;
        let open = ![401, 403].contains(&none) || (path == "/login" && method == Method::POST);
        assert_eq!(open, needs == Needs::Nothing, "{method} {path} without a key: {none}");
        for (name, scopes, secret) in KEYS {
            let status = status(coldlight.http(), method.clone(), &path, Some(secret)).await;
            let allowed = ![401, 403, 429].contains(&status) || path == "/login";
            assert_eq!(allowed, may(scopes, needs), "{method} {path} as {name}: {status}");
            assert!(status < 500, "{method} {path} as {name}: {status}");
        }
    }
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        assert_eq!(status(coldlight.otlp_http(), Method::POST, path, None).await, 401);
        assert_eq!(status(coldlight.otlp_http(), Method::POST, path, Some("wrong-0123456789abcdef")).await, 401);
        for (name, scopes, secret) in KEYS {
            let expected = if may(scopes, Needs::Write) { 200 } else { 403 };
            assert_eq!(
                status(coldlight.otlp_http(), Method::POST, path, Some(secret)).await,
                expected,
                "{path} as {name}"
            );
        }
    }
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    for path in [grpc::TRACES, grpc::LOGS, grpc::METRICS] {
        let none = connection.call(path, "identity", &[]).await.unwrap();
        assert_eq!(none.status.code(), Code::Unauthenticated);
        for (name, scopes, secret) in KEYS {
            let bearer = format!("Bearer {secret}");
            for header in [("authorization", bearer.as_str()), ("x-coldlight-key", secret)] {
                let answer = connection.call_with(path, "identity", &[], &[header]).await.unwrap();
                let expected = if may(scopes, Needs::Write) { Code::Ok } else { Code::PermissionDenied };
                assert_eq!(answer.status.code(), expected, "{path} as {name} by {}", header.0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_keys_is_slowed_down() {
    let (coldlight, _file) = with_keys().await;
    let mut slowed = false;
    for guess in 0..200 {
        let secret = format!("guess-{guess:016}");
        let status = status(coldlight.http(), Method::GET, "/api/v1/status", Some(&secret)).await;
        assert!(status == 401 || status == 429, "{status}");
        slowed |= status == 429;
    }
    assert!(slowed, "two hundred guesses were answered at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_with_a_key_are_taken() {
    let (coldlight, _file) = with_keys().await;
    let recording = Manifest::read().files.remove(6);
    let bearer = format!("Bearer {}", KEYS[0].2);
    let headers = [("content-type", recording.content_type.as_str()), ("authorization", bearer.as_str())];
    let request = web::request(Method::POST, &recording.path, &headers, web::whole(recording.bytes()));
    assert_eq!(web::send(coldlight.otlp_http(), request).await.unwrap().status, 200);
    coldlight.until_count("spans", recording.expected.spans, Duration::from_secs(2)).await;
}
