//! What the program was told: flags before environment before file before defaults.

mod command;
mod file;
mod value;

use std::path::PathBuf;

use coldlight_model::Nanos;

pub use command::{CheckArgs, Command, CommandLine, DemoArgs, Logs, Place, ServeArgs, SqlArgs, with_default_command};
pub use file::File;
pub use value::{Listen, LogFormat, Share, WebhookForm, is_loopback};

use crate::failure::Failure;

/// OTLP's own ports, and the one beside them for people.
pub const OTLP_GRPC_PORT: u16 = 4317;
pub const OTLP_HTTP_PORT: u16 = 4318;
pub const HTTP_PORT: u16 = 4319;

const DAY: Nanos = 86_400_000_000_000;

/// Everything `serve` needs to know, decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub data: PathBuf,
    pub otlp_grpc: Listen,
    pub otlp_http: Listen,
    pub http: Listen,
    /// When a listener's port is taken, take any other: for the demo, which must not fail beside a real server.
    pub any_free_port: bool,
    pub retain: Nanos,
    pub retain_size: Share,
    pub max_body: u64,
    pub memory_limit: Share,
    /// How long a page or a question in SQL may take.
    pub query_timeout: Nanos,
    pub journal_limit: Option<u64>,
    pub disk_reserve: Option<u64>,
    /// How old the copy may be that SQL is asked of apart; `None`: it is asked in the server.
    pub sql_child: Option<Nanos>,
    pub access: AccessSettings,
    pub cors_origins: Vec<String>,
    pub webhook: Option<WebhookSettings>,
    pub log: LogSettings,
}

/// Where alerts are told. Its address is a secret: whoever has it may write there.
#[derive(Clone, PartialEq)]
pub struct WebhookSettings {
    pub url: String,
    /// `None`: by the host's name.
    pub form: Option<WebhookForm>,
    pub allow_private: bool,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings").field("form", &self.form).finish_non_exhaustive()
    }
}

/// Who may.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessSettings {
    pub api_key_file: Option<PathBuf>,
    pub insecure_no_auth: bool,
    pub allowed_hosts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    pub format: LogFormat,
    pub filter: String,
}

impl LogSettings {
    pub fn decide(flags: Logs, file: &File) -> Self {
        Self {
            format: flags.log_format.or(file.log_format).unwrap_or_default(),
            filter: flags.log.or(file.log.clone()).unwrap_or_else(|| "info".to_owned()),
        }
    }
}

/// Where the data is, by flag, environment or file.
pub fn data_directory(place: &Place) -> Result<PathBuf, Failure> {
    let file = File::read(place.config.as_deref())?;
    Ok(place.data.clone().or(file.data).unwrap_or_else(default_data))
}

fn default_data() -> PathBuf {
    PathBuf::from("coldlight-data")
}

impl Settings {
    /// Lays the flags (which hold the environment already) over `file`.
    pub fn decide(flags: ServeArgs, file: File) -> Result<Self, Failure> {
        let log = LogSettings::decide(flags.logs, &file);
        let loopback = |port| Listen::at("127.0.0.1", port);
        let settings = Self {
            data: flags.place.data.or(file.data).unwrap_or_else(default_data),
            otlp_grpc: flags.listeners.otlp_grpc.or(file.otlp_grpc).unwrap_or_else(|| loopback(OTLP_GRPC_PORT)),
            otlp_http: flags.listeners.otlp_http.or(file.otlp_http).unwrap_or_else(|| loopback(OTLP_HTTP_PORT)),
            http: flags.listeners.http.or(file.http).unwrap_or_else(|| loopback(HTTP_PORT)),
            any_free_port: false,
            retain: flags.retain.or(file.retain).map_or(7 * DAY, |length| length.0),
            retain_size: flags.retain_size.or(file.retain_size).unwrap_or(Share::Percent(80)),
            max_body: flags.max_body.or(file.max_body).map_or(64 << 20, |bytes| bytes.0),
            memory_limit: flags.memory_limit.or(file.memory_limit).unwrap_or(Share::Percent(50)),
            query_timeout: flags.query_timeout.or(file.query_timeout).map_or(30_000_000_000, |length| length.0),
            journal_limit: flags.journal_limit.or(file.journal_limit).map(|bytes| bytes.0),
            disk_reserve: flags.disk_reserve.or(file.disk_reserve).map(|bytes| bytes.0),
            sql_child: flags.sql_child.or(file.sql_child).and_then(|age| age.0),
            access: AccessSettings {
                api_key_file: flags.api_key_file.or(file.api_key_file),
                insecure_no_auth: flags.insecure_no_auth.or(file.insecure_no_auth).unwrap_or(false),
                allowed_hosts: flags.allowed_host.or(file.allowed_host).unwrap_or_default(),
            },
            cors_origins: flags.cors_origin.or(file.cors_origin).unwrap_or_default(),
            webhook: flags.webhook.alert_webhook.or(file.alert_webhook).map(|url| WebhookSettings {
                url,
                form: flags.webhook.alert_webhook_form.or(file.alert_webhook_form),
                allow_private: flags.webhook.alert_webhook_private.or(file.alert_webhook_private).unwrap_or(false),
            }),
            log,
        };
        settings.verify()?;
        Ok(settings)
    }

