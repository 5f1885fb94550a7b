//! Questions in SQL, over the API and from the command line: what is refused, what is bounded, and what time it is.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use coldlight_tests::clock::{unix_nanos, until};
use coldlight_tests::measure::{memory, processor_time};
use coldlight_tests::random::Random;
use coldlight_tests::web::{self, Answer};
use coldlight_tests::{Coldlight, Options, grpc, otlp};
use http::Method;
use prost::Message;
use serde_json::json;

const ENDLESS: &str = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1";

async fn ask(coldlight: &Coldlight, query: &str, body: serde_json::Value) -> Answer {
    let path = format!("/api/v1/sql{query}");
    coldlight.post(&path, &[("content-type", "application/json")], body.to_string()).await
}

/// One span of two seconds that began ten seconds ago.
async fn send_one(coldlight: &Coldlight) {
    let mut random = Random::new("console");
    let start = unix_nanos() - 10_000_000_000;
    let span = otlp::span("GET /orders", random.trace_id(), random.span_id(), start, 2_000_000_000);
    let request = otlp::request("shop, \"the\" one", vec![span]).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    coldlight.until_count("spans", 1, Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_out_or_makes_much_of_little_is_refused_with_a_reason() {
    let coldlight = Coldlight::start().await;
    let canary = coldlight.data().join("canary.txt");
    std::fs::write(&canary, "untouched").unwrap();
    let before = memory(coldlight.pid()).0;
    for (question, reason) in [
        ("SELECT count(*) FROM unnest(generate_series(1,200000000))", "FROM range(100)"),
        ("SELECT count(*) FROM range(200000000)", "1000000"),
        ("SELECT repeat('x', 1000000000)", "1000"),
        ("SELECT * FROM read_text('/etc/passwd')", "read_text"),
        ("SELECT * FROM '/etc/passwd'", "there are spans"),
        ("COPY (SELECT 1) TO 'canary.txt'", "only SELECT"),
        ("SET memory_limit = '1TB'", "only SELECT"),
        ("SELECT getenv('HOME')", "getenv"),
        ("SELECT 1; SELECT 2", "one question"),
        ("SELECT sleep_ms(100000)", "sleep_ms"),
        ("SELECT servce FROM spans", "service"),
        ("SELEC 1", "SELEC"),
        ("SELECT TIMESTAMP '2026-01-01' AT TIME ZONE 'Europe/Berlin'", "to_utc"),
    ] {
        let answer = ask(&coldlight, "", json!({ "sql": question })).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status.as_u16(), error["parameter"].as_str()), (400, Some("sql")), "{question}: {error}");
        assert!(error["message"].as_str().unwrap().contains(reason), "{question}: {error}");
    }
    let grown = memory(coldlight.pid()).0.saturating_sub(before) >> 20;
    assert!(grown < 64, "refusing took {grown} MiB");
    assert_eq!(std::fs::read_to_string(canary).unwrap(), "untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heavy_question_ends_in_time_and_pages_do_not_wait_for_it() {
    let coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let heavy = async {
        let start = Instant::now();
        let answer = ask(&coldlight, "", json!({ "sql": ENDLESS, "timeout_s": 1 })).await;
        (answer, start.elapsed())
    };
    let page = async {
        let start = Instant::now();
        let status = coldlight.get("/traces").await.status;
        (status, start.elapsed())
    };
    let more = async { ask(&coldlight, "", json!({ "sql": ENDLESS, "timeout_s": 1 })).await };
    let third = async { ask(&coldlight, "", json!({ "sql": ENDLESS, "timeout_s": 1 })).await };
    let ((answer, took), _, _, (status, waited)) = tokio::join!(heavy, more, third, page);
    assert_eq!(answer.status, 504, "{}", answer.text());
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("ask for less"));
    assert!(status == 200 && waited < Duration::from_secs(2), "{status} after {waited:?}");
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_asker_hangs_up_stops() {
    let coldlight = Coldlight::start().await;
    let body = json!({ "sql": ENDLESS }).to_string();
    for _ in 0..4 {
        let mut asker = TcpStream::connect(coldlight.http()).unwrap();
        write!(
            asker,
            "POST /api/v1/sql HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            coldlight.http(),
            body.len()
        )
        .unwrap();
        let before = processor_time(coldlight.pid());
        until("it calculates", Duration::from_secs(10), async || {
            let used = processor_time(coldlight.pid()) - before;
            if used > Duration::from_millis(100) { Ok(()) } else { Err(format!("{used:?}")) }
        })
        .await;
    }
    // All four have hung up; nothing calculates for them any more.
    until("nothing calculates", Duration::from_secs(3), async || {
        let before = processor_time(coldlight.pid());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let used = processor_time(coldlight.pid()) - before;
        if used < Duration::from_millis(100) { Ok(()) } else { Err(format!("{used:?} in 300 ms")) }
    })
    .await;
    assert_eq!(coldlight.sql("SELECT 1").await.number(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_the_time_of_day_and_compares_with_spans() {
    let coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let told = coldlight.sql("SELECT epoch_ns(now())").await.number();
    let apart = (told - unix_nanos() as i64).abs();
    assert!(apart < 5_000_000_000, "now() is {apart} ns off");
    for (condition, count) in [
        ("started_at > now() - INTERVAL 1 MINUTE", 1),
        ("started_at > now() - INTERVAL 5 SECONDS", 0),
        ("started_at > current_date - 1", 1),
        ("started_at <= current_timestamp", 1),
        ("started_at > ago(INTERVAL 1 HOUR)", 1),
        ("date_diff('second', started_at, now()) BETWEEN 9 AND 60", 1),
        ("started_at AT TIME ZONE 'Asia/Tokyo' > now() + INTERVAL 8 HOURS", 1),
        ("time_bucket(INTERVAL 1 DAY, started_at) >= today() - 1", 1),
        ("now() > to_timestamp(0)", 1),
    ] {
        let question = format!("SELECT count(*) FROM spans WHERE {condition}");
        assert_eq!(coldlight.sql(&question).await.number(), count, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_in_the_form_asked_for_and_says_when_it_is_cut_off() {
    let coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let sql = "SELECT service, duration_ns, NULL AS nothing, 0.1::DECIMAL(38,18) AS money FROM spans, range(3)";
    let csv = ask(&coldlight, "?format=csv&max_rows=2", json!({ "sql": sql })).await;
    let row = "\"shop, \"\"the\"\" one\",2000000000,,0.100000000000000000\n";
    assert_eq!(csv.text(), format!("service,duration_ns,nothing,money\n{row}{row}"));
    assert_eq!((csv.header("content-type").starts_with("text/csv"), csv.header("x-coldlight-cut-off")), (true, "true"));
    let json = ask(&coldlight, "?max_rows=3", json!({ "sql": sql })).await;
    let answer = json.json();
    assert_eq!((answer["cut_off"].as_bool(), answer["rows"].as_array().unwrap().len()), (Some(false), 3));
    assert_eq!(answer["rows"][0][3], "0.100000000000000000", "money is never a float");
    let table = ask(&coldlight, "?format=table", json!({ "sql": "SELECT 42 AS answer" })).await;
    assert!(table.text().contains("answer") && table.text().contains("42"), "{}", table.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_beside_a_question_are_values_whatever_they_hold() {
    let coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let sql = "SELECT count(*), $n + 1 FROM spans WHERE service = $service AND started_at > $from::TIMESTAMP";
    let given = json!({ "service": "shop, \"the\" one", "n": -3, "from": "2026-01-01" });
    let answer = ask(&coldlight, "", json!({ "sql": sql, "parameters": given })).await.json();
    assert_eq!(answer["rows"][0], json!([1, -2]), "{answer}");
    let given = json!({ "service": "' OR true --", "n": 0, "from": "2026-01-01" });
    let answer = ask(&coldlight, "", json!({ "sql": sql, "parameters": given })).await.json();
    assert_eq!(answer["rows"][0][0], 0, "{answer}");
    for (body, reason) in [
        (json!({ "sql": "SELECT $a" }), "no value for $a"),
        (json!({ "sql": "SELECT 1", "parameters": { "a": 1 } }), "a value for $a"),
        (json!({ "sql": "FROM range($n)", "parameters": { "n": 100_000_000 } }), "1000000"),
        (json!({ "sql": "SELECT\n  servce\nFROM spans" }), "LINE 2:   servce"),
        (json!({ "sql": "SELECT 1,\n  FRM x" }), "LINE 2:"),
    ] {
        let answer = ask(&coldlight, "", body.clone()).await;
        let why = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && why.contains(reason), "{body}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_a_name_is_ended_by_it() {
    let coldlight = Coldlight::start().await;
    let asked = async { ask(&coldlight, "", json!({ "sql": ENDLESS, "id": "report-7" })).await };
    let ended = async {
        until("it is there to be ended", Duration::from_secs(10), async || {
            match coldlight.post("/api/v1/sql/report-7/cancel", &[], "").await.status.as_u16() {
                204 => Ok(()),
                status => Err(status.to_string()),
            }
        })
        .await;
    };
    let start = Instant::now();
    let (answer, ()) = tokio::join!(asked, ended);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(coldlight.post("/api/v1/sql/report-7/cancel", &[], "").await.status, 404);
    assert_eq!(coldlight.sql("SELECT 1").await.number(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_a_file_of_columns_when_asked_for() {
    let mut coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let sql = "SELECT service, duration_ns, started_at, 0.1::DECIMAL(38,18) AS money, attributes FROM spans, range(3)";
    let accept = |form| [("content-type", "text/plain"), ("accept", form)];
    let parquet = coldlight.post("/api/v1/sql", &accept("application/vnd.apache.parquet"), sql).await;
    let bytes = parquet.body.clone();
    assert_eq!((parquet.status.as_u16(), &bytes[..4], &bytes[bytes.len() - 4..]), (200, &b"PAR1"[..], &b"PAR1"[..]));
    let arrow = coldlight.post("/api/v1/sql?max_rows=2", &accept("application/vnd.apache.arrow.stream"), sql).await;
    // A stream begins with the mark of a message and ends with an empty one.
    assert_eq!(
        (&arrow.body[..4], &arrow.body[arrow.body.len() - 8..]),
        (&[0xff; 4][..], &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0][..])
    );
    assert_eq!(arrow.header("x-coldlight-cut-off"), "true");
    let file = coldlight.data().with_extension("parquet");
    for running in [true, false] {
        if !running {
            coldlight.stop().await;
        }
        let arguments = [sql, "--format", "parquet", "--output"];
        let output = coldlight.command("sql").args(arguments).arg(&file).output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{running}: {output:?}");
        assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"), "{running}");
        std::fs::remove_file(&file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_what_there_is_to_ask() {
    let coldlight = Coldlight::start().await;
    let say = |arguments: &[&str]| {
        let output = coldlight.command("sql").args(arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (status, all) = say(&["--describe"]);
    assert!(status == Some(0) && all.contains("invocations") && all.contains("cost_by(what, since)"), "{all}");
    let (status, columns) = say(&["--describe", "invocations", "--format", "csv"]);
    assert!(status == Some(0) && columns.contains("cost_usd,\"DECIMAL(38,18)\","), "{columns}");
    let (status, wrong) = say(&["--describe", "invocation"]);
    assert!(status == Some(2) && wrong.contains("there are spans, "), "{wrong}");
    let (status, examples) = say(&["--examples"]);
    assert!(status == Some(0) && examples.contains("cost-by-service"), "{examples}");
    let (status, answer) = say(&["--example", "cost-by-service"]);
    assert!(status == Some(0) && answer.contains("of_it_init_usd"), "{answer}");
    let (status, answer) = say(&["SELECT $n + 1 AS more", "-p", "n=41", "--format", "csv"]);
    assert_eq!((status, answer.as_str()), (Some(0), "more\n42\n"));
    let dictionary = coldlight.get("/api/v1/sql/dictionary").await.json();
    assert!(dictionary["views"].as_array().unwrap().iter().any(|view| view["name"] == "spans"), "{dictionary}");
    assert!(coldlight.get("/api/v1/sql/examples").await.json()["examples"].as_array().unwrap().len() >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_asks_for_its_own_site_and_nobody_else() {
    let coldlight = Coldlight::start().await;
    let own = format!("http://{}", coldlight.http());
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", own.as_str())];
    let short = coldlight.post("/sql", &form, "q=SELECT+40%2B2").await;
    assert_eq!((short.status.as_u16(), short.header("location")), (303, "/sql?q=SELECT+40%2B2"));
    let long = format!("q=SELECT+40%2B2+--+{}", "x".repeat(5_000));
    assert!(coldlight.post("/sql", &form, long).await.text().contains("<td class=\"r\"><bdi>42</bdi></td>"));
    let file = coldlight.post("/sql", &form, "q=SELECT+40%2B2+AS+n&format=csv").await;
    assert_eq!(
        (file.text().as_str(), file.header("content-disposition")),
        ("n\n42\n", "attachment; filename=\"answer.csv\"")
    );
    let page = coldlight.get("/sql?q=SELECT%2040%2B2").await.text();
    assert!(page.contains("<bdi>42</bdi>"));
    let request =
        web::request(Method::GET, "/sql?q=SELECT%2040%2B2", &[("sec-fetch-site", "cross-site")], web::whole(""));
    let foreign = web::send(coldlight.http(), request).await.unwrap().text();
    assert!(foreign.contains("SELECT 40+2</textarea>") && !foreign.contains("<bdi>42</bdi>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_kept_under_a_name_and_asked_of_the_range_of_the_page() {
    let mut coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let own = format!("http://{}", coldlight.http());
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", own.as_str())];
    let question = "q=SELECT+count(*)+FROM+spans+WHERE+started_at+BETWEEN+$from+AND+$to";
    let saved = coldlight.post("/sql", &form, format!("{question}&do=save&name=Lately")).await;
    let address = saved.header("location").to_owned();
    assert!(saved.status == 303 && address.starts_with("/sql?id="), "{} {address}", saved.status);
    coldlight.stop().await;
    coldlight.start_again().await;
    for (range, count) in [("", 1), ("&range=24h", 1), ("&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", 0)] {
        let page = coldlight.get(&format!("{address}{range}")).await.text();
        assert!(page.contains(&format!("<bdi>{count}</bdi>")) && page.contains("Lately"), "{range}: {page}");
    }
    let queries = coldlight.get("/api/v1/queries").await.json();
    let id = queries["queries"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!((queries["queries"][0]["name"].as_str(), address), (Some("Lately"), format!("/sql?id={id}")));
    let own = format!("http://{}", coldlight.http());
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", own.as_str())];
    let unnamed = coldlight.post("/sql", &form, format!("{question}&do=save&name=")).await;
    assert!(unnamed.status == 400 && unnamed.text().contains("1 to 80 characters"), "{}", unnamed.text());
    assert_eq!(coldlight.post("/sql", &form, format!("id={id}&do=delete")).await.status, 303);
    assert_eq!(coldlight.get("/api/v1/queries").await.json(), json!({ "queries": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_has_an_answer_where_nothing_was_received() {
    let coldlight = Coldlight::start().await;
    for example in coldlight.get("/api/v1/sql/examples").await.json()["examples"].as_array().unwrap() {
        let name = example["name"].as_str().unwrap();
        let page = coldlight.get(&format!("/sql?example={name}")).await;
        assert!(page.status == 200 && page.text().contains(">Done</b>"), "{name}: {}", page.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_asks_the_running_server_and_the_stopped_store_alike() {
    let mut coldlight = Coldlight::start().await;
    send_one(&coldlight).await;
    let ask = |coldlight: &Coldlight, question: &str| {
        let output = coldlight.command("sql").args([question, "--format", "csv"]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let recent = "SELECT count(*) AS recent FROM spans WHERE started_at > now() - INTERVAL 1 HOUR";
    let refused = "SELECT * FROM read_text('/etc/passwd')";
    for running in [true, false] {
        if !running {
            coldlight.stop().await;
        }
        assert_eq!(ask(&coldlight, recent), (Some(0), "recent\n1\n".to_owned(), String::new()), "{running}");
        let (status, said, why) = ask(&coldlight, refused);
        assert!(
            status == Some(1) && said.is_empty() && why.contains("read_text"),
            "{running}: {status:?} {said} {why}"
        );
        let (status, _, why) = ask(&coldlight, "SELECT to_char(now(), 'YYYY')");
        assert!(status == Some(1) && why.contains("strftime"), "{running}: {status:?} {why}");
    }
}

/// Questions that the gate lets through and that never end, or make much.
const HEAVY: [&str; 20] = [
    "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r, range(1000)) SELECT count(*) FROM r",
    "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM r",
    "WITH RECURSIVE r AS (SELECT [1] AS l UNION ALL SELECT list_concat(l, l) FROM r) SELECT max(len(l)) FROM r",
    "SELECT a.range, b.range FROM range(1000000) a, range(1000) b ORDER BY hash(a.range, b.range)",
    "SELECT count(DISTINCT hash(a.range, b.range)) FROM range(1000000) a, range(1000) b",
    "SELECT list(a.range) FROM range(1000000) a, range(1000) b",
    "SELECT length(string_agg(a.range::VARCHAR, ',')) FROM range(1000000) a, range(1000) b",
    "SELECT list(attributes::VARCHAR) FROM spans, range(1000000)",
    "SELECT attributes::VARCHAR FROM spans, range(1000000)",
    "SELECT attributes::VARCHAR, n FROM spans, range(1000) t(n) ORDER BY n",
    "SELECT s || s || s || s FROM (SELECT repeat(attributes::VARCHAR, 16) AS s FROM spans, range(50))",
    "SELECT max(length(repeat(attributes::VARCHAR, 64))) FROM spans, range(100)",
    "SELECT count(*) FROM spans, range(100000) WHERE regexp_matches(attributes::VARCHAR, '(a|b|c|0)*x$')",
    "SELECT sum(length(regexp_replace(attributes::VARCHAR, '[0-9]', '<digit>', 'g'))) FROM spans, range(100000)",
    "SELECT histogram(a.range) FROM range(1000000) a, range(100)",
    "SELECT count(*) FROM (SELECT unnest(string_split(attributes::VARCHAR, '')) FROM spans, range(1000))",
    "SELECT quantile_cont(hash(a.range), 0.5) OVER (ORDER BY a.range) FROM range(1000000) a",
    "SELECT list_sort(list(hash(a.range))) FROM range(1000000) a, range(100) b GROUP BY b.range",
];

#[tokio::test(flavor = "multi_thread")]
async fn heavy_questions_end_in_time_and_within_memory() {
    let arguments = vec!["--memory-limit".to_owned(), "1GiB".to_owned()];
    let coldlight = Coldlight::start_with(Options { arguments, ..Options::default() }).await;
    let mut random = Random::new("heavy");
    let spans = (0..40).map(|_| {
        let mut span = otlp::span("s", random.trace_id(), random.span_id(), unix_nanos(), 1);
        span.attributes = vec![otlp::text("long", "0123456789abcdef".repeat(4096))];
        span
    });
    let request = otlp::request("a", spans.collect()).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    coldlight.until_count("spans", 40, Duration::from_secs(5)).await;

    let idle = memory(coldlight.pid()).0;
    for question in HEAVY {
        let (start, before) = (Instant::now(), memory(coldlight.pid()).0);
        let mut most = before;
        let mut asked = std::pin::pin!(ask(&coldlight, "?max_rows=100000", json!({ "sql": question, "timeout_s": 2 })));
        let answer = loop {
            tokio::select! {
                answer = &mut asked => break answer,
                () = tokio::time::sleep(Duration::from_millis(5)) => most = most.max(memory(coldlight.pid()).0),
            }
        };
        let grown = most.saturating_sub(before) >> 20;
        let outcome = match answer.status.as_u16() {
            200 => format!("answered{}", if answer.header("x-coldlight-cut-off") == "true" { ", cut off" } else { "" }),
            _ => answer.json()["error"]["message"].as_str().unwrap_or_default().chars().take(80).collect(),
        };
        println!("{:>5} ms {grown:>5} MiB  {question}: {outcome}", start.elapsed().as_millis());
        assert!([200, 400, 504].contains(&answer.status.as_u16()), "{question}: {}", answer.status);
        assert!(start.elapsed() < Duration::from_secs(4), "{question}: {:?}", start.elapsed());
        // One that was stopped may still hold its limit of 1 GiB while the next takes half of that, what one more chunk makes before
        // the watch looks again, and the answer's text.
        assert!(most.saturating_sub(idle) >> 20 < 2048, "{question}: {} MiB", most >> 20);
    }
    // At once, while the last of them may still be ending.
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 40);
    println!("{} MiB before, {} MiB after", idle >> 20, memory(coldlight.pid()).0 >> 20);
}
