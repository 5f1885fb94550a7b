//! A notification of S3 that an object was created.

use serde_json::{Value, json};

use crate::clock;
use crate::function::Function;

/// The event of one object. `key` is the object's own, not written as in a query.
pub fn created(function: &Function, bucket: &str, key: &str, size: u64) -> Value {
    // S3 writes keys as HTML forms do.
    let written = key.replace('%', "%25").replace('+', "%2B").replace(' ', "+");
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": function.region,
        "eventTime": clock::format(clock::now(), "%Y-%m-%dT%H:%M:%S.000Z"), "eventName": "ObjectCreated:Put",
        "userIdentity": { "principalId": "AWS:AIDALOCAL" }, "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": function.name,
            "bucket": { "name": bucket, "ownerIdentity": { "principalId": "AIDALOCAL" }, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": written, "size": size },
        },
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_recognised_as_what_it_is() {
        let event = created(&Function::new("thumbnail", vec![]), "photos", "summer 2026/a+b.jpg", 7);
        let explained = serde_json::to_value(coldlight_triggers::explain(&event)).unwrap();
        assert_eq!((&explained["source"], &explained["faas_trigger"]), (&json!("s3"), &json!("datasource")));
        assert_eq!(event["Records"][0]["s3"]["object"]["key"], "summer+2026/a%2Bb.jpg");
    }
}
