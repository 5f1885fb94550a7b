//! Which products of AWS's price list are priced here, and under which name.
//!
//! A usage type begins with a region's prefix (none in us-east-1, for some services), in capitals and digits, and is compared whole behind
//! it: `Lambda-GB-Second` is also the beginning of `Lambda-GB-Second-ARM`.

use coldlight_model::money::{Architecture, InstanceSize, parse_decimal};

/// The offers that have something for us.
pub const OFFERS: [&str; 3] = ["AWSLambda", "AmazonECS", "AmazonEC2"];

/// What is known of a product; empty is absent.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Attributes {
    pub usagetype: String,
    pub region_code: String,
    pub location_type: String,
    pub operation: String,
    pub tenancy: String,
    pub pre_installed_sw: String,
    pub capacitystatus: String,
    pub operating_system: String,
    pub instance_type: String,
    pub vcpu: String,
    pub memory: String,
    pub physical_processor: String,
    pub marketoption: String,
}

/// A product that is priced here.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub region: String,
    pub service: &'static str,
    pub item: String,
    pub architecture: Option<Architecture>,
    pub unit: &'static str,
    pub usagetype: String,
    pub size: Option<InstanceSize>,
}

/// What a product is here.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    Wanted(Wanted),
    /// Of a kind that is priced here, but its region cannot be told.
    Unclear,
    Other,
}

use Architecture::{Arm64, X86_64};

type Row = (&'static str, &'static str, &'static str, Option<Architecture>, &'static str);

/// Usage type behind the prefix, service, item, architecture, unit.
const ROWS: [Row; 29] = [
    ("Request", "lambda", "request", Some(X86_64), "request"),
    ("Request-ARM", "lambda", "request", Some(Arm64), "request"),
    ("Lambda-GB-Second", "lambda", "duration", Some(X86_64), "GB-second"),
    ("Lambda-GB-Second-ARM", "lambda", "duration", Some(Arm64), "GB-second"),
    ("Lambda-Provisioned-Concurrency", "lambda", "provisioned_capacity", Some(X86_64), "GB-second"),
    ("Lambda-Provisioned-Concurrency-ARM", "lambda", "provisioned_capacity", Some(Arm64), "GB-second"),
    ("Lambda-Provisioned-GB-Second", "lambda", "provisioned_duration", Some(X86_64), "GB-second"),
    ("Lambda-Provisioned-GB-Second-ARM", "lambda", "provisioned_duration", Some(Arm64), "GB-second"),
    ("Lambda-Storage-GB-Second", "lambda", "ephemeral_storage", Some(X86_64), "GB-second"),
    ("Lambda-Storage-GB-Second-ARM", "lambda", "ephemeral_storage", Some(Arm64), "GB-second"),
    ("Lambda-SnapStart-Cached-GB-S", "lambda", "snapstart_cache", None, "GB-second"),
    ("Lambda-SnapStart-Restored-GB", "lambda", "snapstart_restore", None, "GB"),
    ("Lambda-Streaming-Response-Processed-Bytes", "lambda", "streamed_response", None, "GB"),
    ("Lambda-Streaming-Response-Processed-Bytes-ARM", "lambda", "streamed_response", Some(Arm64), "GB"),
    ("Lambda-Edge-Request", "lambda_edge", "request", None, "request"),
    ("Lambda-Edge-GB-Second", "lambda_edge", "duration", None, "GB-second"),
    ("Global-Request", "lambda", "free_requests", None, "request"),
    ("Global-Lambda-GB-Second", "lambda", "free_duration", None, "GB-second"),
    ("Fargate-vCPU-Hours:perCPU", "fargate", "vcpu_hour", Some(X86_64), "vCPU-hour"),
    ("Fargate-GB-Hours", "fargate", "gb_hour", Some(X86_64), "GB-hour"),
    ("Fargate-ARM-vCPU-Hours:perCPU", "fargate", "vcpu_hour", Some(Arm64), "vCPU-hour"),
    ("Fargate-ARM-GB-Hours", "fargate", "gb_hour", Some(Arm64), "GB-hour"),
    ("Fargate-EphemeralStorage-GB-Hours", "fargate", "ephemeral_gb_hour", None, "GB-hour"),
    ("Fargate-Windows-vCPU-Hours:perCPU", "fargate", "windows_vcpu_hour", Some(X86_64), "vCPU-hour"),
    ("Fargate-Windows-GB-Hours", "fargate", "windows_gb_hour", Some(X86_64), "GB-hour"),
    ("Fargate-Windows-OS-Hours:perCPU", "fargate", "windows_os_vcpu_hour", Some(X86_64), "vCPU-hour"),
    // Spellings without the number of what is counted; of Fargate's vCPU there are rows of 0 named so, and they are left out.
    ("Fargate-EphemeralStorage-GB-Hours:perGB", "fargate", "ephemeral_gb_hour", None, "GB-hour"),
    ("Fargate-GB-Hours:perGB", "fargate", "gb_hour", Some(X86_64), "GB-hour"),
    ("Fargate-ARM-GB-Hours:perGB", "fargate", "gb_hour", Some(Arm64), "GB-hour"),
];

