//! What the word under the cursor of a filter line could become.

use crate::filter::{self, word};
use crate::invocation_filter;

/// Options offered at a time.
const MOST: usize = 12;

/// What filters can say of the spans that are kept: fields and their values, the more frequent first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    pub values: Vec<Known>,
}

/// A value of a field, and how many of the spans looked at have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// As in the filter: `service`, `attr.customer.tier`.
    pub field: String,
    pub value: String,
    pub spans: u64,
}

/// Words that could stand instead of the characters from `from` up to `to` of the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub from: usize,
    pub to: usize,
    pub options: Vec<Suggestion>,
}

/// One word. One that ends in `:`, `<` or `>` wants a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub word: String,
    /// What it says, or how many spans have it.
    pub note: String,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    #[default]
    Spans,
    Invocations,
}

const NOTES: [(&str, &str); 24] = [
    ("service", "name of a service"),
    ("name", "name of a span"),
    ("kind", "server, client, producer, consumer, internal"),
    ("status", "ok, error, throttle, fault"),
    ("trigger", "what invoked a function"),
    ("http", "status code"),
    ("root", "true: begins a trace"),
    ("function", "name of a function"),
    ("version", "of the code"),
    ("tenant", "of a tenant-isolated function"),
    ("environment", "such as production"),
    ("route", "the HTTP route served"),
    ("region", "such as eu-west-1"),
    ("runtime", "such as nodejs22.x"),
    ("request", "a request id"),
    ("outcome", "ok, error, timeout, oom"),
    ("cold", "true, false, felt, proactive, …"),
    ("state", "how well the cost is known"),
    ("dur", "longer or shorter than, as in 500ms"),
    ("init", "init longer or shorter than, as in 300ms"),
    ("billed", "billed for more or less than, as in 1s"),
    ("cost", "dearer or cheaper than, as in $0.00001"),
    ("mem", "of the memory used, as in 90%"),
    ("attr.NAME", "any attribute"),
];

/// Fields that are compared by size.
const SIZES: [&str; 5] = ["dur", "init", "billed", "cost", "mem"];

fn fixed(field: &str, about: About) -> &'static [&'static str] {
    match field {
        "kind" => &filter::KINDS,
        "status" if about == About::Spans => &filter::OUTCOMES,
        "root" => &["true", "false"],
        "status" | "outcome" => &invocation_filter::OUTCOMES,
        "cold" => &invocation_filter::STARTS,
        "state" => &invocation_filter::STATES,
        "dur" => &["100ms", "500ms", "1s", "5s"],
        "init" => &["300ms", "1s"],
        "billed" => &["100ms", "1s"],
        "cost" => &["$0.00001", "$0.001"],
        "mem" => &["90%", "95%"],
        _ => &[],
    }
}

/// Options for the word that ends or stands at character `at` of `line`.
pub fn complete(line: &str, at: usize, about: About, known: &Vocabulary) -> Completion {
    let chars: Vec<char> = line.chars().collect();
    let at = at.min(chars.len());
    let (from, to) = bounds(&chars, at);
    let typed: String = chars[from..at].iter().collect();
    let (dash, body) = match typed.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", typed.as_str()),
    };
    let mut options = match body.find([':', '<', '>', '=']) {
        Some(end) => values(&body[..end], &body[end..], about, known),
        None => fields(body, about, known),
    };
    options.truncate(MOST);
    options.iter_mut().for_each(|option| option.word.insert_str(0, dash));
    Completion { from, to, options }
}

/// The word around `at`: blanks in quotes belong to it.
fn bounds(chars: &[char], at: usize) -> (usize, usize) {
    let (mut from, mut quoted) = (0, false);
    for (place, c) in chars[..at].iter().enumerate() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => from = place + 1,
            _ => {}
        }
    }
    let rest = chars[at..].iter().position(|c| {
        if *c == '"' {
            quoted = !quoted;
        }
        c.is_whitespace() && !quoted
    });
    (from, rest.map_or(chars.len(), |rest| at + rest))
}

/// Fields that begin like `typed`, then those that hold it.
fn fields(typed: &str, about: About, known: &Vocabulary) -> Vec<Suggestion> {
    let typed = typed.to_lowercase();
    let of_spans = filter::fields();
    let own: Vec<&str> = match about {
        About::Spans => of_spans.collect(),
        About::Invocations => invocation_filter::FIELDS.into(),
    };
    let note = |field: &str| NOTES.iter().find(|(known, _)| *known == field).map_or("", |(_, note)| note).to_owned();
    let own = own.into_iter().filter(|field| *field != "attr.NAME").map(|field| {
        let sign = if SIZES.contains(&field) { '>' } else { ':' };
        Suggestion { word: format!("{field}{sign}"), note: note(field) }
    });
    let mut attributes: Vec<(&str, u64)> = Vec::new();
    for one in known.values.iter().filter(|one| one.field.starts_with("attr.")) {
        match attributes.iter_mut().find(|(field, _)| *field == one.field) {
            Some((_, spans)) => *spans += one.spans,
            None => attributes.push((&one.field, one.spans)),
        }
    }
    let named = attributes.into_iter().map(|(field, spans)| Suggestion {
        word: format!("{field}:"),
        note: format!("in {spans} of the spans looked at"),
    });
    let all: Vec<Suggestion> = own.chain(named).collect();
    ranked(all, |option| {
        let word = option.word.trim_end_matches([':', '>']);
        let bare = word.strip_prefix("attr.").unwrap_or(word).to_lowercase();
        rank(&bare, &typed).or_else(|| rank(&word.to_lowercase(), &typed))
    })
}

