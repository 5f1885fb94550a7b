//! AWS's price list as CSV: five lines about the list, then one line a price dimension with the product's attributes repeated.

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

use coldlight_model::money::{Price, Usd};

use super::matching::{Attributes, Match, product};
use super::{Found, ImportError, day, listed, range};

/// The longest record; AWS's have about a kilobyte. Beyond, a quote was never closed.
const MAX_RECORD: u64 = 1 << 20;

/// The reader, refusing to read on when a record does not end.
struct Bounded<R> {
    inner: R,
    since_record: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_record.get() > MAX_RECORD {
            return Err(std::io::Error::other(format!("a record is longer than {MAX_RECORD} bytes")));
        }
        let read = self.inner.read(buffer)?;
        self.since_record.set(self.since_record.get() + read as u64);
        Ok(read)
    }
}

pub fn read(reader: impl Read) -> Result<Found, ImportError> {
    let since_record = Rc::new(Cell::new(0));
    let bounded = Bounded { inner: reader, since_record: since_record.clone() };
    let mut lines = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bounded);
    let mut record = csv::StringRecord::new();
    let mut found = Found::default();
    let mut columns: Option<Columns> = None;
    while lines.read_record(&mut record).map_err(broken)? {
        since_record.set(0);
        let Some(columns) = &columns else {
            // Until the names of the columns: a name and a value each.
            match (record.get(0), record.get(1)) {
                (Some("OfferCode"), Some(offer)) => found.offer = offer.to_owned(),
                (Some("Version"), Some(version)) => found.version = version.to_owned(),
                (Some("SKU"), _) => columns = Some(Columns::of(&record)?),
                _ if record.position().is_some_and(|at| at.line() > 10) => {
                    return Err(ImportError::NotAList("no line begins with SKU".to_owned()));
                }
                _ => {}
            }
            continue;
        };
        price(&mut found, columns, &record)?;
    }
    if columns.is_none() || found.offer.is_empty() {
        return Err(ImportError::NotAList("it has no OfferCode or no column SKU".to_owned()));
    }
    Ok(found)
}

fn broken(error: csv::Error) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ImportError::Read(error),
        other => ImportError::NotAList(format!("{other:?}")),
    }
}

/// Where in a line things stand.
struct Columns {
    term: usize,
    effective: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
    usd: usize,
    currency: Option<usize>,
    attributes: Vec<(usize, Attribute)>,
}

/// How a value gets into the attributes.
type Attribute = fn(&mut Attributes) -> &mut String;

/// Names as AWS writes them, without case and blanks.
const ATTRIBUTES: [(&str, Attribute); 13] = [
    ("usagetype", |all| &mut all.usagetype),
    ("regioncode", |all| &mut all.region_code),
    ("locationtype", |all| &mut all.location_type),
    ("operation", |all| &mut all.operation),
    ("tenancy", |all| &mut all.tenancy),
    ("preinstalledsw", |all| &mut all.pre_installed_sw),
    ("capacitystatus", |all| &mut all.capacitystatus),
    ("operatingsystem", |all| &mut all.operating_system),
    ("instancetype", |all| &mut all.instance_type),
    ("vcpu", |all| &mut all.vcpu),
    ("memory", |all| &mut all.memory),
    ("physicalprocessor", |all| &mut all.physical_processor),
    ("marketoption", |all| &mut all.marketoption),
];

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, ImportError> {
        let bare = |name: &str| -> String {
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let at = |wanted: &str| header.iter().position(|name| bare(name) == wanted);
        let needed =
            |wanted: &str| at(wanted).ok_or_else(|| ImportError::NotAList(format!("it has no column {wanted}")));
        needed("usagetype")?;
        Ok(Self {
            term: needed("termtype")?,
            effective: at("effectivedate"),
            from: at("startingrange"),
            to: at("endingrange"),
            usd: needed("priceperunit")?,
            currency: at("currency"),
            attributes: ATTRIBUTES.iter().filter_map(|(name, set)| Some((at(name)?, *set))).collect(),
        })
    }
}

fn price(found: &mut Found, columns: &Columns, record: &csv::StringRecord) -> Result<(), ImportError> {
    let text = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
    if text(Some(columns.term)) != "OnDemand" {
        return Ok(());
    }
    let mut attributes = Attributes::default();
    for (at, attribute) in &columns.attributes {
        text(Some(*at)).clone_into(attribute(&mut attributes));
    }
    let wanted = match product(&found.offer, &attributes) {
        Match::Wanted(wanted) => wanted,
        Match::Unclear => {
            found.unclear += 1;
            return Ok(());
        }
        Match::Other => return Ok(()),
    };
    if !matches!(text(columns.currency), "" | "USD") {
        found.currency.get_or_insert_with(|| text(columns.currency).to_owned());
        return Ok(());
    }
    let usd = text(Some(columns.usd)).parse::<Usd>().ok();
    let (Some((begin, end)), Some(usd)) = (range(text(columns.from), text(columns.to)), usd) else {
        found.unclear += 1;
        return Ok(());
    };
    found.add(Price { begin, end, usd: Some(usd), ..listed(&wanted, day(text(columns.effective))) })
}
