//! What the same load would cost otherwise, from what was observed alone.
//!
//! An observation is scaled to a month of 730 hours as it is; nothing is predicted that was not seen. What cannot be known from it is
//! refused with what would make it known ([`Thin`]), but for where the other choice would begin to pay ([`BreakEven`]): that follows from
//! prices.
//!
//! Not here: free tier, tiers of the month, Savings Plans, data transfer.

use std::fmt;

use super::arithmetic::decimal;
use super::book::{PriceBook, Subject};
use super::cost::{Amount, Cost, Part};
use super::date::Date;
use super::lambda::MB_MS_PER_GB_SECOND;
use super::price::{Architecture, Price, Unknown};
use super::task::{FargateTask, InstanceUse, fargate_cost, instance_cost};
use super::usd::Usd;

/// A month as AWS's own estimates count it.
pub const MONTH_NS: u64 = 730 * 3_600_000_000_000;
/// Fewer invocations than this say nothing of the next thousand.
pub const LEAST_INVOCATIONS: u64 = 100;
/// And fewer cold starts than this nothing of the next ones.
pub const LEAST_COLD_STARTS: u64 = 10;
const MONTH_S: u64 = MONTH_NS / 1_000_000_000;
const MILLION: u128 = 1_000_000;

/// What was observed of a function in one memory size on one architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub region: String,
    pub architecture: Architecture,
    pub memory_mb: u32,
    /// The day whose prices count.
    pub on: Date,
    pub invocations: u64,
    /// Of all of them together.
    pub billed_ms: u64,
    pub cold_starts: u64,
    /// Cold starts whose init was told, and what was billed of those inits.
    pub inits: u64,
    pub init_ms: u64,
    pub runtime: Option<String>,
    /// For how long it was observed.
    pub observed_ns: u64,
}

/// What else the load could run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// As it was observed.
    AsIs,
    /// The same on the other architecture.
    Architecture(Architecture),
    /// Another size, with what was observed of the function in that size.
    Memory {
        memory_mb: u32,
        seen: Option<Load>,
    },
    SnapStart,
    /// So many environments kept ready all month, and everything served by them.
    Provisioned {
        environments: u64,
    },
    /// So many tasks, all month.
    Fargate {
        architecture: Architecture,
        vcpu_e10: u64,
        memory_mib: u64,
        tasks: u64,
    },
    /// So many instances, all month.
    Instances {
        instance_type: String,
        instances: u64,
    },
}

/// An answer: a month of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    pub month: Result<Cost, Thin>,
    /// What was taken for granted.
    pub assumes: Vec<String>,
    pub break_even: Option<BreakEven>,
}

/// Why there is no figure, and how to get one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thin {
    pub lacks: String,
    pub remedy: String,
}

impl fmt::Display for Thin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.lacks, self.remedy)
    }
}

/// Where two choices cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakEven {
    /// The billed time there, in millionths of the billed time observed: below it, the other choice costs less.
    BilledTime { ppm: u64 },
    /// The share of time that an environment must be at work, in millionths: above it, provisioned concurrency costs less.
    AtWork { ppm: u64 },
    /// Requests a month from which a fixed price is not dearer.
    Requests { a_month: u64 },
}

