//! The recorded requests of real SDKs in `fixtures/otlp`, and their manifest.

use std::path::PathBuf;

use http::Method;
use serde::Deserialize;

use crate::program::Addresses;
use crate::{grpc, tools, web};

/// What the recordings hold, as counted when they were made.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    pub totals: Totals,
    pub files: Vec<Recording>,
    pub scenarios: Vec<Scenario>,
}

/// What was recorded together.
#[derive(Debug, Deserialize)]
pub struct Scenario {
    #[serde(default)]
    pub true_invocations: Vec<TrueInvocation>,
}

/// What whoever invoked a function knew of it, whatever its spans say.
#[derive(Debug, Deserialize)]
pub struct TrueInvocation {
    pub request_id: String,
    pub cold: bool,
}

/// An invocation, as its span says.
#[derive(Clone, Debug, Deserialize)]
pub struct Faas {
    pub invocation_id: String,
    pub trace_id: String,
    pub span_id: String,
    pub coldstart_attr: Option<bool>,
    pub trigger: Option<String>,
    pub arn: Option<String>,
    pub faas_name: String,
    pub faas_version: String,
    pub instance: String,
    /// In bytes, or in MB, as some send it.
    pub max_memory_as_sent: u64,
}

#[derive(Debug, Deserialize)]
pub struct Totals {
    pub files: u64,
    pub spans: u64,
    pub traces: u64,
    pub log_records: u64,
    pub data_points: u64,
}

/// One request: how it was sent and what is in it.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    pub file: String,
    /// `traces`, `logs` or `metrics`.
    pub signal: String,
    pub transport: Transport,
    pub path: String,
    pub content_type: String,
    pub encoding: String,
    /// Sent with `Transfer-Encoding: chunked`.
    pub chunked: bool,
    pub user_agent: String,
    pub services: Vec<String>,
    #[serde(default)]
    pub faas: Vec<Faas>,
    pub expected: Expected,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Grpc,
    Http,
}

/// Counts; those that do not fit the signal are zero.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Expected {
    pub spans: u64,
    pub distinct_spans: u64,
    pub error_spans: u64,
    pub events: u64,
    pub links: u64,
    pub spans_without_parent_id: u64,
    pub log_records: u64,
    pub data_points: u64,
    pub kinds: std::collections::BTreeMap<String, u64>,
    pub severities: std::collections::BTreeMap<String, u64>,
    pub trace_ids: Vec<String>,
}

impl Manifest {
    pub fn read() -> Self {
        let path = folder().join("manifest.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// The recordings of one signal.
    pub fn of<'a>(&'a self, signal: &'a str) -> impl Iterator<Item = &'a Recording> {
        self.files.iter().filter(move |recording| recording.signal == signal)
    }

    /// A sum over the recordings' counts.
    pub fn sum(&self, count: impl Fn(&Expected) -> u64) -> u64 {
        self.files.iter().map(|recording| count(&recording.expected)).sum()
    }

    /// Every service that sent spans, sorted.
    pub fn services_of(&self, signal: &str) -> Vec<String> {
        let all: std::collections::BTreeSet<&String> = self.of(signal).flat_map(|file| &file.services).collect();
        all.into_iter().cloned().collect()
    }
}

impl Recording {
    /// The body exactly as it went over the wire, still compressed.
    pub fn bytes(&self) -> Vec<u8> {
        let path = folder().join(&self.file);
        std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// Sends it as its SDK did; panics unless it was taken whole.
    pub async fn send(&self, to: Addresses) {
        let taken = match self.transport {
            Transport::Grpc => self.send_grpc(to).await,
            Transport::Http => self.send_http(to).await,
        };
        if let Err(why) = taken {
            panic!("{}: {why:#}", self.file);
        }
    }

    async fn send_grpc(&self, to: Addresses) -> anyhow::Result<()> {
        let mut connection = grpc::Connection::open(to.grpc).await?;
        let agent = [("user-agent", self.user_agent.as_str()), ("grpc-timeout", "10S")];
        let answer = connection.call_with(&self.path, &self.encoding, &self.bytes(), &agent).await?;
        anyhow::ensure!(answer.is_ok(), "{:?}", answer.status);
        anyhow::ensure!(
            answer.message.is_empty(),
            "full success leaves partial_success unset, got {:?}",
            answer.message
        );
        Ok(())
    }

    async fn send_http(&self, to: Addresses) -> anyhow::Result<()> {
        let mut headers = vec![("content-type", self.content_type.as_str()), ("user-agent", self.user_agent.as_str())];
        if self.encoding != "identity" {
            headers.push(("content-encoding", self.encoding.as_str()));
        }
        let body = if self.chunked { web::chunked(self.bytes()) } else { web::whole(self.bytes()) };
        let answer = web::send(to.otlp_http, web::request(Method::POST, &self.path, &headers, body)).await?;
        anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
        let kind = answer.header("content-type");
        anyhow::ensure!(kind == self.content_type, "answered in {kind}, asked in {}", self.content_type);
        let full_success: &[u8] = if kind == "application/json" { b"{}" } else { b"" };
        anyhow::ensure!(answer.body == full_success, "full success is {full_success:?}, got {}", answer.text());
        Ok(())
    }
}

fn folder() -> PathBuf {
    tools::folder().join("fixtures/otlp")
}
