//! The steps of decoding one by one, for the benchmark of this crate. Not for use.

use coldlight_model::{Batch, Timestamp};

use crate::intake::{decode_json, decode_protobuf};
use crate::signal::Signal;
use crate::wire;

/// Walks a trace request: the estimated bytes of memory its decoded form takes.
pub fn scan_traces(bytes: &[u8]) -> Option<usize> {
    let scan = wire::scan(bytes, Signal::Traces.request(), usize::MAX).ok()?;
    (!scan.needs_mending).then_some(scan.decoded_bytes)
}

/// Walks, decodes, checks and redacts a trace request.
pub fn traces_from_protobuf(bytes: &[u8]) -> Option<Batch> {
    let scan = wire::scan(bytes, Signal::Traces.request(), usize::MAX).ok()?;
    let converted = decode_protobuf(Signal::Traces, bytes, scan.needs_mending, || Timestamp::EPOCH).ok()?;
    Some(converted.batch)
}

/// The same of OTLP/JSON.
pub fn traces_from_json(bytes: &[u8]) -> Option<Batch> {
    let (converted, _) = decode_json(Signal::Traces, bytes, usize::MAX, || Timestamp::EPOCH).ok()?;
    Some(converted.batch)
}
