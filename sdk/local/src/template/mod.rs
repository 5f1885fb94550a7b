//! A SAM template: which functions there are and what invokes them.
//!
//! Read are `AWS::Serverless::Function` and `AWS::Lambda::Function` with `Globals`, and the queues they name. Intrinsic functions are
//! resolved as far as a template alone can tell ([`yaml`]). What has no meaning here is named in [`Template::notes`], never
//! passed over in silence.

mod yaml;

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use crate::error::LocalError;
use crate::function::{Architecture, Function, LogFormat, Tracing};
use crate::sources::gateway::Kind;
use crate::sources::{queue, schedule};

#[derive(Debug)]
pub struct Template {
    pub functions: Vec<Planned>,
    pub queues: Vec<queue::Settings>,
    /// What was read and cannot be done here.
    pub notes: Vec<String>,
}

/// A function that only lacks its command.
#[derive(Debug)]
pub struct Planned {
    /// Its name in the template.
    pub logical: String,
    pub function: Function,
    /// The command line that runs its handler; `None` when the runtime is not known here.
    pub command: Option<String>,
    pub sources: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Route {
        kind: Kind,
        method: Option<Method>,
        path: String,
    },
    Url,
    /// By the queue's name.
    Queue(String),
    /// By the topic's name.
    Topic(String),
    /// What a rule chooses from a bus; empty lists choose all.
    Events {
        bus: String,
        sources: Vec<String>,
        detail_types: Vec<String>,
    },
    Schedule {
        rule: String,
        when: schedule::When,
        input: Option<Value>,
    },
}

/// What says that a Node function is to run on the small bootstrap of this crate.
pub const NODE_BOOTSTRAP: &str = "coldlight:node-bootstrap";

/// Reads `path`. `region` and `account` are what `AWS::Region` and `AWS::AccountId` mean.
pub fn read(path: &Path, region: &str, account: &str) -> Result<Template, LocalError> {
    let text = std::fs::read_to_string(path).map_err(|why| LocalError::file(path, why))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&text, folder, region, account).map_err(|why| LocalError::file(path, why))
}

fn parse(text: &str, folder: &Path, region: &str, account: &str) -> Result<Template, String> {
    let document = yaml::document(text)?;
    let resources = yaml::resolve(&document, region, account);
    let globals = &resources["Globals"]["Function"];
    let mut template = Template { functions: Vec::new(), queues: Vec::new(), notes: Vec::new() };
    let all = resources["Resources"].as_object().ok_or("it has no Resources")?;
    for (logical, resource) in all {
        match resource["Type"].as_str() {
            Some("AWS::Serverless::Function" | "AWS::Lambda::Function") => {
                let planned = Reader { logical, resource, globals, all, folder, region, account };
                let planned = planned.function(&mut template)?;
                template.functions.push(planned);
            }
            Some("AWS::SQS::Queue") => {
                let settings = queue_of(logical, &resource["Properties"]);
                // Triggers may have named it already, with their own settings.
                if !template.queues.iter().any(|known| known.name == settings.name) {
                    template.queues.push(settings);
                }
            }
            _ => {}
        }
    }
    if template.functions.is_empty() {
        return Err("it has no AWS::Serverless::Function".to_owned());
    }
    Ok(template)
}

struct Reader<'a> {
    logical: &'a str,
    resource: &'a Value,
    globals: &'a Value,
    all: &'a serde_json::Map<String, Value>,
    folder: &'a Path,
    region: &'a str,
    account: &'a str,
}

