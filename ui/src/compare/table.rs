//! The rows of a comparison as drawn: times or shares, what was added and removed, how much more the second took.

use coldlight_model::Outcome;
use coldlight_model::money::Usd;

use super::align::{Cell, Pair, Side};
use super::state::{Norm, State};
use crate::{format, icon, text};

/// Rows drawn; the rest is counted, and in the JSON.
const MOST: usize = 2_000;
/// Levels that are indented.
const INDENTED: u32 = 12;
/// A difference below this part of the longer response is no change: 1 %.
const NOTABLE: u64 = 100;
/// The changes named above the table.
const NAMED: usize = 3;

/// The table.
pub struct Table {
    pub rows: Vec<Row>,
    pub more: Option<String>,
    pub changed: usize,
}

/// One path.
pub struct Row {
    pub indent: u32,
    pub level: u32,
    pub class: String,
    pub service: String,
    pub operation: String,
    /// `+` only in the second, `−` only in the first.
    pub sign: Option<(&'static str, &'static str)>,
    pub is_context: bool,
    pub a: CellView,
    pub b: CellView,
    /// `+412 ms`, and the raw nanoseconds.
    pub delta: String,
    pub delta_raw: i64,
    /// `more`, `less` or nothing; with the bar's width in percent of the largest.
    pub way: &'static str,
    pub width: String,
    pub cost: String,
    /// `$0.002 − $0.0015, …`: what it is the difference of; empty where there is none.
    pub sum: String,
}

pub struct CellView {
    pub href: Option<String>,
    pub words: String,
    pub count: Option<String>,
    pub glyph: Option<(&'static str, &'static str)>,
}

/// `a` and `b` are those that `pairs` was aligned from; `class` gives a service's colour.
pub fn table(state: &State, pairs: &[Pair], (a, b): (&Side, &Side), class: &dyn Fn(&str) -> String) -> Table {
    let most = a.response().max(b.response()).max(1);
    let is_changed: Vec<bool> = pairs.iter().map(|pair| is_changed(state, pair, (a, b), most)).collect();
    // What leads to a change stays, so that one sees where it is.
    let kept: Vec<bool> = (0..pairs.len())
        .map(|at| !state.only_changed || is_changed[at..=at + pairs[at].below].iter().any(|changed| *changed))
        .collect();
    let largest = pairs.iter().map(|pair| more(state, pair, (a, b)).unsigned_abs()).max().unwrap_or(0).max(1);
    let shown: Vec<usize> = (0..pairs.len()).filter(|at| kept[*at]).collect();
    let hidden = shown.len().saturating_sub(MOST);
    let rows = shown.into_iter().take(MOST).map(|at| {
        let is_context = state.only_changed && !is_changed[at];
        Row { is_context, ..row(state, &pairs[at], (a, b), largest, class) }
    });
    Table {
        rows: rows.collect(),
        more: (hidden > 0).then(|| format!("{} more rows are in the JSON.", format::count(hidden as u64))),
        changed: is_changed.iter().filter(|changed| **changed).count(),
    }
}

/// Added, removed, another outcome, another count, or a difference of one hundredth of the longer response.
fn is_changed(state: &State, pair: &Pair, (a, b): (&Side, &Side), most: u64) -> bool {
    let (Some(in_a), Some(in_b)) = (&pair.a, &pair.b) else { return true };
    let differs = match state.norm {
        Norm::Abs => pair.more().unsigned_abs() >= (most / NOTABLE).max(1),
        Norm::Share => basis(in_a, a).abs_diff(basis(in_b, b)) >= 10_000 / NOTABLE,
    };
    in_a.outcome != in_b.outcome || in_a.count != in_b.count || differs
}

/// The part of its trace's response that a cell took, in ten thousandths.
fn basis(cell: &Cell, side: &Side) -> u64 {
    let whole = u128::from(side.response().max(1));
    u64::try_from(u128::from(cell.duration) * 10_000 / whole).unwrap_or(u64::MAX)
}

/// How much more of it is in B, in nanoseconds or in ten thousandths of the responses.
fn more(state: &State, pair: &Pair, (a, b): (&Side, &Side)) -> i64 {
    let of = |cell: &Option<Cell>, side| cell.as_ref().map_or(0, |cell| basis(cell, side) as i64);
    match state.norm {
        Norm::Abs => pair.more(),
        Norm::Share => of(&pair.b, b).saturating_sub(of(&pair.a, a)),
    }
}

