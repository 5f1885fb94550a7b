//! A JSON reader that pulls: its caller says what it expects, and skips what it does not know.
//!
//! Own rather than serde_json's, because of what must not end a request: bytes that are not UTF-8, lone surrogates (JavaScript
//! escapes them that way when a string was cut in the middle of a character), control characters, bare `NaN`; and
//! because skipping must not recurse: a million brackets are a million bits here.

use std::borrow::Cow;

/// Why bytes are not OTLP/JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// The byte where it was noticed.
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Expected(&'static str),
    OverBudget,
}

/// A value that is neither object nor array.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// As written; checked only by whoever needs the number.
    Number(&'a str),
    Text(Cow<'a, str>),
}

/// A place in a JSON text, with the memory charged so far.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) mended: bool,
    spent: usize,
    budget: usize,
    /// Whether lists charge for their items and do not keep them.
    pub(super) forgets: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], budget: usize) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes, at, mended: false, spent: 0, budget, forgets: false }
    }

    /// Charges memory before it is allocated.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), JsonError> {
        self.spent += bytes;
        if self.spent > self.budget { Err(self.error(Problem::OverBudget)) } else { Ok(()) }
    }

    pub(super) fn spent(&self) -> usize {
        self.spent
    }

    pub(super) fn expected(&self, what: &'static str) -> JsonError {
        self.error(Problem::Expected(what))
    }

    fn error(&self, problem: Problem) -> JsonError {
        JsonError { at: self.at, problem }
    }

    /// The next byte that is not white space, without taking it; 0 at the end.
    pub(super) fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn take(&mut self, byte: u8, what: &'static str) -> Result<(), JsonError> {
        if self.peek() != byte {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether nothing follows.
    pub(super) fn finish(&mut self) -> Result<(), JsonError> {
        self.peek();
        if self.at < self.bytes.len() { Err(self.expected("the end")) } else { Ok(()) }
    }

    /// Visits each member of an object by its key; `visit` must take (or skip) the value. Null has no members.
    pub(super) fn members(
        &mut self,
        mut visit: impl FnMut(&mut Self, &str) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.peek() == b'n' {
            return self.literal(b"null");
        }
        self.take(b'{', "an object")?;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != b'"' {
                return Err(self.expected("a key"));
            }
            let key = self.string()?;
            self.take(b':', "a colon")?;
            visit(self, &key)?;
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.expected("a comma or the end of the object")),
            }
        }
    }

    /// Visits each item of an array; `visit` must take (or skip) it. Null has no items.
    pub(super) fn items(&mut self, mut visit: impl FnMut(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        if self.peek() == b'n' {
            return self.literal(b"null");
        }
        self.take(b'[', "an array")?;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            visit(self)?;
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.expected("a comma or the end of the array")),
            }
        }
    }

    /// The list of what `item` reads, each charged as one `T` of memory.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        let mut list = Vec::new();
        self.items(|reader| {
            reader.spend(size_of::<T>())?;
            let item = item(reader)?;
            if !reader.forgets {
                list.push(item);
            }
            Ok(())
        })?;
        Ok(list)
    }

    pub(super) fn scalar(&mut self) -> Result<Scalar<'a>, JsonError> {
        match self.peek() {
            b'"' => self.string().map(Scalar::Text),
            b'n' => self.literal(b"null").map(|()| Scalar::Null),
            b't' => self.literal(b"true").map(|()| Scalar::Bool(true)),
            b'f' => self.literal(b"false").map(|()| Scalar::Bool(false)),
            b'-' | b'+' | b'0'..=b'9' | b'N' | b'I' => Ok(Scalar::Number(self.bare_word())),
            _ => Err(self.expected("text or a number")),
        }
    }

    /// Text, or the text of whatever scalar stands in its place; charged. Null is empty.
    pub(super) fn text(&mut self) -> Result<String, JsonError> {
        let scalar = self.scalar()?;
        let text = match scalar {
            Scalar::Null => return Ok(String::new()),
            Scalar::Bool(true) => Cow::Borrowed("true"),
            Scalar::Bool(false) => Cow::Borrowed("false"),
            Scalar::Number(number) => Cow::Borrowed(number),
            Scalar::Text(text) => text,
        };
        self.spend(text.len() + 24)?;
        Ok(text.into_owned())
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), JsonError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// A number as written, or `NaN`, `Infinity`, `-Infinity`.
    fn bare_word(&mut self) -> &'a str {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'z' | b'A'..=b'Z') = self.bytes.get(self.at) {
            self.at += 1;
        }
        // Only ASCII was let in.
        std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &[u8]) -> Reader<'_> {
        Reader::new(text, usize::MAX)
    }

    #[track_caller]
    fn check_text(json: &[u8], expected: &str, mended: bool) {
        let mut reader = reader(json);
        assert_eq!(reader.text().unwrap(), expected);
        assert_eq!(reader.mended, mended);
        reader.finish().unwrap();
    }

    #[test]
    fn a_number_or_a_bool_is_its_text_where_text_belongs() {
        check_text(b"12.50", "12.50", false);
        check_text(b"true", "true", false);
        check_text(b"null", "", false);
    }

    #[test]
    fn what_is_not_json_is_an_error_with_its_place() {
        for (json, at) in [("", 0), ("\"open", 0), ("\"open\\", 5), ("nul", 0), ("{", 0), ("\"\\u12\"", 1)] {
            assert_eq!(reader(json.as_bytes()).scalar().unwrap_err().at, at, "{json}");
        }
        for json in ["[1 2]", "[1,", "[", "[}"] {
            assert!(reader(json.as_bytes()).items(Reader::skip).is_err(), "{json}");
        }
        for json in ["{1:2}", "{\"a\" 1}", "{\"a\":1", "[]", "{\"a\":}"] {
            assert!(reader(json.as_bytes()).members(|reader, _| reader.skip()).is_err(), "{json}");
        }
    }

    #[test]
    fn memory_over_the_budget_is_refused() {
        let mut reader = Reader::new(b"[{},{},{}]", 2 * size_of::<[u64; 4]>());
        let list = reader.list(|reader| reader.skip().map(|()| [0u64; 4]));
        assert_eq!(list.unwrap_err().problem, Problem::OverBudget);
    }
}
