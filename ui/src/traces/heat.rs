//! How many spans took how long, when: a grid of time and, on a logarithmic axis, duration.
//!
//! Cells of one shade are one path, so that a full grid is six elements. The table under it has the same numbers; its heads
//! choose a row or a column without a pointer.

use coldlight_model::{Heat, HeatBox, TimeRange, Timestamp, bucket_bounds};

use super::part;
use super::state::State;
use crate::chart::log_duration_ticks;
use crate::format;
use crate::moment::Zone;

/// Slices of time to ask the store for.
pub const COLUMNS: u32 = 48;
/// Rows at most; neighbours are joined where there are more.
const ROWS: i32 = 24;
/// A single duration still gets this many rows, so that its place is seen.
const FEWEST_ROWS: i32 = 8;
/// Shades of a cell, by the logarithm of its count.
pub const SHADES: usize = 6;
/// Labels beside and under the grid.
const TICKS: usize = 6;
const LABELS: usize = 6;

/// The drawing and its table.
pub struct Grid {
    /// Units of the drawing: one per cell.
    pub columns: usize,
    pub rows: usize,
    /// Path of the cells of each shade, the palest first.
    pub shades: Vec<(usize, String)>,
    /// Marks of cells in which something failed.
    pub faults: String,
    pub part: Option<Rect>,
    /// Place in percent from the top, and words.
    pub ticks: Vec<(String, String)>,
    /// Place in percent from the left, and words.
    pub labels: Vec<(String, String)>,
    pub summary: String,
    /// For dragging: milliseconds since 1970, and logarithms to base 2 of nanoseconds.
    pub from_ms: i64,
    pub to_ms: i64,
    pub low: String,
    pub high: String,
    /// The most in one cell.
    pub most: String,
    pub spans: u64,
    pub heads: Vec<(String, String)>,
    pub lines: Vec<Line>,
}

/// The chosen part, in units of the drawing.
pub struct Rect {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

/// One row of the table, the longest durations first.
pub struct Line {
    pub label: String,
    pub href: String,
    pub counts: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    spans: u64,
    faults: u64,
}

/// `None` when there is nothing to draw.
pub fn grid(heat: &Heat, state: &State, zone: &Zone) -> Option<Grid> {
    let first = heat.cells.iter().map(|cell| cell.bucket).min()?;
    let last = heat.cells.iter().map(|cell| cell.bucket).max()?;
    let columns = heat.columns.max(1) as usize;
    let per_row = (last - first) / ROWS + 1;
    let rows = ((last - first) / per_row + 1).max(FEWEST_ROWS);
    // Empty rows on both sides where there are few.
    let first = (first - (rows - (last - first) / per_row - 1) / 2 * per_row).max(0);
    let rows = rows as usize;
    let mut cells = vec![Cell::default(); rows * columns];
    for one in &heat.cells {
        let row = ((one.bucket - first) / per_row).clamp(0, rows as i32 - 1) as usize;
        let column = (one.column as usize).min(columns - 1);
        let cell = &mut cells[row * columns + column];
        cell.spans += one.spans;
        cell.faults += one.faults;
    }
    let most = cells.iter().map(|cell| cell.spans).max()?;
    let edge = |row: usize| bucket_bounds(first + row as i32 * per_row).0;
    let start = |column: usize| heat.from.plus(column as u64 * heat.step);
    let (low, high, end) = (edge(0), edge(rows), start(columns));
    let (shades, faults) = paths(&cells, columns, rows, most);
    let choose = |part: HeatBox| state.at_part(Some(part)).link().to_string();
    let kept = state.part.unwrap_or_else(|| part::between(heat.from, end, low, high));
    let heads = (0..columns).map(|column| {
        let time = part::between(start(column), start(column + 1), low, high).time;
        (label(start(column), heat, zone), choose(HeatBox { time, ..kept }))
    });
    let lines = (0..rows).rev().map(|row| {
        let HeatBox { low, high, .. } = part::between(heat.from, end, edge(row), edge(row + 1));
        let counts = cells[row * columns..(row + 1) * columns].iter();
        Line {
            label: format!("{} – {}", format::duration(low), format::duration(high)),
            href: choose(HeatBox { low, high, ..kept }),
            counts: counts
                .map(|cell| if cell.spans == 0 { String::new() } else { format::count(cell.spans) })
                .collect(),
        }
    });
    let up = |nanos: f64| (high.max(low * 2.0) / nanos.clamp(low, high)).log2() / (high / low).log2();
    let spans: u64 = cells.iter().map(|cell| cell.spans).sum();
    Some(Grid {
        columns,
        rows,
        shades,
        faults,
        part: state.part.and_then(|part| rect(&part, heat, (low, high), (columns, rows))),
        ticks: log_duration_ticks(low, high, TICKS)
            .into_iter()
            .map(|tick| (format::number(up(tick.at as f64) * 100.0), tick.label))
            .collect(),
        labels: (0..columns)
            .step_by(columns.div_ceil(LABELS).max(1))
            .map(|column| (format::number(column as f64 / columns as f64 * 100.0), label(start(column), heat, zone)))
            .collect(),
        summary: summary(heat, spans, (low, high), zone),
        from_ms: heat.from.nanos() / 1_000_000,
        to_ms: end.nanos() / 1_000_000,
        low: format!("{:.4}", low.log2()),
        high: format!("{:.4}", high.log2()),
        most: format::count(most),
        spans,
        heads: heads.collect(),
        lines: lines.collect(),
    })
}

fn paths(cells: &[Cell], columns: usize, rows: usize, most: u64) -> (Vec<(usize, String)>, String) {
    let mut shades = vec![String::new(); SHADES];
    let mut faults = String::new();
    let full = ((most + 1) as f64).ln();
    for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.spans > 0) {
        let (x, y) = (at % columns, rows - 1 - at / columns);
        let shade = ((((cell.spans + 1) as f64).ln() / full) * SHADES as f64).ceil() as usize;
        shades[shade.clamp(1, SHADES) - 1].push_str(&format!("M{x} {y}h1v1h-1z"));
        if cell.faults > 0 {
            // As wide as the share that failed, and never too narrow to be seen.
            let width = (cell.faults as f64 / cell.spans as f64).max(0.25) * 0.9;
            faults.push_str(&format!("M{x}.05 {y}.72h{}v.23h-{0}z", format::number(width)));
        }
    }
    (shades.into_iter().enumerate().filter(|(_, path)| !path.is_empty()).collect(), faults)
}

