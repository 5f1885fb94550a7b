//! The members of a quote's input: numbers as JSON numbers or as decimal text, never through a float's rounding.

use std::cell::RefCell;
use std::collections::BTreeSet;

use coldlight_model::money::{Architecture, Date, parse_decimal};
use serde_json::{Map, Value};

/// What is missing or cannot be understood, by the name of its member.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InputError {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} {value} {problem}")]
    Wrong { name: String, value: String, problem: String },
}

/// An input as it was given. Remembers what was looked at, so that what was not can be told.
pub struct Input<'a> {
    members: &'a Map<String, Value>,
    looked_at: RefCell<BTreeSet<String>>,
}

impl<'a> Input<'a> {
    pub fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, looked_at: RefCell::default() }
    }

    /// Members that nothing here depends on.
    pub fn ignored(&self) -> Vec<&'a str> {
        let looked_at = self.looked_at.borrow();
        self.members.keys().map(String::as_str).filter(|name| !looked_at.contains(*name)).collect()
    }

    /// `None` when absent or null.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.looked_at.borrow_mut().insert(name.to_owned());
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.get(name)
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, other, "is not text")),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(wrong(name, other, "is not true or false")),
        }
    }

    /// A number × 10^`places`; finer digits are refused.
    pub fn scaled(&self, name: &str, places: u32) -> Result<Option<u64>, InputError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        scaled(value, places).map(Some).map_err(|problem| wrong(name, value, &problem))
    }

    pub fn whole(&self, name: &str) -> Result<Option<u64>, InputError> {
        self.scaled(name, 0)
    }

    pub fn needed(&self, name: &'static str) -> Result<u64, InputError> {
        self.whole(name)?.ok_or(InputError::Missing(name))
    }

    /// As [`Input::whole`], where memory and storage sizes are 32 bits.
    pub fn megabytes(&self, name: &'static str) -> Result<Option<u32>, InputError> {
        let Some(size) = self.whole(name)? else { return Ok(None) };
        u32::try_from(size).map(Some).map_err(|_| InputError::Wrong {
            name: name.to_owned(),
            value: size.to_string(),
            problem: "is too large".to_owned(),
        })
    }

    pub fn region(&self) -> Result<&'a str, InputError> {
        Ok(self.text("region")?.unwrap_or("us-east-1"))
    }

    pub fn architecture(&self) -> Result<Architecture, InputError> {
        let Some(name) = self.text("architecture")? else { return Ok(Architecture::default()) };
        Architecture::from_name(name).ok_or_else(|| InputError::Wrong {
            name: "architecture".to_owned(),
            value: format!("“{name}”"),
            problem: "is not one of x86_64 and arm64".to_owned(),
        })
    }

    pub fn date(&self, today: Date) -> Result<Date, InputError> {
        let Some(text) = self.text("date")? else { return Ok(today) };
        text.parse().map_err(|error| InputError::Wrong {
            name: "date".to_owned(),
            value: format!("“{text}”"),
            problem: format!("{error}"),
        })
    }
}

pub fn scaled(value: &Value, places: u32) -> Result<u64, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err("is not a number".to_owned()),
    };
    let scaled = parse_decimal(&text, places).map_err(|error| error.to_string())?;
    u64::try_from(scaled).map_err(|_| if scaled < 0 { "is negative" } else { "is too large" }.to_owned())
}

fn wrong(name: &str, value: &Value, problem: &str) -> InputError {
    InputError::Wrong { name: name.to_owned(), value: value.to_string(), problem: problem.to_owned() }
}
