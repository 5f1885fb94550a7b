//! The command line. Every setting is also read from the environment; the file comes last (see [`super::Settings`]).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand};
use coldlight_local::cli::LocalArgs;

use super::value::{Age, Bytes, Length, Listen, LogFormat, Share, WebhookForm};
use crate::answer::Form;
use crate::prices::PricesArgs;

const EXAMPLES: &str = "\
Examples:
  coldlight                                        listen on loopback, keep data in ./coldlight-data
  coldlight demo                                   see it at work: functions, containers, a queue
  coldlight serve --data /var/lib/coldlight --retain 14d
  coldlight serve --otlp-grpc 0.0.0.0:4317 --api-key-file /etc/coldlight/keys
  coldlight sql \"SELECT service, count(*) FROM spans GROUP BY ALL\"
  coldlight prices quote --region eu-west-1 --memory-mb 512 --billed-ms 312
  coldlight check --data /var/lib/coldlight
  coldlight local --handler ./bootstrap --event event.json

Settings come from flags, then COLDLIGHT_* in the environment, then coldlight.toml (same names as the flags).
Exit codes: 0 done, 1 failed, 2 wrong use, 3 the data is in use by another process.";

/// Shows what serverless functions and containers did, and why some of it was slow.
#[derive(Debug, Parser)]
#[command(name = "coldlight", version, after_help = EXAMPLES, subcommand_required = true, max_term_width = 100)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Receive spans, keep them, show them (what `coldlight` alone does)
    Serve(Box<ServeArgs>),
    /// Run the examples, and traffic recorded from other languages, on a temporary store that is gone afterwards
    Demo(Box<DemoArgs>),
    /// Ask a question in SQL, of a stopped store or of the server that holds it
    Sql(Box<SqlArgs>),
    /// Show, quote, import and set prices
    Prices(Box<PricesArgs>),
    /// Verify that the journal and the database of a stopped store are whole
    Check(CheckArgs),
    /// Run Lambda functions on this machine, with real freezing, limits and REPORT lines
    Local(Box<LocalArgs>),
    /// Answer one question of a server that was told --sql-child
    #[command(hide = true)]
    SqlChild,
    /// Be one of the examples that the demo runs
    #[command(hide = true)]
    Example {
        /// Its name, and the role it plays if it has several
        #[arg(required = true)]
        words: Vec<String>,
    },
}

const SERVE_EXAMPLES: &str = "\
Examples:
  coldlight serve
  coldlight serve --http 127.0.0.1:0 --otlp-grpc off
  coldlight serve --otlp-http 0.0.0.0:4318 --api-key-file keys.txt

The key file has one key a line: NAME SCOPES SECRET. SCOPES are words of write, read, sql, admin joined by commas; admin
includes the others. A fourth word rate=N takes at most N OTLP requests a second of that key, after a burst of two seconds' worth. A secret has at least 16 characters. Lines that begin with # are comments. With a key file
every listener asks for a key, those on loopback too.
  lambda-exporter   write      6f1c8a0e5b2d4c7f9a3e
  grafana           read,sql   0b7e2f9d1c6a4e8b5d3f";

