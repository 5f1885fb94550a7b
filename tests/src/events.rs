//! Server-sent events as a browser reads them: one after the other, from a stream that has no end.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::web::{Body, request, whole};

/// One event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
}

/// An open stream. Nothing is read of it but by [`Events::next`], so that one who never asks is a reader who does not read.
pub struct Events {
    body: Incoming,
    text: String,
    _sender: http1::SendRequest<Body>,
}

impl Events {
    /// Fails with the status when the answer is no stream.
    pub async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { drop(connection.await) });
        let host = address.to_string();
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", host.as_str())]).collect();
        let answer = sender.send_request(request(Method::GET, path, &headers, whole(""))).await?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(Self { body: answer.into_body(), text: String::new(), _sender: sender })
    }

    /// The next event, comments passed over; fails when none comes within `limit`, or when the stream ends.
    pub async fn next(&mut self, limit: Duration) -> anyhow::Result<Event> {
        tokio::time::timeout(limit, self.read()).await.with_context(|| format!("no event within {limit:?}"))?
    }

    async fn read(&mut self) -> anyhow::Result<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = parse(block);
                self.text = rest.to_owned();
                if !event.data.is_empty() {
                    return Ok(event);
                }
            }
            let frame = self.body.frame().await.context("the stream ended")??;
            let bytes: Bytes = frame.into_data().unwrap_or_default();
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

fn parse(block: &str) -> Event {
    let mut event = Event::default();
    let mut data: Vec<&str> = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = value.to_owned(),
            "data" => data.push(value),
            _ => {}
        }
    }
    event.data = data.join("\n");
    event
}
