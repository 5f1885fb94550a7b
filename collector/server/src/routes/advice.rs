//! `/cost/what-if` and `/cost/right-size`: advice from observed traffic.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use coldlight_model::{Filter, FunctionSize, InvocationGrouping, TimeRange};
use coldlight_store::StoreError;
use coldlight_ui::pages::{right_size, what_if};

use super::asked::Asked;
use crate::site::Site;
use crate::wrong::Wrong;

/// The functions seen, by name, and what was seen of the one asked for; of none asked for, the first.
async fn seen(
    site: &Site,
    range: TimeRange,
    asked: Option<String>,
) -> Result<(Vec<String>, Option<String>, Vec<FunctionSize>), StoreError> {
    let [groups] = site.store.invocation_groups(range, Filter::default(), [InvocationGrouping::Function]).await?;
    let mut names: Vec<String> = groups.into_iter().filter_map(|group| group.name).collect();
    let function = asked.or_else(|| names.first().cloned());
    names.sort_unstable();
    let sizes = match &function {
        Some(function) => site.store.function_sizes(range, function.clone()).await?,
        None => Vec::new(),
    };
    Ok((names, function, sizes))
}

pub async fn what_if(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let mut state = what_if::State::parse(&asked.query, asked.shell.now);
    let range = state.range.resolve(asked.shell.now);
    let (names, function, sizes) = seen(&site, range, state.function.take()).await?;
    state.function = function;
    let book = site.store.price_book().await?;
    Ok(asked.answer(|| what_if::page(&asked.shell, &state, &names, &sizes, &book), |_| None))
}

pub async fn right_size(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let mut state = right_size::State::parse(&asked.query, asked.shell.now);
    let range = state.range.resolve(asked.shell.now);
    let (names, function, sizes) = seen(&site, range, state.function.take()).await?;
    state.function = function;
    Ok(asked.answer(|| right_size::page(&asked.shell, &state, &names, &sizes), |_| None))
}
