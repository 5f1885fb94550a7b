//! A request's share of the task that served it.
//!
//! A task costs the same per second at rest and at work. At each instant the requests open then share its rate; an instant
//! with none is idle. So direct shares and idle sum to the task's cost, exactly, whatever overlaps.

use super::arithmetic::mul_div_down;
use super::usd::{Usd, apportion};

/// The smallest number that every count from 1 to 40 divides: time in this fraction of a nanosecond is shared by up to 40
/// requests at once without a rest. Beyond 40, less than 10⁻²⁴ s is lost to idle.
const PARTS_PER_NS: u128 = 5_342_931_457_063_200;

/// When a request was open, in nanoseconds of any clock; from `from` (inclusive) to `to` (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    pub from: i64,
    pub to: i64,
}

/// A task's cost, shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What each request kept busy, in the order given. Rounded down.
    pub direct: Vec<Usd>,
    /// What no request kept busy, and the rest of the rounding.
    pub idle: Usd,
    /// Direct and a proportional part of idle: the task's cost, shared by the requests alone. `None` when no request kept
    /// it busy.
    pub fully_loaded: Option<Vec<Usd>>,
}

/// Shares `cost`, which paid for `billed_ns`, among the requests of a task alive in `life`. Requests are clipped to its life; what is
/// billed beyond it (a minimum) is idle. `None` when the life is longer than what was billed, or backwards.
pub fn shares(cost: Usd, billed_ns: u64, life: Open, requests: &[Open]) -> Option<Shares> {
    let lived = u64::try_from(life.to.checked_sub(life.from)?).ok()?;
    if lived > billed_ns || cost < Usd::ZERO {
        return None;
    }
    let clipped: Vec<Open> = requests
        .iter()
        .map(|request| {
            let from = request.from.clamp(life.from, life.to);
            Open { from, to: request.to.clamp(from, life.to) }
        })
        .collect();
    let busy = busy_parts(&clipped)?;
    let whole = u128::from(billed_ns).checked_mul(PARTS_PER_NS)?;
    let attos = u128::try_from(cost.attos()).ok()?;
    let mut direct = Vec::with_capacity(busy.len());
    for parts in &busy {
        let share = if whole == 0 { 0 } else { mul_div_down(attos, *parts, whole)? };
        direct.push(Usd::from_attos(i128::try_from(share).ok()?)?);
    }
    let idle = cost.checked_sub(Usd::sum(direct.iter().copied())?)?;
    Some(Shares { direct, idle, fully_loaded: apportion(cost, &busy) })
}

/// The time each request had to itself, counting a time shared by n as its n-th part.
///
/// One sweep: `each` is what a request open from the beginning would have by now, so a request has the difference between its two ends.
fn busy_parts(requests: &[Open]) -> Option<Vec<u128>> {
    let mut edges: Vec<(i64, bool, usize)> = Vec::with_capacity(requests.len() * 2);
    for (at, request) in requests.iter().enumerate().filter(|(_, request)| request.to > request.from) {
        edges.push((request.from, true, at));
        edges.push((request.to, false, at));
    }
    edges.sort_unstable();
    let mut parts = vec![0_u128; requests.len()];
    let (mut each, mut open) = (0_u128, 0_u128);
    let mut before = edges.first().map_or(0, |(at, ..)| *at);
    for (now, opens, at) in edges {
        let passed = u128::try_from(i128::from(now) - i128::from(before)).ok()?;
        // While none is open, nobody's time passes.
        each = each.checked_add(passed.checked_mul(PARTS_PER_NS)?.checked_div(open).unwrap_or(0))?;
        before = now;
        if opens {
            open += 1;
            parts[at] = each;
        } else {
            open -= 1;
            parts[at] = each - parts[at];
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(from: i64, to: i64) -> Open {
        Open { from, to }
    }

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn overlapping_requests_share_and_gaps_are_idle() {
        let shared = shares(usd("10"), 10, open(0, 10), &[open(1, 5), open(3, 6), open(6, 7)]).unwrap();
        assert_eq!(shared.direct, [usd("3"), usd("2"), usd("1")]);
        assert_eq!(shared.idle, usd("4"));
        let loaded = shared.fully_loaded.unwrap();
        assert_eq!(loaded[0], usd("5"));
        assert_eq!(loaded[1].to_picodollars(), "3.333333333333");
        assert_eq!(Usd::sum(loaded), Some(usd("10")));
    }

    #[test]
    fn requests_are_clipped_to_the_life_of_the_task() {
        let before_the_epoch = shares(usd("10"), 10, open(-10, 0), &[open(-9, -8)]).unwrap();
        assert_eq!(before_the_epoch.direct, [usd("1")]);
        let shared = shares(usd("10"), 10, open(0, 10), &[open(-5, 2), open(9, 99), open(20, 30), open(7, 3)]).unwrap();
        assert_eq!(shared.direct, [usd("2"), usd("1"), Usd::ZERO, Usd::ZERO]);
        assert_eq!(shared.idle, usd("7"));
    }

    #[test]
    fn a_minimum_charge_is_idle_beyond_the_life() {
        let shared = shares(usd("60"), 60, open(0, 10), &[open(0, 10)]).unwrap();
        assert_eq!((shared.direct[0], shared.idle), (usd("10"), usd("50")));
    }

    #[test]
    fn without_a_request_all_is_idle_and_nothing_is_fully_loaded() {
        let shared = shares(usd("1"), 10, open(0, 10), &[]).unwrap();
        assert_eq!((shared.idle, shared.fully_loaded), (usd("1"), None));
        assert_eq!(shares(usd("1"), 5, open(0, 10), &[]), None);
    }

    proptest! {
        #[test]
        fn shares_and_idle_sum_to_the_tasks_cost(
            attos in 0..10_i128.pow(24),
            extra in 0..1000_u64,
            requests in proptest::collection::vec((-100..1100_i64, 0..500_i64), 0..80),
        ) {
            let cost = Usd::from_attos(attos).unwrap();
            let requests: Vec<Open> = requests.into_iter().map(|(from, length)| open(from, from + length)).collect();
            let shared = shares(cost, 1000 + extra, open(0, 1000), &requests).unwrap();
            let direct = Usd::sum(shared.direct.iter().copied()).unwrap();
            prop_assert_eq!(direct.checked_add(shared.idle), Some(cost));
            prop_assert!(shared.idle >= Usd::ZERO);
            if let Some(loaded) = shared.fully_loaded {
                prop_assert_eq!(Usd::sum(loaded), Some(cost));
            }
        }
    }
}
