//! Small lists in AWS's shape, with its traps.

use std::io::Cursor;

use coldlight_model::money::Architecture;
use serde_json::{Value, json};

use super::*;

fn term(sku: &str, from: &str, tiers: &[(&str, &str, &str)]) -> Value {
    let dimensions: serde_json::Map<String, Value> = tiers
        .iter()
        .enumerate()
        .map(|(at, (begin, end, usd))| {
            let dimension = json!({
                "rateCode": format!("{sku}.JRTCKXETXF.{at}"), "description": "words \"in quotes\"", "unit": "x",
                "beginRange": begin, "endRange": end, "pricePerUnit": { "USD": usd }, "appliesTo": []
            });
            (format!("{sku}.JRTCKXETXF.{at}"), dimension)
        })
        .collect();
    json!({ format!("{sku}.JRTCKXETXF"): {
        "offerTermCode": "JRTCKXETXF", "sku": sku, "effectiveDate": from, "priceDimensions": dimensions, "termAttributes": {}
    }})
}

fn product(sku: &str, usagetype: &str) -> Value {
    json!({ "sku": sku, "productFamily": "Serverless", "attributes": {
        "servicecode": "AWSLambda", "location": "EU (Ireland)", "locationType": "AWS Region", "regionCode": "eu-west-1",
        "usagetype": usagetype, "operation": ""
    }})
}

fn list() -> Value {
    json!({
        "formatVersion": "v1.0", "disclaimer": "…", "offerCode": "AWSLambda", "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
        "products": {
            "A": product("A", "EU-Lambda-GB-Second"),
            "B": product("B", "EU-Lambda-GB-Second-ARM"),
            "C": product("C", "EU-Request"),
            "D": product("D", "EU-Lambda-Something-Else"),
            "E": { "sku": "E" },
        },
        "terms": {
            "Reserved": { "A": term("A", "2020-01-01T00:00:00Z", &[("0", "Inf", "9")]) },
            "OnDemand": {
                "A": term("A", "2026-10-01T00:00:00Z", &[
                    ("6000000000", "15000000000", "0.0000150000"),
                    ("0", "6000000000", "0.0000166667000"),
                    ("15000000000", "Inf", "0.0000133334"),
                ]),
                "B": term("B", "2026-10-01T00:00:00Z", &[("0", "Inf", "1.33334E-5")]),
                "C": term("C", "2026-10-01T00:00:00Z", &[("0", "Inf", "0.0000002000")]),
                "D": term("D", "2026-10-01T00:00:00Z", &[("0", "Inf", "5")]),
            }
        }
    })
}

const CSV: &str = "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"words, \"\"quoted\"\"\"\n\"Publication Date\",\"2026-11-01T00:00:00Z\"\n\
\"Version\",\"20261101000000\"\n\"OfferCode\",\"AWSLambda\"\n\
\"SKU\",\"OfferTermCode\",\"RateCode\",\"TermType\",\"PriceDescription\",\"EffectiveDate\",\"StartingRange\",\"EndingRange\",\"Unit\",\"PricePerUnit\",\"Currency\",\"Location Type\",\"usageType\",\"Region Code\"\n\
\"A\",\"J\",\"A.J.1\",\"OnDemand\",\"a, b\",\"2026-10-01\",\"0\",\"6000000000\",\"s\",\"0.0000166667000\",\"USD\",\"AWS Region\",\"EU-Lambda-GB-Second\",\"eu-west-1\"\n\
\"A\",\"J\",\"A.J.2\",\"OnDemand\",\"a, b\",\"2026-10-01\",\"6000000000\",\"15000000000\",\"s\",\"0.0000150000\",\"USD\",\"AWS Region\",\"EU-Lambda-GB-Second\",\"eu-west-1\"\n\
\"A\",\"J\",\"A.J.3\",\"OnDemand\",\"a, b\",\"2026-10-01\",\"15000000000\",\"Inf\",\"s\",\"0.0000133334\",\"USD\",\"AWS Region\",\"EU-Lambda-GB-Second\",\"eu-west-1\"\n\
\"B\",\"J\",\"B.J.1\",\"OnDemand\",\"a, b\",\"2026-10-01\",\"0\",\"Inf\",\"s\",\"0.0000133334\",\"USD\",\"AWS Region\",\"EU-Lambda-GB-Second-ARM\",\"eu-west-1\"\n\
\"C\",\"J\",\"C.J.1\",\"OnDemand\",\"a, b\",\"2026-10-01\",\"0\",\"Inf\",\"s\",\"0.0000002\",\"USD\",\"AWS Region\",\"EU-Request\",\"eu-west-1\"\n\
\"D\",\"J\",\"D.J.1\",\"Reserved\",\"a, b\",\"2026-10-01\",\"0\",\"Inf\",\"s\",\"7\",\"USD\",\"AWS Region\",\"EU-Request\",\"eu-west-1\"\n";

