//! The extension as a layer: what the script makes, and what is deployed with it, read as SAM, Terraform and the Serverless Application
//! Repository read it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coldlight_tests::{functions, tools};
use serde_json::{Value, json};

/// What AWS takes: bytes of a layer, unzipped, are far more; this is our own bound.
const MOST_BYTES: u64 = 7_000_000;

fn folder() -> PathBuf {
    tools::folder().parent().expect("tests stand in the checkout").join("sdk/extension/layer")
}

fn build(arguments: &[&str], target: &Path) -> Output {
    let mut command = Command::new(folder().join("build"));
    command.args(arguments).env("CARGO_TARGET_DIR", target).output().expect("bash")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

/// The files as values, by Python's readers of both languages.
fn read(names: &[&str]) -> Vec<Value> {
    let mut python = tools::python();
    python.arg(tools::folder().join("python/infrastructure.py")).args(names.iter().map(|name| folder().join(name)));
    let output = python.output().expect("Python");
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_layer_is_made_of_a_program_for_its_processor_and_of_no_other() {
    let target = tempfile::tempdir().unwrap();
    let program = target.path().join("coldlight-extension");
    let stripped = Command::new("strip").arg("-o").arg(&program).arg(functions::extension()).status();
    assert!(stripped.expect("binutils").success());
    let program = program.to_str().unwrap();
    let (here, there) = if cfg!(target_arch = "aarch64") { ("arm64", "x86_64") } else { ("x86_64", "arm64") };
    let made = build(&[here, program], target.path());
    assert!(made.status.success(), "{}", said(&made));
    let zip = target.path().join(format!("layer/coldlight-extension-{here}.zip"));
    let first = std::fs::read(&zip).unwrap();
    assert!((first.len() as u64) < MOST_BYTES, "{} bytes", first.len());
    let listed = Command::new("python3").args(["-m", "zipfile", "-l"]).arg(&zip).output().unwrap();
    assert!(said(&listed).contains("extensions/coldlight-extension "), "{}", said(&listed));
    assert!(build(&[here, program], target.path()).status.success());
    assert!(first == std::fs::read(&zip).unwrap(), "the same program makes the same zip");
    let refused = build(&[there, program], target.path());
    assert!(
        !refused.status.success() && said(&refused).contains(&format!("no program for {there}")),
        "{}",
        said(&refused)
    );
}

#[test]
fn what_cannot_be_built_here_is_said_with_what_to_do() {
    let target = tempfile::tempdir().unwrap();
    let unknown = build(&["sparc"], target.path());
    assert!(!unknown.status.success() && said(&unknown).contains("x86_64 or arm64, not sparc"), "{}", said(&unknown));
    let missing = build(&["arm64", "/does/not/exist"], target.path());
    assert!(!missing.status.success() && said(&missing).contains("/does/not/exist"), "{}", said(&missing));
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let targets = Path::new(String::from_utf8_lossy(&sysroot.stdout).trim()).join("lib/rustlib");
    let installed =
        ["musl", "gnu"].iter().any(|libc| targets.join(format!("aarch64-unknown-linux-{libc}/lib")).is_dir());
    if !installed {
        let arm = build(&["arm64"], target.path());
        let words = "rustup target add aarch64-unknown-linux-musl";
        assert!(!arm.status.success() && said(&arm).contains(words), "{}", said(&arm));
    }
}

#[test]
fn the_repository_of_serverless_applications_takes_its_metadata() {
    let template = read(&["template.yaml"]).remove(0);
    let about = &template["Metadata"]["AWS::ServerlessRepo::Application"];
    let text = |name: &str| about[name].as_str().unwrap_or_else(|| panic!("no {name} in {about}"));
    // Limits of `CreateApplication`.
    let names = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    assert!(names(text("Name")) && text("Name").len() <= 140);
    assert!(text("Description").len() <= 256 && text("Author").len() <= 127);
    let labels = about["Labels"].as_array().expect("labels");
    assert!(labels.len() <= 10 && labels.iter().all(|label| names(label.as_str().unwrap())), "{labels:?}");
    assert_eq!(text("SpdxLicenseId"), "Apache-2.0");
    for file in [text("LicenseUrl"), text("ReadmeUrl")] {
        assert!(folder().join(file).is_file(), "{file}");
    }
    let manifest = std::fs::read_to_string(tools::folder().parent().unwrap().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    assert_eq!(manifest["workspace"]["package"]["version"].as_str(), Some(text("SemanticVersion")));

    assert_eq!(template["Transform"], "AWS::Serverless-2016-10-31");
    let layers = template["Resources"].as_object().expect("resources");
    let mut made: Vec<Value> = layers
        .values()
        .map(|layer| {
            assert_eq!(layer["Type"], "AWS::Serverless::LayerVersion");
            let of = &layer["Properties"];
            json!([of["CompatibleArchitectures"], of["ContentUri"], of["LayerName"]])
        })
        .collect();
    made.sort_by_key(Value::to_string);
    let layer =
        |cpu: &str| json!([[cpu], format!("coldlight-extension-{cpu}.zip"), format!("coldlight-extension-{cpu}")]);
    assert_eq!(made, [layer("arm64"), layer("x86_64")], "as the script names them");
    for output in template["Outputs"].as_object().expect("outputs").values() {
        assert!(layers.contains_key(output["Value"]["Ref"].as_str().expect("a layer")), "{output}");
    }
}

#[test]
fn the_snippets_for_sam_and_terraform_give_a_function_the_layer_and_the_collector() {
    let files = read(&["function.yaml", "main.tf"]);
    let (sam, terraform) = (&files[0], &files[1]);
    let function = &sam["Resources"]["Checkout"];
    assert_eq!(function["Type"], "AWS::Serverless::Function");
    let layer = function["Properties"]["Layers"][0]["Ref"].as_str().expect("a layer");
    assert!(sam["Parameters"][layer].is_object(), "{layer}");
    let block = |kind: &str| {
        let all = terraform["resource"].as_array().expect("resources");
        all.iter().find_map(|one| one.get(kind)).unwrap_or_else(|| panic!("no {kind} in {terraform}"))
    };
    let layer = &block("aws_lambda_layer_version")["coldlight"];
    assert_eq!(layer["compatible_architectures"], json!(["${var.architecture}"]));
    assert_eq!(terraform["locals"][0]["layer"], "coldlight-extension-${var.architecture}");
    let deployed = &block("aws_lambda_function")["checkout"];
    assert_eq!(deployed["layers"], json!(["${aws_lambda_layer_version.coldlight.arn}"]));
    let variables = [&function["Properties"]["Environment"]["Variables"], &deployed["environment"][0]["variables"]];
    let known = std::fs::read_to_string(folder().join("../README.md")).unwrap();
    for set in variables {
        let set = set.as_object().expect("variables");
        assert!(set.contains_key("COLDLIGHT_ENDPOINT") && set.contains_key("COLDLIGHT_API_KEY"), "{set:?}");
        let mut ours = set.keys().filter(|name| name.starts_with("COLDLIGHT_"));
        assert!(ours.all(|name| known.contains(&format!("`{name}`"))), "{set:?}");
    }
}
