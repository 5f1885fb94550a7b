//! An answer of times and one number each, drawn as columns that stand where their times are.

use coldlight_model::{Cell, Table, TimeRange, Timestamp};

use super::answer::{is_number, value};
use crate::format::number;
use crate::moment::{self, Zone};
use crate::range::span;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 180.0;
/// The page holds 500 rows; all of them may be drawn.
const MOST: usize = 500;
const LABELS: usize = 6;
/// A column as wide as the least distance between two would touch the next.
const FILLED: f64 = 0.88;
const DAY: u64 = 86_400_000_000_000;

pub(super) struct Chart {
    pub columns: Vec<Column>,
    /// Height from the bottom in percent, and label.
    pub ticks: Vec<(String, String)>,
    /// Place from the left in percent, and label.
    pub labels: Vec<(String, String)>,
    pub summary: String,
}

pub(super) struct Column {
    pub title: String,
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

/// `None` when the answer is something else, or has a negative number.
pub(super) fn chart(table: &Table) -> Option<Chart> {
    let [when, what] = table.columns.as_slice() else { return None };
    if !is_time(&when.sql_type) || !is_number(&what.sql_type) || !(2..=MOST).contains(&table.rows.len()) {
        return None;
    }
    let mut points: Vec<(Timestamp, f64, String)> = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let [Cell::Text(at), number] = row.as_slice() else { return None };
        points.push((time(at)?, value(number)?, at.clone()));
    }
    points.sort_by_key(|point| point.0);
    let (first, last) = (points.first()?.0, points.last()?.0);
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    if most <= 0.0 || first == last {
        return None;
    }
    let step = points.windows(2).map(|two| two[1].0.since(two[0].0)).filter(|gap| *gap > 0).min()?;
    let whole = last.since(first) as f64 + step as f64;
    // Two seconds in a year would be a hair: it stays to be seen.
    let width = (step as f64 / whole * WIDTH * FILLED).max(1.5);
    let x = |at: Timestamp| at.since(first) as f64 / whole * WIDTH;
    let column = |(at, value, text): &(Timestamp, f64, String)| {
        let tall = value / most * HEIGHT / 1.08;
        Column {
            title: format!("{text}: {}", number(*value)),
            x: number(x(*at)),
            y: number(HEIGHT - tall),
            width: number(width),
            height: number(tall),
        }
    };
    let utc = Zone::utc();
    let every = points.len().div_ceil(LABELS);
    let label = |at: Timestamp| match step >= DAY {
        true => utc.date(at),
        false => utc.tick(at, step * every as u64, TimeRange { from: first, to: last }),
    };
    let tick = |share: f64| (number(share / 1.08 * 100.0), number(most * share));
    Some(Chart {
        ticks: [0.0, 0.5, 1.0].into_iter().map(tick).collect(),
        labels: points
            .iter()
            .step_by(every)
            .map(|point| (number(x(point.0) / WIDTH * 100.0), label(point.0)))
            .collect(),
        summary: format!(
            "{} over {}, at most {}",
            crate::text::cut(&what.name, 80),
            span(TimeRange { from: first, to: last }, &utc),
            number(most)
        ),
        columns: points.iter().map(column).collect(),
    })
}

/// DuckDB's names of types that have a day.
pub(super) fn is_time(sql_type: &str) -> bool {
    sql_type.starts_with("TIMESTAMP") || sql_type == "DATE"
}

/// `2026-11-20 13:05:00.5` or `2026-11-20`, as DuckDB writes them, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let (day, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    moment::parse(&format!("{day}T{clock}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Column as Named;

    fn table(kind: &str, rows: &[(&str, i128)]) -> Table {
        let column = |name: &str, kind: &str| Named { name: name.into(), sql_type: kind.into() };
        let rows = rows.iter().map(|(at, n)| vec![Cell::Text((*at).into()), Cell::Int(*n)]).collect();
        Table { columns: vec![column("hour", kind), column("n", "BIGINT")], rows, ..Table::default() }
    }

    #[test]
    fn columns_stand_where_their_times_are_whatever_their_order() {
        let rows = [("2026-11-20 15:00:00", 4), ("2026-11-20 12:00:00", 2), ("2026-11-20 13:00:00", 0)];
        let drawn = chart(&table("TIMESTAMP", &rows)).unwrap();
        let places: Vec<&str> = drawn.columns.iter().map(|column| column.x.as_str()).collect();
        assert_eq!(places, ["0", "250", "750"]);
        assert_eq!(
            (drawn.columns[0].width.as_str(), drawn.columns[2].title.as_str()),
            ("220", "2026-11-20 15:00:00: 4")
        );
        assert_eq!(drawn.labels[0].1, "12:00");
    }

    #[test]
    fn days_have_dates() {
        let drawn = chart(&table("DATE", &[("2026-11-20", 1), ("2026-11-21", 3)])).unwrap();
        assert_eq!(drawn.labels[1].1, "2026-11-21");
    }

    #[test]
    fn what_has_no_course_is_not_drawn() {
        let none = |kind: &str, rows: &[(&str, i128)]| chart(&table(kind, rows)).is_none();
        assert!(none("VARCHAR", &[("2026-11-20", 1), ("2026-11-21", 3)]), "no times");
        assert!(none("DATE", &[("2026-11-20", 1)]), "one row");
        assert!(none("DATE", &[("2026-11-20", 1), ("2026-11-20", 3)]), "one time");
        assert!(none("DATE", &[("2026-11-20", 0), ("2026-11-21", 0)]), "nothing");
        assert!(none("DATE", &[("2026-11-20", -1), ("2026-11-21", 5)]), "below zero");
        assert!(none("DATE", &[("infinity", 1), ("2026-11-21", 5)]), "no place");
    }
}
