//! The filter's words about invocations: `function:checkout cold:felt outcome:timeout cost>$0.00001 mem>90%`.
//!
//! Service, trigger, duration and free text are words of both; what only spans have is explained, not dropped.

use crate::filter::{Comparison, Op, Parts, Pattern, duration, not_one_of, parts, pattern, unknown, unquote};
use crate::lambda::{CostState, InvocationOutcome, StartKind};
use crate::money::Usd;

/// What a word asks of an invocation and could not ask of a span.
#[derive(Clone, Debug, PartialEq)]
pub enum InvocationWord {
    /// The function, or the service where no function is named.
    Function(Pattern),
    Version(Pattern),
    Tenant(Pattern),
    Environment(Pattern),
    /// The HTTP route that it served.
    Route(Pattern),
    Region(Pattern),
    Runtime(Pattern),
    Request(Pattern),
    Outcome(InvocationOutcome),
    /// Cold of any kind, or not.
    Cold(bool),
    Start(StartKind),
    /// Cold, and somebody waited for it: felt, suppressed or restored.
    Waited,
    State(CostState),
    /// Of an init or restore, in nanoseconds.
    Init(Op, u64),
    /// In milliseconds.
    Billed(Op, u64),
    Cost(Op, Usd),
    /// Used of configured, in percent.
    Memory(Op, u64),
}

/// Fields compared by size, and those by value, that spans do not have.
pub(crate) const COMPARED: [&str; 4] = ["init", "billed", "cost", "mem"];
pub(crate) const EQUALLED: [&str; 11] = [
    "function",
    "version",
    "tenant",
    "environment",
    "route",
    "region",
    "runtime",
    "request",
    "outcome",
    "cold",
    "state",
];

pub(crate) const FIELDS: [&str; 19] = [
    "service",
    "function",
    "version",
    "tenant",
    "environment",
    "route",
    "region",
    "runtime",
    "trigger",
    "request",
    "outcome",
    "cold",
    "state",
    "dur",
    "init",
    "billed",
    "cost",
    "mem",
    "attr.NAME",
];

pub(crate) const OUTCOMES: [&str; 4] = ["ok", "error", "timeout", "oom"];
pub(crate) const STARTS: [&str; 9] =
    ["true", "false", "waited", "felt", "proactive", "suppressed", "provisioned", "restored", "managed"];
pub(crate) const STATES: [&str; 3] = ["reported", "estimated", "inferred"];

/// Whether a filter of invocations knows `field` and spans do not.
pub(crate) fn is_field(field: &str) -> bool {
    EQUALLED.contains(&field) || COMPARED.contains(&field)
}

pub(crate) fn comparison(word: &str) -> Result<Comparison, String> {
    let (field, op, value) = match parts(word) {
        Parts::Text(text) => return Ok(Comparison::Text(text)),
        Parts::Equal(field, value) => return equals(field, value),
        Parts::Ordered(field, op, value) => (field, op, value),
    };
    Ok(match field {
        "dur" | "duration" => Comparison::Duration(op, duration(value)?),
        "init" => Comparison::Invocation(InvocationWord::Init(op, duration(value)?)),
        "billed" => Comparison::Invocation(InvocationWord::Billed(op, duration(value)? / 1_000_000)),
        "cost" => {
            let usd = value.strip_prefix('$').and_then(|number| number.parse::<Usd>().ok());
            let usd = usd.ok_or_else(|| format!("“{value}” is not a sum of money; write it as $0.00001"))?;
            Comparison::Invocation(InvocationWord::Cost(op, usd))
        }
        "mem" => {
            let percent = value.strip_suffix('%').and_then(|number| number.parse().ok());
            let percent = percent.ok_or_else(|| format!("“{value}” is not a share of the memory; write it as 90%"))?;
            Comparison::Invocation(InvocationWord::Memory(op, percent))
        }
        _ => match field.strip_prefix("attr.") {
            Some(name) if !name.is_empty() => {
                let number: f64 = value.parse().map_err(|_| format!("“{value}” is not a number"))?;
                Comparison::AttributeNumber(name.to_owned(), op, number)
            }
            _ => {
                return Err(format!(
                    "“{field}” cannot be compared with {}; dur, init, billed, cost, mem and attr.NAME can",
                    op.symbol()
                ));
            }
        },
    })
}

