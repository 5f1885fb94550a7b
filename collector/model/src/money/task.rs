//! What a container's task costs: on Fargate by its size, on an instance as a share of it.

use super::arithmetic::decimal;
use super::book::{PriceBook, Subject};
use super::cost::{Amount, Cost, Part};
use super::date::Date;
use super::price::{Architecture, InstanceSize, Unknown, e10};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_HOUR: u128 = 3600;
const VCPU_E10: u128 = 10_000_000_000;
/// Fargate bills a minute at least, on Windows five.
const LEAST_S: u64 = 60;
const LEAST_WINDOWS_S: u64 = 300;
/// Task storage up to here is free.
const FREE_STORAGE_GIB: u64 = 20;
/// How much dearer a vCPU is than a GB: the ratio of Fargate's own prices, 0.04048 to 0.004445.
pub const VCPU_WEIGHT: u64 = 9;

/// One task on Fargate, of the size that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FargateTask<'a> {
    pub region: &'a str,
    pub architecture: Architecture,
    pub on: Date,
    pub windows: bool,
    /// Its price moves and stands in no price list.
    pub spot: bool,
    /// In 10⁻¹⁰ vCPU.
    pub vcpu_e10: u64,
    pub memory_mib: u64,
    /// The first 20 GiB are free.
    pub storage_gib: u64,
    /// From the start of the image pull until the task has stopped.
    pub running_ns: u64,
}

impl FargateTask<'_> {
    /// Whole seconds, rounded up, a minute at least (Windows: five).
    pub fn billed_seconds(&self) -> u64 {
        let least = if self.windows { LEAST_WINDOWS_S } else { LEAST_S };
        self.running_ns.div_ceil(NANOS_PER_SECOND).max(least)
    }
}

/// What a task on Fargate costs: vCPU, memory, storage above 20 GiB, and on Windows its licence.
pub fn fargate_cost(book: &PriceBook, task: &FargateTask<'_>) -> Cost {
    let seconds = task.billed_seconds();
    let asked = |item| Subject { region: task.region, service: "fargate", item, architecture: Some(task.architecture) };
    let price = |item| book.price(asked(item), task.on);
    let (vcpu_item, memory_item) = match (task.windows, task.spot) {
        (true, _) => ("windows_vcpu_hour", "windows_gb_hour"),
        (false, true) => ("spot_vcpu_hour", "spot_gb_hour"),
        (false, false) => ("vcpu_hour", "gb_hour"),
    };
    let vcpu = Amount {
        numerator: u128::from(seconds).checked_mul(task.vcpu_e10.into()),
        denominator: SECONDS_PER_HOUR * VCPU_E10,
        text: format!("{seconds}/3600 h × {} vCPU", e10(task.vcpu_e10)),
    };
    let memory = Amount {
        numerator: u128::from(seconds).checked_mul(task.memory_mib.into()),
        denominator: SECONDS_PER_HOUR * 1024,
        text: format!("{seconds}/3600 h × {}/1024 GB", task.memory_mib),
    };
    let mut parts = vec![Part::of("vcpu", &vcpu, price(vcpu_item)), Part::of("memory", &memory, price(memory_item))];
    if task.windows {
        parts.push(Part::of("licence", &vcpu, price("windows_os_vcpu_hour")));
    }
    let beyond = task.storage_gib.saturating_sub(FREE_STORAGE_GIB);
    if beyond > 0 {
        let storage = Amount {
            numerator: u128::from(seconds).checked_mul(beyond.into()),
            denominator: SECONDS_PER_HOUR,
            text: format!("{seconds}/3600 h × ({} - {FREE_STORAGE_GIB}) GB", task.storage_gib),
        };
        parts.push(Part::of("ephemeral_storage", &storage, price("ephemeral_gb_hour")));
    }
    Cost { parts }
}

/// What was used of an EC2 instance: all of it, or what a task or pod on it reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstanceUse<'a> {
    pub region: &'a str,
    /// Such as `m7g.large`; Linux, on demand.
    pub instance_type: &'a str,
    pub on: Date,
    /// `None`: the whole instance.
    pub reserved: Option<InstanceSize>,
    /// What a vCPU weighs when a GB weighs 1; [`VCPU_WEIGHT`] unless somebody set another.
    pub vcpu_weight: u64,
    pub running_ns: u64,
}

