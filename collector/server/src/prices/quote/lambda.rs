//! Quotes of Lambda: an invocation, provisioned capacity, a cached snapshot, a month.

use coldlight_model::money::lambda::{
    GbSeconds, Initialization, Invocation, ProvisionedCapacity, Time, invocation_cost, provisioned_capacity_cost,
    snapstart_cache_cost,
};
use coldlight_model::money::month::{Usage, month_bill};
use coldlight_model::money::{Date, PriceBook};
use serde_json::{Value, json};

use super::Answer;
use super::input::{Input, InputError};

const FREE_STORAGE_MB: u32 = 512;
const FREE_STREAMED_BYTES: u64 = 6 << 20;
/// Nanoseconds are 10⁻⁶ ms.
const MS_PLACES: u32 = 6;

pub fn invocation(book: &PriceBook, input: &Input<'_>, today: Date, edge: bool) -> Result<Answer, InputError> {
    let initialization = match input.text("init_type")? {
        None => Initialization::OnDemand,
        Some(name) => Initialization::from_name(name).ok_or_else(|| InputError::Wrong {
            name: "init_type".to_owned(),
            value: format!("“{name}”"),
            problem: "is not one of on-demand, provisioned-concurrency, snap-start and lambda-managed-instances"
                .to_owned(),
        })?,
    };
    let runtime = input.text("runtime")?.unwrap_or("managed");
    let family = input.text("runtime_family")?.unwrap_or(runtime);
    // What is billed of a restore is not how long it took; that is looked at only to know that there was one.
    let took = input.has("restore_ms");
    let restored = input.flag("restored")?.unwrap_or_else(|| took || input.has("billed_restore_ms"));
    let asynchronous = matches!(input.text("invocation_type")?, Some("async" | "asynchronous" | "event" | "Event"));
    let event_bytes = input.whole("event_bytes")?;
    let invocation = Invocation {
        initialization,
        managed_zip: input.text("package")?.unwrap_or("zip").eq_ignore_ascii_case("zip")
            && !runtime.starts_with("provided")
            && runtime != "custom",
        storage_mb: input.megabytes("ephemeral_mb")?.unwrap_or(FREE_STORAGE_MB),
        asynchronous_bytes: event_bytes.filter(|_| asynchronous),
        streamed_bytes: input.whole("streamed_bytes")?.unwrap_or(0),
        paid_restore: restored && !family.to_ascii_lowercase().starts_with("java"),
        edge,
        ..Invocation::new(
            input.region()?,
            input.architecture()?,
            input.megabytes("memory_mb")?.ok_or(InputError::Missing("memory_mb"))?,
            time(input, initialization, restored)?,
            input.date(today)?,
        )
    };
    let cost = invocation_cost(book, &invocation);
    let billed_ms = invocation.billed_ms().ok();
    let gb_seconds = billed_ms.map(|ms| GbSeconds::new(invocation.memory_mb, ms).rounded(12));
    Ok(Answer::new(cost)
        .member("billed_ms", json!(billed_ms))
        .member("requests", json!(invocation.requests()))
        .member("gb_seconds", json!(gb_seconds))
        .with_parts())
}

fn time(input: &Input<'_>, initialization: Initialization, restored: bool) -> Result<Time, InputError> {
    let billed_ms = input.whole("billed_ms")?;
    let duration_ns = input.scaled("duration_ms", MS_PLACES)?;
    let init_ns = input.scaled("init_ms", MS_PLACES)?;
    let billed_restore_ns = input.scaled("billed_restore_ms", MS_PLACES)?;
    if let Some(ms) = billed_ms {
        return Ok(Time::Billed { ms });
    }
    let Some(duration_ns) = duration_ns else {
        if initialization == Initialization::ManagedInstances {
            return Ok(Time::Unknown { missing: "billed_ms" });
        }
        return Err(InputError::Missing("billed_ms, or duration_ms to compute it from,"));
    };
    Ok(match billed_restore_ns {
        None if restored => Time::Unknown { missing: "billed_restore_ms" },
        billed_restore_ns => Time::Measured {
            duration_ns,
            init_ns: init_ns.unwrap_or(0),
            billed_restore_ns: billed_restore_ns.unwrap_or(0),
        },
    })
}

pub fn provisioned_capacity(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let capacity = ProvisionedCapacity {
        region: input.region()?,
        architecture: input.architecture()?,
        on: input.date(today)?,
        memory_mb: input.megabytes("memory_mb")?.ok_or(InputError::Missing("memory_mb"))?,
        environments: input.needed("environments")?,
        seconds: whole_seconds(input)?,
    };
    let gb_seconds = capacity.gb_seconds().map(|used| used.rounded(12));
    Ok(Answer::new(provisioned_capacity_cost(book, &capacity))
        .member("billed_seconds", json!(capacity.billed_seconds()))
        .member("gb_seconds", json!(gb_seconds)))
}

pub fn snapstart_cache(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let memory_mb = input.megabytes("memory_mb")?.ok_or(InputError::Missing("memory_mb"))?;
    let cost = snapstart_cache_cost(book, input.region()?, memory_mb, whole_seconds(input)?, input.date(today)?);
    Ok(Answer::new(cost))
}

/// Parts of a second count as one: what is billed by it is rounded up in any case.
fn whole_seconds(input: &Input<'_>) -> Result<u64, InputError> {
    Ok(input.scaled("seconds", 9)?.ok_or(InputError::Missing("seconds"))?.div_ceil(1_000_000_000))
}

pub fn month(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let memory_mb = input.megabytes("memory_mb")?.ok_or(InputError::Missing("memory_mb"))?;
    let invocations = input.needed("invocations")?;
    let billed_ms = input.needed("billed_ms_each")?;
    let storage_mb = input.megabytes("ephemeral_mb")?.unwrap_or(FREE_STORAGE_MB).saturating_sub(FREE_STORAGE_MB);
    let streamed = input.whole("streamed_bytes_each")?.unwrap_or(0).saturating_sub(FREE_STREAMED_BYTES);
    let too_many = || InputError::Wrong {
        name: "invocations".to_owned(),
        value: invocations.to_string(),
        problem: "are more than can be counted".to_owned(),
    };
    let used = |memory_mb| GbSeconds::new(memory_mb, billed_ms).times(invocations).ok_or_else(too_many);
    let usage = Usage {
        region: input.region()?,
        architecture: input.architecture()?,
        requests: invocations,
        duration: used(memory_mb)?,
        storage: used(storage_mb)?,
        streamed_bytes: streamed.checked_mul(invocations).ok_or_else(too_many)?,
    };
    let free_tier = input.flag("free_tier")?.unwrap_or(false);
    let lines = month_bill(book, &[usage], free_tier, input.date(today)?);
    let line = lines.into_iter().next().ok_or_else(too_many)?;
    Ok(Answer::new(line.cost)
        .member("gb_seconds", json!(usage.duration.rounded(12)))
        .member("billable_gb_seconds", json!(line.billable_duration.rounded(12)))
        .member("billable_requests", Value::String(line.billable_requests.to_string()))
        .with_parts())
}
