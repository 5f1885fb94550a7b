//! The price book as the store keeps it: the built-in one, what was imported and what was set, with all their history.
//!
//! Rows are added, never edited, so that what a cost was yesterday can still be told; costs join the price of their day, so a
//! new row re-prices history. The tables that say which price holds when are made anew in the same transaction.
//!
//! Not here: which price wins (`queries/price_periods.sql`, and the same in `model::money`), AWS's price lists (`server`).

use std::sync::atomic::Ordering::Relaxed;

use coldlight_model::Timestamp;
use coldlight_model::money::{
    Architecture, Date, Discount, InstanceSize, Layer, Price, PriceBook, Status, Subject, Usd,
};
use duckdb::types::Value;
use duckdb::{Connection, Row, params};

use crate::costs;
use crate::engine::transaction;
use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::Store;

/// What is to be recorded together. The prices' and discounts' own `recorded` is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// All tiers of a price that are given take the place of all that were.
    pub prices: Vec<Price>,
    pub discounts: Vec<Discount>,
}

/// What became of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Rows added.
    pub added: usize,
    /// Rows that say what the last recording of the same price and day says; nothing was written for them.
    pub known: usize,
}

/// Why prices were not recorded.
#[derive(Debug, thiserror::Error)]
pub enum PriceStoreError {
    /// Prices in the program are the program's.
    #[error("{0} claims to be built in; record it as imported or set")]
    BuiltIn(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The whole book.
    pub async fn price_book(&self) -> Result<PriceBook, StoreError> {
        self.ask(read).await
    }

    /// Adds what is new of `recording`.
    ///
    /// # Errors
    /// [`PriceStoreError::BuiltIn`]; a conflict with a recording made at the same moment is told in the database's words.
    pub async fn record_prices(&self, recording: Recording) -> Result<Recorded, PriceStoreError> {
        if let Some(price) = recording.prices.iter().find(|price| price.layer == Layer::BuiltIn) {
            return Err(PriceStoreError::BuiltIn(price.subject()));
        }
        let now = (self.shared.now)();
        let recorded = self.ask(move |db| transaction(db, |db| record(db, &recording, now))).await?;
        self.shared.progress.costs_marked.store(true, Relaxed);
        Ok(recorded)
    }
}

/// The book of a store that no other process has. Blocking.
///
/// # Errors
/// As [`Store::open`]; nothing is made where there is no data.
pub fn prices_of_stopped(settings: Settings, now: fn() -> Timestamp) -> Result<PriceBook, StoreError> {
    let path = crate::engine::database_path(&settings.data);
    if !path.exists() {
        return Err(StoreError::File { path, source: std::io::ErrorKind::NotFound.into() });
    }
    on_stopped(settings, now, async |store| store.price_book().await)
}

/// As [`Store::record_prices`], on a store that no other process has; it is made where there is none. Blocking.
///
/// # Errors
/// As [`Store::open`] and [`Store::record_prices`].
pub fn record_in_stopped(
    settings: Settings,
    recording: Recording,
    now: fn() -> Timestamp,
) -> Result<Recorded, PriceStoreError> {
    on_stopped(settings, now, async move |store| store.record_prices(recording).await)
}

fn on_stopped<T, E: From<StoreError>>(
    settings: Settings,
    now: fn() -> Timestamp,
    what: impl AsyncFnOnce(&Store) -> Result<T, E>,
) -> Result<T, E> {
    let data = settings.data.clone();
    let store = Store::open(settings, now)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|source| StoreError::File { path: data, source })?;
    let done = runtime.block_on(what(&store));
    store.close()?;
    done
}

/// Puts the program's own book into the table, when it is not there yet or of another program. Answers whether it did.
pub(crate) fn keep_built_in(db: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let rows: Vec<&Price> = PriceBook::built_in().prices().collect();
    let digest = format!("{:08x}", crc32c::crc32c(format!("{rows:?}").as_bytes()));
    let kept: String = db.query_row("SELECT built_in FROM price_state", [], |row| row.get(0))?;
    if kept == digest {
        return Ok(false);
    }
    transaction(db, |db| {
        db.execute("DELETE FROM price_rows WHERE layer = ?", [Layer::BuiltIn.name()])?;
        add_prices(db, &rows, 0, now)?;
        db.execute("UPDATE price_state SET built_in = ?", [digest])?;
        refresh(db)?;
        Ok(true)
    })
}

fn record(db: &Connection, recording: &Recording, now: Timestamp) -> Result<Recorded, StoreError> {
    // Also the lock: of two recordings at once, the second fails here.
    db.execute("UPDATE price_state SET recorded = recorded + 1", [])?;
    let number: u32 = db.query_row("SELECT recorded FROM price_state", [], |row| row.get(0))?;
    let book = read(db)?;
    // The book sorts the tiers of what is new by what they are tiers of.
    let incoming =
        PriceBook::new(recording.prices.iter().cloned().map(|price| Price { recorded: number, ..price }), Vec::new());
    let mut new = Vec::new();
    let mut known = 0;
    for price in incoming.prices() {
        let asked = Subject {
            region: &price.region,
            service: &price.service,
            item: &price.item,
            architecture: price.architecture,
        };
        let before = book.recorded(asked, price.layer, price.effective);
        let tiers = incoming.recorded(asked, price.layer, price.effective);
        let same = before.len() == tiers.len() && before.iter().zip(tiers).all(|(old, new)| says_the_same(old, new));
        if same { known += 1 } else { new.push(price) }
    }
    let discounts: Vec<&Discount> =
        recording.discounts.iter().filter(|discount| !is_known(book.discounts(), discount)).collect();
    known += recording.discounts.len() - discounts.len();
    if !new.is_empty() || !discounts.is_empty() {
        add_prices(db, &new, number, now)?;
        add_discounts(db, &discounts, number, now)?;
        refresh(db)?;
    }
    Ok(Recorded { added: new.len() + discounts.len(), known })
}