fn values(field: &str, rest: &str, about: About, known: &Vocabulary) -> Vec<Suggestion> {
    let sign = rest.chars().take_while(|c| [':', '<', '>', '='].contains(c)).collect::<String>();
    let typed = rest[sign.len()..].trim_matches('"').to_lowercase();
    if SIZES.contains(&field) {
        if sign.starts_with([':', '=']) {
            return Vec::new();
        }
        let sizes = fixed(field, about).iter();
        let option = |size: &&str| Suggestion { word: format!("{field}{sign}{size}"), note: String::new() };
        return sizes.filter(|size| size.to_lowercase().starts_with(&typed)).map(option).collect();
    }
    if !sign.starts_with([':', '=']) {
        return Vec::new();
    }
    let fixed = fixed(field, about).iter().map(|value| Suggestion { word: word(field, value), note: String::new() });
    let found = known
        .values
        .iter()
        .filter(|one| one.field == field)
        .map(|one| Suggestion { word: word(field, &one.value), note: format!("{} of the spans looked at", one.spans) });
    ranked(fixed.chain(found).collect(), |option| {
        let value = option.word[field.len() + 1..].trim_matches('"').to_lowercase();
        rank(&value, &typed)
    })
}

/// 0 for a beginning, 1 for a part.
fn rank(text: &str, typed: &str) -> Option<u8> {
    if text.starts_with(typed) { Some(0) } else { text.contains(typed).then_some(1) }
}

/// Beginnings before parts, otherwise in the order given; each word once.
fn ranked(options: Vec<Suggestion>, rank: impl Fn(&Suggestion) -> Option<u8>) -> Vec<Suggestion> {
    let mut kept: Vec<(u8, Suggestion)> = Vec::new();
    for option in options {
        if let Some(rank) = rank(&option)
            && kept.iter().all(|(_, known)| known.word != option.word)
        {
            kept.push((rank, option));
        }
    }
    kept.sort_by_key(|(rank, _)| *rank);
    kept.into_iter().map(|(_, option)| option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;

    fn known() -> Vocabulary {
        let value = |field: &str, value: &str, spans| Known { field: field.to_owned(), value: value.to_owned(), spans };
        Vocabulary {
            values: vec![
                value("service", "checkout-api", 90),
                value("service", "api gateway", 20),
                value("name", "GET /a b", 7),
                value("attr.customer.tier", "gold", 5),
                value("attr.customer.tier", "basic", 4),
            ],
        }
    }

    #[track_caller]
    fn check(marked: &str, expected: &[&str]) -> Completion {
        let at = marked.chars().position(|c| c == '|').unwrap();
        let found = complete(&marked.replace('|', ""), at, About::Spans, &known());
        let words: Vec<&str> = found.options.iter().map(|option| option.word.as_str()).collect();
        assert_eq!(words, expected, "{marked}");
        found
    }

    #[test]
    fn a_beginning_becomes_a_field_and_then_a_value() {
        check("serv|", &["service:"]);
        check("tier|", &["attr.customer.tier:"]);
        check("attr.cus|", &["attr.customer.tier:"]);
        check("service:|", &["service:checkout-api", "service:\"api gateway\""]);
        check("service:api|", &["service:\"api gateway\"", "service:checkout-api"]);
        check("attr.customer.tier:g|", &["attr.customer.tier:gold"]);
        check("status:f|", &["status:fault"]);
        check("dur>5|", &["dur>500ms", "dur>5s"]);
        check("-kind:s|", &["-kind:server", "-kind:consumer"]);
        check("nothing.like|", &[]);
        assert_eq!(complete("", 0, About::Spans, &known()).options.len(), MOST);
    }

    #[test]
    fn the_word_under_the_cursor_is_replaced_whole() {
        let found = check("cold:true serv|ce:x dur>1s", &["service:"]);
        assert_eq!((found.from, found.to), (10, 18));
        let found = check("name:\"GET /a| b\" cold:true", &["name:\"GET /a b\""]);
        assert_eq!((found.from, found.to), (0, 15));
    }

    #[test]
    fn every_value_offered_is_one_that_the_filter_reads() {
        for field in filter::fields() {
            let sign = if SIZES.contains(&field) { '>' } else { ':' };
            for option in complete(&format!("{field}{sign}"), 99, About::Spans, &known()).options {
                assert_eq!(Filter::parse(&option.word).problems, [], "{}", option.word);
            }
        }
        for field in invocation_filter::FIELDS {
            for option in complete(&format!("{field}:"), 99, About::Invocations, &known()).options {
                assert_eq!(Filter::of_invocations(&option.word).problems, [], "{}", option.word);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_completed_without_panic(line in ".{0,40}", at in 0usize..60) {
            let found = complete(&line, at, About::Spans, &known());
            proptest::prop_assert!(found.from <= found.to && found.to <= line.chars().count());
        }
    }
}
