//! A rule of EventBridge that fires at a fixed rate, by a calendar, or once.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, interval_at};

use super::asynchronous;
use super::cron::Cron;
use crate::answer::{Complete, Request};
use crate::clock;
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::function::Function;
use crate::id;

/// A calendar's hour is looked for anew so often: the clock of a machine may be set, or stand still while it sleeps.
const NAP: Duration = Duration::from_secs(30);

/// When a rule fires.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// `rate(5 minutes)`, `30s`; the first time after one such pause.
    Every(Duration),
    /// `cron(0 12 * * ? *)`
    Calendar(Cron),
    /// `at(2026-03-01T12:00:00)`
    Once(Timestamp),
}

impl When {
    /// A rate, `cron(…)` or `at(…)`, of which the last two are meant in `zone`.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, LocalError> {
        let wrong = |why: String| LocalError::WrongUse(format!("“{text}” is no schedule: {why}"));
        let inside = |name: &str| text.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(fields) = inside("cron") {
            return Cron::parse(fields, zone.clone()).map(Self::Calendar).map_err(wrong);
        }
        if let Some(time) = inside("at") {
            let time: jiff::civil::DateTime = time.parse().map_err(|why: jiff::Error| wrong(why.to_string()))?;
            return zone.to_timestamp(time).map(Self::Once).map_err(|why| wrong(why.to_string()));
        }
        rate(text).map(Self::Every)
    }
}

/// Says when to fire.
struct Ticks {
    when: When,
    interval: Option<Interval>,
    /// The next time of a calendar, kept until it was told.
    due: Option<Timestamp>,
    told: Option<Timestamp>,
}

impl Ticks {
    fn new(when: When) -> Self {
        // The first tick of an interval is at once; a rule's is not.
        let interval = match &when {
            When::Every(pause) => Some(interval_at(Instant::now() + *pause, *pause)),
            When::Calendar(_) | When::Once(_) => None,
        };
        Self { when, interval, due: None, told: None }
    }

    /// Dropped before it is ready, it misses nothing.
    async fn next(&mut self) {
        if let Some(interval) = &mut self.interval {
            interval.tick().await;
            return;
        }
        let now = || Timestamp::try_from(clock::now()).unwrap_or(Timestamp::MAX);
        if self.due.is_none() {
            let after = self.told.map_or_else(now, |told| told.max(now()));
            self.due = match &self.when {
                When::Calendar(cron) => cron.after(after),
                When::Once(time) => Some(*time).filter(|time| *time > after),
                When::Every(_) => None,
            };
        }
        // Whatever never fires again leaves it at that.
        let Some(due) = self.due else { return std::future::pending().await };
        while let Ok(left) = Duration::try_from(due.duration_since(now())) {
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
        self.told = self.due.take();
    }
}

/// The event of one firing of the rule `name`.
pub fn event(function: &Function, name: &str) -> Result<Value, LocalError> {
    let rule = format!("arn:aws:events:{}:{}:rule/{name}", function.region, function.account);
    Ok(json!({
        "version": "0", "id": id::uuid()?, "detail-type": "Scheduled Event", "source": "aws.events",
        "account": function.account, "time": clock::format(clock::now(), "%Y-%m-%dT%H:%M:%SZ"), "region": function.region,
        "resources": [rule], "detail": {},
    }))
}

/// Fires by `when` until the fleet is shut down. `input` replaces the event where a rule has
/// one. A firing does not wait for the one before. `done` hears of each.
pub async fn run(
    fleet: Fleet,
    name: String,
    when: When,
    input: Option<Value>,
    done: impl Fn(&[Complete]) + Clone + Send + 'static,
) -> Result<(), LocalError> {
    let mut ticks = Ticks::new(when);
    let mut firings = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            () = ticks.next() => {
                let event = match &input {
                    Some(input) => input.clone(),
                    None => event(fleet.function(), &name)?,
                };
                let (fleet, done) = (fleet.clone(), done.clone());
                firings.spawn(async move {
                    let attempts = asynchronous::invoke(&fleet, Request::new(event.to_string()), &asynchronous::PAUSES);
                    attempts.await.map(|attempts| done(&attempts))
                });
            }
            Some(fired) = firings.join_next() => match fired {
                Ok(outcome) => outcome?,
                Err(_) => return Err(LocalError::Closed),
            },
        }
    }
}

/// `rate(5 minutes)`, `5m`, `30s`, `200ms`: how often.
pub fn rate(text: &str) -> Result<Duration, LocalError> {
    let wrong = || LocalError::WrongUse(format!("“{text}” is not a rate; write 30s, 5m, 1h, 200ms or rate(5 minutes)"));
    let inner = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text).trim();
    let unit_at = inner.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = inner.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let ms = match unit.trim().trim_end_matches('s') {
        "m" if unit.trim() == "ms" => 1,
        "" => 1_000,
        "m" | "minute" | "min" => 60_000,
        "h" | "hour" => 3_600_000,
        "d" | "day" => 86_400_000,
        "second" => 1_000,
        _ => return Err(wrong()),
    };
    match number.checked_mul(ms) {
        Some(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[track_caller]
    fn check(text: &str, ms: u64) {
        assert_eq!(rate(text).unwrap(), Duration::from_millis(ms), "{text}");
    }

    #[tokio::test]
    async fn what_fires_once_fires_once_and_what_is_over_never() {
        let soon = |ms| Timestamp::try_from(clock::now() + Duration::from_millis(ms)).unwrap();
        let mut once = Ticks::new(When::Once(soon(30)));
        tokio::time::timeout(Duration::from_secs(20), once.next()).await.expect("it fires");
        assert_eq!(once.next().now_or_never(), None, "and not again");
        let over = Cron::parse("0 12 1 1 ? 1999", TimeZone::UTC).unwrap();
        for over in [When::Once(soon(0)), When::Calendar(over)] {
            assert_eq!(Ticks::new(over).next().now_or_never(), None);
        }
    }

    #[test]
    fn schedules_are_written_in_three_ways() {
        let parse = |text| When::parse(text, &TimeZone::UTC);
        assert_eq!(parse("rate(2 hours)").unwrap(), When::Every(Duration::from_secs(7_200)));
        assert!(matches!(parse("cron(0 12 * * ? *)").unwrap(), When::Calendar(_)));
        assert_eq!(parse("at(2026-03-01T12:00:00)").unwrap(), When::Once("2026-03-01T12:00:00Z".parse().unwrap()));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let there = When::parse("at(2026-03-01T12:00:00)", &berlin).unwrap();
        assert_eq!(there, When::Once("2026-03-01T11:00:00Z".parse().unwrap()));
        for (wrong, says) in [("cron(0 12 * * *)", "5 fields"), ("at(noon)", "at(noon)"), ("often", "rate(5 minutes)")]
        {
            assert!(parse(wrong).unwrap_err().to_string().contains(says), "{wrong}");
        }
    }

    #[test]
    fn rates_are_written_in_two_ways() {
        check("rate(5 minutes)", 300_000);
        check("rate(1 hour)", 3_600_000);
        check("30s", 30_000);
        check("200ms", 200);
        check("2m", 120_000);
        for wrong in ["", "5", "0s", "rate(5 fortnights)", "cron(0 12 * * ? *)"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
