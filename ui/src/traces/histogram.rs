//! When the traces were: bars over time, stacked by outcome, each a link to its own slice of time.

use coldlight_model::{TimeBin, TimeRange, Timestamp, TraceHistogram};

use super::state::State;
use crate::format;
use crate::moment::Zone;
use crate::range::Range;

/// How many slices to ask the store for.
pub const BINS: u32 = 60;
/// More than this would be thinner than a pixel; they are joined.
const MOST_BINS: usize = 240;
/// Units of the drawing; the stylesheet stretches it.
pub const HEIGHT: f64 = 64.0;
/// The least height of something that happened.
const LEAST: f64 = 2.0;
/// Labels under the bars.
const LABELS: usize = 6;

/// The drawing and its words.
pub struct Histogram {
    pub bars: Vec<Bar>,
    pub labels: Vec<(String, String)>,
    /// The count at the top.
    pub most: String,
    pub summary: String,
    /// For the brush: milliseconds since 1970.
    pub from_ms: i64,
    pub to_ms: i64,
    pub kinds: Vec<(&'static str, &'static str)>,
}

/// One slice of time.
pub struct Bar {
    pub x: usize,
    pub href: String,
    /// For those who do not see it, and under the pointer.
    pub words: String,
    pub parts: Vec<Part>,
    pub span: String,
    pub counts: [String; 4],
}

/// One outcome in a bar, in units of the drawing.
pub struct Part {
    pub kind: &'static str,
    pub y: String,
    pub height: String,
}

/// Class of the fill, and the word for one and for many.
const KINDS: [(&str, &str, &str); 4] = [
    ("ok", "ok", "ok"),
    ("error", "error", "errors"),
    ("throttle", "throttled", "throttled"),
    ("fault", "fault", "faults"),
];

fn counts(bin: &TimeBin) -> [u64; 4] {
    [bin.ok, bin.errors, bin.throttles, bin.faults]
}

/// `None` when there is nothing to draw.
pub fn histogram(histogram: &TraceHistogram, state: &State, zone: &Zone) -> Option<Histogram> {
    let (bins, length) = joined(histogram);
    let most = bins.iter().map(|bin| counts(bin).iter().sum::<u64>()).max().filter(|most| *most > 0)?;
    let end = |bin: &TimeBin| bin.from.plus(length);
    let (first, last) = (bins.first()?.from, end(bins.last()?));
    let totals = bins.iter().map(counts).fold([0; 4], |sum: [u64; 4], bin| std::array::from_fn(|at| sum[at] + bin[at]));
    Some(Histogram {
        bars: bins.iter().enumerate().map(|(x, bin)| bar(x, bin, end(bin), most, state, zone)).collect(),
        labels: labels(&bins, zone),
        most: format::large_count(most),
        summary: format!("{} from {} to {}", said(totals), zone.date_time(first), zone.date_time(last)),
        from_ms: first.nanos() / 1_000_000,
        to_ms: last.nanos() / 1_000_000,
        kinds: KINDS
            .iter()
            .zip(totals)
            .filter(|(_, total)| *total > 0)
            .map(|((class, _, many), _)| (*class, *many))
            .collect(),
    })
}

/// The slices, neighbours added up where there are too many, and their length.
fn joined(histogram: &TraceHistogram) -> (Vec<TimeBin>, u64) {
    let every = histogram.bins.len().div_ceil(MOST_BINS).max(1);
    let join = |bins: &[TimeBin]| {
        let mut sum = TimeBin { from: bins[0].from, ..TimeBin::default() };
        for bin in bins {
            sum.ok += bin.ok;
            sum.errors += bin.errors;
            sum.throttles += bin.throttles;
            sum.faults += bin.faults;
        }
        sum
    };
    (histogram.bins.chunks(every).map(join).collect(), histogram.bin_length.saturating_mul(every as u64).max(1))
}

fn said(counts: [u64; 4]) -> String {
    let all = counts.iter().sum();
    let mut words = format::counted(all, "trace", "traces");
    let problems = KINDS.iter().zip(counts).skip(1).filter(|(_, count)| *count > 0);
    for ((_, one, many), count) in problems {
        words.push_str(&format!(", {}", format::counted(count, one, many)));
    }
    words
}

