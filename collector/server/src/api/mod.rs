//! `/api/v1`: the same answers as the pages, as JSON, and free questions in SQL.
//!
//! Query words are those of the pages (`range`, `from`, `to`, `f`, `sort`, `cursor`); here a word that cannot be understood
//! is an error, for a program cannot read a note.

mod advice;
mod compare;
mod complete;
mod containers;
mod differences;
mod invocations;
mod map;
mod prices;
pub mod queries;
mod spending;
pub mod sql;
mod views;
mod watched;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use coldlight_model::{Cursor, Filter, ServiceMap, SpanId, TimeRange, TraceId, TraceSort, TraceSpan};
use coldlight_store::TraceSearch;
use coldlight_ui::pages::map::Earlier;
use coldlight_ui::query::Query;
use coldlight_ui::range::Range;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock;
use crate::site::Site;
use crate::wrong::Wrong;
pub use invocations::invocations_json;
use views::{Bin, MapEdgeView, MapNodeView, OperationView, Service, SpanRow, Time, TraceRow};

/// The document that describes this API, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("openapi.json");

pub fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/api/v1/services", get(services))
        .route("/api/v1/operations", get(operations))
        .route("/api/v1/traces", get(traces))
        .route("/api/v1/traces/{id}", get(trace))
        .route("/api/v1/traces/{id}/spans/{span}", get(span))
        .route("/api/v1/invocations", get(invocations::invocations))
        .route("/api/v1/invocations/{id}", get(invocations::attempts))
        .route("/api/v1/functions", get(invocations::functions))
        .route("/api/v1/cold-starts", get(invocations::cold_starts))
        .route("/api/v1/map", get(map))
        .route("/api/v1/complete", get(complete::suggest))
        .route("/api/v1/differences", get(differences::differences))
        .route("/api/v1/containers", get(containers::containers))
        .route("/api/v1/what-if", get(advice::what_if))
        .route("/api/v1/right-size", get(advice::right_size))
        .route("/api/v1/traces/{id}/cost", get(spending::trace_cost))
        .route("/api/v1/spending", get(spending::spending))
        .route("/api/v1/compare", get(compare::compare))
        .route("/api/v1/searches", get(watched::searches).post(watched::save_search))
        .route("/api/v1/searches/{id}/delete", post(watched::delete_search))
        .route("/api/v1/alerts", get(watched::list).post(watched::add))
        .route("/api/v1/alerts/{id}/delete", post(watched::delete))
        .route("/api/v1/status", get(status))
        .route("/api/v1/prices", get(prices::list).post(prices::add))
        .route("/api/v1/queries", get(queries::list).post(queries::save))
        .route("/api/v1/queries/{id}/delete", post(queries::remove))
        .route("/api/v1/sql", post(sql::ask))
        .route("/api/v1/sql/{id}/cancel", post(sql::cancel))
        .route("/api/v1/sql/dictionary", get(sql::dictionary))
        .route("/api/v1/sql/examples", get(sql::examples))
        .route("/api/v1/openapi.json", get(openapi))
}

type Answer = Result<Response, Wrong>;

/// Answers change with every commit: nobody keeps them.
pub fn answer(value: &impl Serialize) -> Answer {
    let text = serde_json::to_string(value).map_err(|error| Wrong::internal("the answer cannot be written", &error))?;
    Ok(json_text(text))
}

fn json_text(text: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What was asked, checked strictly.
struct Asked {
    query: Query,
    range: TimeRange,
}

impl Asked {
    fn read(query: Option<String>, known: &[&str]) -> Result<Self, Wrong> {
        let query = Query::parse(&query.unwrap_or_default());
        let now = clock::now();
        let mut bad = Vec::new();
        let range = Range::from_query(&query, now, &mut bad).resolve(now);
        let known: Vec<&str> = ["range", "from", "to"].iter().chain(known).copied().collect();
        bad.extend(query.unknown(&known).into_iter().map(|mut one| {
            one.problem = format!("is not known here; there are {}", known.join(", "));
            one
        }));
        match bad.into_iter().next() {
            None => Ok(Self { query, range }),
            Some(one) if one.problem.starts_with("is not") => {
                Err(Wrong::parameter(&one.name, format!("“{}” {}", one.name, one.problem)))
            }
            Some(one) => Err(Wrong::parameter(&one.name, format!("“{}” is not {}", one.value, one.problem))),
        }
    }

    fn filter(&self) -> Result<Filter, Wrong> {
        let filter = Filter::parse(self.query.get("f").unwrap_or_default());
        match filter.problems.first() {
            None => Ok(filter),
            Some(problem) => Err(Wrong::parameter("f", format!("“{}”: {}", problem.word, problem.message))),
        }
    }

    fn sort(&self) -> Result<TraceSort, Wrong> {
        let Some(name) = self.query.get("sort") else { return Ok(TraceSort::default()) };
        let names: Vec<&str> = TraceSort::ALL.into_iter().map(TraceSort::name).collect();
        TraceSort::from_name(name)
            .ok_or_else(|| Wrong::parameter("sort", format!("“{name}” is not one of {}", names.join(", "))))
    }

    fn cursor(&self) -> Result<Option<Cursor>, Wrong> {
        let Some(text) = self.query.get("cursor") else { return Ok(None) };
        let wrong =
            || Wrong::parameter("cursor", format!("“{text}” is not a cursor; take it from `next` of the page before"));
        Cursor::from_text(text).ok_or_else(wrong).map(Some)
    }

    fn limit(&self) -> Result<u32, Wrong> {
        let Some(text) = self.query.get("limit") else { return Ok(100) };
        match text.parse() {
            Ok(limit @ 1..=1_000) => Ok(limit),
            _ => Err(Wrong::parameter("limit", format!("“{text}” is not a number from 1 to 1000"))),
        }
    }
}

pub fn trace_id(text: &str) -> Result<TraceId, Wrong> {
    TraceId::from_hex(text).ok_or_else(|| {
        Wrong::parameter("id", format!("“{}” is not a trace id: 32 hexadecimal digits, not all zero", cut(text)))
    })
}

pub fn span_id(text: &str) -> Result<SpanId, Wrong> {
    SpanId::from_hex(text).ok_or_else(|| {
        Wrong::parameter("span", format!("“{}” is not a span id: 16 hexadecimal digits, not all zero", cut(text)))
    })
}

fn cut(text: &str) -> String {
    coldlight_ui::text::cut(text, 60)
}

async fn services(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &[])?;
    let services = site.store.services(asked.range).await?;
    let services: Vec<Service> = services.iter().map(Service::from).collect();
    answer(&json!({ "range": views::Range::from(asked.range), "services": services }))
}

