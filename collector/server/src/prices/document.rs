//! Prices and discounts as JSON: what the API gives and takes.
//!
//! Money is text, so that no reader makes a float of it.

use coldlight_model::money::{
    Architecture, Date, Discount, InstanceSize, Layer, Price, PriceBook, Status, Usd, WHOLE_PPM,
};
use coldlight_store::Recording;
use serde::{Deserialize, Serialize};

/// A whole book, or what is to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(default)]
    pub prices: Vec<PriceRow>,
    #[serde(default)]
    pub discounts: Vec<DiscountRow>,
}

/// One tier of a price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    pub region: String,
    pub service: String,
    pub item: String,
    pub architecture: Option<String>,
    pub unit: String,
    #[serde(default)]
    pub tier_from: u64,
    pub tier_to: Option<u64>,
    pub usd: Option<String>,
    /// What is paid of it where there is a discount, in millionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_ppm: Option<u32>,
    pub status: String,
    pub source: String,
    pub effective_on: Option<String>,
    pub layer: String,
    #[serde(default)]
    pub recorded: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usagetype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpu_e10: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What is paid below the list; `*` is all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscountRow {
    pub region: String,
    pub service: String,
    pub item: String,
    pub paid_ppm: u32,
    pub effective_on: Option<String>,
    #[serde(default)]
    pub recorded: u32,
    #[serde(default)]
    pub note: String,
}

impl From<&Price> for PriceRow {
    fn from(price: &Price) -> Self {
        Self {
            region: price.region.clone(),
            service: price.service.clone(),
            item: price.item.clone(),
            architecture: price.architecture.map(|one| one.name().to_owned()),
            unit: price.unit.clone(),
            tier_from: price.begin,
            tier_to: price.end,
            usd: price.usd.map(|usd| usd.to_string()),
            paid_ppm: (price.paid_ppm != WHOLE_PPM).then_some(price.paid_ppm),
            status: price.status.name().to_owned(),
            source: price.source.clone(),
            effective_on: price.effective.map(|date| date.to_string()),
            layer: price.layer.name().to_owned(),
            recorded: price.recorded,
            usagetype: price.usagetype.clone(),
            vcpu_e10: price.size.map(|size| size.vcpu_e10),
            memory_mib: price.size.map(|size| size.memory_mib),
            note: price.note.clone(),
        }
    }
}

impl From<&Discount> for DiscountRow {
    fn from(discount: &Discount) -> Self {
        Self {
            region: discount.region.clone(),
            service: discount.service.clone(),
            item: discount.item.clone(),
            paid_ppm: discount.paid_ppm,
            effective_on: discount.effective.map(|date| date.to_string()),
            recorded: discount.recorded,
            note: discount.note.clone(),
        }
    }
}

impl From<&PriceBook> for Document {
    fn from(book: &PriceBook) -> Self {
        Self {
            prices: book.prices().map(PriceRow::from).collect(),
            discounts: book.discounts().iter().map(DiscountRow::from).collect(),
        }
    }
}

impl From<&Recording> for Document {
    fn from(recording: &Recording) -> Self {
        Self {
            prices: recording.prices.iter().map(PriceRow::from).collect(),
            discounts: recording.discounts.iter().map(DiscountRow::from).collect(),
        }
    }
}

impl PriceRow {
    /// Says which member cannot be understood.
    fn read(self) -> Result<Price, String> {
        let wrong = |name: &str, value: &str, why: &str| format!("{name} “{value}” of a price {why}");
        let architecture = self.architecture.as_deref().map(|name| {
            Architecture::from_name(name).ok_or_else(|| wrong("architecture", name, "is not one of x86_64 and arm64"))
        });
        let usd = self.usd.as_deref().map(|text| {
            let usd = text.parse::<Usd>().map_err(|error| wrong("usd", text, &error.to_string()))?;
            if usd < Usd::ZERO { Err(wrong("usd", text, "is negative")) } else { Ok(usd) }
        });
        let status = Status::from_name(&self.status).ok_or_else(|| {
            wrong("status", &self.status, "is not one of agreed, single, derived, unsourced, listed and set")
        })?;
        let layer = Layer::from_name(&self.layer)
            .ok_or_else(|| wrong("layer", &self.layer, "is not one of built in, imported and set"))?;
        Ok(Price {
            architecture: architecture.transpose()?,
            usd: usd.transpose()?,
            paid_ppm: WHOLE_PPM,
            status,
            effective: date(self.effective_on)?,
            layer,
            size: self
                .vcpu_e10
                .zip(self.memory_mib)
                .map(|(vcpu_e10, memory_mib)| InstanceSize { vcpu_e10, memory_mib }),
            region: self.region,
            service: self.service,
            item: self.item,
            unit: self.unit,
            begin: self.tier_from,
            end: self.tier_to,
            source: self.source,
            recorded: self.recorded,
            usagetype: self.usagetype,
            note: self.note,
        })
    }
}

fn date(text: Option<String>) -> Result<Option<Date>, String> {
    text.map(|text| text.parse().map_err(|error| format!("effective_on “{text}” {error}"))).transpose()
}

impl Document {
    /// As values; says which member cannot be understood.
    pub fn read(self) -> Result<Recording, String> {
        let prices = self.prices.into_iter().map(PriceRow::read).collect::<Result<_, _>>()?;
        let discounts = self.discounts.into_iter().map(|row| {
            if row.paid_ppm > WHOLE_PPM {
                return Err(format!("paid_ppm {} of a discount is more than {WHOLE_PPM}", row.paid_ppm));
            }
            Ok(Discount {
                region: row.region,
                service: row.service,
                item: row.item,
                paid_ppm: row.paid_ppm,
                effective: date(row.effective_on)?,
                recorded: row.recorded,
                note: row.note,
            })
        });
        Ok(Recording { prices, discounts: discounts.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_reads_back_from_its_json() {
        let book = PriceBook::built_in();
        let text = serde_json::to_string(&Document::from(book)).unwrap();
        let read = serde_json::from_str::<Document>(&text).unwrap().read().unwrap();
        assert!(read.prices.iter().eq(book.prices()));
    }

    #[test]
    fn a_member_that_cannot_be_understood_is_named() {
        let row = |member: &str, value: &str| {
            let mut row = serde_json::to_value(PriceRow::from(PriceBook::built_in().prices().next().unwrap())).unwrap();
            row[member] = value.into();
            let document = Document { prices: vec![serde_json::from_value(row).unwrap()], discounts: Vec::new() };
            document.read().unwrap_err()
        };
        for (member, value) in [
            ("usd", "1,5"),
            ("usd", "-1"),
            ("architecture", "sparc"),
            ("status", "sure"),
            ("layer", "x"),
            ("effective_on", "soon"),
        ] {
            let message = row(member, value);
            assert!(message.contains(member) && message.contains(value), "{message}");
        }
    }
}
