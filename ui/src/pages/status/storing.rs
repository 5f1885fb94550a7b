//! How far behind the database is, and what it keeps.

use coldlight_model::{Nanos, StoreStatus};

use super::receiving::nearly;
use super::{Health, Row, moment};
use crate::format::{NOT_APPLICABLE, bytes, count, counted, duration, period, rate, share};
use crate::moment::ago;
use crate::shell::Shell;
use crate::text;

const SECOND: Nanos = 1_000_000_000;
/// An accepted span should be visible within a second; a minute late is an alarm.
const LATE: Nanos = SECOND;
const ALARM: Nanos = 60 * SECOND;
/// The WAL is emptied by checkpoints; beyond this they do not keep up.
const LARGE_WAL: u64 = 2 << 30;
const DAY: u64 = 24 * 3600 * SECOND;

const BEHIND: &str =
    "The database does not keep up. Check how busy processors and disk are; sampling at the senders helps at once.";

pub fn writing(stored: &StoreStatus) -> Vec<Row> {
    vec![
        Row::new("waiting", "Waiting to be written", counted(stored.waiting_batches, "batch", "batches"))
            .aside(if stored.waiting_batches > 0 { format!("the oldest for {}", duration(stored.waiting_age)) } else { String::new() })
            .good()
            .when(stored.waiting_age > 2 * LATE, Health::Warning, BEHIND)
            .when(stored.waiting_age > ALARM, Health::Bad, BEHIND),
        Row::new("freshness", "Accepted to visible, p95", duration(stored.freshness_p95))
            .good()
            .when(stored.freshness_p95 > LATE, Health::Warning, BEHIND)
            .when(stored.freshness_p95 > ALARM, Health::Bad, BEHIND),
        Row::new("written", "Spans written", count(stored.spans_written))
            .aside(format!("{} in the last minute", rate(stored.spans_written_per_s))),
        Row::new("duplicates", "Repeated spans dropped", count(stored.duplicates))
            .aside("retries; nothing is counted twice"),
        Row::new("journal", "Journal", bytes(stored.journal_bytes))
            .aside(format!("of {}, in {}", bytes(stored.journal_limit), counted(stored.journal_segments, "file", "files")))
            .good()
            .when(nearly(stored.journal_bytes, stored.journal_limit, 50), Health::Warning, BEHIND)
            .when(
                nearly(stored.journal_bytes, stored.journal_limit, 90),
                Health::Bad,
                "The journal is almost full; when it is, senders are turned away. Give it a higher limit or send less.",
            ),
        checkpoint(stored),
        Row::new("reopened", "Database reopened", counted(stored.reopened, "time", "times")).good().when(
            stored.reopened > 0,
            Health::Warning,
            "The database failed and was opened again; accepted spans were replayed from the journal. The log has the cause.",
        ),
        Row::new("quarantined", "Damaged files put aside", count(stored.quarantined.len() as u64))
            .aside(text::cut(&stored.quarantined.join(", "), 160))
            .good()
            .when(
                !stored.quarantined.is_empty(),
                Health::Bad,
                "What they held is not shown. They lie in the data directory; keep them for a repair, or delete them.",
            ),
    ]
}

fn checkpoint(stored: &StoreStatus) -> Row {
    let row = Row::new("wal", "Not yet in the main file", bytes(stored.wal_bytes)).good();
    row.when(
        stored.wal_bytes > LARGE_WAL,
        Health::Warning,
        "Checkpoints do not keep up, and a restart will take longer. A long question may be holding them back.",
    )
}

