//! Secrets within a text.

use std::ops::Range;

use super::REDACTED;
use super::parameters::{assigned, assigned_encoded, member};

/// A secret found: what is replaced, and by what.
struct Secret {
    place: Range<usize>,
    by: &'static str,
}

/// Bytes at which a secret may be noticed: `=` `:` `%` of parameters, `:` of a URL, `J` of `eyJ`, `I` of `AKIA`, and
/// the space behind `Bearer`.
const TRIGGERS: [bool; 256] = {
    let mut triggers = [false; 256];
    let marks = b"=:%JI ";
    let mut at = 0;
    while at < marks.len() {
        triggers[marks[at] as usize] = true;
        at += 1;
    }
    triggers
};

/// The shortest text with a secret in it is about `sig=x`.
const SHORTEST: usize = 5;

/// Replaces the secrets in `text`, and says how many; 0 leaves it as it was. Linear in its length.
pub(crate) fn redact(text: &mut String) -> u64 {
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST {
        return 0;
    }
    let mut secrets: Vec<Secret> = Vec::new();
    let mut done = 0;
    let mut at = 0;
    // A run of token characters that turned out to be no token need not be looked at from each of its characters.
    let mut no_token_before = 0;
    while let Some(ahead) = bytes[at..].iter().position(|byte| TRIGGERS[usize::from(*byte)]) {
        at += ahead;
        let found = match bytes[at] {
            b':' => credentials(bytes, at).or_else(|| whole(member(bytes, at))),
            b'=' => whole(assigned(bytes, at)),
            b'%' => whole(assigned_encoded(bytes, at)),
            b'J' if at >= no_token_before => match web_token(bytes, at) {
                Ok(found) => whole(found),
                Err(end) => {
                    no_token_before = end;
                    None
                }
            },
            b'I' => whole(access_key(bytes, at)),
            b' ' => whole(bearer(bytes, at)),
            _ => None,
        };
        at += 1;
        if let Some(secret) = found
            && secret.place.start >= done
            && &bytes[secret.place.clone()] != secret.by.as_bytes()
        {
            done = secret.place.end;
            at = at.max(done);
            secrets.push(secret);
        }
    }
    if secrets.is_empty() {
        return 0;
    }
    let mut clean = String::with_capacity(text.len());
    let mut kept = 0;
    for Secret { place, by } in &secrets {
        // Every place starts and ends beside an ASCII byte, so these are character boundaries.
        clean.push_str(text.get(kept..place.start).unwrap_or_default());
        clean.push_str(by);
        kept = place.end;
    }
    clean.push_str(text.get(kept..).unwrap_or_default());
    *text = clean;
    secrets.len() as u64
}

fn whole(place: Option<Range<usize>>) -> Option<Secret> {
    place.map(|place| Secret { place, by: REDACTED })
}

/// `user:password` of a URL, whose `:` before `//` stands at `colon`.
fn credentials(text: &[u8], colon: usize) -> Option<Secret> {
    let start = colon + 1;
    // PHP escapes slashes in JSON: `https:\/\/`.
    let start = start + [&b"//"[..], br"\/\/"].iter().find(|slashes| text[start..].starts_with(slashes))?.len();
    let authority = text[start..].iter().position(|byte| ends_authority(*byte)).unwrap_or(text.len() - start);
    let length = text[start..start + authority].iter().rposition(|byte| *byte == b'@')?;
    (length > 0).then_some(Secret { place: start..start + length, by: "REDACTED:REDACTED" })
}

fn ends_authority(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\')
}

/// `AKIA` or `ASIA` and 16 upper-case letters and digits, whose `I` stands at `at`.
fn access_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LENGTH: usize = 20;
    let start = at.checked_sub(2)?;
    let key = text.get(start..start + LENGTH)?;
    let known = key.starts_with(b"AKIA") || key.starts_with(b"ASIA");
    let alone = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (known
        && key.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && alone(start.checked_sub(1).and_then(|before| text.get(before)))
        && alone(text.get(start + LENGTH)))
    .then_some(start..start + LENGTH)
}

