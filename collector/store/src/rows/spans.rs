//! Spans to rows of `span_rows`.

use arrow::array::{
    AsArray, BooleanBuilder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use coldlight_model::{Outcome, ResourceFacts, ResourceId, SpanFacts, resource_facts, span_facts};

use super::Incoming;
use super::attribute_map::AttributeMaps;
use super::attributes::scope_rest;
use super::columns::{EventLists, LinkLists, columns};

columns! {
    /// The columns of `span_rows`.
    SpanColumns {
        sequence: UInt64Builder,
        trace_id: StringBuilder,
        span_id: StringBuilder,
        parent_span_id: StringBuilder,
        trace_state: StringBuilder,
        flags: UInt32Builder,
        service: StringBuilder,
        platform: StringBuilder,
        name: StringBuilder,
        kind: StringBuilder,
        started_at: TimestampNanosecondBuilder,
        ended_at: TimestampNanosecondBuilder,
        duration_ns: Int64Builder,
        status: StringBuilder,
        status_message: StringBuilder,
        error: BooleanBuilder,
        fault: BooleanBuilder,
        throttle: BooleanBuilder,
        remote_kind: StringBuilder,
        remote_name: StringBuilder,
        way: StringBuilder,
        http_method: StringBuilder,
        http_route: StringBuilder,
        http_status: UInt16Builder,
        url_path: StringBuilder,
        error_type: StringBuilder,
        rpc_service: StringBuilder,
        rpc_method: StringBuilder,
        db_system: StringBuilder,
        db_operation: StringBuilder,
        db_collection: StringBuilder,
        messaging_system: StringBuilder,
        messaging_destination: StringBuilder,
        messaging_operation: StringBuilder,
        records: Int64Builder,
        server_address: StringBuilder,
        peer_service: StringBuilder,
        invocation_id: StringBuilder,
        faas_trigger: StringBuilder,
        cold_start: BooleanBuilder,
        function: StringBuilder,
        function_arn: StringBuilder,
        invoked_arn: StringBuilder,
        function_version: StringBuilder,
        function_instance: StringBuilder,
        memory_mb: Int64Builder,
        invoked_name: StringBuilder,
        document_collection: StringBuilder,
        document_operation: StringBuilder,
        document_name: StringBuilder,
        tenant: StringBuilder,
        cloud_account_id: StringBuilder,
        cloud_region: StringBuilder,
        call_bytes: Int64Builder,
        trigger_source: StringBuilder,
        consistent_read: BooleanBuilder,
        consumed_capacity: StringBuilder,
        sent_ms: Int64Builder,
        resends: Int64Builder,
        customer: StringBuilder,
        stands_for: Int64Builder,
        resource_id: UInt64Builder,
        scope_name: StringBuilder,
        scope_version: StringBuilder,
        scope_rest: StringBuilder,
        attributes: AttributeMaps,
        attribute_types: StringBuilder,
        dropped_attributes_count: UInt32Builder,
        events: EventLists,
        dropped_events_count: UInt32Builder,
        links: LinkLists,
        dropped_links_count: UInt32Builder,
        oddities: UInt16Builder,
        received_at: TimestampNanosecondBuilder,
    }
}

/// The rows of all spans of `incoming`, in order.
pub(crate) fn span_columns(incoming: &[Incoming<'_>]) -> RecordBatch {
    let mut columns = SpanColumns::default();
    for of in incoming {
        let resources: Vec<(ResourceId, ResourceFacts)> =
            of.batch.resources.iter().map(|resource| (resource.id(), resource_facts(resource))).collect();
        let scope_rests: Vec<Option<String>> = of.batch.scopes.iter().map(scope_rest).collect();
        for span in &of.batch.spans {
            let (resource_id, resource) = &resources[span.resource as usize];
            let scope = &of.batch.scopes[span.scope as usize];
            let facts = span_facts(span, &of.batch.resources[span.resource as usize]);
            columns.sequence.append_value(of.sequence);
            columns.trace_id.append_value(span.trace_id.hex());
            columns.span_id.append_value(span.span_id.hex());
            columns.parent_span_id.append_option(span.parent_span_id.map(|id| id.hex()));
            columns.trace_state.append_value(&span.trace_state);
            columns.flags.append_value(span.flags);
            columns.service.append_value(&resource.service);
            columns.platform.append_value(resource.platform.name());
            columns.name.append_value(&span.name);
            columns.kind.append_value(span.kind.name());
            columns.started_at.append_value(span.started_at.nanos());
            let duration = span.duration() as i64;
            let is_told_by_it = span.started_at.nanos().checked_add(duration) == Some(span.ended_at.nanos());
            columns.ended_at.append_option((!is_told_by_it).then(|| span.ended_at.nanos()));
            columns.duration_ns.append_value(duration);
            columns.status.append_value(span.status_code.name());
            columns.status_message.append_value(&span.status_message);
            columns.resource_id.append_value(resource_id.0);
            columns.scope_name.append_value(&scope.name);
            columns.scope_version.append_value(&scope.version);
            columns.scope_rest.append_option(scope_rests[span.scope as usize].as_deref());
            let types = columns.attributes.append(&span.attributes);
            columns.attribute_types.append_option(types);
            columns.dropped_attributes_count.append_value(span.dropped_attributes_count);
            columns.events.append(&span.events);
            columns.dropped_events_count.append_value(span.dropped_events_count);
            columns.links.append(&span.links);
            columns.dropped_links_count.append_value(span.dropped_links_count);
            columns.oddities.append_value(span.oddities.0);
            columns.received_at.append_value(of.batch.received_at.nanos());
            columns.append_facts(facts);
        }
    }
    columns.finish()
}

/// The journal record of the first of these rows.
pub(crate) fn first_sequence(columns: &RecordBatch) -> u64 {
    let sequences = columns.column_by_name("sequence").and_then(|column| column.as_primitive_opt::<UInt64Type>());
    sequences.map_or(0, |sequences| sequences.value(0))
}

impl SpanColumns {
    fn append_facts(&mut self, facts: SpanFacts<'_>) {
        self.error.append_value(facts.outcome == Outcome::Error);
        self.fault.append_value(facts.outcome == Outcome::Fault);
        self.throttle.append_value(facts.outcome == Outcome::Throttle);
        self.remote_kind.append_option(facts.remote.as_ref().map(|node| node.kind.name()));
        self.remote_name.append_option(facts.remote.map(|node| node.name));
        self.way.append_value(facts.way.name());
        self.http_method.append_option(facts.http_method);
        self.http_route.append_option(facts.http_route);
        self.http_status.append_option(facts.http_status);
        self.url_path.append_option(facts.url_path);
        self.error_type.append_option(facts.error_type);
        self.rpc_service.append_option(facts.rpc_service);
        self.rpc_method.append_option(facts.rpc_method);
        self.db_system.append_option(facts.db_system);
        self.db_operation.append_option(facts.db_operation);
        self.db_collection.append_option(facts.db_collection);
        self.messaging_system.append_option(facts.messaging_system);
        self.messaging_destination.append_option(facts.messaging_destination);
        self.messaging_operation.append_option(facts.messaging_operation);
        self.records.append_option(facts.records);
        self.server_address.append_option(facts.server_address);
        self.peer_service.append_option(facts.peer_service);
        self.invocation_id.append_option(facts.invocation_id);
        self.faas_trigger.append_option(facts.faas_trigger);
        self.cold_start.append_option(facts.cold_start);
        self.function.append_option(facts.function);
        self.function_arn.append_option(facts.function_arn);
        self.invoked_arn.append_option(facts.invoked_arn);
        self.function_version.append_option(facts.function_version);
        self.function_instance.append_option(facts.function_instance);
        self.memory_mb.append_option(facts.memory_mb);
        self.invoked_name.append_option(facts.invoked_name);
        self.document_collection.append_option(facts.document_collection);
        self.document_operation.append_option(facts.document_operation);
        self.document_name.append_option(facts.document_name);
        self.tenant.append_option(facts.tenant);
        self.cloud_account_id.append_option(facts.cloud_account_id);
        self.cloud_region.append_option(facts.cloud_region);
        self.call_bytes.append_option(facts.metered.bytes);
        self.trigger_source.append_option(facts.metered.trigger_source);
        self.consistent_read.append_option(facts.metered.consistent_read);
        self.consumed_capacity.append_option(facts.metered.consumed_capacity);
        self.sent_ms.append_option(facts.metered.sent_ms);
        self.resends.append_option(facts.metered.resends);
        self.customer.append_option(facts.metered.customer);
        self.stands_for.append_option(facts.stands_for.and_then(|times| i64::try_from(times).ok()));
    }
}
