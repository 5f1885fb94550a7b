//! The schema: one file a table, applied in the order of `schema/_order`, and migrations between versions.
//!
//! A migration runs with no ingest, in one transaction, and a CHECKPOINT follows it at once: replaying DDL from a WAL has
//! failed in DuckDB before.

use coldlight_model::Timestamp;
use duckdb::Connection;

use crate::error::StoreError;
use crate::prices;

/// The version this program writes.
pub(crate) const VERSION: i32 = 14;

/// The first version with signs of containers and with costs by minute: the former are counted once, with what the views tell, the
/// latter by whoever computes costs.
const RESOURCE_SIGNS: i32 = 11;

const ORDER: &str = include_str!("schema/_order");

const FILES: [(&str, &str); 28] = [
    ("state", include_str!("schema/state.sql")),
    ("resources", include_str!("schema/resources.sql")),
    ("spans", include_str!("schema/spans.sql")),
    ("span_blocks", include_str!("schema/span_blocks.sql")),
    ("logs", include_str!("schema/logs.sql")),
    ("metrics", include_str!("schema/metrics.sql")),
    ("platform", include_str!("schema/platform.sql")),
    ("invocations", include_str!("schema/invocations.sql")),
    ("service_minutes", include_str!("schema/service_minutes.sql")),
    ("edge_minutes", include_str!("schema/edge_minutes.sql")),
    ("counted_minutes", include_str!("schema/counted_minutes.sql")),
    ("hours", include_str!("schema/hours.sql")),
    ("cost_minutes", include_str!("schema/cost_minutes.sql")),
    ("resource_signs", include_str!("schema/resource_signs.sql")),
    ("prices", include_str!("schema/prices.sql")),
    ("watched", include_str!("schema/watched.sql")),
    ("views", include_str!("schema/views.sql")),
    ("deliveries", include_str!("schema/deliveries.sql")),
    ("price_functions", include_str!("schema/price_functions.sql")),
    ("task_shares", include_str!("schema/task_shares.sql")),
    ("said", include_str!("schema/said.sql")),
    ("invocation_costs", include_str!("schema/invocation_costs.sql")),
    ("cost_by", include_str!("schema/cost_by.sql")),
    ("dictionary", include_str!("schema/dictionary.sql")),
    ("dictionary_of_cost", include_str!("schema/dictionary_of_cost.sql")),
    ("tasks", include_str!("schema/tasks.sql")),
    ("call_costs", include_str!("schema/call_costs.sql")),
    ("dictionary_of_containers", include_str!("schema/dictionary_of_containers.sql")),
];

/// Views and macros, made anew when one of them changes.
const MADE_ANEW: [&str; 12] = [
    "views",
    "deliveries",
    "price_functions",
    "task_shares",
    "said",
    "invocation_costs",
    "cost_by",
    "dictionary",
    "dictionary_of_cost",
    "tasks",
    "call_costs",
    "dictionary_of_containers",
];

/// Steps from version n to n + 1, at index n - 1.
const MIGRATIONS: [&str; (VERSION - 1) as usize] = [
    include_str!("schema/prices.sql"),
    concat!(include_str!("schema/platform.sql"), include_str!("schema/invocations.sql")),
    include_str!("schema/sampled.sql"),
    include_str!("schema/watched.sql"),
    include_str!("schema/attribute_maps.sql"),
    include_str!("schema/metered.sql"),
    include_str!("schema/stands_for.sql"),
    include_str!("schema/span_blocks.sql"),
    include_str!("schema/told_otherwise.sql"),
    concat!(include_str!("schema/resource_signs.sql"), include_str!("schema/cost_minutes.sql")),
    include_str!("schema/beyond_free.sql"),
    concat!(include_str!("schema/counted_minutes.sql"), include_str!("schema/span_blocks_plain.sql")),
    concat!(include_str!("schema/traces_apart.sql"), include_str!("schema/hours.sql")),
];

fn file(name: &str) -> &'static str {
    FILES.iter().find(|(known, _)| *known == name).map_or("", |(_, sql)| sql)
}

/// Makes the tables of a new database, or brings an old one up to date. Views, macros and the built-in prices are made anew when
/// their text is not the one they were made from: opening a database that is up to date writes nothing, so that it works on a
/// full disk too.
pub(crate) fn prepare(db: &Connection, data: &std::path::Path, now: Timestamp) -> Result<(), StoreError> {
    let found = version(db)?;
    if found > VERSION {
        return Err(StoreError::TooNew { data: data.to_owned(), found, known: VERSION });
    }
    if found < VERSION {
        db.execute_batch("BEGIN")?;
        if found == 0 {
            for name in ORDER.split_whitespace() {
                db.execute_batch(file(name))?;
            }
        } else {
            // A step that fails says nothing about the file, which must not be put aside as a damaged one.
            migrate(db, found).map_err(|source| StoreError::NotMigrated {
                data: data.to_owned(),
                found,
                known: VERSION,
                source,
            })?;
        }
        db.execute(
            "INSERT INTO schema_version VALUES (?, make_timestamp_ns(?))",
            duckdb::params![VERSION, now.nanos()],
        )?;
        db.execute_batch("COMMIT")?;
    }
    let digest = MADE_ANEW.iter().fold(0, |digest, name| crc32c::crc32c_append(digest, file(name).as_bytes()));
    let made: u32 = db.query_row("SELECT views FROM state", [], |row| row.get(0))?;
    let views_changed = found < VERSION || made != digest;
    if views_changed {
        for name in MADE_ANEW {
            db.execute_batch(file(name))?;
        }
        db.execute("UPDATE state SET views = ?", [digest])?;
    }
    let prices_changed = prices::keep_built_in(db, now)?;
    if views_changed || prices_changed {
        db.execute_batch("CHECKPOINT")?;
    }
    Ok(())
}

