//! What sent a span: a function, a container, a host; and the library that made the span.

use crate::id::Fnv;
use crate::{Attributes, ResourceId, Value};

/// An OTLP `Resource`: a distinct set of attributes, usually one per running process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
    pub schema_url: String,
}

impl Resource {
    /// The same for equal content whatever the order of the attributes.
    pub fn id(&self) -> ResourceId {
        let mut keys: Vec<(&str, &Value)> = self.attributes.iter().collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        let mut hash = Fnv::new();
        for (key, value) in keys {
            hash.write(key.as_bytes());
            hash.write(&[0xff]);
            hash.write(value.to_json().as_bytes());
            hash.write(&[0xfe]);
        }
        hash.write(self.schema_url.as_bytes());
        ResourceId(hash.0)
    }

    /// `service.name`, else the function's name, else `unknown_service`.
    pub fn service(&self) -> &str {
        ["service.name", "faas.name"]
            .iter()
            .filter_map(|key| self.attributes.get(key).and_then(Value::as_text))
            .find(|name| !name.is_empty())
            .unwrap_or("unknown_service")
    }
}

/// An OTLP `InstrumentationScope`: the library that made a span or a log record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    pub name: String,
    pub version: String,
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
    pub schema_url: String,
}

/// The slot of a service's colour among eight: FNV-1a-64 of its name, the same everywhere, without a registry.
pub fn colour_slot(service: &str) -> u8 {
    let mut hash = Fnv::new();
    hash.write(service.as_bytes());
    (hash.0 % 8) as u8
}
