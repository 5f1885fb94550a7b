//! AWS's bulk price list files, made up: their exact shape, made as they are written, the same at every call.
//!
//! The shape is that of the files at `pricing.us-east-1.amazonaws.com/offers/v1.0/aws/OFFER/current/index.json`: blanks around colons,
//! products by SKU and then terms by kind, SKU and term; on-demand terms with tiers, reserved ones without ranges; one currency a price.

use std::io::{self, Write};

/// AWS's code of on-demand terms, and of the one rate that most have.
const ON_DEMAND: &str = "JRTCKXETXF";
const RATE: &str = "6YS6EN2CT7";
/// Reserved terms: one and three years, paid in three ways, in two classes.
const RESERVED: [&str; 12] = [
    "4NA7Y494T4",
    "6QCMYABX3D",
    "7NE97W5U4E",
    "BPH4J8HBKS",
    "CUZHX8X6JH",
    "HU7G6KETJZ",
    "38NPMPTW36",
    "MZU6U2429S",
    "NQ3QZPMQV9",
    "R5XV2EPZQZ",
    "VJWZNREJX2",
    "Z2E3P23VKM",
];

/// A product: SKU, family, attributes in AWS's order, price, unit.
struct Product {
    sku: String,
    family: &'static str,
    attributes: Vec<(&'static str, String)>,
    /// Where each tier ends, and what a unit of it costs.
    tiers: Vec<(&'static str, String)>,
    unit: &'static str,
    currency: &'static str,
    is_reserved: bool,
}

/// What is in front of the products.
fn head(out: &mut impl Write, offer: &str) -> io::Result<()> {
    let disclaimer = "This pricing list is for informational purposes only.";
    write!(
        out,
        "{{\n  \"formatVersion\" : \"v1.0\",\n  \"disclaimer\" : \"{disclaimer}\",\n  \"offerCode\" : \"{offer}\",\n  \"version\" : \"20261101000000\",\n  \"publicationDate\" : \"2026-11-01T00:00:00Z\",\n  \"products\" : {{"
    )
}

impl Product {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { sku, family, .. } = self;
        write!(
            out,
            "\n    \"{sku}\" : {{\n      \"sku\" : \"{sku}\",\n      \"productFamily\" : \"{family}\",\n      \"attributes\" : {{"
        )?;
        for (at, (name, value)) in self.attributes.iter().enumerate() {
            write!(out, "{}\n        \"{name}\" : \"{value}\"", if at == 0 { "" } else { "," })?;
        }
        write!(out, "\n      }}\n    }}")
    }

    fn on_demand(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { sku, unit, currency, .. } = self;
        let term = format!("{sku}.{ON_DEMAND}");
        write!(
            out,
            "\n      \"{sku}\" : {{\n        \"{term}\" : {{\n          \"offerTermCode\" : \"{ON_DEMAND}\",\n          \"sku\" : \"{sku}\",\n          \"effectiveDate\" : \"2026-10-01T00:00:00Z\",\n          \"priceDimensions\" : {{"
        )?;
        let mut begin = "0";
        for (at, (end, price)) in self.tiers.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let rate = if self.tiers.len() == 1 { format!("{term}.{RATE}") } else { format!("{term}.TIER{at:06}") };
            write!(
                out,
                "{comma}\n            \"{rate}\" : {{\n              \"rateCode\" : \"{rate}\",\n              \"description\" : \"{currency} {price} per {unit}\",\n              \"beginRange\" : \"{begin}\",\n              \"endRange\" : \"{end}\",\n              \"unit\" : \"{unit}\",\n              \"pricePerUnit\" : {{\n                \"{currency}\" : \"{price}\"\n              }},\n              \"appliesTo\" : [ ]\n            }}"
            )?;
            begin = end;
        }
        write!(out, "\n          }},\n          \"termAttributes\" : {{ }}\n        }}\n      }}")
    }

    fn reserved(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { sku, currency, .. } = self;
        write!(out, "\n      \"{sku}\" : {{")?;
        for (at, code) in RESERVED.iter().enumerate() {
            let (comma, years) = (if at == 0 { "" } else { "," }, if at % 2 == 0 { "1yr" } else { "3yr" });
            write!(
                out,
                "{comma}\n        \"{sku}.{code}\" : {{\n          \"offerTermCode\" : \"{code}\",\n          \"sku\" : \"{sku}\",\n          \"effectiveDate\" : \"2024-01-01T00:00:00Z\",\n          \"priceDimensions\" : {{\n            \"{sku}.{code}.2TG2D8R56U\" : {{\n              \"rateCode\" : \"{sku}.{code}.2TG2D8R56U\",\n              \"description\" : \"Upfront Fee\",\n              \"unit\" : \"Quantity\",\n              \"pricePerUnit\" : {{\n                \"{currency}\" : \"1161\"\n              }},\n              \"appliesTo\" : [ ]\n            }}\n          }},\n          \"termAttributes\" : {{\n            \"LeaseContractLength\" : \"{years}\",\n            \"OfferingClass\" : \"standard\",\n            \"PurchaseOption\" : \"All Upfront\"\n          }}\n        }}"
            )?;
        }
        write!(out, "\n      }}")
    }
}

/// A whole list of `offer` with as many products as `product` gives for 0, 1, 2, and so on.
fn list(out: &mut impl Write, offer: &str, product: impl Fn(usize) -> Option<Product>) -> io::Result<()> {
    let products = || (0..).map_while(&product);
    head(out, offer)?;
    separated(out, products(), Product::write)?;
    write!(out, "\n  }},\n  \"terms\" : {{\n    \"OnDemand\" : {{")?;
    separated(out, products(), Product::on_demand)?;
    write!(out, "\n    }},\n    \"Reserved\" : {{")?;
    separated(out, products().filter(|one| one.is_reserved), Product::reserved)?;
    writeln!(out, "\n    }}\n  }},\n  \"attributesList\" : {{ }}\n}}")?;
    out.flush()
}