/// All steps from version `found` on.
fn migrate(db: &Connection, found: i32) -> duckdb::Result<()> {
    MIGRATIONS[(found - 1) as usize..].iter().try_for_each(|step| db.execute_batch(step))?;
    if found < RESOURCE_SIGNS {
        MADE_ANEW.iter().try_for_each(|name| db.execute_batch(file(name)))?;
        db.execute(include_str!("queries/roll_signs.sql"), [0, i64::MAX])?;
        db.execute_batch(include_str!("queries/dirty_of_before.sql"))?;
    }
    Ok(())
}

/// The version of an open database; 0 for an empty one.
pub(crate) fn version(db: &Connection) -> Result<i32, StoreError> {
    let known: i64 =
        db.query_row("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'", [], |row| row.get(0))?;
    if known == 0 {
        return Ok(0);
    }
    Ok(db.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_file_is_in_the_order_once() {
        let order: Vec<&str> = ORDER.split_whitespace().collect();
        let files: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(order, files);
    }

    #[test]
    fn a_fresh_schema_has_this_version_and_prepares_twice() {
        let db = Connection::open_in_memory().unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
    }

    #[test]
    fn a_newer_schema_is_refused_by_name() {
        let db = Connection::open_in_memory().unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute_batch("INSERT INTO schema_version VALUES (99, make_timestamp_ns(0))").unwrap();
        let refused = prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap_err();
        assert_eq!(refused.to_string(), "memory has schema version 99; this coldlight knows up to 14");
    }

    #[test]
    fn a_store_of_the_first_version_gets_the_tables_it_lacks() {
        let db = Connection::open_in_memory().unwrap();
        let later = [
            "prices",
            "price_functions",
            "task_shares",
            "said",
            "platform",
            "invocations",
            "counted_minutes",
            "hours",
            "cost_minutes",
            "resource_signs",
            "watched",
            "invocation_costs",
            "cost_by",
            "dictionary_of_cost",
            "tasks",
            "call_costs",
            "dictionary_of_containers",
        ];
        for name in ORDER.split_whitespace().filter(|name| !later.contains(name)) {
            db.execute_batch(file(name)).unwrap();
        }
        db.execute_batch("INSERT INTO schema_version VALUES (1, make_timestamp_ns(0))").unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        assert_eq!(db.query_row("SELECT count(*) FROM prices", [], |row| row.get::<_, i64>(0)).unwrap(), 418);
    }

    #[test]
    fn a_step_that_fails_is_told_and_leaves_the_data_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.duckdb");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP_NS)").unwrap();
        db.execute_batch(
            "INSERT INTO schema_version VALUES (5, make_timestamp_ns(0)); CREATE TABLE other AS SELECT 42 AS n",
        )
        .unwrap();
        let told = prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap_err();
        assert!(matches!(told, StoreError::NotMigrated { found: 5, known: VERSION, .. }), "{told}");
        drop(db);
        let db = Connection::open(&path).unwrap();
        assert_eq!(version(&db).unwrap(), 5);
        assert_eq!(db.query_row("SELECT n FROM other", [], |row| row.get::<_, i32>(0)).unwrap(), 42);
    }

    #[test]
    fn attributes_that_were_a_variant_become_a_map_that_says_the_same() {
        let db = Connection::open_in_memory().unwrap();
        for name in ORDER.split_whitespace().filter(|name| !MADE_ANEW.contains(name)) {
            db.execute_batch(&file(name).replace("attributes MAP(VARCHAR, VARCHAR),", "attributes VARIANT,")).unwrap();
        }
        let flat = r#"{"n":1,"s":"x","d":2.0,"b":true,"e":null,"a":"[1,2]","nan":"NaN","y":"AAA=","x":"[\"AAA=\"]"}"#;
        let types = r#"{"a":"array","nan":"double","y":"bytes","x":{"exact":[{"b":"AAA="}]}}"#;
        let insert = "INSERT INTO metric_rows BY NAME SELECT 1 AS sequence, 'm' AS name, '' AS unit, '' AS service, \
                      0 AS resource_id, make_timestamp_ns(0) AS \"time\", 0 AS \"value\", ?::JSON::VARIANT AS attributes, \
                      ? AS attribute_types, make_timestamp_ns(0) AS received_at";
        db.execute(insert, [Some(flat), Some(types)]).unwrap();
        db.execute(insert, [Some("{}"), None]).unwrap();
        db.execute_batch("INSERT INTO schema_version VALUES (5, make_timestamp_ns(0))").unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        let kept = "SELECT attributes::VARCHAR, attribute_types FROM metric_rows ORDER BY length(attributes::VARCHAR)";
        let mut statement = db.prepare(kept).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)));
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows[0], ("{}".to_owned(), None));
        // A VARIANT does not keep the order of its keys.
        assert_eq!(rows[1].0, r#"{a='[1,2]', b=true, d=2.0, e=NULL, n=1, nan=NaN, s=x, x='["AAA="]', y='AAA='}"#);
        assert_eq!(rows[1].1.as_deref(), Some(r#"abdnidsxy[[{"b":"AAA="}]]"#));
    }

    #[test]
    fn what_was_kept_before_it_was_priced_is_priced_after_an_upgrade() {
        let db = Connection::open_in_memory().unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute_batch(
            "ALTER TABLE resource_rows DROP COLUMN storage_mb; ALTER TABLE invocation_rows DROP COLUMN storage_mb;
            ALTER TABLE cost_minutes DROP COLUMN storage; ALTER TABLE cost_minutes DROP COLUMN streamed;
            INSERT INTO resource_rows BY NAME
            SELECT size::UBIGINT AS resource_id, make_timestamp_ns(0) AS first_seen, 'shop' AS service, 'lambda' AS platform,
                '' AS schema_url, 0 AS dropped_attributes_count,
                MAP {'coldlight.lambda.ephemeral_storage_mb': size} AS attributes
            FROM (VALUES ('2048'), ('10241')) AS sizes(size);
            INSERT INTO invocation_rows BY NAME
            SELECT 'r' || bytes AS request_id, make_timestamp_ns(61000000000) AS started_at, 'shop' AS service, 'us-east-1' AS region,
                1024 AS memory_mb, 1000 AS billed_ms, bytes AS produced_bytes, 'ok' AS outcome, 'reported' AS cost_state
            FROM (VALUES (6291456 + 1073741824), (6291456)) AS answers(bytes);
            DELETE FROM schema_version; INSERT INTO schema_version VALUES (11, make_timestamp_ns(0))",
        )
        .unwrap();
        prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        let sizes = "SELECT list(storage_mb ORDER BY resource_id)::VARCHAR FROM resource_rows";
        assert_eq!(one(sizes), "[2048, NULL]", "no function has more than 10,240 MB");
        assert_eq!(
            one("SELECT list(epoch_ns(minute))::VARCHAR FROM cost_dirty"),
            "[60000000000]",
            "its minute is summed anew"
        );
        let streamed = "SELECT list(streamed_response_cost_usd ORDER BY request_id)::VARCHAR FROM invocations";
        assert_eq!(
            one(streamed),
            "[0.008000000000000000, 0.000000000000000000]",
            "a GiB above 6 MiB, and nothing above it"
        );
    }

    #[test]
    fn spans_of_before_stand_for_as_much_as_when_they_are_written_now() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE span_rows (trace_state VARCHAR, attributes MAP(VARCHAR, VARCHAR))").unwrap();
        let said = [
            ("ot=th:c", "{}"),
            ("vendor=x, ot=rv:abcdef12345678;th:fd70a4", "{}"),
            ("ot=th:ffffffffffffff", "{}"),
            ("ot=p:3;r:5", "{}"),
            ("ot=p:63", "{}"),
            ("not=th:c", "{}"),
            ("ot=th:123456789012345", "{}"),
            ("", "{'sampling.probability': '0.1'}"),
            ("", "{'sampling.probability': '1.5'}"),
            ("other=1", "{'SampleRate': '20'}"),
            ("", "{'SampleRate': '0'}"),
            ("", "{}"),
        ];
        for (trace_state, attributes) in said {
            let insert = format!("INSERT INTO span_rows VALUES (?, MAP {attributes})");
            db.execute(&insert.replace("MAP {}", "NULL"), [trace_state]).unwrap();
        }
        db.execute_batch(include_str!("schema/stands_for.sql")).unwrap();
        let mut statement = db.prepare("SELECT stands_for FROM span_rows ORDER BY rowid").unwrap();
        let told = statement.query_map([], |row| row.get::<_, Option<i64>>(0)).unwrap();
        let told: Vec<Option<u64>> = told.map(|one| one.unwrap().map(i64::unsigned_abs)).collect();
        let of = |(trace_state, attributes): (&str, &str)| {
            let one =
                |name: &str| attributes.split(name).nth(1).and_then(|rest| rest.split('\'').nth(2)).map(str::to_owned);
            let (probability, rate) = (one("sampling.probability"), one("SampleRate"));
            coldlight_model::sampling::stands_for(coldlight_model::sampling::Said {
                trace_state,
                probability: probability.as_deref(),
                rate: rate.as_deref(),
            })
        };
        assert_eq!(told, said.map(of));
    }
}