async fn operations(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["service"])?;
    let service = asked.query.get("service").filter(|name| !name.is_empty());
    let service =
        service.ok_or_else(|| Wrong::parameter("service", "name the service whose operations you ask for"))?;
    let operations = site.store.operations(service.to_owned(), asked.range).await?;
    let operations: Vec<OperationView> = operations.iter().map(OperationView::from).collect();
    answer(&json!({ "range": views::Range::from(asked.range), "operations": operations }))
}

async fn traces(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f", "sort", "cursor", "limit", "with"])?;
    let with_spent = match asked.query.get("with") {
        None | Some("") => false,
        Some("spent") => true,
        Some(other) => return Err(Wrong::parameter("with", format!("“{}” is not spent", cut(other)))),
    };
    let search = TraceSearch {
        range: asked.range,
        filter: asked.filter()?,
        sort: asked.sort()?,
        after: asked.cursor()?,
        limit: asked.limit()?,
    };
    let list = site.store.traces(search).await?;
    let traces: Vec<TraceRow> = list.traces.iter().map(TraceRow::from).collect();
    let next = list.next.map(|cursor| cursor.to_text());
    let mut page = json!({ "range": views::Range::from(asked.range), "traces": traces, "next": next });
    if with_spent {
        page["spent"] = spending::spent(&site.store.spent(asked.range, asked.filter()?).await?);
    }
    answer(&page)
}

#[derive(Serialize)]
struct WholeTrace<'a> {
    trace_id: String,
    started_at: Time,
    length_ns: u64,
    spans: Vec<SpanRow<'a>>,
}

async fn trace(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer {
    let id = trace_id(&id)?;
    let read = site.traces.of(&site.store, id).await?.ok_or_else(|| Wrong::no_such_trace(id, Vec::new()))?;
    let trace = &read.trace;
    let by_id: HashMap<SpanId, &TraceSpan> = trace.spans.iter().rev().map(|span| (span.span_id, span)).collect();
    let parent = |span: &TraceSpan| by_id.get(&span.parent_span_id?).copied();
    answer(&WholeTrace {
        trace_id: trace.trace_id.to_hex(),
        started_at: Time(trace.start()),
        length_ns: trace.length(),
        spans: trace.spans.iter().map(|span| SpanRow::new(span, parent(span))).collect(),
    })
}

async fn span(State(site): State<Arc<Site>>, Path((id, span)): Path<(String, String)>) -> Answer {
    let (id, span) = (trace_id(&id)?, span_id(&span)?);
    let found = site.store.span(id, span).await?;
    let detail = found.ok_or_else(|| Wrong::not_found(format!("there is no span {span} in trace {id}")))?;
    answer(&views::detail(&detail))
}

async fn map(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let asked = Asked::read(query, &["f", "cmp", "with"])?;
    let filter = asked.filter()?;
    let with = map::With::read(&asked.query, &filter)?;
    let earlier = match asked.query.get("cmp").filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => Some(Earlier::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| {
            let names = Earlier::ALL.map(Earlier::name).join(", ");
            Wrong::parameter("cmp", format!("“{name}” is not one of {names}"))
        })?),
    };
    let map = site.store.map(asked.range, filter.clone()).await?;
    let mut whole = map_json(&map);
    with.add(&site, filter.clone(), &map, &mut whole).await?;
    if let Some(earlier) = earlier {
        whole["earlier"] = map_json(&site.store.map(earlier.of(map.range), filter).await?);
    }
    answer(&whole)
}

