//! `coldlight demo`: functions, containers and a queue at work, so that every page has something true to show; and nothing of it
//! stays behind.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use coldlight_tests::clock::until;
use coldlight_tests::program::program;
use coldlight_tests::table::Table;
use coldlight_tests::{tools, web};
use http::Method;
use rustix::process::{Pid, Signal};
use serde_json::json;

/// It is ten seconds on a machine of its own; here others compile, or drive a browser.
const PATIENCE: Duration = Duration::from_secs(60);

/// Questions whose answer is a row as soon as the demo has it to show.
const SHOWN: [(&str, &str); 14] = [
    (
        "all five functions are billed as the platform reported",
        "SELECT count(DISTINCT \"function\") = 5 FROM invocations WHERE cost_state = 'reported' AND environment = 'demo' AND cost_usd > 0",
    ),
    (
        "cold starts",
        "SELECT count(*) > 0 FROM invocations WHERE environment = 'demo' AND start_kind = 'felt' AND init_ms > 0",
    ),
    ("warm starts", "SELECT count(*) > 0 FROM invocations WHERE environment = 'demo' AND start_kind = 'warm'"),
    ("a timeout", "SELECT count(*) > 0 FROM invocations WHERE \"function\" = 'text-to-speech' AND outcome = 'timeout'"),
    ("too little memory", "SELECT count(*) > 0 FROM invocations WHERE \"function\" = 'thumbnail' AND outcome = 'oom'"),
    (
        "a throttled call of a function",
        "SELECT count(*) > 0 FROM spans WHERE service = 'shopfront' AND throttle AND http_status = 429",
    ),
    (
        "on the map, who was too busy",
        "SELECT count(*) > 0 FROM edges WHERE caller = 'shopfront' AND callee = 'checkout' AND throttles > 0",
    ),
    ("a batch of a queue", "SELECT count(*) > 0 FROM invocations WHERE \"function\" = 'order-worker' AND records = 10"),
    (
        "a queue where messages wait",
        "SELECT count(*) > 0 FROM spans WHERE service = 'order-worker' AND epoch_ms(started_at::TIMESTAMP) - attributes['coldlight.trigger.sent_at']::BIGINT > 1000",
    ),
    (
        "messages that could not be packed",
        "SELECT count(*) > 0 FROM spans WHERE service = 'order-worker' AND name = 'pack' AND status = 'error'",
    ),
    (
        "containers with their tasks",
        "SELECT count(DISTINCT task_arn) = 3 FROM resources WHERE service IN ('shopfront', 'products', 'stock') AND launch_type = 'fargate'",
    ),
    (
        "one trace through containers and a function",
        "SELECT count(*) > 0 FROM (SELECT trace_id FROM spans WHERE service IN ('shopfront', 'checkout', 'products', 'stock') GROUP BY 1 HAVING count(DISTINCT service) = 4)",
    ),
    (
        "a batch linked to the orders that sent it",
        "SELECT count(*) > 0 FROM (SELECT unnest(links) AS link FROM spans WHERE service = 'order-worker') AS linked JOIN spans ON spans.trace_id = linked.link.trace_id WHERE spans.service = 'checkout'",
    ),
    (
        "a schedule and a bucket",
        "SELECT count(DISTINCT \"function\") = 2 FROM invocations WHERE \"trigger\" IN ('timer', 'datasource') AND \"function\" IN ('report', 'thumbnail')",
    ),
];

/// Kills the demo when the story fails.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Demo {
    /// On free ports.
    fn start(mut command: Command) -> Self {
        for listener in ["--otlp-grpc", "--otlp-http", "--http"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        Self(command.stderr(Stdio::inherit()).spawn().unwrap())
    }

    /// What it says, line by line.
    fn lines(&mut self) -> mpsc::Receiver<String> {
        let (said, lines) = mpsc::sync_channel(256);
        let stdout = std::io::BufReader::new(self.0.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in std::io::BufRead::lines(stdout).map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        lines
    }

    fn pid(&self) -> Pid {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a process id")
    }
}

/// The rest of the first line that starts so.
fn find(lines: &mpsc::Receiver<String>, start: &str) -> String {
    loop {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the demo does not say “{start}…”"));
        if let Some(rest) = line.trim_start().strip_prefix(start) {
            return rest.to_owned();
        }
    }
}

async fn until_ended(processes: &BTreeSet<i32>) {
    until("its processes end", PATIENCE, async || {
        let left: Vec<i32> = processes.iter().copied().filter(|pid| runs(*pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?} still run")) }
    })
    .await;
}

async fn sql(address: SocketAddr, question: &str) -> Result<Table, String> {
    let body = json!({ "sql": question }).to_string();
    let headers = [("content-type", "application/json")];
    let request = web::request(Method::POST, "/api/v1/sql", &headers, web::whole(body));
    let answer = web::send(address, request).await.map_err(|why| format!("{why:#}"))?;
    if answer.status == 200 { Table::from_json(&answer.json()) } else { Err(answer.text()) }
}

/// The processes that `root` started, and those that they started.
fn descendants(root: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_ascii_whitespace().filter_map(|child| child.parse().ok()) {
                if found.insert(child) {
                    left.push(child);
                }
            }
        }
    }
    found
}

