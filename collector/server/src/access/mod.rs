//! Who may do what: keys for programs, sessions for browsers, names that a listener on loopback answers to.
//!
//! Without a key file everybody who reaches a listener may do everything, which is why such a listener is on loopback
//! unless the operator said otherwise in so many words. With a key file every listener asks for a key.

mod host;
mod keys;
mod pace;
mod scope;
mod session;
mod throttle;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use host::Hosts;
use keys::Keys;
pub use scope::{Scope, Scopes};
pub use session::{COOKIE, LIFETIME, random_hex};

use crate::failure::Failure;
use crate::settings::{AccessSettings, is_loopback};

/// Decides about every request.
pub struct Access {
    /// `None`: everybody may do everything.
    keys: Option<Keys>,
    /// How the program itself sends to its own OTLP ports; never leaves the process.
    own_secret: String,
    sessions: session::Sessions,
    throttle: throttle::Throttle,
    pace: pace::Pace,
    /// Open to more than this machine without asking for keys.
    pub insecure: bool,
    unauthorized: AtomicU64,
}

/// What a request showed of who sent it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    pub bearer: Option<&'a str>,
    pub session: Option<&'a str>,
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Granted,
    /// Nothing, or nothing that we know, was shown: 401.
    Unknown,
    /// Known, and may not: 403.
    Denied {
        missing: Scope,
    },
    /// Too many wrong keys from this address, or more requests than the key may send: 429.
    Wait(Duration),
}

