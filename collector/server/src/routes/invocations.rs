//! `/invocations`, `/invocations/{id}`, `/functions`, `/functions/{name}` and `/cold-starts`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use coldlight_model::{Filter, InvocationGroup, InvocationGrouping, InvocationList, InvocationSort, TimeRange};
use coldlight_store::{InvocationSearch, StoreError};
use coldlight_ui::pages::invocations::{self as list, Format, Page, slice_of};
use coldlight_ui::pages::{cold_starts, function, functions, invocation};

use super::asked::Asked;
use super::pages::file;
use crate::api;
use crate::site::Site;
use crate::wrong::{About, Wrong};

/// Matching invocations by what they have in common: see [`coldlight_store::Store::invocation_groups`].
async fn groups<const N: usize>(
    site: &Site,
    range: TimeRange,
    filter: &Filter,
    by: [InvocationGrouping; N],
) -> Result<[Vec<InvocationGroup>; N], StoreError> {
    site.store.invocation_groups(range, filter.clone(), by).await
}

/// All in one; the store always answers with one.
fn only(all: Vec<InvocationGroup>) -> InvocationGroup {
    all.into_iter().next().unwrap_or_default()
}

fn slices(range: TimeRange) -> InvocationGrouping {
    InvocationGrouping::Slice(slice_of(range))
}

/// How many match without each word of the filter, of the first words.
async fn without_each(site: &Site, range: TimeRange, filter: &Filter) -> Result<Vec<u64>, StoreError> {
    const COUNTED: usize = 6;
    let mut counts = Vec::new();
    for at in 0..filter.conditions.len().min(COUNTED) {
        let [all] =
            groups(site, range, &Filter::of_invocations(&filter.without(at)), [InvocationGrouping::All]).await?;
        counts.push(only(all).count);
    }
    Ok(counts)
}

pub async fn list(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = list::State::parse(Page::List, &asked.query, asked.shell.now);
    let (range, filter) = (state.range(), state.asked());
    let search = InvocationSearch {
        range,
        filter: filter.clone(),
        sort: state.sort,
        after: state.after.clone(),
        limit: list::LIMIT,
    };
    if state.format != Format::Html {
        let list = site.store.invocations(search).await?;
        return Ok(match state.format {
            Format::Csv => file("text/csv; charset=utf-8; header=present", "invocations.csv", list::csv(&list)),
            _ => file("application/json", "invocations.json", api::invocations_json(range, &list).to_string()),
        });
    }
    let by = [InvocationGrouping::All, slices(range)];
    let (list, found) = tokio::join!(site.store.invocations(search), groups(&site, range, &filter, by));
    let (list, [all, slices]) = (list?, found?);
    let all = only(all);
    let without = if list.invocations.is_empty() && all.count == 0 {
        without_each(&site, range, state.filter()).await?
    } else {
        Vec::new()
    };
    let answer = list::Answer { list: &list, all: &all, slices: &slices, without: &without };
    Ok(asked.answer(
        || list::page(&asked.shell, &state, answer),
        |block| list::fragment(block, &asked.shell, &state, answer),
    ))
}

pub async fn one(State(site): State<Arc<Site>>, Path(request): Path<String>, asked: Asked) -> Result<Response, Wrong> {
    let attempts = site.store.invocations_of_request(request.clone()).await?;
    if attempts.is_empty() {
        let why = "no invocation has this request id: its span and its report may still be on their way";
        return Err(Wrong { about: About::Search(request), ..Wrong::not_found(why) });
    }
    Ok(asked.answer(|| invocation::page(&asked.shell, &request, &attempts), |_| None))
}

pub async fn functions(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = list::State::parse(Page::Functions, &asked.query, asked.shell.now);
    let (range, filter) = (state.range(), state.asked());
    let [found, all] = groups(&site, range, &filter, [InvocationGrouping::Function, InvocationGrouping::All]).await?;
    let all = only(all);
    Ok(asked.answer(
        || functions::page(&asked.shell, &state, &found, &all),
        |block| functions::fragment(block, &asked.shell, &state, &found, &all),
    ))
}

pub async fn function(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Wrong> {
    let state = list::State::parse(Page::Function(name.clone()), &asked.query, asked.shell.now);
    let (range, filter) = (state.range(), state.asked());
    let search = InvocationSearch {
        range,
        filter: filter.clone(),
        sort: InvocationSort::Newest,
        after: None,
        limit: function::LIMIT,
    };
    let by = [InvocationGrouping::All, slices(range), InvocationGrouping::Version, InvocationGrouping::Memory];
    let (newest, found, course) = tokio::join!(
        site.store.invocations(search),
        groups(&site, range, &filter, by),
        site.store.function_course(range, name, filter.clone(), slice_of(range))
    );
    let (newest, [all, slices, versions, sizes], course) = (newest?, found?, course?);
    let all = only(all);
    let answer = function::Answer {
        all: &all,
        slices: &slices,
        versions: &versions,
        sizes: &sizes,
        course: &course,
        newest: &newest,
    };
    Ok(asked.answer(
        || function::page(&asked.shell, &state, answer),
        |block| function::fragment(block, &asked.shell, &state, answer),
    ))
}

pub async fn cold_starts(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = list::State::parse(Page::ColdStarts, &asked.query, asked.shell.now);
    let (range, filter) = (state.range(), state.asked());
    let cold = Filter::of_invocations(format!("{} {}", filter.to_line(), state.cold_word()).trim());
    let by = [InvocationGrouping::All, slices(range), state.by];
    let (coldest, course, found) = tokio::join!(
        coldest(&site, range, &cold),
        site.store.cold_course(range, cold.clone()),
        groups(&site, range, &filter, by)
    );
    let (coldest, course, [all, slices, found]) = (coldest?, course?, found?);
    let all = only(all);
    let answer = cold_starts::Answer { all: &all, slices: &slices, groups: &found, coldest: &coldest, course: &course };
    Ok(asked.answer(
        || cold_starts::page(&asked.shell, &state, answer),
        |block| cold_starts::fragment(block, &asked.shell, &state, answer),
    ))
}

async fn coldest(site: &Site, range: TimeRange, filter: &Filter) -> Result<InvocationList, StoreError> {
    let search = InvocationSearch {
        range,
        filter: filter.clone(),
        sort: InvocationSort::Coldest,
        after: None,
        limit: cold_starts::LIMIT,
    };
    site.store.invocations(search).await
}
