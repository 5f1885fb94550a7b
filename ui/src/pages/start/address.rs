//! Where spans are sent: the host the page was asked on, with the ports of the receiver.

use crate::shell::Shell;

/// The addresses of this program as its reader reaches them.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// A name or address, IPv6 in brackets; nothing that a shell or a config file could take for more.
    pub host: String,
    pub http: Option<u16>,
    pub grpc: Option<u16>,
}

impl Address {
    pub fn of(shell: &Shell) -> Self {
        Self { host: host(&shell.host), http: shell.otlp_http_port, grpc: shell.otlp_grpc_port }
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`, and of `OTEL_EXPORTER_OTLP_PROTOCOL`: HTTP where it is open.
    pub fn endpoint(&self) -> Option<(String, &'static str)> {
        match (self.http, self.grpc) {
            (Some(port), _) => Some((format!("http://{}:{port}", self.host), "http/protobuf")),
            (None, Some(port)) => Some((format!("http://{}:{port}", self.host), "grpc")),
            (None, None) => None,
        }
    }

    /// Name, address and what is spoken there.
    pub fn listed(&self) -> Vec<(&'static str, String, &'static str)> {
        let http = self.http.map(|port| {
            ("OTLP over HTTP", format!("http://{}:{port}", self.host), "protobuf or JSON; gzip, zstd or deflate")
        });
        let grpc =
            self.grpc.map(|port| ("OTLP over gRPC", format!("http://{}:{port}", self.host), "plaintext; gzip or zstd"));
        http.into_iter().chain(grpc).collect()
    }

    /// Only reachable from this machine: functions and tasks in the cloud cannot send here.
    pub fn is_local(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.starts_with("127.")
            || self.host == "[::1]"
    }
}

/// The host of a `Host` header without its port. Snippets go into shells, so anything unusual becomes `localhost`.
fn host(sent: &str) -> String {
    let name = match sent.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(inside, _)| (inside, true)),
        None => Some((sent.split(':').next().unwrap_or(sent), false)),
    };
    match name {
        Some((inside, true))
            if !inside.is_empty() && inside.chars().all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.') =>
        {
            format!("[{inside}]")
        }
        Some((name, false))
            if (1..=253).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
                && name.starts_with(|c: char| c.is_ascii_alphanumeric()) =>
        {
            name.to_owned()
        }
        _ => "localhost".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_and_its_teeth() {
        for (sent, expected) in [
            ("localhost:8080", "localhost"),
            ("trace.example.com", "trace.example.com"),
            ("10.0.0.7:80", "10.0.0.7"),
            ("[::1]:8080", "[::1]"),
            ("", "localhost"),
            ("a$(reboot)", "localhost"),
            ("-rf", "localhost"),
            ("[x]:1", "localhost"),
            ("a'b", "localhost"),
        ] {
            assert_eq!(host(sent), expected, "{sent}");
        }
    }

    #[test]
    fn http_is_preferred_and_grpc_stands_in() {
        let address = |http, grpc| Address { host: "h".into(), http, grpc };
        assert_eq!(address(Some(4318), Some(4317)).endpoint(), Some(("http://h:4318".into(), "http/protobuf")));
        assert_eq!(address(None, Some(4317)).endpoint(), Some(("http://h:4317".into(), "grpc")));
        assert_eq!(address(None, None).endpoint(), None);
    }
}
