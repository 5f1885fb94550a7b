//! Ten tasks of a user, each from the map to its answer in a real browser, over a day of a shop whose troubles are known.

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::{Coldlight, day, tools};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn ten_questions_of_a_user_are_answered_from_the_map_in_a_few_clicks() {
    let shop = Coldlight::start().await;
    let day = day::day(unix_nanos());
    day.arrive(&shop, []).await;
    let spent = "SELECT sum(cost_usd)::VARCHAR FROM invocations WHERE tenant = 'customer-42'";
    let spent = shop.sql(spent).await.texts().remove(0);
    let timeouts = shop.sql("SELECT count(*) FROM invocations WHERE outcome = 'timeout'").await.number();
    let address = format!("http://{}", shop.http());
    let told = json!({
        "shop": address,
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
