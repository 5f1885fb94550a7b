//! Alerts: a figure of the last minutes that must not pass a bound, and how they stand.
//!
//! Deciding is arithmetic on whole numbers and takes the time as an argument: see [`Alert::step`].

use crate::money::Usd;
use crate::{Filter, Nanos, Timestamp, filter};

/// What is looked at: requests (entry spans: servers, consumers and roots), or invocations of functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertOf {
    #[default]
    Requests,
    Invocations,
}

impl AlertOf {
    pub const ALL: [Self; 2] = [Self::Requests, Self::Invocations];

    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Invocations => "invocations",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.name() == name)
    }

    /// `line` in the words of one of them.
    pub fn filter(self, line: &str) -> Filter {
        match self {
            Self::Requests => Filter::parse(line),
            Self::Invocations => Filter::of_invocations(line),
        }
    }
}

/// Which figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signal {
    /// Of requests those with a fault; of invocations those that failed.
    #[default]
    FaultRate,
    /// 95th percentile of the duration.
    P95,
    ColdRate,
    /// List price of an invocation, of those that have one.
    CostPerRequest,
    CostPerHour,
    /// The longest that something handed over through a queue, topic or bus waited.
    Backlog,
    /// Nothing came at all.
    NoData,
}

/// What a figure is counted in; always a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Millionths.
    Share,
    /// Nanoseconds.
    Duration,
    /// 10⁻¹⁸ USD.
    Money,
    /// Requests or invocations.
    Count,
}

impl Signal {
    pub const ALL: [Self; 7] = [
        Self::FaultRate,
        Self::P95,
        Self::ColdRate,
        Self::CostPerRequest,
        Self::CostPerHour,
        Self::Backlog,
        Self::NoData,
    ];

    /// The word in forms and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::FaultRate => "fault-rate",
            Self::P95 => "p95",
            Self::ColdRate => "cold-rate",
            Self::CostPerRequest => "cost-per-request",
            Self::CostPerHour => "cost-per-hour",
            Self::Backlog => "backlog",
            Self::NoData => "no-data",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }

    /// As in a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Self::FaultRate => "fault rate",
            Self::P95 => "p95 duration",
            Self::ColdRate => "cold start rate",
            Self::CostPerRequest => "list price per request",
            Self::CostPerHour => "list price per hour",
            Self::Backlog => "longest wait in a queue",
            Self::NoData => "silence",
        }
    }

    pub fn unit(self) -> Unit {
        match self {
            Self::FaultRate | Self::ColdRate => Unit::Share,
            Self::P95 | Self::Backlog => Unit::Duration,
            Self::CostPerRequest | Self::CostPerHour => Unit::Money,
            Self::NoData => Unit::Count,
        }
    }

    /// Whether there is such a figure of requests, or of invocations.
    pub fn is_of(self, of: AlertOf) -> bool {
        match self {
            Self::FaultRate | Self::P95 | Self::NoData => true,
            Self::ColdRate | Self::CostPerRequest | Self::CostPerHour => of == AlertOf::Invocations,
            Self::Backlog => of == AlertOf::Requests,
        }
    }

    /// A bound as typed: `5%`, `800ms`, `$0.001`.
    pub fn bound(self, text: &str) -> Result<i128, String> {
        let text = text.trim();
        match self.unit() {
            Unit::Share => {
                let wrong = || format!("“{text}” is not a share; write it as 5% or 0.5%");
                let ppm = text.strip_suffix('%').and_then(|number| decimal(number.trim(), 4)).ok_or_else(wrong)?;
                if ppm > 1_000_000 { Err(wrong()) } else { Ok(ppm) }
            }
            Unit::Duration => filter::duration(text).map(i128::from),
            Unit::Money => {
                let usd = text.strip_prefix('$').and_then(|number| number.parse::<Usd>().ok());
                usd.map(Usd::attos).ok_or_else(|| format!("“{text}” is not a sum of money; write it as $0.001"))
            }
            Unit::Count => Ok(0),
        }
    }
}

/// `12.5` with `places` decimals as a whole number of the smallest; `None` for what is no such number.
fn decimal(text: &str, places: u32) -> Option<i128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() < 16;
    if whole.is_empty() || !is_number(whole) || !is_number(rest) || rest.len() > places as usize {
        return None;
    }
    let rest: i128 = format!("{rest:0<width$}", width = places as usize).parse().unwrap_or(0);
    Some(whole.parse::<i128>().ok()? * 10_i128.pow(places) + rest)
}

/// What must not be, as somebody defined it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alert {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: String,
    pub of: AlertOf,
    /// The filter line, in the words of `of`.
    pub filter: String,
    pub signal: Signal,
    /// How far the figure looks back.
    pub window: Nanos,
    /// In the signal's unit: above this it is too much.
    pub above: i128,
    /// At or below this it is well again; never more than `above`.
    pub clear: i128,
    /// How long it must be too much before it fires.
    pub hold: Nanos,
    pub created_at: Timestamp,
}

/// How an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertState {
    #[default]
    Ok,
    /// Too much, and not for long enough.
    Pending,
    Firing,
    /// Nothing matched in the window, so there is no figure.
    NoData,
}

impl AlertState {
    pub const ALL: [Self; 4] = [Self::Ok, Self::Pending, Self::Firing, Self::NoData];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::NoData => "no-data",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A state, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub state: AlertState,
    pub since: Timestamp,
}

