//! What answers in place of AWS, inside the process: sound answers, after about as long as AWS takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::picture::Picture;

/// A frame of silence, 26 ms long: MPEG 1 Layer III, 128 kbit/s, 44.1 kHz.
const FRAME: usize = 417;
/// How long a character is spoken, and how long the stand-in needs to say it.
const SPOKEN_MS: usize = 60;
const SPEAKING: Duration = Duration::from_millis(2);

#[derive(Clone)]
pub struct StandIn {
    /// Every so manieth call of DynamoDB is refused; 0: none is.
    throttles: u64,
    calls: Arc<AtomicU64>,
}

impl StandIn {
    /// `STAND_IN_THROTTLES=40` refuses every fortieth call of DynamoDB, as a table with too little capacity does.
    pub fn from_env() -> Self {
        let throttles = std::env::var("STAND_IN_THROTTLES").ok().and_then(|text| text.parse().ok());
        Self { throttles: throttles.unwrap_or(0), calls: Arc::default() }
    }

    /// Status and body.
    pub async fn answer(&self, service: &str, operation: &str, path: &str, body: &Bytes) -> (u16, Bytes) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = asked["Text"].as_str().unwrap_or_default();
        let usual = match (service, operation) {
            ("DynamoDB", "Query") => Duration::from_millis(24),
            ("DynamoDB", _) => Duration::from_millis(5),
            ("SQS", _) => Duration::from_millis(9),
            ("S3", _) => Duration::from_millis(28),
            _ => Duration::from_millis(60) + SPEAKING * u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
        };
        // Calls differ: some take three quarters of the usual time, some one and a half times as long.
        let share = u32::try_from(number * 37 % 76).unwrap_or(0) + 75;
        tokio::time::sleep(usual * share / 100).await;
        match (service, operation) {
            ("DynamoDB", _) if self.throttles > 0 && number.is_multiple_of(self.throttles) => {
                let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
                let message = "The level of configured provisioned throughput for the table was exceeded.";
                (400, json!({ "__type": kind, "message": message }).to_string().into())
            }
            ("DynamoDB", "GetItem") => {
                let mut item = asked["Key"].clone();
                item["count"] = json!({ "N": (number * 13 % 90).to_string() });
                (200, json!({ "Item": item }).to_string().into())
            }
            ("DynamoDB", "Query") => {
                let orders = (1..=20).map(|at| json!({ "cents": { "N": (990 + at * 125).to_string() } }));
                let orders: Vec<Value> = orders.collect();
                (200, json!({ "Count": orders.len(), "Items": orders }).to_string().into())
            }
            ("DynamoDB", _) => (200, Bytes::from_static(b"{}")),
            ("SQS", _) => {
                let sent = asked["Entries"].as_array().into_iter().flatten();
                let sent: Vec<Value> =
                    sent.map(|entry| json!({ "Id": entry["Id"], "MessageId": entry["Id"] })).collect();
                (200, json!({ "Successful": sent, "Failed": [] }).to_string().into())
            }
            ("S3", "GetObject") => {
                let (width, height) = size(path).unwrap_or((640, 480));
                (200, Picture::sample(width, height))
            }
            ("Polly", _) => {
                let frames = text.chars().count() * SPOKEN_MS / 26 + 1;
                let mut speech = Vec::with_capacity(frames * FRAME);
                for _ in 0..frames {
                    speech.extend_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
                    speech.resize(speech.len() + FRAME - 4, 0);
                }
                (200, speech.into())
            }
            _ => (200, Bytes::new()),
        }
    }
}

/// `…-640x480.ppm`
fn size(path: &str) -> Option<(usize, usize)> {
    let name = path.rsplit('/').next()?.strip_suffix(".ppm")?;
    let (width, height) = name.rsplit('-').next()?.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?)).filter(|(width, height)| *width > 0 && *height > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand_in(throttles: u64) -> StandIn {
        StandIn { throttles, calls: Arc::default() }
    }

    #[tokio::test]
    async fn a_picture_has_the_size_its_name_says() {
        let (status, file) = stand_in(0).answer("S3", "GetObject", "/photos/harbour-32x20.ppm", &Bytes::new()).await;
        let picture = Picture::read(&file).unwrap();
        assert_eq!((status, picture.width, picture.height), (200, 32, 20));
    }

    #[tokio::test]
    async fn a_table_with_too_little_capacity_refuses_some_calls() {
        let stand_in = stand_in(3);
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(stand_in.answer("DynamoDB", "PutItem", "/", &Bytes::from_static(b"{}")).await.0);
        }
        assert_eq!(statuses, [200, 200, 400, 200, 200, 400]);
    }

    #[tokio::test]
    async fn speech_is_as_long_as_its_text() {
        let text = json!({ "Text": "a".repeat(100) }).to_string();
        let (_, speech) = stand_in(0).answer("Polly", "SynthesizeSpeech", "/v1/speech", &text.into()).await;
        assert_eq!(speech.len() / FRAME, 100 * SPOKEN_MS / 26 + 1);
    }
}
