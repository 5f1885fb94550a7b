//! A collector that is away, refuses, or was never there; a host that is lost.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::surroundings::{Lambda, Receiver, function};

#[tokio::test]
async fn what_could_not_be_sent_is_kept_and_arrives_later() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    lambda.invoke(json!({ "spans": 1 })).await;
    receiver.away().await;
    for _ in 0..3 {
        let complete = lambda.invoke(json!({ "spans": 5 })).await;
        assert!(complete.result.is_ok());
        assert!(complete.report.duration < Duration::from_millis(1_000), "{complete:?}");
    }
    assert_eq!(receiver.spans().len(), 1);
    receiver.back().await;
    // At its shutdown it tries whatever happened before.
    lambda.fleet.shut_down().await;
    assert_eq!(receiver.spans().len(), 16);
    let reports = receiver.logs().iter().filter(|log| log.kind == "platform.report").count();
    assert_eq!(reports, 4);
}

#[tokio::test]
async fn a_lost_host_takes_nothing_along_that_was_answered() {
    let receiver = Receiver::start().await;
    receiver.kept.status.store(503, Ordering::Relaxed);
    let lambda = Lambda::new(function(&receiver)).await;
    for _ in 0..3 {
        lambda.invoke(json!({ "spans": 4 })).await;
        let environment = lambda.fleet.running().remove(0);
        environment.groups.kill();
        while !environment.groups.pids().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    receiver.kept.status.store(200, Ordering::Relaxed);
    lambda.invoke(json!({ "spans": 1 })).await;
    lambda.fleet.shut_down().await;
    let spans = receiver.spans();
    assert_eq!(spans.len(), 13);
    assert_eq!(spans.iter().collect::<BTreeSet<_>>().len(), 13, "once each");
}

#[tokio::test]
async fn one_bad_request_does_not_cost_the_others() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    receiver.kept.status.store(503, Ordering::Relaxed);
    let bad = lambda.invoke(json!({ "spans": 2 })).await.report.request_id;
    lambda.invoke(json!({ "spans": 3 })).await;
    // Spans carry the id of their invocation.
    *receiver.kept.poison.lock().unwrap() = Some(bad.into_bytes());
    receiver.kept.status.store(200, Ordering::Relaxed);
    lambda.fleet.shut_down().await;
    assert_eq!(receiver.spans().len(), 3);
}

#[tokio::test]
async fn without_a_collector_the_function_works_all_the_same() {
    let receiver = Receiver::start().await;
    receiver.away().await;
    let mut alone = function(&receiver);
    alone.collector = None;
    let lambda = Lambda::new(alone).await;
    for _ in 0..3 {
        let complete = lambda.invoke(json!({ "spans": 1 })).await;
        assert!(complete.result.is_ok());
        assert!(complete.report.duration < Duration::from_millis(500), "{complete:?}");
    }
}
