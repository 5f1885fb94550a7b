//! Every recorded request of a real SDK, sent as it was sent, is counted everywhere as its manifest says.

use std::collections::BTreeMap;
use std::time::Duration;

use coldlight_tests::clock::until;
use coldlight_tests::corpus::{Faas, Manifest};
use coldlight_tests::{Coldlight, table};

const FRESH: Duration = Duration::from_secs(30);
/// Invocations are told by a thread that rests ten times as long as it worked.
const TOLD: Duration = Duration::from_secs(60);

async fn send_all(coldlight: &Coldlight, manifest: &Manifest) {
    for recording in &manifest.files {
        recording.send(coldlight.addresses()).await;
    }
}

async fn sent() -> (Coldlight, Manifest) {
    let (coldlight, manifest) = (Coldlight::start().await, Manifest::read());
    send_all(&coldlight, &manifest).await;
    coldlight.until_count("spans", manifest.totals.spans, FRESH).await;
    coldlight.until_count("logs", manifest.totals.log_records, FRESH).await;
    (coldlight, manifest)
}

/// The recordings' time range, as pages and API take it.
async fn range(coldlight: &Coldlight) -> String {
    let bounds = coldlight.sql("SELECT min(started_at), max(ended_at) + INTERVAL 1 SECOND FROM spans").await;
    let at = |cell: usize| table::text(&bounds.rows[0][cell]).replace(' ', "T") + "Z";
    format!("from={}&to={}", at(0), at(1))
}

/// The counts of a two-column answer.
async fn counts(coldlight: &Coldlight, question: &str) -> BTreeMap<String, u64> {
    let answer = coldlight.sql(question).await;
    answer.rows.iter().map(|row| (table::text(&row[0]), table::number(&row[1]).unsigned_abs())).collect()
}

