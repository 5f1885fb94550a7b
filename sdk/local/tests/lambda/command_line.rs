//! The program as it is started by hand.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::surroundings::example;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coldlight-local")).args(arguments).output().unwrap()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn texts(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_event_is_sent_and_its_answer_printed() {
    let (function, event) = (example("function"), file("{\"order\":7}"));
    let output = run(&[
        "--handler",
        function.to_str().unwrap(),
        "--event",
        event.path().to_str().unwrap(),
        "--times",
        "3",
        "--memory",
        "256",
    ]);
    let (answers, log) = texts(&output);
    assert!(output.status.success(), "{log}");
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| answer["got"]["order"] == 7 && answer["memory"] == 256));
    assert_eq!(log.matches("\tInit Duration: ").count(), 1, "one cold start, then warm: {log}");
    assert_eq!(log.matches("REPORT RequestId: ").count(), 3, "{log}");
}

#[test]
fn a_failure_and_wrong_use_have_codes_of_their_own() {
    let (function, event) = (example("function"), file("{\"do\":\"fail\"}"));
    let failed = run(&["--handler", function.to_str().unwrap(), "--event", event.path().to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(texts(&failed).0.contains("cannot be fulfilled"));
    for (arguments, says) in [
        (&["--handler", "true"][..], "--event"),
        (&["--event", "/nowhere", "--handler", "true"], "/nowhere"),
        (&["--template", "/nowhere"], "/nowhere"),
        (&["--handler", "true", "--memory", "1", "--every", "1s"], "128 to 10240"),
        (&["--handler", "true", "--timeout", "soon"], "soon"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {:?}", texts(&output));
        assert!(texts(&output).1.contains(says), "{arguments:?}: {:?}", texts(&output));
    }
}

#[test]
fn a_queue_is_worked_off_and_its_dead_letters_are_printed() {
    let (function, messages) = (example("function"), file("good\nbad\n{\"body\":\"good\"}\n"));
    let queue = ["--queue", messages.path().to_str().unwrap(), "--max-receives", "2", "--visibility", "20ms"];
    let output = run(&[&["--handler", function.to_str().unwrap()][..], &queue].concat());
    let (dead, log) = texts(&output);
    assert!(output.status.success(), "{log}");
    assert_eq!(serde_json::from_str::<Value>(dead.trim()).unwrap(), json!({ "deadLetter": "bad" }), "{log}");
}

#[test]
fn an_event_is_explained_with_the_sdks_own_code() {
    let event = file(
        r#"{"Records":[{"messageId":"1","body":"x","eventSource":"aws:sqs","awsRegion":"eu-west-1",
            "eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:orders",
            "attributes":{"AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}}]}"#,
    );
    let output = run(&["explain", event.path().to_str().unwrap()]);
    let explained: Value = serde_json::from_str(&texts(&output).0).unwrap();
    assert_eq!(
        (&explained["source"], &explained["way"], &explained["records"]),
        (&json!("sqs"), &json!("poll"), &json!(1))
    );
    assert_eq!(explained["node"]["name"], "orders");
    assert_eq!((&explained["parent"], explained["links"].as_array().unwrap().len()), (&Value::Null, 1));
}

#[test]
fn a_templates_functions_run_with_its_limits_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(example("function"), folder.path().join("bootstrap")).unwrap();
    let template = folder.path().join("template.yaml");
    let text = "
Globals: { Function: { MemorySize: 512 } }
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: { Runtime: provided.al2023, Handler: bootstrap, CodeUri: ., Timeout: 5, FunctionName: !Sub 'orders-${AWS::Region}' }
";
    std::fs::write(&template, text).unwrap();
    let event = file("{}");
    let output = run(&["--template", template.to_str().unwrap(), "--event", event.path().to_str().unwrap()]);
    let (answer, log) = texts(&output);
    let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|why| panic!("{why}: {answer}{log}"));
    assert_eq!(answer["memory"], 512);
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:123456789012:function:orders-us-east-1");
}

/// The processes that `root` started, each with its name.
fn started(root: u32) -> Vec<(u32, String)> {
    let threads = std::fs::read_dir(format!("/proc/{root}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let pids: Vec<u32> =
        lists.flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect();
    let name = |pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
    pids.into_iter().map(|pid| (pid, name(pid))).collect()
}

/// `T` for stopped, `Z` for ended and not fetched by anybody; nothing when it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[track_caller]
fn until<T>(what: &str, seen: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = seen() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stopped_function_does_not_outlive_a_killed_lambda() {
    let function = example("function");
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldlight-local"));
    command.args(["--handler", function.to_str().unwrap(), "--every", "1h", "--provisioned", "2"]);
    let mut lambda = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let all = until("two functions are ready and stopped", || {
        let all = started(lambda.id());
        let stopped = all.iter().filter(|(pid, name)| name == "function" && state(*pid) == Some('T')).count();
        (stopped == 2).then_some(all)
    });
    // What no program can catch.
    lambda.kill().unwrap();
    lambda.wait().unwrap();
    until("all of its processes end", || {
        all.iter().all(|(pid, _)| matches!(state(*pid), None | Some('Z'))).then_some(())
    });
}
