//! The pages that are one question to the store and one answer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use coldlight_model::ServiceMap;
use coldlight_store::{SpendingSearch, TraceSearch};
use coldlight_ui::pages::{containers, cost, heat, map, status, traces};
use http::header;

use super::asked::Asked;
use crate::site::Site;
use crate::wrong::Wrong;

pub async fn map(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = map::State::parse(&asked.query, asked.shell.now);
    let (range, filter) = (state.range(), state.filter().clone());
    let queues = async {
        // Of a filter's traces alone nobody could say what is still in a queue.
        if filter.is_empty() { site.store.queues(range).await } else { Ok(Vec::new()) }
    };
    let (answer, queues) = tokio::join!(site.store.map(range, filter.clone()), queues);
    let mut answer = ServiceMap { queues: queues?, ..answer? };
    if let Some(earlier) = state.earlier {
        // Of the time that the answer is of: a filter may have made it shorter.
        answer.earlier = Some(Box::new(site.store.map(earlier.of(answer.range), filter.clone()).await?));
    }
    if let Some((from, to)) = state.selected_edge(&answer) {
        answer.carried = site.store.carried(answer.range, filter, from, to).await?;
    }
    let layout = site.layouts.of(&state.graph(&answer)).await;
    Ok(asked.answer(
        || map::page(&asked.shell, &state, &answer, &layout),
        |block| map::fragment(block, &asked.shell, &state, &answer, &layout),
    ))
}

pub async fn traces(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = traces::State::parse(&asked.query, asked.shell.now);
    if state.view == traces::Shown::Heat && state.format == traces::Format::Html {
        return heat_map(&site, &asked, &state).await;
    }
    let (range, filter) = (state.range(), state.filter().clone());
    let search =
        TraceSearch { range, filter: filter.clone(), sort: state.sort, after: state.after, limit: traces::LIMIT };
    if state.format != traces::Format::Html {
        let list = site.store.traces(search).await?;
        return Ok(match state.format {
            traces::Format::Csv => file("text/csv; charset=utf-8; header=present", "traces.csv", traces::csv(&list)),
            _ => file("application/json", "traces.json", traces::json(&list)),
        });
    }
    let (list, histogram, services, spent) = tokio::join!(
        site.store.traces(search),
        site.store.trace_histogram(range, filter.clone(), traces::BINS),
        site.store.services(range),
        site.store.spent(range, filter),
    );
    let (list, counts, services, spent) = (list?, histogram?, services?, spent?);
    let answer = traces::Answer { list: &list, counts: &counts, services: &services, spent: &spent };
    Ok(asked.answer(|| traces::page(&asked.shell, &state, answer), |_| None))
}

async fn heat_map(site: &Site, asked: &Asked, state: &traces::State) -> Result<Response, Wrong> {
    let differences = async {
        match state.contrast() {
            Some(contrast) => Ok(Some(site.store.differences(contrast).await?)),
            None => Ok::<_, Wrong>(None),
        }
    };
    let (heat, found) = tokio::join!(site.store.heat(state.range(), state.of_spans(), heat::COLUMNS), differences);
    let (heat, found) = (heat?, found?);
    Ok(asked.answer(
        || heat::page(&asked.shell, state, &heat, found.as_ref()),
        |block| heat::fragment(block, &asked.shell, state, &heat, found.as_ref()),
    ))
}

pub(super) fn file(content_type: &'static str, name: &str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, text).into_response()
}

pub async fn containers(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = containers::State::parse(&asked.query, asked.shell.now);
    let found = site.store.containers(state.range.resolve(asked.shell.now)).await?;
    Ok(asked.answer(|| containers::page(&asked.shell, &state, &found), |_| None))
}

pub async fn cost(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = cost::State::parse(&asked.query, asked.shell.now);
    let search = SpendingSearch {
        range: state.range(asked.shell.now),
        step: state.step(asked.shell.now),
        first: state.first(asked.shell.now),
        by: state.by.clone(),
        filter: state.filter.clone(),
        compare: state.compare,
    };
    let spending = site.store.spending(search).await?;
    Ok(asked.answer(|| cost::page(&asked.shell, &state, &spending), |_| None))
}

pub async fn status(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = status::State::parse(&asked.query, asked.shell.now);
    let store = site.status().await?;
    let receiver = site.receiver.counts();
    let slow: Vec<status::SlowQuery> = site
        .slow
        .list(asked.shell.now)
        .into_iter()
        .map(|page| status::SlowQuery { name: page.address, took: page.took.as_nanos() as u64, at: page.at })
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    Ok(asked.answer(
        || status::page(&asked.shell, &state, &receiver, &store, &site.listening, version, &slow),
        |block| status::fragment(block, &asked.shell, &state, &receiver, &store, &site.listening, version, &slow),
    ))
}
