//! What is known about a function before it runs: its command, its limits, its surroundings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::LocalError;

/// One function. Everything Lambda's own configuration has that changes how it runs here.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    pub name: String,
    /// `_HANDLER`: what the runtime is to call, such as `app.handler`.
    pub handler: String,
    /// The runtime's program and its arguments.
    pub command: Vec<String>,
    /// Where it runs: `LAMBDA_TASK_ROOT`.
    pub folder: PathBuf,
    /// `provided.al2023`, `python3.13`, …: becomes `AWS_EXECUTION_ENV`.
    pub runtime: String,
    pub architecture: Architecture,
    /// 128 to 10,240.
    pub memory_mb: u32,
    /// Up to 900 s.
    pub timeout: Duration,
    /// The user's own variables.
    pub variables: BTreeMap<String, String>,
    /// External extensions: executables as Lambda finds them in `/opt/extensions`.
    pub extensions: Vec<PathBuf>,
    pub tracing: Tracing,
    pub log_format: LogFormat,
    pub region: String,
    /// 12 digits.
    pub account: String,
    /// The most environments at once; each serves one invocation at a time.
    pub concurrency: usize,
    /// Environments made before the first invocation: provisioned concurrency.
    pub provisioned: usize,
    /// An environment that served nothing for this long is retired.
    pub idle: Duration,
    /// Where the extension sends what it gathers, as an OTLP/HTTP endpoint. `None` leaves its settings alone.
    pub collector: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Arm64,
}

impl Architecture {
    /// This machine's.
    pub fn here() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 }
    }
}

/// Whether Lambda makes a segment of its own and samples (`Active`), or only hands on what the caller sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    Active,
    PassThrough,
}

/// How the platform's lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Function {
    /// A function that runs `command`, with Lambda's defaults: 128 MB, 3 s.
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            handler: "bootstrap".to_owned(),
            command,
            folder: PathBuf::from("."),
            runtime: "provided.al2023".to_owned(),
            architecture: Architecture::here(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            variables: BTreeMap::new(),
            extensions: Vec::new(),
            tracing: Tracing::Active,
            log_format: LogFormat::Text,
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            concurrency: 10,
            provisioned: 0,
            idle: Duration::from_secs(300),
            collector: None,
        }
    }

    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.name)
    }

    /// Refuses what Lambda would refuse, naming the setting and what it may be.
    pub fn verify(&self) -> Result<(), LocalError> {
        let wrong = |what: String| Err(LocalError::WrongUse(format!("function {}: {what}", self.name)));
        let named = !self.name.is_empty() && self.name.len() <= 64;
        if !named || !self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return wrong("a name has up to 64 letters, digits, hyphens and underscores".to_owned());
        }
        if self.command.is_empty() {
            return wrong("it has no command; give one with --handler".to_owned());
        }
        if !(128..=10_240).contains(&self.memory_mb) {
            return wrong(format!("memory is 128 to 10240 MB, not {}", self.memory_mb));
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(900) {
            return wrong(format!("a timeout is up to 900 s and more than none, not {:?}", self.timeout));
        }
        if self.concurrency == 0 || self.concurrency > 1_000 || self.provisioned > self.concurrency {
            return wrong("concurrency is 1 to 1000, and no more environments than that are provisioned".to_owned());
        }
        if self.extensions.len() > 10 {
            return wrong(format!("Lambda starts at most 10 extensions, here are {}", self.extensions.len()));
        }
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong(format!("an account is 12 digits, not “{}”", self.account));
        }
        match self.extensions.iter().find(|path| !path.is_file()) {
            Some(missing) => wrong(format!("{} is no file; extensions are executables", missing.display())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lambda_would_refuse_is_refused() {
        let sound = Function::new("f", vec!["true".to_owned()]);
        sound.verify().unwrap();
        for (wrong, says) in [
            (Function { name: "a b".to_owned(), ..sound.clone() }, "hyphens"),
            (Function { memory_mb: 64, ..sound.clone() }, "128 to 10240"),
            (Function { timeout: Duration::from_secs(901), ..sound.clone() }, "900"),
            (Function { concurrency: 0, ..sound.clone() }, "1 to 1000"),
            (Function { command: vec![], ..sound.clone() }, "--handler"),
            (Function { account: "1".to_owned(), ..sound.clone() }, "12 digits"),
            (Function { extensions: vec!["/nowhere".into()], ..sound.clone() }, "/nowhere"),
        ] {
            let message = wrong.verify().unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        }
    }
}