fn sorted(mut found: Found, since: Option<&str>) -> Vec<String> {
    assert_eq!(settle(&mut found.prices, since.map(|date| date.parse().unwrap())), 0);
    let words = |price: &Price| {
        format!(
            "{} {:?} {}..{:?} {} {}",
            price.subject(),
            price.size.is_some(),
            price.begin,
            price.end,
            price.usd.unwrap(),
            price.effective.unwrap()
        )
    };
    found.prices.iter().map(words).collect()
}

#[test]
fn json_and_csv_give_the_same_prices() {
    let from_json = sorted(json::read(Cursor::new(list().to_string())).unwrap(), None);
    let from_csv = sorted(csv::read(Cursor::new(CSV)).unwrap(), None);
    assert_eq!(from_json, from_csv);
    assert_eq!(
        from_json,
        [
            "lambda duration on x86_64 in eu-west-1 false 0..Some(6000000000) 0.0000166667 2026-10-01",
            "lambda duration on x86_64 in eu-west-1 false 6000000000..Some(15000000000) 0.000015 2026-10-01",
            "lambda duration on x86_64 in eu-west-1 false 15000000000..None 0.0000133334 2026-10-01",
            "lambda duration on arm64 in eu-west-1 false 0..None 0.0000133334 2026-10-01",
            "lambda request on x86_64 in eu-west-1 false 0..None 0.0000002 2026-10-01",
        ]
    );
    assert!(
        sorted(csv::read(Cursor::new(CSV)).unwrap(), Some("2025-01-01")).iter().all(|one| one.ends_with("2025-01-01"))
    );
}

#[test]
fn a_file_that_is_no_price_list_is_told_so() {
    let not_json = |text: &str| json::read(Cursor::new(text.to_owned())).unwrap_err().to_string();
    for text in [
        "{}",
        "{\"offerCode\": \"AWSLambda\"",
        "{\"products\": {}}",
        "{\"offerCode\": 5}",
        "[1]",
        "{\"offerCode\":\"x\",\"products\":{},\"terms\":{}} x",
    ] {
        assert!(not_json(text).contains("not a price list"), "{text}: {}", not_json(text));
    }
    let not_csv = |text: &str| chain(&csv::read(Cursor::new(text.to_owned())).unwrap_err());
    assert!(not_csv("a,b\n").contains("OfferCode"));
    assert!(not_csv("\"OfferCode\",\"AWSLambda\"\n\"SKU\",\"TermType\"\n").contains("usagetype"));
    let unclosed = format!("\"OfferCode\",\"AWSLambda\"\n\"{}", "x\n".repeat(2 << 20));
    assert!(not_csv(&unclosed).contains("longer than"), "{}", not_csv(&unclosed));
}

