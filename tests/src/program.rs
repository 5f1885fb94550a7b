//! The program under test: started, asked, stopped, killed, as an operator would.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Method;
use rustix::process::{Pid, Signal};
use serde_json::json;

use crate::clock::until;
use crate::table::Table;
use crate::tools;
use crate::web::{Answer, request, send, whole};

/// The longest a start may take before a story gives up; what is promised is asserted by the stories themselves.
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(30);

/// How to start it. The default is what `coldlight` does by itself, but on free ports and a folder of its own.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The data directory; a new temporary one when not given.
    pub data: Option<PathBuf>,
    /// More arguments behind `serve`.
    pub arguments: Vec<String>,
    /// Sent as `Authorization: Bearer` by [`Coldlight::get`] and [`Coldlight::sql`].
    pub key: Option<String>,
}

/// The three addresses it listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    pub http: SocketAddr,
}

/// A running (or stopped) program with its data. Dropped, it is killed and its temporary folder removed.
pub struct Coldlight {
    options: Options,
    data: PathBuf,
    child: Option<Child>,
    addresses: Addresses,
    output: Output,
    started_in: Duration,
    /// Holds the temporary folder until the end.
    _folder: tempfile::TempDir,
}

/// Everything it wrote, by all its lives.
#[derive(Clone, Default)]
struct Output {
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Coldlight {
    /// On free loopback ports with an empty store; ready when this returns.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Panics with the program's own words when it does not become ready.
    pub async fn start_with(options: Options) -> Self {
        let folder = tempfile::Builder::new().prefix("coldlight-").tempdir().expect("a temporary folder");
        let data = options.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = Addresses { grpc: free, otlp_http: free, http: free };
        let output = Output::default();
        let started_in = Duration::ZERO;
        let mut coldlight = Self { options, data, child: None, addresses, output, started_in, _folder: folder };
        coldlight.start_again().await;
        coldlight
    }

    /// Starts a stopped or killed program again, on the same addresses and data.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let start = Instant::now();
        let before = lines(&self.output.stdout).len();
        let mut command = self.command("serve");
        command.args(["--otlp-grpc", &self.addresses.grpc.to_string()]);
        command.args(["--otlp-http", &self.addresses.otlp_http.to_string()]);
        command.args(["--http", &self.addresses.http.to_string()]);
        command.args(&self.options.arguments);
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        record(child.stdout.take().expect("piped"), Arc::clone(&self.output.stdout));
        record(child.stderr.take().expect("piped"), Arc::clone(&self.output.stderr));
        self.child = Some(child);
        loop {
            let said = lines(&self.output.stdout);
            if let Some(addresses) = addresses(&said[before..]) {
                self.addresses = addresses;
                break;
            }
            if let Some(status) = self.exited() {
                panic!("it ended while starting, {status}:\n{}", self.last_words());
            }
            assert!(
                start.elapsed() < START,
                "it does not say where it listens; it said {said:?}\n{}",
                self.last_words()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        until("ready", START, async || match self.try_get("/readyz").await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(answer.text()),
            Err(why) => Err(format!("{why:#}\n{}", self.last_words())),
        })
        .await;
        self.started_in = start.elapsed();
    }

    /// The program with another subcommand on this data directory, nothing inherited from the environment's settings.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = program(subcommand);
        command.arg("--data").arg(&self.data).current_dir(self._folder.path());
        command
    }

