//! A rule of EventBridge that fires at a fixed rate.

use std::time::Duration;

use serde_json::{Value, json};

use super::asynchronous;
use crate::answer::{Complete, Request};
use crate::clock;
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::function::Function;
use crate::id;

/// The event of one firing of the rule `name`.
pub fn event(function: &Function, name: &str) -> Result<Value, LocalError> {
    let rule = format!("arn:aws:events:{}:{}:rule/{name}", function.region, function.account);
    Ok(json!({
        "version": "0", "id": id::uuid()?, "detail-type": "Scheduled Event", "source": "aws.events",
        "account": function.account, "time": clock::format(clock::now(), "%Y-%m-%dT%H:%M:%SZ"), "region": function.region,
        "resources": [rule], "detail": {},
    }))
}

/// Fires every `pause`, the first time after one, until the fleet is shut down. `input` replaces the event where a rule has
/// one. A firing does not wait for the one before. `done` hears of each.
pub async fn run(
    fleet: Fleet,
    name: String,
    pause: Duration,
    input: Option<Value>,
    done: impl Fn(&[Complete]) + Clone + Send + 'static,
) -> Result<(), LocalError> {
    // The first tick of an interval is at once; a rule's is not.
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + pause, pause);
    let mut firings = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
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
    use super::*;

    #[track_caller]
    fn check(text: &str, ms: u64) {
        assert_eq!(rate(text).unwrap(), Duration::from_millis(ms), "{text}");
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
