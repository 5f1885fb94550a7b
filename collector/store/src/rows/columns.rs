//! Named Arrow columns: a struct of builders that becomes one record batch, its columns named as in SQL.

use arrow::array::{ArrayRef, ListBuilder, StringBuilder, StructBuilder, TimestampNanosecondBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use coldlight_model::{Event, Link};

use super::attributes::push_flat;

/// Declares a struct of Arrow builders. A field's name is its column's name, but for raw identifiers.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $builder:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name { $(pub $field: $builder),* }

        impl $name {
            /// All columns, each as long as the others.
            pub fn finish(mut self) -> arrow::record_batch::RecordBatch {
                use arrow::array::ArrayBuilder;
                let columns: Vec<(&str, arrow::array::ArrayRef)> = vec![
                    $((stringify!($field).trim_start_matches("r#"), ArrayBuilder::finish(&mut self.$field))),*
                ];
                arrow::record_batch::RecordBatch::try_from_iter_with_nullable(
                    columns.into_iter().map(|(name, array)| (name, array, true)),
                )
                .expect("every column is appended to once a row")
            }
        }
    };
}
pub(crate) use columns;

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, None)
}

fn fields(fields: &[(&str, DataType)]) -> Fields {
    fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect()
}

/// A list column of structs; wraps the builder so that it has a default.
pub(crate) struct EventLists(ListBuilder<StructBuilder>);

impl Default for EventLists {
    fn default() -> Self {
        let fields = fields(&[
            ("time", time_type()),
            ("name", DataType::Utf8),
            ("attributes", DataType::Utf8),
            ("attribute_types", DataType::Utf8),
            ("dropped_attributes_count", DataType::UInt32),
        ]);
        Self(ListBuilder::new(StructBuilder::from_fields(fields, 0)))
    }
}

/// The builder of one field of a struct; its type was given in the same file, so a mismatch cannot reach a user.
fn field<B: arrow::array::ArrayBuilder>(builder: &mut StructBuilder, index: usize) -> &mut B {
    builder.field_builder::<B>(index).expect("the field's type as declared above")
}

impl EventLists {
    pub fn append(&mut self, events: &[Event]) {
        let list = self.0.values();
        for event in events {
            let mut flat = String::new();
            let types = push_flat(&event.attributes, &mut flat);
            field::<TimestampNanosecondBuilder>(list, 0).append_value(event.at.nanos());
            field::<StringBuilder>(list, 1).append_value(&event.name);
            field::<StringBuilder>(list, 2).append_value(flat);
            field::<StringBuilder>(list, 3).append_option(types);
            field::<UInt32Builder>(list, 4).append_value(event.dropped_attributes_count);
            list.append(true);
        }
        self.0.append(true);
    }
}

/// As [`EventLists`], for links.
pub(crate) struct LinkLists(ListBuilder<StructBuilder>);

impl Default for LinkLists {
    fn default() -> Self {
        let fields = fields(&[
            ("trace_id", DataType::Utf8),
            ("span_id", DataType::Utf8),
            ("trace_state", DataType::Utf8),
            ("attributes", DataType::Utf8),
            ("attribute_types", DataType::Utf8),
            ("dropped_attributes_count", DataType::UInt32),
            ("flags", DataType::UInt32),
        ]);
        Self(ListBuilder::new(StructBuilder::from_fields(fields, 0)))
    }
}

impl LinkLists {
    pub fn append(&mut self, links: &[Link]) {
        let list = self.0.values();
        for link in links {
            let mut flat = String::new();
            let types = push_flat(&link.attributes, &mut flat);
            field::<StringBuilder>(list, 0).append_value(link.trace_id.hex());
            field::<StringBuilder>(list, 1).append_value(link.span_id.hex());
            field::<StringBuilder>(list, 2).append_value(&link.trace_state);
            field::<StringBuilder>(list, 3).append_value(flat);
            field::<StringBuilder>(list, 4).append_option(types);
            field::<UInt32Builder>(list, 5).append_value(link.dropped_attributes_count);
            field::<UInt32Builder>(list, 6).append_value(link.flags);
            list.append(true);
        }
        self.0.append(true);
    }
}

macro_rules! forward_builder {
    ($name:ident) => {
        impl arrow::array::ArrayBuilder for $name {
            fn len(&self) -> usize {
                arrow::array::ArrayBuilder::len(&self.0)
            }
            fn finish(&mut self) -> ArrayRef {
                std::sync::Arc::new(self.0.finish())
            }
            fn finish_cloned(&self) -> ArrayRef {
                std::sync::Arc::new(self.0.finish_cloned())
            }
            fn as_any(&self) -> &dyn std::any::Any {
                self
            }
            fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
                self
            }
            fn into_box_any(self: Box<Self>) -> Box<dyn std::any::Any> {
                self
            }
        }
    };
}

pub(super) use forward_builder;

forward_builder!(EventLists);
forward_builder!(LinkLists);
