//! Requests recorded from real OpenTelemetry SDKs, carried in the program: bodies, and how each was sent.
//!
//! They are the same files the tests send; `manifest.json` beside them says what each holds.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use serde::Deserialize;

/// One recorded request, its body decompressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub file: &'static str,
    pub body: Bytes,
    pub sent: Sent,
}

/// How a request was sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sent {
    /// `traces`, `logs` or `metrics`.
    pub signal: String,
    /// `grpc` or `http`.
    pub transport: String,
    pub path: String,
    pub content_type: String,
    /// `identity` or `gzip`.
    pub encoding: String,
    /// Whether the length was not said beforehand.
    pub chunked: bool,
}

/// What happened in one sitting: several requests that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub requests: Vec<Recording>,
}

macro_rules! recorded {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../../../../tests/fixtures/otlp/", $name)))),*]
    };
}

const FILES: &[(&str, &[u8])] = recorded! {
    "001-order-api-grpc-traces.pb.gz" "002-order-api-grpc-traces.pb.gz" "003-order-api-grpc-traces.pb.gz"
    "004-order-api-grpc-traces.pb.gz" "005-order-api-grpc-traces.pb.gz" "006-order-api-grpc-traces.pb.gz"
    "007-order-flow-traces.pb" "008-order-flow-traces.pb" "009-order-flow-traces.pb" "010-order-flow-traces.pb"
    "011-sqs-xray-traces.pb" "012-sqs-xray-traces.pb" "013-sqs-xray-traces.pb"
    "014-eventbridge-timeout-traces.pb.gz" "015-eventbridge-timeout-traces.pb.gz" "016-eventbridge-timeout-traces.pb.gz"
    "017-eventbridge-timeout-traces.pb.gz" "018-eventbridge-timeout-traces.pb.gz" "019-eventbridge-timeout-traces.pb.gz"
    "020-eventbridge-timeout-traces.pb.gz" "021-eventbridge-timeout-traces.pb.gz" "022-eventbridge-timeout-traces.pb.gz"
    "023-eventbridge-timeout-traces.pb.gz"
    "024-streams-json-traces.json" "025-streams-json-metrics.json" "026-streams-json-traces.json"
    "027-streams-json-metrics.json"
    "028-js-cart-json-traces.json" "029-js-cart-json-traces.json" "030-js-cart-json-traces.json"
    "031-js-cart-json-traces.json"
    "032-js-sqs-grpc-traces.pb.gz" "033-js-sqs-grpc-traces.pb.gz"
    "034-js-signals-proto-traces.pb.gz" "035-js-signals-proto-metrics.pb.gz" "036-js-signals-proto-traces.pb.gz"
    "037-js-signals-proto-metrics.pb.gz" "038-js-signals-proto-metrics.pb.gz" "039-js-signals-proto-logs.pb.gz"
    "040-js-signals-proto-metrics.pb.gz"
    "041-ecs-flask-traces.pb.gz" "042-ecs-flask-traces.pb.gz" "043-ecs-flask-traces.pb.gz" "044-ecs-flask-logs.pb.gz"
    "045-ecs-flask-traces.pb.gz" "046-ecs-flask-traces.pb.gz" "047-ecs-flask-logs.pb.gz" "048-ecs-flask-logs.pb.gz"
    "049-ecs-flask-metrics.pb.gz" "050-ecs-flask-metrics.pb.gz" "051-ecs-flask-metrics.pb.gz"
    "052-ecs-express-traces.json" "053-ecs-express-traces.pb.gz" "054-ecs-express-traces.pb"
};

const MANIFEST: &str = include_str!("../../../../tests/fixtures/otlp/manifest.json");

#[derive(Deserialize)]
struct Manifest {
    totals: Totals,
    files: Vec<Entry>,
}

/// What all recordings hold together.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Totals {
    pub files: usize,
    pub spans: u64,
    pub traces: u64,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    scenario: String,
    #[serde(flatten)]
    sent: Sent,
}

fn manifest() -> Manifest {
    serde_json::from_str(MANIFEST).expect("the manifest in the program is the one its tests read")
}

pub fn totals() -> Totals {
    manifest().totals
}

/// All recordings, in the order of the files.
pub fn scenarios() -> Vec<Scenario> {
    let bodies: BTreeMap<&str, (&'static str, &'static [u8])> =
        FILES.iter().map(|(name, bytes)| (*name, (*name, *bytes))).collect();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for entry in manifest().files {
        let Some((file, bytes)) = bodies.get(entry.file.as_str()) else { continue };
        let body = if entry.sent.encoding == "gzip" { unzip(bytes) } else { Bytes::from_static(bytes) };
        let request = Recording { file, body, sent: entry.sent };
        match scenarios.last_mut() {
            Some(last) if last.name == entry.scenario => last.requests.push(request),
            _ => scenarios.push(Scenario { name: entry.scenario, requests: vec![request] }),
        }
    }
    scenarios
}

/// Three traces that show what there is to see: an order is placed, its queue is drained, a cart in another language.
pub fn sample() -> Scenario {
    const FILES: [&str; 3] = ["007-order-flow-traces.pb", "008-order-flow-traces.pb", "028-js-cart-json-traces.json"];
    let requests = scenarios().into_iter().flat_map(|scenario| scenario.requests);
    let mut requests: Vec<Recording> = requests.filter(|request| FILES.contains(&request.file)).collect();
    // Recorded minutes apart; shown together.
    requests.sort_by_key(|request| request.file);
    Scenario { name: "sample".to_owned(), requests }
}

fn unzip(bytes: &[u8]) -> Bytes {
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut body).expect("the recordings in the program are whole");
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_carries_every_recording_of_the_manifest() {
        let totals = totals();
        let requests: usize = scenarios().iter().map(|scenario| scenario.requests.len()).sum();
        assert_eq!((requests, FILES.len()), (totals.files, totals.files));
        assert!(scenarios().iter().flat_map(|scenario| &scenario.requests).all(|request| !request.body.is_empty()));
    }

    #[test]
    fn the_sample_goes_over_http() {
        let sample = sample();
        assert_eq!(sample.requests.len(), 3);
        assert!(sample.requests.iter().all(|request| request.sent.transport == "http"));
    }
}
