//! A wire between a sender and the program that a story can spoil, and that notes when what passed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What passed, in HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Passed {
    /// The head of a request came from the sender.
    Request,
    /// An answer went back, or was lost on the way.
    Answer { status: u16, retry_after: Option<u64>, lost: bool },
}

/// Passes bytes on to one address.
pub struct Proxy {
    pub address: SocketAddr,
    passed: Arc<Mutex<Vec<(Instant, Passed)>>>,
    lose: Arc<AtomicU32>,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (passed, lose) = (Arc::default(), Arc::new(AtomicU32::new(0)));
        let shared = (Arc::clone(&passed), Arc::clone(&lose));
        tokio::spawn(async move {
            while let Ok((sender, _)) = listener.accept().await {
                let (passed, lose) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                // A broken pair of connections is what a spoiled wire is for.
                tokio::spawn(async move { drop(carry(sender, target, passed, lose).await) });
            }
        });
        Self { address, passed, lose }
    }

    /// The next so many answers are taken from the program and never reach the sender: the connection breaks instead.
    pub fn lose_answers(&self, count: u32) {
        self.lose.store(count, Relaxed);
    }

    /// Everything so far, in order.
    pub fn passed(&self) -> Vec<(Instant, Passed)> {
        self.passed.lock().expect("no panic while writing").clone()
    }

    /// Of each answer with this status: how long it asked to wait, and how long it was until the sender's next request.
    pub fn waits_after(&self, wanted: u16) -> Vec<(Option<u64>, Duration)> {
        let passed = self.passed();
        let answers = passed.iter().enumerate().filter_map(|(at, (when, what))| match what {
            Passed::Answer { status, retry_after, .. } if *status == wanted => Some((at, *when, *retry_after)),
            _ => None,
        });
        let next = |at: usize| passed[at..].iter().find(|(_, what)| *what == Passed::Request);
        answers.filter_map(|(at, when, asked)| Some((asked, next(at)?.0 - when))).collect()
    }
}

async fn carry(
    sender: TcpStream,
    target: SocketAddr,
    passed: Arc<Mutex<Vec<(Instant, Passed)>>>,
    lose: Arc<AtomicU32>,
) -> std::io::Result<()> {
    let program = TcpStream::connect(target).await?;
    let (mut from_sender, mut to_sender) = sender.into_split();
    let (mut from_program, mut to_program) = program.into_split();
    let note = |what| passed.lock().expect("no panic while writing").push((Instant::now(), what));
    let (mut there, mut back) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = from_sender.read(&mut there) => match read? {
                0 => return to_program.shutdown().await,
                read => {
                    // Exporters write a request's head in one piece at the beginning of a packet.
                    if there[..read].starts_with(b"POST ") {
                        note(Passed::Request);
                    }
                    to_program.write_all(&there[..read]).await?;
                }
            },
            read = from_program.read(&mut back) => match read? {
                0 => return to_sender.shutdown().await,
                read => {
                    if let Some((status, retry_after)) = answer(&back[..read]) {
                        let lost = lose.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
                        note(Passed::Answer { status, retry_after, lost });
                        if lost {
                            return Ok(());
                        }
                    }
                    to_sender.write_all(&back[..read]).await?;
                }
            },
        }
    }
}

/// Status and `Retry-After` of an answer's head.
fn answer(bytes: &[u8]) -> Option<(u16, Option<u64>)> {
    let text = String::from_utf8_lossy(bytes);
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let retry_after = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("retry-after").then(|| value.trim().parse().ok()).flatten()
    });
    Some((status, retry_after))
}
