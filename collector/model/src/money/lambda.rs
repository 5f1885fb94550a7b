//! What Lambda bills: one invocation, provisioned capacity, a SnapStart cache.
//!
//! These are list costs: the first tier, no free tier. What a whole month comes to is [`super::month`].

use super::arithmetic::{decimal, decimal_fixed, mul_div_half_up};
use super::book::{PriceBook, Subject};
use super::cost::{Amount, Cost, Part};
use super::date::Date;
use super::price::{Architecture, Unknown};

/// Lambda's GB is 1,024 MB, and it bills milliseconds.
pub(super) const MB_MS_PER_GB_SECOND: u128 = 1_024_000;
const NANOS_PER_MS: u64 = 1_000_000;
/// `/tmp` up to here is free.
const FREE_STORAGE_MB: u32 = 512;
/// Bytes of a streamed response that are free.
const FREE_STREAMED_BYTES: u64 = 6 << 20;
const GIB: u128 = 1 << 30;
/// The first request of an asynchronous event covers this much of it, each further one the chunk.
const FIRST_EVENT_BYTES: u64 = 256 << 10;
const EVENT_CHUNK_BYTES: u64 = 64 << 10;
/// AWS takes no larger event.
const MOST_EVENT_BYTES: u64 = 1 << 20;
/// Capacity is billed in steps of five minutes.
const CAPACITY_STEP_S: u64 = 300;
/// A cached snapshot is billed for three hours at least.
const LEAST_CACHED_S: u64 = 3 * 3600;

/// Memory held × time held: exact, as MB·ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GbSeconds {
    pub mb_ms: u128,
}

impl GbSeconds {
    pub fn new(memory_mb: u32, milliseconds: u64) -> Self {
        Self { mb_ms: u128::from(memory_mb) * u128::from(milliseconds) }
    }

    /// From whole GB-seconds, as tiers have them.
    pub fn whole(gb_seconds: u64) -> Self {
        Self { mb_ms: u128::from(gb_seconds) * MB_MS_PER_GB_SECOND }
    }

    pub fn times(self, count: u64) -> Option<Self> {
        self.mb_ms.checked_mul(count.into()).map(|mb_ms| Self { mb_ms })
    }

    /// With exactly so many places, rounded half up.
    pub fn rounded(self, places: u32) -> String {
        let scaled = mul_div_half_up(self.mb_ms, 10_u128.pow(places.min(18)), MB_MS_PER_GB_SECOND);
        scaled
            .and_then(|scaled| i128::try_from(scaled).ok())
            .map_or_else(|| "?".to_owned(), |scaled| decimal_fixed(scaled, places.min(18)))
    }
}

/// What Lambda says of how an environment was made (`initializationType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Initialization {
    #[default]
    OnDemand,
    Provisioned,
    SnapStart,
    ManagedInstances,
}

impl Initialization {
    /// `None` for a name of later times.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "on-demand" => Some(Self::OnDemand),
            "provisioned-concurrency" => Some(Self::Provisioned),
            "snap-start" => Some(Self::SnapStart),
            "lambda-managed-instances" => Some(Self::ManagedInstances),
            _ => None,
        }
    }
}

/// What is known of the time that is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// The platform said so: it wins over every formula.
    Billed { ms: u64 },
    /// To compute it from.
    Measured {
        duration_ns: u64,
        /// Of the phase *init*; an init inside the invocation is inside its duration. 0: none.
        init_ns: u64,
        /// What is billed of a restore, which is less than it takes. 0: none.
        billed_restore_ns: u64,
    },
    /// Neither; what it would take.
    Unknown { missing: &'static str },
}

/// One invocation, as far as its price depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Invocation<'a> {
    pub region: &'a str,
    pub architecture: Architecture,
    pub on: Date,
    pub memory_mb: u32,
    pub time: Time,
    pub initialization: Initialization,
    /// A ZIP with a managed runtime, whose init cost nothing before 2025-08-01.
    pub managed_zip: bool,
    /// The configured `/tmp`.
    pub storage_mb: u32,
    /// The event's size when it was asynchronous.
    pub asynchronous_bytes: Option<u64>,
    /// The response's size when it was streamed.
    pub streamed_bytes: u64,
    /// Began with a restore from a snapshot, of a runtime for which that is paid (not Java).
    pub paid_restore: bool,
    /// Ran at a place of CloudFront's.
    pub edge: bool,
}