fn row(state: &State, pair: &Pair, (a, b): (&Side, &Side), largest: u64, class: &dyn Fn(&str) -> String) -> Row {
    let more = more(state, pair, (a, b));
    let size = more.unsigned_abs();
    let delta = match state.norm {
        Norm::Abs => signed(more, format::duration(size)),
        Norm::Share => signed(more, points(size)),
    };
    let nth = if pair.nth > 1 { format!(" ({})", pair.nth) } else { String::new() };
    let dearer = |cell: &Option<Cell>| cell.as_ref().and_then(|cell| cell.cost);
    Row {
        indent: pair.level.min(INDENTED),
        level: pair.level + 1,
        class: class(&pair.service),
        service: text::named(&pair.service, 80),
        operation: format!("{}{nth}", text::named(&pair.operation, 120)),
        sign: match (&pair.a, &pair.b) {
            (None, _) => Some(("+", "only in B")),
            (_, None) => Some(("−", "only in A")),
            _ => None,
        },
        is_context: false,
        a: cell(state, pair.a.as_ref(), a),
        b: cell(state, pair.b.as_ref(), b),
        delta,
        delta_raw: pair.more(),
        way: match more {
            0 => "",
            1.. => "more",
            _ => "less",
        },
        width: format::number((size as f64 / largest as f64 * 100.0).min(100.0)),
        cost: cost(dearer(&pair.a), dearer(&pair.b)),
        sum: sum(dearer(&pair.a), dearer(&pair.b)),
    }
}

fn cell(state: &State, cell: Option<&Cell>, side: &Side) -> CellView {
    let Some(cell) = cell else {
        return CellView { href: None, words: format::NOT_APPLICABLE.to_owned(), count: None, glyph: None };
    };
    CellView {
        href: Some(format!("/traces/{0}?span={1}#s-{1}", side.trace.trace_id, cell.span)),
        words: match state.norm {
            Norm::Abs => format::duration(cell.duration),
            Norm::Share => format::share(cell.duration, side.response().max(1)),
        },
        count: (cell.count > 1).then(|| format!("{}×", format::count(cell.count.into()))),
        glyph: (cell.outcome != Outcome::Ok).then(|| (icon::of_outcome(cell.outcome), cell.outcome.name())),
    }
}

/// The subtraction behind [`cost`].
fn sum(a: Option<Usd>, b: Option<Usd>) -> String {
    let (Some(a), Some(b)) = (a, b) else { return String::new() };
    format!("B ${b} − A ${a}: the invocations of these spans, each with its formula under the times beside.")
}

/// What B cost more or less than A, exactly; a dash where neither has a price.
pub fn cost(a: Option<Usd>, b: Option<Usd>) -> String {
    match (a, b) {
        (None, None) => format::NOT_APPLICABLE.to_owned(),
        (Some(_), None) | (None, Some(_)) => "only one is priced".to_owned(),
        (Some(a), Some(b)) if a == b => "±$0".to_owned(),
        (Some(a), Some(b)) => {
            let (sign, size) = if b > a { ("+", less(b, a)) } else { ("−", less(a, b)) };
            format!("{sign}{}", format::usd(size))
        }
    }
}

fn less(from: Usd, what: Usd) -> Usd {
    from.checked_sub(what).unwrap_or_default()
}

/// Ten thousandths as the shares beside them are written: one decimal, two below one.
fn points(size: u64) -> String {
    match size {
        ..100 => format!("0.{size:02} points"),
        _ => format!("{:.1} points", size as f64 / 100.0),
    }
}

fn signed(value: i64, words: String) -> String {
    match value {
        0 => "±0".to_owned(),
        1.. => format!("+{words}"),
        _ => format!("−{words}"),
    }
}

/// The finding in a sentence or two: how the responses differ, and where the time of its own changed most.
pub fn finding(pairs: &[Pair], a: &Side, b: &Side) -> Vec<String> {
    let (first, second) = (a.response(), b.response());
    let more = second.abs_diff(first);
    let mut told = vec![if more * NOTABLE < first.max(second) {
        format!("Both took about as long: {} and {}.", format::duration(first), format::duration(second))
    } else {
        let word = if second > first { "longer" } else { "less" };
        // Beyond double a share says little.
        let how_much = if more > first {
            format!("{} its", format::times(second, first.max(1)))
        } else {
            format!("{} of", format::share(more, first))
        };
        format!("B took {} {word} than A ({how_much} {}).", format::duration(more), format::duration(first))
    }];
    // Only what goes the same way explains it.
    let way = if second >= first { 1 } else { -1 };
    let mut by_own: Vec<&Pair> = pairs.iter().filter(|pair| pair.more_own().signum() == way).collect();
    by_own.sort_by_key(|pair| std::cmp::Reverse(pair.more_own().unsigned_abs()));
    let notable = |pair: &&&Pair| pair.more_own().unsigned_abs() * NOTABLE >= first.max(second).max(1);
    let named: Vec<String> = by_own
        .iter()
        .filter(notable)
        .take(NAMED)
        .map(|pair| {
            let own = pair.more_own();
            let size = signed(own, format::duration(own.unsigned_abs()));
            let what = match (&pair.a, &pair.b) {
                (None, _) => ", only in B",
                (_, None) => ", only in A",
                _ => "",
            };
            format!("{} {} ({size}{what})", text::named(&pair.service, 40), text::named(&pair.operation, 60))
        })
        .collect();
    if !named.is_empty() {
        told.push(format!("Most of it by itself: {}.", named.join("; ")));
    }
    told
}
