//! `coldlight prices set`: a price or a discount that was agreed with AWS.

use coldlight_model::money::{Architecture, Date, Discount, Layer, Price, PriceBook, Status, Subject, Usd, WHOLE_PPM};
use coldlight_store::Recording;

use super::arguments::{SetArgs, Since};
use super::{book, print};
use crate::failure::Failure;

pub async fn run(arguments: SetArgs, today: Date) -> Result<(), Failure> {
    let effective = match arguments.since {
        None => Some(today),
        Some(Since::Always) => None,
        Some(Since::Day(day)) => Some(day),
    };
    let recording = match (arguments.usd, arguments.discount) {
        (Some(usd), _) => {
            let known = book::read(&arguments.book).await.or_else(|failure| {
                // A store is made where there is none; then the program's prices say what there is to set.
                if arguments.book.url.is_none() { Ok(PriceBook::built_in().clone()) } else { Err(failure) }
            })?;
            Recording { prices: prices(&arguments, &known, usd, effective)?, discounts: Vec::new() }
        }
        (None, Some(off_ppm)) => {
            let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "*".to_owned());
            let discount = Discount {
                region: all(&arguments.region),
                service: all(&arguments.service),
                item: all(&arguments.item),
                paid_ppm: WHOLE_PPM.saturating_sub(off_ppm),
                effective,
                recorded: 0,
                note: arguments.note.clone(),
            };
            Recording { prices: Vec::new(), discounts: vec![discount] }
        }
        (None, None) => return Err(Failure::WrongUse("name the price with --usd or --discount".to_owned())),
    };
    let (recorded, place) = book::record(&arguments.book, recording).await?;
    let from = effective.map_or_else(|| "always".to_owned(), |day| format!("from {day}"));
    print(&match recorded.added {
        0 => format!("{place} says so already, {from}\n"),
        1 => format!("set in {place}, {from}\n"),
        rows => format!("set in {place}, {from}, {rows} rows\n"),
    });
    Ok(())
}

fn prices(arguments: &SetArgs, known: &PriceBook, usd: Usd, effective: Option<Date>) -> Result<Vec<Price>, Failure> {
    if usd < Usd::ZERO {
        return Err(Failure::WrongUse("--usd is negative".to_owned()));
    }
    let missing = || Failure::WrongUse("--usd needs --region, --service and --item".to_owned());
    let region = arguments.region.clone().ok_or_else(missing)?;
    let service = arguments.service.clone().ok_or_else(missing)?;
    let item = arguments.item.clone().ok_or_else(missing)?;
    // What the price differs by is the same everywhere.
    let mut alike: Vec<&Price> =
        known.prices().filter(|price| price.service == service && price.item == item).collect();
    if alike.is_empty() && arguments.unit.is_none() {
        let mut items: Vec<&str> =
            known.prices().filter(|price| price.service == service).map(|price| price.item.as_str()).collect();
        items.sort_unstable();
        items.dedup();
        let there_are = match items.is_empty() {
            true => {
                let mut services: Vec<&str> = known.prices().map(|price| price.service.as_str()).collect();
                services.sort_unstable();
                services.dedup();
                format!("there are services {}", services.join(", "))
            }
            false => format!("of {service} there are {}", items.join(", ")),
        };
        return Err(Failure::WrongUse(format!(
            "no price is called {service} {item}; {there_are}. To record it all the same, name its --unit"
        )));
    }
    alike.sort_by_key(|price| price.region != region);
    let unit = arguments.unit.clone().or_else(|| alike.first().map(|price| price.unit.clone())).unwrap_or_default();
    let mut architectures: Vec<Option<Architecture>> = match arguments.architecture {
        Some(one) => vec![Some(one)],
        None if alike.is_empty() => vec![None],
        None => alike.iter().map(|price| price.architecture).collect(),
    };
    architectures.sort_unstable();
    architectures.dedup();
    let set = |architecture| {
        let asked = Subject { region: &region, service: &service, item: &item, architecture };
        let before = known.price(asked, effective.unwrap_or(Date::from_days(i32::MAX))).ok();
        Price {
            region: region.clone(),
            service: service.clone(),
            item: item.clone(),
            architecture,
            unit: unit.clone(),
            begin: 0,
            end: None,
            usd: Some(usd),
            paid_ppm: WHOLE_PPM,
            status: Status::Set,
            source: "set by hand".to_owned(),
            effective,
            layer: Layer::Set,
            recorded: 0,
            usagetype: before.as_ref().and_then(|price| price.usagetype.clone()),
            size: before.and_then(|price| price.size),
            note: arguments.note.clone(),
        }
    };
    Ok(architectures.into_iter().map(set).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        set: SetArgs,
    }

    fn set(line: &str) -> Result<Vec<Price>, String> {
        let line =
            Line::try_parse_from(std::iter::once("set").chain(line.split(' '))).map_err(|error| error.to_string())?;
        let usd = line.set.usd.ok_or("no price")?;
        prices(&line.set, PriceBook::built_in(), usd, None).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_price_is_set_for_all_that_it_differs_by() {
        let both = set("--region eu-west-1 --service lambda --item duration --usd 0.00001").unwrap();
        assert_eq!(
            both.iter().map(|price| price.architecture).collect::<Vec<_>>(),
            [Some(Architecture::X86_64), Some(Architecture::Arm64)]
        );
        assert_eq!(both[0].unit, "GB-second");
        let none = set("--region eu-west-1 --service lambda --item snapstart_restore --usd 0.00001").unwrap();
        assert_eq!(none.len(), 1);
        assert_eq!(none[0].architecture, None);
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        let told = set("--region eu-west-1 --service lambda --item durration --usd 1").unwrap_err();
        assert!(told.contains("durration") && told.contains("duration") && told.contains("--unit"), "{told}");
        assert!(set("--region eu-west-1 --service lambda --item durration --usd 1 --unit second").is_ok());
        let told = set("--region eu-west-1 --service lambada --item x --usd 1").unwrap_err();
        assert!(told.contains("fargate"), "{told}");
        let told = set("--region eu-west-1 --service lambda --item duration --usd 1,5").unwrap_err();
        assert!(told.contains("--usd") && told.contains("decimal"), "{told}");
        assert!(set("--discount 120%").unwrap_err().contains("between 0% and 100%"));
    }
}