/// A JSON Web Token, whose `J` of `eyJ` (`{"` in base64) stands at `at`. `Err`: no token starts before that byte.
fn web_token(text: &[u8], at: usize) -> Result<Option<Range<usize>>, usize> {
    /// The header `{"alg":"none"}` takes 19, and shorter ones do not exist; the payload `{}` takes 3.
    const SHORTEST_HEADER: usize = 8;
    const SHORTEST_PAYLOAD: usize = 3;
    let Some(start) = at.checked_sub(2).filter(|start| text[*start..].starts_with(b"eyJ")) else { return Ok(None) };
    let run = |from: usize| {
        let length = text[from..].iter().position(|byte| !is_base64url(*byte)).unwrap_or(text.len() - from);
        from + length
    };
    let header = run(start);
    if header - start < SHORTEST_HEADER || text.get(header) != Some(&b'.') {
        return Err(header);
    }
    let payload = run(header + 1);
    if payload - header <= SHORTEST_PAYLOAD || text.get(payload) != Some(&b'.') {
        return Err(payload);
    }
    // Of an encrypted token two more parts follow.
    let mut end = run(payload + 1);
    while text.get(end) == Some(&b'.') && run(end + 1) > end + 1 {
        end = run(end + 1);
    }
    Ok(Some(start..end))
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The token behind `Bearer` and the space at `space`.
fn bearer(text: &[u8], space: usize) -> Option<Range<usize>> {
    const WORD: &[u8] = b"Bearer";
    let word_start = space.checked_sub(WORD.len())?;
    let word = &text[word_start..space];
    let alone = word_start.checked_sub(1).is_none_or(|before| !text[before].is_ascii_alphanumeric());
    if !word.eq_ignore_ascii_case(WORD) || !alone {
        return None;
    }
    let start = space + 1;
    let length = text[start..].iter().position(|byte| !is_token68(*byte)).unwrap_or(text.len() - start);
    let token = &text[start..start + length];
    // `WWW-Authenticate: Bearer realm="…"` and sentences about bearer tokens.
    let harmless = [&b"realm="[..], b"error=", b"scope=", b"token", b"auth", b"scheme"];
    let is_word = harmless.iter().any(|word| token.len() < 24 && token.to_ascii_lowercase().starts_with(word));
    // In the small, "bearer" is an English word too.
    let likely = word == WORD || token.len() >= 20 || token.iter().any(u8::is_ascii_digit);
    (length > 0 && likely && !is_word).then_some(start..start + length)
}

/// RFC 6750, `b64token`.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut redacted = text.to_owned();
        let count = redact(&mut redacted);
        assert_eq!(redacted, expected);
        assert_eq!(count > 0, text != expected);
        assert_eq!(redact(&mut redacted), 0, "redacting twice changes nothing: {redacted}");
    }

    #[track_caller]
    fn clean(text: &str) {
        check(text, text);
    }

    #[test]
    fn credentials_of_urls() {
        check("https://user:pass@example.com/x", "https://REDACTED:REDACTED@example.com/x");
        check("postgresql://app:p%40ss@db:5432/shop?ssl=1", "postgresql://REDACTED:REDACTED@db:5432/shop?ssl=1");
        check("redis://:hunter2@cache:6379", "redis://REDACTED:REDACTED@cache:6379");
        check("https://ghp_token@github.com/a.git", "https://REDACTED:REDACTED@github.com/a.git");
        check(r"https:\/\/u:p@h\/x", r"https:\/\/REDACTED:REDACTED@h\/x");
        check("see (amqp://a:b@q) and http://c:d@e", "see (amqp://REDACTED:REDACTED@q) and http://REDACTED:REDACTED@e");
        check("https://a@b:c@host/", "https://REDACTED:REDACTED@host/");
        clean("https://example.com/@user?mail=a@b.c");
        clean("arn:aws:sqs:us-east-1:123456789012:orders");
        clean("mailto:someone@example.com");
    }

    #[test]
    fn signatures_in_queries_keep_their_keys() {
        check(
            "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123&X-Amz-Date=20261123T000000Z&X-Amz-Security-Token=IQoJb3&X-Amz-Signature=fe5f80",
            "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=REDACTED&X-Amz-Date=20261123T000000Z&X-Amz-Security-Token=REDACTED&X-Amz-Signature=REDACTED",
        );
        check(
            "/k?AWSAccessKeyId=AKID&Signature=vjby&Expires=1",
            "/k?AWSAccessKeyId=REDACTED&Signature=REDACTED&Expires=1",
        );
        check(
            "https://a.blob.core.windows.net/c?sv=1&sig=abc%3D&se=2",
            "https://a.blob.core.windows.net/c?sv=1&sig=REDACTED&se=2",
        );
        check("?X-Goog-Signature=00ff#top", "?X-Goog-Signature=REDACTED#top");
        check("sig=abc", "sig=REDACTED");
        check("q=1&sig=%2Babc", "q=1&sig=REDACTED");
        check(
            "/go?to=https%3A%2F%2Fb%2Fk%3Fa%3D1%26X-Amz-Signature%3Dfe5f80%26x%3D1",
            "/go?to=https%3A%2F%2Fb%2Fk%3Fa%3D1%26X-Amz-Signature%3DREDACTED%26x%3D1",
        );
        check(
            "AWS4-HMAC-SHA256 Credential=ABC/20261123/us-east-1, SignedHeaders=host, Signature=fe5f80",
            "AWS4-HMAC-SHA256 Credential=REDACTED, SignedHeaders=host, Signature=REDACTED",
        );
        clean("https://example.com/search?design=1&signed=yes&orig=2&q=sig");
    }

    #[test]
    fn passwords_in_statements_connection_strings_and_json() {
        check("Server=db;User Id=app;Password=hunter2;Encrypt=1", "Server=db;User Id=app;Password=REDACTED;Encrypt=1");
        check("UPDATE u SET password = 'it''s' WHERE id = 1", "UPDATE u SET password = 'REDACTED' WHERE id = 1");
        check("--db-password=hunter2 --port=1", "--db-password=REDACTED --port=1");
        check("AWS_SECRET_ACCESS_KEY=wJalr/x+y", "AWS_SECRET_ACCESS_KEY=REDACTED");
        check(r#"{"user":"a","password": "h\"unter","n":1}"#, r#"{"user":"a","password": "REDACTED","n":1}"#);
        check(r#"{\"access_token\":\"abc\",\"x\":1}"#, r#"{\"access_token\":\"REDACTED\",\"x\":1}"#);
        check("{'Authorization': 'Basic dXNlcjpw'}", "{'Authorization': 'REDACTED'}");
        clean("SELECT * FROM users WHERE password = ? AND token = $1 AND secret = :s AND pwd = '?'");
        clean("unexpected token: expected ]");
        clean(r#"{"token":null,"max_tokens":100}"#);
    }

    #[test]
    fn keys_and_tokens_anywhere() {
        check("key AKIAIOSFODNN7EXAMPLE.", "key REDACTED.");
        check("(ASIAIOSFODNN7EXAMPLE)", "(REDACTED)");
        clean("XAKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE9 akiaiosfodnn7example AKIA");
        check(&format!("got {JWT}, thanks"), "got REDACTED, thanks");
        check(JWT, "REDACTED");
        clean("eyJ is how it starts; eyJhbGciOiJIUzI1NiJ9 alone is a header; a.eyJhb.c");
        check("Authorization: Bearer abc.def-123", "Authorization: Bearer REDACTED");
        check("authorization bearer a1b2c3", "authorization bearer REDACTED");
        clean("the bearer of bad news; Bearer realm=\"api\"; Bearer tokens expire; Bearer authentication");
        clean("forbearer 12345");
    }

    #[test]
    fn a_long_run_of_beginnings_is_linear() {
        for piece in ["eyJ", "://", "AKIA", "Bearer ", "password=", "\"password\":\"", "%3D", "= ", "eyJa."] {
            let mut text = piece.repeat(200_000);
            redact(&mut text);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_a_text_and_settles(text in "\\PC{0,40}(://|=|Bearer |eyJ|\"password\":\"|%3D|sig=)\\PC{0,40}") {
            let mut redacted = text.clone();
            redact(&mut redacted);
            let before = redacted.clone();
            redact(&mut redacted);
            prop_assert_eq!(before, redacted);
        }
    }
}
