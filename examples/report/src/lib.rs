//! When a schedule says so, the day's orders are added up and a report is put on S3.

use std::sync::Arc;

use example_aws::Aws;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

/// Serves invocations until Lambda ends the process.
pub async fn run() -> Result<(), Error> {
    let telemetry = coldlight::init();
    let aws = Arc::new(Aws::from_env());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let aws = Arc::clone(&aws);
        async move { report(&aws, &event.payload).await }
    });
    coldlight::lambda::run(&telemetry, handler).await
}

async fn report(aws: &Aws, event: &Value) -> Result<Value, Error> {
    let day = event["time"].as_str().and_then(|time| time.get(..10)).ok_or("the event has no time")?;
    let query = json!({
        "IndexName": "by-day", "KeyConditionExpression": "#day = :day",
        "ExpressionAttributeNames": { "#day": "day" }, "ExpressionAttributeValues": { ":day": { "S": day } },
    });
    let orders = aws.dynamodb("Query", "orders", query).await?;
    let (count, cents) = sum(&orders["Items"]);
    let key = format!("orders/{day}.csv");
    let csv = format!("day,orders,cents\n{day},{count},{cents}\n");
    aws.put_object("reports", &key, "text/csv", csv.into()).await?;
    Ok(json!({ "key": key, "orders": count, "cents": cents }))
}

/// How many there are, and what they come to.
#[tracing::instrument(name = "add up", skip_all)]
fn sum(items: &Value) -> (usize, u64) {
    let cents = |item: &Value| item["cents"]["N"].as_str().and_then(|number| number.parse().ok()).unwrap_or(0);
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    (items.len(), items.iter().map(cents).fold(0, u64::saturating_add))
}
