//! The words of `coldlight prices`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use coldlight_model::money::{Architecture, Date, Usd, WHOLE_PPM, parse_decimal};

use crate::answer::Format;
use crate::settings::Place;

const EXAMPLES: &str = "\
Examples:
  coldlight prices show --region eu-west-1 --service lambda
  coldlight prices quote --region eu-west-1 --memory-mb 512 --billed-ms 312
  coldlight prices import ~/Downloads/AWSLambda-eu-west-1.json
  coldlight prices set --service lambda --discount 12% --since 2026-01-01

The program knows AWS's list prices of eight regions, each with its source. Prices that no source prints are unknown, and so is
every cost that needs them, until AWS's own price list is imported or a price is set.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PricesArgs {
    #[command(subcommand)]
    pub command: PricesCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum PricesCommand {
    /// List prices, with who says so and from when
    Show(Box<ShowArgs>),
    /// Compute what something costs, and how
    Quote(Box<QuoteArgs>),
    /// Take prices from AWS's bulk price list files (Lambda, ECS, EC2; JSON or CSV)
    Import(Box<ImportArgs>),
    /// Set a price or a discount that was agreed with AWS
    Set(Box<SetArgs>),
}

/// Whose prices.
#[derive(Clone, Debug, Default, Args)]
pub struct Book {
    #[command(flatten)]
    pub place: Place,
    /// Use the server at this address, whatever --data says
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The key to ask a server with, if it wants one
    #[arg(long, env = "COLDLIGHT_API_KEY", hide_env_values = true, value_name = "SECRET")]
    pub api_key: Option<String>,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  coldlight prices show --region us-east-1 --service fargate
  coldlight prices show --item duration --architecture arm64 --on 2026-03-01
  coldlight prices show --unknown --format csv
  coldlight prices show --service lambda --history";

#[derive(Clone, Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct ShowArgs {
    #[command(flatten)]
    pub book: Book,
    /// Only of this region, such as eu-west-1
    #[arg(long)]
    pub region: Option<String>,
    /// Only of this service, such as lambda, fargate, ec2 or sqs
    #[arg(long)]
    pub service: Option<String>,
    /// Only of this item, such as duration or m7g.large
    #[arg(long)]
    pub item: Option<String>,
    /// Only for this processor
    #[arg(long, value_parser = architecture, value_name = "x86_64|arm64")]
    pub architecture: Option<Architecture>,
    /// Only what nobody prints
    #[arg(long)]
    pub unknown: bool,
    /// The prices of this day [default: today]
    #[arg(long, value_parser = date, value_name = "DATE", conflicts_with = "history")]
    pub on: Option<Date>,
    /// Every row ever recorded, not only those that hold
    #[arg(long)]
    pub history: bool,
    /// Only the prices in the program
    #[arg(long)]
    pub built_in: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

const QUOTE_EXAMPLES: &str = "\
Examples:
  coldlight prices quote --region eu-west-1 --architecture arm64 --memory-mb 512 --duration-ms 130.1 --init-ms 181.2
  coldlight prices quote lambda_month --memory-mb 1536 --invocations 3000000 --billed-ms-each 120 --free-tier
  coldlight prices quote fargate_task --vcpu 0.5 --memory-mib 1024 --seconds 45.2
  coldlight prices quote event --event sqs --bytes 300000 --count 1000000
  echo '{\"id\": 1, \"kind\": \"lambda_invocation\", \"input\": {\"region\": \"us-east-1\", \"memory_mb\": 128, \"billed_ms\": 1}}' \\
    | coldlight prices quote --json

With --json each line of standard input is an object {id, kind, input}, and each line of the answer has the id, the cost and
the prices it was computed with; null is what has no known price. The members of input are named as the flags, with _ for -.";

#[derive(Clone, Debug, Args)]
#[command(after_help = QUOTE_EXAMPLES)]
pub struct QuoteArgs {
    /// What to quote
    #[arg(value_enum, default_value_t = Kind::LambdaInvocation)]
    pub kind: Kind,
    #[command(flatten)]
    pub book: Book,
    /// Read objects {id, kind, input} from standard input, one a line, and answer one a line
    #[arg(long)]
    pub json: bool,
    /// Only the prices in the program
    #[arg(long)]
    pub built_in: bool,
    #[command(flatten)]
    pub input: InputFlags,
}

/// What a quote is about. The names are those of `kind` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Kind {
    /// One invocation of a function
    LambdaInvocation,
    /// One invocation at a place of CloudFront's
    LambdaEdgeInvocation,
    /// Environments kept ready
    LambdaProvisionedCapacity,
    /// A snapshot kept for one published version
    LambdaSnapstartCache,
    /// A month of equal invocations, with the tiers and, if wanted, the free tier
    LambdaMonth,
    /// A task or pod on Fargate
    FargateTask,
    /// A task on Fargate and what each of its requests has of it (with --json only)
    FargateApportion,
    /// An EC2 instance, or the share that a task on it reserves
    Ec2Instance,
    /// An instance of Lambda Managed Instances
    LambdaManagedInstance,
    /// A message, an event or a request to a managed service
    Event,
}

