//! `server.json` in the data directory: where the process that holds the data listens. Addresses only, no secrets.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use coldlight_model::Listening;
use serde::{Deserialize, Serialize};

const NAME: &str = "server.json";

/// What the file says. A listener that is off is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Addresses {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub otlp_grpc: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub otlp_http: Option<SocketAddr>,
}

impl Addresses {
    pub fn of(listening: &[Listening]) -> Self {
        let at = |name| listening.iter().find(|one| one.name == name).map(|one| one.address);
        Self { http: at("http"), otlp_grpc: at("otlp-grpc"), otlp_http: at("otlp-http") }
    }

    /// What the server that holds `data` left behind. A stale file is possible: then nobody answers.
    pub fn read(data: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(data.join(NAME)).ok()?).ok()
    }
}

/// An address that a listener on all interfaces can be reached at from this machine.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        ip if ip.is_ipv4() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        _ => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
    }
}

/// The file while the server runs; removed when dropped.
pub struct Notice(PathBuf);

impl Notice {
    /// Replaces what an earlier process left.
    pub fn put_up(data: &Path, addresses: &Addresses) -> std::io::Result<Self> {
        let path = data.join(NAME);
        let new = data.join(format!("{NAME}.new"));
        std::fs::write(&new, serde_json::to_string_pretty(addresses)?)?;
        std::fs::rename(&new, &path)?;
        Ok(Self(path))
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        // Whoever finds a file that is left finds nobody at its address.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_tells_addresses_until_it_is_taken_down() {
        let data = tempfile::tempdir().unwrap();
        let addresses = Addresses { http: Some("127.0.0.1:4319".parse().unwrap()), ..Addresses::default() };
        let notice = Notice::put_up(data.path(), &addresses).unwrap();
        assert_eq!(Addresses::read(data.path()), Some(addresses));
        drop(notice);
        assert_eq!(Addresses::read(data.path()), None);
    }

    #[test]
    fn all_interfaces_are_reached_through_loopback() {
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()).to_string(), "127.0.0.1:1");
        assert_eq!(reachable("[::]:1".parse().unwrap()).to_string(), "[::1]:1");
        assert_eq!(reachable("10.0.0.1:1".parse().unwrap()).to_string(), "10.0.0.1:1");
    }
}
