//! The filter line: words that all must hold of one span.
//!
//! `service:checkout-api  -status:fault  dur>500ms  attr.order.id:42  "free text"`. Units are required, `*` at the end is a
//! wildcard, `-` negates. A word that cannot be understood is a [`Problem`]; the others still count.
//!
//! Words about invocations (`cold:true cost>$0.00001`) ask of the invocation that the span is.

use crate::nearest::nearest;
use crate::{Kind, Nanos, Outcome};

/// A parsed filter line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub conditions: Vec<Condition>,
    pub problems: Vec<Problem>,
}

/// One word, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As typed, for the chip that shows it.
    pub word: String,
    pub negated: bool,
    pub comparison: Comparison,
}

/// What a word asks of a span.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    Service(Pattern),
    Name(Pattern),
    Kind(Kind),
    Status(Outcome),
    /// Without parent: where a trace begins.
    Root(bool),
    Trigger(Pattern),
    /// The HTTP status code.
    Http(u16),
    Duration(Op, Nanos),
    /// An attribute by name. Text patterns match any scalar by its text; a number matches numbers exactly.
    AttributeIs(String, Pattern),
    AttributeNumber(String, Op, f64),
    /// Anywhere in service, name, status message or error type, without case. Of an invocation also in its request id.
    Text(String),
    /// What only invocations have; of a span, what the invocation has that it is.
    Invocation(crate::InvocationWord),
}

/// Text to equal, or to begin with when it ended in `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub text: String,
    pub prefix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Op {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A word that was not understood, and what would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub word: String,
    pub message: String,
}

/// Fields with a value, and those with a size, that spans have. [`crate::invocation_filter`] has those of the invocation
/// that a span is.
const EQUALLED: [&str; 7] = ["service", "name", "kind", "status", "trigger", "http", "root"];
const COMPARED: [&str; 1] = ["dur"];

pub(crate) const KINDS: [&str; 5] = ["server", "client", "producer", "consumer", "internal"];
pub(crate) const OUTCOMES: [&str; 4] = ["ok", "error", "throttle", "fault"];

/// Every field that a filter of spans knows: those with a value first.
pub fn fields() -> impl Iterator<Item = &'static str> {
    use crate::invocation_filter::{COMPARED as SIZES, EQUALLED as VALUES};
    EQUALLED.into_iter().chain(VALUES).chain(COMPARED).chain(SIZES)
}

/// What to say of a field that does not exist: the nearest that does, and all of them.
pub(crate) fn unknown(field: &str, known: &[&'static str]) -> String {
    let short: String = field.chars().take(60).collect();
    let all = match known.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    };
    match nearest(field, known.iter().copied()) {
        Some(meant) => format!("“{short}” is not a field; did you mean “{meant}”? There are {all}"),
        None => format!("“{short}” is not a field; there are {all}"),
    }
}

/// What to say of a value that is not one of a field's.
pub(crate) fn not_one_of(field: &str, value: &str, known: &[&'static str]) -> String {
    let all = known.join(", ");
    match nearest(value, known.iter().copied()) {
        Some(meant) => format!("{field} is one of {all}; did you mean {field}:{meant}?"),
        None => format!("{field} is one of {all}"),
    }
}

impl Filter {
    /// A line about spans.
    pub fn parse(line: &str) -> Self {
        Self::parse_with(line, comparison)
    }

    /// A line about invocations.
    pub fn of_invocations(line: &str) -> Self {
        Self::parse_with(line, crate::invocation_filter::comparison)
    }

    fn parse_with(line: &str, comparison: fn(&str) -> Result<Comparison, String>) -> Self {
        let mut filter = Self::default();
        for word in words(line) {
            let (negated, body) = match word.strip_prefix('-') {
                Some(body) if !body.is_empty() => (true, body),
                _ => (false, word.as_str()),
            };
            match comparison(body) {
                Ok(comparison) => filter.conditions.push(Condition { word: word.clone(), negated, comparison }),
                Err(message) => filter.problems.push(Problem { word: word.clone(), message }),
            }
        }
        filter
    }

    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The line without the condition at `index`: what its chip links to.
    pub fn without(&self, index: usize) -> String {
        let kept = self.conditions.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, c)| c.word.as_str());
        kept.collect::<Vec<_>>().join(" ")
    }

    /// The line as understood.
    pub fn to_line(&self) -> String {
        self.without(usize::MAX)
    }
}

