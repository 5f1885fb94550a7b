//! How a sum of money came to be, one click behind it.

use coldlight_model::money::Usd;
use coldlight_model::{InvocationGroup, Spent};

use crate::format::{counted, usd};

/// A sum, the arithmetic that gives it, and where its addends are. `parts/formula.html` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formula {
    /// `$0.152`, or `not priced`.
    pub shown: String,
    /// Exact, in USD, for programs.
    pub exact: Option<String>,
    pub lines: Vec<String>,
    /// Label and address.
    pub links: Vec<(String, String)>,
}

/// Of what a sum over a time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that was kept.
    Everything,
    /// The traces with a span that a filter holds of.
    Found,
    /// What itself a filter holds of.
    Matching,
}

impl Extent {
    fn words(self) -> &'static str {
        match self {
            Self::Everything => {
                "Everything in these whole minutes, in a trace or in none: one sum on the map, above the list of traces and on Cost."
            }
            Self::Found => {
                "Functions and metered calls of whole traces in which a span matches. Cost, asked the same, counts only what matches itself, and shares of containers."
            }
            Self::Matching => {
                "Only what matches itself, with its calls. The map and the list of traces, asked the same, count whole traces in which a span matches, without containers."
            }
        }
    }
}

/// How one addend is computed: what the parts are made of.
const EACH: &str = "Each invocation: its request, and billed time × memory × the price of a GB-second of its day, region and processor.";

impl Formula {
    /// What a group of invocations cost; `every` leads to them.
    pub fn of_group(group: &InvocationGroup, every: String) -> Self {
        let money = &group.money;
        let parts = [
            ("requests", money.requests),
            ("duration", money.duration),
            ("/tmp", money.storage),
            ("streamed responses", money.streamed),
            ("restores", money.restore),
        ];
        let mut lines = vec![addition(&parts, money.total)];
        if money.init > Usd::ZERO {
            lines.insert(1, format!("Of the duration, {} for inits.", usd(money.init)));
        }
        lines.extend(unpriced(money.unpriced, "invocation", "invocations"));
        Self::of(money.total, group.count > money.unpriced, lines, every)
    }

    /// With a line about how each addend is computed; where many stand together the page says it once.
    pub fn with_each(mut self) -> Self {
        self.lines.insert(1, EACH.to_owned());
        self
    }

    /// What inits of a group cost: a part of what their invocations did.
    pub fn of_inits(group: &InvocationGroup, every: String) -> Self {
        let money = &group.money;
        let lines = vec![
            "Each cold start: the init's milliseconds, rounded up, × memory × the price of a GB-second of its day, region and processor."
                .to_owned(),
            "It is a part of what their duration cost, not something beside it.".to_owned(),
        ];
        Self::of(money.init, group.count > money.unpriced, lines, every)
    }

    /// What a node, an edge or a page of them cost.
    pub fn of_spent(spent: &Spent, every: String) -> Self {
        let parts = [
            ("own work", spent.own),
            ("waiting", spent.waiting),
            ("init", spent.init),
            ("requests", spent.requests),
            ("extensions", spent.flush),
            ("/tmp", spent.storage),
            ("streamed responses", spent.streamed),
            ("restores", spent.restore),
            ("calls", spent.calls),
            ("busy containers", spent.busy),
            ("idle containers", spent.idle),
            ("containers", spent.tasks),
        ];
        let mut lines = vec![addition(&parts, spent.total())];
        if spent.invocations > 0 {
            lines.push(EACH.to_owned());
        }
        if spent.calls > Usd::ZERO {
            lines.push("Each call: its metered units × the price of one, of its day and region.".to_owned());
        }
        if spent.busy > Usd::ZERO || spent.idle > Usd::ZERO {
            lines.push(
                "Containers: vCPU and GB reserved × time × their price of the day, shared by requests.".to_owned(),
            );
        }
        if spent.tasks > Usd::ZERO {
            lines
                .push("Containers: vCPU and GB reserved × time × their price of the day, at work and idle.".to_owned());
        }
        lines.extend(unpriced(spent.unpriced, "invocation", "invocations"));
        lines.extend(unpriced(spent.unpriced_calls, "call", "calls"));
        let is_priced = spent.priced() > 0 || spent.total() > Usd::ZERO;
        Self::of(spent.total(), is_priced, lines, every)
    }

    /// What a time cost, or what of it is asked for; every page that shows such a sum says how it stands to the others'.
    pub fn of_time(spent: &Spent, extent: Extent, every: String) -> Self {
        let mut formula = Self::of_spent(spent, every);
        formula.lines.insert(1, extent.words().to_owned());
        formula
    }

    fn of(amount: Usd, is_priced: bool, lines: Vec<String>, every: String) -> Self {
        Self {
            shown: if is_priced { usd(amount) } else { "not priced".to_owned() },
            exact: is_priced.then(|| amount.to_string()),
            lines,
            links: vec![("Each with its own arithmetic".to_owned(), every)],
        }
    }

    /// The same arithmetic behind another figure that follows from it.
    pub fn shown_as(mut self, shown: String, how: impl Into<String>) -> Self {
        (self.shown, self.exact) = (shown, None);
        self.lines.insert(0, how.into());
        self
    }
}

/// `requests $0.2 + duration $1.5 = $1.7`, of what is not zero.
fn addition(parts: &[(&str, Usd)], total: Usd) -> String {
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, amount)| *amount > Usd::ZERO)
        .map(|(name, amount)| format!("{name} {}", usd(*amount)))
        .collect();
    match parts.len() {
        0 => format!("{} USD.", total),
        _ => format!("{} = {}, exactly {total} USD.", parts.join(" + "), usd(total)),
    }
}

fn unpriced(count: u64, one: &str, many: &str) -> Option<String> {
    (count > 0).then(|| format!("{} without a price: not in it.", counted(count, one, many)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_shows_its_parts_and_what_it_leaves_out() {
        let amount = |attos| Usd::from_attos(attos).unwrap();
        let spent = Spent {
            invocations: 3,
            unpriced: 1,
            own: amount(600_000_000_000_000),
            calls: amount(400_000_000_000_000),
            ..Spent::default()
        };
        let formula = Formula::of_spent(&spent, "/invocations".to_owned());
        assert_eq!(formula.lines[0], "own work $0.0006 + calls $0.0004 = $0.001, exactly 0.001 USD.");
        assert!(formula.lines.last().unwrap().starts_with("1 invocation without a price"));
        assert_eq!(
            Formula::of_spent(&Spent { invocations: 1, unpriced: 1, ..Spent::default() }, String::new()).shown,
            "not priced"
        );
    }
}
