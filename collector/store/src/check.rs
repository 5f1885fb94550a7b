//! Whether a stopped store is whole: the journal's frames, the database's pages, and that the two meet.

use std::path::Path;

use coldlight_model::Timestamp;

use crate::commit;
use crate::engine::database_path;
use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::Store;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    pub spans: u64,
    pub logs: u64,
    pub metric_points: u64,
    pub resources: u64,
    /// Journal records that opening had to write first.
    pub replayed: u64,
    /// Damage, in words; empty when all is well.
    pub damage: Vec<String>,
}

/// Opens the store in `data` that no other process has, replays its journal, reads every column of every table and says
/// what is damaged. Blocking.
///
/// # Errors
/// As [`Store::open`]; nothing is made where there is no data.
pub fn check(data: &Path, now: fn() -> Timestamp) -> Result<Checked, StoreError> {
    let path = database_path(data);
    if !path.exists() && !data.join("journal").exists() {
        return Err(StoreError::File { path, source: std::io::ErrorKind::NotFound.into() });
    }
    let mut checked = Checked::default();
    let store = Store::open(Settings::new(data), now)?;
    checked.damage.extend(store.shared.quarantined().into_iter().map(|name| format!("put aside: {name}")));
    let last_sequence = store.shared.journal.status().last;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|source| StoreError::File { path: data.to_owned(), source })?;
    let before = *store.generation().borrow();
    let status = runtime.block_on(async {
        let mut written = store.generation();
        // Fails only when the writer has ended; what it did not write shows below.
        let _ = written.wait_for(|sequence| *sequence >= last_sequence).await;
        store.status().await
    })?;
    checked.replayed = last_sequence.saturating_sub(before);
    (checked.spans, checked.logs) = (status.spans, status.logs);
    (checked.metric_points, checked.resources) = (status.metric_points, status.resources);
    {
        let db = store.shared.engine.lend()?;
        for table in [
            "span_rows",
            "log_rows",
            "metric_rows",
            "resource_rows",
            "platform_rows",
            "invocation_rows",
            "service_minutes",
            "edge_minutes",
            "counted_minutes",
            "service_hours",
            "edge_hours",
            "counted_hours",
            "cost_minutes",
            "cost_dirty",
            "resource_signs",
            "price_rows",
        ] {
            // Every block carries a checksum; reading all columns verifies them.
            if let Err(error) = db.query_row(every_value(table), [], |row| row.get::<_, Option<i64>>(0)) {
                checked.damage.push(format!("{table}: {error}"));
            }
        }
        let written = commit::written_sequence(&db)?;
        if written < last_sequence {
            checked.damage.push(format!("journal records {} to {last_sequence} are not in the database", written + 1));
        }
    }
    store.close()?;
    Ok(checked)
}

/// Reads every column of a table: an aggregate that needs each value and keeps none.
fn every_value(table: &str) -> &'static str {
    match table {
        "span_rows" => {
            "SELECT sum(length(attributes::VARCHAR))::BIGINT, bit_xor(hash(COLUMNS(* EXCLUDE (attributes)))) FROM span_rows"
        }
        "log_rows" => {
            "SELECT sum(length(attributes::VARCHAR))::BIGINT, bit_xor(hash(COLUMNS(* EXCLUDE (attributes)))) FROM log_rows"
        }
        "metric_rows" => {
            "SELECT sum(length(attributes::VARCHAR))::BIGINT, bit_xor(hash(COLUMNS(* EXCLUDE (attributes)))) FROM metric_rows"
        }
        "resource_rows" => {
            "SELECT sum(length(attributes::VARCHAR))::BIGINT, bit_xor(hash(COLUMNS(* EXCLUDE (attributes)))) FROM resource_rows"
        }
        "price_rows" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM price_rows",
        "platform_rows" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM platform_rows",
        "invocation_rows" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM invocation_rows",
        "service_minutes" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM service_minutes",
        "edge_minutes" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM edge_minutes",
        "counted_minutes" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM counted_minutes",
        "service_hours" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM service_hours",
        "edge_hours" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM edge_hours",
        "counted_hours" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM counted_hours",
        "resource_signs" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM resource_signs",
        "cost_dirty" => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM cost_dirty",
        _ => "SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM cost_minutes",
    }
}
