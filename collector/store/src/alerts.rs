//! Alerts as they are kept: what they watch, how they stand, what they did, and whether somebody was told.
//!
//! A change of state and the telling that it calls for are one transaction: after a crash neither is without the other.
//! Not here: deciding (`model::alert`), telling (`server`).

use coldlight_model::{
    Alert, AlertEvent, AlertOf, AlertState, Delivery, Nanos, Signal, Standing, TimeRange, Timestamp,
};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params, params_from_iter};

use crate::engine::transaction;
use crate::error::StoreError;
use crate::queries::{Conditions, conditions, invocation_conditions};
use crate::store::Store;

/// An alert and how it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertAndStanding {
    pub alert: Alert,
    pub standing: Standing,
}

/// A change of state to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub standing: Standing,
    pub event: AlertEvent,
}

/// Events kept; the oldest go first, those that wait to be told last.
const MOST_EVENTS: i64 = 1_000;
/// How long before its receiver something may have been handed over.
const HANDED_OVER_WITHIN: Nanos = 86_400_000_000_000;

const ALL: &str = "SELECT *, epoch_ns(created_at) AS created_ns, epoch_ns(since) AS since_ns FROM alert_rows ORDER BY lower(\"name\"), alert_id";
const EVENTS: &str =
    "SELECT *, epoch_ns(happened_at) AS at_ns FROM alert_event_rows ORDER BY happened_at DESC, event_id LIMIT ?";
const WAITING: &str = "SELECT *, epoch_ns(happened_at) AS at_ns FROM alert_event_rows WHERE delivery = 'waiting' ORDER BY happened_at, event_id LIMIT 1";

impl Store {
    /// All alerts, by name.
    pub async fn alerts(&self) -> Result<Vec<AlertAndStanding>, StoreError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(ALL)?;
            let found = statement.query_map([], alert)?;
            Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
        .await
    }

    /// Keeps a new one, well since now.
    pub async fn add_alert(&self, alert: Alert, now: Timestamp) -> Result<(), StoreError> {
        self.ask(move |db| {
            let values = params![
                alert.id,
                alert.name,
                alert.of.name(),
                alert.filter,
                alert.signal.name(),
                alert.window as i64,
                Sql::HugeInt(alert.above),
                Sql::HugeInt(alert.clear),
                alert.hold as i64,
                alert.created_at.nanos(),
                AlertState::Ok.name(),
                now.nanos()
            ];
            db.execute(
                "INSERT INTO alert_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp_ns(?), ?, make_timestamp_ns(?))",
                values,
            )?;
            Ok(())
        })
        .await
    }

    /// Whether there was one. What it did is kept; what of it waits to be told is not told any more.
    pub async fn remove_alert(&self, id: String) -> Result<bool, StoreError> {
        self.ask(move |db| {
            transaction(db, |db| {
                db.execute(
                    "UPDATE alert_event_rows SET delivery = 'none' WHERE alert_id = ? AND delivery = 'waiting'",
                    [&id],
                )?;
                Ok(db.execute("DELETE FROM alert_rows WHERE alert_id = ?", [&id])? > 0)
            })
        })
        .await
    }

    /// The alert's figure over its window up to `now`, in the unit of its signal; `None` when nothing matched.
    pub async fn alert_figure(&self, alert: Alert, now: Timestamp) -> Result<Option<i128>, StoreError> {
        self.ask(move |db| figure(db, &alert, now)).await
    }

    /// Keeps a change of state and its event. Whether the alert was still there.
    pub async fn change_alert(&self, change: Change) -> Result<bool, StoreError> {
        self.ask(move |db| {
            transaction(db, |db| {
                let Change { standing, event } = &change;
                let values = params![standing.state.name(), standing.since.nanos(), event.alert_id];
                let known = db.execute(
                    "UPDATE alert_rows SET state = ?, since = make_timestamp_ns(?) WHERE alert_id = ?",
                    values,
                )?;
                if known > 0 {
                    add_event(db, event)?;
                }
                Ok(known > 0)
            })
        })
        .await
    }

    /// What alerts did, newest first.
    pub async fn alert_events(&self, limit: u32) -> Result<Vec<AlertEvent>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(EVENTS)?;
            let found = statement.query_map([i64::from(limit)], event)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The oldest event of which somebody is still to be told.
    pub async fn waiting_alert_event(&self) -> Result<Option<AlertEvent>, StoreError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(WAITING)?;
            let mut found = statement.query_map([], event)?;
            Ok(found.next().transpose()?)
        })
        .await
    }

    /// What became of an attempt to tell of an event.
    pub async fn told_alert_event(
        &self,
        id: String,
        delivery: Delivery,
        attempts: u32,
        problem: Option<String>,
    ) -> Result<(), StoreError> {
        self.ask(move |db| {
            let values = params![delivery.name(), attempts, problem, id];
            db.execute(
                "UPDATE alert_event_rows SET delivery = ?, attempts = ?, problem = ? WHERE event_id = ?",
                values,
            )?;
            Ok(())
        })
        .await
    }
}

