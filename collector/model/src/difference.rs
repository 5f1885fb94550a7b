//! Durations over time, and what is different between two sets of spans.

use crate::filter::{Op, word};
use crate::money::Usd;
use crate::{Filter, Nanos, TimeRange, Timestamp};

/// How many spans took how long, when: a grid of equal slices of time and of the buckets of [`crate::bucket_of`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    pub from: Timestamp,
    /// The length of a slice of time.
    pub step: Nanos,
    /// Slices of time.
    pub columns: u32,
    /// Cells with at least one span, by slice, then bucket.
    pub cells: Vec<HeatCell>,
    /// Versions of the code that ran, the newest first, at most three.
    pub versions: Vec<String>,
}

/// The spans of one slice of time and one bucket of duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeatCell {
    pub column: u32,
    pub bucket: i32,
    pub spans: u64,
    /// Of them, by outcome: 4xx, 429, 5xx.
    pub errors: u64,
    pub throttles: u64,
    pub faults: u64,
}

/// A part of a heat map: started in `time`, and took at least `low` and less than `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeatBox {
    pub time: TimeRange,
    pub low: Nanos,
    pub high: Nanos,
}

/// What a span counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// One.
    #[default]
    Count,
    /// Its duration.
    Time,
    /// What the invocation costs that it is; nothing where it is none, or has no price.
    Cost,
}

impl Weight {
    pub const ALL: [Self; 3] = [Self::Count, Self::Time, Self::Cost];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Time => "ms",
            Self::Cost => "usd",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|weight| weight.name() == name)
    }
}

/// Which spans are held against which.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contrast {
    /// Of the start of the spans.
    pub range: TimeRange,
    /// Spans of one side: all of this holds of them…
    pub filter: Filter,
    /// …and they lie in this box, where there is one.
    pub within: Option<HeatBox>,
    /// The other side, less those of the first; all that `filter` finds where there is no such line.
    pub than: Option<Filter>,
    pub weight: Weight,
}

/// What is different, most different first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    pub inside: Side,
    pub outside: Side,
    pub rows: Vec<Difference>,
    /// Attributes that are left out because nearly every span has a value of its own: ids.
    pub unique: u64,
}

/// One of the two sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    pub spans: u64,
    /// Of them, how many were looked at.
    pub sampled: u64,
    /// Of those looked at, together.
    pub time: u128,
    /// What the invocations among those looked at cost; `None` where it was not asked, or none has a price.
    pub cost: Option<Usd>,
}

/// One attribute, and its value whose share differs most.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub fact: Fact,
    pub inside: Part,
    pub outside: Part,
    /// Of numbers with many values, the median of each side.
    pub medians: Option<(f64, f64)>,
    /// Different values among those looked at.
    pub values: u64,
    /// Facts that hold of exactly the same spans.
    pub same: Vec<Fact>,
}

impl Difference {
    /// How different: 0 to 1.
    pub fn distance(&self) -> f64 {
        (self.inside.share() - self.outside.share()).abs()
    }
}

/// Something that holds of a span: a word of the filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// A field of the filter: `service`, `attr.customer.tier`.
    pub field: String,
    pub is: Is,
}

/// What a fact says of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    Value(String),
    Number(Op, f64),
}

impl Fact {
    /// As the filter reads it.
    pub fn word(&self) -> String {
        match &self.is {
            Is::Value(value) => word(&self.field, value),
            Is::Number(op, number) => format!("{}{}{number}", self.field, op.symbol()),
        }
    }
}

/// A part of a whole, of spans, nanoseconds or 10⁻¹⁸ USD as the weight says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub weight: u128,
    pub of: u128,
}

impl Part {
    /// 0 to 1; 0 of nothing.
    pub fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.weight as f64 / self.of as f64 }
    }
}

impl Differences {
    /// Below this a side says little about the spans it stands for.
    pub const FEW: u64 = 50;

    /// Whether one of the sides has too few spans to trust.
    pub fn is_few(&self) -> bool {
        self.inside.spans.min(self.outside.spans) < Self::FEW
    }
}

/// `rows` with those that say the same of the same spans joined, the first of each kept, `most` at most.
pub fn join_same(rows: Vec<Difference>, most: usize) -> Vec<Difference> {
    let mut kept: Vec<Difference> = Vec::new();
    for row in rows {
        let is_twin = |known: &Difference| {
            known.medians.is_none()
                && row.medians.is_none()
                && (known.inside, known.outside) == (row.inside, row.outside)
        };
        match kept.iter().position(is_twin) {
            Some(at) => kept[at].same.push(row.fact),
            None if kept.len() < most => kept.push(row),
            None => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(field: &str, value: &str, inside: u128, outside: u128) -> Difference {
        let part = |weight| Part { weight, of: 100 };
        Difference {
            fact: Fact { field: field.into(), is: Is::Value(value.into()) },
            inside: part(inside),
            outside: part(outside),
            medians: None,
            values: 2,
            same: Vec::new(),
        }
    }

    #[test]
    fn what_holds_of_the_same_spans_is_one_row() {
        let rows = vec![row("service", "a", 90, 10), row("attr.faas.name", "a-fn", 90, 10), row("cold", "true", 40, 1)];
        let joined = join_same(rows, 12);
        assert_eq!(joined.len(), 2);
        assert_eq!(joined[0].same, [Fact { field: "attr.faas.name".into(), is: Is::Value("a-fn".into()) }]);
        assert!((joined[1].distance() - 0.39).abs() < 1e-9);
    }

    #[test]
    fn a_fact_is_a_word_that_the_filter_reads() {
        for fact in [
            Fact { field: "service".into(), is: Is::Value("two words".into()) },
            Fact { field: "attr.app.items".into(), is: Is::Number(Op::Greater, 6.5) },
            Fact { field: "cold".into(), is: Is::Value("true".into()) },
        ] {
            assert_eq!(Filter::parse(&fact.word()).problems, [], "{}", fact.word());
        }
    }

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(Part::default().share(), 0.0);
        assert_eq!(Part { weight: 1, of: 4 }.share(), 0.25);
    }
}
