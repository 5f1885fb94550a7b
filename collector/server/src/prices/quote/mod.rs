//! `coldlight prices quote`: one cost from flags, or many from JSON lines.

mod input;
mod lambda;
mod task;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use clap::ValueEnum;
use coldlight_model::money::{Cost, Date, PriceBook};
use serde_json::{Map, Value, json};

use super::arguments::{InputFlags, Kind, QuoteArgs};
use super::document::PriceRow;
use super::{book, print};
use crate::failure::{Failure, chain};
use input::{Input, InputError};

/// The longest line of input.
const MAX_LINE: u64 = 4 << 20;

pub async fn run(arguments: QuoteArgs, today: Date) -> Result<(), Failure> {
    let book = if arguments.built_in { PriceBook::built_in().clone() } else { book::read(&arguments.book).await? };
    if arguments.json {
        let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
        return lines(&book, input, output, today);
    }
    let members = members(&arguments.input);
    let input = Input::new(&members);
    let answer = quote(&book, arguments.kind, &input, today).map_err(|error| Failure::WrongUse(flagged(&error)))?;
    let ignored = input.ignored();
    if !ignored.is_empty() {
        let flags: Vec<String> = ignored.iter().map(|name| format!("--{}", name.replace('_', "-"))).collect();
        eprintln!("not looked at for this: {}", flags.join(", "));
    }
    print(&answer.to_text());
    Ok(())
}

/// An error about a member, in the words of the flags.
fn flagged(error: &InputError) -> String {
    match error {
        InputError::Missing(name) => format!("--{} is missing", name.replace('_', "-").replace(", or ", ", or --")),
        InputError::Wrong { name, value, problem } => format!("--{} {value} {problem}", name.replace('_', "-")),
    }
}

/// Answers each line of `input` with one of `output`.
fn lines(book: &PriceBook, mut input: impl BufRead, mut output: impl Write, today: Date) -> Result<(), Failure> {
    let (mut asked, mut failed) = (0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut input, MAX_LINE).read_until(b'\n', &mut line);
        match read.map_err(|error| Failure::because("cannot read standard input", &error))? {
            0 => break,
            length if length as u64 == MAX_LINE => {
                return Err(Failure::Failed(format!("line {} is longer than {MAX_LINE} bytes", asked + 1)));
            }
            _ => {}
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        asked += 1;
        let (answer, quoted) = answer_line(book, &line, today);
        failed += u64::from(!quoted);
        let written = serde_json::to_writer(&mut output, &answer).map_err(std::io::Error::from);
        match written.and_then(|()| output.write_all(b"\n")).and_then(|()| output.flush()) {
            // Whoever reads has had enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.map_err(|error| Failure::because("cannot write the answer", &error))?,
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Failed(format!("{failed} of {asked} lines could not be quoted; their error says why"))),
    }
}

/// The answer to a line, and whether it is a quote.
fn answer_line(book: &PriceBook, line: &[u8], today: Date) -> (Value, bool) {
    let failed = |id: &Value, error: String| (json!({ "id": id, "error": error }), false);
    let asked: Value = match serde_json::from_slice(line) {
        Ok(asked) => asked,
        Err(error) => return failed(&Value::Null, format!("the line is not JSON: {error}")),
    };
    let id = &asked["id"];
    let kinds = || Kind::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let kind = asked["kind"].as_str().unwrap_or_default();
    let Ok(kind) = Kind::from_str(kind, false) else {
        let kinds: Vec<String> = kinds().map(|kind| kind.get_name().to_owned()).collect();
        return failed(id, format!("kind “{kind}” is not one of {}", kinds.join(", ")));
    };
    let Some(members) = asked["input"].as_object() else {
        return failed(id, "input is not an object".to_owned());
    };
    let input = Input::new(members);
    match quote(book, kind, &input, today) {
        Ok(answer) => (answer.to_json(id, &input.ignored()), true),
        Err(error) => failed(id, chain(&error)),
    }
}

/// Answers one question.
fn quote(book: &PriceBook, kind: Kind, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    match kind {
        Kind::LambdaInvocation => lambda::invocation(book, input, today, false),
        Kind::LambdaEdgeInvocation => lambda::invocation(book, input, today, true),
        Kind::LambdaProvisionedCapacity => lambda::provisioned_capacity(book, input, today),
        Kind::LambdaSnapstartCache => lambda::snapstart_cache(book, input, today),
        Kind::LambdaMonth => lambda::month(book, input, today),
        Kind::FargateTask => task::fargate(book, input, today),
        Kind::FargateApportion => task::apportion(book, input, today),
        Kind::Ec2Instance => task::instance(book, input, today, false),
        Kind::LambdaManagedInstance => task::instance(book, input, today, true),
        Kind::Event => task::event(book, input, today),
    }
}