/// What a product of an offer is here.
pub fn product(offer: &str, attributes: &Attributes) -> Match {
    let usage = without_prefix(&attributes.usagetype);
    let here = match offer {
        "AWSLambda" | "AmazonECS" => {
            let service = |row: &&Row| (row.1 == "fargate") == (offer == "AmazonECS");
            ROWS.iter().filter(service).find(|row| row.0 == usage)
        }
        "AmazonEC2" => return instance(usage, attributes),
        _ => None,
    };
    let Some((_, service, item, architecture, unit)) = here else { return Match::Other };
    // Edge and free tier are the same everywhere.
    let everywhere = *service == "lambda_edge" || item.starts_with("free_");
    if !everywhere && is_elsewhere(attributes) {
        return Match::Other;
    }
    let region = if everywhere { Some("*".to_owned()) } else { region(attributes) };
    let Some(region) = region else { return Match::Unclear };
    Match::Wanted(Wanted {
        region,
        service,
        item: (*item).to_owned(),
        architecture: *architecture,
        unit,
        usagetype: attributes.usagetype.clone(),
        size: None,
    })
}

/// Linux on demand on shared hardware.
fn instance(usage: &str, attributes: &Attributes) -> Match {
    let Some(instance_type) = usage.strip_prefix("BoxUsage:") else { return Match::Other };
    let is = |value: &str, wanted: &str| value.is_empty() || value.eq_ignore_ascii_case(wanted);
    let plain = attributes.operation == "RunInstances"
        && attributes.tenancy == "Shared"
        && attributes.operating_system == "Linux"
        && is(&attributes.pre_installed_sw, "NA")
        && is(&attributes.capacitystatus, "Used")
        && is(&attributes.marketoption, "OnDemand");
    if !plain || is_elsewhere(attributes) {
        return Match::Other;
    }
    let Some(region) = region(attributes) else { return Match::Unclear };
    let graviton = attributes.physical_processor.contains("Graviton");
    Match::Wanted(Wanted {
        region,
        service: "ec2",
        item: instance_type.to_owned(),
        architecture: Some(if graviton { Arm64 } else { X86_64 }),
        unit: "hour",
        usagetype: attributes.usagetype.clone(),
        size: size(&attributes.vcpu, &attributes.memory),
    })
}

/// Local and wavelength zones have the code of their region and other prices.
fn is_elsewhere(attributes: &Attributes) -> bool {
    !attributes.location_type.is_empty() && attributes.location_type != "AWS Region"
}

/// `16` and `1,952 GiB`.
fn size(vcpu: &str, memory: &str) -> Option<InstanceSize> {
    let e10 = |text: &str| u64::try_from(parse_decimal(&text.replace(',', ""), 10).ok()?).ok();
    let gib_e10 = u128::from(e10(memory.strip_suffix("GiB")?.trim())?);
    Some(InstanceSize { vcpu_e10: e10(vcpu)?, memory_mib: u64::try_from(gib_e10 * 1024 / 10_000_000_000).ok()? })
}

/// The usage type behind `^[A-Z]+[0-9]*-`.
fn without_prefix(usagetype: &str) -> &str {
    let Some((prefix, rest)) = usagetype.split_once('-') else { return usagetype };
    let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_prefix = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_prefix { rest } else { usagetype }
}