impl Access {
    /// `bound` are the addresses of all listeners. Fails with the reason when one is reached from beyond this machine and
    /// nobody said who may.
    pub fn new(settings: &AccessSettings, bound: &[(&'static str, IpAddr)]) -> Result<Self, Failure> {
        let keys = settings.api_key_file.as_deref().map(Keys::read).transpose()?;
        let open = bound.iter().find(|(_, address)| !is_loopback(*address));
        if let (Some((name, address)), None, false) = (open, &keys, settings.insecure_no_auth) {
            return Err(Failure::WrongUse(format!(
                "--{name} {address} can be reached from other machines, and anyone there could read and write everything: \
                 give --api-key-file FILE to ask for keys, or --insecure-no-auth to allow it"
            )));
        }
        let own_secret =
            random_hex().map_err(|error| Failure::Failed(format!("no random numbers from the system: {error}")))?;
        Ok(Self {
            keys,
            own_secret,
            sessions: Default::default(),
            throttle: Default::default(),
            pace: Default::default(),
            insecure: open.is_some() && settings.insecure_no_auth,
            unauthorized: AtomicU64::new(0),
        })
    }

    /// Whether anybody has to say who they are.
    pub fn asks(&self) -> bool {
        self.keys.is_some()
    }

    pub fn key_count(&self) -> usize {
        self.keys.as_ref().map_or(0, Keys::len)
    }

    /// What the program shows when it sends to its own OTLP ports.
    pub fn own_secret(&self) -> &str {
        &self.own_secret
    }

    /// Whether whoever showed `shown` from `peer` may do what needs `scope`.
    pub fn decide(&self, shown: Shown<'_>, scope: Scope, peer: IpAddr, now: Instant) -> Verdict {
        let Some(keys) = &self.keys else { return Verdict::Granted };
        let verdict = match self.recognise(keys, shown, peer, now) {
            Ok(Some(scopes)) if scopes.allow(scope) => Verdict::Granted,
            Ok(Some(_)) => Verdict::Denied { missing: scope },
            Ok(None) => Verdict::Unknown,
            Err(wait) => Verdict::Wait(wait),
        };
        if verdict != Verdict::Granted {
            self.unauthorized.fetch_add(1, Ordering::Relaxed);
        }
        verdict
    }

    fn recognise(&self, keys: &Keys, shown: Shown<'_>, peer: IpAddr, now: Instant) -> Result<Option<Scopes>, Duration> {
        // A bearer token outranks the cookie: a program that shows one means it.
        if let Some(secret) = shown.bearer {
            if let Some(wait) = self.throttle.wait(peer, now) {
                return Err(wait);
            }
            let found = keys.find(secret).map(|key| key.scopes);
            if found.is_none() {
                self.throttle.failed(peer, now);
            }
            return Ok(found);
        }
        Ok(shown.session.and_then(|id| self.sessions.find(id, now)).map(|key| key.scopes))
    }

    /// Whether a sender with `secret` may write just now; takes one request of its rate, if it has one. OTLP does not tell the
    /// address, and secrets are too long to be guessed.
    pub fn may_write(&self, secret: Option<&str>, now: Instant) -> Verdict {
        let Some(keys) = &self.keys else { return Verdict::Granted };
        let Some(secret) = secret else { return Verdict::Unknown };
        if subtle::ConstantTimeEq::ct_eq(secret.as_bytes(), self.own_secret.as_bytes()).into() {
            return Verdict::Granted;
        }
        match keys.find(secret) {
            Some(key) if key.scopes.allow(Scope::Write) => {
                let wait = key.rate.and_then(|rate| self.pace.take(&key.name, rate, now));
                wait.map_or(Verdict::Granted, Verdict::Wait)
            }
            Some(_) => Verdict::Denied { missing: Scope::Write },
            None => Verdict::Unknown,
        }
    }

    /// Exchanges a secret for a session id. `Ok(None)`: no key has this secret.
    pub fn log_in(&self, secret: &str, peer: IpAddr, now: Instant) -> Result<Option<String>, Verdict> {
        let Some(keys) = &self.keys else { return Ok(None) };
        if let Some(wait) = self.throttle.wait(peer, now) {
            return Err(Verdict::Wait(wait));
        }
        match keys.find(secret) {
            Some(key) => self.sessions.start(key.clone(), now).map(Some).map_err(|_| Verdict::Unknown),
            None => {
                self.throttle.failed(peer, now);
                self.unauthorized.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    pub fn log_out(&self, session: &str) {
        self.sessions.end(session);
    }

    /// Requests turned away for want of a key since the start.
    pub fn unauthorized(&self) -> u64 {
        self.unauthorized.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub fn with_keys(file: &str) -> Self {
        let mut access = Self::new(&AccessSettings::default(), &[]).unwrap();
        access.keys = Some(Keys::parse(file).unwrap());
        access
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn peer() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    fn bearer(secret: &str) -> Shown<'_> {
        Shown { bearer: Some(secret), session: None }
    }

    #[test]
    fn without_keys_everybody_on_loopback_may_do_everything() {
        let access = Access::new(&AccessSettings::default(), &[("http", "127.0.0.1".parse().unwrap())]).unwrap();
        assert_eq!(access.decide(Shown::default(), Scope::Admin, peer(), Instant::now()), Verdict::Granted);
        assert_eq!(access.may_write(None, Instant::now()), Verdict::Granted);
        assert!(!access.insecure);
    }

    #[test]
    fn beyond_loopback_somebody_must_say_who_may() {
        let everywhere: [(&str, IpAddr); 1] = [("otlp-grpc", "0.0.0.0".parse().unwrap())];
        let Err(Failure::WrongUse(reason)) = Access::new(&AccessSettings::default(), &everywhere) else { panic!() };
        assert!(
            reason.contains("otlp-grpc") && reason.contains("--api-key-file") && reason.contains("--insecure-no-auth")
        );
        let wish = AccessSettings { insecure_no_auth: true, ..AccessSettings::default() };
        assert!(Access::new(&wish, &everywhere).unwrap().insecure);
    }

    #[test]
    fn a_key_opens_what_its_scopes_say() {
        let access = Access::with_keys("a read 0123456789abcdef");
        let now = Instant::now();
        assert_eq!(access.decide(bearer(SECRET), Scope::Read, peer(), now), Verdict::Granted);
        assert_eq!(access.decide(bearer(SECRET), Scope::Sql, peer(), now), Verdict::Denied { missing: Scope::Sql });
        assert_eq!(access.decide(bearer("wrong"), Scope::Read, peer(), now), Verdict::Unknown);
        assert_eq!(access.decide(Shown::default(), Scope::Read, peer(), now), Verdict::Unknown);
        assert_eq!(access.may_write(Some(SECRET), Instant::now()), Verdict::Denied { missing: Scope::Write });
        assert_eq!(access.may_write(Some(access.own_secret()), Instant::now()), Verdict::Granted);
        assert_eq!(access.unauthorized(), 3);
    }

    #[test]
    fn a_browser_exchanges_its_key_for_a_session() {
        let access = Access::with_keys("a read 0123456789abcdef");
        let now = Instant::now();
        let id = access.log_in(SECRET, peer(), now).unwrap().unwrap();
        let shown = Shown { bearer: None, session: Some(&id) };
        assert_eq!(access.decide(shown, Scope::Read, peer(), now), Verdict::Granted);
        assert_eq!(access.decide(shown, Scope::Sql, peer(), now), Verdict::Denied { missing: Scope::Sql });
        access.log_out(&id);
        assert_eq!(access.decide(shown, Scope::Read, peer(), now), Verdict::Unknown);
    }

    #[test]
    fn guessing_is_slowed_down_for_whoever_guesses() {
        let access = Access::with_keys("a read 0123456789abcdef");
        let now = Instant::now();
        let tries = (0..50).map(|n| access.decide(bearer(&format!("guess {n}")), Scope::Read, peer(), now));
        assert!(matches!(tries.last(), Some(Verdict::Wait(_))));
        assert!(access.log_in(SECRET, peer(), now).is_err());
        let elsewhere = "192.0.2.2".parse().unwrap();
        assert_eq!(access.decide(bearer(SECRET), Scope::Read, elsewhere, now), Verdict::Granted);
    }
}
