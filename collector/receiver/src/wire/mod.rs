//! OTLP's protobuf as bytes: looked through, and mended where prost would refuse it, before anything is decoded.
//!
//! prost allocates whatever a request asks for (a 2-byte span becomes 264 bytes), refuses a whole request for one byte
//! that is not UTF-8, and gives up at 100 levels. So the bytes are walked first: without recursion, without
//! allocation, and without a copy unless something must be mended.

mod field;
mod mend;
mod scan;
mod schema;

#[cfg(test)]
mod complete;

pub(crate) use field::WireError;
pub(crate) use mend::mend;
pub(crate) use scan::scan;
pub(crate) use schema::Message;
