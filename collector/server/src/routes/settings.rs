//! `/settings` and `/help`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use coldlight_ui::pages::{help, settings};

use super::asked::Asked;
use crate::site::Site;
use crate::wrong::Wrong;

pub async fn page(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = settings::State::parse(&asked.query);
    let (status, prices) = tokio::join!(site.status(), site.store.price_book());
    let (status, prices) = (status?, prices?);
    let webhook = site.alerts.webhook.as_ref().map(crate::alerts::Webhook::shown);
    let answer = settings::Answer {
        version: env!("CARGO_PKG_VERSION"),
        listening: &site.listening,
        keys: site.access.asks().then(|| site.access.key_count()),
        retain: status.retain,
        retain_bytes: status.retain_bytes,
        query_timeout: u64::try_from(site.store.query_timeout().as_nanos()).unwrap_or(u64::MAX),
        prices: &prices,
        webhook: webhook.as_deref(),
    };
    Ok(asked.answer(
        || settings::page(&asked.shell, &state, answer),
        |block| settings::fragment(block, &asked.shell, &state, answer),
    ))
}

pub async fn help(asked: Asked) -> Response {
    let state = help::State::parse(&asked.query);
    asked.answer(|| help::page(&asked.shell, &state), |block| help::fragment(block, &asked.shell, &state))
}
