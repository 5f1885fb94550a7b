//! The range of time a page speaks about: `range=1h`, or `from=` and `to=` in RFC 3339, half-open.

use coldlight_model::{Nanos, TimeRange, Timestamp};

use crate::moment::{self, Zone};
use crate::query::{BadParam, Link, Query};

const MINUTE: Nanos = 60_000_000_000;
const HOUR: Nanos = 60 * MINUTE;

/// A length before now that has a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    M15,
    #[default]
    H1,
    H6,
    H24,
    D7,
    D30,
}

impl Preset {
    pub const ALL: [Self; 6] = [Self::M15, Self::H1, Self::H6, Self::H24, Self::D7, Self::D30];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::H6 => "6h",
            Self::H24 => "24h",
            Self::D7 => "7d",
            Self::D30 => "30d",
        }
    }

    /// As on the button.
    pub fn label(self) -> &'static str {
        match self {
            Self::M15 => "Last 15 min",
            Self::H1 => "Last 1 h",
            Self::H6 => "Last 6 h",
            Self::H24 => "Last 24 h",
            Self::D7 => "Last 7 days",
            Self::D30 => "Last 30 days",
        }
    }

    /// In the middle of a sentence: `the last hour`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::M15 => "the last 15 minutes",
            Self::H1 => "the last hour",
            Self::H6 => "the last 6 hours",
            Self::H24 => "the last 24 hours",
            Self::D7 => "the last 7 days",
            Self::D30 => "the last 30 days",
        }
    }

    pub fn length(self) -> Nanos {
        match self {
            Self::M15 => 15 * MINUTE,
            Self::H1 => HOUR,
            Self::H6 => 6 * HOUR,
            Self::H24 => 24 * HOUR,
            Self::D7 => 7 * 24 * HOUR,
            Self::D30 => 30 * 24 * HOUR,
        }
    }

    /// The presets longer than `length`, shortest first.
    pub fn longer_than(length: Nanos) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |preset| preset.length() > length)
    }
}

/// What the address says about the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Last(Preset),
    Between(TimeRange),
}

impl Default for Range {
    fn default() -> Self {
        Self::Last(Preset::default())
    }
}

/// The names of the parameters that make a range.
pub const PARAMS: [&str; 3] = ["range", "from", "to"];

impl Range {
    /// `from` and `to` win over `range`; one of them alone is completed by *now* or by the default length.
    pub fn from_query(query: &Query, now: Timestamp, bad: &mut Vec<BadParam>) -> Self {
        let from = point(query, "from", bad);
        let to = point(query, "to", bad);
        match (from, to) {
            (None, None) => {
                let choices = Preset::ALL.map(|preset| (preset.name(), preset));
                query.choice("range", &choices, bad).map_or_else(Self::default, Self::Last)
            }
            (Some(from), to) => Self::between(from, to.unwrap_or(now), bad),
            (None, Some(to)) => Self::between(to.minus(Preset::default().length()), to, bad),
        }
    }

    fn between(from: Timestamp, to: Timestamp, bad: &mut Vec<BadParam>) -> Self {
        if from < to {
            return Self::Between(TimeRange { from, to });
        }
        let utc = Zone::utc();
        bad.push(BadParam::new("from", &utc.rfc3339(from), format!("a time before {}", utc.rfc3339(to))));
        Self::default()
    }

    pub fn resolve(&self, now: Timestamp) -> TimeRange {
        match self {
            Self::Last(preset) => TimeRange::last(preset.length(), now),
            Self::Between(range) => *range,
        }
    }

    /// As parameters. The default is written too: a copied address means the same when the default changes.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Last(preset) => vec![("range", preset.name().to_owned())],
            Self::Between(range) => absolute(*range),
        }
    }

    /// `Last 1 h`, or `2h 05m` for a range between two times.
    pub fn label(&self) -> String {
        match self {
            Self::Last(preset) => preset.label().to_owned(),
            Self::Between(range) => crate::format::period(range.length()),
        }
    }

    /// As words in the middle of a sentence: `the last hour`, `this range of 2h 05m`.
    pub fn phrase(&self) -> String {
        match self {
            Self::Last(preset) => preset.phrase().to_owned(),
            Self::Between(range) => format!("this range of {}", crate::format::period(range.length())),
        }
    }
}

fn absolute(range: TimeRange) -> Vec<(&'static str, String)> {
    let utc = Zone::utc();
    vec![("from", utc.rfc3339(range.from)), ("to", utc.rfc3339(range.to))]
}

fn point(query: &Query, name: &str, bad: &mut Vec<BadParam>) -> Option<Timestamp> {
    let value = query.get(name).filter(|value| !value.trim().is_empty())?;
    // A hand-written "+01:00" arrives with a blank for its plus sign.
    let found = moment::parse(value.trim()).or_else(|| moment::parse(&value.trim().replace(' ', "+")));
    if found.is_none() {
        bad.push(BadParam::new(name, value, "a time such as 2026-11-20T14:03:00Z, from 1970 to 2262"));
    }
    found
}

/// One entry of the picker.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub label: &'static str,
    pub href: String,
    pub is_current: bool,
}

