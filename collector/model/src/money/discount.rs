//! What was agreed with AWS below the list: a share of the price that is paid, from a day.

use super::date::Date;
use super::price::Price;

/// A price paid in full, in millionths.
pub const WHOLE_PPM: u32 = 1_000_000;
/// Not money but a share of an instance's price, which has its discount already.
const FRACTIONS: [&str; 1] = ["managed_instances_fee"];

/// Prices below the list, from a day until the next such discount. `*` stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    pub region: String,
    pub service: String,
    pub item: String,
    /// What is paid of the list price, in millionths: 880,000 is 12 % off; [`WHOLE_PPM`] ends a discount.
    pub paid_ppm: u32,
    /// `None` is always.
    pub effective: Option<Date>,
    pub recorded: u32,
    pub note: String,
}

impl Discount {
    fn meets(&self, price: &Price) -> bool {
        let meets = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        meets(&self.region, &price.region)
            && meets(&self.service, &price.service)
            && meets(&self.item, &price.item)
            && !FRACTIONS.contains(&price.item.as_str())
    }

    fn named(&self) -> usize {
        [&self.region, &self.service, &self.item].into_iter().filter(|name| *name != "*").count()
    }
}

/// What is paid of `price` on a day: of the discounts begun the one that names most, then the latest, then the last recorded.
pub(super) fn paid_ppm(discounts: &[Discount], price: &Price, on: Date) -> u32 {
    discounts
        .iter()
        .filter(|discount| discount.effective.is_none_or(|from| from <= on) && discount.meets(price))
        .max_by_key(|discount| (discount.named(), discount.effective, discount.recorded))
        .map_or(WHOLE_PPM, |discount| discount.paid_ppm)
}
