//! Alerts in words: figures, bounds, conditions; and an alert with how it was last seen.

use coldlight_model::money::Usd;
use coldlight_model::{Alert, Signal, Standing, Timestamp, Unit};

use crate::format;

/// An alert as it was last looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    pub alert: Alert,
    pub standing: Standing,
    /// `None`: nothing matched.
    pub figure: Option<i128>,
    pub looked_at: Timestamp,
    /// Why it could not be looked at.
    pub problem: Option<String>,
}

/// A figure or a bound in its unit: `6.2%`, `5%`, `417 ms`, `$0.0021`, `12`.
pub fn figure(signal: Signal, value: i128) -> String {
    let whole = u64::try_from(value).unwrap_or(if value < 0 { 0 } else { u64::MAX });
    match signal.unit() {
        Unit::Share if whole.is_multiple_of(10_000) => format!("{}%", whole / 10_000),
        Unit::Share => format::share(whole, 1_000_000),
        Unit::Duration => format::duration(whole),
        Unit::Money => Usd::from_attos(value).map_or_else(|| "beyond all prices".to_owned(), format::usd),
        Unit::Count => format::count(whole),
    }
}

/// `fault rate above 5% over 5 min for 2 min`
pub fn condition(alert: &Alert) -> String {
    let hold = if alert.hold == 0 { String::new() } else { format!(" for {}", format::period(alert.hold)) };
    if alert.signal == Signal::NoData {
        return format!("no {} within {}{hold}", alert.of.name(), format::period(alert.window));
    }
    let (label, above, window) =
        (alert.signal.label(), figure(alert.signal, alert.above), format::period(alert.window));
    format!("{label} above {above} over {window}{hold}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::AlertOf;

    #[test]
    fn figures_have_their_units() {
        for (signal, value, shown) in [
            (Signal::FaultRate, 50_000, "5%"),
            (Signal::FaultRate, 62_000, "6.2%"),
            (Signal::ColdRate, 0, "0%"),
            (Signal::P95, 417_000_000, "417 ms"),
            (Signal::CostPerHour, 1_200_000_000_000_000_000, "$1.20"),
            (Signal::NoData, 3, "3"),
        ] {
            assert_eq!(figure(signal, value), shown);
        }
    }

    #[test]
    fn a_condition_is_a_phrase() {
        let alert = Alert { above: 50_000, window: 300_000_000_000, hold: 120_000_000_000, ..Alert::default() };
        assert_eq!(condition(&alert), "fault rate above 5% over 5 min for 2 min");
        let silence =
            Alert { signal: Signal::NoData, of: AlertOf::Invocations, window: 3_600_000_000_000, ..Alert::default() };
        assert_eq!(condition(&silence), "no invocations within 1 h");
    }
}
