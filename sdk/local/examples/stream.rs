//! A function for the tests that streams its answer, with a status and a header of its own.

use lambda_runtime::streaming::{Response, channel};
use lambda_runtime::{Error, LambdaEvent, MetadataPrelude, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(_: LambdaEvent<Value>) -> Result<Response<lambda_runtime::streaming::Body>, Error> {
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        for piece in ["one ", "two ", "three"] {
            if sender.send_data(piece.into()).await.is_err() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    let headers = [("x-order".parse()?, "7".parse()?)].into_iter().collect();
    let metadata_prelude = MetadataPrelude { status_code: 201.try_into()?, headers, cookies: vec![] };
    Ok(Response { metadata_prelude, stream: body })
}
