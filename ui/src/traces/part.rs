//! A part of the heat map as an address has it: `box=FROM,TO,LOW,HIGH`, or the same as four fields of a form.

use coldlight_model::{HeatBox, Nanos, TimeRange, Timestamp, filter};

use crate::moment::{self, Zone};
use crate::query::{BadParam, Query};

/// The names of the four fields.
pub const FIELDS: [&str; 4] = ["t0", "t1", "d0", "d1"];

const WANTED: &str = "two times and two durations, as in 2026-11-20T14:03:00Z,2026-11-20T14:05:00Z,120ms,1.5s";

/// The part that an address names. A form that sends four empty fields names none.
pub fn from_query(query: &Query, bad: &mut Vec<BadParam>) -> Option<HeatBox> {
    let sent = |name: &str| query.get(name).unwrap_or_default().trim().to_owned();
    let (name, text) = match FIELDS.map(sent) {
        fields if fields.iter().any(|field| !field.is_empty()) => ("t0", fields.join(",")),
        _ => ("box", sent("box")),
    };
    if text.is_empty() {
        return None;
    }
    let found = from_text(&text);
    if found.is_none() {
        bad.push(BadParam::new(name, &text, WANTED));
    }
    found
}

fn from_text(text: &str) -> Option<HeatBox> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [from, to, low, high] = fields[..] else { return None };
    // A hand-written "+01:00" arrives with a blank for its plus sign.
    let time = |text: &str| moment::parse(text).or_else(|| moment::parse(&text.replace(' ', "+")));
    let (from, to) = (time(from)?, time(to)?);
    let length = |text: &str| if text == "0" { Ok(0) } else { filter::duration(text) };
    let (low, high) = (length(low).ok()?, length(high).ok()?);
    (from < to && low < high).then_some(HeatBox { time: TimeRange { from, to }, low, high })
}

/// As [`from_query`] reads it back.
pub fn to_text(part: &HeatBox) -> String {
    let utc = Zone::utc();
    [utc.rfc3339(part.time.from), utc.rfc3339(part.time.to), exact(part.low), exact(part.high)].join(",")
}

/// A duration in the largest unit that leaves it whole: `120ms`, `1500us`.
pub fn exact(nanos: Nanos) -> String {
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    match units.into_iter().find(|(_, unit)| nanos > 0 && nanos.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", nanos / unit),
        None => format!("{nanos}ns"),
    }
}

/// Three significant digits: an edge that a person can read.
pub fn plain(nanos: f64) -> Nanos {
    if nanos < 1.0 {
        return 0;
    }
    let unit = 10f64.powi((nanos.log10().floor() as i32 - 2).max(0));
    ((nanos / unit).round() * unit) as Nanos
}

/// Spans of one slice of time and all durations of a range, or the other way round.
pub fn between(from: Timestamp, to: Timestamp, low: f64, high: f64) -> HeatBox {
    let (low, high) = (plain(low), plain(high));
    HeatBox { time: TimeRange { from, to: to.max(from.plus(1)) }, low, high: high.max(low + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_reads_back_and_four_fields_say_the_same() {
        let sent = "box=2026-11-20T14:03:00Z,2026-11-20T14:05:00Z,120ms,1500us";
        let mut bad = Vec::new();
        assert_eq!(from_query(&Query::parse(sent), &mut bad), None, "it ends before it begins");
        assert_eq!(bad[0].name, "box");
        let sent = "t0=2026-11-20T14:03:00Z&t1=2026-11-20T14:05:00Z&d0=0&d1=1.5s";
        let part = from_query(&Query::parse(sent), &mut Vec::new()).unwrap();
        assert_eq!(to_text(&part), "2026-11-20T14:03:00Z,2026-11-20T14:05:00Z,0ns,1500ms");
        assert_eq!(from_text(&to_text(&part)), Some(part));
        assert_eq!(from_query(&Query::parse("t0=&t1=&d0=&d1="), &mut Vec::new()), None);
    }

    #[test]
    fn edges_are_round() {
        assert_eq!(plain(113_246_209.0), 113_000_000);
        assert_eq!(plain(1.7), 2);
        assert_eq!(exact(113_000_000), "113ms");
    }
}
