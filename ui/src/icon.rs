//! Icons by the kind of a node. The drawings are symbols in `templates/parts/icons.html`.

use coldlight_model::{NodeKind, Outcome};

/// The id of the kind's symbol, without the leading `i-`.
pub fn of_kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Service => "service",
        NodeKind::Lambda => "lambda",
        NodeKind::Ecs => "box",
        NodeKind::Eks => "pods",
        NodeKind::Ec2 => "host",
        NodeKind::Client => "person",
        NodeKind::ApiGateway | NodeKind::FunctionUrl => "gate",
        NodeKind::Alb => "split",
        NodeKind::Sqs | NodeKind::Messaging => "queue",
        NodeKind::Sns | NodeKind::EventBridge => "topic",
        NodeKind::Scheduler => "clock",
        NodeKind::Kinesis => "stream",
        NodeKind::DynamoDb | NodeKind::Database => "db",
        NodeKind::S3 => "bucket",
        NodeKind::StepFunctions => "steps",
        NodeKind::Cache => "bolt",
        NodeKind::Aws => "cloud",
        NodeKind::External => "globe",
    }
}

/// The glyph of an outcome: shape and word say it, colour only repeats it.
pub fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::Throttle => "throttle",
        Outcome::Fault => "fault",
    }
}