/// Spans by service, as the manifest has them: every recording is of one service.
fn spans_by_service(manifest: &Manifest) -> BTreeMap<String, u64> {
    let mut spans = BTreeMap::new();
    for recording in manifest.of("traces") {
        assert_eq!(recording.services.len(), 1, "{}", recording.file);
        *spans.entry(recording.services[0].clone()).or_default() += recording.expected.spans;
    }
    spans
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_traces_logs_and_services_are_as_many_as_were_sent_in_sql() {
    let (coldlight, manifest) = sent().await;
    assert_eq!(coldlight.sql("SELECT count(*) FROM traces").await.number(), manifest.totals.traces as i64);
    assert_eq!(coldlight.sql("SELECT sum(spans) FROM traces").await.number(), manifest.totals.spans as i64);
    let by_service = counts(&coldlight, "SELECT service, count(*) FROM spans GROUP BY ALL").await;
    assert_eq!(by_service, spans_by_service(&manifest));
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, count) in manifest.of("traces").flat_map(|recording| &recording.expected.kinds) {
        *kinds.entry(kind.clone()).or_default() += count;
    }
    assert_eq!(counts(&coldlight, "SELECT kind, count(*) FROM spans GROUP BY ALL").await, kinds);
    for (what, question, expected) in [
        ("status error", "SELECT count(*) FROM spans WHERE status = 'error'", manifest.sum(|e| e.error_spans)),
        (
            "roots",
            "SELECT count(*) FROM spans WHERE parent_span_id IS NULL",
            manifest.sum(|e| e.spans_without_parent_id),
        ),
        ("events", "SELECT sum(len(events)) FROM spans", manifest.sum(|e| e.events)),
        ("links", "SELECT sum(len(links)) FROM spans", manifest.sum(|e| e.links)),
    ] {
        assert_eq!(coldlight.sql(question).await.number(), expected as i64, "{what}");
    }

    let mut severities: BTreeMap<String, u64> = BTreeMap::new();
    for (severity, count) in manifest.of("logs").flat_map(|recording| &recording.expected.severities) {
        *severities.entry(severity.clone()).or_default() += count;
    }
    assert_eq!(counts(&coldlight, "SELECT severity_number, count(*) FROM logs GROUP BY ALL").await, severities);
    let status = coldlight.get("/api/v1/status").await.json();
    assert_eq!(status["receiver"]["metric_points"], manifest.totals.data_points, "{status}");

    // File by file: what one recording brought is what its traces hold, unless others have spans of the same trace.
    let mut files_of: BTreeMap<&str, u64> = BTreeMap::new();
    let recordings: Vec<_> = manifest.of("traces").collect();
    recordings.iter().flat_map(|r| &r.expected.trace_ids).for_each(|id| *files_of.entry(id).or_default() += 1);
    for recording in recordings.iter().filter(|r| r.expected.trace_ids.iter().all(|id| files_of[id.as_str()] == 1)) {
        let ids = recording.expected.trace_ids.join("', '");
        let question = format!("SELECT count(*) FROM spans WHERE trace_id IN ('{ids}')");
        assert_eq!(coldlight.sql(&question).await.number(), recording.expected.spans as i64, "{}", recording.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_and_the_pages_show_the_same_numbers() {
    let (coldlight, manifest) = sent().await;
    let range = range(&coldlight).await;

    // Services and the map are counted by the minute, a moment after the spans are there.
    let expected = manifest.services_of("traces");
    until("every service counted", FRESH, async || {
        let services = coldlight.get(&format!("/api/v1/services?{range}")).await.json();
        let mut names: Vec<&str> =
            services["services"].as_array().unwrap().iter().map(|s| s["service"].as_str().unwrap()).collect();
        names.sort_unstable();
        if names == expected { Ok(()) } else { Err(format!("{names:?}")) }
    })
    .await;

    let traces = coldlight.get(&format!("/api/v1/traces?{range}&limit=100")).await.json();
    let traces = traces["traces"].as_array().unwrap();
    assert_eq!(traces.len() as u64, manifest.totals.traces);
    assert_eq!(traces.iter().map(|trace| trace["spans"].as_u64().unwrap()).sum::<u64>(), manifest.totals.spans);

    let page = coldlight.get(&format!("/traces?{range}")).await.text();
    assert_eq!(page.matches("data-test=\"trace-row\"").count() as u64, manifest.totals.traces);
    for trace in traces {
        let id = trace["trace_id"].as_str().unwrap();
        assert!(page.contains(&format!("data-id=\"{id}\"")), "the list lacks {id}");
        let page = coldlight.get(&format!("/traces/{id}?rows=all&fold=0")).await;
        assert_eq!(page.status, 200, "{id}");
        let rows = page.text().matches("data-test=\"span-row\"").count() as u64;
        assert_eq!(Some(rows), trace["spans"].as_u64(), "rows of {id}");
        let otlp = coldlight.get(&format!("/traces/{id}/otlp.json")).await.json();
        assert_eq!(Some(spans_of(&otlp)), trace["spans"].as_u64(), "spans of {id} as OTLP");
    }

    let map = coldlight.get(&format!("/map?{range}")).await.text();
    for service in manifest.services_of("traces") {
        assert!(
            map.contains(&format!("/{service}\"")) || map.contains(&format!(":{service}\"")),
            "the map lacks {service}"
        );
    }
}

/// What a span says of its invocation is in its row, and what only its caller knew is not told wrong: nothing is reported that was
/// not, and no start is told other than it was.
#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_invocation_has_the_facts_of_its_span_and_nothing_made_up() {
    let (coldlight, manifest) = sent().await;
    let said: Vec<&Faas> = manifest.files.iter().flat_map(|recording| &recording.faas).collect();
    coldlight.until_count("invocations", said.len() as u64, TOLD).await;
    for one in said {
        let answer = coldlight
            .sql(&format!(
                "SELECT trace_id, span_id, \"trigger\", function_arn, \"function\", version, instance, memory_mb::VARCHAR,
                        cold_start::VARCHAR, start_state, cost_state
                 FROM invocations WHERE request_id = '{}'",
                one.invocation_id
            ))
            .await;
        let [row] = &answer.rows[..] else { panic!("{one:?}: {} rows", answer.rows.len()) };
        let told: Vec<Option<String>> = row.iter().map(|cell| (!cell.is_null()).then(|| table::text(cell))).collect();
        let text = |text: &str| Some(text.to_owned());
        let megabytes = match one.max_memory_as_sent {
            bytes @ 1_000_000.. => bytes >> 20,
            megabytes => megabytes,
        };
        let expected = [
            text(&one.trace_id),
            text(&one.span_id),
            one.trigger.clone(),
            one.arn.clone(),
            text(&one.faas_name),
            text(&one.faas_version),
            text(&one.instance),
            text(&megabytes.to_string()),
        ];
        assert_eq!(told[..8], expected, "{one:?}");
        if let Some(cold) = one.coldstart_attr {
            assert_eq!((&told[8], &told[9]), (&text(&cold.to_string()), &text("said")), "{one:?}");
        }
        let truth = manifest.scenarios.iter().flat_map(|scenario| &scenario.true_invocations);
        let truth = truth.into_iter().find(|truth| truth.request_id == one.invocation_id).expect("a true one");
        assert!(told[8].is_none() || told[8] == text(&truth.cold.to_string()), "{one:?} was {truth:?}, told {told:?}");
        assert_eq!(told[10].as_deref(), Some("estimated"), "nobody reported {one:?}");
    }
}

fn spans_of(otlp: &serde_json::Value) -> u64 {
    let list = |value: &serde_json::Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let resources = list(otlp, "resourceSpans");
    let scopes = resources.iter().flat_map(|resource| list(resource, "scopeSpans"));
    scopes.map(|scope| list(&scope, "spans").len() as u64).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_everything_again_changes_nothing() {
    let (mut coldlight, manifest) = sent().await;
    let all = "SELECT * EXCLUDE received_at FROM spans ORDER BY trace_id, span_id, kind";
    let before = coldlight.sql(all).await.rows;
    for _ in 0..3 {
        send_all(&coldlight, &manifest).await;
    }
    coldlight.restart().await;
    send_all(&coldlight, &manifest).await;
    // Long enough that a repeat would have become visible.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(coldlight.sql(all).await.rows, before);
    assert_eq!(coldlight.sql("SELECT count(*) FROM logs").await.number(), manifest.totals.log_records as i64);
    // The map is counted up a little later than spans are visible.
    let edges = "SELECT caller, callee, way, sum(calls) FROM edges GROUP BY ALL ORDER BY ALL";
    let once = sent().await.0;
    until("calls on the map counted once", FRESH, async || {
        let (once, again) = (once.sql(edges).await.rows, coldlight.sql(edges).await.rows);
        if !once.is_empty() && once == again {
            Ok(())
        } else {
            Err(format!("{once:?} sent once, {again:?} sent five times"))
        }
    })
    .await;
}
