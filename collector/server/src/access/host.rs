//! Which names a listener on loopback answers to.
//!
//! A page anywhere on the web can make a browser resolve its own name to 127.0.0.1 and then talk to us as if it were us
//! (DNS rebinding); its requests still carry that name in `Host`.

/// Names this machine is called by on loopback, besides those the operator allows.
const OWN: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names allowed in `Host`, lower case, without port.
#[derive(Clone, Debug)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// `bound` is the host of the listening address as it was given; an IPv6 address without its brackets.
    pub fn new(bound: &str, allowed: &[String]) -> Self {
        let bound = if bound.contains(':') { format!("[{bound}]") } else { bound.to_owned() };
        let own = OWN.iter().map(|name| (*name).to_owned());
        Self(own.chain([bound]).chain(allowed.iter().cloned()).map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether `host` (a `Host` header or `:authority`, with or without port) is one of ours.
    pub fn allow(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        self.0.iter().any(|known| known == name)
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// Without the port: `[::1]:4319` is `[::1]`.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_pass_with_any_port_and_case() {
        let hosts = Hosts::new("127.0.0.2", &["Traces.example.org".to_owned()]);
        for host in
            ["localhost", "localhost:4319", "LOCALHOST:1", "127.0.0.1:4319", "[::1]:4319", "[::1]", "127.0.0.2:80"]
        {
            assert!(hosts.allow(host), "{host}");
        }
        assert!(hosts.allow("traces.example.org:4319") && hosts.allow("localhost."));
    }

    #[test]
    fn foreign_names_do_not() {
        let hosts = Hosts::new("localhost", &[]);
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:4319",
            "::1",
            "[::1",
            "localhost@evil.example",
            "0.0.0.0",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }
}
