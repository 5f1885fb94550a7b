//! Prices in the store: the same arithmetic and the same choice of price as in the model, and history that is re-priced.

use coldlight_model::Cell;
use coldlight_model::money::lambda::{Invocation, Time, invocation_cost};
use coldlight_model::money::task::{FargateTask, fargate_cost};
use coldlight_model::money::{
    Architecture, Date, Discount, Layer, Open, Price, PriceBook, Status, Subject, Unknown, Usd, WHOLE_PPM, shares,
};
use coldlight_store::{PriceStoreError, Question, Recorded, Recording, prices_of_stopped, record_in_stopped};
use proptest::prelude::*;
use serde_json::Value;

use crate::made::{self, Kept};

impl Kept {
    /// The one value that `sql` answers, as text.
    async fn text(&self, sql: &str) -> Option<String> {
        let table = self.store.sql(Question::new(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        match table.rows.first().map(|row| row[0].clone()) {
            Some(Cell::Text(text)) => Some(text),
            Some(Cell::Int(int)) => Some(int.to_string()),
            Some(Cell::Null) | None => None,
            Some(other) => panic!("{sql}: {other:?}"),
        }
    }

    async fn usd(&self, sql: &str) -> Option<Usd> {
        self.text(sql).await.map(|text| text.parse().unwrap())
    }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn golden() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/cost/golden.jsonl");
    let text = std::fs::read_to_string(path).expect(path);
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The SQL that answers a worked example's `usd`.
fn question(kind: &str, input: &Value) -> String {
    let text = |name: &str| match &input[name] {
        Value::String(text) => text.clone(),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    };
    let or = |name: &str, otherwise: &str| if input[name].is_null() { otherwise.to_owned() } else { text(name) };
    let place = format!("'{}', '{}'", text("region"), text("architecture"));
    let memory = text("memory_mb");
    let ns = |name: &str| format!("({}::DECIMAL(18, 6) * 1000000)::BIGINT", or(name, "0"));
    match kind {
        "lambda_invocation" => {
            let day = format!("DATE '{}'", or("date", "2026-11-23"));
            let billed = match &input["billed_ms"] {
                Value::Null => format!(
                    "lambda_billed_ms({}, {}, {}, {}, {}, {day})",
                    ns("duration_ms"),
                    ns("init_ms"),
                    ns("billed_restore_ms"),
                    input["restored"].is_null(),
                    text("package") == "zip" && text("runtime") == "managed",
                ),
                billed => billed.to_string(),
            };
            format!(
                "SELECT lambda_cost({place}, {memory}, {billed}, {day}, requests := lambda_requests({}), storage_mb := {},
                streamed_bytes := {}, restored := {}, provisioned := {}).usd",
                text("event_bytes"),
                or("ephemeral_mb", "512"),
                or("streamed_bytes", "0"),
                or("restored", "false"),
                text("init_type") == "provisioned-concurrency",
            )
        }
        "lambda_provisioned_capacity" => {
            format!("SELECT lambda_capacity_usd({place}, {memory}, {}, {})", text("environments"), text("seconds"))
        }
        "lambda_month" => format!(
            "SELECT usd_of(({n} - 1000000) * 200000000000::HUGEINT)
            + lambda_tiered_usd({place}, {n}::HUGEINT * {} * {memory} - 400000::HUGEINT * 1024000)",
            text("billed_ms_each"),
            n = text("invocations"),
        ),
        "fargate_task" | "fargate_apportion" => format!(
            "SELECT fargate_cost({place}, {}, {}, {}, storage_gib := {}).usd",
            text("vcpu"),
            text("memory_mib"),
            text("seconds"),
            or("ephemeral_gib", "20"),
        ),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_examples_come_out_in_sql_to_the_last_picodollar() {
    let kept = made::store();
    let cases = golden();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let question = question(case["kind"].as_str().unwrap(), &case["input"]);
        let usd = kept.usd(&question).await.map(Usd::to_picodollars);
        assert_eq!(usd.as_deref(), case["expected"]["usd"].as_str(), "{}: {question}", case["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tasks_cost_is_shared_in_sql_as_in_the_example() {
    let kept = made::store();
    let case = golden().pop().unwrap();
    let spans = case["input"]["spans"].as_array().unwrap();
    let requests: Vec<String> = spans
        .iter()
        .map(|span| {
            let [id, from, to] = [0, 1, 2].map(|at| span[at].as_str().unwrap());
            format!("{{'id': '{id}', 'from_ns': {from}000000000, 'to_ns': {to}000000000}}")
        })
        .collect();
    let shared = format!(
        "SELECT task_shares(fargate_cost('eu-central-1', 'x86_64', 0.25, 512, 100).usd, 100000000000, 0, 100000000000, [{}])",
        requests.join(", ")
    );
    for (place, name) in ["A", "B", "C"].iter().enumerate() {
        for (field, expected) in [("direct_usd", "direct"), ("fully_loaded_usd", "fully_loaded")] {
            let found = kept.usd(&format!("SELECT s.requests[{}].{field} FROM ({shared} AS s)", place + 1)).await;
            let expected = case["expected"][expected][name].as_str().unwrap();
            assert_eq!(found.unwrap().to_picodollars(), expected, "{name} {field}");
        }
    }
    let idle = kept.usd(&format!("SELECT s.idle_usd FROM ({shared} AS s)")).await.unwrap();
    assert_eq!(idle.to_picodollars(), case["expected"]["idle"].as_str().unwrap());
}

fn price(usd: &str, layer: Layer, effective: Option<&str>) -> Price {
    Price {
        region: "eu-west-1".into(),
        service: "lambda".into(),
        item: "duration".into(),
        architecture: Some(Architecture::Arm64),
        unit: "GB-second".into(),
        begin: 0,
        end: None,
        usd: Some(usd.parse().unwrap()),
        paid_ppm: WHOLE_PPM,
        status: Status::Listed,
        source: "AWSLambda, 20261101".into(),
        effective: effective.map(date),
        layer,
        recorded: 0,
        usagetype: None,
        size: None,
        note: String::new(),
    }
}

fn recording(prices: &[Price]) -> Recording {
    Recording { prices: prices.to_vec(), ..Recording::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_s_own_book_is_in_the_table_and_its_unknowns_are_null() {
    let kept = made::store();
    assert_eq!(kept.count("SELECT count(*) FROM prices").await, 418);
    assert_eq!(kept.count("SELECT count(*) FROM prices WHERE usd IS NULL").await, 132);
    assert_eq!(kept.count("SELECT count(*) FROM prices WHERE usd IS NULL AND status <> 'unsourced'").await, 0);
    let mut read: Vec<Price> = kept.store.price_book().await.unwrap().prices().cloned().collect();
    let mut built_in: Vec<Price> = PriceBook::built_in().prices().cloned().collect();
    let key = |price: &Price| (price.subject(), price.begin);
    read.sort_by_key(key);
    built_in.sort_by_key(key);
    assert_eq!(read, built_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_prices_the_past_anew_and_doing_it_again_changes_nothing() {
    let kept = made::store();
    let cost = "SELECT lambda_cost('eu-west-1', 'arm64', 1024, 1000, DATE '2026-03-01').duration_usd";
    assert_eq!(kept.usd(cost).await, Some("0.0000133334".parse().unwrap()));

    let imported = recording(&[price("0.00002", Layer::Imported, Some("2026-02-01"))]);
    assert_eq!(kept.store.record_prices(imported.clone()).await.unwrap(), Recorded { added: 1, known: 0 });
    assert_eq!(kept.usd(cost).await, Some("0.00002".parse().unwrap()));
    let before = "SELECT lambda_cost('eu-west-1', 'arm64', 1024, 1000, DATE '2026-01-31').duration_usd";
    assert_eq!(kept.usd(before).await, Some("0.0000133334".parse().unwrap()), "always, until the imported one begins");

    assert_eq!(kept.store.record_prices(imported).await.unwrap(), Recorded { added: 0, known: 1 });
    assert_eq!(kept.count("SELECT count(*) FROM prices").await, 419);

    let corrected = recording(&[price("0.00003", Layer::Imported, Some("2026-02-01"))]);
    kept.store.record_prices(corrected).await.unwrap();
    assert_eq!(kept.usd(cost).await, Some("0.00003".parse().unwrap()));
    assert_eq!(kept.count("SELECT count(*) FROM prices WHERE layer = 'imported'").await, 2, "history is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_survive_a_restart_and_can_be_set_while_nobody_serves() {
    let kept = made::store();
    kept.store.record_prices(recording(&[price("7", Layer::Set, None)])).await.unwrap();
    let Kept { store, folder } = kept;
    store.close().unwrap();
    drop(store);
    let settings = made::settings(folder.path());
    let discount = Discount {
        region: "*".into(),
        service: "lambda".into(),
        item: "*".into(),
        paid_ppm: 900_000,
        effective: None,
        recorded: 0,
        note: "EDP".into(),
    };
    let discounts = Recording { discounts: vec![discount], ..Recording::default() };
    let book = tokio::task::spawn_blocking(move || {
        let recorded = record_in_stopped(settings.clone(), discounts.clone(), made::now).unwrap();
        assert_eq!(recorded, Recorded { added: 1, known: 0 });
        assert_eq!(record_in_stopped(settings.clone(), discounts, made::now).unwrap().known, 1);
        prices_of_stopped(settings, made::now).unwrap()
    });
    let book = book.await.unwrap();
    let asked =
        |item| Subject { region: "eu-west-1", service: "lambda", item, architecture: Some(Architecture::Arm64) };
    let paid = |item| book.price(asked(item), date("2026-03-01")).unwrap().known().unwrap().to_string();
    assert_eq!((paid("duration"), paid("request")), ("7".into(), "0.00000018".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_book_cannot_be_written() {
    let kept = made::store();
    let refused = kept.store.record_prices(recording(&[price("1", Layer::BuiltIn, None)])).await;
    assert!(matches!(refused, Err(PriceStoreError::BuiltIn(what)) if what.contains("lambda duration on arm64")));
}

/// Some rows of one price in several layers and from several days, and discounts on it.
fn histories() -> impl Strategy<Value = Vec<Recording>> {
    let day = || proptest::option::of(0..6_i32).prop_map(|day| day.map(|day| Date::from_days(20_500 + day)));
    let prices =
        (1..9_i128, prop_oneof![Just(Layer::Imported), Just(Layer::Set)], day()).prop_map(|(usd, layer, effective)| {
            let mut priced = price("1", layer, None);
            priced.usd = Usd::from_attos(usd * 10_000_000_000_001);
            priced.effective = effective;
            recording(&[priced])
        });
    let names = (any::<bool>(), any::<bool>(), any::<bool>());
    let discounts = (names, 0..1_000_001_u32, day()).prop_map(|((region, service, item), paid_ppm, effective)| {
        let name = |named, name: &str| if named { name.to_owned() } else { "*".to_owned() };
        Recording {
            discounts: vec![Discount {
                region: name(region, "eu-west-1"),
                service: name(service, "lambda"),
                item: name(item, "duration"),
                paid_ppm,
                effective,
                recorded: 0,
                note: String::new(),
            }],
            ..Recording::default()
        }
    });
    proptest::collection::vec(prop_oneof![prices, discounts], 1..8)
}

#[test]
fn sql_chooses_the_price_of_a_day_as_the_model_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    proptest!(ProptestConfig { cases: 12, ..ProptestConfig::default() }, |(history in histories())| {
        let kept = made::store();
        runtime.block_on(async {
            for recording in history {
                kept.store.record_prices(recording).await.unwrap();
            }
            let book = kept.store.price_book().await.unwrap();
            let model: Vec<String> = (20_498..20_508)
                .map(|day| {
                    let time = Time::Billed { ms: 1234 };
                    let invocation =
                        Invocation::new("eu-west-1", Architecture::Arm64, 1769, time, Date::from_days(day));
                    invocation_cost(&book, &invocation).total().unwrap().rounded(18)
                })
                .collect();
            let sql = "SELECT string_agg(lambda_cost('eu-west-1', 'arm64', 1769, 1234, DATE '1970-01-01' + day).usd, ' ' ORDER BY day)
                FROM (SELECT unnest([20498, 20499, 20500, 20501, 20502, 20503, 20504, 20505, 20506, 20507]) AS day)";
            assert_eq!(kept.text(sql).await, Some(model.join(" ")), "{book:?}");
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_and_model_agree_on_any_figures() {
    let kept = made::store();
    let book = PriceBook::built_in();
    let on = date("2026-11-23");
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..40 {
        let shift = random(40);
        let (memory_mb, ms, bytes) = (128 + random(10_113) as u32, random(1 << 40) >> shift, random(1 << 40));
        let storage_mb = 512 + random(9_729) as u32;
        let invocation = Invocation {
            storage_mb,
            streamed_bytes: bytes,
            paid_restore: true,
            ..Invocation::new("us-east-1", Architecture::X86_64, memory_mb, Time::Billed { ms }, on)
        };
        let sql = format!(
            "SELECT lambda_cost('us-east-1', 'x86_64', {memory_mb}, {ms}, DATE '{on}', storage_mb := {storage_mb},
            streamed_bytes := {bytes}, restored := true).usd"
        );
        assert_eq!(kept.usd(&sql).await, invocation_cost(book, &invocation).total().ok(), "{sql}");

        let (milli_vcpu, running_ms) = (random(32_000), random(1 << 40));
        let task = FargateTask {
            region: "us-east-1",
            architecture: Architecture::Arm64,
            on,
            windows: false,
            spot: false,
            vcpu_e10: milli_vcpu * 10_000_000,
            memory_mib: memory_mb.into(),
            storage_gib: random(200),
            running_ns: running_ms * 1_000_000,
        };
        let sql = format!(
            "SELECT fargate_cost('us-east-1', 'arm64', {}::DECIMAL(18, 3) * 0.001, {memory_mb}, {}::DECIMAL(28, 3) * 0.001,
            storage_gib := {}).usd",
            milli_vcpu, running_ms, task.storage_gib
        );
        let cost = fargate_cost(book, &task).total().unwrap();
        assert_eq!(kept.usd(&sql).await, Some(cost), "{sql}");

        let requests: Vec<Open> = (0..random(16))
            .map(|_| {
                let from = random(1 << 20) as i64;
                Open { from, to: from + random(1 << 19) as i64 }
            })
            .collect();
        let listed: Vec<String> = requests
            .iter()
            .map(|open| format!("{{'id': 0, 'from_ns': {}, 'to_ns': {}}}", open.from, open.to))
            .collect();
        let life = Open { from: 1000, to: 1 << 20 };
        let shared = shares(cost, 60_000_000_000, life, &requests).unwrap();
        let sql = format!(
            "SELECT task_shares({cost}::DECIMAL(38, 18), 60000000000, 1000, {}, [{}]).idle_usd",
            life.to,
            listed.join(", ")
        );
        assert_eq!(kept.usd(&sql).await, Some(shared.idle), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_priced_is_null_and_never_an_error() {
    let kept = made::store();
    for sql in [
        "SELECT lambda_cost('af-south-1', 'x86_64', 128, 1).usd",
        "SELECT lambda_cost('eu-west-1', 'x86_64', 128, NULL).usd",
        "SELECT lambda_cost('eu-west-1', 'arm64', 128, 1, provisioned := true).usd",
        "SELECT lambda_cost('eu-west-1', 'arm64', 4294967295, 9223372036854775807).usd",
        "SELECT fargate_cost('us-west-2', 'arm64', 1, 2048, 60).usd",
        "SELECT lambda_tiered_usd('eu-west-1', 'x86_64', 6000000001::HUGEINT * 1024000)",
    ] {
        assert_eq!(kept.usd(sql).await, None, "{sql}");
    }
    assert!(matches!(
        invocation_cost(
            PriceBook::built_in(),
            &Invocation::new("af-south-1", Architecture::X86_64, 128, Time::Billed { ms: 1 }, date("2026-11-23"))
        )
        .total(),
        Err(Unknown::NotInBook { .. })
    ));
}
