//! OTLP/JSON, as real senders write it.
//!
//! The rules: keys in lowerCamelCase, ids in hexadecimal of any case, 64-bit numbers as text, enums as numbers. Seen in
//! traffic and taken too: 64-bit numbers as numbers (even ones whose digits were lost), enums by name, nulls for whatever
//! is not there, empty values, bare `NaN`, bytes that are not UTF-8, lone surrogates. Unknown keys are skipped, and of
//! a key that comes twice the last counts.
//!
//! The outcome is the same structs that protobuf decodes to, so that all checks exist once. Memory is bounded while
//! decoding: every element is charged before it is made.

mod logs;
mod metrics;
mod number;
mod reader;
mod skip;
mod text;
mod traces;
mod value;

#[cfg(test)]
mod tests;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use reader::Reader;
pub(crate) use reader::{JsonError, Problem};

use crate::signal::Signal;

/// A request as decoded, and what decoding it was like.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) request: T,
    /// An estimate of the memory it takes, in bytes.
    pub(crate) decoded_bytes: usize,
    /// Some text was not UTF-8 and holds U+FFFD now.
    pub(crate) mended: bool,
}

/// `budget`: the most estimated bytes of memory that decoding may take.
pub(crate) fn traces(bytes: &[u8], budget: usize) -> Result<Decoded<ExportTraceServiceRequest>, JsonError> {
    decode(bytes, budget, traces::request)
}

pub(crate) fn logs(bytes: &[u8], budget: usize) -> Result<Decoded<ExportLogsServiceRequest>, JsonError> {
    decode(bytes, budget, logs::request)
}

pub(crate) fn metrics(bytes: &[u8], budget: usize) -> Result<Decoded<ExportMetricsServiceRequest>, JsonError> {
    decode(bytes, budget, metrics::request)
}

/// The memory that decoding would take, in bytes, without taking it: each element is made and forgotten.
pub(crate) fn measure(signal: Signal, bytes: &[u8], budget: usize) -> Result<usize, JsonError> {
    let mut reader = Reader::new(bytes, budget);
    reader.forgets = true;
    match signal {
        Signal::Traces => drop(traces::request(&mut reader)?),
        Signal::Logs => drop(logs::request(&mut reader)?),
        Signal::Metrics => drop(metrics::request(&mut reader)?),
    }
    reader.finish()?;
    Ok(reader.spent())
}

fn decode<T>(
    bytes: &[u8],
    budget: usize,
    request: impl FnOnce(&mut Reader) -> Result<T, JsonError>,
) -> Result<Decoded<T>, JsonError> {
    let mut reader = Reader::new(bytes, budget);
    let request = request(&mut reader)?;
    reader.finish()?;
    Ok(Decoded { request, decoded_bytes: reader.spent(), mended: reader.mended })
}
