//! A function for the tests, on AWS's own runtime for Rust: it does what its event asks for.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("FAIL_INIT").is_some() {
        std::process::exit(3);
    }
    if let Ok(ms) = std::env::var("SLOW_INIT_MS") {
        tokio::time::sleep(std::time::Duration::from_millis(ms.parse()?)).await;
    }
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (asked, context) = event.into_parts();
    let number = |name: &str| asked[name].as_u64().unwrap_or(0);
    let mut held = Vec::new();
    match asked["do"].as_str() {
        Some("sleep") => tokio::time::sleep(std::time::Duration::from_millis(number("ms"))).await,
        Some("exit") => std::process::exit(7),
        Some("fail") => return Err("this order cannot be fulfilled".into()),
        Some("hold") => {
            for _ in 0..number("mb") {
                held.push(vec![1u8; 1 << 20]);
                tokio::time::sleep(std::time::Duration::from_micros(200)).await;
            }
        }
        Some("log") => println!("a line of {}", asked["word"].as_str().unwrap_or("nothing")),
        // A queue's batch: the messages that say so fail.
        _ if asked["Records"].is_array() => {
            let failed = asked["Records"].as_array().into_iter().flatten().filter(|record| record["body"] == "bad");
            let failures: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
            let orders = asked["Records"].as_array().into_iter().flatten();
            let orders =
                orders.map(|record| json!({ "group": record["attributes"]["MessageGroupId"], "body": record["body"] }));
            return Ok(json!({ "batchItemFailures": failures, "orders": orders.collect::<Vec<_>>() }));
        }
        _ => {}
    }
    Ok(json!({
        "held": held.len(), "request": context.request_id, "deadline": context.deadline, "trace": context.xray_trace_id,
        "arn": context.invoked_function_arn, "memory": context.env_config.memory, "tmp": std::env::temp_dir(),
        "got": asked,
    }))
}
