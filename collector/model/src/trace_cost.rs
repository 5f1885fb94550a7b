//! What a trace cost with everything it set going: functions, containers and metered calls, here and in the traces that link to it.
//!
//! Whoever takes a message from a queue does it in a trace of its own, linked to the traces that sent the messages. Its cost belongs to
//! those, by the number of its links to each; so what a batch costs is split over its messages' traces, exactly.

use crate::TraceId;
use crate::money::{Usd, apportion};

/// What one trace cost by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnCost {
    /// Invocations of functions.
    pub functions: Usd,
    /// What its requests kept busy of containers.
    pub containers: Usd,
    /// Messages and requests to managed services, as AWS meters them.
    pub calls: Usd,
    /// Of each, those without a price: in none of the sums.
    pub unpriced: u64,
}

impl OwnCost {
    /// Saturating only beyond 10²⁰ USD.
    pub fn total(&self) -> Usd {
        Usd::sum([self.functions, self.containers, self.calls]).unwrap_or_default()
    }
}

/// A trace further down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downstream {
    pub trace: TraceId,
    /// Of the span that links.
    pub service: String,
    /// All that trace cost by itself.
    pub own: OwnCost,
    /// The part that belongs to the trace asked about.
    pub part: Usd,
    /// Links to the trace above it, of all that it has.
    pub links: u64,
    pub of: u64,
}

/// A trace with its whole asynchronous tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceCost {
    pub own: OwnCost,
    pub downstream: Vec<Downstream>,
    /// There are more traces below than were followed.
    pub cut_off: bool,
}

impl TraceCost {
    /// Everything, of those followed.
    pub fn total(&self) -> Usd {
        let parts = self.downstream.iter().map(|one| one.part);
        Usd::sum(std::iter::once(self.own.total()).chain(parts)).unwrap_or_default()
    }

    pub fn unpriced(&self) -> u64 {
        self.downstream.iter().fold(self.own.unpriced, |sum, one| sum.saturating_add(one.own.unpriced))
    }
}

/// How the cost of a trace is split over those it links to: links by trace, in the order of the ids, and which of them is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub links: Vec<u64>,
    pub at: usize,
}

/// The part of `cost` that reaches the top through `splits`, the nearest first. Parts to all ends sum to the cost.
pub fn part_of(cost: Usd, splits: &[Split]) -> Option<Usd> {
    splits.iter().try_fold(cost, |cost, split| {
        let weights: Vec<u128> = split.links.iter().map(|links| u128::from(*links)).collect();
        apportion(cost, &weights)?.get(split.at).copied()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_is_split_by_its_messages() {
        let ten = "0.00001".parse().unwrap();
        let split = |at| Split { links: vec![7, 2, 1], at };
        assert_eq!(part_of(ten, &[split(0)]).unwrap().to_string(), "0.000007");
        assert_eq!(part_of(ten, &[Split { links: vec![1, 1], at: 0 }, split(1)]).unwrap().to_string(), "0.000001");
        assert_eq!(part_of(ten, &[]), Some(ten));
    }

    proptest! {
        #[test]
        fn parts_to_all_ends_sum_to_the_cost(
            attos in 0..10_i128.pow(24),
            near in proptest::collection::vec(1..20_u64, 1..8),
            far in proptest::collection::vec(1..20_u64, 1..8),
        ) {
            let cost = Usd::from_attos(attos).unwrap();
            let ends = (0..near.len()).flat_map(|one| (0..far.len()).map(move |other| (one, other)));
            let parts = ends.map(|(one, other)| {
                part_of(cost, &[Split { links: near.clone(), at: one }, Split { links: far.clone(), at: other }]).unwrap()
            });
            prop_assert_eq!(Usd::sum(parts), Some(cost));
        }
    }
}
