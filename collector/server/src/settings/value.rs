//! The kinds of values settings have, each read from text the same way whether it came from a flag, the environment or the file.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use coldlight_model::Nanos;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    Off,
    /// A host name or address, without brackets, and a port; port 0 lets the system pick.
    At {
        host: String,
        port: u16,
    },
}

impl Listen {
    pub fn at(host: &str, port: u16) -> Self {
        Self::At { host: host.to_owned(), port }
    }

    /// The addresses to try in turn, IPv4 first; empty when off.
    pub async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let Self::At { host, port } = self else { return Ok(Vec::new()) };
        let mut addresses: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), *port)).await?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        Ok(addresses)
    }
}

/// Whether only this machine reaches `address`. `::ffff:127.0.0.1` is 127.0.0.1.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not ADDR:PORT (such as 127.0.0.1:4318 or [::1]:0) or off");
        if text == "off" {
            return Ok(Self::Off);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().map(|_| inner).map_err(|_| wrong())?,
            None if host.is_empty() || host.contains([':', '/', ' ']) => return Err(wrong()),
            None => host,
        };
        Ok(Self::At { host: host.to_owned(), port })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::At { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// A number of bytes: `64MiB`, `2GiB`, `500MB`, `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not a size; write it as 64MiB, 2GiB, 500MB or a number of bytes");
        let trimmed = text.trim();
        let unit_at = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let scale: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(scale).map(Self).ok_or_else(wrong)
    }
}

/// A part of something whose size only the machine knows, or a plain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Of the whole, 1 to 100.
    Percent(u8),
    Bytes(u64),
}

impl Share {
    /// In bytes, of a whole of `whole` bytes.
    pub fn of(self, whole: u64) -> u64 {
        match self {
            Self::Percent(percent) => (u128::from(whole) * u128::from(percent) / 100) as u64,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(percent) = text.trim().strip_suffix('%') {
            return match percent.trim().parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                _ => Err(format!("“{text}” is not a share; write 1% to 100%, or a size such as 50GiB")),
            };
        }
        match text.parse() {
            Ok(Bytes(bytes)) => Ok(Self::Bytes(bytes)),
            Err(_) => Err(format!("“{text}” is not a share or a size; write it as 80% or 50GiB")),
        }
    }
}

/// A length of time: `7d`, `36h`, `30m`, `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Nanos);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not a length of time; write it as 7d, 36h, 30m or 90s");
        let trimmed = text.trim();
        let unit_at = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = trimmed.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let seconds: u64 = match unit.trim_start() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(wrong()),
        };
        number.checked_mul(seconds).and_then(|s| s.checked_mul(1_000_000_000)).map(Self).ok_or_else(wrong)
    }
}

/// How old something may be, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Option<Nanos>);

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "off" => Ok(Self(None)),
            age => match age.parse() {
                Ok(Length(nanos)) => Ok(Self(Some(nanos))),
                Err(_) => Err(format!("“{text}” is not an age; write it as 10s, 5m or off")),
            },
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("“{text}” is not a log format; there are text and json")),
        }
    }
}

/// How a webhook is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum WebhookForm {
    /// Everything by name
    Json,
    /// A text, as chats with Slack's incoming webhooks take it
    Slack,
}

impl FromStr for WebhookForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "slack" => Ok(Self::Slack),
            _ => Err(format!("“{text}” is not a form of a webhook; there are json and slack")),
        }
    }
}

/// In the file a value is text, or a whole number where that reads more naturally.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

macro_rules! from_file {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Text)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

from_file!(Listen, Bytes, Share, Length, Age, LogFormat, WebhookForm);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused<T: FromStr<Err = String> + fmt::Debug>(text: &str) {
        let message = text.parse::<T>().expect_err("should be refused");
        assert!(message.contains(text), "{message}");
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        assert_eq!("127.0.0.1:0".parse(), Ok(Listen::at("127.0.0.1", 0)));
        assert_eq!("[::1]:4318".parse(), Ok(Listen::at("::1", 4318)));
        assert_eq!("localhost:80".parse(), Ok(Listen::at("localhost", 80)));
        assert_eq!("off".parse(), Ok(Listen::Off));
        for text in ["4318", ":4318", "127.0.0.1", "::1:4318", "a:b", "127.0.0.1:70000", "http://x:1", "[::1", ""] {
            refused::<Listen>(text);
        }
    }

    #[test]
    fn an_address_reads_back_from_its_text() {
        for text in ["127.0.0.1:0", "[::1]:4318", "off"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn loopback_is_loopback_in_either_family() {
        for text in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(text.parse().unwrap()), "{text}");
        }
        for text in ["0.0.0.0", "::", "192.168.0.1", "::ffff:10.0.0.1"] {
            assert!(!is_loopback(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!("64MiB".parse(), Ok(Bytes(64 << 20)));
        assert_eq!("2 GB".parse(), Ok(Bytes(2_000_000_000)));
        assert_eq!("17".parse(), Ok(Bytes(17)));
        for text in ["", "MiB", "1.5GiB", "-1", "9999999999TiB", "1 parsec"] {
            refused::<Bytes>(text);
        }
    }

    #[test]
    fn a_share_is_a_percentage_or_a_size() {
        assert_eq!("80%".parse(), Ok(Share::Percent(80)));
        assert_eq!("50GiB".parse(), Ok(Share::Bytes(50 << 30)));
        assert_eq!(Share::Percent(80).of(1_000), 800);
        assert_eq!(Share::Percent(100).of(u64::MAX), u64::MAX);
        for text in ["0%", "101%", "%", "most"] {
            refused::<Share>(text);
        }
    }

    #[test]
    fn lengths_have_units() {
        assert_eq!("7d".parse(), Ok(Length(7 * 86_400 * 1_000_000_000)));
        assert_eq!("90s".parse(), Ok(Length(90_000_000_000)));
        for text in ["7", "d", "7 years", "99999999999w"] {
            refused::<Length>(text);
        }
        assert_eq!(("off".parse(), "10s".parse()), (Ok(Age(None)), Ok(Age(Some(10_000_000_000)))));
        refused::<Age>("on");
    }
}
