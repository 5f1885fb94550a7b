//! Values that nobody asked for.

use super::reader::{JsonError, Reader};

impl Reader<'_> {
    /// Takes any value without looking at it. Brackets must match; nesting costs one bit a level.
    pub(super) fn skip(&mut self) -> Result<(), JsonError> {
        let mut open = Brackets::default();
        loop {
            match self.peek() {
                b'{' => {
                    self.at += 1;
                    open.push(true);
                }
                b'[' => {
                    self.at += 1;
                    open.push(false);
                }
                b'}' if open.pop(true) => self.at += 1,
                b']' if open.pop(false) => self.at += 1,
                b',' | b':' if open.depth > 0 => self.at += 1,
                b'"' => {
                    self.string()?;
                }
                _ => {
                    self.scalar()?;
                }
            }
            if open.depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Which brackets are open: a bit for each.
#[derive(Default)]
struct Brackets {
    bits: Vec<u64>,
    depth: usize,
}

impl Brackets {
    fn push(&mut self, is_object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.bits.len() {
            self.bits.push(0);
        }
        self.bits[word] = self.bits[word] & !(1 << bit) | u64::from(is_object) << bit;
        self.depth += 1;
    }

    /// False when the innermost is of the other kind, or none is open.
    fn pop(&mut self, is_object: bool) -> bool {
        let Some(depth) = self.depth.checked_sub(1) else { return false };
        let matches = (self.bits[depth / 64] >> (depth % 64) & 1 == 1) == is_object;
        if matches {
            self.depth = depth;
        }
        matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::reader::Scalar;

    fn reader(text: &[u8]) -> Reader<'_> {
        Reader::new(text, usize::MAX)
    }

    #[test]
    fn anything_can_be_skipped_and_what_follows_is_found() {
        for skipped in [
            "1",
            "\"]\"",
            "[]",
            "{}",
            "[1,[2,{\"a\":[]}],\"}\"]",
            "{\"a\":{\"b\":null},\"c\":NaN}",
            "-1.5e-7",
            "\"\\\"]\"",
        ] {
            let json = format!("[{skipped},7]");
            let mut reader = reader(json.as_bytes());
            let mut seen = 0;
            reader
                .items(|reader| {
                    seen += 1;
                    if seen == 1 {
                        reader.skip()
                    } else {
                        reader.scalar().map(|last| assert_eq!(last, Scalar::Number("7")))
                    }
                })
                .unwrap();
            assert_eq!(seen, 2, "{skipped}");
        }
    }

    #[test]
    fn a_million_brackets_are_skipped_or_refused_without_recursion() {
        let depth = 1_000_000;
        let open = "[{\"a\":".repeat(depth);
        assert!(reader(open.as_bytes()).skip().is_err());
        let closed = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let mut reader = reader(closed.as_bytes());
        reader.skip().unwrap();
        reader.finish().unwrap();
    }
}