fn runs(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_something_true_to_show_and_nothing_stays_behind() {
    let start = Instant::now();
    let mut demo = Demo::start(program("demo"));
    let lines = demo.lines();
    let (address, customer) = tokio::task::spawn_blocking(move || {
        let address: SocketAddr = find(&lines, "listening http ").parse().unwrap();
        (address, find(&lines, "Be a customer:  curl http://"))
    })
    .await
    .unwrap();
    println!("introduced itself after {:?}", start.elapsed());

    for (what, question) in SHOWN {
        until(what, PATIENCE, async || match sql(address, question).await?.texts().as_slice() {
            [yes] if yes == "true" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        println!("{what}: {:?} after the start", start.elapsed());
    }
    let (shop, path) = customer.split_once('/').expect("an address and a path");
    // What a product waits for may fail, as it does among the traffic shown: then a customer asks again.
    until("a customer is served", PATIENCE, async || {
        let request = web::request(Method::GET, &format!("/{path}"), &[], web::whole(""));
        match web::send(shop.parse().unwrap(), request).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("{}: {}", answer.status, answer.text())),
            Err(why) => Err(format!("{why:#}")),
        }
    })
    .await;

    let own = i32::try_from(demo.0.id()).unwrap();
    let started = descendants(own);
    assert!(started.len() >= 8, "three containers and five functions at least: {started:?}");
    let stopping = Instant::now();
    rustix::process::kill_process(demo.pid(), Signal::INT).unwrap();
    until("the demo ends", PATIENCE, async || match demo.0.try_wait() {
        Ok(Some(status)) if status.success() => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    println!("ended {:?} after Ctrl-C", stopping.elapsed());
    until_ended(&started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_without_a_word_it_leaves_no_function_behind() {
    // Its store stays behind, as it must: nobody is there to remove it.
    let place = tempfile::tempdir().unwrap();
    let mut command = program("demo");
    command.env("TMPDIR", place.path());
    let mut demo = Demo::start(command);
    let own = i32::try_from(demo.0.id()).unwrap();
    let frozen = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    until("containers, and functions that are frozen", PATIENCE, async || match descendants(own) {
        all if all.len() >= 8 && all.iter().filter(|pid| frozen(pid)).count() >= 2 => Ok(()),
        some => Err(format!("{some:?}")),
    })
    .await;
    let started = descendants(own);
    demo.0.kill().unwrap();
    demo.0.wait().unwrap();
    until_ended(&started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_functions_cannot_run_the_recorded_traffic_stands_alone_and_it_says_why() {
    // A program whose file was removed can start nothing in its own image, as a system without processes to freeze cannot.
    let folder = tempfile::tempdir_in(tools::target()).unwrap();
    let link = folder.path().join("coldlight");
    std::fs::hard_link(tools::coldlight(), &link).unwrap();
    let held = std::fs::File::open(&link).unwrap();
    std::fs::remove_file(&link).unwrap();
    let image = format!("/proc/{}/fd/{}", std::process::id(), held.as_raw_fd());
    let mut command = Command::new(image);
    command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut demo = Demo::start(command);
    let lines = demo.lines();
    let (address, why) = tokio::task::spawn_blocking(move || {
        (find(&lines, "listening http "), find(&lines, "The examples cannot run here ("))
    })
    .await
    .unwrap();
    assert!(why.ends_with("); the recorded traffic stands alone."), "{why}");
    let recorded = "SELECT count(DISTINCT service) > 10 FROM spans";
    until("what was recorded", PATIENCE, async || {
        match sql(address.parse().unwrap(), recorded).await?.texts().as_slice() {
            [yes] if yes == "true" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    rustix::process::kill_process(demo.pid(), Signal::INT).unwrap();
    until("the demo ends", PATIENCE, async || match demo.0.try_wait() {
        Ok(Some(status)) if status.success() => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}
