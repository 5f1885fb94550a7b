//! The senders: each connection sends, waits for the answer, sends the next; a refusal is tried again when asked to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coldlight_tests::lambda::SPREAD_NS;
use coldlight_tests::stamp::Template;
use coldlight_tests::{clock, grpc, web};
use http::Method;

use crate::{Arguments, Protocol};

/// What all senders together did.
#[derive(Default)]
pub struct Sent {
    pub spans: u64,
    pub bytes: u64,
    /// Refused with the word to try again, which was done.
    pub refusals: u64,
    /// Send to acknowledgement in microseconds, sorted; of the try that was taken.
    pub latencies: Vec<u64>,
}

/// Sends until `--spans` are acknowledged. Fails on any answer that is neither yes nor "later".
pub async fn send(arguments: &Arguments, templates: Arc<[Template]>, to: SocketAddr) -> anyhow::Result<Sent> {
    let next = Arc::new(AtomicU64::new(0));
    let count = arguments.spans.div_ceil(arguments.batch as u64);
    let pace = arguments.rate.map(|rate| Duration::from_secs_f64(arguments.batch as f64 / rate as f64));
    let first =
        arguments.over.map(|over| clock::unix_nanos().saturating_sub(over.saturating_mul(1_000_000_000) + SPREAD_NS));
    let start = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..arguments.connections {
        let key = arguments.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut sender = Sender::open(arguments.protocol, to, key).await?;
        let (next, templates, round_ns) = (Arc::clone(&next), Arc::clone(&templates), arguments.round_ns());
        senders.spawn(async move {
            let mut sent = Sent::default();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return anyhow::Ok(sent);
                }
                if let Some(pace) = pace {
                    tokio::time::sleep_until((start + pace.mul_f64(at as f64)).into()).await;
                }
                let template = &templates[(at % templates.len() as u64) as usize];
                let round = at / templates.len() as u64;
                let begins = first.map(|first| first + round * round_ns);
                sender.send(template, round, begins, &mut sent).await?;
            }
        });
    }
    let mut all = Sent::default();
    while let Some(sent) = senders.join_next().await {
        let sent = sent??;
        all.spans += sent.spans;
        all.bytes += sent.bytes;
        all.refusals += sent.refusals;
        all.latencies.extend(sent.latencies);
    }
    all.latencies.sort_unstable();
    Ok(all)
}

struct Sender {
    connection: Connection,
    key: Option<String>,
}

enum Connection {
    Grpc(grpc::Connection),
    Http(web::Connection),
}

enum Answer {
    Taken,
    Later(Duration),
}

impl Sender {
    async fn open(protocol: Protocol, to: SocketAddr, key: Option<String>) -> anyhow::Result<Self> {
        let connection = match protocol {
            Protocol::Grpc => Connection::Grpc(grpc::Connection::open(to).await?),
            Protocol::Http => Connection::Http(web::Connection::open(to).await?),
        };
        Ok(Self { connection, key })
    }

    /// Sends the request of a round; its times begin at `begins`, or so that they end about now.
    async fn send(
        &mut self,
        template: &Template,
        round: u64,
        begins: Option<u64>,
        sent: &mut Sent,
    ) -> anyhow::Result<()> {
        let start = begins.unwrap_or_else(|| clock::unix_nanos().saturating_sub(SPREAD_NS));
        loop {
            let body = template.stamped(round, start);
            let bytes = body.len() as u64;
            let begun = Instant::now();
            match self.exchange(body).await? {
                Answer::Taken => {
                    sent.latencies.push(u64::try_from(begun.elapsed().as_micros())?);
                    sent.spans += template.spans();
                    sent.bytes += bytes;
                    return Ok(());
                }
                Answer::Later(delay) => {
                    sent.refusals += 1;
                    tokio::time::sleep(delay).await;
                }
            }
        }
    }

    async fn exchange(&mut self, body: bytes::Bytes) -> anyhow::Result<Answer> {
        let key: Vec<(&str, &str)> = self.key.iter().map(|key| ("authorization", key.as_str())).collect();
        match &mut self.connection {
            Connection::Grpc(connection) => {
                let answer = connection.call_with(grpc::TRACES, "identity", &body, &key).await?;
                match answer.retry_delay() {
                    _ if answer.is_ok() && answer.message.is_empty() => Ok(Answer::Taken),
                    Some(delay) => Ok(Answer::Later(delay)),
                    None => anyhow::bail!("{:?} {:?}", answer.status, answer.message),
                }
            }
            Connection::Http(connection) => {
                let mut headers = vec![("content-type", "application/x-protobuf")];
                headers.extend(key);
                let request = web::request(Method::POST, "/v1/traces", &headers, web::whole(body));
                let answer = connection.send(request).await?;
                match answer.status.as_u16() {
                    200 if answer.body.is_empty() => Ok(Answer::Taken),
                    503 => Ok(Answer::Later(Duration::from_secs(answer.header("retry-after").parse()?))),
                    status => anyhow::bail!("{status} {}", answer.text()),
                }
            }
        }
    }
}