/// The members of a quote's input, as flags. All are text until the kind says what they are.
#[derive(Clone, Debug, Default, Args)]
pub struct InputFlags {
    /// AWS's code [default: us-east-1]
    #[arg(long)]
    pub region: Option<String>,
    /// x86_64 or arm64 [default: x86_64]
    #[arg(long)]
    pub architecture: Option<String>,
    /// The day whose prices count [default: today]
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    /// The memory of a function
    #[arg(long, value_name = "MB")]
    pub memory_mb: Option<String>,
    /// What the platform reported as billed
    #[arg(long, value_name = "MS")]
    pub billed_ms: Option<String>,
    /// Where nothing was reported: how long it ran
    #[arg(long, value_name = "MS")]
    pub duration_ms: Option<String>,
    /// and how long its init took
    #[arg(long, value_name = "MS")]
    pub init_ms: Option<String>,
    /// and what is billed of a restore
    #[arg(long, value_name = "MS")]
    pub billed_restore_ms: Option<String>,
    /// The configured /tmp of a function
    #[arg(long, value_name = "MB")]
    pub ephemeral_mb: Option<String>,
    /// The size of a streamed response
    #[arg(long, value_name = "BYTES")]
    pub streamed_bytes: Option<String>,
    /// sync, async or poll
    #[arg(long, value_name = "TYPE")]
    pub invocation_type: Option<String>,
    /// The size of an asynchronous event
    #[arg(long, value_name = "BYTES")]
    pub event_bytes: Option<String>,
    /// on-demand, provisioned-concurrency, snap-start or lambda-managed-instances
    #[arg(long, value_name = "TYPE")]
    pub init_type: Option<String>,
    /// Environments kept ready
    #[arg(long, value_name = "COUNT")]
    pub environments: Option<String>,
    /// Invocations of a month
    #[arg(long, value_name = "COUNT")]
    pub invocations: Option<String>,
    /// and what is billed of each
    #[arg(long, value_name = "MS")]
    pub billed_ms_each: Option<String>,
    /// Take off what is free each month
    #[arg(long)]
    pub free_tier: bool,
    /// The size of a task
    #[arg(long, value_name = "VCPU")]
    pub vcpu: Option<String>,
    /// The memory of a task
    #[arg(long, value_name = "MIB")]
    pub memory_mib: Option<String>,
    /// The storage of a task
    #[arg(long, value_name = "GIB")]
    pub ephemeral_gib: Option<String>,
    /// How long it was there
    #[arg(long, value_name = "S")]
    pub seconds: Option<String>,
    /// A task on Fargate Spot
    #[arg(long)]
    pub spot: bool,
    /// A task on Windows
    #[arg(long)]
    pub windows: bool,
    /// Such as m7g.large
    #[arg(long, value_name = "TYPE")]
    pub instance_type: Option<String>,
    /// sqs, sqs_fifo, sns, sns_http, eventbridge, scheduler, state_transition, express, rest, http, websocket, kinesis,
    /// dynamodb_write, dynamodb_read, s3_put, s3_get or logs
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// The size of each
    #[arg(long, value_name = "BYTES")]
    pub bytes: Option<String>,
    /// How many [default: 1]
    #[arg(long, value_name = "COUNT")]
    pub count: Option<String>,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  curl -O https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/eu-west-1/index.json
  coldlight prices import index.json
  coldlight prices import --since 2025-01-01 lambda.json ecs.csv ec2.json
  curl -s https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/index.json | coldlight prices import -

The offers are AWSLambda, AmazonECS (Fargate) and AmazonEC2. A file is read in a stream, whatever its size. What is known already is not
written again; what is new counts from AWS's effective date, or from --since, and costs of that time are computed anew.";

#[derive(Clone, Debug, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct ImportArgs {
    /// Files of AWS's bulk price list, index.json or index.csv; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub book: Book,
    /// Let the prices hold from this day, not from AWS's effective date
    #[arg(long, value_parser = date, value_name = "DATE")]
    pub since: Option<Date>,
}

