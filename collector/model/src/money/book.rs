//! The price book: which price held for what, where and when.
//!
//! Of the layers that have a price valid on the day, the highest wins (set by hand, then imported, then built in); within
//! it the latest date, then what was recorded last. On a day before every known price, the oldest of them holds, one set
//! by hand only where there is no other. Another region's price is never taken. Discounts apply to what was not set by hand.
//!
//! The same rules in SQL: `store/src/schema/prices.sql`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::date::Date;
use super::discount::{Discount, WHOLE_PPM, paid_ppm};
use super::price::{Architecture, Layer, Price, Unknown, subject};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    pub region: &'a str,
    pub service: &'a str,
    pub item: &'a str,
    pub architecture: Option<Architecture>,
}

type Key = (String, String, String, Option<Architecture>);

/// Prices that were recorded together for one subject: its tiers, by begin.
#[derive(Clone, Debug, Default)]
struct Version {
    layer: Layer,
    effective: Option<Date>,
    recorded: u32,
    tiers: Vec<Price>,
}

/// All known prices, with their history.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    versions: BTreeMap<Key, Vec<Version>>,
    discounts: Vec<Discount>,
}

impl PriceBook {
    pub fn new(prices: impl IntoIterator<Item = Price>, discounts: Vec<Discount>) -> Self {
        let mut versions: BTreeMap<Key, Vec<Version>> = BTreeMap::new();
        for price in prices {
            let key = (price.service.clone(), price.item.clone(), price.region.clone(), price.architecture);
            let all = versions.entry(key).or_default();
            let same = |version: &&mut Version| {
                (version.layer, version.effective, version.recorded) == (price.layer, price.effective, price.recorded)
            };
            match all.iter_mut().find(same) {
                Some(version) => version.tiers.push(price),
                None => all.push(Version {
                    layer: price.layer,
                    effective: price.effective,
                    recorded: price.recorded,
                    tiers: vec![price],
                }),
            }
        }
        for version in versions.values_mut().flatten() {
            version.tiers.sort_by_key(|tier| tier.begin);
        }
        Self { versions, discounts }
    }

    /// Every price, by service, item, region and architecture.
    pub fn prices(&self) -> impl Iterator<Item = &Price> {
        self.versions.values().flatten().flat_map(|version| &version.tiers)
    }

    /// The tiers that hold on a day, from the first; at least one. Rows for any architecture and for every region count where
    /// there is none of the very one.
    ///
    /// # Errors
    /// [`Unknown::NotInBook`].
    pub fn tiers(&self, asked: Subject<'_>, on: Date) -> Result<Cow<'_, [Price]>, Unknown> {
        let any = [None];
        let own = [asked.architecture, None];
        let architectures: &[Option<Architecture>] = if asked.architecture.is_some() { &own } else { &any };
        for region in [asked.region, "*"] {
            for architecture in architectures {
                let key = (asked.service.to_owned(), asked.item.to_owned(), region.to_owned(), *architecture);
                if let Some(version) = self.versions.get(&key).and_then(|all| valid(all, on)) {
                    return Ok(self.discounted(&version.tiers, on));
                }
            }
        }
        let what = subject(asked.service, asked.item, asked.architecture, asked.region);
        Err(Unknown::NotInBook { what })
    }

    /// The price of the first tier on a day: the list price of one more unit, which does not depend on the rest of the account.
    ///
    /// # Errors
    /// [`Unknown::NotInBook`]; the price found may still be unknown itself ([`Price::known`]).
    pub fn price(&self, asked: Subject<'_>, on: Date) -> Result<Cow<'_, Price>, Unknown> {
        let missing =
            || Unknown::NotInBook { what: subject(asked.service, asked.item, asked.architecture, asked.region) };
        match self.tiers(asked, on)? {
            Cow::Borrowed(tiers) => tiers.first().map(Cow::Borrowed).ok_or_else(missing),
            Cow::Owned(tiers) => tiers.into_iter().next().map(Cow::Owned).ok_or_else(missing),
        }
    }

    fn discounted<'a>(&self, tiers: &'a [Price], on: Date) -> Cow<'a, [Price]> {
        let paid = tiers
            .first()
            .filter(|first| first.layer != Layer::Set)
            .map_or(WHOLE_PPM, |first| paid_ppm(&self.discounts, first, on));
        if paid == WHOLE_PPM {
            return Cow::Borrowed(tiers);
        }
        tiers.iter().map(|tier| Price { paid_ppm: paid, ..tier.clone() }).collect()
    }

    /// The tiers recorded last for one subject in one layer from one day; empty when there are none. What a new recording would repeat.
    pub fn recorded(&self, asked: Subject<'_>, layer: Layer, effective: Option<Date>) -> &[Price] {
        let key = (asked.service.to_owned(), asked.item.to_owned(), asked.region.to_owned(), asked.architecture);
        let all = self.versions.get(&key).map_or(&[][..], Vec::as_slice);
        let same = all.iter().filter(|version| (version.layer, version.effective) == (layer, effective));
        same.max_by_key(|version| version.recorded).map_or(&[], |version| &version.tiers)
    }

    pub fn discounts(&self) -> &[Discount] {
        &self.discounts
    }
}