/// The list says so, or an older one by the prefix of the usage type.
fn region(attributes: &Attributes) -> Option<String> {
    if !attributes.region_code.is_empty() {
        return Some(attributes.region_code.clone());
    }
    let usage = without_prefix(&attributes.usagetype);
    let prefix = attributes.usagetype.strip_suffix(usage)?;
    let region = match prefix {
        "" | "USE1-" => "us-east-1",
        "USE2-" => "us-east-2",
        "USW1-" => "us-west-1",
        "USW2-" => "us-west-2",
        "EU-" | "EUW1-" => "eu-west-1",
        "EUW2-" => "eu-west-2",
        "EUW3-" => "eu-west-3",
        "EUC1-" => "eu-central-1",
        "APN1-" => "ap-northeast-1",
        "APN2-" => "ap-northeast-2",
        "APS1-" => "ap-southeast-1",
        "APS2-" => "ap-southeast-2",
        "APS3-" => "ap-south-1",
        _ => return None,
    };
    Some(region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(usagetype: &str, region: &str) -> Attributes {
        Attributes { usagetype: usagetype.into(), region_code: region.into(), ..Attributes::default() }
    }

    #[track_caller]
    fn check(offer: &str, usagetype: &str, expected: Option<(&str, &str, Option<Architecture>)>) {
        let found = match product(offer, &attributes(usagetype, "eu-west-1")) {
            Match::Wanted(wanted) => Some((wanted.region, wanted.item, wanted.architecture)),
            _ => None,
        };
        let expected = expected.map(|(region, item, architecture)| (region.to_owned(), item.to_owned(), architecture));
        assert_eq!(found, expected, "{usagetype}");
    }

    #[test]
    fn usage_types_are_compared_whole_behind_their_prefix() {
        let here = "eu-west-1";
        check("AWSLambda", "EU-Lambda-GB-Second", Some((here, "duration", Some(X86_64))));
        check("AWSLambda", "Lambda-GB-Second-ARM", Some((here, "duration", Some(Arm64))));
        check("AWSLambda", "APN1-Request-ARM", Some((here, "request", Some(Arm64))));
        check("AWSLambda", "EUC1-Lambda-Edge-Request", Some(("*", "request", None)));
        check("AWSLambda", "Global-Request", Some(("*", "free_requests", None)));
        check("AWSLambda", "Lambda-GB-Second-Something", None);
        check("AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", Some((here, "vcpu_hour", Some(X86_64))));
        check("AmazonECS", "USE1-Fargate-vCPU-Hours", None);
        check("AmazonECS", "USE1-Request", None);
        check("AmazonS3", "Request", None);
    }

    #[test]
    fn without_a_region_code_the_prefix_tells() {
        let region = |usagetype| match product("AWSLambda", &attributes(usagetype, "")) {
            Match::Wanted(wanted) => wanted.region,
            other => format!("{other:?}"),
        };
        assert_eq!(region("Request"), "us-east-1");
        assert_eq!(region("EU-Request"), "eu-west-1");
        assert_eq!(region("XYZ9-Request"), "Unclear");
    }

    #[test]
    fn instances_are_plain_linux_in_a_region() {
        let plain = Attributes {
            operation: "RunInstances".into(),
            tenancy: "Shared".into(),
            pre_installed_sw: "NA".into(),
            capacitystatus: "Used".into(),
            operating_system: "Linux".into(),
            vcpu: "128".into(),
            memory: "1,952 GiB".into(),
            physical_processor: "AWS Graviton3 Processor".into(),
            location_type: "AWS Region".into(),
            ..attributes("EU-BoxUsage:x1.32xlarge", "eu-west-1")
        };
        let Match::Wanted(wanted) = product("AmazonEC2", &plain) else { panic!() };
        assert_eq!((wanted.item.as_str(), wanted.architecture), ("x1.32xlarge", Some(Arm64)));
        assert_eq!(wanted.size, Some(InstanceSize { vcpu_e10: 1_280_000_000_000, memory_mib: 1_998_848 }));
        for other in [
            Attributes { operating_system: "Windows".into(), ..plain.clone() },
            Attributes { tenancy: "Dedicated".into(), ..plain.clone() },
            Attributes { operation: "RunInstances:0004".into(), ..plain.clone() },
            Attributes { capacitystatus: "AllocatedCapacityReservation".into(), ..plain.clone() },
            Attributes { location_type: "AWS Local Zone".into(), ..plain.clone() },
            attributes("EU-UnusedBox:x1.32xlarge", "eu-west-1"),
        ] {
            assert_eq!(product("AmazonEC2", &other), Match::Other, "{other:?}");
        }
    }
}
