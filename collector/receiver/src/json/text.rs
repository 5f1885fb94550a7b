//! Strings: escapes undone, and whatever is not UTF-8 mended.

use std::borrow::Cow;

use super::reader::{JsonError, Reader};

impl<'a> Reader<'a> {
    /// A string, borrowed when it has no escapes.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at + 1;
        let bytes = self.bytes;
        let Some(length) = memchr::memchr2(b'"', b'\\', &bytes[start..]) else {
            return Err(self.expected("the end of a string"));
        };
        let end = start + length;
        self.at = end;
        if bytes[end] == b'"' {
            self.at = end + 1;
            return Ok(self.utf8(Cow::Borrowed(&bytes[start..end])));
        }
        let mut unescaped = bytes[start..end].to_vec();
        loop {
            self.escape(&mut unescaped)?;
            let rest = &bytes[self.at..];
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(self.expected("the end of a string"));
            };
            unescaped.extend_from_slice(&rest[..length]);
            self.at += length;
            if rest[length] == b'"' {
                self.at += 1;
                return Ok(self.utf8(Cow::Owned(unescaped)));
            }
        }
    }

    fn utf8(&mut self, bytes: Cow<'a, [u8]>) -> Cow<'a, str> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let text = match bytes {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| lossy(bytes)),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|error| lossy(error.as_bytes())),
        };
        text.unwrap_or_else(|mended| {
            self.mended = true;
            Cow::Owned(mended)
        })
    }

    /// Takes one escape sequence, from its backslash on.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let plain = match self.bytes.get(self.at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'u') => return self.unicode_escape(out),
            // `\"`, `\\`, `\/`, and whatever else was escaped without need.
            Some(other) => *other,
            None => return Err(self.expected("the end of a string")),
        };
        out.push(plain);
        self.at += 2;
        Ok(())
    }

    fn unicode_escape(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let first = self.hex4(self.at).ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 6;
        let mut code = u32::from(first);
        if (0xd800..0xdc00).contains(&first)
            && let Some(second) = self.hex4(self.at)
            && (0xdc00..0xe000).contains(&second)
        {
            self.at += 6;
            code = 0x10000 + (u32::from(first - 0xd800) << 10) + u32::from(second - 0xdc00);
        }
        let char = char::from_u32(code).unwrap_or_else(|| {
            self.mended = true;
            char::REPLACEMENT_CHARACTER
        });
        out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// The number of a `\uXXXX` at `at`.
    fn hex4(&self, at: usize) -> Option<u16> {
        let escape = self.bytes.get(at..at + 6)?;
        let digits = escape.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |number, digit| Some(number << 4 | (*digit as char).to_digit(16)? as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(json: &[u8], expected: &str, mended: bool) {
        let mut reader = Reader::new(json, usize::MAX);
        assert_eq!(reader.text().unwrap(), expected);
        assert_eq!(reader.mended, mended);
        reader.finish().unwrap();
    }

    #[test]
    fn escapes_are_read() {
        check_text(br#" "plain" "#, "plain", false);
        check_text(br#""a\n\t\"\\\/\u00e9\ud83d\ude00""#, "a\n\t\"\\/é😀", false);
    }

    #[test]
    fn a_lone_surrogate_and_bytes_that_are_not_utf8_become_u_fffd() {
        check_text(br#""cut \ud83d""#, "cut \u{fffd}", true);
        check_text(br#""\udc00\ud83dx""#, "\u{fffd}\u{fffd}x", true);
        check_text(b"\"caf\xe9\"", "caf\u{fffd}", true);
        check_text(b"\"\\tcaf\xe9\"", "\tcaf\u{fffd}", true);
    }
}
