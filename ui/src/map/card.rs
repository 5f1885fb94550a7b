//! A node as a card of the map.

use coldlight_model::money::Usd;
use coldlight_model::{NodeStats, Outcome, colour_slot};

use super::change;
use super::marks::Layer;
use super::money::{cold_share, is_often_cold, is_priced};
use super::{Fate, GraphNode};
use crate::format::{counted, duration, number, rate, share, usd};
use crate::layout::{CARD, Place};
use crate::pages::map::By;
use crate::palette::Palette;
use crate::{icon, text};

/// Shares from which a problem is worth a corner.
const FAULTS_SHOWN: f64 = 0.005;
const THROTTLES_SHOWN: f64 = 0.01;
/// From here a node is in trouble and gets a border.
const FAULTS_BAD: f64 = 0.01;
/// Characters of a name that fit a card in the widest usual font.
const NAME: usize = 18;

/// Everything the template draws of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    pub id: String,
    pub href: String,
    pub x: String,
    pub y: String,
    /// `sel`, `bad`, `dep`, `slow`, `dim`: classes of the group.
    pub class: String,
    pub icon: &'static str,
    pub name: String,
    /// Rate and latency.
    pub line: String,
    /// What it runs on, or what it costs an hour.
    pub foot: String,
    /// The share of cold starts where it is worth it, and where its glyph stands.
    pub cold: Option<(String, String)>,
    pub corner: Option<Corner>,
    /// The left edge in the colour of a service, and the bar at the foot: class and path, where they stand in the drawing.
    pub marks: Vec<(Layer, String, String)>,
    /// The whole name and all numbers, for the tooltip and for screen readers.
    pub title: String,
    pub is_selected: bool,
}

/// The value that stands out, in a pill at the upper right.
#[derive(Clone, Debug, PartialEq)]
pub struct Corner {
    /// `fault`, `throttle`, `slow`, `cold` or `cost`; `change` where the map is compared with an earlier time.
    pub kind: &'static str,
    pub text: String,
    pub x: String,
    pub width: String,
    /// Where the glyph stands, if there is one, and where the text begins.
    pub glyph_x: Option<String>,
    pub text_x: String,
}

/// One part of the bar at the foot.
#[derive(Clone, Debug, PartialEq)]
struct Fill {
    kind: &'static str,
    x: f64,
    width: f64,
}

/// What decides how cards look besides their node.
pub struct Look<'a> {
    pub by: By,
    pub palette: &'a Palette,
    /// Corners say what changed.
    pub is_compared: bool,
    /// 95th percentiles from here on are among the slowest.
    pub slow_from: u64,
    /// Sums from here on are among the largest.
    pub dear_from: Option<Usd>,
    pub per_second: &'a dyn Fn(u64) -> f64,
    pub per_hour: &'a dyn Fn(Usd) -> Option<Usd>,
}

