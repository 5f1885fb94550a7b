//! A day of the calendar, in UTC: from when a price holds.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i32,
}

/// Not a date such as 2026-09-19, 2026-09 (its first day) or 2026.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDate;

impl fmt::Display for NotDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a date such as 2026-09-19")
    }
}

impl std::error::Error for NotDate {}

impl Date {
    /// `None` when the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let length = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
            return None;
        }
        // Years begin in March, so that the leap day is the last of its year (Howard Hinnant's days_from_civil).
        let (year, month, day) = (i32::from(year), i32::from(month), i32::from(day));
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Self { days: era * 146_097 + day_of_era - 719_468 })
    }

    /// The day of an instant, in UTC.
    pub fn of(at: Timestamp) -> Self {
        Self { days: i32::try_from(at.nanos().div_euclid(NANOS_PER_DAY)).unwrap_or(i32::MAX) }
    }

    /// Days since 1970-01-01, as SQL's DATE counts them.
    pub fn days(self) -> i32 {
        self.days
    }

    pub fn from_days(days: i32) -> Self {
        Self { days }
    }
}

impl FromStr for Date {
    type Err = NotDate;

    fn from_str(text: &str) -> Result<Self, NotDate> {
        let shaped = [4, 7, 10].contains(&text.len())
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
        if !shaped {
            return Err(NotDate);
        }
        let part = |range: std::ops::Range<usize>| text.get(range).map_or(Ok(1), |digits| digits.parse::<u16>());
        let (year, month, day) = (part(0..4), part(5..7), part(8..10));
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else { return Err(NotDate) };
        Self::new(year, month as u8, day as u8).ok_or(NotDate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = i64::from(self.days) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!("1970-01-01".parse(), Ok(Date { days: 0 }));
        assert_eq!("2025-08-01".parse(), Ok(Date { days: 20_301 }));
        assert_eq!("2026-09".parse::<Date>().unwrap().to_string(), "2026-09-01");
        assert_eq!("2026".parse::<Date>().unwrap().to_string(), "2026-01-01");
        assert_eq!(Date::of(Timestamp::from_nanos(1_795_442_602_418_000_000)).to_string(), "2026-11-23");
        for text in ["", "2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026/01/01", "0000-01-01", "2026-01-01Z"]
        {
            assert_eq!(text.parse::<Date>(), Err(NotDate), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_date_reads_back(days in -700_000..2_900_000_i32) {
            let date = Date { days };
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
