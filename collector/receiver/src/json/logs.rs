//! The keys of a logs request.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::reader::{JsonError, Reader};
use super::value::{any_value, attributes, id, resource, scope};

const SEVERITIES: [&str; 25] = [
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];

pub(super) fn request(reader: &mut Reader) -> Result<ExportLogsServiceRequest, JsonError> {
    let mut request = ExportLogsServiceRequest::default();
    reader.members(|reader, key| {
        match key {
            "resourceLogs" => request.resource_logs = reader.list(resource_logs)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn resource_logs(reader: &mut Reader) -> Result<ResourceLogs, JsonError> {
    let mut logs = ResourceLogs::default();
    reader.members(|reader, key| {
        match key {
            "resource" => logs.resource = Some(resource(reader)?),
            "scopeLogs" => logs.scope_logs = reader.list(scope_logs)?,
            "schemaUrl" => logs.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(logs)
}

fn scope_logs(reader: &mut Reader) -> Result<ScopeLogs, JsonError> {
    let mut logs = ScopeLogs::default();
    reader.members(|reader, key| {
        match key {
            "scope" => logs.scope = Some(scope(reader)?),
            "logRecords" => logs.log_records = reader.list(log_record)?,
            "schemaUrl" => logs.schema_url = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(logs)
}

fn log_record(reader: &mut Reader) -> Result<LogRecord, JsonError> {
    let mut record = LogRecord::default();
    reader.members(|reader, key| {
        match key {
            "timeUnixNano" => record.time_unix_nano = reader.u64()?,
            "observedTimeUnixNano" => record.observed_time_unix_nano = reader.u64()?,
            "severityNumber" => record.severity_number = reader.enumeration(&SEVERITIES)?,
            "severityText" => record.severity_text = reader.text()?,
            "body" => record.body = Some(any_value(reader, 0)?),
            "attributes" => record.attributes = attributes(reader)?,
            "droppedAttributesCount" => record.dropped_attributes_count = reader.u32()?,
            "flags" => record.flags = reader.u32()?,
            "traceId" => record.trace_id = id(reader)?,
            "spanId" => record.span_id = id(reader)?,
            "eventName" => record.event_name = reader.text()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(record)
}
