//! A question about spending as SQL: the same words of a filter and the same groups for functions, containers and calls.
//!
//! The templates have places for what differs: `/* conditions */`, `/* name */`, `/* joins */` and `/* calls */`. What is put there are constants of this file; every name and value of a user's is bound.

use std::collections::HashMap;

use coldlight_model::{Filter, Nanos, SpendingBy, TimeRange, Timestamp};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row};

use super::condition::Conditions;
use super::invocation_condition::invocation_conditions;
use super::spent_condition::spent_conditions;
use crate::costs;
use crate::error::StoreError;

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Invocations with the calls they made.
    Functions,
    /// The same, of whole minutes that are computed already.
    FunctionsByMinute,
    /// Those of the traces that the map of a filter is of.
    FunctionsFound,
    /// Tasks and pods.
    Containers,
    /// The calls that no invocation made.
    Calls,
    /// The same, of whole minutes that are computed already.
    CallsByMinute,
}

pub(super) struct Asking<'a> {
    pub range: TimeRange,
    /// From where steps are counted, not after the range begins.
    pub origin: Timestamp,
    pub step: Nanos,
    pub by: &'a SpendingBy,
    pub filter: &'a Filter,
}

impl Asking<'_> {
    /// Asks, and hands each row to `each`.
    pub fn rows(
        &self,
        db: &Connection,
        of: Of,
        mut each: impl FnMut(&Row<'_>) -> duckdb::Result<()>,
    ) -> Result<(), StoreError> {
        let by_column = self.named().is_none();
        let conditions = self.conditions(of);
        let sql = of
            .template()
            .replace("/* conditions */", &conditions.named())
            .replace("/* calls */", if of == Of::FunctionsFound { NO_CALLS } else { CALLS })
            .replace("/* name */", if by_column { of.column() } else { of.said() })
            .replace("/* joins */", if by_column { "" } else { of.joins() });
        let mut asked = self.values(&sql);
        asked.extend(conditions.params.into_iter().zip(1..).map(|(value, at)| (format!("c{at}"), value)));
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(&asked)?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    /// The attribute that is looked for, empty where there are several; nothing where a column says it.
    fn named(&self) -> Option<&str> {
        match self.by {
            SpendingBy::Attribute(name) => Some(name),
            SpendingBy::Team | SpendingBy::Customer => Some(""),
            _ => None,
        }
    }

    /// What `sql` asks for; the engine refuses values that a question does not.
    fn values(&self, sql: &str) -> HashMap<String, Sql> {
        let mut asked = HashMap::from([
            ("from".to_owned(), Sql::BigInt(self.range.from.nanos())),
            ("to".to_owned(), Sql::BigInt(self.range.to.nanos())),
            ("origin".to_owned(), Sql::BigInt(self.origin.nanos())),
            ("step".to_owned(), Sql::BigInt(i64::try_from(self.step).unwrap_or(i64::MAX))),
            ("by".to_owned(), Sql::Text(self.by.name().into_owned())),
            ("named".to_owned(), Sql::Text(self.named().unwrap_or_default().to_owned())),
            ("of_attribute".to_owned(), Sql::Boolean(matches!(self.by, SpendingBy::Attribute(_)))),
            ("of_team".to_owned(), Sql::Boolean(*self.by == SpendingBy::Team)),
            ("of_customer".to_owned(), Sql::Boolean(*self.by == SpendingBy::Customer)),
        ]);
        asked.retain(|name, _| sql.contains(&format!("${name}")));
        asked
    }

    /// Looks once for what spans and senders say, from `from` on, for all questions that follow on this connection. Nothing where a
    /// column says it.
    pub fn look(&self, db: &Connection, from: Timestamp) -> Result<(), StoreError> {
        if self.named().is_none() {
            return Ok(());
        }
        let sql = include_str!("said.sql");
        let mut asked = self.values(sql);
        asked.insert("from".to_owned(), Sql::BigInt(from.nanos()));
        db.prepare(sql)?.execute(&asked)?;
        Ok(())
    }

    /// Looks once for the calls of the range, for the questions of [`Of::Functions`] and [`Of::Calls`] that follow on this connection.
    pub fn call(&self, db: &Connection) -> Result<(), StoreError> {
        let (sql, several) = (include_str!("calls_now.sql"), include_str!("calls_several.sql"));
        let several: bool = db.prepare(several)?.query_row(&self.values(several), |row| row.get(0))?;
        // Written into the text, so that the engine plans without what is not needed.
        let sql = if several { sql.to_owned() } else { sql.replace("/* several */ TRUE", "FALSE") };
        db.prepare(&sql)?.execute(&self.values(&sql))?;
        Ok(())
    }

    /// Whether `cost_minutes` has the answer to [`Of::FunctionsByMinute`] and [`Of::CallsByMinute`], and how many minutes of it are being
    /// computed anew.
    pub fn by_minute(&self, db: &Connection) -> Result<Option<u64>, StoreError> {
        use SpendingBy::{Environment, Function, Memory, Service, Version};
        if self.filter.is_empty() && matches!(self.by, Service | Function | Version | Memory | Environment) {
            costs::told(db, self.range)
        } else {
            Ok(None)
        }
    }

    /// Gives back what [`Asking::look`] and [`Asking::call`] took.
    pub fn forget(&self, db: &Connection) -> Result<(), StoreError> {
        Ok(db.execute_batch("DROP TABLE IF EXISTS temp.said_now; DROP TABLE IF EXISTS temp.calls_now")?)
    }

    fn conditions(&self, of: Of) -> Conditions {
        match of {
            Of::FunctionsByMinute | Of::CallsByMinute => Conditions::default(),
            Of::Functions => invocation_conditions(self.range, self.filter),
            Of::FunctionsFound => {
                let mut found = invocation_conditions(self.range, self.filter);
                found.and("trace_id IN (SELECT trace_id FROM temp.chosen)", []);
                found
            }
            Of::Containers | Of::Calls => spent_conditions(self.filter),
        }
    }
}

/// What the calls of an invocation cost together.
const CALLS: &str = "SELECT request_id, invoked_at, attos AS calls_attos, unpriced AS unpriced_calls FROM temp.calls_now WHERE request_id IS NOT NULL";
const NO_CALLS: &str = "SELECT NULL::VARCHAR AS request_id, NULL::TIMESTAMP_NS AS invoked_at, NULL::HUGEINT AS calls_attos, NULL::BIGINT AS unpriced_calls WHERE FALSE";

/// A group by a column is whole.
macro_rules! whole {
    ($($name:literal),+) => {
        concat!("CASE $by ", $($name, " "),+, "END AS name, 0 AS below, 1 AS upto, 1 AS shares")
    };
}

/// A group by attributes may be a part.
macro_rules! part {
    ($($name:literal),+) => {
        concat!(
            "CASE WHEN of_span.told_by IS NOT NULL THEN of_span.value ELSE coalesce(", $($name),+, ") END AS name, ",
            "coalesce(of_span.below, 0) AS below, coalesce(of_span.upto, 1) AS upto, coalesce(of_span.shares, 1) AS shares"
        )
    };
}

macro_rules! joins {
    ($($more:literal),*) => {
        concat!(
            "LEFT JOIN (FROM temp.said_now WHERE told_by = 'span') AS of_span
               ON of_span.trace_id = matching.trace_id AND of_span.span_id = matching.span_id
             LEFT JOIN (FROM temp.said_now WHERE told_by = 'trace') AS of_trace ON of_trace.trace_id = matching.trace_id ",
            $($more),*
        )
    };
}

impl Of {
    fn template(self) -> &'static str {
        match self {
            Self::Functions | Self::FunctionsFound => include_str!("spending.sql"),
            Self::FunctionsByMinute => include_str!("spending_minutes.sql"),
            Self::CallsByMinute => include_str!("spending_minutes_calls.sql"),
            Self::Containers => include_str!("spending_containers.sql"),
            Self::Calls => include_str!("spending_calls.sql"),
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::FunctionsByMinute => whole!(
                "WHEN 'service' THEN service WHEN 'function' THEN \"function\" WHEN 'version' THEN version",
                "WHEN 'memory' THEN memory_mb || ' MB' WHEN 'environment' THEN environment"
            ),
            Self::CallsByMinute => whole!(
                "WHEN 'service' THEN service WHEN 'version' THEN version WHEN 'environment' THEN environment",
                "WHEN 'function' THEN CASE made_by WHEN 'container' THEN '(containers)' ELSE '(no function)' END",
                "WHEN 'memory' THEN '(calls outside of functions)'"
            ),
            Self::Functions | Self::FunctionsFound => whole!(
                "WHEN 'service' THEN service WHEN 'function' THEN \"function\" WHEN 'route' THEN route WHEN 'version' THEN version",
                "WHEN 'memory' THEN memory_mb || ' MB' WHEN 'tenant' THEN tenant WHEN 'environment' THEN environment"
            ),
            Self::Containers => whole!(
                "WHEN 'service' THEN service WHEN 'function' THEN '(containers)' WHEN 'version' THEN version",
                "WHEN 'memory' THEN memory_mib || ' MB' WHEN 'environment' THEN environment",
                "WHEN 'route' THEN CASE WHEN span_id IS NULL THEN '(idle containers)' ELSE http_route END",
                "WHEN 'tenant' THEN CASE WHEN span_id IS NULL THEN '(idle containers)' ELSE tenant END"
            ),
            Self::Calls => whole!(
                "WHEN 'service' THEN service WHEN 'route' THEN http_route WHEN 'version' THEN version WHEN 'tenant' THEN tenant",
                "WHEN 'function' THEN CASE WHEN platform IN ('ecs', 'eks') THEN '(containers)' ELSE '(no function)' END",
                "WHEN 'environment' THEN environment WHEN 'memory' THEN '(calls outside of functions)'"
            ),
        }
    }

    fn said(self) -> &'static str {
        match self {
            Self::Functions | Self::FunctionsByMinute | Self::FunctionsFound => {
                part!("of_report.value, of_trace.value")
            }
            Self::Containers => {
                part!(
                    "CASE WHEN matching.span_id IS NULL THEN coalesce(of_task.value, '(idle containers)') ELSE of_trace.value END"
                )
            }
            Self::Calls | Self::CallsByMinute => part!("of_trace.value"),
        }
    }

    fn joins(self) -> &'static str {
        match self {
            Self::Functions | Self::FunctionsByMinute | Self::FunctionsFound => joins!(
                "LEFT JOIN (FROM temp.said_now WHERE told_by = 'report') AS of_report
                   ON of_report.request_id = matching.request_id AND matching.span_id IS NULL"
            ),
            Self::Containers => joins!(
                "LEFT JOIN (
                    SELECT task, any_value(said_by_sender(attributes, $named::VARCHAR, $of_attribute::BOOLEAN, $of_team::BOOLEAN)) AS value FROM container_resources GROUP BY task
                 ) AS of_task ON of_task.task = matching.task"
            ),
            Self::Calls | Self::CallsByMinute => joins!(),
        }
    }
}
