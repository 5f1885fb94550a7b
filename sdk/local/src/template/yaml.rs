//! YAML with CloudFormation's short tags, as JSON, and the intrinsic functions that a template alone can answer.

use std::cell::Cell;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Deeper templates are not read.
const DEEPEST: usize = 64;

/// The first document; `!Ref x` has become `{"Ref": "x"}`, `!Sub x` `{"Fn::Sub": "x"}`, and so on. JSON is YAML too.
pub fn document(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|why| why.to_string())?;
    let first = documents.first().ok_or("it is empty")?;
    json_of(first, 0)
}

fn json_of(node: &Yaml<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("it is nested deeper than {DEEPEST} levels"));
    }
    Ok(match node {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::FloatingPoint(value) => json!(value.into_inner()),
            Scalar::String(value) => json!(value),
        },
        Yaml::Representation(text, ..) => json!(text),
        Yaml::Sequence(items) => items.iter().map(|item| json_of(item, depth + 1)).collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = match json_of(key, depth + 1)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                map.insert(key, json_of(value, depth + 1)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tag, inner) => {
            let inner = json_of(inner, depth + 1)?;
            match tag.suffix.as_str() {
                "Ref" | "Condition" => json!({ tag.suffix.as_str(): inner }),
                other => json!({ format!("Fn::{other}"): inner }),
            }
        }
        Yaml::Alias(_) | Yaml::BadValue => return Err("it has an alias or a value that cannot be read".to_owned()),
    })
}

/// `document` with its intrinsic functions replaced by what they come to.
pub fn resolve(document: &Value, region: &str, account: &str) -> Value {
    Resolver { document, region, account, depth: Cell::new(0) }.value(document)
}

struct Resolver<'a> {
    document: &'a Value,
    region: &'a str,
    account: &'a str,
    /// How many references are being followed, one from another.
    depth: Cell<usize>,
}

impl Resolver<'_> {
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => {
                let only = map.iter().next().filter(|_| map.len() == 1);
                if let Some(known) = only.and_then(|(name, argument)| self.intrinsic(name, argument)) {
                    return known;
                }
                Value::Object(map.iter().map(|(name, inner)| (name.clone(), self.value(inner))).collect())
            }
            other => other.clone(),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value) -> Option<Value> {
        match name {
            "Ref" => Some(self.reference(argument.as_str()?)),
            "Fn::GetAtt" => {
                let (of, attribute) = match argument {
                    Value::Array(pair) => (pair.first()?.as_str()?, pair.get(1)?.as_str()?),
                    text => text.as_str()?.split_once('.')?,
                };
                Some(json!(self.attribute(of, attribute)))
            }
            "Fn::Sub" => match argument {
                Value::Array(pair) => Some(json!(self.substitute(pair.first()?.as_str()?, &pair[1]))),
                text => Some(json!(self.substitute(text.as_str()?, &Value::Null))),
            },
            "Fn::Join" => {
                let between = argument[0].as_str()?;
                let pieces = argument[1].as_array()?.iter().map(|piece| text(&self.value(piece)));
                Some(json!(pieces.collect::<Vec<_>>().join(between)))
            }
            "Fn::If" => Some(self.value(argument.get(1)?)),
            _ => None,
        }
    }

    /// A parameter's default, a pseudo parameter, else the physical name of a resource, which is its given or logical one.
    fn reference(&self, name: &str) -> Value {
        match name {
            "AWS::Region" => json!(self.region),
            "AWS::AccountId" => json!(self.account),
            "AWS::Partition" => json!("aws"),
            "AWS::URLSuffix" => json!("amazonaws.com"),
            "AWS::StackName" => json!("local"),
            "AWS::NoValue" => Value::Null,
            _ => match &self.document["Parameters"][name] {
                Value::Null => json!(self.physical(name)),
                parameter => parameter["Default"].clone(),
            },
        }
    }

    fn physical(&self, logical: &str) -> String {
        let resource = &self.document["Resources"][logical];
        let named = ["QueueName", "FunctionName", "TableName", "BucketName", "TopicName"];
        let given = named.iter().map(|name| &resource["Properties"][*name]).find(|name| !name.is_null());
        // A name that refers to itself would have no end.
        let Some(given) = given.filter(|_| self.depth.get() < DEEPEST) else { return logical.to_owned() };
        self.depth.set(self.depth.get() + 1);
        let name = text(&self.value(given));
        self.depth.set(self.depth.get() - 1);
        name
    }

    fn attribute(&self, logical: &str, attribute: &str) -> String {
        let name = self.physical(logical);
        if attribute != "Arn" {
            return name;
        }
        let (region, account) = (self.region, self.account);
        match self.document["Resources"][logical]["Type"].as_str().unwrap_or_default() {
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{region}:{account}:{name}"),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                format!("arn:aws:lambda:{region}:{account}:function:{name}")
            }
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::DynamoDB::Table" => format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
            other => {
                let service = other.split("::").nth(1).unwrap_or("local").to_ascii_lowercase();
                format!("arn:aws:{service}:{region}:{account}:{name}")
            }
        }
    }

    /// `${Name}`, `${Name.Arn}`, `${!Literal}`.
    fn substitute(&self, pattern: &str, given: &Value) -> String {
        let mut whole = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            whole.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                whole.push_str("${");
                rest = after;
                continue;
            };
            match (name.strip_prefix('!'), given.get(name), name.split_once('.')) {
                (Some(literal), ..) => whole.push_str(&format!("${{{literal}}}")),
                (_, Some(value), _) => whole.push_str(&text(&self.value(value))),
                (_, _, Some((of, attribute))) => whole.push_str(&self.attribute(of, attribute)),
                _ => whole.push_str(&text(&self.reference(name))),
            }
            rest = tail;
        }
        whole + rest
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_functions_and_functions_become_values() {
        let text = "
Parameters: { Stage: { Default: prod } }
Resources:
  Q: { Type: AWS::SQS::Queue }
  X:
    a: !Ref Stage
    b: !Sub 'n-${Stage}-${AWS::Region}-${!x}-${Q.Arn}'
    c: !GetAtt Q.Arn
    d: !Join ['-', [a, !Ref Stage]]
    e: { 'Fn::Sub': ['${One}', { One: !Ref Stage }] }
    f: !If [Cond, yes, no]
    g: 0777
";
        let all = resolve(&document(text).unwrap(), "eu-west-1", "1");
        let x = &all["Resources"]["X"];
        assert_eq!(x["a"], "prod");
        assert_eq!(x["b"], "n-prod-eu-west-1-${x}-arn:aws:sqs:eu-west-1:1:Q");
        assert_eq!(x["c"], "arn:aws:sqs:eu-west-1:1:Q");
        assert_eq!((&x["d"], &x["e"], &x["f"]), (&json!("a-prod"), &json!("prod"), &json!("yes")));
    }

    #[test]
    fn a_name_that_refers_to_itself_has_an_end() {
        let text = "Resources: { Q: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Q } } }";
        let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(document(&deep).is_err());
        assert_eq!(resolve(&document(text).unwrap(), "r", "a")["Resources"]["Q"]["Properties"]["QueueName"], "Q");
    }
}
