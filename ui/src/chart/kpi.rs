//! One number of the strip above a page.

use super::Spark;
use crate::formula::Formula;

/// A number with its name, what stands beside it, and its course over the range. `parts/macros.html` has `kpi` for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    /// In kebab-case, for `data-test`.
    pub name: &'static str,
    pub label: &'static str,
    pub value: String,
    pub aside: String,
    /// A class such as `c-fault` when the number deserves it.
    pub tone: &'static str,
    /// The raw number and its unit: `data-count="914"`, `data-ns="…"`.
    pub unit: &'static str,
    pub raw: u64,
    pub spark: Option<Spark>,
    /// Of a sum of money: how it came to be.
    pub formula: Option<Formula>,
}