    /// Refuses what cannot be meant, naming the setting and what it may be.
    fn verify(&self) -> Result<(), Failure> {
        let wrong = |what: &str| Err(Failure::WrongUse(what.to_owned()));
        if [&self.otlp_grpc, &self.otlp_http, &self.http].iter().all(|listen| **listen == Listen::Off) {
            return wrong("every listener is off; leave one of --otlp-grpc, --otlp-http and --http on");
        }
        if self.access.insecure_no_auth && self.access.api_key_file.is_some() {
            return wrong("--insecure-no-auth and --api-key-file contradict each other; give one of them");
        }
        // A gRPC message's length is 32 bits, and less than 1 KiB holds no span.
        if !(1 << 10..=1 << 31).contains(&self.max_body) {
            return wrong("--max-body is between 1KiB and 2GiB");
        }
        if self.retain < 60_000_000_000 {
            return wrong("--retain is at least 1m");
        }
        if matches!(self.memory_limit, Share::Bytes(bytes) if bytes < 256 << 20) {
            return wrong("--memory-limit is at least 256MiB, or a share of the machine's memory such as 50%");
        }
        if !(1_000_000_000..=600_000_000_000).contains(&self.query_timeout) {
            return wrong("--query-timeout is from 1s to 10m");
        }
        if matches!(self.journal_limit, Some(bytes) if bytes < 64 << 20) {
            return wrong("--journal-limit is at least 64MiB");
        }
        // With less, the journal takes what the database needs to take over what is in it, and neither goes on.
        if matches!(self.disk_reserve, Some(bytes) if bytes < 16 << 20) {
            return wrong("--disk-reserve is at least 16MiB: the database makes room with it");
        }
        if self.access.allowed_hosts.iter().any(|host| host.is_empty() || host.contains(['/', ' ', '*'])) {
            return wrong("--allowed-host is a host name such as traces.example.org, without scheme, path or *");
        }
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return wrong(&format!("--cors-origin “{origin}” is not an origin such as https://app.example.org"));
        }
        Ok(())
    }
}

/// A misspelt variable would be left out in silence; this says so.
pub fn warn_of_unknown_variables() {
    let known = command::variables();
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("COLDLIGHT_")) else { continue };
        if !known.iter().any(|one| one == name) {
            tracing::warn!(
                variable = name,
                known = known.join(" "),
                "this variable in the environment means nothing here"
            );
        }
    }
}

/// `scheme://host[:port]` without a path: as browsers write it in the Origin header.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some()
        && !text.ends_with('/')
        && uri.path() == "/"
}

#[cfg(test)]
mod tests {
    use super::value::Length;
    use super::*;

    fn decide(flags: ServeArgs, file: &str) -> Result<Settings, Failure> {
        Settings::decide(flags, toml::from_str(file).unwrap())
    }

    #[test]
    fn nothing_said_means_loopback_and_a_week() {
        let settings = decide(ServeArgs::default(), "").unwrap();
        assert_eq!(settings.otlp_grpc.to_string(), "127.0.0.1:4317");
        assert_eq!(settings.otlp_http.to_string(), "127.0.0.1:4318");
        assert_eq!(settings.http.to_string(), "127.0.0.1:4319");
        assert_eq!(settings.retain, 7 * DAY);
        assert_eq!(settings.retain_size, Share::Percent(80));
        assert_eq!(settings.data, PathBuf::from("coldlight-data"));
        assert!(!settings.access.insecure_no_auth);
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let flags = ServeArgs { retain: Some(Length(2 * DAY)), ..ServeArgs::default() };
        let settings = decide(flags, "retain = \"3d\"\nhttp = \"127.0.0.1:9\"").unwrap();
        assert_eq!(settings.retain, 2 * DAY);
        assert_eq!(settings.http.to_string(), "127.0.0.1:9");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for file in [
            "otlp-grpc = \"off\"\notlp-http = \"off\"\nhttp = \"off\"",
            "insecure-no-auth = true\napi-key-file = \"keys\"",
            "max-body = 10",
            "retain = \"1s\"",
            "query-timeout = \"11m\"",
            "disk-reserve = \"15MiB\"",
            "allowed-host = [\"*\"]",
            "cors-origin = [\"app.example.org\"]",
            "cors-origin = [\"https://app.example.org/\"]",
        ] {
            assert!(matches!(decide(ServeArgs::default(), file), Err(Failure::WrongUse(_))), "{file}");
        }
    }
}
