//! Lambda's Runtime API for one function: events are handed out, responses come back.

use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// What a function made of an event.
#[derive(Debug)]
pub struct Outcome {
    /// Posted to `/response`, not to `/error`.
    pub ok: bool,
    pub body: Value,
    /// From the event's delivery to the response's arrival: what a caller waits for.
    pub waited: Duration,
    /// From the response's arrival to the request for the next event: what is paid for, but not waited for.
    pub after: oneshot::Receiver<Duration>,
}

#[derive(Debug)]
struct Asked {
    id: String,
    event: Value,
    headers: Vec<(String, String)>,
    done: oneshot::Sender<Outcome>,
}

#[derive(Default)]
struct Shared {
    open: Mutex<Option<(Asked, Instant)>>,
    posted: Mutex<Option<(Instant, oneshot::Sender<Duration>)>>,
    events: tokio::sync::Mutex<Option<mpsc::Receiver<Asked>>>,
}

/// A function under its runtime: this test program, started once more.
pub struct Function {
    ask: mpsc::Sender<Asked>,
    child: Child,
    count: u64,
    _server: tokio::task::JoinHandle<()>,
}

impl Function {
    /// Runs the test `name` of this program as a function with these variables; its Runtime API is on `host`.
    pub async fn start(name: &str, host: IpAddr, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind(SocketAddr::new(host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ask, events) = mpsc::channel(16);
        let shared = Arc::new(Shared { events: tokio::sync::Mutex::new(Some(events)), ..Shared::default() });
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([name, "--exact", "--nocapture", "--test-threads=1"]).stdout(Stdio::null());
        for (variable, _) in std::env::vars() {
            if variable.starts_with("OTEL_") || variable.starts_with("AWS_") {
                command.env_remove(variable);
            }
        }
        command
            .env("COLDLIGHT_TEST_FUNCTION", name)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "checkout")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "7")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[7]aa11")
            .env("AWS_REGION", "eu-west-1")
            .envs(variables.iter().copied());
        Self { ask, child: command.spawn().unwrap(), count: 0, _server: server }
    }

    /// Invokes it and waits for what it makes of the event, at most twenty seconds.
    pub async fn invoke(&mut self, event: Value, headers: &[(&str, &str)]) -> Outcome {
        self.count += 1;
        let (done, outcome) = oneshot::channel();
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let id = format!("6f7f0961-0000-4000-8000-{:012}", self.count);
        self.ask.send(Asked { id, event, headers, done }).await.expect("the runtime's server");
        tokio::time::timeout(Duration::from_secs(20), outcome).await.expect("an outcome in time").expect("an outcome")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut bytes = Vec::new();
    while let Some((line, body)) = request(&mut stream, &mut bytes).await {
        let answer = if line.contains("/invocation/next") {
            next(&shared).await
        } else {
            finish(&shared, line.contains("/response"), &body);
            Some("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned())
        };
        let Some(answer) = answer else { return };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn next(shared: &Shared) -> Option<String> {
    if let Some((posted, asked)) = shared.posted.lock().unwrap().take() {
        let _ = asked.send(posted.elapsed());
    }
    let asked = shared.events.lock().await.as_mut()?.recv().await?;
    #[expect(clippy::disallowed_methods, reason = "Lambda tells deadlines by the wall clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let mut head = format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {}\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:checkout:live\r\n",
        asked.id,
        now + 10_000
    );
    for (name, value) in &asked.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = asked.event.to_string();
    *shared.open.lock().unwrap() = Some((asked, Instant::now()));
    Some(format!("{head}content-length: {}\r\n\r\n{body}", body.len()))
}

fn finish(shared: &Shared, ok: bool, body: &[u8]) {
    let Some((asked, started)) = shared.open.lock().unwrap().take() else { return };
    let (waited, (next, after)) = (started.elapsed(), oneshot::channel());
    *shared.posted.lock().unwrap() = Some((Instant::now(), next));
    let body = serde_json::from_slice(body).unwrap_or_default();
    let _ = asked.done.send(Outcome { ok, body, waited, after });
}

/// The first line and the body; `None` when the connection ends.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes.drain(..end).collect::<Vec<u8>>()).to_lowercase();
    let line = head.lines().next()?.to_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < length {
        if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    Some((line, bytes.drain(..length).collect()))
}
