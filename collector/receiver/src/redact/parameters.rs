//! `key=value` and `"key": "value"` within a text: which values are secrets, and where they end.

use std::ops::Range;

/// Parameters whose values are secrets, in lower case; what stands before one may be `-`, `_` or any other mark, so that
/// `signature` also names `X-Amz-Signature`, and `token` `access_token`.
///
/// From the conventions for `url.full`: `sig`, `Signature`, `X-Amz-Signature`, `X-Amz-Credential`, `X-Amz-Security-Token`,
/// `AWSAccessKeyId`, `X-Goog-Signature`. The others are how passwords and keys reach SQL, connection strings and log lines.
const NAMES: [&[u8]; 18] = [
    b"sig",
    b"signature",
    b"credential",
    b"security-token",
    b"awsaccesskeyid",
    b"token",
    b"password",
    b"passwd",
    b"pwd",
    b"secret",
    b"access_key",
    b"accesskey",
    b"api_key",
    b"api-key",
    b"apikey",
    b"private_key",
    b"clientsecret",
    b"authorization",
];

/// What the value of `key=` starts with when it is a placeholder: masked or bound, there is no secret in it.
const PLACEHOLDERS: &[u8] = b"?$:%@{<(*";

/// The secret value of the parameter whose `=` stands at `equals`, if it is one.
pub(super) fn assigned(text: &[u8], equals: usize) -> Option<Range<usize>> {
    let key_end = equals - spaces_before(text, equals);
    named(text, key_end)?;
    let mut start = equals + 1;
    start += spaces_after(text, start);
    value(text, start)
}

/// The same for `%3D`, an equals sign within an encoded URL; `percent` is where its `%` stands.
pub(super) fn assigned_encoded(text: &[u8], percent: usize) -> Option<Range<usize>> {
    if !matches!(text.get(percent + 1..percent + 3)?, b"3D" | b"3d") {
        return None;
    }
    named(text, percent)?;
    let start = percent + 3;
    let length = text[start..]
        .iter()
        .enumerate()
        .position(|(at, byte)| ends_bare(*byte) || text[start + at..].starts_with(b"%26"))
        .unwrap_or(text.len() - start);
    (length > 0).then_some(start..start + length)
}

/// The secret value of the member `"key": "value"` of a JSON text (or of Python's and JavaScript's way to show objects) whose
/// `:` stands at `colon`. The text may be JSON within JSON, its quotes escaped.
pub(super) fn member(text: &[u8], colon: usize) -> Option<Range<usize>> {
    let mut key_end = colon - spaces_before(text, colon);
    let quote = *text.get(key_end.checked_sub(1)?)?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    key_end -= 1;
    let escaped = text.get(key_end.checked_sub(1)?) == Some(&b'\\');
    key_end -= usize::from(escaped);
    named(text, key_end)?;

    let mut start = colon + 1;
    start += spaces_after(text, start);
    if escaped {
        if text.get(start) != Some(&b'\\') {
            return None;
        }
        start += 1;
    }
    let quote = *text.get(start).filter(|quote| matches!(quote, b'"' | b'\''))?;
    start += 1;
    let length = if escaped {
        text[start..].windows(2).position(|pair| pair == [b'\\', quote]).unwrap_or(text.len() - start)
    } else {
        quoted_length(&text[start..], quote)
    };
    (length > 0).then_some(start..start + length)
}

/// Whether what ends at `end` is one of [`NAMES`], standing alone.
fn named(text: &[u8], end: usize) -> Option<()> {
    let text = &text[..end];
    NAMES
        .iter()
        .any(|name| {
            text.len() >= name.len() && {
                let (before, last) = text.split_at(text.len() - name.len());
                last.eq_ignore_ascii_case(name) && stands_alone(before)
            }
        })
        .then_some(())
}

/// Whether a word may start behind `before`: at the start, behind a mark, or behind an encoded mark such as `%26`.
fn stands_alone(before: &[u8]) -> bool {
    match before {
        [] => true,
        [.., b'%', b'2' | b'3', _] => true,
        [.., last] => !last.is_ascii_alphanumeric(),
    }
}

/// Of `text`, the value that starts at `start`: to its closing quote, or to the next mark that ends a parameter.
fn value(text: &[u8], start: usize) -> Option<Range<usize>> {
    let first = *text.get(start)?;
    let (start, length) = if matches!(first, b'"' | b'\'') {
        (start + 1, quoted_length(&text[start + 1..], first))
    } else if PLACEHOLDERS.contains(&first) && !is_percent_encoded(&text[start..]) {
        return None;
    } else {
        (start, text[start..].iter().position(|byte| ends_bare(*byte)).unwrap_or(text.len() - start))
    };
    let is_placeholder = length == 1 && PLACEHOLDERS.contains(&text[start]);
    (length > 0 && !is_placeholder).then_some(start..start + length)
}

fn is_percent_encoded(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// How long a quoted value is, without its closing quote; a backslash escapes what follows it, and SQL doubles the quote.
fn quoted_length(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < text.len() {
        let doubled = quote == b'\'' && text[at..].starts_with(b"\'\'") && at > 0;
        if text[at] == quote && !doubled {
            return at;
        }
        at += if text[at] == b'\\' || doubled { 2 } else { 1 };
    }
    text.len()
}

fn ends_bare(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'&' | b'#' | b'"' | b'\'' | b'<' | b'>' | b';' | b',' | b')' | b']' | b'}' | b'\\')
}

/// How many spaces are looked past; more is no assignment any more, and a limit keeps the search linear.
const MAX_SPACES: usize = 4;

fn spaces_before(text: &[u8], end: usize) -> usize {
    text[..end].iter().rev().take(MAX_SPACES).take_while(|byte| **byte == b' ').count()
}

fn spaces_after(text: &[u8], start: usize) -> usize {
    text.get(start..).unwrap_or_default().iter().take(MAX_SPACES).take_while(|byte| **byte == b' ').count()
}
