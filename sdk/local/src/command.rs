//! The program behind a handler, from the words a person writes.
//!
//! `cargo run …` is built first and then started as the program it builds: a compiler inside the ten seconds of an
//! initialisation, and in the memory of a function, would be neither.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::error::LocalError;

/// What only a shell understands.
const SHELL: &[char] = &['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?', '~'];

/// Words to start a process with; a line that only a shell understands goes to `sh`.
pub fn split(line: &str) -> Result<Vec<String>, LocalError> {
    if line.contains(SHELL) {
        return Ok(vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()]);
    }
    match shlex::split(line) {
        Some(words) if !words.is_empty() => Ok(words),
        Some(_) => {
            Err(LocalError::WrongUse("a handler is a command, such as 'python -m awslambdaric app.handler'".to_owned()))
        }
        None => Err(LocalError::WrongUse(format!("the quotes in “{line}” do not pair"))),
    }
}

/// As [`split`], and `cargo run …` has become the program it builds. The compiler's messages go to standard error.
pub async fn ready(line: &str, folder: &Path) -> Result<Vec<String>, LocalError> {
    let words = split(line)?;
    match Build::of(&words) {
        Some(build) => build.run(folder).await,
        None => Ok(words),
    }
}

/// The handler that a runtime's client is told, as in `python -m awslambdaric app.handler`: instrumentations look for it in `_HANDLER`.
pub fn handler(words: &[String]) -> Option<&str> {
    let client = words.iter().position(|word| word == "awslambdaric" || word.ends_with("aws-lambda-ric"))?;
    words.get(client + 1).map(String::as_str)
}

/// `cargo run ARGUMENTS -- MORE`.
#[derive(Debug, PartialEq)]
struct Build<'a> {
    arguments: Vec<&'a str>,
    more: Vec<String>,
}

impl<'a> Build<'a> {
    fn of(words: &'a [String]) -> Option<Self> {
        let [cargo, run, rest @ ..] = words else { return None };
        if cargo != "cargo" || run != "run" && run != "r" {
            return None;
        }
        let end = rest.iter().position(|word| word == "--").unwrap_or(rest.len());
        let more = rest.get(end + 1..).unwrap_or_default().to_vec();
        Some(Self { arguments: rest[..end].iter().map(String::as_str).collect(), more })
    }

    async fn run(self, folder: &Path) -> Result<Vec<String>, LocalError> {
        let mut cargo = Command::new("cargo");
        cargo.arg("build").args(&self.arguments).arg("--message-format=json-render-diagnostics");
        cargo.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let cannot = |why: String| LocalError::System(format!("cargo build {}: {why}", self.arguments.join(" ")));
        let built = cargo.spawn().map_err(|why| cannot(why.to_string()))?.wait_with_output().await;
        let built = built.map_err(|why| cannot(why.to_string()))?;
        if !built.status.success() {
            return Err(cannot("it did not build".to_owned()));
        }
        let mut programs = programs(&String::from_utf8_lossy(&built.stdout));
        match (programs.pop(), programs.is_empty()) {
            (Some(program), true) => Ok(std::iter::once(program).chain(self.more).collect()),
            (None, _) => Err(cannot("it builds no program".to_owned())),
            (Some(_), false) => Err(cannot("it builds several programs; say which with --bin".to_owned())),
        }
    }
}

/// The executables that cargo says it made, or found fresh.
fn programs(messages: &str) -> Vec<String> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    parsed.filter_map(|message| message["executable"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap()
    }

    #[test]
    fn what_a_runtimes_client_is_told_is_the_handler() {
        let told = |line: &str| handler(&split(line).unwrap()).map(str::to_owned);
        assert_eq!(told("wrapper python -m awslambdaric app.handler").as_deref(), Some("app.handler"));
        assert_eq!(told("npx aws-lambda-ric index.handler").as_deref(), Some("index.handler"));
        assert_eq!(told("./bootstrap app.handler"), None);
    }

    #[test]
    fn a_line_is_split_as_a_shell_would_or_left_to_one() {
        assert_eq!(
            words("python -m awslambdaric 'my app.handler'"),
            ["python", "-m", "awslambdaric", "my app.handler"]
        );
        assert_eq!(words("cd x && ./run"), ["sh", "-c", "cd x && ./run"]);
        assert!(split("python 'app").unwrap_err().to_string().contains("quotes"));
        assert!(split("  ").unwrap_err().to_string().contains("a handler is a command"));
    }

    #[test]
    fn cargo_run_is_built_beforehand() {
        let line = words("cargo run --release --bin orders -- --verbose");
        let build = Build::of(&line).unwrap();
        assert_eq!(build.arguments, ["--release", "--bin", "orders"]);
        assert_eq!(build.more, ["--verbose"]);
        assert_eq!(Build::of(&words("cargo build")), None);
        let said = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/release/orders\"}\n";
        assert_eq!(programs(said), ["/t/release/orders"]);
    }
}
