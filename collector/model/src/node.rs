//! The nodes of the service map: services, and what they talk to.

/// What kind of thing a node is: decides its icon and the words under its name.
/// Sources of a call, targets of one and our own services share this one namespace (`sqs` that one function sends to and
/// that triggers another is one node).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A service that sends spans and does not say what it runs on.
    #[default]
    Service,
    Lambda,
    Ecs,
    Eks,
    Ec2,
    /// Whoever calls from outside, unseen.
    Client,
    ApiGateway,
    Alb,
    FunctionUrl,
    Sqs,
    Sns,
    EventBridge,
    Scheduler,
    Kinesis,
    DynamoDb,
    S3,
    StepFunctions,
    /// A database that is not DynamoDB: the name of the system stands in the node's name.
    Database,
    Cache,
    /// A queue or topic outside AWS (Kafka, RabbitMQ and so on).
    Messaging,
    /// Another AWS service called through its API.
    Aws,
    /// A host outside, known by its name only.
    External,
}

impl NodeKind {
    pub const ALL: [Self; 22] = [
        Self::Service,
        Self::Lambda,
        Self::Ecs,
        Self::Eks,
        Self::Ec2,
        Self::Client,
        Self::ApiGateway,
        Self::Alb,
        Self::FunctionUrl,
        Self::Sqs,
        Self::Sns,
        Self::EventBridge,
        Self::Scheduler,
        Self::Kinesis,
        Self::DynamoDb,
        Self::S3,
        Self::StepFunctions,
        Self::Database,
        Self::Cache,
        Self::Messaging,
        Self::Aws,
        Self::External,
    ];

    /// The word kept in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Eks => "eks",
            Self::Ec2 => "ec2",
            Self::Client => "client",
            Self::ApiGateway => "apigateway",
            Self::Alb => "alb",
            Self::FunctionUrl => "function-url",
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
            Self::Scheduler => "scheduler",
            Self::Kinesis => "kinesis",
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::StepFunctions => "stepfunctions",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Messaging => "messaging",
            Self::Aws => "aws",
            Self::External => "external",
        }
    }

    /// The inverse of [`NodeKind::name`]; an unknown word is `Service`.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or_default()
    }

    /// As a person reads it: `DynamoDB`, `API Gateway`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Lambda => "Lambda",
            Self::Ecs => "ECS",
            Self::Eks => "EKS",
            Self::Ec2 => "EC2",
            Self::Client => "Clients",
            Self::ApiGateway => "API Gateway",
            Self::Alb => "ALB",
            Self::FunctionUrl => "Function URL",
            Self::Sqs => "SQS",
            Self::Sns => "SNS",
            Self::EventBridge => "EventBridge",
            Self::Scheduler => "EventBridge Scheduler",
            Self::Kinesis => "Kinesis",
            Self::DynamoDb => "DynamoDB",
            Self::S3 => "S3",
            Self::StepFunctions => "Step Functions",
            Self::Database => "Database",
            Self::Cache => "Cache",
            Self::Messaging => "Messaging",
            Self::Aws => "AWS",
            Self::External => "External",
        }
    }

    /// Whether such a node sends spans of its own; all others are known from their callers only.
    pub fn is_service(self) -> bool {
        matches!(self, Self::Service | Self::Lambda | Self::Ecs | Self::Eks | Self::Ec2)
    }
}

/// One node by name. A service is one node whatever it runs on, so its kind does not take part in its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub kind: NodeKind,
    /// Short: a service's, table's, queue's or host's name.
    pub name: String,
}

impl Node {
    pub fn new(kind: NodeKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// As used in URLs and in SQL: `service:checkout-api`, `dynamodb:orders`.
    pub fn id(&self) -> String {
        let kind = if self.kind.is_service() { NodeKind::Service } else { self.kind };
        format!("{}:{}", kind.name(), self.name)
    }
}

/// How a call is made, which decides who waits and how the edge is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// The caller waits for the answer.
    #[default]
    Sync,
    /// Handed over and not waited for: queue sends, events.
    Async,
    /// Fetched by a poller: SQS, Kinesis, DynamoDB streams, Kafka.
    Poll,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Sync, Self::Async, Self::Poll];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Poll => "poll",
        }
    }

    /// The inverse of [`Way::name`]; an unknown word is `Sync`.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|way| way.name() == name).unwrap_or_default()
    }
}