fn label(at: Timestamp, heat: &Heat, zone: &Zone) -> String {
    let to = heat.from.plus(heat.step * u64::from(heat.columns));
    zone.tick(at, heat.step * u64::from(heat.columns) / 6, TimeRange { from: heat.from, to })
}

fn rect(part: &HeatBox, heat: &Heat, (low, high): (f64, f64), (columns, rows): (usize, usize)) -> Option<Rect> {
    let length = (heat.step * u64::from(heat.columns)) as f64;
    let across = |at: Timestamp| ((at.nanos() - heat.from.nanos()) as f64 / length).clamp(0.0, 1.0) * columns as f64;
    let up =
        |nanos: u64| (1.0 - ((nanos.max(1) as f64) / low).log2() / (high / low).log2()).clamp(0.0, 1.0) * rows as f64;
    let (x, right, y, bottom) = (across(part.time.from), across(part.time.to), up(part.high), up(part.low));
    (right > x && bottom > y).then(|| Rect {
        x: format::number(x),
        y: format::number(y),
        width: format::number(right - x),
        height: format::number(bottom - y),
    })
}

fn summary(heat: &Heat, spans: u64, (low, high): (f64, f64), zone: &Zone) -> String {
    let faults: u64 = heat.cells.iter().map(|cell| cell.faults).sum();
    let failed = if faults > 0 { format!(", {}", format::counted(faults, "fault", "faults")) } else { String::new() };
    format!(
        "{} of {} to {}{failed}, from {} to {}. The numbers stand in the table below.",
        format::counted(spans, "span", "spans"),
        format::duration(low as u64),
        format::duration(high as u64),
        zone.date_time(heat.from),
        zone.date_time(heat.from.plus(heat.step * u64::from(heat.columns))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::HeatCell;

    const MINUTE: u64 = 60_000_000_000;

    fn heat(cells: &[(u32, i32, u64, u64)]) -> Heat {
        let cell = |(column, bucket, spans, faults): &(u32, i32, u64, u64)| HeatCell {
            column: *column,
            bucket: *bucket,
            spans: *spans,
            faults: *faults,
            ..HeatCell::default()
        };
        Heat {
            from: Timestamp::from_millis(1_795_183_380_000),
            step: MINUTE,
            columns: 4,
            cells: cells.iter().map(cell).collect(),
            versions: vec![],
        }
    }

    fn drawn(cells: &[(u32, i32, u64, u64)], query: &str) -> Option<Grid> {
        grid(&heat(cells), &State::parse(query, Timestamp::EPOCH), &Zone::utc())
    }

    #[test]
    fn every_span_is_in_the_table_once_however_wide_the_durations_are() {
        let grid = drawn(&[(0, 0, 1, 0), (1, 200, 10, 2), (3, 400, 100, 0)], "").unwrap();
        let counted: u64 =
            grid.lines.iter().flat_map(|line| &line.counts).filter_map(|count| count.parse::<u64>().ok()).sum();
        assert_eq!((counted, grid.spans, grid.rows <= ROWS as usize + 1), (111, 111, true));
        assert_eq!(grid.lines.len(), grid.rows);
        assert_eq!(grid.shades.len(), 3);
        assert!(grid.faults.starts_with("M1.05 "));
        assert!(drawn(&[], "").is_none());
    }

    #[test]
    fn one_duration_alone_has_room_on_both_sides() {
        let grid = drawn(&[(2, 200, 5, 0)], "").unwrap();
        assert_eq!(grid.rows, FEWEST_ROWS as usize);
        assert!(grid.lines.first().unwrap().counts.iter().all(String::is_empty));
    }

    #[test]
    fn a_head_of_the_table_chooses_its_row_and_keeps_the_time_chosen_before() {
        let part = "box=2026-11-20T14:04:00Z,2026-11-20T14:05:00Z,1ms,2ms";
        let grid = drawn(&[(0, 200, 5, 0), (3, 210, 7, 0)], part).unwrap();
        let href = &grid.lines[0].href;
        assert!(
            href.contains("box=2026-11-20T14:04:00Z,2026-11-20T14:05:00Z,") && !href.contains(",1ms,2ms"),
            "{href}"
        );
        assert!(
            grid.heads[3].1.contains("box=2026-11-20T14:06:00Z,2026-11-20T14:07:00Z,1ms,2ms"),
            "{}",
            grid.heads[3].1
        );
        assert!(grid.part.is_none(), "1 ms lies below everything drawn");
    }
}
