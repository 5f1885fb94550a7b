//! The book in the program: AWS's list prices in USD, on demand, without tax, each with who prints it.
//!
//! `prices.tsv` has a row a price: empty `usd` is unknown, empty `end` is without end, empty `effective` is always, empty
//! `architecture` is any; `sources` are keys of `sources.tsv`. The figures were read from public copies of AWS's
//! documents on 2026-11-23; `coldlight prices import` brings AWS's own.

use std::sync::LazyLock;

use super::arithmetic::parse_decimal;
use super::book::PriceBook;
use super::discount::WHOLE_PPM;
use super::price::{Architecture, InstanceSize, Layer, Price, Status};

const PRICES: &str = include_str!("prices.tsv");
const SOURCES: &str = include_str!("sources.tsv");
const COLUMNS: &str = "region\tservice\titem\tarchitecture\tunit\tbegin\tend\tusd\tstatus\tsources\teffective\tusagetype\tvcpu\tmemory_gib\tnote";

static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::new(prices(), Vec::new()));

impl PriceBook {
    /// What is known without any import.
    pub fn built_in() -> &'static Self {
        &BOOK
    }
}

fn prices() -> Vec<Price> {
    let mut lines = PRICES.lines();
    let header = lines.next().unwrap_or_default();
    debug_assert_eq!(header, COLUMNS);
    // A row that cannot be read is left out; a test reads all of them.
    lines.filter_map(price).collect()
}

fn price(line: &str) -> Option<Price> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        region,
        service,
        item,
        architecture,
        unit,
        begin,
        end,
        usd,
        status,
        sources,
        effective,
        usagetype,
        vcpu,
        memory,
        note,
    ] = fields[..]
    else {
        return None;
    };
    Some(Price {
        region: region.into(),
        service: service.into(),
        item: item.into(),
        architecture: optional(architecture, Architecture::from_name)?,
        unit: unit.into(),
        begin: begin.parse().ok()?,
        end: optional(end, |text| text.parse().ok())?,
        usd: optional(usd, |text| text.parse().ok())?,
        paid_ppm: WHOLE_PPM,
        status: Status::from_name(status)?,
        source: source(sources)?,
        effective: optional(effective, |text| text.parse().ok())?,
        layer: Layer::BuiltIn,
        recorded: 0,
        usagetype: optional(usagetype, |text| Some(text.to_owned()))?,
        size: size(vcpu, memory)?,
        note: note.into(),
    })
}

/// `Some(None)` for an empty field, `None` for one that cannot be read.
fn optional<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

fn size(vcpu: &str, memory_gib: &str) -> Option<Option<InstanceSize>> {
    if vcpu.is_empty() && memory_gib.is_empty() {
        return Some(None);
    }
    let e10 = |text| u64::try_from(parse_decimal(text, 10).ok()?).ok();
    Some(Some(InstanceSize { vcpu_e10: e10(vcpu)?, memory_mib: e10(memory_gib)? * 1024 / 10_000_000_000 }))
}

/// The sources behind the keys, in words.
fn source(keys: &str) -> Option<String> {
    let one = |key: &str| SOURCES.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'));
    let words: Option<Vec<&str>> = keys.split_whitespace().map(one).collect();
    Some(words?.join("; "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::money::usd::Usd;

    #[test]
    fn every_row_is_read() {
        assert_eq!(PRICES.lines().next(), Some(COLUMNS));
        for line in PRICES.lines().skip(1) {
            assert!(price(line).is_some(), "{line}");
        }
        assert_eq!(PriceBook::built_in().prices().count(), 418);
    }

    #[test]
    fn what_nobody_prints_is_unknown_and_everything_else_has_a_source() {
        let unknown = PriceBook::built_in().prices().filter(|price| price.usd.is_none()).count();
        assert_eq!(unknown, 132);
        for price in PriceBook::built_in().prices() {
            assert_eq!(price.usd.is_none(), price.status == Status::Unsourced, "{price:?}");
            assert_eq!(price.usd.is_none(), price.source.is_empty(), "{price:?}");
            assert!(price.usd.is_none_or(|usd| usd >= Usd::ZERO), "{price:?}");
            // One source stands for two where it says so.
            let sources = price.source.contains("; ") || price.source.contains("two notes");
            assert!(price.status != Status::Agreed || sources, "{price:?}");
        }
    }

    #[test]
    fn tiers_follow_on_each_other_and_get_cheaper() {
        let mut subjects = BTreeSet::new();
        for price in PriceBook::built_in().prices() {
            subjects.insert((&price.region, &price.service, &price.item, price.architecture));
        }
        for (region, service, item, architecture) in subjects {
            let asked = crate::money::book::Subject { region, service, item, architecture };
            let tiers = PriceBook::built_in().tiers(asked, "2026-11-23".parse().unwrap()).unwrap();
            for pair in tiers.windows(2) {
                assert_eq!(pair[0].end, Some(pair[1].begin), "{asked:?}");
                if let (Some(first), Some(second)) = (pair[0].usd, pair[1].usd) {
                    assert!(second < first, "{asked:?}");
                }
            }
            let last = tiers.last().unwrap();
            assert!(last.end.is_none() || item.starts_with("free_"), "{asked:?}");
        }
    }

    #[test]
    fn instance_types_have_their_size() {
        for price in PriceBook::built_in().prices() {
            assert_eq!(price.size.is_some(), price.service == "ec2", "{price:?}");
        }
        let size = PriceBook::built_in().prices().find(|price| price.item == "m7i.xlarge").and_then(|price| price.size);
        assert_eq!(size, Some(InstanceSize { vcpu_e10: 40_000_000_000, memory_mib: 16_384 }));
    }
}
