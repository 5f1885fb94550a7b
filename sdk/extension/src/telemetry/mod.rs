//! What the platform tells: `platform.*` records and, if wanted, the function's lines, taken in as OTLP logs.
//!
//! Each becomes a log record with the attribute `type` (its name), `faas.invocation_id` where it has one, its own time, and itself
//! as a map body. It is kept as the function's own requests are, so a kill loses none that was answered.
//!
//! Reading is lenient: what is not understood costs that detail, never the batch, for Lambda would send the same batch again
//! and nothing would come behind it.

mod convert;

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::clock;
use crate::house::House;
use crate::settings::FunctionNames;
use crate::signal::Signal;
use crate::spool::Encoding;

pub use convert::{any, text};

/// A batch has `maxBytes` and may have one more large record.
const LARGEST: usize = 4 << 20;

/// Turns records into requests, with the environment's resource.
pub struct Teller {
    function: FunctionNames,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    account: Option<String>,
    /// The log stream, as the platform names the environment; before it does, and under SnapStart, a name of our own.
    instance: String,
    /// Of the last `platform.start`: an environment serves one at a time, so lines belong to it.
    current: Option<String>,
}

impl Teller {
    pub fn new(function: FunctionNames, instance: String) -> Self {
        Self { function, known: Mutex::new(Known { instance, ..Known::default() }) }
    }

    pub fn account(&self, account: Option<String>) {
        self.known().account = account;
    }

    /// A request with these records; `None` when there are none.
    fn request(&self, records: Vec<LogRecord>) -> Option<Vec<u8>> {
        if records.is_empty() {
            return None;
        }
        let known = self.known();
        let resource = Resource {
            attributes: convert::resource(&self.function, known.account.as_deref(), &known.instance),
            ..Resource::default()
        };
        drop(known);
        let scope = InstrumentationScope {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let logs = ScopeLogs { scope: Some(scope), log_records: records, ..ScopeLogs::default() };
        let logs = ResourceLogs { resource: Some(resource), scope_logs: vec![logs], ..ResourceLogs::default() };
        Some(ExportLogsServiceRequest { resource_logs: vec![logs] }.encode_to_vec())
    }

    /// Takes a batch in. What it tells of invocations goes round after it is kept.
    pub fn hear(&self, house: &House, batch: &[u8]) -> std::io::Result<()> {
        let Ok(records) = serde_json::from_slice::<Vec<Value>>(batch) else {
            // No list at all: it would be none the next time either.
            house.counts.lost.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let (mut logs, mut done, mut reported) = (Vec::with_capacity(records.len()), None, None);
        for record in &records {
            let kind = record["type"].as_str().unwrap_or_default();
            let id = record["record"]["requestId"].as_str();
            match kind {
                "platform.initStart" | "platform.restoreStart" => {
                    if let Some(instance) = record["record"]["instanceId"].as_str() {
                        self.known().instance = instance.to_owned();
                    }
                }
                "platform.start" => self.known().current = id.map(str::to_owned),
                "platform.runtimeDone" => done = id,
                "platform.report" => reported = id,
                _ => {}
            }
            let line = matches!(kind, "function" | "extension");
            let current = if line { self.known().current.clone() } else { None };
            logs.push(convert::record(record, current.as_deref(), clock::now()));
        }
        if let Some(request) = self.request(logs) {
            house.take(Signal::Logs, Encoding::Protobuf, &request)?;
        }
        if let Some(id) = done {
            house.runtime_done.send_replace(id.to_owned());
        }
        if let Some(id) = reported {
            house.reported.send_replace(id.to_owned());
        }
        Ok(())
    }

    /// Keeps a record of our own, of type `kind`.
    pub fn tell(&self, house: &House, kind: &str, invocation: Option<&str>, body: Value) {
        let record = serde_json::json!({ "type": kind, "record": body });
        let log = convert::record(&record, invocation, clock::now());
        if let Some(request) = self.request(vec![log]) {
            // Without room for it there is none for what it would tell of.
            let _ = house.take(Signal::Logs, Encoding::Protobuf, &request);
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the platform's batches until it is dropped.
pub async fn serve(listener: TcpListener, house: Arc<House>, teller: Arc<Teller>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let (house, teller) = (Arc::clone(&house), Arc::clone(&teller));
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(Arc::clone(&house), Arc::clone(&teller), request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(
    house: Arc<House>,
    teller: Arc<Teller>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let _busy = house.enter();
    let status = match Limited::new(request.into_body(), LARGEST).collect().await {
        Ok(batch) => match teller.hear(&house, &batch.to_bytes()) {
            Ok(()) => StatusCode::OK,
            // It comes again.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
        // Too large to keep, and it would be as large the next time.
        Err(_) => {
            house.counts.lost.fetch_add(1, Ordering::Relaxed);
            StatusCode::OK
        }
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}