fn add_event(db: &Connection, event: &AlertEvent) -> Result<(), StoreError> {
    let values = params![
        event.id,
        event.alert_id,
        event.name,
        event.at.nanos(),
        event.from.name(),
        event.to.name(),
        event.figure.map_or(Sql::Null, Sql::HugeInt),
        event.delivery.name(),
        event.attempts,
        event.problem
    ];
    db.execute("INSERT INTO alert_event_rows VALUES (?, ?, ?, make_timestamp_ns(?), ?, ?, ?, ?, ?, ?)", values)?;
    db.execute(include_str!("queries/forget_alert_events.sql"), [MOST_EVENTS])?;
    Ok(())
}

fn figure(db: &Connection, alert: &Alert, now: Timestamp) -> Result<Option<i128>, StoreError> {
    let range = TimeRange::last(alert.window, now);
    let filter = alert.of.filter(&alert.filter);
    let number = |sql: &str, conditions: Conditions, more: &[Sql]| -> Result<Option<i128>, StoreError> {
        let params = conditions.params.iter().chain(more).cloned().collect::<Vec<_>>();
        Ok(db.query_row(&conditions.fill(sql), params_from_iter(params), |row| row.get(0))?)
    };
    match alert.of {
        AlertOf::Requests => {
            let matching = conditions(range, &filter);
            match alert.signal {
                Signal::FaultRate => number(include_str!("queries/alert_fault_rate.sql"), matching, &[]),
                Signal::P95 => number(include_str!("queries/alert_p95.sql"), matching, &[]),
                Signal::NoData => number(include_str!("queries/alert_requests.sql"), matching, &[]),
                Signal::Backlog => {
                    let since = Sql::BigInt(range.from.minus(HANDED_OVER_WITHIN).nanos());
                    number(include_str!("queries/alert_backlog.sql"), matching, &[since])
                }
                _ => Ok(None),
            }
        }
        AlertOf::Invocations => {
            let matching = invocation_conditions(range, &filter);
            let window = Sql::BigInt(i64::try_from(alert.window).unwrap_or(i64::MAX));
            match alert.signal {
                Signal::FaultRate => number(include_str!("queries/alert_failure_rate.sql"), matching, &[]),
                Signal::P95 => number(include_str!("queries/alert_invocation_p95.sql"), matching, &[]),
                Signal::NoData => number(include_str!("queries/alert_invocations.sql"), matching, &[]),
                Signal::ColdRate => number(include_str!("queries/alert_cold_rate.sql"), matching, &[]),
                Signal::CostPerRequest => number(include_str!("queries/alert_cost_each.sql"), matching, &[]),
                Signal::CostPerHour => {
                    // The window stands before the conditions.
                    let mut matching = matching;
                    matching.params.insert(0, window);
                    number(include_str!("queries/alert_cost_per_hour.sql"), matching, &[])
                }
                Signal::Backlog => Ok(None),
            }
        }
    }
}

/// `None` for what this program does not know: a newer one may have made it.
fn alert(row: &Row<'_>) -> duckdb::Result<Option<AlertAndStanding>> {
    let word = |name: &str| row.get::<_, String>(name);
    let (of, signal) = (AlertOf::from_name(&word("about")?), Signal::from_name(&word("signal")?));
    let (Some(of), Some(signal)) = (of, signal) else { return Ok(None) };
    Ok(Some(AlertAndStanding {
        alert: Alert {
            id: row.get("alert_id")?,
            name: row.get("name")?,
            of,
            filter: row.get("filter")?,
            signal,
            window: row.get::<_, i64>("window_ns")?.unsigned_abs(),
            above: row.get("above")?,
            clear: row.get("clear")?,
            hold: row.get::<_, i64>("hold_ns")?.unsigned_abs(),
            created_at: Timestamp::from_sql(row.get("created_ns")?),
        },
        standing: Standing {
            state: AlertState::from_name(&word("state")?).unwrap_or_default(),
            since: Timestamp::from_sql(row.get("since_ns")?),
        },
    }))
}

fn event(row: &Row<'_>) -> duckdb::Result<AlertEvent> {
    let word = |name: &str| row.get::<_, String>(name);
    Ok(AlertEvent {
        id: row.get("event_id")?,
        alert_id: row.get("alert_id")?,
        name: row.get("name")?,
        at: Timestamp::from_sql(row.get("at_ns")?),
        from: AlertState::from_name(&word("from_state")?).unwrap_or_default(),
        to: AlertState::from_name(&word("to_state")?).unwrap_or_default(),
        figure: row.get("figure")?,
        delivery: Delivery::from_name(&word("delivery")?).unwrap_or_default(),
        attempts: row.get("attempts")?,
        problem: row.get("problem")?,
    })
}
