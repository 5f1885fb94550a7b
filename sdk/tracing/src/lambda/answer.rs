//! What a handler's answer says about the invocation: the status of a response, the failed items of a batch.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The members that are asked for; a body is skipped, not kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    #[serde(rename = "statusCode", deserialize_with = "status")]
    pub(super) status: Option<u16>,
    #[serde(rename = "batchItemFailures", deserialize_with = "count")]
    pub(super) failures: Option<usize>,
}

impl Answer {
    /// Of any JSON; what is no object says nothing.
    pub(super) fn of(json: &RawValue) -> Self {
        serde_json::from_str(json.get()).unwrap_or_default()
    }
}

/// Some frameworks write the number as text.
fn status<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    Ok(number.and_then(|number| u16::try_from(number).ok()).filter(|status| (100..600).contains(status)))
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    Ok(Option::<Vec<IgnoredAny>>::deserialize(deserializer)?.map(|items| items.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(answer: serde_json::Value, status: Option<u16>, failures: Option<usize>) {
        let found = Answer::of(&serde_json::value::to_raw_value(&answer).unwrap());
        assert_eq!((found.status, found.failures), (status, failures));
    }

    #[test]
    fn an_answer_tells_its_status_and_its_failures() {
        check(json!({"statusCode": 502, "headers": {}, "body": "x"}), Some(502), None);
        check(json!({"statusCode": "404"}), Some(404), None);
        check(json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}), None, Some(2));
        check(json!({"statusCode": {"odd": 1}}), None, None);
        check(json!([1, 2]), None, None);
        check(json!(null), None, None);
        check(json!({"statusCode": 99}), None, None);
    }
}