/// See the module's words.
fn valid(versions: &[Version], on: Date) -> Option<&Version> {
    let begun = versions.iter().filter(|version| version.effective.is_none_or(|from| from <= on));
    // `None` sorts before every date, as "always" should.
    begun.max_by_key(|version| (version.layer, version.effective, version.recorded)).or_else(|| {
        versions.iter().min_by_key(|version| {
            (version.layer == Layer::Set, version.effective, Reverse(version.layer), Reverse(version.recorded))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::price::Status;

    fn price(usd: &str, layer: Layer, effective: Option<&str>, recorded: u32) -> Price {
        Price {
            region: "eu-west-1".into(),
            service: "lambda".into(),
            item: "duration".into(),
            architecture: Some(Architecture::Arm64),
            unit: "GB-second".into(),
            begin: 0,
            end: None,
            usd: Some(usd.parse().unwrap()),
            paid_ppm: WHOLE_PPM,
            status: Status::Single,
            source: String::new(),
            effective: effective.map(|date| date.parse().unwrap()),
            layer,
            recorded,
            usagetype: None,
            size: None,
            note: String::new(),
        }
    }

    const ASKED: Subject<'static> =
        Subject { region: "eu-west-1", service: "lambda", item: "duration", architecture: Some(Architecture::Arm64) };

    #[track_caller]
    fn check(prices: &[Price], on: &str, expected: &str) {
        let book = PriceBook::new(prices.iter().cloned(), Vec::new());
        let found = book.price(ASKED, on.parse().unwrap()).unwrap();
        assert_eq!(found.usd.unwrap().to_string(), expected);
    }

    #[test]
    fn the_latest_price_begun_on_the_day_holds() {
        let prices =
            [price("1", Layer::Imported, Some("2026-01-01"), 1), price("2", Layer::Imported, Some("2026-06-01"), 1)];
        check(&prices, "2026-05-31", "1");
        check(&prices, "2026-06-01", "2");
        check(&prices, "2020-01-01", "1");
    }

    #[test]
    fn an_undated_price_holds_until_a_dated_one_begins() {
        let prices = [price("1", Layer::BuiltIn, None, 0), price("2", Layer::Imported, Some("2026-06-01"), 1)];
        check(&prices, "2026-05-31", "1");
        check(&prices, "2026-06-01", "2");
    }

    #[test]
    fn an_imported_price_wins_over_a_later_built_in_one() {
        let prices = [
            price("1", Layer::BuiltIn, Some("2026-09-19"), 0),
            price("2", Layer::Imported, Some("2026-08-01"), 1),
            price("3", Layer::Set, Some("2026-10-01"), 2),
        ];
        check(&prices, "2026-09-30", "2");
        check(&prices, "2026-10-01", "3");
        check(&prices, "2026-01-01", "2");
    }

    #[test]
    fn a_price_set_by_hand_holds_from_its_day_and_not_before() {
        let prices = [price("1", Layer::BuiltIn, Some("2026-09-19"), 0), price("2", Layer::Set, Some("2026-03-01"), 1)];
        check(&prices, "2026-02-28", "1");
        check(&prices, "2026-03-01", "2");
        check(&prices[1..], "2026-02-28", "2");
    }

    #[test]
    fn a_correction_recorded_later_wins_over_the_same_date() {
        let prices =
            [price("1", Layer::Imported, Some("2026-01-01"), 1), price("2", Layer::Imported, Some("2026-01-01"), 2)];
        check(&prices, "2026-01-01", "2");
    }

    #[test]
    fn no_other_region_or_architecture_is_taken() {
        let book = PriceBook::new([price("1", Layer::BuiltIn, None, 0)], Vec::new());
        let on = "2026-01-01".parse().unwrap();
        let elsewhere = Subject { region: "eu-west-2", ..ASKED };
        let message = book.price(elsewhere, on).unwrap_err().to_string();
        assert!(message.contains("eu-west-2") && message.contains("prices import"), "{message}");
        assert!(book.price(Subject { architecture: Some(Architecture::X86_64), ..ASKED }, on).is_err());
    }

    #[test]
    fn a_discount_holds_from_its_day_for_what_was_not_set_by_hand() {
        let discount = |service: &str, paid_ppm, from: Option<&str>| Discount {
            region: "*".into(),
            service: service.into(),
            item: "*".into(),
            paid_ppm,
            effective: from.map(|date| date.parse().unwrap()),
            recorded: 1,
            note: String::new(),
        };
        let discounts = vec![
            discount("*", 900_000, None),
            discount("lambda", 800_000, Some("2026-02-01")),
            discount("sqs", 1, None),
        ];
        let prices = [price("1", Layer::BuiltIn, None, 0), price("7", Layer::Set, Some("2026-03-01"), 1)];
        let book = PriceBook::new(prices, discounts);
        let on = |date: &str| book.price(ASKED, date.parse().unwrap()).unwrap();
        assert_eq!(on("2026-01-31").known(), Ok("0.9".parse().unwrap()));
        assert_eq!(on("2026-02-01").known(), Ok("0.8".parse().unwrap()));
        assert_eq!(on("2026-02-01").rate(), "1 × 0.8 USD/GB-second");
        assert_eq!(on("2026-03-01").known(), Ok("7".parse().unwrap()));
    }
}
