//! The collector under load: one of our own, or one that runs already.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use coldlight_tests::measure::folder_bytes;
use coldlight_tests::table::Table;
use coldlight_tests::{Coldlight, Options, tools, web};
use http::Method;
use serde_json::json;

use crate::{Arguments, Protocol};

/// Often enough to tell tenths of a second, seldom enough not to be the load.
const POLL: Duration = Duration::from_millis(100);

pub enum Target {
    Own(Box<Coldlight>, Protocol),
    Running { otlp: SocketAddr, ui: Option<SocketAddr>, pid: Option<u32>, key: Option<String> },
}

impl Target {
    pub async fn new(arguments: &Arguments) -> anyhow::Result<Self> {
        let Some(url) = &arguments.url else {
            tools::find_coldlight().map_err(anyhow::Error::msg)?;
            let options =
                Options { data: arguments.data.clone(), arguments: arguments.serve.clone(), ..Options::default() };
            return Ok(Self::Own(Box::new(Coldlight::start_with(options).await), arguments.protocol));
        };
        let ui = arguments.ui.as_deref().map(address).transpose()?;
        Ok(Self::Running { otlp: address(url)?, ui, pid: arguments.pid, key: arguments.key.clone() })
    }

    pub fn otlp(&self) -> SocketAddr {
        match self {
            Self::Own(coldlight, Protocol::Grpc) => coldlight.grpc(),
            Self::Own(coldlight, Protocol::Http) => coldlight.otlp_http(),
            Self::Running { otlp, .. } => *otlp,
        }
    }

    pub fn pid(&self) -> Option<u32> {
        match self {
            Self::Own(coldlight, _) => Some(coldlight.pid()),
            Self::Running { pid, .. } => *pid,
        }
    }

    /// The data directory, of a collector that is ours.
    pub fn data(&self) -> Option<PathBuf> {
        match self {
            Self::Own(coldlight, _) => Some(coldlight.data().to_owned()),
            Self::Running { .. } => None,
        }
    }

    /// How many spans it holds; `None` when no user interface was named.
    pub async fn spans(&self) -> anyhow::Result<Option<u64>> {
        let (address, key) = match self {
            Self::Own(coldlight, _) => (coldlight.http(), None),
            Self::Running { ui: Some(ui), key, .. } => (*ui, key.as_ref()),
            Self::Running { ui: None, .. } => return Ok(None),
        };
        let bearer = key.map(|key| format!("Bearer {key}")).unwrap_or_default();
        let mut headers = vec![("content-type", "application/json")];
        if !bearer.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let body = web::whole(json!({ "sql": "SELECT count(*) FROM spans" }).to_string());
        let answer = web::send(address, web::request(Method::POST, "/api/v1/sql", &headers, body)).await?;
        anyhow::ensure!(answer.status == 200, "count of spans: {} {}", answer.status, answer.text());
        let table = Table::from_json(&answer.json()).map_err(anyhow::Error::msg)?;
        Ok(Some(table.number().unsigned_abs()))
    }

    /// How long until it holds `expected` spans.
    pub async fn until_visible(&self, expected: u64, limit: Duration) -> anyhow::Result<Duration> {
        let start = Instant::now();
        loop {
            match self.spans().await? {
                Some(spans) if spans >= expected => return Ok(start.elapsed()),
                spans if start.elapsed() > limit => {
                    anyhow::bail!("{spans:?} of {expected} spans are visible after {limit:?}")
                }
                _ => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// What an empty store takes once it was closed, so that it can be taken off; restarts a collector that is ours.
    pub async fn settled_disk(&mut self) -> Option<u64> {
        let Self::Own(coldlight, _) = self else { return None };
        coldlight.stop().await;
        let bytes = folder_bytes(coldlight.data());
        coldlight.start_again().await;
        Some(bytes)
    }

    /// Ends a collector of ours, which drains and checkpoints.
    pub async fn stop(&mut self) {
        if let Self::Own(coldlight, _) = self {
            coldlight.stop().await;
        }
    }
}

fn address(url: &str) -> anyhow::Result<SocketAddr> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    host.to_socket_addrs().with_context(|| format!("{url}: not http://HOST:PORT"))?.next().context("no address")
}
