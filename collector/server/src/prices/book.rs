//! Where the prices are: in a stopped store, with the server that holds it, or in the program alone.

use std::time::Duration;

use bytes::Bytes;
use coldlight_model::money::PriceBook;
use coldlight_store::{PriceStoreError, Recorded, Recording, Settings, StoreError};
use http::{Method, StatusCode, header};

use super::arguments::Book;
use super::document::Document;
use crate::client::{Answer, Server};
use crate::clock;
use crate::failure::{Failure, chain, no_store};
use crate::settings::data_directory;
use crate::sql::holder;

const PATH: &str = "/api/v1/prices";
const WAIT: Duration = Duration::from_secs(60);
/// 30,000 instance prices are about 12 MB.
const MAX_ANSWER: usize = 256 << 20;
/// Rows sent to a server at a time.
const ROWS: usize = 2_000;

/// The book that `asked` names. Without data in the default place, the program's own.
pub async fn read(asked: &Book) -> Result<PriceBook, Failure> {
    if let Some(server) = named(asked)? {
        return ask(&server, asked).await;
    }
    let data = data_directory(&asked.place)?;
    if asked.place.data.is_none() && !data.exists() {
        return Ok(PriceBook::built_in().clone());
    }
    let settings = Settings::new(&data);
    let reading = tokio::task::spawn_blocking(move || coldlight_store::prices_of_stopped(settings, clock::now));
    match reading.await {
        Ok(Ok(book)) => Ok(book),
        Ok(Err(error @ StoreError::InUse { .. })) => ask(&holder(&data, &error)?, asked).await,
        Ok(Err(error)) => Err(no_store(&data, "read the prices of", &error)),
        Err(error) => Err(Failure::because("reading the prices failed", &error)),
    }
}

/// Records, and says in words where.
pub async fn record(asked: &Book, recording: Recording) -> Result<(Recorded, String), Failure> {
    if let Some(server) = named(asked)? {
        return send(&server, asked, &recording).await;
    }
    let data = data_directory(&asked.place)?;
    let settings = Settings::new(&data);
    let sent = recording.clone();
    let writing =
        tokio::task::spawn_blocking(move || coldlight_store::record_in_stopped(settings, recording, clock::now));
    match writing.await {
        Ok(Ok(recorded)) => Ok((recorded, data.display().to_string())),
        Ok(Err(PriceStoreError::Store(error @ StoreError::InUse { .. }))) => {
            send(&holder(&data, &error)?, asked, &sent).await
        }
        Ok(Err(PriceStoreError::Store(error))) => Err(no_store(&data, "record prices in", &error)),
        Ok(Err(error)) => Err(Failure::Failed(chain(&error))),
        Err(error) => Err(Failure::because("recording the prices failed", &error)),
    }
}

fn named(asked: &Book) -> Result<Option<Server>, Failure> {
    let server = asked.url.as_deref().map(Server::parse).transpose();
    server.map_err(|error| Failure::WrongUse(format!("--url: {error}")))
}

async fn ask(server: &Server, asked: &Book) -> Result<PriceBook, Failure> {
    let answer = exchange(server, asked, Method::GET, Bytes::new()).await?;
    let document: Document = serde_json::from_slice(&answer.body).map_err(|error| {
        Failure::because(format!("the answer of {} is not a price book", server.authority()), &error)
    })?;
    let recording = document
        .read()
        .map_err(|problem| Failure::Failed(format!("the answer of {}: {problem}", server.authority())))?;
    Ok(PriceBook::new(recording.prices, recording.discounts))
}

async fn send(server: &Server, asked: &Book, recording: &Recording) -> Result<(Recorded, String), Failure> {
    let mut all = Recorded::default();
    for part in parts(recording) {
        let body = serde_json::to_vec(&Document::from(&part))
            .map_err(|error| Failure::because("the prices cannot be written as JSON", &error))?;
        let answer = exchange(server, asked, Method::POST, Bytes::from(body)).await?;
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let count = |name: &str| told[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        all.added += count("added");
        all.known += count("known");
    }
    Ok((all, format!("the server at {}", server.authority())))
}

/// The recording in parts that a server takes, never with the tiers of one price apart.
fn parts(recording: &Recording) -> Vec<Recording> {
    let mut parts = vec![Recording { prices: Vec::new(), discounts: recording.discounts.clone() }];
    let book = PriceBook::new(recording.prices.iter().cloned(), Vec::new());
    for price in book.prices() {
        let full = parts.last().is_some_and(|part| part.prices.len() >= ROWS && price.begin == 0);
        if full {
            parts.push(Recording::default());
        }
        if let Some(part) = parts.last_mut() {
            part.prices.push(price.clone());
        }
    }
    parts
}

async fn exchange(server: &Server, asked: &Book, method: Method, body: Bytes) -> Result<Answer, Failure> {
    let mut headers = vec![(header::CONTENT_TYPE, "application/json".to_owned())];
    if let Some(key) = &asked.api_key {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::WrongUse("--api-key holds characters that no HTTP header carries".to_owned()));
        }
        headers.push((header::AUTHORIZATION, format!("Bearer {key}")));
    }
    let answer = server
        .send(method, PATH, &headers, body, WAIT, MAX_ANSWER)
        .await
        .map_err(|error| Failure::because(format!("the server at {}", server.authority()), &error))?;
    if answer.status == StatusCode::OK {
        return Ok(answer);
    }
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = told["error"]["message"].as_str();
    Err(Failure::Failed(match (answer.status, message) {
        (StatusCode::UNAUTHORIZED, Some(message)) => format!("{message} (here: --api-key or COLDLIGHT_API_KEY)"),
        (_, Some(message)) => message.to_owned(),
        (status, None) => format!("the server at {} answered {status}", server.authority()),
    }))
}
