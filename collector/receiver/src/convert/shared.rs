//! Resources and scopes: kept once a request, however often they come.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use coldlight_model::{Attributes, Batch, Resource, Scope, Value};
use opentelemetry_proto::tonic::common::v1::{EntityRef, InstrumentationScope};
use opentelemetry_proto::tonic::resource::v1 as otlp;

use super::attributes::Converter;

/// Where a resource's `entity_refs` are kept: OTLP has them beside the attributes, the model has attributes only.
/// An array of maps with the keys `schema_url`, `type`, `id_keys` and `description_keys`.
pub(crate) const ENTITY_REFS: &str = "coldlight.entity_refs";

/// The resources and scopes of a batch being made, by the hash of their content.
#[derive(Default)]
pub(super) struct Shared {
    resources: HashMap<u64, u32>,
    scopes: HashMap<u64, u32>,
}

/// An index into the batch, known only once something needs it: a resource without spans is not kept.
pub(super) enum Place<T> {
    Unused(Option<T>),
    At(u32),
}

impl Place<Resource> {
    pub(super) fn index(&mut self, batch: &mut Batch, shared: &mut Shared) -> u32 {
        self.in_list(&mut batch.resources, &mut shared.resources)
    }
}

impl Place<Scope> {
    pub(super) fn index(&mut self, batch: &mut Batch, shared: &mut Shared) -> u32 {
        self.in_list(&mut batch.scopes, &mut shared.scopes)
    }
}

impl<T: Content + PartialEq> Place<T> {
    fn in_list(&mut self, list: &mut Vec<T>, known: &mut HashMap<u64, u32>) -> u32 {
        match self {
            Self::At(index) => *index,
            Self::Unused(item) => {
                let index = item.take().map_or(0, |item| place(item, list, known));
                *self = Self::At(index);
                index
            }
        }
    }
}

fn place<T: Content + PartialEq>(item: T, list: &mut Vec<T>, known: &mut HashMap<u64, u32>) -> u32 {
    let mut hasher = DefaultHasher::new();
    item.hash_content(&mut hasher);
    let hash = hasher.finish();
    // Two that differ and share a hash are both kept; only the later is found again.
    if let Some(&index) = known.get(&hash)
        && list[index as usize] == item
    {
        return index;
    }
    let index = list.len() as u32;
    list.push(item);
    known.insert(hash, index);
    index
}

pub(super) trait Content {
    fn hash_content(&self, hasher: &mut DefaultHasher);
}

impl Content for Resource {
    fn hash_content(&self, hasher: &mut DefaultHasher) {
        hash_attributes(&self.attributes, hasher);
        (self.dropped_attributes_count, &self.schema_url).hash(hasher);
    }
}

impl Content for Scope {
    fn hash_content(&self, hasher: &mut DefaultHasher) {
        (&self.name, &self.version).hash(hasher);
        hash_attributes(&self.attributes, hasher);
        (self.dropped_attributes_count, &self.schema_url).hash(hasher);
    }
}

fn hash_attributes(attributes: &Attributes, hasher: &mut DefaultHasher) {
    attributes.len().hash(hasher);
    for (key, value) in attributes.iter() {
        key.hash(hasher);
        match value {
            Value::Text(text) => text.hash(hasher),
            Value::Int(int) => int.hash(hasher),
            other => other.to_json().hash(hasher),
        }
    }
}

impl Converter {
    pub(super) fn resource(&mut self, resource: Option<otlp::Resource>, schema_url: String) -> Resource {
        let otlp::Resource { attributes, mut dropped_attributes_count, entity_refs } = resource.unwrap_or_default();
        let mut attributes = self.attributes(attributes, &mut dropped_attributes_count);
        if !entity_refs.is_empty() {
            let refs = entity_refs.into_iter().take(MAX_ENTITY_REFS).map(|entity| self.entity_ref(entity)).collect();
            attributes.insert(ENTITY_REFS.to_owned(), Value::Array(refs));
        }
        Resource { attributes, dropped_attributes_count, schema_url: self.text(schema_url) }
    }

    fn entity_ref(&mut self, entity: EntityRef) -> Value {
        let EntityRef { schema_url, r#type, id_keys, description_keys } = entity;
        let mut keys = |keys: Vec<String>| {
            Value::Array(keys.into_iter().take(MAX_ENTITY_KEYS).map(|key| Value::Text(self.text(key))).collect())
        };
        let (id_keys, description_keys) = (keys(id_keys), keys(description_keys));
        Value::Map(Attributes::from_iter([
            ("schema_url", Value::Text(self.text(schema_url))),
            ("type", Value::Text(self.text(r#type))),
            ("id_keys", id_keys),
            ("description_keys", description_keys),
        ]))
    }

    pub(super) fn scope(&mut self, scope: Option<InstrumentationScope>, schema_url: String) -> Scope {
        let InstrumentationScope { name, version, attributes, mut dropped_attributes_count } =
            scope.unwrap_or_default();
        Scope {
            name: self.text(name),
            version: self.text(version),
            attributes: self.attributes(attributes, &mut dropped_attributes_count),
            dropped_attributes_count,
            schema_url: self.text(schema_url),
        }
    }
}

/// A resource names a handful of entities by a handful of attributes each.
const MAX_ENTITY_REFS: usize = 64;
const MAX_ENTITY_KEYS: usize = 64;
