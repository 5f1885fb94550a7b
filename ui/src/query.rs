//! Query strings: read with patience, written in one way.
//!
//! The address of a page is its state, so whatever is written here must read back the same. A parameter that cannot be
//! understood never fails a page: the page shows its default and names the parameter ([`BadParam`]).

use std::fmt;

use crate::text;

/// More than any page of ours writes; what stands behind it is not read.
const MAX_PAIRS: usize = 256;
/// Servers cut addresses at some 8 to 64 KiB anyway.
const MAX_BYTES: usize = 64 * 1024;

/// A parameter that was not understood, for the note on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct BadParam {
    pub name: String,
    pub value: String,
    /// What would be understood.
    pub problem: String,
}

impl BadParam {
    pub fn new(name: &str, value: &str, problem: impl Into<String>) -> Self {
        Self { name: text::cut(name, 60), value: text::cut(value, 120), problem: problem.into() }
    }
}

/// The pairs of a query string, decoded, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// From the part after `?`. Bytes that are not UTF-8 become U+FFFD.
    pub fn parse(query: &str) -> Self {
        let mut end = query.len().min(MAX_BYTES);
        while !query.is_char_boundary(end) {
            end -= 1;
        }
        let pairs = query[..end].split('&').filter(|pair| !pair.is_empty()).take(MAX_PAIRS);
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self { pairs: decoded.collect() }
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`: a form sends the kept filter and the new words under one name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Notes about every parameter that is not one of `known`.
    pub fn unknown(&self, known: &[&str]) -> Vec<BadParam> {
        let strangers = self.pairs.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        let problem = || format!("this page knows {}", known.join(", "));
        strangers.take(5).map(|(name, value)| BadParam::new(name, value, problem())).collect()
    }

    /// The value of `name` as one of `choices` by its name; anything else is noted and becomes `None`.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)], bad: &mut Vec<BadParam>) -> Option<T> {
        let value = self.get(name).filter(|value| !value.is_empty())?;
        let found = choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            bad.push(BadParam::new(name, value, format!("one of {}", words.join(", "))));
        }
        found
    }

    /// The value of `name` as a whole number within `bounds`; anything else is noted and becomes `None`.
    pub fn whole(&self, name: &str, bounds: std::ops::RangeInclusive<u64>, bad: &mut Vec<BadParam>) -> Option<u64> {
        let value = self.get(name).filter(|value| !value.is_empty())?;
        let found = value.parse().ok().filter(|number| bounds.contains(number));
        if found.is_none() {
            bad.push(BadParam::new(name, value, format!("a number from {} to {}", bounds.start(), bounds.end())));
        }
        found
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let escaped = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (bytes[at], escaped) {
            (_, Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', None) => {
                out.push(b' ');
                at += 1;
            }
            (byte, None) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes `text` for the value of a query: what is safe there and reads well stays as it is.
pub fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b',' | b'/' | b'*' | b'@' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// An address of ours: a path and the pairs of its query, written by `Display`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Link {
    pub fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), pairs: Vec::new() }
    }

    /// Adds a pair; a value of nothing adds nothing.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.pairs.push((name.to_owned(), value));
        }
        self
    }

    /// Adds the pair when there is a value.
    pub fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn with_all(mut self, pairs: &[(&'static str, String)]) -> Self {
        for (name, value) in pairs {
            self = self.with(name, value.clone());
        }
        self
    }

    /// The first page of a list: without what leads to a later one.
    pub fn first_page(self) -> Self {
        self.without("cursor").without("row")
    }

    /// Without every pair of that name.
    pub fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The part after `?`, without it.
    pub fn query(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.pairs {
            if !out.is_empty() {
                out.push('&');
            }
            encode(name, &mut out);
            out.push('=');
            encode(value, &mut out);
        }
        out
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        let query = self.query();
        if query.is_empty() { Ok(()) } else { write!(f, "?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_plus_signs_are_decoded() {
        let query = Query::parse("f=service%3Aa+dur%3E1s&f=%C3%A9&x&=y&bad=%zz%4&cut=%c3");
        assert_eq!(query.all("f").collect::<Vec<_>>(), ["service:a dur>1s", "é"]);
        assert_eq!(query.get("x"), Some(""));
        assert_eq!(query.get("bad"), Some("%zz%4"));
        assert_eq!(query.get("cut"), Some("\u{fffd}"));
        assert_eq!(query.get("nothing"), None);
    }

    #[test]
    fn strangers_and_wrong_words_are_named() {
        let query = Query::parse("edges=sideways&colour=red&hops=9");
        let mut bad = query.unknown(&["edges", "hops"]);
        assert_eq!(query.choice("edges", &[("all", 1), ("sync", 2)], &mut bad), None);
        assert_eq!(query.whole("hops", 1..=3, &mut bad), None);
        let said: Vec<(&str, &str)> = bad.iter().map(|bad| (bad.name.as_str(), bad.problem.as_str())).collect();
        assert_eq!(
            said,
            [
                ("colour", "this page knows edges, hops"),
                ("edges", "one of all, sync"),
                ("hops", "a number from 1 to 3")
            ]
        );
    }

    #[test]
    fn a_link_leaves_out_what_is_empty() {
        let link = Link::to("/map").with("range", "1h").with("f", "").maybe("sel", None::<String>);
        assert_eq!(link.to_string(), "/map?range=1h");
        assert_eq!(Link::to("/map").to_string(), "/map");
    }

    #[test]
    fn a_long_query_is_read_up_to_its_limit() {
        assert_eq!(Query::parse(&"a=é&".repeat(50_000)).pairs.len(), MAX_PAIRS);
        Query::parse(&"é".repeat(MAX_BYTES));
    }

    proptest! {
        #[test]
        fn what_a_link_writes_reads_back(pairs in proptest::collection::vec((".{1,9}", ".{1,40}"), 0..9)) {
            let link = pairs.iter().fold(Link::to("/x"), |link, (name, value)| link.with(name, value.clone()));
            prop_assert_eq!(Query::parse(&link.query()).pairs, pairs);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,200}") {
            Query::parse(&text);
        }
    }
}
