//! The functions of the demo, each with the limits that make it interesting.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use coldlight_local::line::Lines;
use coldlight_local::sources::gateway::Kind;
use coldlight_local::sources::http::Route;
use coldlight_local::{Fleet, Function, LocalError};

pub const REGION: &str = "eu-west-1";
pub const QUEUE: &str = "parcels";
/// What every part of the demo says of itself, beside its name.
pub const ENVIRONMENT: &str = "deployment.environment.name=demo";
/// Environments that nobody needs retire, so that cold starts go on happening.
const IDLE: Duration = Duration::from_secs(45);

/// What functions are made of, and what they reach.
pub struct Place {
    pub program: PathBuf,
    pub extension: PathBuf,
    pub collector: SocketAddr,
    pub gateway: SocketAddr,
}

pub struct Functions {
    pub checkout: Fleet,
    pub order_worker: Fleet,
    pub report: Fleet,
    pub text_to_speech: Fleet,
    pub thumbnail: Fleet,
}

impl Functions {
    pub async fn start(place: &Place, products: &str, lines: &Lines) -> Result<Self, LocalError> {
        let seconds = Duration::from_secs;
        let fleet = async |name: &str, change: &dyn Fn(Function) -> Function| {
            Fleet::new(change(place.function(name, products)), lines.clone()).await
        };
        Ok(Self {
            // Three at a time, and a rush of customers is throttled.
            checkout: fleet("checkout", &|function| Function { concurrency: 3, timeout: seconds(10), ..function })
                .await?,
            // One at a time, so that parcels wait.
            order_worker: fleet("order-worker", &|function| Function {
                concurrency: 1,
                timeout: seconds(30),
                ..function
            })
            .await?,
            report: fleet("report", &|function| Function { memory_mb: 512, timeout: seconds(60), ..function }).await?,
            // Lambda's own default of three seconds is not enough for long texts.
            text_to_speech: fleet("text-to-speech", &|function| Function { memory_mb: 512, ..function }).await?,
            // Large pictures do not fit.
            thumbnail: fleet("thumbnail", &|function| Function { timeout: seconds(15), ..function }).await?,
        })
    }

    pub fn all(&self) -> Vec<Fleet> {
        [&self.checkout, &self.order_worker, &self.report, &self.text_to_speech, &self.thumbnail]
            .map(Fleet::clone)
            .into()
    }

    /// Of an HTTP API.
    pub fn routes(&self) -> Vec<Route> {
        let route = |path: &str, fleet: &Fleet| Route {
            kind: Kind::HttpApi,
            method: Some(http::Method::POST),
            path: path.to_owned(),
            fleet: fleet.clone(),
        };
        vec![route("/orders", &self.checkout), route("/speeches", &self.text_to_speech)]
    }
}

impl Place {
    fn function(&self, name: &str, products: &str) -> Function {
        let command = [self.program.display().to_string().as_str(), "example", name].map(str::to_owned);
        let variables = [
            ("OTEL_RESOURCE_ATTRIBUTES", ENVIRONMENT.to_owned()),
            ("AWS_ENDPOINT_URL_SQS", format!("http://{}", self.gateway)),
            ("QUEUE_URL", format!("https://sqs.{REGION}.amazonaws.com/123456789012/{QUEUE}")),
            ("PRODUCTS_URL", format!("http://{products}")),
            ("STAND_IN_THROTTLES", "60".to_owned()),
        ];
        Function {
            memory_mb: 256,
            region: REGION.to_owned(),
            idle: IDLE,
            extensions: vec![self.extension.clone()],
            collector: Some(format!("http://{}", self.collector)),
            variables: BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value))),
            ..Function::new(name, command.into())
        }
    }
}
