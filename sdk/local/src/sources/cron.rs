//! When a `cron(…)` of EventBridge fires: minutes, hours, day of the month, month, day of the week, year.
//!
//! One of the two days is `?`. `L` is the last day of a month, and `6L` its last Friday; `15W` the weekday nearest to the 15th, `LW` the
//! last one; `6#3` the third Friday. Days of the week are 1 to 7 or SUN to SAT.
//! (Source: *Amazon EventBridge User Guide*, "Cron expressions reference".)

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// EventBridge knows no others.
const YEARS: (i16, i16) = (1970, 2199);

/// A schedule by the calendar of a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
    days: Days,
    zone: TimeZone,
}

/// Which days of a month.
#[derive(Clone, Debug, PartialEq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    Last,
    LastWeekday,
    /// The weekday nearest to a day, in the same month.
    NearestWeekday(i16),
    OfWeek(BTreeSet<i16>),
    /// The last such weekday of the month.
    LastOfWeek(i16),
    /// Weekday, and which one of the month.
    NthOfWeek(i16, i16),
}

impl Cron {
    /// The six fields between the parentheses of `cron(…)`. The error says which field is wrong, and what it may be.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, month_day, months, weekday, years] = fields[..] else {
            return Err(format!("it has {} fields, not six: minutes hours day month weekday year", fields.len()));
        };
        let days = match (month_day, weekday) {
            ("?", "?") => return Err("one of the two days is ?, not both".to_owned()),
            (day, "?") => of_month(day)?,
            ("?", day) => of_week(day)?,
            _ => return Err("day and weekday are both given; one of them is ?".to_owned()),
        };
        Ok(Self {
            minutes: numbers("minutes", minutes, 0, 59, &[])?,
            hours: numbers("hours", hours, 0, 23, &[])?,
            months: numbers("month", months, 1, 12, &MONTHS)?,
            years: numbers("year", years, YEARS.0, YEARS.1, &[])?,
            days,
            zone,
        })
    }

    /// The first time after `now` at which it fires; `None` when it never does again.
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(now).date();
        for year in self.years.range(today.year()..) {
            for month in &self.months {
                let first = Date::new(*year, i8::try_from(*month).ok()?, 1).ok()?;
                if first.last_of_month() < today {
                    continue;
                }
                for day in self.days.of(first).into_iter().filter(|day| *day >= today) {
                    if let Some(fires) = self.on(day, now) {
                        return Some(fires);
                    }
                }
            }
        }
        None
    }

    fn on(&self, day: Date, now: Timestamp) -> Option<Timestamp> {
        for hour in &self.hours {
            for minute in &self.minutes {
                let time = Time::new(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0).ok()?;
                // A time that a change of the clock leaves out is moved behind it.
                let fires = self.zone.to_timestamp(day.to_datetime(time)).ok()?;
                if fires > now {
                    return Some(fires);
                }
            }
        }
        None
    }
}

impl Days {
    /// Those of the month that begins with `first`, in order.
    fn of(&self, first: Date) -> Vec<Date> {
        let all = || first.series(1.day()).take(usize::try_from(first.days_in_month()).unwrap_or(31));
        let last = first.last_of_month();
        let on = |weekday: i16| all().filter(move |day| number(*day) == weekday);
        match self {
            Self::OfMonth(days) => all().filter(|day| days.contains(&i16::from(day.day()))).collect(),
            Self::Last => vec![last],
            Self::LastWeekday => nearest(last).into_iter().collect(),
            Self::NearestWeekday(day) => {
                all().find(|one| i16::from(one.day()) == *day).and_then(nearest).into_iter().collect()
            }
            Self::OfWeek(days) => all().filter(|day| days.contains(&number(*day))).collect(),
            Self::LastOfWeek(day) => on(*day).last().into_iter().collect(),
            Self::NthOfWeek(day, nth) => on(*day).nth(usize::try_from(nth - 1).unwrap_or(9)).into_iter().collect(),
        }
    }
}

/// 1 for Sunday to 7 for Saturday.
fn number(day: Date) -> i16 {
    i16::from(day.weekday().to_sunday_one_offset())
}

/// Saturday becomes Friday and Sunday Monday, unless that is another month's.
fn nearest(day: Date) -> Option<Date> {
    let moved = |by: i32| day.checked_add(by.days()).ok();
    let (near, far) = match number(day) {
        7 => (moved(-1)?, moved(2)?),
        1 => (moved(1)?, moved(-2)?),
        _ => return Some(day),
    };
    Some(if near.month() == day.month() { near } else { far })
}

fn of_month(text: &str) -> Result<Days, String> {
    match text {
        "L" => Ok(Days::Last),
        "LW" => Ok(Days::LastWeekday),
        _ => match text.strip_suffix('W') {
            Some(day) => Ok(Days::NearestWeekday(one("day", day, 1, 31, &[])?)),
            None => Ok(Days::OfMonth(numbers("day", text, 1, 31, &[])?)),
        },
    }
}

