//! The worked examples through the same door as everybody's questions.

use super::*;

fn today() -> Date {
    "2026-11-23".parse().unwrap()
}

fn golden() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/cost/golden.jsonl");
    std::fs::read_to_string(path).expect(path).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn answer(question: &Value) -> Value {
    let mut out = Vec::new();
    let _ = lines(PriceBook::built_in(), question.to_string().as_bytes(), &mut out, today());
    serde_json::from_slice(&out).unwrap()
}

fn asked(kind: &str, input: Value) -> Value {
    answer(&json!({ "id": 7, "kind": kind, "input": input }))
}

#[test]
fn every_worked_example_is_answered_member_by_member() {
    let cases = golden();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let answer = answer(&case);
        assert_eq!(answer["id"], case["id"]);
        for (name, expected) in case["expected"].as_object().unwrap() {
            assert_eq!(&answer[name], expected, "{}.{name}: {answer}", case["id"]);
        }
        assert!(answer["prices"].as_array().is_some_and(|prices| !prices.is_empty()), "{answer}");
        assert_eq!(answer["ignored"], Value::Null, "{answer}");
    }
}

#[test]
fn a_price_that_is_not_known_is_null_and_says_why() {
    let input = json!({ "region": "af-south-1", "architecture": "arm64", "memory_mb": 128, "billed_ms": 1 });
    let answer = asked("lambda_invocation", input);
    assert_eq!((&answer["usd"], &answer["parts"]["duration"]), (&Value::Null, &Value::Null));
    assert_eq!(answer["billed_ms"], 1);
    assert!(answer["unknown"][0].as_str().unwrap().contains("af-south-1"), "{answer}");

    let spot = json!({ "vcpu": 1, "memory_mib": 2048, "seconds": 60, "spot": true, "spans": [["A", 0, 10]] });
    let answer = asked("fargate_apportion", spot);
    assert_eq!((&answer["usd"], &answer["idle"], &answer["direct"]["A"]), (&Value::Null, &Value::Null, &Value::Null));

    let managed = json!({ "memory_mb": 2048, "init_type": "lambda-managed-instances", "duration_ms": 5 });
    let answer = asked("lambda_invocation", managed);
    assert_eq!((&answer["billed_ms"], &answer["usd"]), (&Value::Null, &Value::Null));
    assert_eq!(answer["parts"]["requests"], "0.000000200000");
}

#[test]
fn numbers_may_be_numbers_or_text() {
    let text = json!({ "memory_mb": "512", "duration_ms": "130.1", "init_ms": "181.2" });
    let numbers = json!({ "memory_mb": 512, "duration_ms": 130.1, "init_ms": 181.2 });
    assert_eq!(asked("lambda_invocation", text), asked("lambda_invocation", numbers));
}

#[test]
fn a_java_restore_is_free_and_a_restore_of_unknown_billing_is_unknown() {
    let java =
        json!({ "memory_mb": 1024, "duration_ms": 10, "restored": true, "billed_restore_ms": 5, "runtime": "java21" });
    let answer = asked("lambda_invocation", java);
    assert_eq!((&answer["billed_ms"], &answer["parts"]["snapstart_restore"]), (&json!(15), &Value::Null));
    let unknown = json!({ "memory_mb": 1024, "duration_ms": 10, "restore_ms": 400 });
    let answer = asked("lambda_invocation", unknown);
    assert_eq!((&answer["billed_ms"], &answer["usd"]), (&Value::Null, &Value::Null));
    assert!(answer["unknown"][0].as_str().unwrap().contains("billed_restore_ms"), "{answer}");
}

#[test]
fn what_is_wrong_is_named_and_the_other_lines_are_answered() {
    let good =
        json!({ "id": "g", "kind": "lambda_invocation", "input": { "memory_mb": 128, "billed_ms": 1, "colour": 1 } });
    let bad = [
        ("nonsense", "not JSON"),
        (r#"{"id": 1, "kind": "lambada", "input": {}}"#, "lambda_invocation"),
        (r#"{"id": 1, "kind": "lambda_invocation", "input": 5}"#, "input"),
        (r#"{"id": 1, "kind": "lambda_invocation", "input": {"billed_ms": 1}}"#, "memory_mb is missing"),
        (r#"{"id": 1, "kind": "lambda_invocation", "input": {"memory_mb": 128}}"#, "duration_ms"),
        (r#"{"id": 1, "kind": "lambda_invocation", "input": {"memory_mb": -1, "billed_ms": 1}}"#, "negative"),
        (r#"{"id": 1, "kind": "lambda_invocation", "input": {"memory_mb": 1.5, "billed_ms": 1}}"#, "memory_mb 1.5"),
        (
            r#"{"id": 1, "kind": "lambda_invocation", "input": {"memory_mb": 1, "billed_ms": 1, "date": "soon"}}"#,
            "date",
        ),
        (
            r#"{"id": 1, "kind": "fargate_apportion", "input": {"vcpu": 1, "memory_mib": 1, "seconds": 1, "spans": [[1]]}}"#,
            "spans",
        ),
        (r#"{"id": 1, "kind": "event", "input": {"event": "pigeon"}}"#, "pigeon"),
    ];
    for (line, words) in bad {
        let mut out = Vec::new();
        let failure = lines(PriceBook::built_in(), format!("{line}\n\n{good}\n").as_bytes(), &mut out, today());
        let answers: Vec<Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(answers[0]["error"].as_str().unwrap().contains(words), "{line}: {answers:?}");
        assert_eq!((&answers[1]["usd"], &answers[1]["ignored"]), (&json!("0.000000202083"), &json!(["colour"])));
        assert!(failure.unwrap_err().to_string().contains("1 of 2"));
    }
}

#[test]
fn a_quote_for_people_has_its_arithmetic_and_its_sources() {
    let flags = InputFlags { memory_mb: Some("128".into()), billed_ms: Some("1".into()), ..InputFlags::default() };
    let members = members(&flags);
    let answer = quote(PriceBook::built_in(), Kind::LambdaInvocation, &Input::new(&members), today()).unwrap();
    let text = answer.to_text();
    for words in [
        "0.001 s × 128/1024 GB × 0.0000166667 USD/GB-second",
        "0.000000202083",
        "of 2026-09-19",
        "agreed",
        "AWSLambda offer file",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
