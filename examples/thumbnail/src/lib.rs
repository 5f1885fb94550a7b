//! A picture came to a bucket: a small copy of it goes to another one.

use std::sync::Arc;

use example_aws::{Aws, Picture};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

/// Of the copy, in pixels.
const WIDEST: usize = 160;

/// Serves invocations until Lambda ends the process.
pub async fn run() -> Result<(), Error> {
    let telemetry = coldlight::init();
    let aws = Arc::new(Aws::from_env());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let aws = Arc::clone(&aws);
        async move { copies(&aws, &event.payload).await }
    });
    coldlight::lambda::run(&telemetry, handler).await
}

/// S3 sends one record an event, and may send more.
async fn copies(aws: &Aws, event: &Value) -> Result<Value, Error> {
    let mut made = Vec::new();
    for record in event["Records"].as_array().into_iter().flatten() {
        let bucket = record["s3"]["bucket"]["name"].as_str().ok_or("the record names no bucket")?;
        // Keys are written as in a query: `summer+2026/harbour.ppm`.
        let key = record["s3"]["object"]["key"].as_str().ok_or("the record names no object")?.replace('+', " ");
        let file = aws.get_object(bucket, &key).await?;
        let small = shrink(&file).ok_or_else(|| format!("{key} is no picture"))?;
        let copies = format!("{bucket}-thumbnails");
        aws.put_object(&copies, &key, "image/x-portable-pixmap", small.write()).await?;
        made.push(json!({ "key": key, "width": small.width, "height": small.height }));
    }
    Ok(json!({ "made": made }))
}

/// The whole picture is in memory twice: as it came, and as pixels.
#[tracing::instrument(skip_all, fields(app.picture.bytes = file.len()))]
fn shrink(file: &[u8]) -> Option<Picture> {
    Picture::read(file).map(|picture| picture.shrunk(WIDEST))
}
