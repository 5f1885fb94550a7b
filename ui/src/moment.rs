//! Points in time, shown in the zone of the page.
//!
//! One zone per page, named beside absolute times; 24 hours always. `<time datetime>` carries UTC for machines, its title
//! carries UTC, the zone and the distance from *now* for people. *Now* is an argument: there is no clock here.

use std::sync::LazyLock;

use coldlight_model::{Nanos, TimeRange, Timestamp};
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone data compiled into the program: the same on every machine, and no file is read.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone a page shows its times in.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    zone: TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Zone {
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// By IANA name in any case, such as `Europe/Berlin`; `None` for a name that does not exist.
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") {
            return Some(Self::utc());
        }
        // The longest name has 32 bytes; a cookie may hold anything.
        let zone = (name.len() <= 64).then(|| ZONES.get(name).ok()).flatten()?;
        Some(Self { zone })
    }

    /// The IANA name; `UTC` for UTC.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    pub fn is_utc(&self) -> bool {
        self.name() == "UTC"
    }

    /// `at` in this zone by a `strftime` format.
    fn format(&self, at: Timestamp, format: &str) -> String {
        let zoned = instant(at).to_zoned_datetime(self.zone.clone());
        zoned.strftime(format).to_string()
    }

    /// The day of all of `moments` and the zone, where it is only one: beside it their times are enough.
    pub fn one_day(&self, moments: impl IntoIterator<Item = Timestamp>) -> Option<String> {
        let mut moments = moments.into_iter();
        let first = moments.next()?;
        let day = self.date(first);
        moments.all(|moment| self.date(moment) == day).then(|| format!("{day}, {}", self.short(first)))
    }

    /// The zone's short name at that moment: `UTC`, `CET`, `UTC-03`.
    pub fn short(&self, at: Timestamp) -> String {
        let short = self.format(at, "%Z");
        if short.starts_with(['+', '-']) { format!("UTC{short}") } else { short }
    }

    /// `2026-11-20 14:03:22.418 UTC`.
    pub fn date_time(&self, at: Timestamp) -> String {
        format!("{} {}", self.format(at, "%Y-%m-%d %H:%M:%S%.3f"), self.short(at))
    }

    /// `14:03:22.418`.
    pub fn time(&self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S%.3f")
    }

    /// `2026-11-20`.
    pub fn date(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d")
    }

    /// `14:03`.
    pub fn minute(&self, at: Timestamp) -> String {
        self.format(at, "%H:%M")
    }

    /// `20 Nov 14:03`.
    pub fn day_minute(&self, at: Timestamp) -> String {
        self.format(at, "%-d %b %H:%M")
    }

    /// Under a chart whose times are so far apart: with seconds, or with its day where `range` begins and ends on different ones.
    pub fn tick(&self, at: Timestamp, apart: Nanos, range: TimeRange) -> String {
        match () {
            () if apart < 60_000_000_000 => self.format(at, "%H:%M:%S"),
            () if self.date(range.from) == self.date(range.to) => self.minute(at),
            () => self.day_minute(at),
        }
    }

    /// `2026-11-20T15:03:22+01:00`, as a form field holds it and reads it back.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let format = if at.nanos() % 1_000_000_000 == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.f" };
        let offset = self.format(at, "%:z");
        let offset = if offset == "+00:00" { "Z" } else { &offset };
        self.format(at, format) + offset
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(at.nanos())).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// RFC 3339; a time without an offset counts as UTC. `None` for anything else, and before 1970 or after 2262.
pub fn parse(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        Some(text.parse::<jiff::civil::DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    })?;
    let nanos = u64::try_from(instant.as_nanosecond()).ok()?;
    (i128::from(nanos) <= i128::from(Timestamp::MAX.nanos())).then(|| Timestamp::from_nanos(nanos))
}

/// How much of a point in time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// `2026-11-20 14:03:22.418 UTC`
    DateTime,
    /// `14:03:22.418`, where the date stands elsewhere
    Time,
    /// `20 Nov 14:03`
    DayMinute,
    /// `4 min ago`
    Ago,
}

/// A `<time>` element: `parts/macros.html` has `time` for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    pub text: String,
    /// UTC, for machines.
    pub datetime: String,
    /// UTC, the page's zone, and how long ago.
    pub title: String,
}