/// What an instance, or a share of it, costs. Shares weigh by what is reserved, not by what is used.
pub fn instance_cost(book: &PriceBook, used: &InstanceUse<'_>) -> Cost {
    let asked = |architecture| Subject { region: used.region, service: "ec2", item: used.instance_type, architecture };
    // An instance type has one architecture, and its row says which.
    let price = book.price(asked(None), used.on).or_else(|unknown| {
        let mut found = Architecture::ALL.iter().filter_map(|one| book.price(asked(Some(*one)), used.on).ok());
        found.next().ok_or(unknown)
    });
    let hours = format!("{} s / 3600", decimal(used.running_ns.into(), 9));
    let nanos_per_hour = SECONDS_PER_HOUR * u128::from(NANOS_PER_SECOND);
    let amount = match (used.reserved, price.as_ref().ok().and_then(|price| price.size)) {
        (None, _) => Amount { numerator: Some(used.running_ns.into()), denominator: nanos_per_hour, text: hours },
        (Some(_), None) => {
            let unknown = match price {
                Err(unknown) => unknown,
                Ok(_) => Unknown::NoSize { what: used.instance_type.to_owned() },
            };
            return Cost { parts: vec![Part::unknown("instance", format!("{hours} × ?"), unknown)] };
        }
        (Some(reserved), Some(size)) => {
            let (share, whole) = (weight(reserved, used.vcpu_weight), weight(size, used.vcpu_weight));
            let text = format!(
                "{hours} × ({w} × {} vCPU + {}/1024 GB)/({w} × {} vCPU + {}/1024 GB)",
                e10(reserved.vcpu_e10),
                reserved.memory_mib,
                e10(size.vcpu_e10),
                size.memory_mib,
                w = used.vcpu_weight,
            );
            Amount {
                numerator: share.and_then(|share| share.checked_mul(used.running_ns.into())),
                denominator: whole.and_then(|whole| whole.checked_mul(nanos_per_hour)).unwrap_or(0),
                text,
            }
        }
    };
    Cost { parts: vec![Part::of("instance", &amount, price)] }
}

/// What Lambda Managed Instances cost: the instance's hours and AWS's fee, a fraction of them.
pub fn managed_instance_cost(book: &PriceBook, used: &InstanceUse<'_>) -> Cost {
    let mut cost = instance_cost(book, used);
    let asked = Subject { region: used.region, service: "lambda", item: "managed_instances_fee", architecture: None };
    let formula = cost.formula();
    let fee = match (cost.total(), book.price(asked, used.on)) {
        (Ok(instance), Ok(fraction)) => Part {
            name: "management_fee",
            // The fraction is kept as money is, in 10⁻¹⁸.
            usd: fraction.known().and_then(|fraction| {
                let attos = u128::try_from(fraction.attos()).map_err(|_| Unknown::TooLarge)?;
                instance.times(attos, 10_u128.pow(18)).ok_or(Unknown::TooLarge)
            }),
            formula: format!("{formula} × {}", fraction.usd.map_or_else(|| "?".to_owned(), |usd| usd.to_string())),
            prices: vec![fraction.into_owned()],
        },
        (Err(unknown), _) | (_, Err(unknown)) => Part::unknown("management_fee", format!("{formula} × ?"), unknown),
    };
    cost.parts.push(fee);
    cost
}

/// `weight × vCPU + GB`, in 10⁻¹⁰ ÷ 1024, so that both are whole.
fn weight(size: InstanceSize, vcpu_weight: u64) -> Option<u128> {
    let vcpu = u128::from(size.vcpu_e10).checked_mul(vcpu_weight.into())?.checked_mul(1024)?;
    u128::from(size.memory_mib).checked_mul(VCPU_E10)?.checked_add(vcpu)
}

/// The weights of tasks on an instance and, last, of what none of them reserves; for [`super::usd::apportion`].
/// `None` when they reserve more than there is.
pub fn instance_weights(tasks: &[InstanceSize], instance: InstanceSize, vcpu_weight: u64) -> Option<Vec<u128>> {
    let mut weights: Vec<u128> = tasks.iter().map(|task| weight(*task, vcpu_weight)).collect::<Option<_>>()?;
    let reserved = weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(*weight))?;
    weights.push(weight(instance, vcpu_weight)?.checked_sub(reserved)?);
    Some(weights)
}