/// A filter word `field:value`, quoted where the value needs it.
pub fn word(field: &str, value: &str) -> String {
    if !value.is_empty() && value.chars().all(|c| !c.is_whitespace() && c != '"' && c != '\\') && !value.ends_with('*')
    {
        format!("{field}:{value}")
    } else {
        format!("{field}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Splits at blanks outside double quotes; `\"` and `\\` are literal inside them. The words keep their quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut escaped = false;
    for c in line.chars() {
        if !quoted && c.is_whitespace() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        word.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Takes the quotes off; the flag says whether there were any.
pub(crate) fn unquote(text: &str) -> (String, bool) {
    let Some(inner) = text.strip_prefix('"') else { return (text.to_owned(), false) };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    (out, true)
}

pub(crate) fn pattern(text: &str) -> Pattern {
    let (text, quoted) = unquote(text);
    match text.strip_suffix('*') {
        Some(prefix) if !quoted => Pattern { text: prefix.to_owned(), prefix: true },
        _ => Pattern { text, prefix: false },
    }
}

/// A word taken apart.
pub(crate) enum Parts<'a> {
    /// Free text.
    Text(String),
    /// `field:value` or `field=value`.
    Equal(&'a str, &'a str),
    /// `field>number` and its like.
    Ordered(&'a str, Op, &'a str),
}

pub(crate) fn parts(word: &str) -> Parts<'_> {
    if word.starts_with('"') {
        return Parts::Text(unquote(word).0);
    }
    let Some(at) = word.find([':', '<', '>', '=']) else { return Parts::Text(word.to_owned()) };
    let (field, rest) = word.split_at(at);
    match rest.as_bytes() {
        [b':' | b'=', ..] => Parts::Equal(field, &rest[1..]),
        [b'<', b'=', ..] => Parts::Ordered(field, Op::AtMost, &rest[2..]),
        [b'>', b'=', ..] => Parts::Ordered(field, Op::AtLeast, &rest[2..]),
        [b'<', ..] => Parts::Ordered(field, Op::Less, &rest[1..]),
        _ => Parts::Ordered(field, Op::Greater, &rest[1..]),
    }
}

fn comparison(word: &str) -> Result<Comparison, String> {
    let (field, op, number) = match parts(word) {
        Parts::Text(text) => return Ok(Comparison::Text(text)),
        Parts::Equal(field, value) => return equals(field, value),
        Parts::Ordered(field, op, number) => (field, op, number),
    };
    match field {
        "dur" | "duration" => Ok(Comparison::Duration(op, duration(number)?)),
        _ => match field.strip_prefix("attr.") {
            Some(name) if !name.is_empty() => {
                let number: f64 = number.parse().map_err(|_| format!("“{number}” is not a number"))?;
                Ok(Comparison::AttributeNumber(name.to_owned(), op, number))
            }
            _ if crate::invocation_filter::COMPARED.contains(&field) => crate::invocation_filter::comparison(word),
            _ => {
                let known: Vec<&str> = COMPARED.into_iter().chain(crate::invocation_filter::COMPARED).collect();
                let meant = nearest(field, known.iter().copied());
                let meant = meant.map(|meant| format!("; did you mean “{meant}”")).unwrap_or_default();
                let can = known.join(", ");
                Err(format!("“{field}” cannot be compared with {}; {can} and attr.NAME can{meant}", op.symbol()))
            }
        },
    }
}

fn equals(field: &str, value: &str) -> Result<Comparison, String> {
    if value.is_empty() {
        return Err(format!("“{field}:” needs a value"));
    }
    Ok(match field {
        "service" => Comparison::Service(pattern(value)),
        "name" => Comparison::Name(pattern(value)),
        "trigger" => Comparison::Trigger(pattern(value)),
        "kind" => match Kind::from_name(&unquote(value).0) {
            Kind::UNSPECIFIED if value != "unspecified" => {
                return Err(not_one_of("kind", &unquote(value).0, &KINDS));
            }
            kind => Comparison::Kind(kind),
        },
        "status" => match unquote(value).0.as_str() {
            "ok" => Comparison::Status(Outcome::Ok),
            "error" => Comparison::Status(Outcome::Error),
            "throttle" => Comparison::Status(Outcome::Throttle),
            "fault" => Comparison::Status(Outcome::Fault),
            other => return Err(not_one_of("status", other, &OUTCOMES)),
        },
        "root" => match unquote(value).0.as_str() {
            "true" => Comparison::Root(true),
            "false" => Comparison::Root(false),
            _ => return Err("root is true or false: whether a span has no parent".to_owned()),
        },
        "http" => Comparison::Http(value.parse().map_err(|_| "http is a status code such as 503".to_owned())?),
        "dur" | "duration" => return Err("dur is compared with < or >, as in dur>500ms".to_owned()),
        _ => match field.strip_prefix("attr.") {
            Some(name) if !name.is_empty() => Comparison::AttributeIs(name.to_owned(), pattern(value)),
            _ if crate::invocation_filter::is_field(field) => {
                return crate::invocation_filter::equals(field, value);
            }
            _ => {
                let known: Vec<&str> = fields().chain(["attr.NAME"]).collect();
                return Err(unknown(field, &known));
            }
        },
    })
}

/// A duration with its unit: `500ms`, `1.5s`, `20us`, `2m`, `1h`.
pub fn duration(text: &str) -> Result<Nanos, String> {
    let wrong = || format!("“{text}” is not a duration; write it as 500ms, 1.5s, 20us, 2m or 1h");
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let scale = match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 6e10,
        "h" => 3.6e12,
        _ => return Err(wrong()),
    };
    Ok((number * scale).round() as Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Comparison) {
        let filter = Filter::parse(line);
        assert_eq!(filter.problems, []);
        assert_eq!(filter.conditions.len(), 1, "{filter:?}");
        assert_eq!(filter.conditions[0].comparison, expected);
    }

    fn exactly(text: &str) -> Pattern {
        Pattern { text: text.into(), prefix: false }
    }

    #[test]
    fn words_are_understood() {
        check("service:checkout-api", Comparison::Service(exactly("checkout-api")));
        check("service:check*", Comparison::Service(Pattern { text: "check".into(), prefix: true }));
        check("name:\"GET /a b\"", Comparison::Name(exactly("GET /a b")));
        check("dur>=1.5s", Comparison::Duration(Op::AtLeast, 1_500_000_000));
        check("dur<20us", Comparison::Duration(Op::Less, 20_000));
        check("attr.order.id:42", Comparison::AttributeIs("order.id".into(), exactly("42")));
        check("attr.n>4", Comparison::AttributeNumber("n".into(), Op::Greater, 4.0));
        check("\"card declined\"", Comparison::Text("card declined".into()));
        check("status:fault", Comparison::Status(Outcome::Fault));
    }

    #[test]
    fn a_dash_negates() {
        assert!(Filter::parse("-status:fault").conditions[0].negated);
    }

    #[test]
    fn a_bad_word_is_named_and_the_rest_counts() {
        let filter = Filter::parse("dur>500 servce:x kind:server");
        assert_eq!(filter.conditions.len(), 1);
        assert_eq!(filter.problems.len(), 2);
        assert!(filter.problems[0].message.contains("500ms"));
        assert!(filter.problems[1].message.contains("did you mean “service”?"), "{:?}", filter.problems);
        for (word, hint) in [
            ("status:falt", "did you mean status:fault?"),
            ("kind:sever", "did you mean kind:server?"),
            ("durr>1s", "did you mean “dur”"),
            ("root:yes", "true or false"),
            ("memory>90%", "mem"),
        ] {
            let problems = Filter::parse(word).problems;
            assert!(problems[0].message.contains(hint), "{word}: {problems:?}");
        }
    }

    #[test]
    fn words_about_invocations_ask_of_the_invocation_that_a_span_is() {
        for word in ["cold:true", "cost>$0.00001", "mem>90%", "version:42", "outcome:timeout", "init>300ms"] {
            let filter = Filter::parse(word);
            assert!(matches!(filter.conditions[0].comparison, Comparison::Invocation(_)), "{word}: {filter:?}");
        }
        assert_eq!(Filter::parse("status:fault").conditions[0].comparison, Comparison::Status(Outcome::Fault));
        check("root:true", Comparison::Root(true));
    }

    #[test]
    fn a_made_word_reads_back() {
        for value in ["plain", "two words", "quote\" and \\", "star*", ""] {
            let line = word("attr.k", value);
            if value.is_empty() {
                continue;
            }
            assert_eq!(
                Filter::parse(&line).conditions[0].comparison,
                Comparison::AttributeIs("k".into(), exactly(value))
            );
        }
    }

    #[test]
    fn removing_a_chip_keeps_the_others() {
        let filter = Filter::parse("service:a status:fault dur>1s");
        assert_eq!(filter.without(1), "service:a dur>1s");
    }
}