#[test]
fn a_text_without_end_is_refused_before_it_takes_memory() {
    let endless = |begin: &str| Cursor::new(begin.to_owned()).chain(std::io::repeat(b'a'));
    for begin in [
        "{\"version\": \"",
        "{\"",
        "{\"offerCode\": \"AWSLambda\", \"products\": {\"A\": {\"attributes\": {\"regionCode\": \"",
    ] {
        let refused = json::read(endless(begin)).unwrap_err().to_string();
        assert!(refused.contains("not a price list") && refused.contains("has no end within 16384 bytes"), "{refused}");
    }
}

#[test]
fn a_price_that_cannot_be_understood_is_counted_and_its_tiers_left_out() {
    let mut broken = list();
    let dimensions = broken.pointer_mut("/terms/OnDemand/A/A.JRTCKXETXF/priceDimensions").unwrap();
    dimensions["A.JRTCKXETXF.1"]["pricePerUnit"] = json!({ "CNY": "1" });
    let found = json::read(Cursor::new(broken.to_string())).unwrap();
    assert_eq!((found.unclear, found.prices.len()), (1, 2));
}

#[test]
fn a_list_that_contradicts_itself_is_not_believed() {
    let mut prices = json::read(Cursor::new(list().to_string())).unwrap().prices;
    prices.retain(|price| price.item == "request");
    let same = prices[0].clone();
    prices.push(same.clone());
    assert_eq!(settle(&mut prices.clone(), None), 0);
    prices.push(Price { usd: Some("7".parse().unwrap()), ..same });
    assert_eq!((settle(&mut prices, None), prices.len()), (2, 0));
}

#[test]
fn an_instance_type_has_its_size_and_processor() {
    let mut ec2 = list();
    ec2["offerCode"] = "AmazonEC2".into();
    let attributes = json!({
        "regionCode": "eu-west-1", "locationType": "AWS Region", "usagetype": "EU-BoxUsage:m8g.large", "operation": "RunInstances",
        "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used", "operatingSystem": "Linux", "vcpu": "2",
        "memory": "8 GiB", "physicalProcessor": "AWS Graviton4 Processor", "marketoption": "OnDemand"
    });
    ec2["products"]["C"]["attributes"] = attributes;
    let found = json::read(Cursor::new(ec2.to_string())).unwrap();
    let price = &found.prices[0];
    assert_eq!((found.prices.len(), price.item.as_str()), (1, "m8g.large"));
    assert_eq!((price.architecture, price.size.unwrap().memory_mib), (Some(Architecture::Arm64), 8192));
}

#[test]
fn a_file_is_told_apart_by_its_first_character() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path)
    };
    assert_eq!(file("a", &format!("\u{feff}\n {}", list())).unwrap().prices.len(), 5);
    let found = file("b", CSV).unwrap();
    assert_eq!((found.prices.len(), found.prices[0].source.as_str()), (5, "AWS price list AWSLambda 20261101000000"));
    assert!(file("c", "").unwrap_err().to_string().contains("empty"));
    assert!(file("e", "<!DOCTYPE html>").unwrap_err().to_string().contains("web page"));
    assert!(file("f", "\u{1f}x").unwrap_err().to_string().contains("OfferCode"));
    assert!(file("g", "PK\u{3}\u{4}x").unwrap_err().to_string().contains("packed"));
    assert!(
        file("h", "{\"formatVersion\": \"v1.0\", \"offers\": {}}")
            .unwrap_err()
            .to_string()
            .contains("index of price lists")
    );
    let chinese = file("i", &list().to_string().replace("\"USD\"", "\"CNY\""));
    assert!(chinese.unwrap_err().to_string().contains("CNY"));
    let chinese = file("j", &CSV.replace("\"USD\"", "\"CNY\""));
    assert!(chinese.unwrap_err().to_string().contains("CNY"));
    let other = file("d", &list().to_string().replace("\"AWSLambda\",\"product", "\"AmazonS3\",\"product"));
    assert!(other.unwrap_err().to_string().contains("AmazonS3"));
}
