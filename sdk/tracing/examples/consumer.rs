//! A function that is given messages, of SQS, SNS or EventBridge: it counts them, and the library tells who sent them.
//!
//! ```sh
//! cargo build --release -p coldlight-tracing --example consumer
//! coldlight local --handler target/release/examples/consumer --queue messages.jsonl --extension coldlight
//! ```

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tracing::instrument]
async fn store(message: &str) -> usize {
    message.len()
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let records = event.payload["Records"].as_array().cloned().unwrap_or_else(|| vec![event.payload.clone()]);
    for record in &records {
        store(&record.to_string()).await;
    }
    Ok(json!({ "received": records.len(), "batchItemFailures": [] }))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let telemetry = coldlight::init();
    coldlight::lambda::run(&telemetry, service_fn(handler)).await
}