fn map_json(map: &ServiceMap) -> Value {
    json!({
        "range": views::Range::from(map.range),
        "nodes": map.nodes.iter().map(MapNodeView::from).collect::<Vec<_>>(),
        "edges": map.edges.iter().map(MapEdgeView::from).collect::<Vec<_>>(),
        "entries": views::Stats::from(&map.entries),
        "bins": map.bins.iter().map(Bin::from).collect::<Vec<_>>(),
        "spent": spending::spent(&map.spent),
        "traces": map.narrowed.map(|narrowed| json!({ "drawn": narrowed.traces, "found": narrowed.of })),
    })
}

async fn status(State(site): State<Arc<Site>>) -> Answer {
    let receiver = site.receiver.counts();
    let store = site.status().await?;
    let refused: serde_json::Map<String, Value> =
        receiver.refusals.iter().map(|one| (one.reason.replace(' ', "_"), one.count.into())).collect();
    let listening: serde_json::Map<String, Value> =
        site.listening.iter().map(|one| (one.name.replace('-', "_"), one.address.to_string().into())).collect();
    answer(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": Time(site.started_at),
        "listening": listening,
        "receiver": {
            "requests": receiver.requests, "bytes": receiver.bytes,
            "spans": receiver.spans, "spans_rejected": receiver.spans_rejected,
            "logs": receiver.logs, "logs_rejected": receiver.logs_rejected,
            "metric_points": receiver.metric_points, "metric_points_kept": receiver.metric_points_kept,
            "secrets_redacted": receiver.secrets_redacted, "refused": refused,
            "in_flight_bytes": receiver.in_flight_bytes, "in_flight_limit_bytes": receiver.in_flight_limit,
        },
        "store": {
            "busy": store.busy.map(coldlight_model::BusyReason::name),
            "spans": store.spans, "logs": store.logs, "metric_points": store.metric_points, "resources": store.resources,
            "duplicates": store.duplicates, "spans_written": store.spans_written,
            "spans_written_per_s": store.spans_written_per_s,
            "waiting_batches": store.waiting_batches, "waiting_age_ns": store.waiting_age,
            "freshness_p95_ns": store.freshness_p95,
            "journal_bytes": store.journal_bytes, "journal_limit_bytes": store.journal_limit,
            "journal_segments": store.journal_segments,
            "database_bytes": store.database_bytes, "wal_bytes": store.wal_bytes,
            "disk_free_bytes": store.disk_free_bytes, "disk_reserve_bytes": store.disk_reserve_bytes,
            "newest_span_at": store.newest_span_at.map(Time), "oldest_span_at": store.oldest_span_at.map(Time),
            "retain_ns": store.retain, "retain_bytes": store.retain_bytes,
            "dropped_by_retention": store.dropped_by_retention,
            "last_checkpoint_at": store.last_checkpoint_at.map(Time),
            "reopened": store.reopened, "quarantined": store.quarantined,
        },
    }))
}

async fn openapi() -> Response {
    json_text(OPENAPI).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(query: &str, known: &[&str]) -> Wrong {
        let read = |asked: Asked| {
            asked.filter().and(asked.sort().map(drop)).and(asked.cursor().map(drop)).and(asked.limit().map(drop))
        };
        Asked::read(Some(query.to_owned()), known).and_then(read).unwrap_err()
    }

    #[test]
    fn a_wrong_word_is_an_error_that_names_its_parameter() {
        const KNOWN: [&str; 4] = ["f", "sort", "cursor", "limit"];
        for (query, parameter) in [
            ("range=2h", "range"),
            ("from=noon", "from"),
            ("f=dur%3E500", "f"),
            ("sort=best", "sort"),
            ("cursor=x", "cursor"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("page=2", "page"),
        ] {
            let wrong = wrong(query, &KNOWN);
            assert_eq!(
                (wrong.status.as_u16(), wrong.parameter.as_deref()),
                (400, Some(parameter)),
                "{query}: {wrong:?}"
            );
        }
        assert!(wrong("servce=x", &["service"]).message.contains("service"));
    }

    #[test]
    fn ids_are_hexadecimal_and_whole() {
        assert!(trace_id("5B8EFFF798038103D269B633813FC60C").is_ok());
        for text in ["", "5b8e", "zz8efff798038103d269b633813fc60c", "00000000000000000000000000000000"] {
            assert_eq!(trace_id(text).unwrap_err().parameter.as_deref(), Some("id"));
        }
        assert!(span_id(&"a".repeat(1 << 20)).unwrap_err().message.len() < 200);
    }

    #[test]
    fn every_route_of_the_api_is_described() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let routed = crate::routes::ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/"));
        for route in routed.clone() {
            let described = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert!(described.is_object(), "{} {}", route.method, route.path);
            assert!(["200", "204"].iter().any(|answer| described["responses"][answer].is_object()), "{}", route.path);
        }
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, routed.count(), "and nothing else is");
    }
}
