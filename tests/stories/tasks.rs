//! Ten tasks of a user, each from the map to its answer in a real browser, over a day of a shop whose troubles are known.

use std::time::Duration;

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::otlp::trace_request;
use coldlight_tests::{Coldlight, day, grpc, tools};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;
use serde_json::json;

/// Resources of one request.
const TOGETHER: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn ten_questions_of_a_user_are_answered_from_the_map_in_a_few_clicks() {
    let shop = Coldlight::start().await;
    let day = day::day(unix_nanos());
    let mut connection = grpc::Connection::open(shop.grpc()).await.unwrap();
    for some in day.traces.resource_spans.chunks(TOGETHER) {
        let request = trace_request(some.to_vec()).encode_to_vec();
        assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    }
    for some in day.logs.resource_logs.chunks(TOGETHER) {
        let request = ExportLogsServiceRequest { resource_logs: some.to_vec() }.encode_to_vec();
        assert!(connection.call(grpc::LOGS, "identity", &request).await.unwrap().is_ok());
    }
    let reports = day.logs.resource_logs.len() as u64;
    shop.until_count("invocations WHERE cost_state = 'reported'", reports, Duration::from_secs(30)).await;
    let spent = "SELECT sum(cost_usd)::VARCHAR FROM invocations WHERE tenant = 'customer-42'";
    let spent = shop.sql(spent).await.texts().remove(0);
    let timeouts = shop.sql("SELECT count(*) FROM invocations WHERE outcome = 'timeout'").await.number();
    let address = format!("http://{}", shop.http());
    let told = json!({
        "shop": address, "empty": address, "ordinary": address, "full": address, "fresh": address,
        "slow": { "trace": day.slow.trace, "operation": day.slow.operation },
        "timedOut": day.timed_out,
        "complaint": { "order": day.complaint.0, "trace": day.complaint.1 },
    "customer42": spent, "timeouts": timeouts,
        "waitsSince": day.waits_since / 1_000_000,
    });
    let mut node = tools::node();
    node.args(["--test", "--test-reporter=spec", "pages/tasks.test.mjs"]).env("COLDLIGHT_PAGES", told.to_string());
    let status = tokio::task::spawn_blocking(move || node.status()).await.unwrap().unwrap();
    assert!(status.success(), "a question has no answer: {status}; see above");
}