impl Alert {
    /// Kept at a time; all are looked at in turn.
    pub const MOST: usize = 100;
    pub const LONGEST_NAME: usize = 80;
    /// From a minute to a day.
    pub const WINDOWS: std::ops::RangeInclusive<Nanos> = 60_000_000_000..=86_400_000_000_000;
    pub const LONGEST_HOLD: Nanos = 86_400_000_000_000;

    fn is_too_much(&self, figure: i128) -> bool {
        match self.signal {
            Signal::NoData => figure == 0,
            _ => figure > self.above,
        }
    }

    fn is_well(&self, figure: i128) -> bool {
        match self.signal {
            Signal::NoData => figure > 0,
            _ => figure <= self.clear,
        }
    }

    /// Where it goes from `before`, when the window's figure is `figure`. What fires goes on until the figure is at or below the
    /// lower bound, so that one that swings around the upper does not ring at every swing.
    pub fn step(&self, before: Standing, figure: Option<i128>, now: Timestamp) -> Standing {
        let state = match figure {
            None => AlertState::NoData,
            Some(figure) => match before.state {
                AlertState::Firing if !self.is_well(figure) => AlertState::Firing,
                AlertState::Pending if self.is_too_much(figure) && now.since(before.since) < self.hold => {
                    AlertState::Pending
                }
                AlertState::Pending if self.is_too_much(figure) => AlertState::Firing,
                _ if self.is_too_much(figure) && self.hold == 0 => AlertState::Firing,
                _ if self.is_too_much(figure) => AlertState::Pending,
                _ => AlertState::Ok,
            },
        };
        if state == before.state { before } else { Standing { state, since: now } }
    }
}

/// Whether somebody is told of a change: when it begins to fire, and when it ceases.
pub fn is_told(from: AlertState, to: AlertState) -> bool {
    from != to && (to == AlertState::Firing || from == AlertState::Firing)
}

/// What became of telling somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody is told of it.
    #[default]
    None,
    Waiting,
    Sent,
    /// Given up.
    Failed,
}

impl Delivery {
    pub const ALL: [Self; 4] = [Self::None, Self::Waiting, Self::Sent, Self::Failed];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.name() == name)
    }
}

/// A change of an alert's state, kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertEvent {
    /// 32 hexadecimal digits; whoever is told twice knows it by this.
    pub id: String,
    pub alert_id: String,
    /// The alert's name then.
    pub name: String,
    pub at: Timestamp,
    pub from: AlertState,
    pub to: AlertState,
    pub figure: Option<i128>,
    pub delivery: Delivery,
    pub attempts: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn alert(hold: Nanos) -> Alert {
        Alert { signal: Signal::FaultRate, above: 50_000, clear: 20_000, hold, ..Alert::default() }
    }

    /// The states after each figure, a second apart.
    fn course(alert: &Alert, figures: &[Option<i128>]) -> Vec<AlertState> {
        let mut standing = Standing::default();
        let mut states = Vec::new();
        for (at, figure) in figures.iter().enumerate() {
            standing = alert.step(standing, *figure, Timestamp::from_nanos((at as u64 + 1) * SECOND));
            states.push(standing.state);
        }
        states
    }

    #[test]
    fn it_fires_when_too_much_lasts_and_rests_at_the_lower_bound() {
        use AlertState::{Firing, Ok, Pending};
        let figures = [10_000, 60_000, 60_000, 70_000, 40_000, 60_000, 20_000].map(Some);
        assert_eq!(course(&alert(2 * SECOND), &figures), [Ok, Pending, Pending, Firing, Firing, Firing, Ok]);
    }

    #[test]
    fn too_much_that_does_not_last_is_forgotten() {
        use AlertState::{Ok, Pending};
        let figures = [60_000, 60_000, 50_000, 60_000].map(Some);
        assert_eq!(course(&alert(3 * SECOND), &figures), [Pending, Pending, Ok, Pending]);
    }

    #[test]
    fn without_a_wait_it_fires_at_once_and_without_data_it_says_so() {
        use AlertState::{Firing, NoData};
        assert_eq!(course(&alert(0), &[Some(50_001), None, Some(50_001)]), [Firing, NoData, Firing]);
        assert!(is_told(Firing, NoData) && !is_told(AlertState::Ok, NoData));
    }

    #[test]
    fn silence_fires_when_nothing_came() {
        let silence = Alert { signal: Signal::NoData, ..Alert::default() };
        assert_eq!(
            course(&silence, &[Some(4), Some(0), Some(1)]),
            [AlertState::Ok, AlertState::Firing, AlertState::Ok]
        );
    }

    #[test]
    fn bounds_are_read_with_their_units() {
        assert_eq!(Signal::FaultRate.bound("5%"), Ok(50_000));
        assert_eq!(Signal::ColdRate.bound("0.25 %"), Ok(2_500));
        assert_eq!(Signal::P95.bound("1.5s"), Ok(1_500_000_000));
        assert_eq!(Signal::CostPerRequest.bound("$0.000001"), Ok(1_000_000_000_000));
        for (signal, text) in [
            (Signal::FaultRate, "5"),
            (Signal::FaultRate, "101%"),
            (Signal::FaultRate, "-1%"),
            (Signal::P95, "800"),
            (Signal::CostPerHour, "1.20"),
        ] {
            assert!(signal.bound(text).is_err(), "{text}");
        }
    }
}
