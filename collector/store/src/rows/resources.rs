//! Resources to rows of `resource_rows`, and back.

use arrow::array::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder,
    UInt64Builder,
};
use arrow::record_batch::RecordBatch;
use coldlight_model::{Resource, ResourceId, Timestamp, resource_facts};
use duckdb::types::Value as Sql;

use super::attribute_map::{AttributeMaps, attributes_from_map};
use super::columns::columns;

columns! {
    /// The columns of `resource_rows`.
    ResourceColumns {
        resource_id: UInt64Builder,
        first_seen: TimestampNanosecondBuilder,
        service: StringBuilder,
        service_namespace: StringBuilder,
        service_version: StringBuilder,
        service_instance_id: StringBuilder,
        environment: StringBuilder,
        platform: StringBuilder,
        cloud_provider: StringBuilder,
        cloud_platform: StringBuilder,
        cloud_account_id: StringBuilder,
        cloud_region: StringBuilder,
        cloud_availability_zone: StringBuilder,
        cloud_resource_id: StringBuilder,
        function: StringBuilder,
        function_version: StringBuilder,
        function_instance: StringBuilder,
        memory_mb: Int64Builder,
        storage_mb: Int64Builder,
        architecture: StringBuilder,
        runtime: StringBuilder,
        cluster: StringBuilder,
        ecs_service: StringBuilder,
        task_family: StringBuilder,
        task_revision: StringBuilder,
        task_arn: StringBuilder,
        launch_type: StringBuilder,
        container_id: StringBuilder,
        container_name: StringBuilder,
        container_arn: StringBuilder,
        image: StringBuilder,
        image_tag: StringBuilder,
        namespace: StringBuilder,
        workload: StringBuilder,
        pod: StringBuilder,
        pod_uid: StringBuilder,
        host_id: StringBuilder,
        host_type: StringBuilder,
        task_vcpu: Float64Builder,
        task_memory_mib: Int64Builder,
        task_storage_gib: Float64Builder,
        task_pull_started_at: StringBuilder,
        task_spot: BooleanBuilder,
        sdk_language: StringBuilder,
        sdk_name: StringBuilder,
        sdk_version: StringBuilder,
        log_group: StringBuilder,
        schema_url: StringBuilder,
        dropped_attributes_count: UInt32Builder,
        attributes: AttributeMaps,
        attribute_types: StringBuilder,
    }
}

/// The rows of resources not kept yet.
pub(crate) fn resource_columns<'a>(
    resources: impl Iterator<Item = (ResourceId, &'a Resource, Timestamp)>,
) -> RecordBatch {
    let mut columns = ResourceColumns::default();
    for (id, resource, first_seen) in resources {
        let facts = resource_facts(resource);
        let types = columns.attributes.append(&resource.attributes);
        columns.resource_id.append_value(id.0);
        columns.first_seen.append_value(first_seen.nanos());
        columns.service.append_value(facts.service);
        columns.service_namespace.append_option(facts.service_namespace);
        columns.service_version.append_option(facts.service_version);
        columns.service_instance_id.append_option(facts.service_instance_id);
        columns.environment.append_option(facts.environment);
        columns.platform.append_value(facts.platform.name());
        columns.cloud_provider.append_option(facts.cloud_provider);
        columns.cloud_platform.append_option(facts.cloud_platform);
        columns.cloud_account_id.append_option(facts.cloud_account_id);
        columns.cloud_region.append_option(facts.cloud_region);
        columns.cloud_availability_zone.append_option(facts.cloud_availability_zone);
        columns.cloud_resource_id.append_option(facts.cloud_resource_id);
        columns.function.append_option(facts.function);
        columns.function_version.append_option(facts.function_version);
        columns.function_instance.append_option(facts.function_instance);
        columns.memory_mb.append_option(facts.memory_mb);
        columns.storage_mb.append_option(facts.storage_mb);
        columns.architecture.append_option(facts.architecture);
        columns.runtime.append_option(facts.runtime);
        columns.cluster.append_option(facts.cluster);
        columns.ecs_service.append_option(facts.ecs_service);
        columns.task_family.append_option(facts.task_family);
        columns.task_revision.append_option(facts.task_revision);
        columns.task_arn.append_option(facts.task_arn);
        columns.launch_type.append_option(facts.launch_type);
        columns.container_id.append_option(facts.container_id);
        columns.container_name.append_option(facts.container_name);
        columns.container_arn.append_option(facts.container_arn);
        columns.image.append_option(facts.image);
        columns.image_tag.append_option(facts.image_tag);
        columns.namespace.append_option(facts.namespace);
        columns.workload.append_option(facts.workload);
        columns.pod.append_option(facts.pod);
        columns.pod_uid.append_option(facts.pod_uid);
        columns.host_id.append_option(facts.host_id);
        columns.host_type.append_option(facts.host_type);
        columns.task_vcpu.append_option(facts.task_vcpu);
        columns.task_memory_mib.append_option(facts.task_memory_mib);
        columns.task_storage_gib.append_option(facts.task_storage_gib);
        columns.task_pull_started_at.append_option(facts.task_pull_started_at);
        columns.task_spot.append_option(facts.task_spot);
        columns.sdk_language.append_option(facts.sdk_language);
        columns.sdk_name.append_option(facts.sdk_name);
        columns.sdk_version.append_option(facts.sdk_version);
        columns.log_group.append_option(facts.log_group);
        columns.schema_url.append_value(&resource.schema_url);
        columns.dropped_attributes_count.append_value(resource.dropped_attributes_count);
        columns.attribute_types.append_option(types);
    }
    columns.finish()
}

/// A resource from its row.
pub(crate) fn resource_from_sql(attributes: &Sql, types: Option<&str>, schema_url: String, dropped: u32) -> Resource {
    Resource { attributes: attributes_from_map(attributes, types), dropped_attributes_count: dropped, schema_url }
}
