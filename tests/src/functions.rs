//! Functions under a local Lambda, for the stories: which programs, with which extension, sending where.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldlight_local::{Complete, Fleet, Function, LocalError, Request, line};
use serde_json::Value;

use crate::tools;

/// The extension cargo built beside this program.
pub fn extension() -> PathBuf {
    built("coldlight-extension")
}

/// `examples/spans.rs` of the extension: sends spans, and notes in the file `LEDGER` which were acknowledged.
pub fn sender_of_spans() -> PathBuf {
    built("examples/spans")
}

/// `examples/consumer.rs` of our SDK for Rust: takes messages.
pub fn consumer() -> PathBuf {
    built("examples/consumer")
}

/// `examples/measure.rs` of our SDK for Rust: a function, plain or traced as `COLDLIGHT_TEST_FUNCTION` says.
pub fn measured() -> PathBuf {
    built("examples/measure")
}

fn built(name: &str) -> PathBuf {
    let program = tools::target().join("release").join(name);
    let how = "cargo build --release --workspace --bins --examples";
    assert!(program.is_file(), "{} is not there: build it with `{how}`", program.display());
    program
}

/// A function of `command`, with ten seconds for each invocation.
pub fn function(name: &str, command: Vec<String>) -> Function {
    Function { timeout: Duration::from_secs(10), memory_mb: 256, ..Function::new(name, command) }
}

/// As [`function`], with our extension, which sends to `collector`.
pub fn with_extension(name: &str, command: Vec<String>, collector: &str) -> Function {
    Function { extensions: vec![extension()], collector: Some(collector.to_owned()), ..function(name, command) }
}

/// A fleet whose last lines are kept, for a story that fails.
pub struct Lambda {
    pub fleet: Fleet,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Lambda {
    pub async fn new(function: Function) -> Self {
        let (lines, mut written) = line::channel();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Some(line) = written.recv().await {
                let mut kept = keep.lock().expect("no panic while writing");
                if kept.len() > 200 {
                    kept.drain(..100);
                }
                kept.push(format!("{:?}: {}", line.from, line.text));
            }
        });
        Self { fleet: Fleet::new(function, lines).await.expect("a function that can be run"), lines: kept }
    }

    /// Until the environment is done with it.
    pub async fn invoke(&self, event: &Value) -> Result<Complete, LocalError> {
        let answer = self.fleet.invoke_later(Request::new(event.to_string())).await?;
        answer.complete().await.ok_or(LocalError::Closed)
    }

    /// As [`Lambda::invoke`]; panics with the function's last lines when it failed.
    pub async fn answer(&self, event: &Value) -> (Value, Complete) {
        let complete = self.invoke(event).await.expect("an answer");
        match &complete.result {
            Ok(body) => (serde_json::from_slice(body).expect("JSON"), complete),
            Err(error) => panic!("{}\n{}", String::from_utf8_lossy(&error.payload), self.last_words()),
        }
    }

    pub fn last_words(&self) -> String {
        self.lines.lock().expect("no panic while writing").join("\n")
    }
}
