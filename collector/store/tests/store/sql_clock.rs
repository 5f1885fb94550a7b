//! The clock in SQL: what people type works, against rows, through the gate, and every value is the one it should be.

use coldlight_model::{Cell, Kind, Timestamp};
use coldlight_store::{Question, SqlError};

use crate::made::{self, Kept, batch, span, trace_id};

/// A store whose clock stands at 2026-11-23T14:03:22.418Z, a Monday, with one span of two seconds a day and six hours earlier.
async fn kept() -> Kept {
    let kept = made::store();
    let mut one = span(trace_id(), None, Kind::SERVER, "s", &[]);
    one.started_at = Timestamp::from_nanos(1_795_334_602_418_123_456);
    one.ended_at = Timestamp::from_nanos(1_795_334_604_418_123_456);
    kept.keep(batch("a", vec![one])).await;
    kept
}

async fn told(kept: &Kept, question: &str) -> String {
    let table = match kept.store.sql(Question::new(question)).await {
        Ok(table) => table,
        Err(error) => panic!("{question}: {error}"),
    };
    match &table.rows[0][0] {
        Cell::Text(text) => text.clone(),
        other => panic!("{question}: {other:?}"),
    }
}

async fn refused(kept: &Kept, expression: &str) -> String {
    match kept.store.sql(Question::new(format!("SELECT {expression} FROM spans"))).await {
        Err(SqlError::Refused(message) | SqlError::Failed(message)) => message,
        other => panic!("{expression}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_type_about_times_just_works() {
    let kept = kept().await;
    let expressions = [
        ("now()", "2026-11-23 14:03:22.418"),
        ("NOW()", "2026-11-23 14:03:22.418"),
        ("current_timestamp", "2026-11-23 14:03:22.418"),
        ("CURRENT_TIMESTAMP", "2026-11-23 14:03:22.418"),
        ("get_current_timestamp()", "2026-11-23 14:03:22.418"),
        ("transaction_timestamp()", "2026-11-23 14:03:22.418"),
        ("localtimestamp", "2026-11-23 14:03:22.418"),
        ("current_date", "2026-11-23"),
        ("today()", "2026-11-23"),
        ("current_time", "14:03:22.418"),
        ("localtime", "14:03:22.418"),
        ("now() - interval 1 day", "2026-11-22 14:03:22.418"),
        ("now() - INTERVAL '1 day'", "2026-11-22 14:03:22.418"),
        ("now() - interval '36 hours'", "2026-11-22 02:03:22.418"),
        ("now() + interval (5) minutes", "2026-11-23 14:08:22.418"),
        ("now() - to_days(1)", "2026-11-22 14:03:22.418"),
        ("ago(interval 1 hour)", "2026-11-23 13:03:22.418"),
        ("current_date - 7", "2026-11-16"),
        ("current_date - interval 1 month", "2026-10-23 00:00:00"),
        ("today() - 1", "2026-11-22"),
        ("date_trunc('day', now())", "2026-11-23 00:00:00"),
        ("date_trunc('week', started_at)", "2026-11-16 00:00:00"),
        ("date_trunc('hour', started_at)", "2026-11-22 08:00:00"),
        ("now()::DATE", "2026-11-23"),
        ("now()::TIMESTAMP", "2026-11-23 14:03:22.418"),
        ("now()::TIME", "14:03:22.418"),
        ("started_at", "2026-11-22 08:03:22.418123456"),
        ("started_at::DATE", "2026-11-22"),
        ("started_at > now() - interval 1 day", "false"),
        ("started_at > now() - interval 2 days", "true"),
        ("started_at >= current_date - 1", "true"),
        ("started_at < today()", "true"),
        ("started_at BETWEEN current_date - 1 AND now()", "true"),
        ("started_at > '2026-11-22 08:00:00'", "true"),
        ("started_at > '2026-11-22T09:00:00Z'", "false"),
        ("started_at > TIMESTAMP '2026-11-22 08:00'", "true"),
        ("started_at > DATE '2026-11-22'", "true"),
        ("started_at > TIMESTAMPTZ '2026-11-22 09:00:00+02'::TIMESTAMP", "true"),
        ("started_at > to_timestamp(1795334602)", "true"),
        ("started_at < to_timestamp(1795334602.5)", "true"),
        ("to_timestamp(1795442602)", "2026-11-23 14:03:22"),
        ("now() - started_at", "1 day 05:59:59.999877"),
        ("ended_at - started_at", "00:00:02"),
        ("age(now(), started_at)", "1 day 05:59:59.999877"),
        ("age(started_at)", "15:56:37.581877"),
        ("epoch(now())", "1795442602.418"),
        ("epoch_ms(now())", "1795442602418"),
        ("epoch_us(started_at)", "1795334602418123"),
        ("epoch_ns(started_at)", "1795334602418123456"),
        ("epoch_ms(1795442602418)", "2026-11-23 14:03:22.418"),
        ("(epoch_ns(ended_at) - epoch_ns(started_at)) / 1e9", "2.0"),
        ("time_bucket(interval '5 minutes', started_at)", "2026-11-22 08:00:00"),
        ("time_bucket(INTERVAL 1 HOUR, now())", "2026-11-23 14:00:00"),
        ("strftime(started_at, '%Y-%m-%d %H:%M:%S')", "2026-11-22 08:03:22"),
        ("strftime(now(), '%A')", "Monday"),
        ("strptime('2026-11-22 08:00', '%Y-%m-%d %H:%M') < started_at", "true"),
        ("date_diff('minute', started_at, now())", "1800"),
        ("datediff('hour', started_at, now())", "30"),
        ("date_sub('day', started_at, now())", "1"),
        ("date_add(started_at, interval 1 day)", "2026-11-23 08:03:22.418123"),
        ("extract(hour FROM started_at)", "8"),
        ("extract(epoch FROM now())", "1795442602.418"),
        ("date_part('dow', now())", "1"),
        ("hour(now())", "14"),
        ("dayname(started_at)", "Sunday"),
        ("monthname(now())", "November"),
        ("last_day(now())", "2026-11-30"),
        ("make_timestamp(2026, 11, 22, 8, 0, 0.0) < started_at", "true"),
        ("greatest(started_at, now() - interval 1 hour)", "2026-11-23 13:03:22.418"),
        ("coalesce(NULL, now())", "2026-11-23 14:03:22.418"),
        ("started_at AT TIME ZONE 'Europe/Berlin'", "2026-11-22 09:03:22.418123456"),
        ("started_at AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York'", "2026-11-22 03:03:22.418123456"),
        ("(started_at - interval 5 months) AT TIME ZONE 'Europe/Berlin'", "2026-06-22 10:03:22.418123"),
        ("now() AT TIME ZONE 'Asia/Kolkata'", "2026-11-23 19:33:22.418"),
        ("date_trunc('day', started_at AT TIME ZONE 'Pacific/Auckland')", "2026-11-22 00:00:00"),
        ("strftime(now() AT TIME ZONE 'Europe/Berlin', '%H:%M')", "15:03"),
        ("timezone('Europe/Berlin', now())", "2026-11-23 15:03:22.418"),
        ("TIMESTAMPTZ '2026-11-22 09:00:00+02' AT TIME ZONE 'Europe/Berlin'", "2026-11-22 08:00:00"),
        ("to_utc(TIMESTAMP '2026-11-22 09:00', 'Europe/Berlin')", "2026-11-22 08:00:00"),
        ("started_at > to_utc(TIMESTAMP '2026-07-01 00:00', 'Europe/Berlin')", "true"),
        ("now() AT TIME ZONE NULL", "null"),
    ];
    for (expression, expected) in expressions {
        let question = format!("SELECT coalesce(({expression})::VARCHAR, 'null') FROM spans");
        assert_eq!(told(&kept, &question).await, expected, "{expression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_one_time_and_the_next_one_its_own() {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(made::NOW);
    /// A clock that is a second later whenever it is read.
    fn ticking() -> Timestamp {
        Timestamp::from_nanos(NEXT.fetch_add(1_000_000_000, std::sync::atomic::Ordering::Relaxed))
    }
    let folder = tempfile::tempdir().unwrap();
    let store = coldlight_store::Store::open(made::settings(folder.path()), ticking).unwrap();
    let kept = Kept { store, folder };
    let same = "SELECT (min(t) = max(t) AND min(t) = now() AND now() = current_timestamp)::VARCHAR
                FROM (SELECT now() AS t FROM range(100000) UNION ALL SELECT current_timestamp)";
    assert_eq!(told(&kept, same).await, "true");
    let first = told(&kept, "SELECT now()::VARCHAR").await;
    assert!(told(&kept, "SELECT now()::VARCHAR").await > first);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_hours_and_joins_with_a_calendar_work() {
    let kept = kept().await;
    for (question, expected) in [
        ("SELECT count(*) FROM range(now() - INTERVAL 1 DAY, now(), INTERVAL 1 HOUR)", 24),
        ("SELECT count(*) FROM generate_series(current_date - 7, current_date, INTERVAL 1 DAY) AS d(day)", 8),
        ("SELECT count(*) FROM range(1000000)", 1_000_000),
        ("SELECT sum(n) FROM generate_series(0, 10, 5) AS t(n)", 15),
        (
            "SELECT count(s.span_id) FROM range(TIMESTAMP '2026-11-22', TIMESTAMP '2026-11-23', INTERVAL '1 hour') AS h(hour)
             LEFT JOIN spans s ON date_trunc('hour', s.started_at) = h.hour",
            1,
        ),
        ("SELECT count(*) FROM spans WHERE started_at > now() - INTERVAL 2 DAY AND started_at <= now()", 1),
    ] {
        assert_eq!(kept.count(question).await, expected, "{question}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_says_what_to_write_instead() {
    let kept = kept().await;
    for (expression, hint) in [
        ("today - 1", "today()"),
        ("now() - 7", "INTERVAL"),
        ("now()::TIMESTAMPTZ - interval 1 day", "::TIMESTAMP"),
        ("started_at > TIMESTAMPTZ '2026-11-22 09:00:00+02'", "::TIMESTAMP"),
        ("date_trunc('day', now()::TIMESTAMPTZ)", "::TIMESTAMP"),
        ("now() AT TIME ZONE 'Berlin'", "Europe/Berlin"),
        ("TIMESTAMP '2026-11-22 09:00' AT TIME ZONE 'Europe/Berlin'", "to_utc("),
        ("to_char(now(), 'YYYY')", "strftime("),
        ("date_format(now(), '%Y')", "strftime("),
        ("getdate()", "now()"),
        ("unix_timestamp()", "epoch("),
        ("from_unixtime(1)", "to_timestamp("),
        ("dateadd('day', 1, now())", "INTERVAL 1 DAY"),
        ("convert_timezone('UTC', now())", "AT TIME ZONE"),
        ("make_timestamptz(2026, 1, 1, 1, 1, 1)", "to_utc("),
        ("percentile_cont(duration_ns, 0.5)", "quantile_cont("),
        ("list_filter(events, e -> e.name = 'x')", "lambda x:"),
        ("setseed(1)", "not admitted"),
    ] {
        let message = refused(&kept, expression).await;
        assert!(message.contains(hint), "{expression}: {message}");
    }
}
