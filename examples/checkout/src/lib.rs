//! An order comes in over API Gateway: a container tells its prices, DynamoDB keeps it, a queue hands its parcels on.

use std::sync::Arc;

use coldlight::http::Traced;
use example_aws::{Aws, AwsError};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// Serves invocations until Lambda ends the process.
///
/// `PRODUCTS_URL`: the container that knows prices, without it a list in the program; `QUEUE_URL`: where parcels wait to be packed.
pub async fn run() -> Result<(), Error> {
    let telemetry = coldlight::init();
    let checkout = Arc::new(Checkout::from_env());
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let checkout = Arc::clone(&checkout);
        async move { checkout.answer(event).await }
    });
    coldlight::lambda::run(&telemetry, handler).await
}

struct Checkout {
    aws: Aws,
    http: reqwest::Client,
    products: Option<String>,
    queue: String,
}

#[derive(Deserialize)]
struct Order {
    customer: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    count: u64,
}

/// Why there is no order.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("this is no order: {0}; write {{\"customer\": …, \"items\": [{{\"sku\": …, \"count\": …}}]}}")]
    Malformed(String),
    #[error("there is no product “{0}”")]
    Unknown(String),
    #[error("the catalogue did not answer: {0}")]
    Products(String),
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unknown(_) => 422,
            Self::Products(_) => 502,
            Self::Aws(_) => 503,
        }
    }
}

impl Checkout {
    fn from_env() -> Self {
        let queue = "https://sqs.us-east-1.amazonaws.com/123456789012/parcels";
        Self {
            aws: Aws::from_env(),
            http: reqwest::Client::new(),
            products: std::env::var("PRODUCTS_URL").ok().map(|url| url.trim_end_matches('/').to_owned()),
            queue: std::env::var("QUEUE_URL").unwrap_or_else(|_| queue.to_owned()),
        }
    }

    async fn answer(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let body = event.payload["body"].as_str().unwrap_or_default();
        let (status, body) = match self.take(&event.context.request_id, body).await {
            Ok(order) => (201, order),
            Err(refusal) => (refusal.status(), json!({ "message": refusal.to_string() })),
        };
        Ok(json!({
            "statusCode": status, "headers": { "content-type": "application/json" }, "body": body.to_string(),
        }))
    }

    async fn take(&self, id: &str, body: &str) -> Result<Value, Refusal> {
        let order: Order = serde_json::from_str(body).map_err(|why| Refusal::Malformed(why.to_string()))?;
        if order.items.is_empty() {
            return Err(Refusal::Malformed("it has no items".to_owned()));
        }
        let cents = self.total(&order).await?;
        let item = json!({
            "id": { "S": id }, "customer": { "S": order.customer }, "cents": { "N": cents.to_string() },
        });
        self.aws.dynamodb("PutItem", "orders", json!({ "Item": item })).await?;
        let parcel = |item: &Item| json!({ "order": id, "sku": item.sku, "count": item.count }).to_string();
        let parcels: Vec<String> = order.items.iter().map(parcel).collect();
        self.aws.send_messages(&self.queue, &parcels).await?;
        Ok(json!({ "order": id, "cents": cents, "parcels": parcels.len() }))
    }

    /// In cents. Each product is asked for once.
    #[tracing::instrument(name = "price the order", skip_all, fields(app.items = order.items.len()))]
    async fn total(&self, order: &Order) -> Result<u64, Refusal> {
        let mut prices = std::collections::BTreeMap::new();
        let mut total: u64 = 0;
        for item in &order.items {
            let price = match prices.get(&item.sku) {
                Some(price) => *price,
                None => *prices.entry(&item.sku).or_insert(self.price(&item.sku).await?),
            };
            total = total.saturating_add(price.saturating_mul(item.count));
        }
        Ok(total)
    }

    async fn price(&self, sku: &str) -> Result<u64, Refusal> {
        let Some(products) = &self.products else { return listed(sku).ok_or_else(|| Refusal::Unknown(sku.to_owned())) };
        let failed = |why: reqwest::Error| Refusal::Products(why.to_string());
        let answer = self.http.get(format!("{products}/products/{sku}")).send_traced().await.map_err(failed)?;
        if answer.status() == 404 {
            return Err(Refusal::Unknown(sku.to_owned()));
        }
        let body = answer.error_for_status().map_err(failed)?.bytes().await.map_err(failed)?;
        let product: Value = serde_json::from_slice(&body).unwrap_or_default();
        product["cents"].as_u64().ok_or_else(|| Refusal::Products("it told no price".to_owned()))
    }
}

/// What a product costs when nobody names a catalogue, in cents.
fn listed(sku: &str) -> Option<u64> {
    [("lamp", 4_900), ("chair", 12_900), ("vase", 2_450), ("rug", 18_000)]
        .into_iter()
        .find_map(|(known, cents)| (known == sku).then_some(cents))
}