/// A cost with what else its kind tells.
pub struct Answer {
    cost: Cost,
    members: Map<String, Value>,
}

impl Answer {
    fn new(cost: Cost) -> Self {
        Self { cost, members: Map::new() }
    }

    fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Also tells what each part costs; null is unknown.
    fn with_parts(self) -> Self {
        let part = |part: &coldlight_model::money::Part| {
            (part.name.to_owned(), json!(part.usd.as_ref().ok().map(|usd| usd.to_picodollars())))
        };
        let parts: Map<String, Value> = self.cost.parts.iter().map(part).collect();
        self.member("parts", parts.into())
    }

    fn unknown(&self) -> Vec<String> {
        let mut reasons: Vec<String> =
            self.cost.parts.iter().filter_map(|part| part.usd.as_ref().err().map(ToString::to_string)).collect();
        reasons.dedup();
        reasons
    }

    fn to_json(&self, id: &Value, ignored: &[&str]) -> Value {
        let mut answer = Map::new();
        answer.insert("id".to_owned(), id.clone());
        answer.extend(self.members.clone());
        answer.insert("usd".to_owned(), json!(self.cost.total().ok().map(|usd| usd.to_picodollars())));
        answer.insert("formula".to_owned(), self.cost.formula().into());
        let prices: Vec<PriceRow> = self.cost.prices().into_iter().map(PriceRow::from).collect();
        answer.insert("prices".to_owned(), json!(prices));
        let unknown = self.unknown();
        if !unknown.is_empty() {
            answer.insert("unknown".to_owned(), json!(unknown));
        }
        if !ignored.is_empty() {
            answer.insert("ignored".to_owned(), json!(ignored));
        }
        answer.into()
    }

    /// For people: parts with their arithmetic, the total, and whose prices these are.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.members.iter().filter(|(name, _)| *name != "parts") {
            text +=
                &format!("{:<22}{}\n", name.replace('_', " "), value.as_str().map_or(value.to_string(), str::to_owned));
        }
        for part in &self.cost.parts {
            let usd = part.usd.as_ref().map_or_else(|_| "unknown".to_owned(), |usd| usd.to_picodollars());
            text += &format!("{:<22}{usd:>18}   = {}\n", part.name.replace('_', " "), part.formula);
        }
        let total = self.cost.total().map_or_else(|_| "unknown".to_owned(), |usd| usd.to_picodollars());
        text += &format!("{:<22}{total:>18}   USD\n", "total");
        for reason in self.unknown() {
            text += &format!("\n{reason}\n");
        }
        if !self.cost.prices().is_empty() {
            text += "\nprices\n";
        }
        for price in self.cost.prices() {
            let since = price.effective.map_or_else(|| "undated".to_owned(), |date| format!("of {date}"));
            let source = if price.source.is_empty() { "no source" } else { &price.source };
            text += &format!("  {}: {}, {since}, {}: {source}\n", price.subject(), price.rate(), price.status.name());
        }
        text
    }
}

/// The flags that were given, as the members of an input.
fn members(flags: &InputFlags) -> Map<String, Value> {
    let texts = [
        ("region", &flags.region),
        ("architecture", &flags.architecture),
        ("date", &flags.date),
        ("memory_mb", &flags.memory_mb),
        ("billed_ms", &flags.billed_ms),
        ("duration_ms", &flags.duration_ms),
        ("init_ms", &flags.init_ms),
        ("billed_restore_ms", &flags.billed_restore_ms),
        ("ephemeral_mb", &flags.ephemeral_mb),
        ("streamed_bytes", &flags.streamed_bytes),
        ("invocation_type", &flags.invocation_type),
        ("event_bytes", &flags.event_bytes),
        ("init_type", &flags.init_type),
        ("environments", &flags.environments),
        ("invocations", &flags.invocations),
        ("billed_ms_each", &flags.billed_ms_each),
        ("vcpu", &flags.vcpu),
        ("memory_mib", &flags.memory_mib),
        ("ephemeral_gib", &flags.ephemeral_gib),
        ("seconds", &flags.seconds),
        ("instance_type", &flags.instance_type),
        ("event", &flags.event),
        ("bytes", &flags.bytes),
        ("count", &flags.count),
    ];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, json!(value.as_ref()?))));
    let switches = [("free_tier", flags.free_tier), ("spot", flags.spot), ("windows", flags.windows)];
    let switches = switches.into_iter().filter(|(_, on)| *on).map(|(name, on)| (name, json!(on)));
    texts.chain(switches).map(|(name, value)| (name.to_owned(), value)).collect()
}