const SET_EXAMPLES: &str = "\
Examples:
  coldlight prices set --region eu-west-1 --service lambda --item duration --architecture arm64 --usd 0.0000120001
  coldlight prices set --service lambda --discount 12% --since 2026-01-01
  coldlight prices set --discount 0%                                      the list price again, from today
  coldlight prices set --region us-east-1 --service fargate --item spot_vcpu_hour --usd 0.0121

Nothing is overwritten: what is set holds from its day, and the history stays. A price that was set has no discount.";

#[derive(Clone, Debug, Args)]
#[command(after_help = SET_EXAMPLES, group = ArgGroup::new("what").required(true).args(["usd", "discount"]))]
pub struct SetArgs {
    #[command(flatten)]
    pub book: Book,
    /// AWS's code; of a discount all when not given
    #[arg(long, required_unless_present = "discount")]
    pub region: Option<String>,
    /// Such as lambda; of a discount all when not given
    #[arg(long, required_unless_present = "discount")]
    pub service: Option<String>,
    /// Such as duration; of a discount all when not given
    #[arg(long, required_unless_present = "discount")]
    pub item: Option<String>,
    /// Only for this processor [default: all that the price differs by]
    #[arg(long, value_parser = architecture, value_name = "x86_64|arm64", conflicts_with = "discount")]
    pub architecture: Option<Architecture>,
    /// What one unit costs
    #[arg(long, value_name = "USD")]
    pub usd: Option<Usd>,
    /// What is taken off the list price, such as 12%
    #[arg(long, value_parser = discount_ppm, value_name = "PERCENT")]
    pub discount: Option<u32>,
    /// From this day; `always` is the past too [default: today]
    #[arg(long, value_parser = since, value_name = "DATE|always")]
    pub since: Option<Since>,
    /// What `--usd` is for one of, where the price is not known yet
    #[arg(long, conflicts_with = "discount")]
    pub unit: Option<String>,
    /// Why, for those who ask later
    #[arg(long, default_value = "")]
    pub note: String,
}

/// From when something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Always,
    Day(Date),
}

fn since(text: &str) -> Result<Since, String> {
    if text == "always" { Ok(Since::Always) } else { date(text).map(Since::Day) }
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error| format!("“{text}” {error}"))
}

fn architecture(text: &str) -> Result<Architecture, String> {
    Architecture::from_name(text).ok_or_else(|| format!("“{text}” is not one of x86_64 and arm64"))
}

/// What is taken off, in millionths, from a percentage with up to four places.
fn discount_ppm(text: &str) -> Result<u32, String> {
    let percent = parse_decimal(text.trim_end_matches('%').trim(), 4)
        .map_err(|error| format!("“{text}” {error}; write a discount as 12%"))?;
    u32::try_from(percent)
        .ok()
        .filter(|ppm| *ppm <= WHOLE_PPM)
        .ok_or_else(|| format!("“{text}” is not between 0% and 100%"))
}
