//! `coldlight prices import`: AWS's bulk price list files, in a stream.
//!
//! The list of EC2 has hundreds of megabytes and a million products; kept are only the products that [`matching`] wants.

mod bounded;
mod csv;
mod json;
mod matching;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read};
use std::path::Path;

use coldlight_model::money::{Date, Layer, Price};
use coldlight_store::Recording;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::ImportArgs;
use super::{book, print};
use crate::failure::{Failure, chain};

/// Why a file is no price list.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file ends early or cannot be read")]
    Read(#[from] std::io::Error),
    #[error("this is not a price list of AWS: {0}")]
    NotAList(String),
    #[error("a price list of {0} has nothing that is priced here; there are AWSLambda, AmazonECS and AmazonEC2")]
    Offer(String),
    #[error("it has more than {0} prices that are wanted here, which no list of AWS has")]
    TooMany(usize),
    #[error("its prices are in {0}, and costs are counted in USD")]
    Currency(String),
}

/// More than all regions' instance types.
const MOST_PRICES: usize = 500_000;

/// What one file holds.
#[derive(Debug, Default)]
struct Found {
    offer: String,
    version: String,
    prices: Vec<Price>,
    /// Products of the kinds that are wanted, whose region or price could not be understood.
    unclear: usize,
    /// That of a wanted price without one in USD.
    currency: Option<String>,
}

impl Found {
    fn add(&mut self, price: Price) -> Result<(), ImportError> {
        if self.prices.len() >= MOST_PRICES {
            return Err(ImportError::TooMany(MOST_PRICES));
        }
        self.prices.push(price);
        Ok(())
    }
}

pub async fn run(arguments: ImportArgs) -> Result<(), Failure> {
    // All files are read before anything is recorded: a wrong one changes nothing.
    let mut all = Vec::new();
    for path in &arguments.files {
        let (path, since) = (path.clone(), arguments.since);
        let reading = tokio::task::spawn_blocking(move || (read(&path), path, since)).await;
        let (found, path, since) = reading.map_err(|error| Failure::because("reading failed", &error))?;
        let mut found = found.map_err(|error| Failure::Failed(format!("{}: {}", path.display(), chain(&error))))?;
        let contradicting = settle(&mut found.prices, since);
        let mut said = format!("{}: {} {}, {} prices", path.display(), found.offer, found.version, found.prices.len());
        for (count, what) in
            [(found.unclear, "not understood"), (contradicting, "left out, for the list contradicts itself")]
        {
            if count > 0 {
                said += &format!(", {count} {what}");
            }
        }
        print(&format!("{said}\n"));
        all.append(&mut found.prices);
    }
    if all.is_empty() {
        return Err(Failure::Failed("nothing in these files is priced here; nothing was recorded".to_owned()));
    }
    let recording = Recording { prices: all, discounts: Vec::new() };
    let (recorded, place) = book::record(&arguments.book, recording).await?;
    print(&format!("{place}: {} new, {} known already\n", recorded.added, recorded.known));
    Ok(())
}

/// Reads a file or, named `-`, standard input.
fn read(path: &Path) -> Result<Found, ImportError> {
    let (file, bytes): (Box<dyn Read>, u64) = match path == Path::new("-") {
        true => (Box::new(std::io::stdin()), 0),
        false => {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            (Box::new(file), bytes)
        }
    };
    let bar = progress(path, bytes);
    let mut reader = BufReader::with_capacity(1 << 20, bar.wrap_read(file));
    let not_a_list = |why: &str| Err(ImportError::NotAList(why.to_owned()));
    let found = match first(&mut reader)? {
        Some(b'{') => json::read(reader),
        Some(b'<') => not_a_list("it is a web page; was it saved from the browser, or did the download fail?"),
        Some(0x1f | b'P') if is_packed(reader.buffer()) => not_a_list("it is packed; unpack it first (gunzip, unzip)"),
        Some(_) => csv::read(reader),
        None => not_a_list("the file is empty"),
    };
    bar.finish_and_clear();
    let mut found = found?;
    if found.prices.is_empty() && !matching::OFFERS.contains(&found.offer.as_str()) {
        return Err(ImportError::Offer(found.offer));
    }
    if let Some(currency) = found.currency.take().filter(|_| found.prices.is_empty()) {
        return Err(ImportError::Currency(currency));
    }
    for price in &mut found.prices {
        price.source = format!("AWS price list {} {}", found.offer, found.version);
    }
    Ok(found)
}

