//! What something cost: its parts, how each was computed, and with which prices.
//!
//! A part is rounded half up once, to 10⁻¹⁸ USD; the total is the exact sum of the parts.

use std::borrow::Cow;

use super::price::{Price, Unknown};
use super::usd::Usd;

/// One component of a cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: &'static str,
    pub usd: Result<Usd, Unknown>,
    /// The arithmetic with its figures, such as `0.001 s × 128/1024 GB × 0.0000166667 USD/GB-second`.
    pub formula: String,
    /// What was multiplied with, each with source and date.
    pub prices: Vec<Price>,
}

/// A cost and how it came to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    pub parts: Vec<Part>,
}

/// How much was used: a fraction of units, and how the formula writes it. `None` is more than can be counted.
#[derive(Clone, Debug)]
pub(super) struct Amount {
    pub numerator: Option<u128>,
    pub denominator: u128,
    pub text: String,
}

impl Amount {
    pub fn whole(count: u64, text: impl Into<String>) -> Self {
        Self { numerator: Some(count.into()), denominator: 1, text: text.into() }
    }
}

impl Part {
    /// So much of what is priced.
    pub(super) fn of(name: &'static str, amount: &Amount, price: Result<Cow<'_, Price>, Unknown>) -> Self {
        match price {
            Ok(price) => {
                let numerator = amount.numerator.ok_or(Unknown::TooLarge);
                Self {
                    name,
                    usd: numerator.and_then(|numerator| price.of(numerator, amount.denominator)),
                    formula: format!("{} × {}", amount.text, price.rate()),
                    prices: vec![price.into_owned()],
                }
            }
            Err(unknown) => Self::unknown(name, format!("{} × ?", amount.text), unknown),
        }
    }

    pub(super) fn unknown(name: &'static str, formula: String, unknown: Unknown) -> Self {
        Self { name, usd: Err(unknown), formula, prices: Vec::new() }
    }
}

impl Cost {
    /// The exact sum of the parts.
    ///
    /// # Errors
    /// Why the first part that is unknown is so: a sum that leaves something out would be wrong.
    pub fn total(&self) -> Result<Usd, Unknown> {
        self.parts.iter().try_fold(Usd::ZERO, |sum, part| {
            let usd = part.usd.as_ref().map_err(Unknown::clone)?;
            sum.checked_add(*usd).ok_or(Unknown::TooLarge)
        })
    }

    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The formulas of the parts, joined.
    pub fn formula(&self) -> String {
        self.parts.iter().map(|part| part.formula.as_str()).collect::<Vec<_>>().join(" + ")
    }

    /// Every price that was used, once.
    pub fn prices(&self) -> Vec<&Price> {
        let mut prices: Vec<&Price> = Vec::new();
        for price in self.parts.iter().flat_map(|part| &part.prices) {
            if !prices.contains(&price) {
                prices.push(price);
            }
        }
        prices
    }
}