#[derive(Clone, Debug, Default, Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub struct ServeArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub listeners: Listeners,
    /// How long spans are kept [default: 7d]
    #[arg(long, env = "COLDLIGHT_RETAIN", value_name = "LENGTH")]
    pub retain: Option<Length>,
    /// How much of the disk they may fill, oldest days go first [default: 80%]
    #[arg(long, env = "COLDLIGHT_RETAIN_SIZE", value_name = "SHARE|SIZE")]
    pub retain_size: Option<Share>,
    /// The longest request body, after decompression [default: 64MiB]
    #[arg(long, env = "COLDLIGHT_MAX_BODY", value_name = "SIZE")]
    pub max_body: Option<Bytes>,
    /// Memory for queries and for requests in flight, of what the machine or the container has [default: 50%]
    #[arg(long, env = "COLDLIGHT_MEMORY_LIMIT", value_name = "SHARE|SIZE")]
    pub memory_limit: Option<Share>,
    /// How long a page or a question in SQL may take before it is stopped, such as 10s [default: 30s]
    #[arg(long, env = "COLDLIGHT_QUERY_TIMEOUT", value_name = "LENGTH")]
    pub query_timeout: Option<Length>,
    /// How large the journal may grow before senders are told to wait [default: 1GiB]
    #[arg(long, env = "COLDLIGHT_JOURNAL_LIMIT", value_name = "SIZE")]
    pub journal_limit: Option<Bytes>,
    /// Free disk space below which nothing is taken [default: the larger of 1GiB and 5% of the disk]
    #[arg(long, env = "COLDLIGHT_DISK_RESERVE", value_name = "SIZE")]
    pub disk_reserve: Option<Bytes>,
    /// Ask SQL in processes of its own, of a copy of the data at most this old, such as 10s; `off` asks in the server [default: off]
    #[arg(long, env = "COLDLIGHT_SQL_CHILD", value_name = "AGE")]
    pub sql_child: Option<Age>,
    /// Keys that may write, read, ask SQL; needed to listen beyond loopback
    #[arg(long, env = "COLDLIGHT_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Let anyone who reaches a listener do everything
    #[arg(long, env = "COLDLIGHT_INSECURE_NO_AUTH", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "true|false")]
    pub insecure_no_auth: Option<bool>,
    /// Another name this machine is called by, accepted in the Host header on loopback; may be repeated
    #[arg(long, env = "COLDLIGHT_ALLOWED_HOST", value_delimiter = ',', value_name = "HOST")]
    pub allowed_host: Option<Vec<String>>,
    /// A web page's origin that may send spans from browsers; may be repeated
    #[arg(long, env = "COLDLIGHT_CORS_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub cors_origin: Option<Vec<String>>,
    #[command(flatten)]
    pub webhook: WebhookArgs,
    #[command(flatten)]
    pub logs: Logs,
}

/// Where alerts are told.
#[derive(Clone, Default, Args)]
pub struct WebhookArgs {
    /// Where alerts are told: an address that takes a POST; it is a secret, so better in the environment or the file
    #[arg(long, env = "COLDLIGHT_ALERT_WEBHOOK", hide_env_values = true, value_name = "URL")]
    pub alert_webhook: Option<String>,
    /// How they are told: json, or slack, which is what hooks.slack.com gets
    #[arg(long, env = "COLDLIGHT_ALERT_WEBHOOK_FORM", value_name = "FORM")]
    pub alert_webhook_form: Option<WebhookForm>,
    /// Let the webhook lead to this machine or to a private network
    #[arg(long, env = "COLDLIGHT_ALERT_WEBHOOK_PRIVATE", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "true|false")]
    pub alert_webhook_private: Option<bool>,
}

impl std::fmt::Debug for WebhookArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookArgs").field("form", &self.alert_webhook_form).finish_non_exhaustive()
    }
}

/// Where the data is, and the settings file that may say so.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// The settings file [default: coldlight.toml, if there]
    #[arg(long, env = "COLDLIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The directory that holds everything [default: ./coldlight-data]
    #[arg(long, env = "COLDLIGHT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Listeners {
    /// OTLP over gRPC; `off` turns it off, port 0 picks one [default: 127.0.0.1:4317]
    #[arg(long, env = "COLDLIGHT_OTLP_GRPC", value_name = "ADDR:PORT")]
    pub otlp_grpc: Option<Listen>,
    /// OTLP over HTTP, protobuf and JSON [default: 127.0.0.1:4318]
    #[arg(long, env = "COLDLIGHT_OTLP_HTTP", value_name = "ADDR:PORT")]
    pub otlp_http: Option<Listen>,
    /// Pages, API and metrics [default: 127.0.0.1:4319]
    #[arg(long, env = "COLDLIGHT_HTTP", value_name = "ADDR:PORT")]
    pub http: Option<Listen>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Logs {
    /// How log lines on standard error look: text or json [default: text]
    #[arg(long, env = "COLDLIGHT_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged, such as warn or info,coldlight=debug [default: info]
    #[arg(long, env = "COLDLIGHT_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

const DEMO_EXAMPLES: &str = "\
Examples:
  coldlight demo
  coldlight demo --once                 the recorded requests, and no further traffic
  coldlight demo --http 127.0.0.1:0";

#[derive(Clone, Debug, Default, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct DemoArgs {
    #[command(flatten)]
    pub listeners: Listeners,
    /// Send the recorded requests once, then nothing more
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub logs: Logs,
}

