//! A month's bill of Lambda on demand: the free tier, then the tiers, on the sum of an account's use.
//!
//! The bill depends on everything else in the account; the list cost of an invocation ([`super::lambda`]) does not. Free
//! GB-seconds are taken off before the tiers, from x86 first: a convention, AWS does not say.

use super::book::{PriceBook, Subject};
use super::cost::{Amount, Cost, Part};
use super::date::Date;
use super::lambda::{GbSeconds, MB_MS_PER_GB_SECOND, gb_seconds};
use super::price::{Architecture, Price, Unknown};
use super::usd::Usd;

/// Streamed GB a month that are free.
const FREE_STREAMED_BYTES: u64 = 100 << 30;
const GIB: u128 = 1 << 30;

/// What an account used in a month in one region on one architecture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage<'a> {
    pub region: &'a str,
    pub architecture: Architecture,
    pub requests: u64,
    pub duration: GbSeconds,
    /// Of `/tmp` above 512 MB.
    pub storage: GbSeconds,
    /// Above 6 MB a response.
    pub streamed_bytes: u64,
}

/// The bill of one [`Usage`].
#[derive(Clone, Debug, PartialEq)]
pub struct MonthLine {
    /// After the free tier.
    pub billable_requests: u64,
    /// After the free tier.
    pub billable_duration: GbSeconds,
    pub cost: Cost,
}

/// The bill, line by line in the order of the usages.
pub fn month_bill(book: &PriceBook, usages: &[Usage<'_>], free_tier: bool, on: Date) -> Vec<MonthLine> {
    let mut free = if free_tier { Free::of(book, on) } else { Free::default() };
    let mut billable: Vec<(usize, Billable)> = Vec::with_capacity(usages.len());
    for architecture in Architecture::ALL {
        for (at, usage) in usages.iter().enumerate().filter(|(_, usage)| usage.architecture == architecture) {
            billable.push((at, free.take_off(usage)));
        }
    }
    billable.sort_by_key(|(at, _)| *at);
    usages.iter().zip(billable).map(|(usage, (_, billable))| line(book, usage, billable, on)).collect()
}

/// What is left of the free tier.
#[derive(Clone, Copy, Debug, Default)]
struct Free {
    requests: u64,
    duration: GbSeconds,
    streamed_bytes: u64,
}

struct Billable {
    requests: u64,
    duration: GbSeconds,
    streamed_bytes: u64,
}

impl Free {
    /// The book has the free tier as prices of 0 with an end.
    fn of(book: &PriceBook, on: Date) -> Self {
        let end = |item| {
            let asked = Subject { region: "*", service: "lambda", item, architecture: None };
            book.price(asked, on).ok().and_then(|price| price.end).unwrap_or(0)
        };
        Self {
            requests: end("free_requests"),
            duration: GbSeconds::whole(end("free_duration")),
            streamed_bytes: FREE_STREAMED_BYTES,
        }
    }

    fn take_off(&mut self, usage: &Usage<'_>) -> Billable {
        let requests = self.requests.min(usage.requests);
        let mb_ms = self.duration.mb_ms.min(usage.duration.mb_ms);
        let streamed_bytes = self.streamed_bytes.min(usage.streamed_bytes);
        self.requests -= requests;
        self.duration.mb_ms -= mb_ms;
        self.streamed_bytes -= streamed_bytes;
        Billable {
            requests: usage.requests - requests,
            duration: GbSeconds { mb_ms: usage.duration.mb_ms - mb_ms },
            streamed_bytes: usage.streamed_bytes - streamed_bytes,
        }
    }
}

fn line(book: &PriceBook, usage: &Usage<'_>, billable: Billable, on: Date) -> MonthLine {
    let asked =
        |item| Subject { region: usage.region, service: "lambda", item, architecture: Some(usage.architecture) };
    let requests = Amount::whole(billable.requests, billable.requests.to_string());
    let mut parts = vec![Part::of("requests", &requests, book.price(asked("request"), on))];
    parts.push(match book.tiers(asked("duration"), on) {
        Ok(tiers) => tiered("duration", billable.duration, &tiers),
        Err(unknown) => Part::unknown("duration", format!("{} GB-s × ?", billable.duration.rounded(3)), unknown),
    });
    if usage.storage.mb_ms > 0 {
        let amount = gb_seconds(usage.storage, format!("{} GB-s", usage.storage.rounded(3)));
        parts.push(Part::of("ephemeral_storage", &amount, book.price(asked("ephemeral_storage"), on)));
    }
    if billable.streamed_bytes > 0 {
        let amount = Amount {
            numerator: Some(billable.streamed_bytes.into()),
            denominator: GIB,
            text: format!("{}/2^30 GB", billable.streamed_bytes),
        };
        parts.push(Part::of("streamed_response", &amount, book.price(asked("streamed_response"), on)));
    }
    MonthLine { billable_requests: billable.requests, billable_duration: billable.duration, cost: Cost { parts } }
}

/// Each tier's share at its price; rounded once, on the sum.
fn tiered(name: &'static str, used: GbSeconds, tiers: &[Price]) -> Part {
    let mut part = Part { name, usd: Ok(Usd::ZERO), formula: String::new(), prices: Vec::new() };
    // In 10⁻¹⁸ USD × MB·ms.
    let mut exact = Some(0_u128);
    for tier in tiers {
        let begin = GbSeconds::whole(tier.begin).mb_ms;
        let end = tier.end.map_or(u128::MAX, |end| GbSeconds::whole(end).mb_ms);
        let within = used.mb_ms.min(end).saturating_sub(begin);
        if within == 0 && !part.prices.is_empty() {
            break;
        }
        let glue = if part.formula.is_empty() { "" } else { " + " };
        part.formula.push_str(&format!("{glue}{} GB-s × {}", GbSeconds { mb_ms: within }.rounded(3), tier.rate()));
        part.prices.push(tier.clone());
        match tier.known().map(|usd| u128::try_from(usd.attos()).unwrap_or(0)) {
            Ok(attos) => {
                exact = exact.and_then(|sum| sum.checked_add(within.checked_mul(attos)?));
            }
            Err(unknown) => {
                part.usd = Err(unknown);
                return part;
            }
        }
    }
    let sum = exact.and_then(|exact| Usd::from_attos(1)?.times(exact, MB_MS_PER_GB_SECOND));
    part.usd = sum.ok_or(Unknown::TooLarge);
    part
}
