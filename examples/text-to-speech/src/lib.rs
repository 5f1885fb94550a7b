//! A text comes in over API Gateway, Polly reads it aloud, and the mp3 is kept on S3.

use std::sync::Arc;

use example_aws::{Aws, AwsError};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

const BUCKET: &str = "speeches";
/// As much as Polly reads at once.
const LONGEST: usize = 3_000;

/// Serves invocations until Lambda ends the process.
pub async fn run() -> Result<(), Error> {
    let telemetry = coldlight::init();
    let aws = Arc::new(Aws::from_env());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let aws = Arc::clone(&aws);
        async move { Ok::<_, Error>(answer(&aws, &event).await) }
    });
    coldlight::lambda::run(&telemetry, handler).await
}

async fn answer(aws: &Aws, event: &LambdaEvent<Value>) -> Value {
    let body: Value = serde_json::from_str(event.payload["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let text = body["text"].as_str().unwrap_or_default();
    let (status, body) = match text.chars().count() {
        0 => (400, json!({ "message": "there is nothing to read; write {\"text\": …}" })),
        1..=LONGEST => match speak(aws, &event.context.request_id, text).await {
            Ok(key) => (201, json!({ "bucket": BUCKET, "key": key })),
            Err(why) => (503, json!({ "message": why.to_string() })),
        },
        count => (413, json!({ "message": format!("{count} characters; {LONGEST} are read at once") })),
    };
    json!({ "statusCode": status, "headers": { "content-type": "application/json" }, "body": body.to_string() })
}

/// Answers the object's key.
#[tracing::instrument(skip_all)]
async fn speak(aws: &Aws, id: &str, text: &str) -> Result<String, AwsError> {
    let speech = aws.speech(text).await?;
    let key = format!("{id}.mp3");
    aws.put_object(BUCKET, &key, "audio/mpeg", speech).await?;
    Ok(key)
}
