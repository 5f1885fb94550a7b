//! JSON as it is read, refused where a piece of it does not end: whoever parses it keeps a text or an object until it is whole.

use std::io::{Error, ErrorKind, Read};

/// The longest text, number or word; AWS's have a few hundred bytes.
const MAX_TOKEN: u64 = 16 << 10;
/// The longest object inside a product's or a SKU's terms; AWS's have some kilobytes.
const MAX_OBJECT: u64 = 1 << 20;
/// Objects deeper than this are kept whole: document, `products` or `terms`, a product or a kind of terms.
const WALKED: u64 = 3;

/// Passes on what `inner` reads until a piece is too long.
pub struct Bounded<R> {
    inner: R,
    read: u64,
    depth: u64,
    in_text: bool,
    is_escaped: bool,
    /// Where the token began that is being read.
    token: u64,
    /// Where the object began that is kept whole.
    object: u64,
}

impl<R> Bounded<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, read: 0, depth: 0, in_text: false, is_escaped: false, token: 0, object: 0 }
    }

    fn pass(&mut self, byte: u8) {
        self.read += 1;
        if self.in_text {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => (self.in_text, self.token) = (false, self.read),
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => (self.in_text, self.token) = (true, self.read),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => return,
        }
        if !self.in_text {
            self.token = self.read;
        }
        if self.depth <= WALKED {
            self.object = self.read;
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for (what, began, most) in [("text or number", self.token, MAX_TOKEN), ("object", self.object, MAX_OBJECT)] {
            if self.read - began > most {
                let why = format!("the {what} at byte {began} has no end within {most} bytes; is the file damaged?");
                return Err(Error::new(ErrorKind::InvalidData, why));
            }
        }
        let read = self.inner.read(buffer)?;
        buffer[..read].iter().for_each(|byte| self.pass(*byte));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[track_caller]
    fn check(begin: &str, again: &str, refused: Option<&str>) {
        let endless = begin.bytes().chain(again.bytes().cycle().take(4 << 20)).collect::<Vec<_>>();
        let mut bounded = Bounded::new(Cursor::new(endless));
        let (mut buffer, mut all) = ([0; 1000], 0);
        let told = loop {
            match bounded.read(&mut buffer) {
                Ok(0) => break None,
                Ok(read) => all += read,
                Err(error) => break Some(error.to_string()),
            }
        };
        match refused {
            None => assert_eq!(told, None),
            Some(words) => {
                assert!(told.as_deref().is_some_and(|told| told.contains(words)), "{told:?} after {all} bytes")
            }
        }
    }

    #[test]
    fn what_does_not_end_is_refused_and_a_long_list_is_not() {
        check(r#"{"version": ""#, "a", Some("the text or number at byte 13"));
        check(r#"{"version": ""#, r#"\""#, Some("text or number"));
        check(r#"{"version": "#, "1", Some("text or number"));
        check(r#"{"terms": {"OnDemand": {"A": {"#, r#""A.J": {}, "#, Some("the object at byte"));
        check(r#"{"products": {"A": {"attributes": {"#, r#""a": "b", "#, Some("the object at byte"));
        check(r#"{"products": {"#, r#""A": {"sku": "A", "attributes": {"a": "{["}}, "#, None);
        check(r#"{"terms": {"OnDemand": {"#, r#""A": {"A.J": {"priceDimensions": {}}}, "#, None);
        check("{", " ", None);
    }
}