fn says_the_same(old: &Price, new: &Price) -> bool {
    (old.begin, old.end, old.usd, &old.unit, old.size) == (new.begin, new.end, new.usd, &new.unit, new.size)
}

/// Whether the discount recorded last for the same says the same.
fn is_known(discounts: &[Discount], new: &Discount) -> bool {
    let key = |discount: &Discount| {
        (discount.region.clone(), discount.service.clone(), discount.item.clone(), discount.effective)
    };
    let same = discounts.iter().filter(|old| key(old) == key(new));
    same.max_by_key(|old| old.recorded).is_some_and(|old| old.paid_ppm == new.paid_ppm)
}

/// Makes anew which price holds when.
fn refresh(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch("DELETE FROM price_periods; DELETE FROM lambda_prices; DELETE FROM fargate_prices")?;
    db.execute_batch(include_str!("queries/price_periods.sql"))?;
    db.execute_batch(include_str!("queries/lambda_prices.sql"))?;
    db.execute_batch(include_str!("queries/fargate_prices.sql"))?;
    costs::mark_all(db)
}

fn add_prices(db: &Connection, prices: &[&Price], recorded: u32, now: Timestamp) -> Result<(), StoreError> {
    let mut appender = db.appender("price_rows")?;
    for price in prices {
        appender.append_row(params![
            recorded,
            at(now),
            price.layer.name(),
            price.region,
            price.service,
            price.item,
            price.architecture.map(Architecture::name),
            price.unit,
            price.begin,
            price.end,
            price.usd.map(Usd::attos),
            price.status.name(),
            price.source,
            day(price.effective),
            price.usagetype,
            price.size.map(|size| size.vcpu_e10),
            price.size.map(|size| size.memory_mib),
            price.note,
        ])?;
    }
    appender.flush()?;
    Ok(())
}

fn add_discounts(db: &Connection, discounts: &[&Discount], recorded: u32, now: Timestamp) -> Result<(), StoreError> {
    let mut appender = db.appender("price_discounts")?;
    for discount in discounts {
        appender.append_row(params![
            recorded,
            at(now),
            discount.region,
            discount.service,
            discount.item,
            discount.paid_ppm,
            day(discount.effective),
            discount.note,
        ])?;
    }
    appender.flush()?;
    Ok(())
}

fn at(time: Timestamp) -> Value {
    Value::Timestamp(duckdb::types::TimeUnit::Nanosecond, time.nanos())
}

fn day(date: Option<Date>) -> Value {
    date.map_or(Value::Null, |date| Value::Date32(date.days()))
}

/// The book in the tables. A row that this program cannot read (of a newer one) is left out.
pub(crate) fn read(db: &Connection) -> Result<PriceBook, StoreError> {
    let mut statement = db.prepare_cached(include_str!("queries/prices.sql"))?;
    let prices: Vec<Option<Price>> = statement.query_map([], price)?.collect::<Result<_, _>>()?;
    let mut statement = db.prepare_cached(include_str!("queries/price_discounts.sql"))?;
    let discounts: Vec<Discount> = statement.query_map([], discount)?.collect::<Result<_, _>>()?;
    Ok(PriceBook::new(prices.into_iter().flatten(), discounts))
}

fn price(row: &Row<'_>) -> duckdb::Result<Option<Price>> {
    let (layer, status): (String, String) = (row.get("layer")?, row.get("status")?);
    let (Some(layer), Some(status)) = (Layer::from_name(&layer), Status::from_name(&status)) else { return Ok(None) };
    let architecture: Option<String> = row.get("architecture")?;
    let size = row.get::<_, Option<u64>>("vcpu_e10")?.zip(row.get::<_, Option<u64>>("memory_mib")?);
    Ok(Some(Price {
        region: row.get("region")?,
        service: row.get("service")?,
        item: row.get("item")?,
        architecture: architecture.as_deref().and_then(Architecture::from_name),
        unit: row.get("unit")?,
        begin: row.get("tier_from")?,
        end: row.get("tier_to")?,
        usd: row.get::<_, Option<i128>>("attos")?.and_then(Usd::from_attos),
        paid_ppm: coldlight_model::money::WHOLE_PPM,
        status,
        source: row.get("source")?,
        effective: row.get::<_, Option<i32>>("effective_on")?.map(Date::from_days),
        layer,
        recorded: row.get("recorded")?,
        usagetype: row.get("usagetype")?,
        size: size.map(|(vcpu_e10, memory_mib)| InstanceSize { vcpu_e10, memory_mib }),
        note: row.get("note")?,
    }))
}

fn discount(row: &Row<'_>) -> duckdb::Result<Discount> {
    Ok(Discount {
        region: row.get("region")?,
        service: row.get("service")?,
        item: row.get("item")?,
        paid_ppm: row.get("paid_ppm")?,
        effective: row.get::<_, Option<i32>>("effective_on")?.map(Date::from_days),
        recorded: row.get("recorded")?,
        note: row.get("note")?,
    })
}
