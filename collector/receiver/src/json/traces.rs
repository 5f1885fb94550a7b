//! The keys of a trace request.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::reader::{JsonError, Reader};
use super::value::{attributes, id, resource, scope};

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

pub(super) fn request(reader: &mut Reader) -> Result<ExportTraceServiceRequest, JsonError> {
    let mut request = ExportTraceServiceRequest::default();
    reader.members(|reader, key| {
        match key {
            "resourceSpans" => request.resource_spans = reader.list(resource_spans)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn resource_spans(reader: &mut Reader) -> Result<ResourceSpans, JsonError> {
    let mut spans = ResourceSpans::default();
    reader.members(|reader, key| {
        match key {
            "resource" => spans.resource = Some(resource(reader)?),
            "scopeSpans" => spans.scope_spans = reader.list(scope_spans)?,
            "schemaUrl" => spans.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(spans)
}

fn scope_spans(reader: &mut Reader) -> Result<ScopeSpans, JsonError> {
    let mut spans = ScopeSpans::default();
    reader.members(|reader, key| {
        match key {
            "scope" => spans.scope = Some(scope(reader)?),
            "spans" => spans.spans = reader.list(span)?,
            "schemaUrl" => spans.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(spans)
}

fn span(reader: &mut Reader) -> Result<Span, JsonError> {
    let mut span = Span::default();
    reader.members(|reader, key| {
        match key {
            "traceId" => span.trace_id = id(reader)?,
            "spanId" => span.span_id = id(reader)?,
            "traceState" => span.trace_state = reader.text()?,
            "parentSpanId" => span.parent_span_id = id(reader)?,
            "flags" => span.flags = reader.u32()?,
            "name" => span.name = reader.text()?,
            "kind" => span.kind = reader.enumeration(&KINDS)?,
            "startTimeUnixNano" => span.start_time_unix_nano = reader.u64()?,
            "endTimeUnixNano" => span.end_time_unix_nano = reader.u64()?,
            "attributes" => span.attributes = attributes(reader)?,
            "droppedAttributesCount" => span.dropped_attributes_count = reader.u32()?,
            "events" => span.events = reader.list(event)?,
            "droppedEventsCount" => span.dropped_events_count = reader.u32()?,
            "links" => span.links = reader.list(link)?,
            "droppedLinksCount" => span.dropped_links_count = reader.u32()?,
            "status" => span.status = Some(status(reader)?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(span)
}

fn event(reader: &mut Reader) -> Result<Event, JsonError> {
    let mut event = Event::default();
    reader.members(|reader, key| {
        match key {
            "timeUnixNano" => event.time_unix_nano = reader.u64()?,
            "name" => event.name = reader.text()?,
            "attributes" => event.attributes = attributes(reader)?,
            "droppedAttributesCount" => event.dropped_attributes_count = reader.u32()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(event)
}

fn link(reader: &mut Reader) -> Result<Link, JsonError> {
    let mut link = Link::default();
    reader.members(|reader, key| {
        match key {
            "traceId" => link.trace_id = id(reader)?,
            "spanId" => link.span_id = id(reader)?,
            "traceState" => link.trace_state = reader.text()?,
            "attributes" => link.attributes = attributes(reader)?,
            "droppedAttributesCount" => link.dropped_attributes_count = reader.u32()?,
            "flags" => link.flags = reader.u32()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(link)
}

fn status(reader: &mut Reader) -> Result<Status, JsonError> {
    let mut status = Status::default();
    reader.members(|reader, key| {
        match key {
            "message" => status.message = reader.text()?,
            "code" => status.code = reader.enumeration(&STATUS_CODES)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(status)
}
