//! `/compare`: two traces side by side, and those that one could be compared with. The API answers the same rows.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::{Html, IntoResponse, Response};
use coldlight_model::{SpanTree, TraceId};
use coldlight_ui::pages::compare::{self, ComparePage, Given, State};

use super::asked::Asked;
use super::trace::{cost, rendered};
use crate::site::Site;
use crate::wrong::Wrong;

pub async fn page(Shared(site): Shared<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = State::parse(&asked.query, asked.shell.now);
    let (a, b) = tokio::join!(maybe(&site, state.a), maybe(&site, state.b));
    let (a, b) = (a?, b?);
    let alike = match &a {
        Some(a) => site.store.alike(&a.trace).await?,
        None => Vec::new(),
    };
    let lacks = |asked: Option<TraceId>, found: &Option<Given>| asked.filter(|_| found.is_none());
    let missing = [lacks(state.a, &a), lacks(state.b, &b)].into_iter().flatten().map(|id| id.to_string()).collect();
    rendered(move || {
        let page = ComparePage { a, b, missing, alike };
        Html(compare::page(&asked.shell, &state, &page)).into_response()
    })
    .await
}

async fn maybe(site: &Site, id: Option<TraceId>) -> Result<Option<Given>, Wrong> {
    match id {
        Some(id) => given(site, id).await,
        None => Ok(None),
    }
}

/// A trace with what is known of its cost; `None` when no span of it is here.
pub async fn given(site: &Site, id: TraceId) -> Result<Option<Given>, Wrong> {
    let Some(trace) = site.store.trace(id).await? else { return Ok(None) };
    let (invocations, cost) = tokio::join!(site.store.invocations_of_trace(&trace), cost(site, id));
    Ok(Some(Given { tree: SpanTree::build(&trace.spans), trace, invocations: invocations?, cost: cost? }))
}