fn of_week(text: &str) -> Result<Days, String> {
    let weekday = |text: &str| one("weekday", text, 1, 7, &WEEKDAYS);
    if let Some((day, nth)) = text.split_once('#') {
        return Ok(Days::NthOfWeek(weekday(day)?, one("weekday's number", nth, 1, 5, &[])?));
    }
    match text.strip_suffix('L').filter(|day| !day.is_empty()) {
        Some(day) => Ok(Days::LastOfWeek(weekday(day)?)),
        // Saturday is a week's last day.
        None if text == "L" => Ok(Days::OfWeek([7].into())),
        None => Ok(Days::OfWeek(numbers("weekday", text, 1, 7, &WEEKDAYS)?)),
    }
}

/// `*`, `5`, `1,15`, `9-17`, `*/10`, `5/10`, `9-17/2`, and names where there are some.
fn numbers(field: &str, text: &str, least: i16, most: i16, names: &[&str]) -> Result<BTreeSet<i16>, String> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(one(field, step, 1, most, &[])?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => (one(field, first, least, most, names)?, one(field, last, least, most, names)?),
            // `5/10` goes on to the end.
            None => {
                let first = one(field, range, least, most, names)?;
                (first, if step.is_some() { most } else { first })
            }
        };
        if first > last {
            return Err(format!("{field} “{part}” goes backwards"));
        }
        all.extend((first..=last).step_by(usize::try_from(step.unwrap_or(1)).unwrap_or(1)));
    }
    Ok(all)
}

fn one(field: &str, text: &str, least: i16, most: i16, names: &[&str]) -> Result<i16, String> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| i16::try_from(at + 1).ok());
    let number = named.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{field} is {least} to {most}, not “{text}”"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next three firings after a Sunday noon, 1 March 2026.
    #[track_caller]
    fn check(text: &str, fires: [&str; 3]) {
        let cron = Cron::parse(text, TimeZone::UTC).unwrap_or_else(|why| panic!("{text}: {why}"));
        let mut now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let next = fires.map(|_| {
            now = cron.after(now).expect(text);
            now.strftime("%F %R").to_string()
        });
        assert_eq!(next, fires, "{text}");
    }

    #[test]
    fn schedules_of_eventbridges_guide_fire_when_it_says() {
        check("0 12 * * ? *", ["2026-03-02 12:00", "2026-03-03 12:00", "2026-03-04 12:00"]);
        check("15 10 ? * 6L 2022-2027", ["2026-03-27 10:15", "2026-04-24 10:15", "2026-05-29 10:15"]);
        check("0 18 ? * MON-FRI *", ["2026-03-02 18:00", "2026-03-03 18:00", "2026-03-04 18:00"]);
        check("0 8 1 * ? *", ["2026-04-01 08:00", "2026-05-01 08:00", "2026-06-01 08:00"]);
        check("0/15 * * * ? *", ["2026-03-01 12:15", "2026-03-01 12:30", "2026-03-01 12:45"]);
        check("0/30 20-23 ? * 2-6 *", ["2026-03-02 20:00", "2026-03-02 20:30", "2026-03-02 21:00"]);
        check("0 9 ? * 2#1 *", ["2026-03-02 09:00", "2026-04-06 09:00", "2026-05-04 09:00"]);
        check("0 9 L * ? *", ["2026-03-31 09:00", "2026-04-30 09:00", "2026-05-31 09:00"]);
        check("0 9 LW * ? *", ["2026-03-31 09:00", "2026-04-30 09:00", "2026-05-29 09:00"]);
        check("0 9 15W * ? *", ["2026-03-16 09:00", "2026-04-15 09:00", "2026-05-15 09:00"]);
        check("0 0 29 FEB ? *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]);
        check("5,7 1 1 JAN,jul ? *", ["2026-07-01 01:05", "2026-07-01 01:07", "2027-01-01 01:05"]);
    }

    #[test]
    fn a_zone_keeps_its_hour_when_clocks_change() {
        let cron = Cron::parse("30 9 * * ? *", TimeZone::get("Europe/Berlin").unwrap()).unwrap();
        let saturday: Timestamp = "2026-03-28T08:00:00Z".parse().unwrap();
        let (first, second) =
            (cron.after(saturday).unwrap(), cron.after("2026-03-28T09:00:00Z".parse().unwrap()).unwrap());
        assert_eq!(first.to_string(), "2026-03-28T08:30:00Z");
        assert_eq!(second.to_string(), "2026-03-29T07:30:00Z");
    }

    #[test]
    fn what_is_no_schedule_is_said_with_what_it_may_be() {
        let wrong = |text| Cron::parse(text, TimeZone::UTC).unwrap_err();
        assert!(wrong("0 12 * * ?").contains("5 fields, not six"));
        assert!(wrong("0 12 * * * *").contains("one of them is ?"));
        assert!(wrong("0 12 ? * ? *").contains("not both"));
        assert!(wrong("60 12 * * ? *").contains("minutes is 0 to 59, not “60”"));
        assert!(wrong("0 12 ? * XYZ *").contains("weekday is 1 to 7"));
        assert!(wrong("0 17-9 * * ? *").contains("goes backwards"));
        let over = Cron::parse("0 12 1 1 ? 1999", TimeZone::UTC).unwrap();
        assert_eq!(over.after("2026-03-01T12:00:00Z".parse().unwrap()), None);
    }
}
