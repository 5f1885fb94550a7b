//! Alerts at work: one task looks at them in turn, another tells of what they did.
//!
//! Looking asks the store one question an alert, and rests longer than it worked. A change of state is kept together with the fact that
//! somebody is to be told; telling takes that from the store, so a restart neither forgets nor repeats it. Only a program that is killed
//! between an answer and noting it tells twice, under the same id.
//!
//! Not here: deciding (`model::alert`), figures (`store`), what is shown (`ui::pages::alerts`).

mod guard;
mod message;
mod webhook;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use coldlight_model::{Alert, AlertEvent, AlertState, Delivery, Timestamp, is_told};
use coldlight_store::{AlertAndStanding, Change, StoreError};
use coldlight_ui::alerts::Watched;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::access::random_hex;
use crate::clock;
use crate::failure::{Failure, chain};
use crate::settings::WebhookSettings;
use crate::site::Site;

pub use webhook::Webhook;

/// How often all alerts are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Looking took t, so it rests at least this many t.
const REST: u32 = 10;
/// Attempts to tell of one event; between two of them 1, 2, 4, … seconds, together some five minutes.
const ATTEMPTS: u32 = 9;

/// What the pages show of alerts without asking the store, and who waits for what.
#[derive(Default)]
pub struct Alerts {
    watched: RwLock<Arc<Vec<Watched>>>,
    pub webhook: Option<Webhook>,
    looking: tokio::sync::Mutex<()>,
    /// Somebody is to be told.
    waiting: Notify,
    /// Of the last test, when it was and why it failed.
    tested: Mutex<Option<(Timestamp, Option<String>)>>,
}

impl Alerts {
    /// # Errors
    /// When the webhook's address is none.
    pub fn new(webhook: Option<&WebhookSettings>) -> Result<Self, Failure> {
        Ok(Self { webhook: webhook.map(Webhook::new).transpose()?, ..Self::default() })
    }

    /// All alerts as they were last looked at, by name.
    pub fn watched(&self) -> Arc<Vec<Watched>> {
        self.watched.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many stand how, in the order of [`AlertState::ALL`].
    pub fn counts(&self) -> [u64; 4] {
        let watched = self.watched();
        AlertState::ALL.map(|state| watched.iter().filter(|one| one.standing.state == state).count() as u64)
    }

    pub fn tested(&self) -> Option<(Timestamp, Option<String>)> {
        self.tested.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, watched: Vec<Watched>) {
        *self.watched.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(watched);
    }

    /// Sends one message that says that it is a test. `None` when there is no webhook.
    pub async fn test(&self) -> Option<Result<(), String>> {
        let webhook = self.webhook.as_ref()?;
        let now = clock::now();
        let alert = Alert { name: "Test".to_owned(), window: 300_000_000_000, above: 50_000, ..Alert::default() };
        let event = AlertEvent {
            id: random_hex().unwrap_or_default(),
            name: alert.name.clone(),
            at: now,
            to: AlertState::Firing,
            figure: Some(100_000),
            ..AlertEvent::default()
        };
        let sent = webhook.send(&event.id, message::body(webhook.form, &alert, &event, true)).await;
        let sent = sent.map_err(|error| chain(&error));
        *self.tested.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, sent.clone().err()));
        Some(sent)
    }
}

/// Looks at all alerts, again and again, until the program stops.
pub async fn watch(site: Arc<Site>) {
    loop {
        let begun = Instant::now();
        if let Err(error) = look(&site).await {
            tracing::warn!(error = chain(&error), "alerts could not be looked at; they are tried again");
        }
        let rest = EVERY.max(begun.elapsed() * REST);
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = site.stop.cancelled() => return,
        }
    }
}