impl Reader<'_> {
    /// The function's own property, else the one of `Globals`.
    fn property(&self, name: &str) -> &Value {
        match &self.resource["Properties"][name] {
            Value::Null => &self.globals[name],
            own => own,
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, String> {
        match self.property(name) {
            Value::Null => Ok(None),
            value => match value.as_u64().or_else(|| value.as_str()?.parse().ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(format!("{}: {name} is {value}, not a number", self.logical)),
            },
        }
    }

    fn function(&self, template: &mut Template) -> Result<Planned, String> {
        let name = self.property("FunctionName").as_str().unwrap_or(self.logical);
        let mut function = Function::new(name, Vec::new());
        function.region = self.region.to_owned();
        function.account = self.account.to_owned();
        function.folder = self.folder.join(self.property("CodeUri").as_str().unwrap_or("."));
        if let Some(handler) = self.property("Handler").as_str() {
            function.handler = handler.to_owned();
        }
        if let Some(runtime) = self.property("Runtime").as_str() {
            function.runtime = runtime.to_owned();
        }
        if let Some(memory) = self.number("MemorySize")? {
            function.memory_mb = u32::try_from(memory).unwrap_or(u32::MAX);
        }
        if let Some(seconds) = self.number("Timeout")? {
            function.timeout = Duration::from_secs(seconds);
        }
        if let Some(most) = self.number("ReservedConcurrentExecutions")? {
            function.concurrency = usize::try_from(most).unwrap_or(usize::MAX);
        }
        if self.property("Architectures")[0] == "arm64" {
            function.architecture = Architecture::Arm64;
        }
        function.tracing = match self.property("Tracing").as_str() {
            Some("PassThrough" | "Disabled") => Tracing::PassThrough,
            _ => Tracing::Active,
        };
        if self.property("LoggingConfig")["LogFormat"] == "JSON" {
            function.log_format = LogFormat::Json;
        }
        for variables in [self.globals, &self.resource["Properties"]] {
            for (name, value) in variables["Environment"]["Variables"].as_object().into_iter().flatten() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                function.variables.insert(name.clone(), text);
            }
        }
        let mut note = |what: &str| template.notes.push(format!("{}: {what}", self.logical));
        if self.property("PackageType") == "Image" {
            note("is an image; give its command with --handler");
        }
        if self.property("Layers").as_array().is_some_and(|layers| !layers.is_empty()) {
            note("has layers, which are not unpacked here; extensions are given with --extension");
        }
        let command = self.command(&mut function);
        let sources = self.sources(template)?;
        Ok(Planned { logical: self.logical.to_owned(), function, command, sources })
    }

    /// What runs the handler of this runtime.
    fn command(&self, function: &mut Function) -> Option<String> {
        let metadata = &self.resource["Metadata"];
        let handler = function.handler.clone();
        match function.runtime.as_str() {
            runtime if runtime.starts_with("python") => Some(format!("python3 -m awslambdaric {handler}")),
            runtime if runtime.starts_with("nodejs") => {
                let client = function.folder.join("node_modules/aws-lambda-ric/index.mjs");
                Some(if client.is_file() {
                    format!("node {} {handler}", client.display())
                } else {
                    NODE_BOOTSTRAP.to_owned()
                })
            }
            runtime if runtime.starts_with("provided") => match metadata["BuildMethod"].as_str() {
                Some(method) if method.starts_with("rust") => {
                    let binary = metadata["BuildProperties"]["Binary"].as_str();
                    let binary = binary.map(|name| format!(" --bin {name}")).unwrap_or_default();
                    Some(format!("cargo run --release{binary}"))
                }
                _ => Some("./bootstrap".to_owned()),
            },
            _ => None,
        }
    }

    fn sources(&self, template: &mut Template) -> Result<Vec<Source>, String> {
        let mut sources = Vec::new();
        if !self.property("FunctionUrlConfig").is_null() {
            sources.push(Source::Url);
        }
        for (name, event) in self.resource["Properties"]["Events"].as_object().into_iter().flatten() {
            let properties = &event["Properties"];
            match event["Type"].as_str().unwrap_or_default() {
                kind @ ("Api" | "HttpApi") => sources.push(self.route(kind, properties)?),
                "SQS" => sources.push(Source::Queue(self.queue(properties, template)?)),
                "SNS" => {
                    let topic = properties["Topic"].as_str();
                    let topic = topic.ok_or_else(|| format!("{}: an SNS event names its Topic", self.logical))?;
                    sources.push(Source::Topic(topic.rsplit(':').next().unwrap_or(topic).to_owned()));
                }
                "EventBridgeRule" | "CloudWatchEvent" => sources.push(self.rule(name, properties, template)),
                "Schedule" | "ScheduleV2" => {
                    let text = properties["Schedule"].as_str().or(properties["ScheduleExpression"].as_str());
                    let text = text.unwrap_or_default();
                    match when(text, properties["ScheduleExpressionTimezone"].as_str()) {
                        Ok(when) => {
                            let input = properties["Input"].as_str().and_then(|input| serde_json::from_str(input).ok());
                            sources.push(Source::Schedule { rule: format!("{}-{name}", self.logical), when, input });
                        }
                        Err(why) => {
                            template.notes.push(format!("{}: {name}: {why}; it never fires here", self.logical))
                        }
                    }
                }
                other => {
                    let note = format!("{}: {name}: nothing sends {other} events here; use --event", self.logical);
                    template.notes.push(note);
                }
            }
        }
        Ok(sources)
    }

    fn route(&self, kind: &str, properties: &Value) -> Result<Source, String> {
        let method = properties["Method"].as_str().unwrap_or("any").to_ascii_uppercase();
        let method = match method.as_str() {
            "ANY" | "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => None,
            method => Some(method.parse().map_err(|_| format!("{}: “{method}” is no HTTP method", self.logical))?),
        };
        let path = properties["Path"].as_str().filter(|path| *path != "$default").unwrap_or("/{proxy+}").to_owned();
        let kind = if kind == "Api" { Kind::RestApi } else { Kind::HttpApi };
        Ok(Source::Route { kind, method, path })
    }

    /// A rule that chooses by `source` and `detail-type`; what else its pattern asks for is not looked at, and said.
    fn rule(&self, name: &str, properties: &Value, template: &mut Template) -> Source {
        let pattern = &properties["Pattern"];
        let texts = |key: &str| -> Vec<String> {
            let all = pattern[key].as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let more = pattern.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        let more: Vec<&str> = more.filter(|key| !matches!(*key, "source" | "detail-type")).collect();
        if !more.is_empty() {
            let note = format!("{}: {name}: its pattern's {} is not looked at here", self.logical, more.join(", "));
            template.notes.push(note);
        }
        let bus = properties["EventBusName"].as_str().unwrap_or("default");
        let bus = bus.rsplit(['/', ':']).next().unwrap_or(bus).to_owned();
        Source::Events { bus, sources: texts("source"), detail_types: texts("detail-type") }
    }

    /// The queue an event names, with the settings of the trigger and of the queue itself.
    fn queue(&self, properties: &Value, template: &mut Template) -> Result<String, String> {
        let place =
            properties["Queue"].as_str().ok_or_else(|| format!("{}: an SQS event names its Queue", self.logical))?;
        let name = place.rsplit([':', '/']).next().unwrap_or(place).to_owned();
        let resource = self.all.iter().find(|(logical, resource)| {
            resource["Type"] == "AWS::SQS::Queue" && queue_of(logical, &resource["Properties"]).name == name
        });
        let mut settings = match resource {
            Some((logical, resource)) => queue_of(logical, &resource["Properties"]),
            None => queue::Settings::named(name.clone()),
        };
        let number = |name: &str| properties[name].as_u64();
        if let Some(size) = number("BatchSize") {
            settings.batch_size = usize::try_from(size).unwrap_or(usize::MAX).clamp(1, 10_000);
        }
        settings.window = Duration::from_secs(number("MaximumBatchingWindowInSeconds").unwrap_or(0));
        let types = properties["FunctionResponseTypes"].as_array();
        settings.partial_failures =
            types.is_some_and(|types| types.iter().any(|kind| kind == "ReportBatchItemFailures"));
        template.queues.retain(|known| known.name != name);
        template.queues.push(settings);
        Ok(name)
    }
}

/// In UTC, but for a schedule of EventBridge Scheduler that names its zone.
fn when(text: &str, zone: Option<&str>) -> Result<schedule::When, LocalError> {
    let unknown = |zone: &str| LocalError::WrongUse(format!("the time zone {zone} is not known to this machine"));
    let zone = match zone {
        Some(zone) => jiff::tz::TimeZone::get(zone).map_err(|_| unknown(zone))?,
        None => jiff::tz::TimeZone::UTC,
    };
    schedule::When::parse(text, &zone)
}

fn queue_of(logical: &str, properties: &Value) -> queue::Settings {
    // A name ends so where the template gives none, too.
    let fifo = properties["FifoQueue"] == true;
    let made = || if fifo { format!("{logical}.fifo") } else { logical.to_owned() };
    let mut settings = queue::Settings::named(properties["QueueName"].as_str().map_or_else(made, str::to_owned));
    settings.visibility = Duration::from_secs(properties["VisibilityTimeout"].as_u64().unwrap_or(30));
    settings.max_receives =
        properties["RedrivePolicy"]["maxReceiveCount"].as_u64().map(|most| u32::try_from(most).unwrap_or(u32::MAX));
    settings
}

/// Where the small bootstrap for Node is written, in `folder`.
pub fn write_node_bootstrap(folder: &Path) -> Result<PathBuf, LocalError> {
    let path = folder.join("coldlight-node-bootstrap.mjs");
    std::fs::write(&path, include_str!("../../bootstrap/node.mjs")).map_err(|why| LocalError::file(&path, why))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: test }
Globals:
  Function:
    Timeout: 20
    Environment: { Variables: { STAGE: !Ref Stage, LEVEL: info } }
Resources:
  Checkout:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: checkout } }
    Properties:
      FunctionName: !Sub 'checkout-${Stage}'
      CodeUri: checkout/
      Handler: bootstrap
      Runtime: provided.al2023
      Architectures: [arm64]
      MemorySize: 256
      Tracing: PassThrough
      Environment: { Variables: { QUEUE: !GetAtt Orders.QueueName, LEVEL: debug } }
      Events:
        Order: { Type: Api, Properties: { Path: '/orders/{id}', Method: post } }
        Rest: { Type: HttpApi }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      Events:
        Orders: { Type: SQS, Properties: { Queue: !GetAtt Orders.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures] } }
        Nightly: { Type: Schedule, Properties: { Schedule: rate(1 hour), Input: '{"all":true}' } }
        Cron: { Type: Schedule, Properties: { Schedule: cron(0 1 * * ? *) } }
        Often: { Type: Schedule, Properties: { Schedule: often } }
        News: { Type: SNS, Properties: { Topic: !Ref News } }
        Placed: { Type: EventBridgeRule, Properties: { Pattern: { source: [shop], detail-type: [OrderPlaced], detail: { a: [1] } } } }
        Upload: { Type: S3, Properties: { Bucket: !Ref Bucket } }
  Orders:
    Type: AWS::SQS::Queue
    Properties: { QueueName: orders, VisibilityTimeout: 60, RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3 } }
  Dead: { Type: AWS::SQS::Queue }
  News: { Type: AWS::SNS::Topic }
  Bucket: { Type: AWS::S3::Bucket }
