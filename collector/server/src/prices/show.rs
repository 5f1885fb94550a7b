//! `coldlight prices show`: the prices that hold, or all that were ever recorded.

use std::collections::BTreeSet;

use coldlight_model::money::{Architecture, Date, Price, PriceBook, Subject};
use coldlight_model::{Cell, Column, Table};

use super::arguments::ShowArgs;
use super::{book, print};
use crate::failure::Failure;

const COLUMNS: [(&str, &str); 12] = [
    ("region", "VARCHAR"),
    ("service", "VARCHAR"),
    ("item", "VARCHAR"),
    ("architecture", "VARCHAR"),
    ("unit", "VARCHAR"),
    ("tier_from", "UBIGINT"),
    ("tier_to", "UBIGINT"),
    ("usd", "DECIMAL(38,18)"),
    ("status", "VARCHAR"),
    ("effective_on", "DATE"),
    ("layer", "VARCHAR"),
    ("source", "VARCHAR"),
];

pub async fn run(arguments: ShowArgs, today: Date) -> Result<(), Failure> {
    let book = if arguments.built_in { PriceBook::built_in().clone() } else { book::read(&arguments.book).await? };
    let prices = if arguments.history {
        book.prices().cloned().collect()
    } else {
        holding(&book, arguments.on.unwrap_or(today))
    };
    let shown: Vec<Price> = prices.into_iter().filter(|price| is_asked(&arguments, price)).collect();
    if shown.is_empty() {
        let services: BTreeSet<&str> = book.prices().map(|price| price.service.as_str()).collect();
        let services: Vec<&str> = services.into_iter().collect();
        eprintln!("no price is so; there are services {}", services.join(", "));
    }
    print(&arguments.format.write(&table(&shown)));
    Ok(())
}

fn is_asked(arguments: &ShowArgs, price: &Price) -> bool {
    let meets = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|asked| asked == is);
    meets(&arguments.region, &price.region)
        && meets(&arguments.service, &price.service)
        && meets(&arguments.item, &price.item)
        && arguments.architecture.is_none_or(|asked| price.architecture.is_none_or(|is| is == asked))
        && (!arguments.unknown || price.usd.is_none())
}

/// Every price that holds on a day, with its tiers and discounts.
fn holding(book: &PriceBook, on: Date) -> Vec<Price> {
    let mut subjects: Vec<(&str, &str, &str, Option<Architecture>)> = book
        .prices()
        .map(|price| (price.service.as_str(), price.item.as_str(), price.region.as_str(), price.architecture))
        .collect();
    subjects.dedup();
    let mut holding = Vec::new();
    for (service, item, region, architecture) in subjects {
        if let Ok(tiers) = book.tiers(Subject { region, service, item, architecture }, on) {
            holding.extend(tiers.into_owned());
        }
    }
    holding
}

fn table(prices: &[Price]) -> Table {
    let text = |text: &str| Cell::Text(text.to_owned());
    let optional = |value: Option<String>| value.map_or(Cell::Null, Cell::Text);
    let row = |price: &Price| {
        vec![
            text(&price.region),
            text(&price.service),
            text(&price.item),
            optional(price.architecture.map(|one| one.name().to_owned())),
            text(&price.unit),
            Cell::Int(price.begin.into()),
            price.end.map_or(Cell::Null, |end| Cell::Int(end.into())),
            optional(price.known().ok().map(|usd| usd.to_string())),
            text(price.status.name()),
            optional(price.effective.map(|date| date.to_string())),
            text(price.layer.name()),
            text(&price.source),
        ]
    };
    let column = |(name, sql_type): (&str, &str)| Column { name: name.to_owned(), sql_type: sql_type.to_owned() };
    Table { columns: COLUMNS.map(column).into(), rows: prices.iter().map(row).collect(), ..Table::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_price_holds_today_and_unknowns_are_null() {
        let holding = holding(PriceBook::built_in(), "2026-11-23".parse().unwrap());
        assert_eq!(holding.len(), 418);
        let table = table(&holding);
        assert_eq!(table.rows.iter().filter(|row| row[7] == Cell::Null).count(), 132);
    }
}
