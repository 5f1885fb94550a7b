//! coldlight-load: how many spans a second, how soon acknowledged, at what price in processor time, memory and disk.
//!
//! Starts a coldlight of its own on a new data directory, or loads a running one, with the traffic of `lambda.rs`. Requests are
//! encoded beforehand and only stamped with new ids and times while sending, so the sender takes little of the machine.

mod bare;
mod driver;
mod report;
mod target;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use coldlight_tests::lambda::Traffic;
use coldlight_tests::measure::{folder_bytes, memory, processor_time};
use coldlight_tests::stamp::Template;

use crate::report::Report;
use crate::target::Target;

/// Sends Lambda-shaped spans over OTLP and reports what they cost the collector.
#[derive(Parser, Debug)]
#[command(
    after_help = "Examples:\n  coldlight-load --spans 1000000 --bare\n  coldlight-load --protocol http --rate 20000\n  \
    coldlight-load --url http://127.0.0.1:4317 --ui http://127.0.0.1:4319 --pid $(pidof coldlight)"
)]
struct Arguments {
    /// How many spans to send.
    #[arg(long, default_value_t = 1_000_000)]
    spans: u64,
    /// Spans in a request; exporters send 512 unless told otherwise.
    #[arg(long, default_value_t = 512)]
    batch: usize,
    /// Connections, each with one request on its way at a time, as an exporter does.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    protocol: Protocol,
    /// Spans a second at most; as fast as acknowledged when not given.
    #[arg(long)]
    rate: Option<u64>,
    /// Seconds before now over which spans lie; without it each begins when it is sent.
    #[arg(long)]
    over: Option<u64>,
    /// A running collector's OTLP address, such as http://127.0.0.1:4317; without it one is started.
    #[arg(long)]
    url: Option<String>,
    /// The same collector's user interface, asked when all spans are visible.
    #[arg(long, requires = "url")]
    ui: Option<String>,
    /// The same collector's process, for processor time and memory.
    #[arg(long, requires = "url")]
    pid: Option<u32>,
    /// An API key with the scopes write and sql, if it wants one.
    #[arg(long, requires = "url")]
    key: Option<String>,
    /// Where the started collector keeps its data; a temporary folder otherwise. Must be empty.
    #[arg(long, conflicts_with = "url")]
    data: Option<PathBuf>,
    /// More arguments for the started collector, such as --serve-arg=--retain=1d.
    #[arg(long = "serve-arg", conflicts_with = "url")]
    serve: Vec<String>,
    /// Also decode the same bytes with prost alone on one core: the limit nobody who decodes can pass.
    #[arg(long)]
    bare: bool,
    /// Spans a second of a bulk insert alone, as the store's own benchmark printed it, to stand beside the result.
    #[arg(long)]
    bare_insert: Option<f64>,
    /// Different traffic for a different number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON object instead of lines to read.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// How long a time the traces of one round of distinct requests take, of that given by `--over`.
    fn round_ns(&self) -> u64 {
        let over_ns = self.over.unwrap_or_default().saturating_mul(1_000_000_000);
        let share = u128::from(over_ns) * u128::from(self.spans.min(DISTINCT_SPANS)) / u128::from(self.spans.max(1));
        share as u64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    Grpc,
    Http,
}

/// Enough distinct requests that a block of the store (122,880 rows) never sees one twice.
const DISTINCT_SPANS: u64 = 245_760;
const VISIBLE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(arguments.batch > 0 && arguments.connections > 0, "--batch and --connections begin at 1");
    let distinct = arguments.spans.min(DISTINCT_SPANS).div_ceil(arguments.batch as u64) as usize;
    let requests = Traffic::new(arguments.seed).over(arguments.round_ns()).requests(distinct, arguments.batch);
    let templates: Arc<[Template]> = requests.iter().map(Template::new).collect();
    drop(requests);
    let mut report = Report::new(&arguments, &templates);
    if arguments.bare {
        report.bare_decode = Some(bare::decode(&templates));
    }

    let mut target = Target::new(&arguments).await?;
    let before = target.spans().await?;
    let disk_before = target.settled_disk().await;
    let pid = target.pid();
    let (server_before, own_before) = (pid.map(processor_time), processor_time(std::process::id()));

    let start = Instant::now();
    let sent = driver::send(&arguments, templates, target.otlp()).await?;
    report.seconds = start.elapsed().as_secs_f64();
    report.sender_cpu = processor_time(std::process::id()) - own_before;
    report.sent = sent;
    if let Some(before) = before {
        report.visible_after = Some(target.until_visible(before + report.sent.spans, VISIBLE).await?);
    }
    report.server_cpu = pid.zip(server_before).map(|(pid, before)| processor_time(pid) - before);
    report.memory = pid.map(memory);
    if let Some((folder, empty)) = target.data().zip(disk_before) {
        target.stop().await;
        report.disk = Some(folder_bytes(&folder).saturating_sub(empty));
    }
    report.print(arguments.json);
    Ok(())
}
