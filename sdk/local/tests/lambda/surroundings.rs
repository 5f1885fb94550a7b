//! What the tests share: where the example function is, and a fleet with its lines.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use coldlight_local::{Complete, Fleet, Function, Line, Request, line};
use serde_json::Value;

/// The folder cargo builds into, found from the running test (`target/release/deps/lambda-…`).
pub fn release() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    program.ancestors().find(|folder| folder.ends_with("release")).expect("a folder named release").to_owned()
}

/// An example of this crate; cargo builds it before the tests.
pub fn example(name: &str) -> PathBuf {
    let path = release().join("examples").join(name);
    assert!(path.is_file(), "{} is not there: cargo test builds it", path.display());
    path
}

/// The function of `examples/function.rs`.
pub fn function() -> Function {
    let path = example("function").display().to_string();
    Function { timeout: Duration::from_secs(10), ..Function::new("orders", vec![path]) }
}

/// A fleet whose lines are kept.
pub struct Watched {
    pub fleet: Fleet,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Watched {
    pub async fn new(function: Function) -> Self {
        let (lines, mut written) = line::channel();
        let fleet = Fleet::new(function, lines).await.unwrap();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Some(line) = written.recv().await {
                keep.lock().unwrap().push(line);
            }
        });
        Self { fleet, lines: kept }
    }

    pub async fn invoke(&self, event: Value) -> Complete {
        let answer = self.fleet.invoke(Request::new(event.to_string())).await.unwrap();
        answer.complete().await.expect("a report")
    }

    /// What was answered, as JSON; panics when the function failed.
    pub async fn answer(&self, event: Value) -> Value {
        let complete = self.invoke(event).await;
        serde_json::from_slice(&complete.result.unwrap()).unwrap()
    }

    pub fn texts(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|line| line.text.clone()).collect()
    }

    /// Waits for a line with all these words, and answers it.
    pub async fn line(&self, words: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let texts = self.texts();
            if let Some(line) = texts.iter().find(|text| words.iter().all(|word| text.contains(word))) {
                return line.clone();
            }
            assert!(start.elapsed() < Duration::from_secs(10), "no line with {words:?} in {texts:#?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// `error.errorType` and `errorMessage` of an answer that must be an error.
pub fn error(complete: &Complete) -> (String, String) {
    let error = complete.result.as_ref().expect_err("an error");
    let body: Value = serde_json::from_slice(&error.payload).unwrap();
    (error.kind.clone(), body["errorMessage"].as_str().unwrap_or_default().to_owned())
}
