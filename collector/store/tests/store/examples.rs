//! The examples in SQL, each on the same made invocations; the macros beside them; and the dictionary.

use std::fmt::Write;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Decimal128Type, TimeUnit};
use arrow::record_batch::RecordBatch;
use arrow_ipc::reader::StreamReader;
use coldlight_model::{Cell, Table};
use coldlight_store::{EXAMPLES, FileForm, Question, SqlError, Store, measure};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::made::{self, Kept, now};

/// Few enough that every example's rows can be read over, many enough that each has some.
const INVOCATIONS: u64 = 3_000;

fn made() -> Kept {
    let folder = tempfile::tempdir().expect("a temporary directory");
    measure::made_invocations(folder.path(), INVOCATIONS, now()).expect("invocations made");
    let store = Store::open(made::settings(folder.path()), now).expect("a store");
    Kept { store, folder }
}

fn text(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(int) => int.to_string(),
        Cell::Double(double) => double.to_string(),
        Cell::Text(text) => text.clone(),
    };
    let mut out = table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(" | ");
    for row in &table.rows {
        let _ = write!(out, "\n{}", row.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_answered_as_it_stands() {
    let kept = made();
    let mut all = String::new();
    for example in EXAMPLES {
        let table = kept.store.sql(Question::new(example.text)).await;
        let table = table.unwrap_or_else(|why| panic!("{}: {why}", example.name));
        let _ = writeln!(all, "{}\n{}\n", example.title(), text(&table));
    }
    insta::assert_snapshot!(all);
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_work_on_an_empty_store() {
    let kept = made::store();
    for example in EXAMPLES {
        let answer = kept.store.sql(Question::new(example.text)).await;
        answer.unwrap_or_else(|why| panic!("{}: {why}", example.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_cost_by_sum_to_the_bill() {
    let kept = made();
    for what in ["service", "version", "tenant", "memory", "trigger", "start", "state"] {
        let apart = format!(
            "SELECT count(*) FROM (SELECT sum(usd) AS usd, sum(invocations) AS n FROM cost_by('{what}', '30 days')) AS grouped,
             (SELECT sum(cost_usd) AS usd, count(*) AS n FROM invocations) AS bill
             WHERE grouped.usd = bill.usd AND grouped.n = bill.n"
        );
        assert_eq!(kept.count(&apart).await, 1, "{what}");
    }
    let steps = "SELECT count(*) FROM (SELECT sum(usd) AS usd FROM cost_over_time('6 hours', '30 days')) AS steps
                 WHERE usd = (SELECT sum(cost_usd) FROM invocations)";
    assert_eq!(kept.count(steps).await, 1);
    for (question, reason) in [
        ("FROM cost_by('servce')", "cost_by knows service, function"),
        ("FROM cost_by(service)", "write out"),
        ("SELECT * FROM spans, cost_by((SELECT max(service) FROM spans))", "write out"),
    ] {
        match kept.store.sql(Question::new(question)).await {
            Err(SqlError::Refused(why) | SqlError::Failed(why)) => assert!(why.contains(reason), "{question}: {why}"),
            other => panic!("{question}: {other:?}"),
        }
    }
}

/// The quick way of `lambda_duration_attos` and the slow one of `priced` on both sides of every bound of the quick one.
#[tokio::test(flavor = "multi_thread")]
async fn the_quick_way_to_a_duration_s_price_is_exact() {
    let kept = made::store();
    let apart = "SELECT count(*) FROM
        unnest([0, 1, 127, 128, 1769, 10239, 10240, 10241, 32768]) AS sizes(memory_mb),
        unnest([0, 1, 2, 3, 999, 1000, 118400, 899999, 900000, 900001, 31536000000]) AS times(billed_ms),
        unnest([0, 1, 511999, 512000, 1023999, 1024000, 13333400000, 16666700000000, 16666666666667, 999999999999999,
                1000000000000000, 1000000000000001, 900000000000000000]) AS list(attos)
        WHERE lambda_duration_attos(memory_mb, billed_ms, attos::HUGEINT)
            IS DISTINCT FROM (memory_mb::HUGEINT * billed_ms * attos + 512000) // 1024000";
    assert_eq!(kept.count(apart).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_and_every_macro_says_what_it_means() {
    let kept = made::store();
    let dictionary = kept.store.dictionary().await.unwrap();
    for view in &dictionary.views {
        assert!(
            !view.meaning.is_empty() && !view.columns.is_empty(),
            "COMMENT ON {} is missing in schema/dictionary*.sql",
            view.name
        );
        for column in &view.columns {
            let name = format!("{}.{}", view.name, column.name);
            assert!(!column.meaning.is_empty(), "COMMENT ON COLUMN {name} is missing in schema/dictionary*.sql");
        }
    }
    let tables: Vec<&str> = dictionary.macros.iter().filter(|one| one.is_table).map(|one| one.name.as_str()).collect();
    assert_eq!(tables, ["cost_by", "cost_over_time", "requests_since", "tasks_since"]);
    assert!(dictionary.macros.iter().any(|one| one.name == "lambda_cost" && one.parameters[0] == "region"));
    assert_eq!(coldlight_store::dictionary().unwrap(), dictionary, "it is the same without a store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_columns_holds_the_rows_with_their_types() {
    let kept = made();
    let text = "SELECT request_id, started_at, cost_usd, cold_start, billed_ms FROM invocations";
    let question = |text: &str, max_rows| Question { max_rows, ..Question::new(text) };
    let attos = kept.count("SELECT sum(attos_of(cost_usd)) FROM invocations").await;
    for form in [FileForm::Parquet, FileForm::ArrowStream] {
        let file = kept.store.sql_file(question(text, 100_000), form).await.unwrap();
        let batches = read(&file.bytes, form);
        assert_eq!((file.rows, rows(&batches), file.cut_off), (3_000, 3_000, false), "{form:?}");
        let schema = batches[0].schema();
        let types: Vec<&DataType> = schema.fields().iter().map(|field| field.data_type()).collect();
        let time = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let expected = [&DataType::Utf8, &time, &DataType::Decimal128(38, 18), &DataType::Boolean, &DataType::Int64];
        assert_eq!(types, expected, "{form:?}");
        assert_eq!(schema.field(2).name(), "cost_usd");
        let sum: i128 = batches
            .iter()
            .flat_map(|batch| batch.column(2).as_primitive::<Decimal128Type>().iter().flatten().collect::<Vec<_>>())
            .sum();
        assert_eq!(sum, attos, "{form:?}: money is exact");
        let cut = kept.store.sql_file(question(text, 10), form).await.unwrap();
        assert_eq!((cut.rows, rows(&read(&cut.bytes, form)), cut.cut_off), (10, 10, true), "{form:?}");
        let odd = "SELECT attributes, events, INTERVAL 1 DAY AS i, uuid() AS u, [1] AS l, NULL AS n, 1::HUGEINT AS h FROM spans LIMIT 1";
        let odd = kept.store.sql_file(question(odd, 10), form).await.unwrap();
        assert_eq!(read(&odd.bytes, form)[0].column(2).as_string::<i32>().value(0), "1 day");
        let none = kept.store.sql_file(question("SELECT 1 AS x WHERE false", 10), form).await.unwrap();
        assert_eq!((none.rows, rows(&read(&none.bytes, form))), (0, 0), "{form:?}");
    }
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

fn read(bytes: &[u8], form: FileForm) -> Vec<RecordBatch> {
    match form {
        FileForm::Parquet => {
            let mut file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
            reader.map(Result::unwrap).collect()
        }
        FileForm::ArrowStream => StreamReader::try_new(bytes, None).unwrap().map(Result::unwrap).collect(),
    }
}
