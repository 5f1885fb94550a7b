//! Packs parcels that wait in a queue: a batch at a time, and what cannot be packed comes back alone.

use std::sync::Arc;
use std::time::Duration;

use example_aws::Aws;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// To print a label and to close a box.
const PACKING: Duration = Duration::from_millis(35);

/// Serves invocations until Lambda ends the process.
pub async fn run() -> Result<(), Error> {
    let telemetry = coldlight::init();
    let aws = Arc::new(Aws::from_env());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let aws = Arc::clone(&aws);
        async move { Ok::<_, Error>(batch(&aws, &event.payload).await) }
    });
    coldlight::lambda::run(&telemetry, handler).await
}

/// Names the messages that failed, as the event source mapping's `ReportBatchItemFailures` asks for; the others are done.
async fn batch(aws: &Aws, event: &Value) -> Value {
    let mut failures = Vec::new();
    for message in event["Records"].as_array().into_iter().flatten() {
        if pack(aws, message).await.is_err() {
            failures.push(json!({ "itemIdentifier": message["messageId"] }));
        }
    }
    json!({ "batchItemFailures": failures })
}

#[derive(Deserialize)]
struct Parcel {
    order: String,
    sku: String,
    count: u64,
}

#[tracing::instrument(name = "pack", skip_all, err, fields(messaging.message.id = message["messageId"].as_str()))]
async fn pack(aws: &Aws, message: &Value) -> Result<(), Error> {
    let parcel: Parcel = serde_json::from_str(message["body"].as_str().unwrap_or_default())?;
    if parcel.count > 100 {
        return Err(format!("no box holds {} of {}", parcel.count, parcel.sku).into());
    }
    tokio::time::sleep(PACKING).await;
    let key = json!({ "id": { "S": parcel.order }, "sku": { "S": parcel.sku } });
    let packed = json!({ ":packed": { "BOOL": true } });
    let update = json!({
        "Key": key, "UpdateExpression": "SET packed = :packed", "ExpressionAttributeValues": packed,
    });
    aws.dynamodb("UpdateItem", "parcels", update).await?;
    Ok(())
}
