//! Who is logged in from a browser: a random id in a cookie, its hash in memory. A restart logs everybody out.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::keys::{Key, hash};

pub const COOKIE: &str = "coldlight_session";

/// A working day.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// When more log in, whoever logged in first is logged out.
const MAX_SESSIONS: usize = 1_000;

#[derive(Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

struct Session {
    key: Key,
    since: Instant,
}

impl Sessions {
    /// Starts a session for `key`, and tells its id: 128 random bits as hexadecimal text.
    pub fn start(&self, key: Key, now: Instant) -> Result<String, getrandom::Error> {
        let id = random_hex()?;
        let mut sessions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.retain(|_, session| now.duration_since(session.since) < LIFETIME);
        while sessions.len() >= MAX_SESSIONS {
            let Some(oldest) = sessions.iter().min_by_key(|(_, session)| session.since).map(|(id, _)| *id) else {
                break;
            };
            sessions.remove(&oldest);
        }
        sessions.insert(hash(&id), Session { key, since: now });
        Ok(id)
    }

    /// Whose session it is, if it still runs. Looked up by hash, so the time it takes tells nothing of the id.
    pub fn find(&self, id: &str, now: Instant) -> Option<Key> {
        let sessions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let session = sessions.get(&hash(id))?;
        (now.duration_since(session.since) < LIFETIME).then(|| session.key.clone())
    }

    pub fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&hash(id));
    }
}

/// 128 random bits.
pub fn random_hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::scope::Scopes;

    fn key(name: &str) -> Key {
        Key { name: name.to_owned(), scopes: Scopes::parse("read").unwrap(), rate: None }
    }

    #[test]
    fn a_session_is_known_by_its_id_until_it_ends() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let id = sessions.start(key("a"), now).unwrap();
        assert_eq!(sessions.find(&id, now), Some(key("a")));
        assert_eq!(sessions.find("0".repeat(32).as_str(), now), None);
        assert_eq!(sessions.find(&id, now + LIFETIME), None);
        sessions.end(&id);
        assert_eq!(sessions.find(&id, now), None);
    }

    #[test]
    fn there_are_never_more_than_a_thousand() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let first = sessions.start(key("first"), now).unwrap();
        for second in 1..=MAX_SESSIONS as u64 {
            sessions.start(key("later"), now + Duration::from_secs(second)).unwrap();
        }
        assert_eq!(sessions.0.lock().unwrap().len(), MAX_SESSIONS);
        assert_eq!(sessions.find(&first, now + Duration::from_secs(5)), None);
    }
}