    /// From the start of the process to the first ready answer, of the last start.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    pub fn grpc(&self) -> SocketAddr {
        self.addresses.grpc
    }

    pub fn otlp_http(&self) -> SocketAddr {
        self.addresses.otlp_http
    }

    pub fn http(&self) -> SocketAddr {
        self.addresses.http
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Its standard error so far.
    pub fn log(&self) -> String {
        self.output.stderr.lock().expect("no panic while writing").clone()
    }

    /// The end of its standard error, for a story that fails; without the questions that stories ask.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" question=")).collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Its standard output so far.
    pub fn said(&self) -> String {
        self.output.stdout.lock().expect("no panic while writing").clone()
    }

    /// The status it ended with, if it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().expect("wait for a child")?;
        self.child = None;
        Some(status)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("signal to a running child");
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(start.elapsed() < limit, "it still runs after {limit:?}:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// SIGTERM; panics unless it ends with 0.
    pub async fn stop(&mut self) {
        self.signal(Signal::TERM);
        let status = self.ended(STOP).await;
        assert!(status.success(), "it stopped with {status}:\n{}", self.last_words());
    }

    /// Stops and starts on the same addresses and data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// `kill -9`: no last words.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("kill a running child");
        child.wait().expect("wait for a killed child");
    }

    /// `GET` of a page or of the API. Fails when no answer came.
    pub async fn try_get(&self, path: &str) -> anyhow::Result<Answer> {
        let bearer = self.options.key.as_ref().map(|key| format!("Bearer {key}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        send(self.addresses.http, request(Method::GET, path, &headers, whole(""))).await
    }

    /// As [`Self::try_get`]; panics when no answer came.
    pub async fn get(&self, path: &str) -> Answer {
        match self.try_get(path).await {
            Ok(answer) => answer,
            Err(why) => panic!("GET {path}: {why:#}\n{}", self.last_words()),
        }
    }

    /// `POST` to the user interface's port.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Answer {
        let bearer = self.options.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers = headers.to_vec();
        headers.extend(bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
        match send(self.addresses.http, request(Method::POST, path, &headers, whole(body))).await {
            Ok(answer) => answer,
            Err(why) => panic!("POST {path}: {why:#}\n{}", self.last_words()),
        }
    }

    /// Asks in SQL. `Err` holds the answer's text.
    pub async fn try_sql(&self, question: &str) -> Result<Table, String> {
        let body = json!({ "sql": question, "max_rows": 100_000 }).to_string();
        let answer = self.post("/api/v1/sql", &[("content-type", "application/json")], body).await;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()));
        }
        Table::from_json(&answer.json())
    }

    /// Asks in SQL; panics with the reason when there is no answer.
    pub async fn sql(&self, question: &str) -> Table {
        match self.try_sql(question).await {
            Ok(table) => table,
            Err(why) => panic!("{question}: {why}\n{}", self.last_words()),
        }
    }

    /// Waits until all that was acknowledged is in the tables.
    pub async fn until_written(&self, limit: Duration) -> Duration {
        until("everything acknowledged is written", limit, async || {
            let waiting = self.get("/api/v1/status").await.json()["store"]["waiting_batches"].clone();
            if waiting == 0 { Ok(()) } else { Err(format!("{waiting} requests wait\n{}", self.last_words())) }
        })
        .await
    }

    /// Waits until `SELECT count(*)` of `rows` (a table, with a condition if wanted) is `expected`, and tells how long it took.
    pub async fn until_count(&self, rows: &str, expected: u64, limit: Duration) -> Duration {
        let question = format!("SELECT count(*) FROM {rows}");
        until(&question, limit, async || {
            let count = self.try_sql(&question).await?.number();
            if count == expected as i64 { Ok(()) } else { Err(format!("{count}, not {expected}")) }
        })
        .await
    }
}

impl Drop for Coldlight {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program with a subcommand and without any setting from this environment.
pub fn program(subcommand: &str) -> Command {
    let mut command = Command::new(tools::coldlight());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COLDLIGHT_") {
            command.env_remove(&name);
        }
    }
    command.arg(subcommand).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads all lines of a pipe on a thread of its own, so that the child never waits for a reader.
fn record(pipe: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().expect("no panic while writing").push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

fn lines(output: &Mutex<String>) -> Vec<String> {
    output.lock().expect("no panic while writing").lines().map(str::to_owned).collect()
}

/// All three addresses, once all three `listening NAME ADDR:PORT` lines were said.
fn addresses(lines: &[String]) -> Option<Addresses> {
    let find = |name: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(&format!("listening {name} ")))?;
        line.trim().parse().ok()
    };
    Some(Addresses { grpc: find("otlp-grpc")?, otlp_http: find("otlp-http")?, http: find("http")? })
}
