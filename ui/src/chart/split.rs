//! What a sum of money is made of, as parts of a bar.

use coldlight_model::Spent;
use coldlight_model::money::Usd;

use crate::format::{number, usd_share};

/// The parts that are not zero, in the order in which money is explained everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    pub parts: Vec<SplitPart>,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SplitPart {
    /// Class of the fill, after `p-`.
    pub fill: &'static str,
    pub label: &'static str,
    pub share: String,
    /// In percent of the whole, for a custom property.
    pub width: String,
}

impl Split {
    pub fn new(spent: &Spent) -> Self {
        let whole = spent.total();
        let parts: Vec<SplitPart> = [
            ("own", "own work", spent.own),
            ("waiting", "waiting", spent.waiting),
            ("init", "init", spent.init),
            ("requests", "requests", spent.requests),
            ("flush", "extensions", spent.flush),
            ("restore", "/tmp", spent.storage),
            ("restore", "streamed responses", spent.streamed),
            ("restore", "restores", spent.restore),
            ("calls", "calls", spent.calls),
            ("busy", "busy containers", spent.busy),
            ("idle", "idle containers", spent.idle),
            ("busy", "containers", spent.tasks),
        ]
        .into_iter()
        .filter(|(.., amount)| *amount > Usd::ZERO)
        .map(|(fill, label, amount)| SplitPart {
            fill,
            label,
            share: usd_share(amount, whole),
            width: number(amount.attos() as f64 / whole.attos().max(1) as f64 * 100.0),
        })
        .collect();
        let words: Vec<String> = parts.iter().map(|part| format!("{} {}", part.label, part.share)).collect();
        Self { parts, words: words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_costs_is_named_with_its_share() {
        let usd = |attos| Usd::from_attos(attos).unwrap();
        let spent = Spent { own: usd(600), waiting: usd(300), requests: usd(100), ..Spent::default() };
        let split = Split::new(&spent);
        assert_eq!(split.words, "own work 60.0%, waiting 30.0%, requests 10.0%");
        assert_eq!(split.parts[1].width, "30");
        assert_eq!(Split::new(&Spent::default()), Split::default());
    }
}
