//! The command line of `coldlight local`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::function::LogFormat;
use crate::sources::schedule::{self, When};

const EXAMPLES: &str = "\
Examples:
  coldlight local --handler 'cargo run --release' --event api-gateway.json
  coldlight local --handler 'python3 -m awslambdaric app.handler' --http 3000 --extension coldlight
  coldlight local --handler ./bootstrap --queue messages.jsonl --batch-size 10 --max-receives 3
  coldlight local --template template.yaml --http 3000 --concurrency 5
  coldlight local --template template.yaml --function Worker --every 5s
  coldlight local explain event.json

Answers go to standard output, what the functions and the platform log to standard error.
Exit codes: 0 all went well, 1 a function failed, 2 wrong use.";

/// Runs Lambda functions on this machine
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct LocalArgs {
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The command that runs the function; `cargo run …` is built first
    #[arg(long, value_name = "COMMAND")]
    pub handler: Option<String>,
    /// A SAM template with functions and what invokes them
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Which function of the template --handler, --event, --queue and --every mean, when it has several
    #[arg(long, value_name = "NAME", requires = "template")]
    pub function: Option<String>,
    /// The function's name [default: function]
    #[arg(long, value_name = "NAME", conflicts_with = "template")]
    pub name: Option<String>,
    /// Where the command runs [default: here]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Memory, 128 to 10240 MB [default: 128]
    #[arg(long, value_name = "MB")]
    pub memory: Option<u32>,
    /// The longest an invocation may take, up to 900s [default: 3s]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub timeout: Option<Duration>,
    /// A variable for the function, NAME=VALUE; may be repeated
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
    /// An external extension: a file, or `coldlight` for our own; may be repeated
    #[arg(long = "extension", value_name = "FILE")]
    pub extensions: Vec<PathBuf>,
    /// Where the extension sends to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4318")]
    pub collector: String,

    /// Invoke with this event, a JSON file or `-` for standard input, and print the answer; may be repeated
    #[arg(long = "event", value_name = "FILE", help_heading = "What invokes")]
    pub events: Vec<PathBuf>,
    /// How often each event is sent
    #[arg(long, value_name = "COUNT", default_value_t = 1, help_heading = "What invokes")]
    pub times: u32,
    /// Send events as asynchronous ones: failures are tried twice again, after one and two minutes
    #[arg(long, help_heading = "What invokes")]
    pub asynchronous: bool,
    /// Send the lines of this file through a queue like SQS, in batches, until it is empty; named NAME.fifo.jsonl it keeps the order
    /// within each MessageGroupId
    #[arg(long, value_name = "FILE", help_heading = "What invokes")]
    pub queue: Option<PathBuf>,
    /// The most messages of a batch
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "What invokes")]
    pub batch_size: u32,
    /// How long a batch may wait to fill
    #[arg(long, value_name = "LENGTH", value_parser = length, default_value = "0s", help_heading = "What invokes")]
    pub batch_window: Duration,
    /// How long a message stays hidden after its batch failed
    #[arg(long, value_name = "LENGTH", value_parser = length, default_value = "1s", help_heading = "What invokes")]
    pub visibility: Duration,
    /// Received so often without success, a message becomes a dead letter
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..), help_heading = "What invokes")]
    pub max_receives: u32,
    /// Invoke with EventBridge's scheduled event: 30s, 5m, 'rate(1 hour)', 'cron(0 12 * * ? *)', 'at(2026-03-01T12:00:00)', in UTC
    #[arg(long, value_name = "SCHEDULE", value_parser = schedule, help_heading = "What invokes")]
    pub every: Option<When>,
    /// Serve the function's URL, or the template's routes, and the Invoke API, on this port of 127.0.0.1 or at ADDR:PORT
    #[arg(long, value_name = "PORT", value_parser = address, help_heading = "What invokes")]
    pub http: Option<SocketAddr>,

    /// The most environments at once [default: 10]
    #[arg(long, value_name = "COUNT", help_heading = "How it runs")]
    pub concurrency: Option<usize>,
    /// Environments that are started before the first invocation
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "How it runs")]
    pub provisioned: usize,
    /// An environment that served nothing for so long is retired
    #[arg(long, value_name = "LENGTH", value_parser = length, default_value = "5m", help_heading = "How it runs")]
    pub idle: Duration,
    /// How the platform's lines look [default: text]
    #[arg(long, value_name = "FORMAT", help_heading = "How it runs")]
    pub log_format: Option<LogFormat>,
    /// The region the function believes to be in
    #[arg(long, value_name = "REGION", default_value = "us-east-1", help_heading = "How it runs")]
    pub region: String,
    /// The account it believes to belong to
    #[arg(long, value_name = "DIGITS", default_value = "123456789012", help_heading = "How it runs")]
    pub account: String,
}

/// What is done instead of running functions.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Print what an event tells about its sender: source, way, faas_trigger, records, node, parent, links
    Explain {
        /// A JSON file, or `-` for standard input
        #[arg(value_name = "EVENT.json")]
        event: PathBuf,
    },
}

fn schedule(text: &str) -> Result<When, String> {
    When::parse(text, &jiff::tz::TimeZone::UTC).map_err(|why| why.to_string())
}

fn rate(text: &str) -> Result<Duration, String> {
    schedule::rate(text).map_err(|why| why.to_string())
}

/// `0s` too, which is no rate.
fn length(text: &str) -> Result<Duration, String> {
    if text == "0s" || text == "0" {
        Ok(Duration::ZERO)
    } else {
        rate(text).map_err(|why| why.replace("a rate", "a length of time"))
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("“{text}” is not NAME=VALUE")),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| format!("“{text}” is not a port such as 3000, or ADDR:PORT such as 127.0.0.1:3000");
    match text.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        Err(_) => text.parse().map_err(wrong),
    }
}
