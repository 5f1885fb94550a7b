//! Rows arrive as they were handed over, and no window of them makes a vector of the engine grow.

use arrow::array::{ListBuilder, StringArray, StringBuilder, UInt32Array};
use arrow::record_batch::RecordBatch;
use duckdb::Config;
use proptest::prelude::*;

use super::*;

/// Rows numbered from 0, each with a list of its length and another column that is NULL in all of them.
fn rows(lengths: &[usize]) -> RecordBatch {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for (row, length) in lengths.iter().enumerate() {
        for value in 0..*length {
            lists.values().append_value(format!("value {value} of row {row}"));
        }
        lists.append(true);
    }
    let numbers: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..lengths.len() as u32));
    let nothing: ArrayRef = Arc::new(StringArray::new_null(lengths.len()));
    let lists: ArrayRef = Arc::new(lists.finish());
    RecordBatch::try_from_iter_with_nullable([
        ("number", numbers, false),
        ("nothing", nothing, true),
        ("list", lists, true),
    ])
    .unwrap()
}

fn store(memory: &str) -> Connection {
    let db = Connection::open_in_memory_with_flags(Config::default().with("memory_limit", memory).unwrap()).unwrap();
    register(&db).unwrap();
    db.execute_batch(
        "CREATE TABLE kept (more VARCHAR DEFAULT 'more', list VARCHAR[], nothing VARCHAR, number UINTEGER)",
    )
    .unwrap();
    db
}

/// Number, length of the list, its last value, and the columns nothing was said of.
type Kept = (u32, usize, Option<String>, Option<String>, String);

fn kept(db: &Connection) -> Vec<Kept> {
    let mut statement =
        db.prepare("SELECT number, len(list), list[-1], nothing, more FROM kept ORDER BY number").unwrap();
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

fn expected(lengths: &[usize]) -> Vec<Kept> {
    let rows = lengths.iter().enumerate();
    rows.map(|(row, length)| {
        let last = length.checked_sub(1).map(|last| format!("value {last} of row {row}"));
        (row as u32, *length, last, None, "more".to_owned())
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_hold_every_row_once_and_fit_into_vectors(
        lengths in prop::collection::vec(prop_oneof![Just(0), 0..40_usize, 0..=VECTOR], 0..5_000_usize)
    ) {
        let rows = rows(&lengths);
        let (mut from, mut seen) = (0, Vec::new());
        loop {
            let window = window(&rows, from);
            if window.num_rows() == 0 {
                break;
            }
            prop_assert!(window.num_rows() <= VECTOR);
            prop_assert!(window.column(2).as_list::<i32>().values().len() <= VECTOR);
            from += window.num_rows();
            seen.push(window);
        }
        prop_assert_eq!(arrow::compute::concat_batches(&rows.schema(), &seen).unwrap(), rows);
    }

    #[test]
    fn rows_arrive_whole_however_long_their_lists(
        lengths in prop::collection::vec(prop_oneof![4 => 0..40_usize, 1 => VECTOR - 1..VECTOR * 3], 0..60_usize)
    ) {
        let db = store("1GB");
        prop_assert_eq!(insert(&db, "kept", rows(&lengths)).unwrap(), lengths.len() as u64);
        prop_assert_eq!(kept(&db), expected(&lengths));
    }
}

/// With `arrow(…)` of the duckdb crate this ended the process: “Rust cannot catch foreign exceptions”.
#[test]
fn want_of_memory_never_ends_the_program() {
    let db = store("3MB");
    let lengths = vec![1_000; 2_000];
    let inserted = insert(&db, "kept", rows(&lengths));
    db.execute_batch("SET memory_limit = '1GB'").unwrap();
    assert_eq!(kept(&db), if inserted.is_ok() { expected(&lengths) } else { Vec::new() });
}

#[test]
fn rows_are_readable_while_they_are_handed_over_and_no_longer() {
    let db = store("1GB");
    let handed = Handed::new(rows(&[1, 2, 3]));
    let question = "SELECT sum(len(list)) FROM handed(?)";
    let sum: u64 = db.query_row(question, [handed.token()], |row| row.get(0)).unwrap();
    assert_eq!(sum, 6);
    let token = handed.token();
    drop(handed);
    let error = db.query_row(question, [token], |row| row.get::<_, u64>(0)).unwrap_err();
    assert!(error.to_string().contains("no rows were handed over as"), "{error}");
}