fn bar(x: usize, bin: &TimeBin, to: Timestamp, most: u64, state: &State, zone: &Zone) -> Bar {
    let counts = counts(bin);
    let all: u64 = counts.iter().sum();
    // What happened at all is seen: the least heights are taken from the ok part, which is the largest where that matters.
    let tall = |count: u64| if count == 0 { 0.0 } else { (count as f64 / most as f64 * HEIGHT).max(LEAST) };
    let whole = tall(all);
    let problems: f64 = counts[1..].iter().map(|count| tall(*count)).sum();
    let heights: Vec<f64> = counts
        .iter()
        .enumerate()
        .map(|(at, count)| match at {
            0 if *count > 0 => (whole - problems).max(LEAST),
            _ => tall(*count),
        })
        .collect();
    let mut y = HEIGHT;
    let mut parts = Vec::new();
    for ((kind, ..), height) in KINDS.iter().zip(heights).filter(|(_, height)| *height > 0.0) {
        let height = height.min(y);
        y -= height;
        parts.push(Part { kind, y: format::number(y), height: format::number(height) });
    }
    let span = crate::range::span(TimeRange { from: bin.from, to }, zone);
    Bar {
        x,
        href: state.at_range(Range::Between(TimeRange { from: bin.from, to })).link().to_string(),
        words: format!("{span}: {}", said(counts)),
        parts,
        span,
        counts: counts.map(format::count),
    }
}

/// Position in percent and words, under evenly spread bars.
fn labels(bins: &[TimeBin], zone: &Zone) -> Vec<(String, String)> {
    let every = bins.len().div_ceil(LABELS).max(1);
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else { return Vec::new() };
    let range = TimeRange { from: first.from, to: last.from };
    let apart = range.length() / bins.len() as u64 * every as u64;
    let label = |(at, bin): (usize, &TimeBin)| {
        (format::number(at as f64 / bins.len() as f64 * 100.0), zone.tick(bin.from, apart, range))
    };
    bins.iter().enumerate().step_by(every).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    fn of(counts: &[[u64; 4]]) -> TraceHistogram {
        let start = Timestamp::from_millis(1_795_183_380_000);
        let bins = counts.iter().enumerate().map(|(at, [ok, errors, throttles, faults])| TimeBin {
            from: start.plus(at as u64 * MINUTE),
            ok: *ok,
            errors: *errors,
            throttles: *throttles,
            faults: *faults,
        });
        TraceHistogram { bin_length: MINUTE, bins: bins.collect(), ..TraceHistogram::default() }
    }

    fn drawn(counts: &[[u64; 4]]) -> Option<Histogram> {
        histogram(&of(counts), &State::parse("", Timestamp::EPOCH), &Zone::utc())
    }

    #[test]
    fn a_bar_leads_to_its_slice_and_says_its_counts() {
        let drawn = drawn(&[[10, 0, 0, 0], [7, 1, 0, 2]]).unwrap();
        assert_eq!(drawn.bars[1].words, "14:04 – 14:05 UTC: 10 traces, 1 error, 2 faults");
        assert_eq!(drawn.bars[1].href, "/traces?from=2026-11-20T14:04:00Z&to=2026-11-20T14:05:00Z");
    }

    #[test]
    fn one_fault_among_thousands_is_seen_and_nothing_leaves_the_drawing() {
        let drawn = drawn(&[[100_000, 0, 0, 1], [0, 1, 1, 1], [0, 0, 0, 0]]).unwrap();
        let heights: Vec<&str> = drawn.bars[0].parts.iter().map(|part| part.height.as_str()).collect();
        assert_eq!(heights, ["62", "2"]);
        assert_eq!(drawn.bars[1].parts.len(), 3);
        assert_eq!(drawn.bars[2].parts.len(), 0);
    }

    #[test]
    fn nothing_is_not_drawn() {
        assert!(drawn(&[]).is_none());
        assert!(drawn(&[[0, 0, 0, 0]]).is_none());
    }

    #[test]
    fn too_many_slices_are_joined_and_none_is_lost() {
        let drawn = drawn(&vec![[1, 0, 0, 0]; 1_000]).unwrap();
        assert_eq!(drawn.bars.len(), 200);
        assert!(drawn.summary.starts_with("1,000 traces from"));
    }
}