pub fn card(node: &GraphNode, place: Place, href: String, is_selected: bool, look: &Look) -> Card {
    let stats = &node.stats;
    let p95 = stats.durations.quantile(0.95);
    let is_slow = p95.is_some_and(|p95| p95 >= look.slow_from);
    let is_bad = ratio(stats.faults, stats.calls) >= FAULTS_BAD;
    let spent = node.bill.as_ref().map(|bill| &bill.spent);
    let is_cold = spent.is_some_and(is_often_cold);
    let priced = spent.filter(|spent| is_priced(spent));
    let is_dear = priced.zip(look.dear_from).is_some_and(|(spent, dear)| spent.total() >= dear);
    let hourly = priced.and_then(|spent| (look.per_hour)(spent.total())).map(|amount| format!("{}/h", usd(amount)));
    let cold = spent.filter(|_| is_cold).and_then(cold_share);
    let mut class = String::from("n");
    let marks = [
        ("sel", is_selected),
        ("bad", is_bad && look.by == By::Health),
        ("slow", is_slow && look.by == By::Latency || is_cold && look.by == By::Cold || is_dear && look.by == By::Cost),
        ("dep", node.seen),
        ("new", node.fate == Fate::New),
        ("gone", node.fate == Fate::Gone),
    ];
    for (mark, _) in marks.iter().filter(|(_, holds)| *holds) {
        class.push(' ');
        class.push_str(mark);
    }
    let name = text::named(&node.name, NAME);
    let line = line(node, p95, look);
    let kind = if node.members > 1 { "group" } else { node.kind.label() };
    let corner = match look.by {
        _ if look.is_compared => change::corner(node).map(|words| corner("change", words, false)),
        By::Health => trouble(stats),
        By::Latency => p95.map(|p95| corner("slow", duration(p95), false)),
        By::Cold => spent.and_then(cold_share).map(|share| corner("cold", share, true)),
        By::Cost => hourly.clone().map(|hourly| corner("cost", hourly, false)),
    };
    let foot = hourly.filter(|_| look.by != By::Cost).unwrap_or_else(|| kind.to_owned());
    let cold = cold.filter(|_| look.by != By::Cold).map(|share| {
        let glyph = number(CARD.0 - 10.0 - 13.0 - share.chars().count() as f64 * 6.2);
        (share, glyph)
    });
    Card {
        id: node.id.clone(),
        href,
        x: number(place.x),
        y: number(place.y),
        class,
        icon: icon::of_kind(node.kind),
        title: title(
            node,
            [&name, &line, &foot, cold.as_ref().map_or("", |cold| &cold.0)],
            kind,
            corner.as_ref(),
            look,
        ),
        name,
        line,
        foot,
        cold,
        corner,
        marks: marks_of(node, place, look.palette),
        is_selected,
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `8.2/s · p95 1.31 s`; what only callers know is `seen`. By latency the corner has the p95, so here stands the median.
fn line(node: &GraphNode, p95: Option<u64>, look: &Look) -> String {
    let rate = rate((look.per_second)(node.stats.calls));
    let (word, value) = match look.by {
        By::Health | By::Cold | By::Cost => (if node.seen { "seen" } else { "p95" }, p95),
        By::Latency => ("p50", node.stats.durations.quantile(0.5)),
    };
    match value {
        Some(value) => format!("{rate} · {word} {}", duration(value)),
        None => rate,
    }
}

/// The worse of faults and throttles, where either is worth it.
fn trouble(stats: &NodeStats) -> Option<Corner> {
    let faults = ratio(stats.faults, stats.calls);
    let throttles = ratio(stats.throttles, stats.calls);
    let shown_faults = faults >= FAULTS_SHOWN;
    let shown_throttles = throttles >= THROTTLES_SHOWN;
    match () {
        () if shown_faults && (faults >= throttles || !shown_throttles) => {
            Some(corner("fault", share(stats.faults, stats.calls), true))
        }
        () if shown_throttles => Some(corner("throttle", share(stats.throttles, stats.calls), true)),
        () => None,
    }
}

/// A pill that grows to the left with its text.
fn corner(kind: &'static str, text: String, has_glyph: bool) -> Corner {
    let width = 12.0 + text.chars().count() as f64 * 6.2 + if has_glyph { 13.0 } else { 0.0 };
    let x = CARD.0 - 8.0 - width;
    let (glyph, indent) = if has_glyph { (Some(6.0), 19.0) } else { (None, 6.0) };
    Corner {
        kind,
        x: number(x),
        width: number(width),
        glyph_x: glyph.map(|indent| number(x + indent)),
        text_x: number(x + indent),
        text,
    }
}

fn marks_of(node: &GraphNode, place: Place, palette: &Palette) -> Vec<(Layer, String, String)> {
    let mut marks = Vec::new();
    if node.kind.is_service() && node.members == 1 && !node.seen {
        // Round at the corners of the card.
        let edge = format!("M{} {}v58a5 5 0 0 1-5-5v-48a5 5 0 0 1 5-5z", number(place.x + 5.0), number(place.y));
        let gone = if node.fate == Fate::Gone { " gone" } else { "" };
        if let texture @ 1.. = palette.texture(&node.name) {
            marks.push((Layer::Texture, format!("p{texture}"), edge.clone()));
        }
        marks.push((Layer::Colour, format!("s{}{gone}", colour_slot(&node.name)), edge));
    }
    marks.extend(outcome(&node.stats).into_iter().map(|fill| {
        let [x, y, width] = [place.x + fill.x, place.y + 51.5, fill.width].map(number);
        (Layer::Bar, fill.kind.to_owned(), format!("M{x} {y}h{width}v2.5h-{width}z"))
    }));
    marks
}

/// The bar between x = 11 and the right border: what is not zero is at least 2 px wide.
fn outcome(stats: &NodeStats) -> Vec<Fill> {
    const LEFT: f64 = 11.0;
    const WIDTH: f64 = CARD.0 - 2.0 * LEFT;
    let parts = [("throttle", stats.throttles), ("error", stats.errors), ("fault", stats.faults)];
    let whole = parts.iter().map(|(_, count)| count).sum::<u64>().max(stats.calls);
    if whole == 0 {
        return Vec::new();
    }
    // Problems from the right end inwards, the rest is ok.
    let mut right = LEFT + WIDTH;
    let mut fills = Vec::new();
    for (kind, count) in parts.into_iter().rev().filter(|(_, count)| *count > 0) {
        let width = (WIDTH * count as f64 / whole as f64).max(2.0).min(right - LEFT);
        right -= width;
        fills.push(Fill { kind, x: right, width });
    }
    if stats.ok() > 0 && right > LEFT {
        fills.push(Fill { kind: "ok", x: LEFT, width: right - LEFT });
    }
    fills.reverse();
    fills
}

/// The words on the card first, so that whoever speaks them to a computer is understood; then the rest.
fn title(node: &GraphNode, words: [&str; 4], kind: &str, corner: Option<&Corner>, look: &Look) -> String {
    let stats = &node.stats;
    let said: Vec<&str> =
        words.into_iter().chain(corner.map(|corner| corner.text.as_str())).filter(|word| !word.is_empty()).collect();
    let mut parts = vec![said.join(" ")];
    if !words.contains(&kind) {
        parts.push(kind.to_owned());
    }
    if words[0].ends_with('…') {
        parts.push(format!("in full {}", text::named(&node.name, text::SHOWN)));
    }
    parts.push(counted(stats.calls, "call", "calls"));
    if look.by == By::Latency
        && let Some(p95) = stats.durations.quantile(0.95)
    {
        parts.push(format!("p95 {}", duration(p95)));
    }
    for (outcome, count) in
        [(Outcome::Fault, stats.faults), (Outcome::Error, stats.errors), (Outcome::Throttle, stats.throttles)]
    {
        if count > 0 {
            parts.push(format!("{} {}s", share(count, stats.calls), outcome.name()));
        }
    }
    if let Some(spent) = node.bill.as_ref().map(|bill| &bill.spent).filter(|spent| spent.cold > 0) {
        parts.push(format!("{} of {} cold", spent.cold, counted(spent.invocations, "invocation", "invocations")));
    }
    if node.seen {
        parts.push("seen by its callers only".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(calls: u64, errors: u64, throttles: u64, faults: u64) -> NodeStats {
        NodeStats { calls, errors, throttles, faults, ..NodeStats::default() }
    }

    #[test]
    fn the_worse_problem_gets_the_corner_once_it_is_worth_it() {
        let kind = |stats: &NodeStats| trouble(stats).map(|corner| (corner.kind, corner.text));
        assert_eq!(kind(&stats(1000, 0, 0, 4)), None);
        assert_eq!(kind(&stats(1000, 0, 0, 5)), Some(("fault", "0.50%".into())));
        assert_eq!(kind(&stats(1000, 0, 9, 0)), None);
        assert_eq!(kind(&stats(1000, 0, 61, 6)), Some(("throttle", "6.1%".into())));
        assert_eq!(kind(&stats(1000, 500, 0, 0)), None, "errors are the callers'");
        assert_eq!(kind(&stats(0, 0, 0, 0)), None);
    }

    #[test]
    fn every_outcome_is_visible_and_the_bar_stays_within_the_card() {
        let fills = outcome(&stats(1_000_000, 1, 1, 1));
        assert_eq!(fills.iter().map(|fill| fill.kind).collect::<Vec<_>>(), ["ok", "throttle", "error", "fault"]);
        assert!(fills.iter().all(|fill| fill.width >= 2.0));
        let all = outcome(&stats(3, 0, 0, 9));
        assert_eq!((all[0].x, all[0].width), (11.0, 140.0));
        assert_eq!(outcome(&stats(0, 0, 0, 0)), []);
    }
}
