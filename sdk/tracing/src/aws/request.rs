//! Looking into a request for the name of what it is about: the address, and the outer members of a body.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde_json::Value;
use serde_json::de::SliceRead;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// A request as it is about to be signed.
pub(super) struct Request<'a> {
    pub(super) uri: &'a str,
    /// `None` for streams.
    pub(super) body: Option<&'a [u8]>,
    /// Of a function.
    pub(super) invocation_type: Option<&'a str>,
}

/// The SDK writes names before contents: they stand within the first kilobytes, and more is not read.
const LOOKED_AT: usize = 16 * 1024;

/// The members that name something.
const NAMES: [&str; 12] = [
    "EventBusName",
    "FunctionName",
    "IndexName",
    "QueueUrl",
    "SecretId",
    "StreamARN",
    "StreamName",
    "TableName",
    "TargetArn",
    "TopicArn",
    "activityArn",
    "stateMachineArn",
];

/// What a body names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) texts: HashMap<&'static str, String>,
    /// The tables of a batch.
    pub(super) tables: Vec<String>,
    /// The bus of the first of several events.
    pub(super) bus: Option<String>,
}

impl Named {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

impl Request<'_> {
    pub(super) fn named(&self) -> Named {
        let mut named = Named::default();
        let body = self.body.unwrap_or_default();
        let body = &body[..body.len().min(LOOKED_AT)];
        if body.first() == Some(&b'{') {
            // Cut off in the middle is no error: what was read until then counts.
            let mut deserializer = serde_json::Deserializer::new(SliceRead::new(body));
            let _ = Members(&mut named).deserialize(&mut deserializer);
        } else {
            form(body, &mut named);
        }
        named
    }

    /// Host and port.
    pub(super) fn authority(&self) -> Option<&str> {
        let rest = self.uri.split_once("://")?.1;
        rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())
    }

    /// The parts of the path, decoded.
    pub(super) fn path(&self) -> Vec<String> {
        let rest =
            self.uri.split_once("://").map_or(self.uri, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        let path = rest.split('?').next().unwrap_or_default();
        path.trim_start_matches('/').split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }
}

/// `Action=Publish&TopicArn=arn%3Aaws…`
fn form(body: &[u8], named: &mut Named) {
    for pair in body.split(|byte| *byte == b'&') {
        let Some((name, value)) = std::str::from_utf8(pair).ok().and_then(|pair| pair.split_once('=')) else {
            continue;
        };
        if let Some(name) = NAMES.into_iter().find(|known| *known == name) {
            named.texts.insert(name, decoded(&value.replace('+', " ")));
        }
    }
}

fn decoded(text: &str) -> String {
    crate::settings::unescaped(text)
}

/// The outer members of a request's JSON.
struct Members<'a>(&'a mut Named);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if let Some(name) = NAMES.into_iter().find(|known| *known == name) {
                if let Value::String(text) = members.next_value()? {
                    self.0.texts.insert(name, text);
                }
            } else if name == "RequestItems" {
                members.next_value_seed(Tables(&mut self.0.tables))?;
            } else if name == "Entries" {
                let entries: Vec<Value> = members.next_value()?;
                self.0.bus = entries.first().and_then(|entry| entry.get("EventBusName")?.as_str()).map(str::to_owned);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The names of an object's members.
struct Tables<'a>(&'a mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Tables<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tables<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.0.push(name);
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}