pub fn keeping(stored: &StoreStatus, shell: &Shell) -> Vec<Row> {
    let now = shell.now;
    let newest = match stored.newest_span_at {
        Some(at) => Row::new("newest", "Newest span", ago(at, now)).at(moment(at, shell)),
        None => Row::new("newest", "Newest span", "none yet").aside("see Start for how to send one"),
    };
    let oldest = match stored.oldest_span_at {
        Some(at) => Row::new("oldest", "Oldest span", ago(at, now)).at(moment(at, shell)),
        None => Row::new("oldest", "Oldest span", NOT_APPLICABLE),
    };
    let limit = if stored.retain_bytes > 0 { format!("or {}", bytes(stored.retain_bytes)) } else { String::new() };
    vec![
        newest,
        oldest,
        Row::new("kept", "Kept", counted(stored.spans, "span", "spans")).aside(format!(
            "{} log records, {} metric points, {} senders",
            count(stored.logs),
            count(stored.metric_points),
            count(stored.resources)
        )),
        Row::new("database", "Database", bytes(stored.database_bytes)).aside(growth(stored)),
        Row::new("disk", "Free on its disk", bytes(stored.disk_free_bytes))
            .aside(format!("{} stay free", bytes(stored.disk_reserve_bytes)))
            .good()
            .when(
                stored.disk_free_bytes < stored.disk_reserve_bytes.saturating_mul(2),
                Health::Warning,
                "Soon nothing can be taken. Free space, or keep data for a shorter time.",
            )
            .when(
                stored.disk_free_bytes < stored.disk_reserve_bytes,
                Health::Bad,
                "Nothing is taken until there is room. Free space, or keep data for a shorter time.",
            ),
        Row::new("retention", "Kept for", period(stored.retain)).aside(limit),
        Row::new("dropped", "Removed by age or size", counted(stored.dropped_by_retention, "row", "rows"))
            .aside(share_of_kept(stored)),
        match stored.last_checkpoint_at {
            Some(at) => Row::new("checkpoint", "Last checkpoint", ago(at, now)).at(moment(at, shell)),
            None => Row::new("checkpoint", "Last checkpoint", "none since the start"),
        },
    ]
}

/// Bytes per day over the time that is kept, once that is an hour or more.
fn growth(stored: &StoreStatus) -> String {
    let (Some(newest), Some(oldest)) = (stored.newest_span_at, stored.oldest_span_at) else { return String::new() };
    let kept = newest.since(oldest);
    if kept < 3600 * SECOND {
        return String::new();
    }
    let per_day = u128::from(stored.database_bytes) * u128::from(DAY) / u128::from(kept);
    format!("about {} per day", bytes(u64::try_from(per_day).unwrap_or(u64::MAX)))
}

fn share_of_kept(stored: &StoreStatus) -> String {
    let ever = stored.spans.saturating_add(stored.dropped_by_retention);
    if stored.dropped_by_retention == 0 {
        String::new()
    } else {
        format!("{} of what was kept", share(stored.dropped_by_retention, ever))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rows: Vec<Row>, name: &str) -> Row {
        rows.into_iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn a_minute_behind_is_an_alarm() {
        let health = |age| {
            named(writing(&StoreStatus { waiting_age: age, waiting_batches: 1, ..StoreStatus::default() }), "waiting")
                .health
        };
        assert_eq!(health(SECOND), Health::Good);
        assert_eq!(health(5 * SECOND), Health::Warning);
        assert_eq!(health(61 * SECOND), Health::Bad);
    }

    #[test]
    fn a_full_disk_says_what_to_do() {
        let stored = StoreStatus { disk_free_bytes: 5, disk_reserve_bytes: 10, ..StoreStatus::default() };
        let row = named(keeping(&stored, &Shell::default()), "disk");
        assert!(row.health == Health::Bad && row.todo.contains("Free space"));
    }

    #[test]
    fn growth_is_told_after_an_hour() {
        let now = coldlight_model::Timestamp::from_millis(1_795_183_500_000);
        let after = |length| StoreStatus {
            database_bytes: 1 << 30,
            newest_span_at: Some(now),
            oldest_span_at: Some(now.minus(length)),
            ..StoreStatus::default()
        };
        assert_eq!(growth(&after(DAY / 2)), "about 2.0 GB per day");
        assert_eq!(growth(&after(SECOND)), "");
    }
}