const SQL_EXAMPLES: &str = "\
Examples:
  coldlight sql \"SELECT name, count(*) AS n FROM spans GROUP BY name ORDER BY n DESC\"
  coldlight sql --format csv \"FROM traces LIMIT 100\" > traces.csv
  coldlight sql --url http://127.0.0.1:4319 --format json \"SELECT max(started_at) FROM spans\"
  echo \"FROM resources\" | coldlight sql -
  coldlight sql --describe invocations
  coldlight sql --example cost-by-service
  coldlight sql --parameter service=checkout \"FROM spans WHERE service = $service\" --format parquet --output spans.parquet";

#[derive(Clone, Debug, Args)]
#[command(after_help = SQL_EXAMPLES)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct SqlArgs {
    /// The question; `-` reads it from standard input
    #[arg(group = "what")]
    pub question: Option<String>,
    /// Say what can be asked about, or which columns one VIEW has
    #[arg(long, group = "what", value_name = "VIEW", num_args = 0..=1)]
    pub describe: Option<Option<String>>,
    /// List questions to start from
    #[arg(long, group = "what")]
    pub examples: bool,
    /// Ask one of them
    #[arg(long, group = "what", value_name = "NAME")]
    pub example: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Ask the server at this address, whatever --data says
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The key to ask a server with, if it wants one
    #[arg(long, env = "COLDLIGHT_API_KEY", hide_env_values = true, value_name = "SECRET")]
    pub api_key: Option<String>,
    /// A value of $NAME in the question: a number, true, false, null, or else a text
    #[arg(long = "parameter", short = 'p', value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Form::Table)]
    pub format: Form,
    /// Where the answer is written; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The most rows to answer
    #[arg(long, default_value_t = crate::answer::DEFAULT_ROWS, value_parser = clap::value_parser!(u32).range(1..=crate::answer::MAX_ROWS as i64))]
    pub max_rows: u32,
}

#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub place: Place,
}

/// Every variable of the environment that any command reads.
pub fn variables() -> Vec<String> {
    let line = CommandLine::command();
    let mut names: Vec<String> = line
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// `coldlight --flags` means `coldlight serve --flags`.
pub fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let about_itself = ["-h", "--help", "-V", "--version"];
    let serve = match arguments.get(1).map(|first| first.to_string_lossy()) {
        None => true,
        Some(first) => first.starts_with('-') && !about_itself.contains(&&*first),
    };
    if serve {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<Command, clap::Error> {
        let words = std::iter::once("coldlight").chain(line.iter().copied()).map(OsString::from).collect();
        CommandLine::try_parse_from(with_default_command(words)).map(|line| line.command)
    }

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn coldlight_alone_serves() {
        assert!(matches!(parse(&[]), Ok(Command::Serve(_))));
        assert!(
            matches!(parse(&["--http", "off"]), Ok(Command::Serve(args)) if args.listeners.http == Some(Listen::Off))
        );
        assert_eq!(parse(&["--help"]).unwrap_err().kind(), clap::error::ErrorKind::DisplayHelp);
    }

    #[test]
    fn wrong_values_name_the_flag_and_what_is_allowed() {
        let message = parse(&["--http", "4319"]).unwrap_err().to_string();
        assert!(message.contains("--http") && message.contains("ADDR:PORT"), "{message}");
        let message = parse(&["sql", "x", "--format", "xml"]).unwrap_err().to_string();
        assert!(message.contains("--format") && message.contains("csv"), "{message}");
    }

    #[test]
    fn every_setting_of_a_server_has_its_variable() {
        let variables = variables();
        for name in
            ["COLDLIGHT_DATA", "COLDLIGHT_HTTP", "COLDLIGHT_RETAIN_SIZE", "COLDLIGHT_API_KEY_FILE", "COLDLIGHT_LOG"]
        {
            assert!(variables.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn hosts_may_be_repeated_or_joined_by_commas() {
        let Ok(Command::Serve(args)) = parse(&["--allowed-host", "a,b", "--allowed-host", "c"]) else { panic!() };
        assert_eq!(args.allowed_host.unwrap(), ["a", "b", "c"]);
    }
}
