//! What a node's invocations cost and how often they began cold, as words of the map.

use coldlight_model::money::Usd;
use coldlight_model::{Bill, Spent};

use crate::chart::Split;
use crate::format::{NOT_APPLICABLE, counted, duration, large_count, per_million, share, usd, usd_millionth};
use crate::formula::Formula;

/// Share of cold starts from which it is worth a corner.
const COLD_SHOWN: f64 = 0.009;

/// Whether any of it has a price.
pub fn is_priced(spent: &Spent) -> bool {
    spent.priced() > 0 || spent.total() > Usd::ZERO
}

/// `2.4%`, where there were invocations.
pub fn cold_share(spent: &Spent) -> Option<String> {
    (spent.invocations > 0).then(|| share(spent.cold, spent.invocations))
}

pub fn is_often_cold(spent: &Spent) -> bool {
    spent.cold > 0 && spent.cold as f64 >= COLD_SHOWN * spent.invocations as f64
}

/// `$5.15`, of a million such invocations or requests; of containers only their page knows how many there were.
pub fn millionth(spent: &Spent) -> Option<String> {
    per_million(spent.total(), spent.priced()).filter(|_| spent.tasks == Usd::ZERO).map(usd_millionth)
}

/// The sections of the inspector about a node's cold starts and money.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Money {
    /// `708 of 29,520`; empty of what is no function.
    pub cold_of: String,
    /// Share, init p50, init p95: value, label, class.
    pub cold: Vec<(String, String, &'static str)>,
    /// Of the range, each, a million.
    pub cost: Vec<(String, String, &'static str)>,
    pub split: Split,
    /// What the sums leave out.
    pub note: Option<String>,
    /// How the first of them came to be.
    pub formula: Formula,
}

/// `phrase` names the range; `addends` lead to what is summed.
pub fn money(bill: &Bill, phrase: &str, addends: Vec<(String, String)>) -> Option<Money> {
    let spent = &bill.spent;
    if spent.served() == 0 && spent.total() == Usd::ZERO {
        return None;
    }
    let wait =
        |of: fn((u64, u64)) -> u64| bill.init.map_or_else(|| NOT_APPLICABLE.to_owned(), |both| duration(of(both)));
    let is_counted = spent.priced() > 0 && spent.tasks == Usd::ZERO;
    let each = spent.total().times(1, spent.priced().max(1).into()).filter(|_| is_counted);
    let of_each = if spent.container_requests > 0 { "per request" } else { "per invocation" };
    let mut cost = Vec::new();
    if is_priced(spent) {
        cost.push((usd(spent.total()), phrase.to_owned(), ""));
        cost.extend(each.map(|each| (usd(each), of_each.to_owned(), "")));
        cost.extend(millionth(spent).map(|million| (million, "per million".to_owned(), "")));
    }
    Some(Money {
        cold_of: match spent.invocations {
            0 => String::new(),
            all => format!("{} of {}", large_count(spent.cold), large_count(all)),
        },
        cold: vec![
            (
                cold_share(spent).unwrap_or_default(),
                "of invocations".to_owned(),
                if spent.cold > 0 { "c-cold" } else { "" },
            ),
            (wait(|both| both.0), "init p50".to_owned(), ""),
            (wait(|both| both.1), "init p95".to_owned(), ""),
        ],
        cost,
        split: Split::new(spent),
        formula: Formula {
            links: addends,
            ..Formula::of_spent(spent, String::new())
                .shown_as("How it adds up".to_owned(), "List prices of each day and region.")
        },
        note: left_out(spent),
    })
}

/// What sampling left out, else what has no price.
fn left_out(spent: &Spent) -> Option<String> {
    let with = spent.total().checked_add(spent.left_out_usd).filter(|_| spent.left_out > 0);
    let unpriced = || {
        (spent.unpriced > 0)
            .then(|| format!("{} without a price", counted(spent.unpriced, "invocation", "invocations")))
    };
    with.map(|with| format!("≈ {} with what sampling left out", usd(with))).or_else(unpriced)
}