"#;

    #[test]
    fn functions_come_with_their_limits_and_globals() {
        let template = parse(TEMPLATE, Path::new("/app"), "eu-west-1", "123456789012").unwrap();
        let checkout = &template.functions.iter().find(|planned| planned.logical == "Checkout").unwrap();
        let function = &checkout.function;
        assert_eq!(
            (function.name.as_str(), function.memory_mb, function.timeout.as_secs()),
            ("checkout-test", 256, 20)
        );
        assert_eq!(function.variables["STAGE"], "test");
        assert_eq!(function.variables["LEVEL"], "debug");
        assert_eq!(function.variables["QUEUE"], "orders");
        assert_eq!(function.folder, Path::new("/app/checkout/"));
        assert_eq!(function.architecture, Architecture::Arm64);
        assert_eq!(checkout.command.as_deref(), Some("cargo run --release --bin checkout"));
        let any = Source::Route { kind: Kind::HttpApi, method: None, path: "/{proxy+}".to_owned() };
        assert!(checkout.sources.contains(&any), "{:?}", checkout.sources);
    }

    #[test]
    fn events_become_sources_and_what_cannot_be_sent_is_named() {
        let template = parse(TEMPLATE, Path::new("/app"), "eu-west-1", "123456789012").unwrap();
        let worker = &template.functions.iter().find(|planned| planned.logical == "Worker").unwrap();
        assert_eq!(worker.command.as_deref(), Some("python3 -m awslambdaric app.handler"));
        assert!(worker.sources.contains(&Source::Queue("orders".to_owned())));
        assert!(worker.sources.contains(&Source::Topic("News".to_owned())), "{:?}", worker.sources);
        let placed = Source::Events {
            bus: "default".to_owned(),
            sources: vec!["shop".to_owned()],
            detail_types: vec!["OrderPlaced".to_owned()],
        };
        assert!(worker.sources.contains(&placed), "{:?}", worker.sources);
        assert!(
            template.notes.iter().any(|note| note.contains("Placed: its pattern's detail")),
            "{:?}",
            template.notes
        );
        let orders = template.queues.iter().find(|queue| queue.name == "orders").unwrap();
        assert_eq!((orders.batch_size, orders.visibility.as_secs(), orders.max_receives), (5, 60, Some(3)));
        let hourly = worker
            .sources
            .iter()
            .any(|source| matches!(source, Source::Schedule { when: schedule::When::Every(pause), input: Some(_), .. } if pause.as_secs() == 3_600));
        assert!(hourly, "{:?}", worker.sources);
        let nightly = |source: &Source| matches!(source, Source::Schedule { when: schedule::When::Calendar(_), .. });
        assert!(worker.sources.iter().any(nightly), "{:?}", worker.sources);
        assert!(template.notes.iter().any(|note| note.contains("“often”")), "{:?}", template.notes);
        assert!(template.notes.iter().any(|note| note.contains("S3")), "{:?}", template.notes);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let parse = |text| parse(text, Path::new("/"), "r", "a").unwrap_err();
        assert!(parse("Resources: {}").contains("no AWS::Serverless::Function"));
        assert!(parse("a: [").len() > 3);
        let wrong = "Resources: { F: { Type: AWS::Serverless::Function, Properties: { MemorySize: much } } }";
        assert!(parse(wrong).contains("F: MemorySize is \"much\""));
    }
}