/// The range button and what opens under it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picker {
    pub label: String,
    /// `13:05 – 14:05 UTC`, with days when the range leaves one.
    pub span: String,
    pub choices: Vec<Choice>,
    /// For the two fields of the form, in the page's zone.
    pub from: String,
    pub to: String,
    pub action: String,
    /// What the form must keep of the page's state.
    pub kept: Vec<(String, String)>,
    /// This page with the range written as two times: what *copy link* copies.
    pub absolute: String,
    pub zone: String,
}

impl Picker {
    /// `here` is the page's address; its range is replaced.
    pub fn new(range: &Range, here: &Link, zone: &Zone, now: Timestamp) -> Self {
        let resolved = range.resolve(now);
        let bare = PARAMS.iter().fold(here.clone(), |link, name| link.without(name)).first_page();
        let choices = Preset::ALL.map(|preset| Choice {
            label: preset.label(),
            href: bare.clone().with("range", preset.name()).to_string(),
            is_current: *range == Range::Last(preset),
        });
        Self {
            label: range.label(),
            span: span(resolved, zone),
            choices: choices.into(),
            from: zone.rfc3339(seconds(resolved.from)),
            to: zone.rfc3339(seconds(resolved.to)),
            action: Link::to(here.path()).to_string(),
            kept: bare.pairs().to_vec(),
            absolute: bare.with_all(&absolute(resolved)).to_string(),
            zone: zone.name().to_owned(),
        }
    }
}

fn seconds(at: Timestamp) -> Timestamp {
    at.minus((at.nanos() % 1_000_000_000) as Nanos)
}

/// `13:05 – 14:05 UTC`; with days when it begins and ends on different ones or not today.
pub fn span(range: TimeRange, zone: &Zone) -> String {
    let short = zone.short(range.to);
    if zone.date(range.from) == zone.date(range.to) && range.length() <= 12 * HOUR {
        format!("{} – {} {short}", zone.minute(range.from), zone.minute(range.to))
    } else {
        format!("{} – {} {short}", zone.day_minute(range.from), zone.day_minute(range.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        moment::parse("2026-11-20T14:05:00Z").unwrap()
    }

    #[track_caller]
    fn check(query: &str, from: &str, to: &str, problems: usize) {
        let mut bad = Vec::new();
        let range = Range::from_query(&Query::parse(query), now(), &mut bad);
        let utc = Zone::utc();
        let resolved = range.resolve(now());
        assert_eq!((utc.rfc3339(resolved.from).as_str(), utc.rfc3339(resolved.to).as_str()), (from, to));
        assert_eq!(bad.len(), problems, "{bad:?}");
    }

    #[test]
    fn a_range_is_a_word_or_two_times() {
        check("", "2026-11-20T13:05:00Z", "2026-11-20T14:05:00Z", 0);
        check("range=24h", "2026-11-19T14:05:00Z", "2026-11-20T14:05:00Z", 0);
        check("from=2026-11-20T09:00:00Z&to=2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", 0);
        check("from=2026-11-20T09:00:00%2B01:00", "2026-11-20T08:00:00Z", "2026-11-20T14:05:00Z", 0);
        check("from=2026-11-20T09:00:00+01:00", "2026-11-20T08:00:00Z", "2026-11-20T14:05:00Z", 0);
        check("to=2026-11-20T09:00:00Z", "2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", 0);
    }

    #[test]
    fn nonsense_is_noted_and_becomes_the_default() {
        check("range=2h", "2026-11-20T13:05:00Z", "2026-11-20T14:05:00Z", 1);
        check("from=noon&to=later", "2026-11-20T13:05:00Z", "2026-11-20T14:05:00Z", 2);
        check("from=2026-11-20T10:00:00Z&to=2026-11-20T09:00:00Z", "2026-11-20T13:05:00Z", "2026-11-20T14:05:00Z", 1);
    }

    #[test]
    fn a_range_reads_back_from_its_own_parameters() {
        let last = Preset::ALL.map(Range::Last);
        let between = Range::Between(TimeRange { from: now().minus(7_000_000_001), to: now() });
        for range in last.into_iter().chain([between]) {
            let query = Link::to("").with_all(&range.pairs()).query();
            assert_eq!(Range::from_query(&Query::parse(&query), now(), &mut Vec::new()), range);
        }
    }

    #[test]
    fn the_picker_keeps_the_rest_of_the_state() {
        let here = Link::to("/map").with("range", "1h").with("edges", "sync").with("cursor", "9-a");
        let picker = Picker::new(&Range::default(), &here, &Zone::utc(), now());
        assert_eq!(picker.choices[2].href, "/map?edges=sync&range=6h");
        assert_eq!(picker.absolute, "/map?edges=sync&from=2026-11-20T13:05:00Z&to=2026-11-20T14:05:00Z");
        assert_eq!(picker.span, "13:05 – 14:05 UTC");
        assert_eq!(picker.kept, [("edges".to_owned(), "sync".to_owned())]);
    }

    #[test]
    fn a_span_over_midnight_names_its_days() {
        assert_eq!(span(Range::Last(Preset::H24).resolve(now()), &Zone::utc()), "19 Nov 14:05 – 20 Nov 14:05 UTC");
    }
}