fn separated<W: Write>(
    out: &mut W,
    products: impl Iterator<Item = Product>,
    write: impl Fn(&Product, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    for (at, product) in products.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        write(&product, out)?;
    }
    Ok(())
}

fn sku(at: usize) -> String {
    format!("SKU{at:013}")
}

/// Lambda in Ireland, in `currency`: duration on both architectures in three tiers, requests, and something that is not priced here.
pub fn lambda(out: &mut impl Write, currency: &'static str) -> io::Result<()> {
    let one = |price: &str| vec![("Inf", price.to_owned())];
    let tiers = |prices: [&str; 3]| {
        let [first, second, third] = prices.map(str::to_owned);
        vec![("6000000000", first), ("15000000000", second), ("Inf", third)]
    };
    let rows = [
        ("EU-Lambda-GB-Second", "Second", tiers(["0.0000166667", "0.0000150000", "0.0000133334"])),
        ("EU-Lambda-GB-Second-ARM", "Second", tiers(["0.0000133334", "0.0000120001", "0.0000106667"])),
        ("EU-Request", "Requests", one("0.0000002000")),
        ("EU-Request-ARM", "Requests", one("0.0000002000")),
        ("EU-Lambda-Durable-Operation", "Operations", one("0.0000080000")),
    ];
    list(out, "AWSLambda", |at| {
        let (usage, unit, tiers) = rows.get(at)?.clone();
        let attributes = vec![
            ("servicecode", "AWSLambda".to_owned()),
            ("location", "EU (Ireland)".to_owned()),
            ("locationType", "AWS Region".to_owned()),
            ("group", "AWS-Lambda".to_owned()),
            ("usagetype", usage.to_owned()),
            ("operation", String::new()),
            ("regionCode", "eu-west-1".to_owned()),
            ("servicename", "AWS Lambda".to_owned()),
        ];
        Some(Product { sku: sku(at), family: "Serverless", attributes, tiers, unit, currency, is_reserved: false })
    })
}

/// Fargate in Ireland.
pub fn ecs(out: &mut impl Write) -> io::Result<()> {
    let rows = [
        ("EU-Fargate-vCPU-Hours:perCPU", "0.0404800000"),
        ("EU-Fargate-GB-Hours", "0.0044450000"),
        ("EU-ECS-Anywhere-Instance-hours-WithFree", "0.0102500000"),
    ];
    list(out, "AmazonECS", |at| {
        let (usage, price) = rows.get(at)?;
        let attributes = vec![
            ("servicecode", "AmazonECS".to_owned()),
            ("location", "EU (Ireland)".to_owned()),
            ("locationType", "AWS Region".to_owned()),
            ("usagetype", (*usage).to_owned()),
            ("operation", String::new()),
            ("regionCode", "eu-west-1".to_owned()),
            ("servicename", "Amazon EC2 Container Service".to_owned()),
        ];
        let tiers = vec![("Inf", (*price).to_owned())];
        Some(Product {
            sku: sku(at),
            family: "Compute",
            attributes,
            tiers,
            unit: "hours",
            currency: "USD",
            is_reserved: false,
        })
    })
}

/// EC2 with `products` instances, of which one in 20 is plain Linux on shared hardware in a region, which is what is priced here. A
/// product takes about 9 kB with its terms; AWS's list of one large region has some 40,000.
pub fn ec2(out: &mut impl Write, products: usize) -> io::Result<()> {
    const SYSTEMS: [&str; 5] = ["Linux", "Windows", "RHEL", "SUSE", "Ubuntu Pro"];
    const TENANCIES: [&str; 4] = ["Shared", "Dedicated", "Host", "Reserved"];
    list(out, "AmazonEC2", |at| {
        if at == products {
            return None;
        }
        let (system, tenancy) = (SYSTEMS[at % 5], TENANCIES[at / 5 % 4]);
        let kind = format!("m{}.{}xlarge", 100 + at / 20, 1 + at / 20 % 48);
        let attributes = [
            ("servicecode", "AmazonEC2"),
            ("location", "EU (Ireland)"),
            ("locationType", "AWS Region"),
            ("instanceType", &kind),
            ("currentGeneration", "Yes"),
            ("instanceFamily", "General purpose"),
            ("vcpu", "4"),
            ("physicalProcessor", "AWS Graviton4 Processor"),
            ("clockSpeed", "2.8 GHz"),
            ("memory", "16 GiB"),
            ("storage", "EBS only"),
            ("networkPerformance", "Up to 12500 Megabit"),
            ("processorArchitecture", "64-bit"),
            ("tenancy", tenancy),
            ("operatingSystem", system),
            ("licenseModel", "No License required"),
            ("usagetype", &format!("EU-BoxUsage:{kind}")),
            ("operation", "RunInstances"),
            ("availabilityzone", "NA"),
            ("capacitystatus", "Used"),
            ("dedicatedEbsThroughput", "Up to 10000 Mbps"),
            ("enhancedNetworkingSupported", "Yes"),
            ("marketoption", "OnDemand"),
            ("normalizationSizeFactor", "8"),
            ("preInstalledSw", "NA"),
            ("regionCode", "eu-west-1"),
            ("servicename", "Amazon Elastic Compute Cloud"),
            ("vpcnetworkingsupport", "true"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let tiers = vec![("Inf", format!("0.{:010}", 1_000_000 + at))];
        Some(Product {
            sku: sku(at),
            family: "Compute Instance",
            attributes: attributes.to_vec(),
            tiers,
            unit: "Hrs",
            currency: "USD",
            is_reserved: true,
        })
    })
}
