//! `coldlight.toml`: the same names as the flags, without the dashes in front.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::value::{Age, Bytes, Length, Listen, LogFormat, Share, WebhookForm};
use crate::failure::Failure;

/// What the file may say; everything may be left out, and a name that is not here is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    pub data: Option<PathBuf>,
    pub otlp_grpc: Option<Listen>,
    pub otlp_http: Option<Listen>,
    pub http: Option<Listen>,
    pub retain: Option<Length>,
    pub retain_size: Option<Share>,
    pub max_body: Option<Bytes>,
    pub memory_limit: Option<Share>,
    pub query_timeout: Option<Length>,
    pub journal_limit: Option<Bytes>,
    pub disk_reserve: Option<Bytes>,
    pub sql_child: Option<Age>,
    pub api_key_file: Option<PathBuf>,
    pub insecure_no_auth: Option<bool>,
    pub allowed_host: Option<Vec<String>>,
    pub cors_origin: Option<Vec<String>>,
    pub alert_webhook: Option<String>,
    pub alert_webhook_form: Option<WebhookForm>,
    pub alert_webhook_private: Option<bool>,
    pub log_format: Option<LogFormat>,
    pub log: Option<String>,
}

/// Looked for in the working directory when no other is named.
pub const DEFAULT: &str = "coldlight.toml";

/// No settings file is this long; one that is was named by mistake.
const MAX_BYTES: u64 = 1 << 20;

impl File {
    /// The named file, which must exist; else `coldlight.toml` if there is one; else nothing.
    pub fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(DEFAULT));
        let cannot = |error: std::io::Error| {
            Failure::WrongUse(format!("cannot read the settings file {}: {error}", path.display()))
        };
        let length = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(cannot(error)),
        };
        if length > MAX_BYTES {
            return Err(Failure::WrongUse(format!("{} is too long for a settings file", path.display())));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(cannot)?)
            .map_err(|reason| Failure::WrongUse(format!("in {}: {reason}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_or_numbers_as_reads_best() {
        let file =
            File::parse("http = \"off\"\nmax-body = 1024\nretain = \"3d\"\nallowed-host = [\"a.example\"]").unwrap();
        assert_eq!(file.http, Some(Listen::Off));
        assert_eq!(file.max_body, Some(Bytes(1024)));
        assert_eq!(file.allowed_host, Some(vec!["a.example".to_owned()]));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let reason = File::parse("htp = \"off\"").unwrap_err();
        assert!(reason.contains("htp") && reason.contains("otlp-grpc"), "{reason}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_is_allowed() {
        let reason = File::parse("retain = \"a week\"").unwrap_err();
        assert!(reason.contains("a week") && reason.contains("7d"), "{reason}");
    }

    #[test]
    fn a_named_file_must_exist() {
        assert!(matches!(File::read(Some(Path::new("/nowhere/x.toml"))), Err(Failure::WrongUse(_))));
    }
}