/// As gzip and zip begin.
fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK\x03\x04")
}

/// On a terminal only; `bytes` is 0 when nobody knows how many come.
fn progress(path: &Path, bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (bar, template) = match bytes {
        0 => (ProgressBar::new_spinner(), "{spinner} {msg} {bytes} {bytes_per_sec}"),
        _ => (ProgressBar::new(bytes), "{msg} {wide_bar} {bytes}/{total_bytes} {eta}"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_message(name).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The first byte that is not blank, which stays to be read; a byte order mark does not.
fn first(reader: &mut BufReader<impl Read>) -> std::io::Result<Option<u8>> {
    use std::io::BufRead;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.starts_with(b"\xEF\xBB\xBF") {
            reader.consume(3);
            continue;
        }
        match buffer.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(blanks) => {
                let byte = buffer[blanks];
                reader.consume(blanks);
                return Ok(Some(byte));
            }
            None if buffer.is_empty() => return Ok(None),
            None => {
                let blanks = buffer.len();
                reader.consume(blanks);
            }
        }
    }
}

/// Dates the prices, and leaves out those that the list gives twice and differently. Answers how many.
fn settle(prices: &mut Vec<Price>, since: Option<Date>) -> usize {
    let mut seen: BTreeMap<_, Option<Price>> = BTreeMap::new();
    let mut contradicting = 0;
    for mut price in prices.drain(..) {
        price.effective = since.or(price.effective);
        let key = (
            price.service.clone(),
            price.item.clone(),
            price.region.clone(),
            price.architecture,
            price.effective,
            price.begin,
        );
        match seen.get_mut(&key) {
            None => {
                seen.insert(key, Some(price));
            }
            // Once more the same.
            Some(Some(other)) if (other.usd, other.end) == (price.usd, price.end) => {}
            Some(other) => {
                contradicting += 1 + usize::from(other.take().is_some());
            }
        }
    }
    prices.extend(seen.into_values().flatten());
    contradicting
}

/// A price as the list has it, before it is dated and sourced.
fn listed(wanted: &matching::Wanted, effective: Option<Date>) -> Price {
    Price {
        region: wanted.region.clone(),
        service: wanted.service.to_owned(),
        item: wanted.item.clone(),
        architecture: wanted.architecture,
        unit: wanted.unit.to_owned(),
        begin: 0,
        end: None,
        usd: None,
        paid_ppm: coldlight_model::money::WHOLE_PPM,
        status: coldlight_model::money::Status::Listed,
        source: String::new(),
        effective,
        layer: Layer::Imported,
        recorded: 0,
        usagetype: Some(wanted.usagetype.clone()),
        size: wanted.size,
        note: String::new(),
    }
}

/// `begin` and `end` of a range as AWS writes it; `Inf` is without end.
fn range(begin: &str, end: &str) -> Option<(u64, Option<u64>)> {
    let whole = |text: &str| u64::try_from(coldlight_model::money::parse_decimal(text, 0).ok()?).ok();
    let begin = if begin.is_empty() { 0 } else { whole(begin)? };
    let end = if end.is_empty() || end.eq_ignore_ascii_case("inf") { None } else { Some(whole(end)?) };
    Some((begin, end))
}

/// The day of `2026-08-01T00:00:00Z` or `2026-08-01`.
fn day(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests;
