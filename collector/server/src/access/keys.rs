//! The key file: one key a line, `NAME SCOPES SECRET`, and `rate=N` behind it where a sender may send N OTLP requests a second.
//!
//! `SCOPES` are words of `write`, `read`, `sql`, `admin`, joined by commas. Blank lines and lines that begin with `#` count
//! for nothing. Only the hashes of the secrets stay in memory, and a presented secret is compared with every one of them in
//! constant time, so that neither a dump nor a stopwatch tells a key.

use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::scope::Scopes;
use crate::failure::Failure;

/// Shorter secrets could be guessed.
const MIN_SECRET: usize = 16;
/// More is not a key file.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_KEYS: usize = 1_000;

/// A key that was recognised, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub scopes: Scopes,
    /// OTLP requests a second; `None`: as many as there is room for.
    pub rate: Option<u32>,
}

/// All keys there are.
pub struct Keys(Vec<(Key, [u8; 32])>);

impl Keys {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |reason: String| Failure::WrongUse(format!("the key file {}: {reason}", path.display()));
        let metadata = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
        if metadata.len() > MAX_FILE_BYTES {
            return Err(wrong("is too long to be one".to_owned()));
        }
        warn_if_others_read(path, &metadata);
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    /// The reason names the line, never what stands in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        let mut names = HashSet::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let (name, scopes, secret, rate) = match words[..] {
                [name, scopes, secret] => (name, scopes, secret, None),
                [name, scopes, secret, rate] => {
                    let rate = rate.strip_prefix("rate=").and_then(|rate| rate.parse().ok()).filter(|rate| *rate > 0);
                    (
                        name,
                        scopes,
                        secret,
                        Some(rate.ok_or_else(|| {
                            format!(
                                "line {number}: the fourth word is rate=N, requests a second, a whole number from 1"
                            )
                        })?),
                    )
                }
                _ => {
                    return Err(format!(
                        "line {number} has {} words instead of NAME SCOPES SECRET, with or without rate=N",
                        words.len()
                    ));
                }
            };
            let scopes = Scopes::parse(scopes).map_err(|reason| format!("line {number}: {reason}"))?;
            if secret.len() < MIN_SECRET {
                return Err(format!("line {number}: the secret has fewer than {MIN_SECRET} characters"));
            }
            if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("line {number}: the secret holds characters that no HTTP header carries"));
            }
            if !names.insert(name) {
                return Err(format!("line {number}: the name {name} is there already"));
            }
            keys.push((Key { name: name.to_owned(), scopes, rate }, hash(secret)));
        }
        match keys.len() {
            0 => Err("holds no key; write one a line: NAME SCOPES SECRET".to_owned()),
            1..=MAX_KEYS => Ok(Self(keys)),
            _ => Err(format!("holds more than {MAX_KEYS} keys")),
        }
    }

    /// The key with this secret. Takes the same time whichever key it is, and whether there is one.
    pub fn find(&self, secret: &str) -> Option<&Key> {
        let presented = hash(secret);
        let mut found = None;
        for (key, known) in &self.0 {
            let equal: Choice = known.ct_eq(&presented);
            if bool::from(equal) {
                found = Some(key);
            }
        }
        found
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Secrets and session ids are random, so a plain hash hides them; passwords would need more.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(unix)]
fn warn_if_others_read(path: &Path, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o004 != 0 {
        tracing::warn!(file = %path.display(), "every user of this machine can read the key file; chmod 600 it");
    }
}

#[cfg(not(unix))]
fn warn_if_others_read(_: &Path, _: &std::fs::Metadata) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::scope::Scope;

    const FILE: &str = "# ours\n\nlambda write 0123456789abcdef\n  ops  read,sql\tfedcba9876543210  \n";

    #[test]
    fn a_rate_stands_behind_the_secret_or_is_a_mistake() {
        let keys = Keys::parse("fast write 0123456789abcdef rate=50").unwrap();
        assert_eq!(keys.find("0123456789abcdef").unwrap().rate, Some(50));
        for rate in ["50", "rate=", "rate=0", "rate=-1", "rate=fast"] {
            let problem = Keys::parse(&format!("fast write 0123456789abcdef {rate}")).err().unwrap();
            assert!(problem.contains("rate=N") && problem.starts_with("line 1"), "{problem}");
        }
    }

    #[test]
    fn a_secret_finds_its_key_and_no_other() {
        let keys = Keys::parse(FILE).unwrap();
        assert_eq!(keys.len(), 2);
        let ops = keys.find("fedcba9876543210").unwrap();
        assert_eq!(ops.name, "ops");
        assert!(ops.scopes.allow(Scope::Sql) && !ops.scopes.allow(Scope::Write));
        for secret in ["", "fedcba987654321", "fedcba98765432100", "FEDCBA9876543210"] {
            assert_eq!(keys.find(secret), None);
        }
    }

    #[test]
    fn a_bad_file_is_refused_and_its_secrets_are_not_told() {
        for (file, reason) in [
            ("", "holds no key"),
            ("# only words\n", "holds no key"),
            ("a read", "line 1 has 2 words"),
            ("a read s3cr3ts3cr3ts3cr3t extra", "line 1: the fourth word is rate=N"),
            ("a read s3cr3ts3cr3ts3cr3t rate=1 extra", "line 1 has 5 words"),
            ("\na write s3cr3t", "line 2: the secret has fewer than 16"),
            ("a root s3cr3ts3cr3ts3cr3t", "line 1: “root” is not a scope"),
            ("a read s3cr3ts3cr3ts3cr3t\na read s3cr3ts3cr3ts3cr3u", "line 2: the name a"),
        ] {
            let said = Keys::parse(file).err().unwrap();
            assert!(said.contains(reason) && !said.contains("s3cr3t"), "{file:?}: {said}");
        }
    }
}
