//! Keys whose values are secrets whatever they look like.

/// A word that makes a key the key of a secret. `-` stands for `_` too: old instrumentations write header names so.
struct Word {
    text: &'static [u8],
    /// Which of its bytes is rare in keys: there it is looked for.
    rare: usize,
    /// It counts only as the last segment of a key, but for an index.
    last: bool,
}

const fn anywhere(text: &'static [u8], rare: usize) -> Word {
    Word { text, rare, last: false }
}

const fn last(text: &'static [u8], rare: usize) -> Word {
    Word { text, rare, last: true }
}

const WITH_K: [Word; 6] = [
    anywhere(b"token", 2),
    anywhere(b"access-key", 7),
    anywhere(b"api-key", 4),
    anywhere(b"apikey", 3),
    anywhere(b"private-key", 8),
    last(b"cookie", 3),
];
const WITH_W: [Word; 2] = [anywhere(b"password", 4), anywhere(b"passwd", 4)];
const WITH_Z: [Word; 1] = [last(b"authorization", 7)];
const WITH_C: [Word; 3] = [anywhere(b"secret", 2), last(b"credential", 0), last(b"credentials", 0)];

/// Endings of keys that speak *about* a secret, such as `gen_ai.token.type` or `aws.secretsmanager.secret.arn`.
const ABOUT: [&[u8]; 9] = [b"type", b"arn", b"name", b"count", b"length", b"size", b"limit", b"usage", b"version"];

/// Whether text under this key is a secret. Numbers under it are not: `gen_ai.usage.input_tokens` counts something.
pub(crate) fn is_sensitive(key: &str) -> bool {
    let key = key.as_bytes();
    key.iter().enumerate().any(|(at, byte)| {
        let words: &[Word] = match byte {
            b'k' | b'K' => &WITH_K,
            b'w' | b'W' => &WITH_W,
            b'z' | b'Z' => &WITH_Z,
            b'c' | b'C' => &WITH_C,
            _ => return false,
        };
        words.iter().any(|word| stands_at(key, at, word))
    }) && !is_about(key)
}

/// Whether `word` stands in `key` with its rare byte at `at`.
fn stands_at(key: &[u8], at: usize, word: &Word) -> bool {
    let Some(start) = at.checked_sub(word.rare) else { return false };
    let Some((before, rest)) = key.split_at_checked(start) else { return false };
    let Some((found, after)) = rest.split_at_checked(word.text.len()) else { return false };
    same(found, word.text)
        && (!word.last
            || before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric()) && (after.is_empty() || is_index(after)))
}

/// `[0]` or `.0`
fn is_index(after: &[u8]) -> bool {
    let digits = after.iter().all(|byte| matches!(byte, b'[' | b']' | b'.' | b'0'..=b'9'));
    digits && matches!(after[0], b'[' | b'.')
}

/// Equal but for case and for `_` where `word` has `-`.
fn same(text: &[u8], word: &[u8]) -> bool {
    text.iter().zip(word).all(|(byte, expected)| {
        let byte = if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
        byte == *expected
    })
}

fn is_about(key: &[u8]) -> bool {
    ABOUT.iter().any(|ending| {
        key.len() > ending.len() && {
            let (rest, last) = key.split_at(key.len() - ending.len());
            last.eq_ignore_ascii_case(ending) && rest.last().is_some_and(|before| !before.is_ascii_alphanumeric())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets_are_known_in_any_spelling() {
        for key in [
            "authorization",
            "http.request.header.authorization",
            "http.request.header.Authorization",
            "http.request.header.proxy-authorization",
            "rpc.grpc.request.metadata.authorization",
            "http.request.header.cookie",
            "http.response.header.set-cookie",
            "http.response.header.set_cookie",
            "http.request.header.x-api-key",
            "http.request.header.x_api_key",
            "X-Api-Key",
            "http.request.header.x-amz-security-token",
            "session_token",
            "oauth.refreshToken",
            "client_secret",
            "app.clientSecret",
            "db.password",
            "PASSWORD",
            "aws.auth.account.access_key",
            "aws.secret_access_key",
            "headers.cookie[0]",
            "headers.Cookie.0",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn keys_that_only_sound_like_it_are_left_alone() {
        for key in [
            "gen_ai.token.type",
            "aws.secretsmanager.secret.arn",
            "k8s.secret.name",
            "token_count",
            "http.route",
            "faas.coldstart",
            "messaging.kafka.message.key",
            "aws.s3.key",
            "network.peer.address",
            "authorization.role",
            "cookie_consent",
            "service.name",
            "process.working_directory",
            "",
        ] {
            assert!(!is_sensitive(key), "{key}");
        }
    }
}
