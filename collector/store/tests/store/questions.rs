//! Free SQL: typed cells, limits, and DuckDB's own words for mistakes.

use coldlight_model::{Cell, Kind, Value};
use coldlight_store::{Question, SqlError};

use crate::made::{self, batch, span, trace_id};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_typed_cells_in_the_order_asked_for() {
    let kept = made::store();
    kept.keep(batch("a", vec![span(trace_id(), None, Kind::SERVER, "s", &[("n", Value::Int(5)), ("t", "x".into())])]))
        .await;
    let sql = "SELECT service, duration_ns, attributes.n AS n, attributes['t']::VARCHAR AS t, started_at, NULL, 1.50::DECIMAL(9,2), true, links FROM spans";
    let table = kept.store.sql(Question::new(sql)).await.unwrap();
    assert_eq!(
        table.rows,
        [[
            Cell::Text("a".into()),
            Cell::Int(100_000_000),
            Cell::Text("5".into()),
            Cell::Text("x".into()),
            Cell::Text("2026-11-23 14:03:21.418".into()),
            Cell::Null,
            Cell::Text("1.50".into()),
            Cell::Bool(true),
            Cell::Text("[]".into()),
        ]]
    );
    assert_eq!(table.columns[0].name, "service");
    let ordered = kept.store.sql(Question::new("SELECT i FROM range(5) t(i) ORDER BY i DESC")).await.unwrap();
    assert_eq!(ordered.rows[0], [Cell::Int(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_off_and_says_so() {
    let kept = made::store();
    let question = Question { max_rows: 3, ..Question::new("SELECT * FROM range(5)") };
    let table = kept.store.sql(question).await.unwrap();
    assert_eq!((table.rows.len(), table.cut_off), (3, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_in_the_databases_words() {
    let kept = made::store();
    let Err(SqlError::Failed(message)) = kept.store.sql(Question::new("SELECT servce FROM spans")).await else {
        panic!()
    };
    assert!(message.contains("servce") && message.contains("service"), "{message}");
    let Err(SqlError::Failed(message)) = kept.store.sql(Question::new("SELEC 1")).await else { panic!() };
    assert!(message.contains("SELEC"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_question_ends_in_time() {
    let kept = made::store();
    let question = Question {
        timeout: std::time::Duration::from_millis(300),
        ..Question::new("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1")
    };
    let started = std::time::Instant::now();
    assert!(matches!(kept.store.sql(question).await, Err(SqlError::TimedOut { .. })));
    assert!(started.elapsed().as_secs() < 5);
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, 0);
}
