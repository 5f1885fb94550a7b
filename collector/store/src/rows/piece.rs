//! A slice of rows whose lists and maps hold what is theirs alone.
//!
//! A slice of an Arrow list shares the values of all rows with the list it is cut from, and the engine's reader of Arrow copies
//! them whole for every 2,048 rows: a batch would cost the square of its length.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

/// The same rows; no value is copied.
pub(crate) fn without_others(slice: RecordBatch) -> RecordBatch {
    let columns = slice.columns().iter().map(own).collect();
    RecordBatch::try_new(slice.schema(), columns).unwrap_or(slice)
}

fn own(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::List(field) => {
            let list = column.as_list::<i32>();
            let (offsets, from, length) = from_zero(list.offsets());
            let values = list.values().slice(from, length);
            let own = ListArray::try_new(field.clone(), offsets, values, list.nulls().cloned());
            own.map_or_else(|_| column.clone(), |own| Arc::new(own) as ArrayRef)
        }
        DataType::Map(field, is_sorted) => {
            let map = column.as_map();
            let (offsets, from, length) = from_zero(map.offsets());
            let entries = map.entries().slice(from, length);
            let own = MapArray::try_new(field.clone(), offsets, entries, map.nulls().cloned(), *is_sorted);
            own.map_or_else(|_| column.clone(), |own| Arc::new(own) as ArrayRef)
        }
        _ => column.clone(),
    }
}

/// The offsets counted from the first of them, which value that is, and how many values there are.
fn from_zero(offsets: &OffsetBuffer<i32>) -> (OffsetBuffer<i32>, usize, usize) {
    let (first, last) = (offsets[..].first().copied().unwrap_or(0), offsets[..].last().copied().unwrap_or(0));
    let lengths = offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize);
    (OffsetBuffer::from_lengths(lengths), first as usize, (last - first) as usize)
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn a_slice_keeps_its_rows_and_leaves_the_values_of_others() {
        let rows =
            vec![Some(vec![Some(1), Some(2)]), None, Some(vec![]), Some(vec![Some(3), None]), Some(vec![Some(4)])];
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
        let plain: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5]));
        let batch = RecordBatch::try_from_iter([("lists", lists), ("plain", plain)]).unwrap();
        for (from, length) in [(0, 5), (0, 2), (1, 3), (3, 1), (4, 1), (2, 0)] {
            let slice = batch.slice(from, length);
            let own = without_others(slice.clone());
            assert_eq!(own, slice);
            let values: usize = (0..length).map(|row| own.column(0).as_list::<i32>().value_length(row) as usize).sum();
            assert_eq!(own.column(0).as_list::<i32>().values().len(), values);
        }
    }
}
