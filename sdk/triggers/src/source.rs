//! The names: who calls, how, and what the conventions make of it.

use serde::Serialize;

/// How a function is called. It decides who waits and who tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The caller waits for the answer.
    Sync,
    /// Lambda's own queue takes the event; failed ones come again under the same request id.
    Async,
    /// A poller of Lambda reads the source and calls with a batch; a failed batch comes again under a new request id.
    Poll,
}

impl Way {
    /// Its name in JSON.
    ///
    /// ```
    /// assert_eq!(coldlight_triggers::Way::Poll.as_str(), "poll");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Poll => "poll",
        }
    }
}

/// The attribute `faas.trigger` of OpenTelemetry's conventions, which know these five values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A change in a store.
    Datasource,
    /// A request that waits for an answer.
    Http,
    /// Messages.
    Pubsub,
    /// A schedule.
    Timer,
    /// None of them.
    Other,
}

impl Trigger {
    /// As the attribute's value.
    ///
    /// ```
    /// assert_eq!(coldlight_triggers::Trigger::Pubsub.as_str(), "pubsub");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Datasource => "datasource",
            Self::Http => "http",
            Self::Pubsub => "pubsub",
            Self::Timer => "timer",
            Self::Other => "other",
        }
    }
}

macro_rules! sources {
    ($($(#[$doc:meta])* $variant:ident $name:literal $node:literal $way:expr, $trigger:ident;)*) => {
        /// Who called.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[non_exhaustive]
        pub enum Source {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Source {
            /// All that can be told apart.
            ///
            /// ```
            /// assert!(coldlight_triggers::Source::ALL.len() > 40);
            /// ```
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in JSON.
            ///
            /// ```
            /// assert_eq!(coldlight_triggers::Source::FunctionUrl.as_str(), "function-url");
            /// ```
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The type of the node that a map draws for it; one word for a service, whether it calls or is called.
            ///
            /// ```
            /// assert_eq!(coldlight_triggers::Source::ApiGatewayRest.node_type(), "apigateway");
            /// ```
            pub fn node_type(self) -> &'static str {
                match self { $(Self::$variant => $node,)* }
            }

            /// How it calls; `None` where the event does not tell.
            ///
            /// ```
            /// use coldlight_triggers::{Source, Way};
            ///
            /// assert_eq!(Source::Kinesis.way(), Some(Way::Poll));
            /// assert_eq!(Source::Custom.way(), None);
            /// ```
            pub fn way(self) -> Option<Way> {
                match self { $(Self::$variant => $way,)* }
            }

            /// The value of `faas.trigger`. Where the conventions give no ruling (Kinesis, Cognito, CloudWatch Logs, Lex, Alexa,
            /// Step Functions) the choice is ours.
            ///
            /// ```
            /// use coldlight_triggers::{Source, Trigger};
            ///
            /// assert_eq!(Source::S3.trigger(), Trigger::Datasource);
            /// ```
            pub fn trigger(self) -> Trigger {
                match self { $(Self::$variant => Trigger::$trigger,)* }
            }
        }
    };
}

const SYNC: Option<Way> = Some(Way::Sync);
const ASYNC: Option<Way> = Some(Way::Async);
const POLL: Option<Way> = Some(Way::Poll);

sources! {
    /// API Gateway, REST API
    ApiGatewayRest "api-gateway-rest" "apigateway" SYNC, Http;
    /// API Gateway, HTTP API
    ApiGatewayHttp "api-gateway-http" "apigateway" SYNC, Http;
    /// API Gateway, WebSocket API
    ApiGatewayWebSocket "api-gateway-websocket" "apigateway" SYNC, Http;
    /// API Gateway asks whether a request may pass
    ApiGatewayAuthorizer "api-gateway-authorizer" "apigateway" SYNC, Http;
    /// Application Load Balancer
    Alb "alb" "alb" SYNC, Http;
    /// The function's own URL
    FunctionUrl "function-url" "function-url" SYNC, Http;
    /// VPC Lattice
    VpcLattice "vpc-lattice" "vpc-lattice" SYNC, Http;
    /// Lambda@Edge
    CloudFront "cloudfront" "cloudfront" SYNC, Http;
    /// AppSync resolver
    AppSync "appsync" "appsync" SYNC, Http;
    /// AppSync asks whether a request may pass
    AppSyncAuthorizer "appsync-authorizer" "appsync" SYNC, Http;
    /// Result of another function, sent on by Lambda
    LambdaDestination "lambda-destination" "lambda" ASYNC, Pubsub;
    /// Lex V2
    LexV2 "lex-v2" "lex" SYNC, Other;
    /// Lex V1
    LexV1 "lex-v1" "lex" SYNC, Other;
    /// Alexa skill
    Alexa "alexa" "alexa" SYNC, Other;
    /// Alexa smart home
    AlexaSmartHome "alexa-smart-home" "alexa" SYNC, Other;
    /// Cognito user pool
    Cognito "cognito" "cognito" SYNC, Datasource;
    /// Cognito Sync
    CognitoSync "cognito-sync" "cognito" SYNC, Datasource;
    /// Connect flow
    Connect "connect" "connect" SYNC, Other;
    /// Data Firehose transformation
    Firehose "firehose" "firehose" SYNC, Datasource;
    /// Step Functions, where the state hands its context over
    StepFunctions "step-functions" "stepfunctions" SYNC, Other;
    /// S3 Object Lambda
    S3ObjectLambda "s3-object-lambda" "s3" SYNC, Datasource;
    /// S3 Batch Operations
    S3Batch "s3-batch" "s3" SYNC, Datasource;
    /// Secrets Manager rotation
    SecretsManager "secrets-manager" "secretsmanager" SYNC, Timer;
    /// Bedrock agent
    BedrockAgent "bedrock-agent" "bedrock" SYNC, Other;
    /// CodeDeploy asks whether a deployment may go on
    CodeDeploy "codedeploy" "codedeploy" None, Other;
    /// S3 notification
    S3 "s3" "s3" ASYNC, Datasource;
    /// SNS
    Sns "sns" "sns" ASYNC, Pubsub;
    /// EventBridge rule
    EventBridge "eventbridge" "eventbridge" ASYNC, Pubsub;
    /// S3 notification that came by an EventBridge rule
    EventBridgeS3 "eventbridge-s3" "s3" ASYNC, Pubsub;
    /// EventBridge rule with a schedule
    EventBridgeSchedule "eventbridge-schedule" "eventbridge" ASYNC, Timer;
    /// EventBridge Scheduler
    Scheduler "scheduler" "scheduler" ASYNC, Timer;
    /// CloudWatch alarm
    CloudWatchAlarm "cloudwatch-alarm" "cloudwatch" ASYNC, Pubsub;
    /// CloudWatch Logs subscription
    CloudWatchLogs "cloudwatch-logs" "cloudwatch-logs" ASYNC, Datasource;
    /// IoT asks whether a device may connect
    IotAuthorizer "iot-authorizer" "iot" SYNC, Other;
    /// IoT button
    IotButton "iot-button" "iot" ASYNC, Pubsub;
    /// SES receipt
    Ses "ses" "ses" ASYNC, Pubsub;
    /// CloudFormation custom resource
    CloudFormation "cloudformation" "cloudformation" ASYNC, Other;
    /// CodeCommit
    CodeCommit "codecommit" "codecommit" ASYNC, Other;
    /// CodePipeline
    CodePipeline "codepipeline" "codepipeline" ASYNC, Other;
    /// Config rule
    Config "config" "config" ASYNC, Datasource;
    /// SQS
    Sqs "sqs" "sqs" POLL, Pubsub;
    /// Kinesis
    Kinesis "kinesis" "kinesis" POLL, Datasource;
    /// DynamoDB stream
    DynamoDb "dynamodb" "dynamodb" POLL, Datasource;
    /// Kafka, of MSK or self-managed
    Kafka "kafka" "kafka" POLL, Pubsub;
    /// Amazon MQ, ActiveMQ
    ActiveMq "activemq" "mq" POLL, Pubsub;
    /// Amazon MQ, RabbitMQ
    RabbitMq "rabbitmq" "mq" POLL, Pubsub;
    /// DocumentDB change stream
    DocumentDb "documentdb" "documentdb" POLL, Datasource;
    /// Anything else: a direct call, an IoT rule, Step Functions or Scheduler with a payload of their own
    Custom "custom" "custom" None, Other;
}