impl<'a> Invocation<'a> {
    /// A synchronous call on demand, with the free 512 MB of `/tmp`.
    pub fn new(region: &'a str, architecture: Architecture, memory_mb: u32, time: Time, on: Date) -> Self {
        Self {
            region,
            architecture,
            on,
            memory_mb,
            time,
            initialization: Initialization::OnDemand,
            managed_zip: false,
            storage_mb: FREE_STORAGE_MB,
            asynchronous_bytes: None,
            streamed_bytes: 0,
            paid_restore: false,
            edge: false,
        }
    }

    /// Whole milliseconds, rounded up. An init is billed to everybody since 2025-08-01 (before, not to ZIPs of managed runtimes), and
    /// only on demand: an environment made ahead is paid by itself.
    ///
    /// # Errors
    /// [`Unknown::NoBilledTime`]; [`Unknown::NotByDuration`] on managed instances.
    pub fn billed_ms(&self) -> Result<u64, Unknown> {
        if self.initialization == Initialization::ManagedInstances {
            return Err(Unknown::NotByDuration);
        }
        match self.time {
            Time::Billed { ms } => Ok(ms),
            Time::Unknown { missing } => Err(Unknown::NoBilledTime { missing }),
            Time::Measured { duration_ns, init_ns, billed_restore_ns } => {
                let init_counts = matches!(self.initialization, Initialization::OnDemand)
                    && !(self.managed_zip && self.on < init_billed_to_all());
                let init_ns = if init_counts { init_ns } else { 0 };
                let all = u128::from(duration_ns) + u128::from(init_ns) + u128::from(billed_restore_ns);
                u64::try_from(all.div_ceil(NANOS_PER_MS.into())).map_err(|_| Unknown::TooLarge)
            }
        }
    }

    /// Requests billed: one, and for a large asynchronous event more.
    pub fn requests(&self) -> u64 {
        let beyond = self.asynchronous_bytes.unwrap_or(0).min(MOST_EVENT_BYTES).saturating_sub(FIRST_EVENT_BYTES);
        1 + beyond.div_ceil(EVENT_CHUNK_BYTES)
    }

