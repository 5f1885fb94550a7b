//! Who uses the shop, each at a pace of their own. What shows a fault comes soon after the start and then every other minute.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coldlight_local::sources::{asynchronous, s3};
use coldlight_local::{Fleet, Request};
use futures_util::future::join_all;
use http::{Method, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Server;
use crate::demo::dice::Dice;

const PRODUCTS: [&str; 4] = ["lamp", "chair", "vase", "rug"];
const WAIT: Duration = Duration::from_secs(20);
const LARGEST_ANSWER: usize = 1 << 20;
/// Orders at once in a rush; checkout takes three.
const RUSH: usize = 9;
/// Parcels of a wholesale order; they are packed about twenty a second.
const WHOLESALE: usize = 90;
/// Characters of a text that takes longer than the function may.
const LONG: usize = 2_400;
/// Small pictures, and one that does not fit into 256 MB: 9000 × 9000 pixels of three bytes.
const PICTURES: [&str; 3] = ["640x480", "1280x960", "1920x1080"];
const HUGE: &str = "9000x9000";

pub struct Customers {
    /// `ADDRESS:PORT`
    pub shopfront: String,
    pub gateway: SocketAddr,
    pub thumbnail: Fleet,
}

impl Customers {
    pub fn come(self, work: &mut JoinSet<()>, mut dice: Dice) {
        let shared = Arc::new(self);
        let mut come = |first: f64, every: f64, what: What| {
            let (customers, dice) = (Arc::clone(&shared), Dice::new(dice.next()));
            work.spawn(customers.again_and_again(first, every, what, dice));
        };
        come(0.2, 1.2, What::Look);
        come(0.5, 2.5, What::Buy);
        come(1.0, 6.0, What::Speak);
        come(0.8, 5.0, What::Photograph);
        come(1.5, 90.0, What::ReadBook);
        come(2.0, 100.0, What::PhotographHugely);
        come(3.0, 45.0, What::Rush);
        come(4.0, 60.0, What::Wholesale);
    }

    /// The first time after `first` seconds, then with pauses of `every` seconds on the mean.
    async fn again_and_again(self: Arc<Self>, first: f64, every: f64, what: What, mut dice: Dice) {
        tokio::time::sleep(Duration::from_secs_f64(first)).await;
        loop {
            self.once(what, &mut dice).await;
            // Exponentially distributed, as calls of independent people are.
            let pause = (-(1.0 - dice.share()).ln() * every).clamp(every * 0.2, every * 3.0);
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
    }

    async fn once(&self, what: What, dice: &mut Dice) {
        match what {
            What::Look => {
                // Some follow a link to what is not sold any more.
                let sku = if dice.happens(0.04) { "sofa" } else { product(dice) };
                self.ask(&self.shopfront, Method::GET, &format!("/products/{sku}"), None).await;
            }
            What::Buy => {
                let order = order(dice);
                self.ask(&self.shopfront, Method::POST, "/orders", Some(order)).await;
            }
            What::Rush => {
                let orders: Vec<Value> = (0..RUSH).map(|_| order(dice)).collect();
                join_all(orders.into_iter().map(|one| self.ask(&self.shopfront, Method::POST, "/orders", Some(one))))
                    .await;
            }
            What::Wholesale => {
                // Some of it is more than a box holds.
                let items = (0..WHOLESALE)
                    .map(|at| json!({ "sku": product(dice), "count": if at % 30 == 7 { 400 } else { 12 } }));
                let order = json!({ "customer": "hotel", "items": items.collect::<Vec<_>>() });
                self.ask(&self.shopfront, Method::POST, "/orders", Some(order)).await;
            }
            What::Speak => {
                let text = "The parcel is on its way. ".repeat(1 + dice.below(8));
                self.ask(&self.gateway.to_string(), Method::POST, "/speeches", Some(json!({ "text": text }))).await;
            }
            What::ReadBook => {
                let text = json!({ "text": "Call me Ishmael. ".repeat(LONG / 17) });
                self.ask(&self.gateway.to_string(), Method::POST, "/speeches", Some(text)).await;
            }
            What::Photograph => self.put(PICTURES[dice.below(PICTURES.len())]).await,
            What::PhotographHugely => self.put(HUGE).await,
        }
    }

    /// Whatever the answer is, the spans tell of it.
    async fn ask(&self, authority: &str, method: Method, path: &str, body: Option<Value>) {
        let Ok(server) = Server::parse(&format!("http://{authority}")) else { return };
        let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::USER_AGENT, "demo".to_owned())];
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        if let Err(why) = server.send(method, path, &headers, body, WAIT, LARGEST_ANSWER).await {
            tracing::debug!(error = crate::failure::chain(&why), path, "a customer of the demo got no answer");
        }
    }

    /// A picture of `size` comes to the bucket, which tells the function and does not wait for it.
    async fn put(&self, size: &str) {
        let key = format!("summer/harbour-{size}.ppm");
        let event = s3::created(self.thumbnail.function(), "photos", &key, 1 << 20);
        let fleet = self.thumbnail.clone();
        // Lambda tries twice again, minutes later; meanwhile others photograph.
        tokio::spawn(async move {
            let _ = asynchronous::invoke(&fleet, Request::new(event.to_string()), &asynchronous::PAUSES).await;
        });
    }
}

#[derive(Clone, Copy)]
enum What {
    Look,
    Buy,
    Rush,
    Wholesale,
    Speak,
    ReadBook,
    Photograph,
    PhotographHugely,
}

fn product(dice: &mut Dice) -> &'static str {
    PRODUCTS[dice.below(PRODUCTS.len())]
}

fn order(dice: &mut Dice) -> Value {
    let items: Vec<Value> =
        (0..=dice.below(3)).map(|_| json!({ "sku": product(dice), "count": 1 + dice.below(3) })).collect();
    json!({ "customer": format!("customer-{}", dice.below(40)), "items": items })
}
