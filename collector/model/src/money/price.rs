//! What one unit of something costs, where, from when, and who says so.

use std::fmt;

use super::arithmetic::decimal;
use super::date::Date;
use super::discount::WHOLE_PPM;
use super::usd::Usd;

/// What a processor is called where prices differ by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    #[default]
    X86_64,
    Arm64,
}

impl Architecture {
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// Also understands the names of Docker and OpenTelemetry, `amd64` and `aarch64`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "x86_64" | "amd64" | "x86-64" => Some(Self::X86_64),
            "arm64" | "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }
}

/// Where a price comes from. A later one here wins over an earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// In the program.
    #[default]
    BuiltIn,
    /// From AWS's price list.
    Imported,
    /// Set by hand: what was agreed with AWS.
    Set,
}

impl Layer {
    pub const ALL: [Self; 3] = [Self::BuiltIn, Self::Imported, Self::Set];

    pub fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Imported => "imported",
            Self::Set => "set",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }
}

/// How far a figure is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Printed alike by two or more independent sources.
    Agreed,
    /// Printed by one source.
    Single,
    /// Computed from a printed bill or rate.
    Derived,
    /// Nobody prints it: it is unknown, and stays so.
    Unsourced,
    /// AWS's own price list says so.
    Listed,
    /// Set by hand.
    Set,
}

impl Status {
    pub const ALL: [Self; 6] = [Self::Agreed, Self::Single, Self::Derived, Self::Unsourced, Self::Listed, Self::Set];

    pub fn name(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Single => "single",
            Self::Derived => "derived",
            Self::Unsourced => "unsourced",
            Self::Listed => "listed",
            Self::Set => "set",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The size of an EC2 instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstanceSize {
    /// In 10⁻¹⁰ vCPU.
    pub vcpu_e10: u64,
    pub memory_mib: u64,
}

/// One price: a tier of an item, in a region, from a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// AWS's code, such as `eu-west-1`; `*` is every region.
    pub region: String,
    /// `lambda`, `fargate`, `ec2`, `sqs` …
    pub service: String,
    /// What is metered, such as `duration`; of EC2 the instance type.
    pub item: String,
    /// `None`: whatever the processor.
    pub architecture: Option<Architecture>,
    /// What `usd` is for one of, such as `GB-second`.
    pub unit: String,
    /// The month's use from which this tier holds, in units.
    pub begin: u64,
    /// Up to where; `None` is without end.
    pub end: Option<u64>,
    /// The list price, or the one set; `None`: unknown.
    pub usd: Option<Usd>,
    /// What is paid of it, in millionths, on the day asked for ([`WHOLE_PPM`] in rows).
    pub paid_ppm: u32,
    pub status: Status,
    /// Who says so, in words.
    pub source: String,
    /// From this day; `None` is always.
    pub effective: Option<Date>,
    pub layer: Layer,
    /// Counts what was recorded one after the other; all tiers of one price have the same.
    pub recorded: u32,
    /// AWS's name of it, where it has one.
    pub usagetype: Option<String>,
    pub size: Option<InstanceSize>,
    pub note: String,
}

impl Price {
    /// What it is the price of, in words.
    pub fn subject(&self) -> String {
        subject(&self.service, &self.item, self.architecture, &self.region)
    }

    /// What `numerator ÷ denominator` units cost, rounded half up once.
    ///
    /// # Errors
    /// [`Unknown`] when nobody prints the price, or when the cost cannot be held.
    pub fn of(&self, numerator: u128, denominator: u128) -> Result<Usd, Unknown> {
        self.known()?.times(numerator, denominator).ok_or(Unknown::TooLarge)
    }

    /// The price of one unit, with its discount; rounded half up.
    ///
    /// # Errors
    /// [`Unknown::Unsourced`] when nobody prints it.
    pub fn known(&self) -> Result<Usd, Unknown> {
        let usd = self.usd.ok_or_else(|| Unknown::Unsourced { what: self.subject(), note: self.note.clone() })?;
        match self.paid_ppm {
            WHOLE_PPM => Ok(usd),
            ppm => usd.times(ppm.into(), WHOLE_PPM.into()).ok_or(Unknown::TooLarge),
        }
    }

    /// `0.0000166667 USD/GB-second`, as formulas have it.
    pub fn rate(&self) -> String {
        match (self.usd, self.paid_ppm) {
            (Some(usd), WHOLE_PPM) => format!("{usd} USD/{}", self.unit),
            (Some(usd), ppm) => format!("{usd} × {} USD/{}", decimal(ppm.into(), 6), self.unit),
            (None, _) => format!("? USD/{}", self.unit),
        }
    }
}

pub(super) fn subject(service: &str, item: &str, architecture: Option<Architecture>, region: &str) -> String {
    let architecture = architecture.map_or_else(String::new, |one| format!(" on {}", one.name()));
    let place = if region == "*" { "everywhere".to_owned() } else { format!("in {region}") };
    format!("{service} {item}{architecture} {place}")
}

/// Why something has no price. It is shown so, never as 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// The book has no such row.
    NotInBook { what: String },
    /// The book has the row and no figure for it.
    Unsourced { what: String, note: String },
    /// Lambda Managed Instances are paid by the instance's hours.
    NotByDuration,
    /// Neither a billed time nor what it would follow from.
    NoBilledTime { missing: &'static str },
    /// The book does not say how large the instance is, so a share of it cannot be told.
    NoSize { what: String },
    /// From 10²⁰ USD on: the figures cannot be right.
    TooLarge,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInBook { what } => write!(
                f,
                "no price is known for {what}; import AWS's price list of that region (coldlight prices import) or set one (coldlight prices set)"
            ),
            Self::Unsourced { what, note } => {
                write!(f, "the price of {what} is unknown: no source prints it")?;
                if note.is_empty() { Ok(()) } else { write!(f, " ({note})") }
            }
            Self::NotByDuration => f.write_str(
                "managed instances are paid by the hours of the instance, not by the duration of an invocation",
            ),
            Self::NoBilledTime { missing } => write!(f, "the billed time is unknown: {missing} is missing"),
            Self::NoSize { what } => write!(f, "the size of {what} is unknown, so a share of it cannot be told"),
            Self::TooLarge => f.write_str("the figures give more than 10^20 USD and cannot be right"),
        }
    }
}

impl std::error::Error for Unknown {}

/// `0.25`, from 10⁻¹⁰: enough for 1/1000 (Kubernetes) and for 1/1024 (ECS) of a vCPU, and for 1/1024 of a GB.
pub(super) fn e10(value: u64) -> String {
    decimal(value.into(), 10)
}
