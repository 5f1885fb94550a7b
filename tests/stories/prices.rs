//! Prices on the command line: quoted from the program's own book, set and imported beside a running server, and counted anew.

use std::io::{BufWriter, Write};
use std::process::{ChildStdin, Command, Output, Stdio};
use std::time::Instant;

use coldlight_tests::measure::memory;
use coldlight_tests::program::program;
use coldlight_tests::{Coldlight, Options, price_list, tools};
use serde_json::{Value, json};

fn prices(words: &[&str]) -> Command {
    let mut command = program("prices");
    command.args(words);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"))
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A small list in AWS's shape: ARM duration in Ireland, dearer than it is.
fn list() -> Value {
    json!({
        "formatVersion": "v1.0", "offerCode": "AWSLambda", "version": "20261101000000", "publicationDate": "2026-11-01T00:00:00Z",
        "products": { "A": { "sku": "A", "attributes": {
            "usagetype": "EU-Lambda-GB-Second-ARM", "regionCode": "eu-west-1", "locationType": "AWS Region"
        }}},
        "terms": { "OnDemand": { "A": { "A.J": { "sku": "A", "effectiveDate": "2026-10-01T00:00:00Z", "priceDimensions": {
            "A.J.1": { "beginRange": "0", "endRange": "Inf", "unit": "s", "pricePerUnit": { "USD": "0.0000200000" } }
        }}}}}
    })
}

#[test]
fn a_quote_needs_no_server_and_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let golden = std::fs::read(tools::folder().join("fixtures/cost/golden.jsonl")).unwrap();
    let mut command = prices(&["quote", "--json"]);
    let mut child = command
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{why}"));
    child.stdin.take().unwrap().write_all(&golden).unwrap();
    let answers = printed(&child.wait_with_output().unwrap());
    let cases = String::from_utf8(golden).unwrap();
    assert_eq!(answers.lines().count(), 12);
    for (case, answer) in cases.lines().zip(answers.lines()) {
        let (case, answer): (Value, Value) =
            (serde_json::from_str(case).unwrap(), serde_json::from_str(answer).unwrap());
        assert_eq!((&answer["id"], &answer["usd"]), (&case["id"], &case["expected"]["usd"]));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_beside_a_running_server_prices_the_past_anew_and_can_be_repeated() {
    let mut coldlight = Coldlight::start().await;
    let data = coldlight.data().display().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), list().to_string()).unwrap();
    let path = file.path().display().to_string();
    let cost = "SELECT lambda_cost('eu-west-1', 'arm64', 1024, 1000, DATE '2026-10-02').duration_usd::VARCHAR";
    let costs = async |coldlight: &Coldlight| coldlight.sql(cost).await.texts().remove(0);
    assert_eq!(costs(&coldlight).await, "0.000013333400000000");

    let imported = printed(&run(&mut prices(&["import", "--data", &data, &path])));
    assert!(imported.contains("1 new, 0 known"), "{imported}");
    assert_eq!(costs(&coldlight).await, "0.000020000000000000");
    let again = printed(&run(&mut prices(&["import", "--data", &data, &path])));
    assert!(again.contains("0 new, 1 known"), "{again}");

    printed(&run(&mut prices(&[
        "set",
        "--data",
        &data,
        "--service",
        "lambda",
        "--discount",
        "10%",
        "--since",
        "always",
    ])));
    assert_eq!(costs(&coldlight).await, "0.000018000000000000");

    coldlight.stop().await;
    let quote = [
        "quote",
        "--data",
        &data,
        "--region",
        "eu-west-1",
        "--architecture",
        "arm64",
        "--memory-mb",
        "1024",
        "--billed-ms",
        "1000",
    ];
    let quoted = printed(&run(&mut prices(&quote)));
    assert!(quoted.contains("0.000018") && quoted.contains("0.00002 × 0.9 USD/GB-second"), "{quoted}");
    assert!(quoted.contains("AWS price list AWSLambda 20261101000000"), "{quoted}");
    let shown = [
        "show",
        "--data",
        &data,
        "--region",
        "eu-west-1",
        "--item",
        "duration",
        "--architecture",
        "arm64",
        "--history",
        "--format",
        "csv",
    ];
    let shown = printed(&run(&mut prices(&shown)));
    assert!(shown.contains("built in") && shown.contains("imported"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_as_large_as_those_of_aws_are_imported_through_a_pipe_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let mut coldlight = Coldlight::start_with(Options { data: Some(data.clone().into()), ..Options::default() }).await;
    coldlight.stop().await;
    let (lambda, ecs) = (folder.path().join("lambda.json"), folder.path().join("ecs.json"));
    price_list::lambda(&mut std::fs::File::create(&lambda).unwrap(), "USD").unwrap();
    price_list::ecs(&mut std::fs::File::create(&ecs).unwrap()).unwrap();
    let mut command =
        prices(&["import", "--data", &data, "-", &lambda.display().to_string(), &ecs.display().to_string()]);
    let start = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = Watched { to: child.stdin.take().unwrap(), pid: child.id(), bytes: 0, most: 0 };
    price_list::ec2(&mut BufWriter::with_capacity(1 << 20, &mut pipe), EC2_PRODUCTS).unwrap();
    let (bytes, most) = (pipe.bytes, pipe.most);
    drop(pipe);
    let said = printed(&child.wait_with_output().unwrap());
    println!("{} MB in {:?}, {} MiB of memory", bytes / 1_000_000, start.elapsed(), most >> 20);
    assert!(bytes > 200_000_000 && most < 96 << 20, "{} MB, {} MiB", bytes / 1_000_000, most >> 20);
    let wanted = EC2_PRODUCTS / 20;
    for part in [format!("-: AmazonEC2 20261101000000, {wanted} prices\n"), "AWSLambda 20261101000000, 8 prices".into()]
    {
        assert!(said.contains(&part), "{said}");
    }
    assert!(said.contains("AmazonECS 20261101000000, 2 prices"), "{said}");
    let output = run(program("sql").args([
        "--data",
        &data,
        "--format",
        "csv",
        "SELECT count(*), min(usd) FROM prices WHERE service = 'ec2' AND layer = 'imported'",
    ]));
    assert!(printed(&output).ends_with(&format!("{wanted},0.000100000000000000\n")), "{output:?}");
}

/// As many as make more than 200 MB.
const EC2_PRODUCTS: usize = 24_000;

/// A pipe, and the most memory that the process at its other end was seen to hold.
struct Watched {
    to: ChildStdin,
    pid: u32,
    bytes: u64,
    most: u64,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        self.most = self.most.max(memory(self.pid).1);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[test]
fn what_is_wrong_is_named() {
    let told = |words: &[&str]| {
        let output = run(&mut prices(words));
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(told(&["quote", "--memory-mb", "128"]).contains("--billed-ms"));
    assert!(told(&["quote", "--memory-mb", "1.5", "--billed-ms", "1"]).contains("--memory-mb"));
    assert!(told(&["set", "--usd", "1"]).contains("--region"));
    assert!(told(&["import", "/does/not/exist.json"]).contains("/does/not/exist.json"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"offerCode\": \"AmazonS3\", \"products\": {}, \"terms\": {}}").unwrap();
    assert!(told(&["import", &file.path().display().to_string()]).contains("AmazonS3"));
    let mut list = Vec::new();
    price_list::lambda(&mut list, "CNY").unwrap();
    std::fs::write(file.path(), &list).unwrap();
    assert!(told(&["import", &file.path().display().to_string()]).contains("CNY"));
    list.truncate(list.len() / 2);
    std::fs::write(file.path(), &list).unwrap();
    assert!(told(&["import", &file.path().display().to_string()]).contains("ends early"));
}