impl Moment {
    pub fn new(at: Timestamp, shows: Shows, zone: &Zone, now: Timestamp) -> Self {
        let text = match shows {
            Shows::DateTime => zone.date_time(at),
            Shows::Time => zone.time(at),
            Shows::DayMinute => zone.day_minute(at),
            Shows::Ago => ago(at, now),
        };
        let utc = Zone::utc();
        let mut title = utc.date_time(at);
        if !zone.is_utc() {
            title = format!("{title} · {} ({})", zone.date_time(at), zone.name());
        }
        Self { text, datetime: utc.rfc3339(at), title: format!("{title} · {}", ago(at, now)) }
    }
}

/// The distance from now in one unit: `just now`, `42 s ago`, `in 3 min`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let (distance, is_past) = if at <= now { (now.since(at), true) } else { (at.since(now), false) };
    let words = rough(distance);
    match (words, is_past) {
        (None, _) => "just now".to_owned(),
        (Some(words), true) => format!("{words} ago"),
        (Some(words), false) => format!("in {words}"),
    }
}

/// A length in one whole unit, rounded down: `42 s`, `3 min`, `5 h`, `2 days`; `None` below a second.
fn rough(length: Nanos) -> Option<String> {
    let seconds = length / 1_000_000_000;
    Some(match seconds {
        0 => return None,
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ if seconds < 2 * 86_400 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T14:03:22.418Z
    const AT: Timestamp = Timestamp::EPOCH;

    fn at() -> Timestamp {
        AT.plus(1_795_183_402_418_000_000)
    }

    #[test]
    fn times_are_shown_in_the_zone_that_is_named_with_them() {
        let berlin = Zone::named("europe/berlin").unwrap();
        assert_eq!(Zone::utc().date_time(at()), "2026-11-20 14:03:22.418 UTC");
        assert_eq!(berlin.date_time(at()), "2026-11-20 15:03:22.418 CET");
        assert_eq!(berlin.name(), "Europe/Berlin");
        assert_eq!(Zone::named("America/Sao_Paulo").unwrap().short(at()), "UTC-03");
        assert_eq!(Zone::named("Mars/Olympus"), None);
        assert_eq!(Zone::named(&"x".repeat(9_999)), None);
    }

    #[test]
    fn times_under_a_chart_are_as_exact_as_they_are_apart() {
        let zone = Zone::utc();
        let range = |hours: u64| TimeRange { from: at(), to: at().plus(hours * 3_600_000_000_000) };
        assert_eq!(zone.tick(at(), 20_000_000_000, range(1)), "14:03:22");
        assert_eq!(zone.tick(at(), 60_000_000_000, range(1)), "14:03");
        assert_eq!(zone.tick(at(), 3_600_000_000_000, range(12)), "20 Nov 14:03");
    }

    #[test]
    fn a_form_field_reads_back_what_it_showed() {
        for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"] {
            let zone = Zone::named(zone).unwrap();
            assert_eq!(parse(&zone.rfc3339(at())), Some(at()), "{}", zone.rfc3339(at()));
        }
    }

    #[test]
    fn a_time_without_an_offset_is_utc_and_nonsense_is_nothing() {
        assert_eq!(parse("2026-11-20T14:03:22.418"), Some(at()));
        assert_eq!(parse("2026-11-20 14:03:22.418"), Some(at()));
        assert_eq!(parse("2026-11-20T15:03:22.418+01:00"), Some(at()));
        for wrong in ["", "yesterday", "1969-12-31T23:59:59Z", "2263-01-01T00:00:00Z", "2026-13-01T00:00:00Z"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_says_utc_zone_and_distance() {
        let moment = Moment::new(at(), Shows::Time, &Zone::named("Europe/Berlin").unwrap(), at().plus(250_000_000_000));
        assert_eq!(moment.text, "15:03:22.418");
        assert_eq!(moment.datetime, "2026-11-20T14:03:22.418Z");
        assert_eq!(
            moment.title,
            "2026-11-20 14:03:22.418 UTC · 2026-11-20 15:03:22.418 CET (Europe/Berlin) · 4 min ago"
        );
    }

    #[test]
    fn distances_have_one_unit() {
        let now = at();
        assert_eq!(ago(now, now), "just now");
        assert_eq!(ago(now.minus(42_000_000_000), now), "42 s ago");
        assert_eq!(ago(now.plus(180_000_000_000), now), "in 3 min");
        assert_eq!(ago(now.minus(86_400_000_000_000), now), "1 day ago");
        assert_eq!(ago(now.minus(700_000_000_000_000), now), "8 days ago");
    }
}
