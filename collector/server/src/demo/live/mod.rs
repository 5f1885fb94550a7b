//! The examples at work: functions in the local Lambda beside the extension, their gateway and queue, three containers, and
//! customers who use all of it.
//!
//! Everything is this program again, started as what it plays. Where the system does not let functions run here, nothing of this is
//! there, and the recorded traffic stands alone.

mod customers;
mod functions;

use std::net::SocketAddr;
use std::time::Duration;

use coldlight_local::Fleet;
use coldlight_local::fleet::Running;
use coldlight_local::line;
use coldlight_local::sources::http::{self, Site};
use coldlight_local::sources::queue::{Queue, Settings};
use coldlight_local::sources::schedule::{self, When::Every};
use futures_util::future::join_all;
use shop::Shop;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::dice::Dice;
use crate::parts::Extension;
use customers::Customers;
use functions::Functions;

/// For functions and containers to hand over their last spans before the collector stops.
const LAST_WORDS: Duration = Duration::from_millis(2_500);
/// How often the report is asked for.
const REPORT: Duration = Duration::from_secs(2);
/// A parcel that could not be packed is seen again after this long, and is a dead letter after three times.
const VISIBILITY: Duration = Duration::from_secs(6);
const MAX_RECEIVES: u32 = 3;

/// All that runs. Dropped, its processes are killed.
pub struct Live {
    fleets: Vec<Fleet>,
    /// Environments that are being shut down.
    leaving: Vec<Running>,
    shop: Option<Shop>,
    work: JoinSet<()>,
    _extension: Extension,
}

impl Live {
    /// Starts all of it, sending to `collector`; customers come at once. The error says why nothing can run here.
    pub async fn start(collector: SocketAddr, dice: Dice) -> Result<Self, String> {
        if !cfg!(target_os = "linux") {
            return Err("the local Lambda freezes functions, which needs Linux".to_owned());
        }
        let program = std::env::current_exe().map_err(|why| format!("this program's file is not known: {why}"))?;
        let extension = Extension::link().map_err(|why| format!("no link to this program: {why}"))?;
        let cannot = |what: &str, why: std::io::Error| format!("{what}: {why}");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|why| cannot("no port for the gateway", why))?;
        let gateway = listener.local_addr().map_err(|why| cannot("no port for the gateway", why))?;
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}")),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", String::new()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", String::new()),
            ("OTEL_TRACES_EXPORTER", String::new()),
            ("OTEL_SDK_DISABLED", String::new()),
            ("OTEL_RESOURCE_ATTRIBUTES", functions::ENVIRONMENT.to_owned()),
            ("OTEL_BSP_SCHEDULE_DELAY", "1000".to_owned()),
            // A user's own endpoints are not for the demo.
            ("AWS_ENDPOINT_URL_DYNAMODB", String::new()),
            ("AWS_REGION", functions::REGION.to_owned()),
            ("CHECKOUT_URL", format!("http://{gateway}")),
            // A throttled order has no span but the caller's.
            ("OTEL_INSTRUMENTATION_COMMON_PEER_SERVICE_MAPPING", format!("{gateway}=checkout")),
            ("STAND_IN_THROTTLES", "40".to_owned()),
        ];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let shop = Shop::start(&program, &["example", "shop"], &variables).await;
        let shop = shop.map_err(|why| cannot("the containers do not start", why))?;
        let (lines, mut written) = line::channel();
        let place = functions::Place { program, extension: extension.file(), collector, gateway };
        let functions = Functions::start(&place, shop.products(), &lines).await.map_err(|why| why.to_string())?;
        let mut live = Self {
            fleets: functions.all(),
            leaving: Vec::new(),
            shop: Some(shop),
            work: JoinSet::new(),
            _extension: extension,
        };
        live.work.spawn(async move {
            while let Some(line) = written.recv().await {
                tracing::debug!(function = %line.function, from = ?line.from, "{}", line.text);
            }
        });
        let queue = Queue::new(Settings {
            visibility: VISIBILITY,
            max_receives: Some(MAX_RECEIVES),
            ..Settings::named(functions::QUEUE)
        });
        let site = Site {
            routes: functions.routes(),
            queues: [(functions::QUEUE.to_owned(), queue.clone())].into(),
            ..Site::default()
        };
        live.work.spawn(ends(http::serve(listener, site)));
        live.work.spawn(ends(queue.run(functions.order_worker.clone(), |_, _| {})));
        let report = functions.report.clone();
        live.work.spawn(ends(schedule::run(report, "orders-of-the-day".to_owned(), Every(REPORT), None, |_| {})));
        let customers = Customers { shopfront: live.shopfront(), gateway, thumbnail: functions.thumbnail.clone() };
        customers.come(&mut live.work, dice);
        Ok(live)
    }

    /// Where the shop is.
    pub fn shopfront(&self) -> String {
        self.shop.as_ref().map(|shop| shop.shopfront().to_owned()).unwrap_or_default()
    }

    pub fn functions(&self) -> usize {
        self.fleets.len()
    }

    /// Customers leave, then functions and containers end, each with its last spans.
    pub async fn end(mut self) {
        self.work.shutdown().await;
        self.leaving = self.fleets.iter().flat_map(Fleet::running).collect();
        let shop = self.shop.take();
        let functions = join_all(self.fleets.iter().map(Fleet::shut_down));
        let containers = async {
            if let Some(shop) = shop {
                shop.end().await;
            }
        };
        // What does not end in time is killed.
        let _ = tokio::time::timeout(LAST_WORDS, async { tokio::join!(functions, containers) }).await;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let running = self.fleets.iter().flat_map(Fleet::running);
        for environment in running.chain(std::mem::take(&mut self.leaving)) {
            environment.groups.kill();
        }
    }
}

/// Ends only with the demo; until then whoever fails says so.
async fn ends(work: impl Future<Output = Result<(), coldlight_local::LocalError>>) {
    if let Err(why) = work.await {
        tracing::warn!(error = crate::failure::chain(&why), "a part of the demo ended");
    }
}
