//! AWS's price list as JSON: products by SKU, then the terms of each. Walked without keeping what is not wanted.

use std::collections::HashMap;
use std::fmt;
use std::io::{ErrorKind, Read};

use coldlight_model::money::Usd;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::bounded::Bounded;
use super::matching::{Attributes, Match, Wanted, product};
use super::{Found, ImportError, MOST_PRICES, day, listed, range};

pub fn read(reader: impl Read) -> Result<Found, ImportError> {
    let mut list = List::default();
    let mut deserializer = serde_json::Deserializer::from_reader(Bounded::new(reader));
    let walked = Walk(&mut list).deserialize(&mut deserializer);
    if let Some(error) = list.refused.take() {
        return Err(error);
    }
    walked.and_then(|()| deserializer.end()).map_err(|error| match error.is_io() {
        true => match std::io::Error::from(error) {
            endless if endless.kind() == ErrorKind::InvalidData => ImportError::NotAList(endless.to_string()),
            error => ImportError::Read(error),
        },
        false if error.is_eof() => ImportError::NotAList("it ends early; was the download cut off?".to_owned()),
        false => ImportError::NotAList(error.to_string()),
    })?;
    if list.found.offer.is_empty() || !list.has_terms {
        return Err(ImportError::NotAList("it has no offerCode, products or terms".to_owned()));
    }
    Ok(list.found)
}

/// AWS's have sixteen letters and digits.
const LONGEST_SKU: usize = 100;

/// What was gathered so far.
#[derive(Default)]
struct List {
    found: Found,
    wanted: HashMap<String, Wanted>,
    has_terms: bool,
    refused: Option<ImportError>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    #[serde(default)]
    effective_date: String,
    price_dimensions: HashMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    #[serde(default)]
    begin_range: String,
    #[serde(default)]
    end_range: String,
    price_per_unit: HashMap<String, String>,
}

/// The whole document.
struct Walk<'a>(&'a mut List);
/// `products`: an object by SKU.
struct Products<'a>(&'a mut List);
/// `terms`: `OnDemand` and others.
struct Terms<'a>(&'a mut List);
/// `terms.OnDemand`: an object by SKU of objects by term.
struct OnDemand<'a>(&'a mut List);

/// A seed that reads an object and nothing else.
macro_rules! object {
    ($name:ident, $what:literal, |$list:ident, $map:ident| $body:block) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut $map: M) -> Result<(), M::Error> {
                let $list = self.0;
                $body
                Ok(())
            }
        }
    };
}

object!(Walk, "a price list", |list, map| {
    while let Some(name) = map.next_key::<String>()? {
        match name.as_str() {
            "offerCode" => list.found.offer = map.next_value()?,
            "version" => list.found.version = map.next_value()?,
            "offers" | "regions" => {
                return Err(M::Error::custom(
                    "it is an index of price lists; fetch one of those that it names (currentVersionUrl)",
                ));
            }
            "products" if list.found.offer.ends_with("SavingsPlans") => {
                return Err(M::Error::custom(
                    "it is a list of savings plans; fetch that of AWSLambda, AmazonECS or AmazonEC2",
                ));
            }
            "products" if list.found.offer.is_empty() => {
                return Err(M::Error::custom("products stand before offerCode"));
            }
            "products" => map.next_value_seed(Products(list))?,
            "terms" => {
                list.has_terms = true;
                map.next_value_seed(Terms(list))?;
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
});

object!(Products, "products by SKU", |list, map| {
    while let Some(sku) = map.next_key::<String>()? {
        let one: Product = map.next_value()?;
        match product(&list.found.offer, &one.attributes) {
            Match::Wanted(_) if sku.len() > LONGEST_SKU => list.found.unclear += 1,
            Match::Wanted(wanted) if list.wanted.len() < MOST_PRICES => {
                list.wanted.insert(sku, wanted);
            }
            Match::Wanted(_) => {
                list.refused = Some(ImportError::TooMany(MOST_PRICES));
                return Err(M::Error::custom("too many"));
            }
            Match::Unclear => list.found.unclear += 1,
            Match::Other => {}
        }
    }
});

object!(Terms, "terms", |list, map| {
    while let Some(name) = map.next_key::<String>()? {
        match name.as_str() {
            "OnDemand" => map.next_value_seed(OnDemand(list))?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
});

object!(OnDemand, "terms by SKU", |list, map| {
    while let Some(sku) = map.next_key::<String>()? {
        // Taken out: a price list has each SKU's terms once.
        let Some(wanted) = list.wanted.remove(&sku) else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        for term in map.next_value::<HashMap<String, Term>>()?.into_values() {
            if let Err(refused) = add(&mut list.found, &wanted, &term) {
                list.refused = Some(refused);
                return Err(M::Error::custom("too many"));
            }
        }
    }
});

fn add(found: &mut Found, wanted: &Wanted, term: &Term) -> Result<(), ImportError> {
    let mut tiers = Vec::with_capacity(term.price_dimensions.len());
    for dimension in term.price_dimensions.values() {
        let usd = dimension.price_per_unit.get("USD").and_then(|text| text.parse::<Usd>().ok());
        if usd.is_none() && found.currency.is_none() {
            found.currency = dimension.price_per_unit.keys().min().cloned();
        }
        let (Some((begin, end)), Some(usd)) = (range(&dimension.begin_range, &dimension.end_range), usd) else {
            // A price with one tier missing would be wrong: all or none.
            found.unclear += 1;
            return Ok(());
        };
        let price = listed(wanted, day(&term.effective_date));
        tiers.push(coldlight_model::money::Price { begin, end, usd: Some(usd), ..price });
    }
    tiers.into_iter().try_for_each(|tier| found.add(tier))
}