pub(crate) fn equals(field: &str, value: &str) -> Result<Comparison, String> {
    if value.is_empty() {
        return Err(format!("“{field}:” needs a value"));
    }
    let text = unquote(value).0;
    let word = match field {
        "service" => return Ok(Comparison::Service(pattern(value))),
        "trigger" => return Ok(Comparison::Trigger(pattern(value))),
        "function" => InvocationWord::Function(pattern(value)),
        "version" => InvocationWord::Version(pattern(value)),
        "tenant" => InvocationWord::Tenant(pattern(value)),
        "environment" => InvocationWord::Environment(pattern(value)),
        "route" => InvocationWord::Route(pattern(value)),
        "region" => InvocationWord::Region(pattern(value)),
        "runtime" => InvocationWord::Runtime(pattern(value)),
        "request" => InvocationWord::Request(pattern(value)),
        "outcome" | "status" => InvocationWord::Outcome(
            InvocationOutcome::from_name(&text).ok_or_else(|| not_one_of(field, &text, &OUTCOMES))?,
        ),
        "cold" => match (text.as_str(), StartKind::from_name(&text)) {
            ("true", _) => InvocationWord::Cold(true),
            ("false", _) => InvocationWord::Cold(false),
            ("waited", _) => InvocationWord::Waited,
            (_, Some(kind)) if kind.is_cold() && kind != StartKind::Cold => InvocationWord::Start(kind),
            _ => return Err(not_one_of("cold", &text, &STARTS)),
        },
        "state" => {
            InvocationWord::State(CostState::from_name(&text).ok_or_else(|| not_one_of("state", &text, &STATES))?)
        }
        "dur" | "duration" | "init" | "billed" => {
            return Err(format!("{field} is compared with < or >, as in {field}>500ms"));
        }
        "cost" => return Err("cost is compared with < or >, as in cost>$0.00001".to_owned()),
        "mem" => return Err("mem is compared with < or >, as in mem>90%".to_owned()),
        "name" | "kind" | "http" | "root" => {
            return Err(format!("“{field}” is a word about spans; it is understood on /traces"));
        }
        _ => match field.strip_prefix("attr.") {
            Some(name) if !name.is_empty() => return Ok(Comparison::AttributeIs(name.to_owned(), pattern(value))),
            _ => return Err(unknown(field, &FIELDS)),
        },
    };
    Ok(Comparison::Invocation(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;

    #[track_caller]
    fn check(line: &str, expected: InvocationWord) {
        let filter = Filter::of_invocations(line);
        assert_eq!(filter.problems, []);
        assert_eq!(filter.conditions[0].comparison, Comparison::Invocation(expected));
    }

    #[test]
    fn words_about_invocations_are_understood() {
        check("function:check*", InvocationWord::Function(Pattern { text: "check".into(), prefix: true }));
        check("outcome:oom", InvocationWord::Outcome(InvocationOutcome::OutOfMemory));
        check("status:timeout", InvocationWord::Outcome(InvocationOutcome::Timeout));
        check("cold:true", InvocationWord::Cold(true));
        check("cold:waited", InvocationWord::Waited);
        check("cold:suppressed", InvocationWord::Start(StartKind::Suppressed));
        check("state:reported", InvocationWord::State(CostState::Reported));
        check("init>300ms", InvocationWord::Init(Op::Greater, 300_000_000));
        check("billed>=1s", InvocationWord::Billed(Op::AtLeast, 1_000));
        check("cost>$0.00001", InvocationWord::Cost(Op::Greater, "0.00001".parse().unwrap()));
        check("route:\"GET /a b\"", InvocationWord::Route(Pattern { text: "GET /a b".into(), prefix: false }));
        check("mem>90%", InvocationWord::Memory(Op::Greater, 90));
        assert_eq!(
            Filter::of_invocations("dur<1s").conditions[0].comparison,
            Comparison::Duration(Op::Less, 1_000_000_000)
        );
        assert_eq!(
            Filter::of_invocations("attr.items>=4").conditions[0].comparison,
            Comparison::AttributeNumber("items".into(), Op::AtLeast, 4.0)
        );
    }

    #[test]
    fn what_is_not_understood_is_told_with_what_would_be() {
        for (word, hint) in [
            ("cost>5", "$0.00001"),
            ("cost:5", "cost>$"),
            ("mem>90", "90%"),
            ("cold:warm", "felt"),
            ("outcome:fault", "oom"),
            ("http:503", "/traces"),
            ("attr.:1", "attr.NAME"),
            ("attr.items>many", "number"),
            ("versoin:1", "version"),
            ("init>300", "500ms"),
            ("name>4", "dur, init"),
        ] {
            let filter = Filter::of_invocations(word);
            assert!(filter.is_empty() && filter.problems[0].message.contains(hint), "{word}: {:?}", filter.problems);
        }
    }
}
