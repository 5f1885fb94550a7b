//! What a node's invocations cost and how often they began cold, as words of the map.

use coldlight_model::money::Usd;
use coldlight_model::{Bill, Spent};

use crate::chart::Split;
use crate::format::{NOT_APPLICABLE, counted, duration, large_count, per_million, share, usd};

/// Share of cold starts from which it is worth a corner.
const COLD_SHOWN: f64 = 0.009;

/// Whether any of it has a price.
pub fn is_priced(spent: &Spent) -> bool {
    spent.invocations > spent.unpriced
}

/// `2.4%`, where there were invocations.
pub fn cold_share(spent: &Spent) -> Option<String> {
    (spent.invocations > 0).then(|| share(spent.cold, spent.invocations))
}

pub fn is_often_cold(spent: &Spent) -> bool {
    spent.cold > 0 && spent.cold as f64 >= COLD_SHOWN * spent.invocations as f64
}

/// `$5.15`, of a million such invocations.
pub fn millionth(spent: &Spent) -> Option<String> {
    per_million(spent.total(), spent.invocations.saturating_sub(spent.unpriced)).map(usd)
}

/// The sections of the inspector about a node's cold starts and money.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Money {
    /// `708 of 29,520`.
    pub cold_of: String,
    /// Share, init p50, init p95: value, label, class.
    pub cold: Vec<(String, String, &'static str)>,
    /// Of the range, each, a million.
    pub cost: Vec<(String, String, &'static str)>,
    pub split: Split,
    /// What the sums leave out.
    pub note: Option<String>,
}

/// `phrase` names the range.
pub fn money(bill: &Bill, phrase: &str) -> Option<Money> {
    let spent = &bill.spent;
    if spent.invocations == 0 {
        return None;
    }
    let wait =
        |of: fn((u64, u64)) -> u64| bill.init.map_or_else(|| NOT_APPLICABLE.to_owned(), |both| duration(of(both)));
    let each = spent.total().times(1, (spent.invocations - spent.unpriced.min(spent.invocations)).max(1).into());
    let cost = match is_priced(spent) {
        true => vec![
            (usd(spent.total()), phrase.to_owned(), ""),
            (usd(each.unwrap_or(Usd::ZERO)), "per invocation".to_owned(), ""),
            (millionth(spent).unwrap_or_default(), "per million".to_owned(), ""),
        ],
        false => Vec::new(),
    };
    Some(Money {
        cold_of: format!("{} of {}", large_count(spent.cold), large_count(spent.invocations)),
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
        note: (spent.unpriced > 0)
            .then(|| format!("{} without a price", counted(spent.unpriced, "invocation", "invocations"))),
    })
}