    fn subject(&self, item: &'a str) -> Subject<'a> {
        let service = if self.edge { "lambda_edge" } else { "lambda" };
        Subject { region: self.region, service, item, architecture: Some(self.architecture) }
    }
}

/// 2025-08-01, as AWS announced it.
fn init_billed_to_all() -> Date {
    Date::from_days(20_301)
}

/// The part of the billed time that was init: what is left of it without the run. With the price of the duration it is a part
/// *of* the duration's cost, never added to it.
pub fn init_billed_ms(billed_ms: u64, duration_ns: u64) -> u64 {
    billed_ms.saturating_sub(duration_ns.div_ceil(NANOS_PER_MS))
}

/// What one invocation costs: requests, duration, and what applies of ephemeral storage, streamed response and SnapStart restore.
pub fn invocation_cost(book: &PriceBook, invocation: &Invocation<'_>) -> Cost {
    let price = |item| book.price(invocation.subject(item), invocation.on);
    let requests = invocation.requests();
    let mut parts = vec![Part::of("requests", &Amount::whole(requests, requests.to_string()), price("request"))];

    let duration_item = match invocation.initialization {
        Initialization::Provisioned => "provisioned_duration",
        _ => "duration",
    };
    let memory_mb = invocation.memory_mb;
    let billed = invocation.billed_ms();
    match &billed {
        Ok(ms) => {
            let amount =
                gb_seconds(GbSeconds::new(memory_mb, *ms), format!("{} s × {memory_mb}/1024 GB", seconds(*ms)));
            parts.push(Part::of("duration", &amount, price(duration_item)));
        }
        Err(unknown) => {
            parts.push(Part::unknown("duration", format!("? s × {memory_mb}/1024 GB"), unknown.clone()));
        }
    }
    let beyond_mb = invocation.storage_mb.saturating_sub(FREE_STORAGE_MB);
    if let Ok(ms) = billed
        && beyond_mb > 0
    {
        let text = format!("{} s × ({} - {FREE_STORAGE_MB})/1024 GB", seconds(ms), invocation.storage_mb);
        let amount = gb_seconds(GbSeconds::new(beyond_mb, ms), text);
        parts.push(Part::of("ephemeral_storage", &amount, price("ephemeral_storage")));
    }
    let streamed = invocation.streamed_bytes.saturating_sub(FREE_STREAMED_BYTES);
    if streamed > 0 {
        let text = format!("({} - {FREE_STREAMED_BYTES})/2^30 GB", invocation.streamed_bytes);
        let amount = Amount { numerator: Some(streamed.into()), denominator: GIB, text };
        parts.push(Part::of("streamed_response", &amount, price("streamed_response")));
    }
    if invocation.paid_restore {
        let amount =
            Amount { numerator: Some(memory_mb.into()), denominator: 1024, text: format!("{memory_mb}/1024 GB") };
        parts.push(Part::of("snapstart_restore", &amount, price("snapstart_restore")));
    }
    Cost { parts }
}

pub(super) fn gb_seconds(used: GbSeconds, text: String) -> Amount {
    Amount { numerator: Some(used.mb_ms), denominator: MB_MS_PER_GB_SECOND, text }
}

/// `0.312`, from milliseconds.
fn seconds(ms: u64) -> String {
    decimal(ms.into(), 3)
}

/// Environments kept ready, used or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProvisionedCapacity<'a> {
    pub region: &'a str,
    pub architecture: Architecture,
    pub on: Date,
    pub memory_mb: u32,
    pub environments: u64,
    /// One period from allocation to release; it is rounded up to five minutes.
    pub seconds: u64,
}

impl ProvisionedCapacity<'_> {
    pub fn billed_seconds(&self) -> u64 {
        self.seconds.checked_next_multiple_of(CAPACITY_STEP_S).unwrap_or(u64::MAX)
    }

    /// `None` when it is more than can be counted.
    pub fn gb_seconds(&self) -> Option<GbSeconds> {
        let ms = self.billed_seconds().checked_mul(1000)?;
        GbSeconds::new(self.memory_mb, ms).times(self.environments)
    }
}

/// What provisioned capacity costs. It belongs to the function, not to any invocation.
pub fn provisioned_capacity_cost(book: &PriceBook, capacity: &ProvisionedCapacity<'_>) -> Cost {
    let asked = Subject {
        region: capacity.region,
        service: "lambda",
        item: "provisioned_capacity",
        architecture: Some(capacity.architecture),
    };
    let text = format!("{} × {} s × {}/1024 GB", capacity.environments, capacity.billed_seconds(), capacity.memory_mb);
    let amount =
        Amount { numerator: capacity.gb_seconds().map(|used| used.mb_ms), denominator: MB_MS_PER_GB_SECOND, text };
    Cost { parts: vec![Part::of("provisioned_capacity", &amount, book.price(asked, capacity.on))] }
}

/// What keeping the snapshot of one published version costs, for three hours at least. Java's costs nothing and is not asked here.
pub fn snapstart_cache_cost(book: &PriceBook, region: &str, memory_mb: u32, seconds: u64, on: Date) -> Cost {
    let asked = Subject { region, service: "lambda", item: "snapstart_cache", architecture: None };
    let seconds = seconds.max(LEAST_CACHED_S);
    let amount = Amount {
        numerator: u128::from(seconds).checked_mul(u128::from(memory_mb)),
        denominator: 1024,
        text: format!("{seconds} s × {memory_mb}/1024 GB"),
    };
    Cost { parts: vec![Part::of("snapstart_cache", &amount, book.price(asked, on))] }
}
