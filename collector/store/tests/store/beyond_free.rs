//! What is free up to a size and priced beyond it: /tmp and streamed responses.

use coldlight_model::money::{Cost, Usd};
use coldlight_model::{Attributes, Batch, Filter, InvocationSort, LogRecord, Resource, Scope, SpendingBy, Value};
use coldlight_store::{InvocationSearch, Question};

use crate::invocations::{ago, event, map, report, told};
use crate::made::{self, Kept};

const MINUTE: u64 = 60_000_000_000;

async fn keep(kept: &Kept, region: &str, n: u64, more: &[(&str, Value)], produced_bytes: i64) {
    let own = [
        ("service.name", Value::from("media")),
        ("cloud.platform", "aws_lambda".into()),
        ("cloud.region", region.into()),
        ("faas.name", "media".into()),
        ("faas.max_memory", Value::Int(512 << 20)),
        ("host.arch", "arm64".into()),
    ];
    let attributes: Attributes = own.iter().chain(more).map(|(key, value)| (*key, value.clone())).collect();
    let metrics = map(&[("durationMs", Value::Double(130.0)), ("producedBytes", Value::Int(produced_bytes))]);
    let done = event("runtimeDone", ago(9), Some(n), &[("status", "success".into()), ("metrics", metrics)]);
    let logs: Vec<LogRecord> = vec![done, report(n, ago(9))];
    let resources = vec![Resource { attributes, ..Resource::default() }];
    kept.keep(Batch { received_at: made::now(), resources, scopes: vec![Scope::default()], logs, ..Batch::default() })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_beyond_the_free_part_is_in_every_sum_and_its_formula() {
    let kept = made::store();
    let tmp = [("coldlight.lambda.ephemeral_storage_mb", Value::Int(2048))];
    keep(&kept, "us-east-1", 1, &tmp, 20 << 20).await;
    keep(&kept, "us-east-1", 2, &[], 6 << 20).await;
    let parts = "SELECT right(request_id, 1), storage_mb, ephemeral_storage_cost_usd, streamed_response_cost_usd,
                 cost_usd = requests_cost_usd + duration_cost_usd + ephemeral_storage_cost_usd + streamed_response_cost_usd
                 FROM invocations ORDER BY ALL";
    // 0.312 s × 1,536/1,024 GB × 0.0000000309, and 14 MiB × 0.008 a GiB.
    let expected = ["1 2048 0.000000014461200000 0.000109375000000000 true", "2 NULL 0E-18 0E-18 true"];
    let found = told(&kept, parts).await;
    assert_eq!(found[0], expected[0]);
    assert!(found[1].starts_with("2 NULL 0") && found[1].ends_with(" true"), "{found:?}");

    let search = InvocationSearch {
        range: made::last_hour(),
        filter: Filter::default(),
        sort: InvocationSort::Dearest,
        after: None,
        limit: 10,
    };
    let list = kept.store.invocations(search).await.unwrap();
    let dearest = &list.invocations[0];
    assert_eq!(dearest.cost.explained.as_ref().map(Cost::total), Some(Ok(dearest.cost.total.unwrap())));

    crate::map::map_when_rolled(&kept).await;
    for filter in ["", "service:media"] {
        let search = coldlight_store::SpendingSearch {
            filter: Filter::of_invocations(filter),
            ..made::spending(made::last_hour().whole_minutes(), MINUTE, SpendingBy::Service)
        };
        let total = kept.store.spending(search).await.unwrap().total;
        let money = (total.storage.to_string(), total.streamed.to_string());
        assert_eq!(money, ("0.0000000144612".to_owned(), "0.000109375".to_owned()), "“{filter}”");
        let sum = kept.store.sql(Question::new("SELECT sum(cost_usd) FROM invocations")).await.unwrap();
        let coldlight_model::Cell::Text(sum) = &sum.rows[0][0] else { panic!("{sum:?}") };
        assert_eq!(total.total(), sum.parse::<Usd>().unwrap(), "“{filter}”");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_response_where_no_price_is_known_is_not_priced_and_a_size_that_cannot_be_is_not_believed() {
    let kept = made::store();
    keep(&kept, "eu-west-1", 1, &[], 20 << 20).await;
    keep(&kept, "eu-west-1", 2, &[("coldlight.lambda.ephemeral_storage_mb", Value::Int(1 << 40))], 100).await;
    let found = told(&kept, "SELECT right(request_id, 1), storage_mb, cost_usd IS NULL FROM invocations ORDER BY ALL");
    assert_eq!(found.await, ["1 NULL true", "2 NULL false"]);
}