/// Looks at all alerts once.
pub async fn look(site: &Site) -> Result<(), StoreError> {
    // One at a time: two would keep one change twice.
    let _turn = site.alerts.looking.lock().await;
    let all = site.store.alerts().await?;
    let mut watched = Vec::with_capacity(all.len());
    for one in all {
        watched.push(look_at(site, one).await);
    }
    site.alerts.show(watched);
    Ok(())
}

async fn look_at(site: &Site, AlertAndStanding { alert, standing }: AlertAndStanding) -> Watched {
    let now = clock::now();
    let figure = match site.store.alert_figure(alert.clone(), now).await {
        Ok(figure) => figure,
        Err(error) => {
            // It stands as it stood: what could not be looked at is neither well nor unwell.
            let problem = Some(chain(&error));
            return Watched { alert, standing, figure: None, looked_at: now, problem };
        }
    };
    let after = alert.step(standing, figure, now);
    let mut watched = Watched { alert, standing: after, figure, looked_at: now, problem: None };
    if after.state != standing.state {
        let tells = site.alerts.webhook.is_some() && is_told(standing.state, after.state);
        let event = AlertEvent {
            id: random_hex().unwrap_or_else(|_| format!("{:032x}", now.nanos())),
            alert_id: watched.alert.id.clone(),
            name: watched.alert.name.clone(),
            at: now,
            from: standing.state,
            to: after.state,
            figure,
            delivery: if tells { Delivery::Waiting } else { Delivery::None },
            ..AlertEvent::default()
        };
        tracing::info!(alert = watched.alert.name, from = standing.state.name(), to = after.state.name(), "alert");
        match site.store.change_alert(Change { standing: after, event }).await {
            Ok(_) if tells => site.alerts.waiting.notify_one(),
            Ok(_) => {}
            Err(error) => {
                // Not kept, so not so: the next look decides again.
                watched.standing = standing;
                watched.problem = Some(chain(&error));
            }
        }
    }
    watched
}

/// Tells of what waits to be told, oldest first, until the program stops.
pub async fn tell(site: Arc<Site>) {
    let Some(webhook) = &site.alerts.webhook else { return site.stop.cancelled().await };
    loop {
        let wait = match next(&site, webhook).await {
            Ok(Some(wait)) => wait,
            Ok(None) => Duration::MAX,
            Err(error) => {
                tracing::warn!(error = chain(&error), "what is to be told cannot be read; it is tried again");
                EVERY
            }
        };
        tokio::select! {
            biased;
            () = site.stop.cancelled() => return,
            // With something to try again later, news wait behind it.
            () = site.alerts.waiting.notified(), if wait == Duration::MAX => {}
            () = tokio::time::sleep(wait), if wait != Duration::MAX => {}
        }
    }
}

/// Tries the oldest that waits; how long to leave the next attempt, `None` when nothing waits.
async fn next(site: &Site, webhook: &Webhook) -> Result<Option<Duration>, StoreError> {
    let Some(event) = site.store.waiting_alert_event().await? else { return Ok(None) };
    let alert = site.store.alerts().await?.into_iter().find(|one| one.alert.id == event.alert_id);
    let Some(AlertAndStanding { alert, .. }) = alert else {
        site.store.told_alert_event(event.id, Delivery::None, event.attempts, None).await?;
        return Ok(Some(Duration::ZERO));
    };
    let attempts = event.attempts + 1;
    let sent = webhook.send(&event.id, message::body(webhook.form, &alert, &event, false)).await;
    let (delivery, problem) = match sent {
        Ok(()) => (Delivery::Sent, None),
        Err(error) => {
            let problem = chain(&error);
            tracing::warn!(alert = event.name, attempts, problem, "an alert could not be told");
            (if attempts >= ATTEMPTS { Delivery::Failed } else { Delivery::Waiting }, Some(problem))
        }
    };
    site.store.told_alert_event(event.id, delivery, attempts, problem).await?;
    let again = Duration::from_secs(1 << (attempts - 1).min(8));
    Ok(Some(if delivery == Delivery::Waiting { again } else { Duration::ZERO }))
}
