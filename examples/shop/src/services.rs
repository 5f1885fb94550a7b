//! What the three services do.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use coldlight::http::Traced;
use example_aws::Aws;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Shopfront,
    Products,
    Stock,
}

impl Role {
    /// Whoever is asked by others comes first.
    pub const ALL: [Self; 3] = [Self::Stock, Self::Products, Self::Shopfront];

    pub fn name(self) -> &'static str {
        match self {
            Self::Shopfront => "shopfront",
            Self::Products => "products",
            Self::Stock => "stock",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a service knows of others.
struct Service {
    aws: Aws,
    http: reqwest::Client,
    products: String,
    stock: String,
    checkout: Option<String>,
}

type Shared = State<Arc<Service>>;

/// Serves on 127.0.0.1 at `PORT` (any free one without it), and prints `listening ROLE ADDRESS`. `PRODUCTS_URL`, `STOCK_URL` and
/// `CHECKOUT_URL` name the others. With `SHOP_ENDS_WITH=stdin` it ends with whoever holds the other end of its standard input.
pub async fn serve(role: Role) -> std::io::Result<()> {
    let _telemetry = coldlight::init();
    let url = |name: &str| std::env::var(name).ok().map(|url| url.trim_end_matches('/').to_owned());
    let service = Service {
        aws: Aws::from_env(),
        http: reqwest::Client::new(),
        products: url("PRODUCTS_URL").unwrap_or_else(|| "http://127.0.0.1:8081".to_owned()),
        stock: url("STOCK_URL").unwrap_or_else(|| "http://127.0.0.1:8082".to_owned()),
        checkout: url("CHECKOUT_URL"),
    };
    let routes = match role {
        Role::Shopfront => Router::new().route("/products/{sku}", get(page)).route("/orders", post(order)),
        Role::Products => Router::new().route("/products/{sku}", get(product)),
        Role::Stock => Router::new().route("/stock/{sku}", get(stock)),
    };
    let app = routes.with_state(Arc::new(service)).layer(coldlight::http::serve());
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("listening {} {}", role.name(), listener.local_addr()?);
    tokio::select! {
        outcome = axum::serve(listener, app) => outcome,
        () = ended() => Ok(()),
    }
}

async fn ended() {
    if std::env::var("SHOP_ENDS_WITH").is_ok_and(|what| what == "stdin") {
        // A signal from the keyboard reaches all of them at once; whoever started this one decides when it ends.
        tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
        let (closed, closes) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            closed.send(())
        });
        let _ = closes.await;
    } else {
        // Without a console there is no signal to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Shopfront: a product as a customer sees it.
async fn page(State(service): Shared, Path(sku): Path<String>) -> Response {
    hand_on(service.http.get(format!("{}/products/{sku}", service.products))).await
}

/// Shopfront: an order, which a function takes.
async fn order(State(service): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let Some(checkout) = &service.checkout else {
        return told(StatusCode::NOT_IMPLEMENTED, "there is no checkout; CHECKOUT_URL names one");
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/json");
    hand_on(service.http.post(format!("{checkout}/orders")).header("content-type", kind).body(body)).await
}

/// Products: price and stock of a product.
async fn product(State(service): Shared, Path(sku): Path<String>) -> Response {
    let Some(cents) = price(&sku).await else { return told(StatusCode::NOT_FOUND, "there is no such product") };
    let asked = service.http.get(format!("{}/stock/{sku}", service.stock)).send_traced().await;
    let count = match asked.and_then(reqwest::Response::error_for_status) {
        Ok(answer) => answer.bytes().await.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok()),
        Err(_) => return told(StatusCode::BAD_GATEWAY, "the stock is not known just now"),
    };
    let count = count.map(|answer| answer["count"].clone());
    Json(json!({ "sku": sku, "cents": cents, "count": count })).into_response()
}

/// In cents.
#[tracing::instrument(name = "look up the price")]
async fn price(sku: &str) -> Option<u64> {
    [("lamp", 4_900), ("chair", 12_900), ("vase", 2_450), ("rug", 18_000)]
        .into_iter()
        .find_map(|(known, cents)| (known == sku).then_some(cents))
}

/// Stock: how many there are.
async fn stock(State(service): Shared, Path(sku): Path<String>) -> Response {
    let key = json!({ "Key": { "sku": { "S": sku } } });
    match service.aws.dynamodb("GetItem", "stock", key).await {
        Ok(answer) => {
            let count: u64 = answer["Item"]["count"]["N"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
            Json(json!({ "sku": sku, "count": count })).into_response()
        }
        Err(why) => told(StatusCode::SERVICE_UNAVAILABLE, &why.to_string()),
    }
}

/// Status and body as the next one answered; 502 when it did not.
async fn hand_on(request: reqwest::RequestBuilder) -> Response {
    let Ok(answer) = request.send_traced().await else { return told(StatusCode::BAD_GATEWAY, "no answer") };
    let status = answer.status();
    match answer.bytes().await {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => told(StatusCode::BAD_GATEWAY, "half an answer"),
    }
}

fn told(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