impl Load {
    /// Environments at work at once, on average, in thousandths.
    pub fn concurrency_milli(&self) -> u64 {
        let busy_ns = u128::from(self.billed_ms) * MILLION;
        u64::try_from((busy_ns * 1000).checked_div(self.observed_ns.into()).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    /// Requests in a month at this rate.
    pub fn month_requests(&self) -> u64 {
        let all = u128::from(self.invocations) * u128::from(MONTH_NS);
        u64::try_from(all.checked_div(self.observed_ns.into()).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    fn price<'a>(
        &self,
        book: &'a PriceBook,
        item: &str,
        architecture: Architecture,
    ) -> Result<std::borrow::Cow<'a, Price>, Unknown> {
        book.price(Subject { region: &self.region, service: "lambda", item, architecture: Some(architecture) }, self.on)
    }

    /// So much of something in the time observed, as a month of it.
    fn monthly(&self, observed: Option<u128>, unit: u128, text: &str) -> Amount {
        Amount {
            numerator: observed.and_then(|observed| observed.checked_mul(MONTH_NS.into())),
            denominator: u128::from(self.observed_ns) * unit,
            text: format!("{text} × {MONTH_S} s/{} s", decimal(self.observed_ns.into(), 9)),
        }
    }

    fn requests(&self, book: &PriceBook, architecture: Architecture) -> Part {
        let amount = self.monthly(Some(self.invocations.into()), 1, &self.invocations.to_string());
        Part::of("requests", &amount, self.price(book, "request", architecture))
    }

    fn duration(&self, book: &PriceBook, billed_ms: u64, item: &str, architecture: Architecture) -> Part {
        let mb_ms = u128::from(self.memory_mb).checked_mul(billed_ms.into());
        let text = format!("{} s × {}/1024 GB", decimal(billed_ms.into(), 3), self.memory_mb);
        Part::of("duration", &self.monthly(mb_ms, MB_MS_PER_GB_SECOND, &text), self.price(book, item, architecture))
    }

    fn enough(&self) -> Result<(), Thin> {
        if self.invocations >= LEAST_INVOCATIONS && self.observed_ns > 0 {
            return Ok(());
        }
        Err(Thin {
            lacks: format!("{} invocations were observed, of {LEAST_INVOCATIONS} that it takes", self.invocations),
            remedy: "choose a longer time, or let more traffic through".to_owned(),
        })
    }
}

/// A month of the load under `choice`.
pub fn what_if(book: &PriceBook, load: &Load, choice: &Choice) -> WhatIf {
    if let Err(thin) = load.enough() {
        return WhatIf { month: Err(thin), assumes: Vec::new(), break_even: None };
    }
    match choice {
        Choice::AsIs => as_is(book, load, load.architecture),
        Choice::Architecture(other) => {
            let same_speed = "every invocation takes as long there; libraries exist for it".to_owned();
            let prices = (load.price(book, "duration", load.architecture), load.price(book, "duration", *other));
            let break_even = ratio_ppm(prices.0.ok().as_deref(), prices.1.ok().as_deref());
            WhatIf { assumes: vec![same_speed], break_even, ..as_is(book, load, *other) }
        }
        Choice::Memory { memory_mb, seen } => another_size(book, load, *memory_mb, seen.as_ref()),
        Choice::SnapStart => snap_start(book, load),
        Choice::Provisioned { environments } => provisioned(book, load, *environments),
        Choice::Fargate { architecture, vcpu_e10, memory_mib, tasks } => {
            let one = fargate_cost(
                book,
                &FargateTask {
                    region: &load.region,
                    architecture: *architecture,
                    on: load.on,
                    windows: false,
                    spot: false,
                    vcpu_e10: *vcpu_e10,
                    memory_mib: *memory_mib,
                    storage_gib: 0,
                    running_ns: MONTH_NS,
                },
            );
            fixed(book, load, one, *tasks, "task")
        }
        Choice::Instances { instance_type, instances } => {
            let one = instance_cost(
                book,
                &InstanceUse {
                    region: &load.region,
                    instance_type,
                    on: load.on,
                    reserved: None,
                    vcpu_weight: super::task::VCPU_WEIGHT,
                    running_ns: MONTH_NS,
                },
            );
            fixed(book, load, one, *instances, "instance")
        }
    }
}

fn as_is(book: &PriceBook, load: &Load, architecture: Architecture) -> WhatIf {
    let parts = vec![load.requests(book, architecture), load.duration(book, load.billed_ms, "duration", architecture)];
    WhatIf { month: Ok(Cost { parts }), assumes: Vec::new(), break_even: None }
}

/// How much longer it may take at the other price, in millionths, rounded down.
fn ratio_ppm(now: Option<&Price>, there: Option<&Price>) -> Option<BreakEven> {
    let attos = |price: &Price| u128::try_from(price.usd?.attos()).ok();
    let (now, there) = (attos(now?)?, attos(there?)?);
    let ppm = now.checked_mul(MILLION)?.checked_div(there)?;
    Some(BreakEven::BilledTime { ppm: u64::try_from(ppm).ok()? })
}

fn another_size(book: &PriceBook, load: &Load, memory_mb: u32, seen: Option<&Load>) -> WhatIf {
    let ppm = (u128::from(load.memory_mb) * MILLION).checked_div(memory_mb.into());
    let break_even = ppm.and_then(|ppm| u64::try_from(ppm).ok()).map(|ppm| BreakEven::BilledTime { ppm });
    let enough = seen.filter(|seen| seen.memory_mb == memory_mb && seen.enough().is_ok());
    let Some(seen) = enough else {
        let thin = Thin {
            lacks: format!(
                "{} invocations were observed at {memory_mb} MB: how long it takes there is not known",
                seen.map_or(0, |seen| seen.invocations)
            ),
            remedy: format!(
                "let a version with {memory_mb} MB serve {LEAST_INVOCATIONS} invocations, for instance behind a weighted alias"
            ),
        };
        return WhatIf { month: Err(thin), assumes: Vec::new(), break_even };
    };
    // As many invocations as now, each billed what one there is on average.
    let mb_ms = u128::from(memory_mb)
        .checked_mul(seen.billed_ms.into())
        .and_then(|mb_ms| mb_ms.checked_mul(load.invocations.into()));
    let text = format!(
        "{} × {} s/{} × {memory_mb}/1024 GB",
        load.invocations,
        decimal(seen.billed_ms.into(), 3),
        seen.invocations
    );
    let amount = load.monthly(mb_ms, MB_MS_PER_GB_SECOND * u128::from(seen.invocations), &text);
    let duration = Part::of("duration", &amount, load.price(book, "duration", load.architecture));
    WhatIf {
        month: Ok(Cost { parts: vec![load.requests(book, load.architecture), duration] }),
        assumes: vec![format!("invocations as the {} seen at {memory_mb} MB", seen.invocations)],
        break_even,
    }
}

fn snap_start(book: &PriceBook, load: &Load) -> WhatIf {
    let refuse = |lacks: String, remedy: &str| {
        let thin = Thin { lacks, remedy: remedy.to_owned() };
        WhatIf { month: Err(thin), assumes: Vec::new(), break_even: None }
    };
    let Some(runtime) = load.runtime.as_deref().map(str::to_lowercase) else {
        return refuse("its runtime was not told".to_owned(), "send process.runtime.name or faas.runtime");
    };
    let is_java = runtime.contains("java") || runtime.contains("openjdk");
    if !is_java && !["python", "dotnet", ".net"].iter().any(|known| runtime.contains(known)) {
        return refuse(format!("SnapStart is not for {runtime}"), "it is for Java, Python and .NET");
    }
    if load.inits < LEAST_COLD_STARTS {
        return refuse(
            format!("{} inits were told, of {LEAST_COLD_STARTS} that it takes", load.inits),
            "let the platform's reports through, and choose a longer time",
        );
    }
    let billed_ms = load.billed_ms.saturating_sub(load.init_ms);
    let mut parts =
        vec![load.requests(book, load.architecture), load.duration(book, billed_ms, "duration", load.architecture)];
    if !is_java {
        let mb = u128::from(load.memory_mb) * u128::from(load.cold_starts);
        let restored = load.monthly(Some(mb), 1024, &format!("{} × {}/1024 GB", load.cold_starts, load.memory_mb));
        parts.push(Part::of("snapstart_restore", &restored, load.price(book, "snapstart_restore", load.architecture)));
        let cached = Amount {
            numerator: Some(u128::from(load.memory_mb) * u128::from(MONTH_S)),
            denominator: 1024,
            text: format!("{}/1024 GB × {MONTH_S} s", load.memory_mb),
        };
        parts.push(Part::of(
            "snapstart_cache",
            &cached,
            book.price(
                Subject { region: &load.region, service: "lambda", item: "snapstart_cache", architecture: None },
                load.on,
            ),
        ));
    }
    WhatIf {
        month: Ok(Cost { parts }),
        assumes: vec![
            "what is billed of a restore is known only once it was tried: it counts as nothing, so this is the least it costs".to_owned(),
            "one published version is kept".to_owned(),
        ],
        break_even: None,
    }
}

fn provisioned(book: &PriceBook, load: &Load, environments: u64) -> WhatIf {
    let capacity = Amount {
        numerator: u128::from(environments)
            .checked_mul(load.memory_mb.into())
            .and_then(|mb| mb.checked_mul(MONTH_S.into())),
        denominator: 1024,
        text: format!("{environments} × {}/1024 GB × {MONTH_S} s", load.memory_mb),
    };
    let price = |item| load.price(book, item, load.architecture);
    let parts = vec![
        load.requests(book, load.architecture),
        load.duration(book, load.billed_ms, "provisioned_duration", load.architecture),
        Part::of("provisioned_capacity", &capacity, price("provisioned_capacity")),
    ];
    // Per GB-second kept: capacity = at work × (on demand - provisioned).
    let attos = |item| price(item).ok().and_then(|price| u128::try_from(price.usd?.attos()).ok());
    let break_even = match (attos("duration"), attos("provisioned_duration"), attos("provisioned_capacity")) {
        (Some(demand), Some(served), Some(kept)) if demand > served => {
            let ppm = kept.checked_mul(MILLION).map(|kept| kept.div_ceil(demand - served));
            ppm.and_then(|ppm| u64::try_from(ppm).ok()).map(|ppm| BreakEven::AtWork { ppm })
        }
        _ => None,
    };
    WhatIf {
        month: Ok(Cost { parts }),
        assumes: vec![format!(
            "{environments} kept ready serve everything; on average {} are at work",
            milli(load.concurrency_milli())
        )],
        break_even,
    }
}

/// Thousandths, written as a decimal.
fn milli(thousandths: u64) -> String {
    decimal(thousandths.into(), 3)
}

/// What costs the same whether it serves or not.
fn fixed(book: &PriceBook, load: &Load, one: Cost, count: u64, what: &str) -> WhatIf {
    let parts = one.parts.into_iter().map(|part| Part {
        usd: part.usd.and_then(|usd| usd.times(count.into(), 1).ok_or(Unknown::TooLarge)),
        formula: format!("{count} × {}", part.formula),
        ..part
    });
    let month = Cost { parts: parts.collect() };
    let observed = observed_cost(book, load);
    let break_even = month.total().ok().zip(observed).and_then(|(fixed, observed)| {
        requests_at(fixed, observed, load.invocations).map(|a_month| BreakEven::Requests { a_month })
    });
    WhatIf {
        month: Ok(month),
        assumes: vec![
            format!(
                "{count} {what}{} can serve it: on average {} requests are open at once",
                if count == 1 { "" } else { "s" },
                milli(load.concurrency_milli())
            ),
            "no load balancer, no data transfer, nobody's time".to_owned(),
        ],
        break_even,
    }
}

/// What the invocations observed cost on demand.
pub fn observed_cost(book: &PriceBook, load: &Load) -> Option<Usd> {
    let known = |item| load.price(book, item, load.architecture).ok().and_then(|price| price.usd);
    let requests = known("request")?.times(load.invocations.into(), 1)?;
    let mb_ms = u128::from(load.memory_mb).checked_mul(load.billed_ms.into())?;
    requests.checked_add(known("duration")?.times(mb_ms, MB_MS_PER_GB_SECOND)?)
}

/// The least number of requests that cost `fixed` or more, when `invocations` of them cost `observed`.
pub fn requests_at(fixed: Usd, observed: Usd, invocations: u64) -> Option<u64> {
    let fixed = u128::try_from(fixed.attos()).ok()?.checked_mul(invocations.into())?;
    let observed = u128::try_from(observed.attos()).ok().filter(|observed| *observed > 0)?;
    u64::try_from(fixed.div_ceil(observed)).ok()
}

#[cfg(test)]
mod tests;
