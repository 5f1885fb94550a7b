//! Points and lengths of time, in nanoseconds.

/// A length of time in nanoseconds. Never negative: a span that ends before it starts has length 0 and an oddity.
pub type Nanos = u64;

const NANOS_PER_MINUTE: i64 = 60_000_000_000;

/// Nanoseconds since 1970-01-01T00:00:00Z, as OTLP counts them, held to what DuckDB's TIMESTAMP_NS can say (1970 to 2262).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last instant we can keep: DuckDB reads `i64::MAX` as *infinity*.
    pub const MAX: Self = Self(i64::MAX - 1);
    pub const EPOCH: Self = Self(0);

    /// From nanoseconds; a value past the year 2262 becomes [`Timestamp::MAX`].
    pub fn from_nanos(nanos: u64) -> Self {
        i64::try_from(nanos).map_or(Self::MAX, |nanos| Self(nanos.min(Self::MAX.0)))
    }

    pub fn from_millis(millis: u64) -> Self {
        Self::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// From what SQL holds; anything before 1970 becomes the epoch.
    pub fn from_sql(nanos: i64) -> Self {
        Self(nanos.clamp(0, Self::MAX.0))
    }

    /// Nanoseconds since the epoch, never negative.
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// Time passed since `earlier`, or 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> Nanos {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    pub fn plus(self, length: Nanos) -> Self {
        Self(self.0.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)).min(Self::MAX.0))
    }

    pub fn minus(self, length: Nanos) -> Self {
        Self(self.0.saturating_sub(i64::try_from(length).unwrap_or(i64::MAX)).max(0))
    }

    /// The start of this instant's minute, the grain of the rollups.
    pub fn minute(self) -> Self {
        Self(self.0 - self.0 % NANOS_PER_MINUTE)
    }
}

/// From `from` (inclusive) to `to` (exclusive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimeRange {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl TimeRange {
    /// The `length` before `now`.
    pub fn last(length: Nanos, now: Timestamp) -> Self {
        Self { from: now.minus(length), to: now }
    }

    pub fn length(&self) -> Nanos {
        self.to.since(self.from)
    }

    /// Widened to whole minutes: what the rollups can tell of, and what every page sums money over.
    pub fn whole_minutes(self) -> Self {
        let to = self.to.minute();
        let to = if to < self.to { to.plus(NANOS_PER_MINUTE.unsigned_abs()) } else { to };
        Self { from: self.from.minute(), to }
    }
}
