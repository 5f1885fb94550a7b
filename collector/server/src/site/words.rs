//! What filters can say of the data, kept for a while: whoever types waits for memory, not for the database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coldlight_model::Vocabulary;
use coldlight_store::StoreError;
use tokio::sync::Mutex;

use super::Site;
use crate::clock;

/// New names may be this late.
const FRESH: Duration = Duration::from_secs(60);
/// Whoever asks first waits this long at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// The last vocabulary and when it was asked for.
#[derive(Default)]
pub struct Words(Mutex<Option<(Instant, Arc<Vocabulary>)>>);

impl Words {
    /// What is known. Only the first who asks waits for the database; later what is old is renewed behind the answer.
    pub async fn of(site: &Arc<Site>) -> Result<Arc<Vocabulary>, StoreError> {
        let mut known = site.words.0.lock().await;
        if let Some((asked, words)) = known.as_mut() {
            if asked.elapsed() >= FRESH {
                *asked = Instant::now();
                tokio::spawn(renew(site.clone()));
            }
            return Ok(words.clone());
        }
        let words = match tokio::time::timeout(PATIENCE, read(site)).await {
            Ok(words) => Arc::new(words?),
            // Too busy: the fields alone, and the rest in a while.
            Err(_) => Arc::default(),
        };
        *known = Some((Instant::now(), words.clone()));
        Ok(words)
    }
}

async fn read(site: &Site) -> Result<Vocabulary, StoreError> {
    site.store.vocabulary(clock::now()).await
}

/// A failure is told by pages that ask the same database; here the old words stay.
async fn renew(site: Arc<Site>) {
    if let Ok(words) = read(&site).await {
        *site.words.0.lock().await = Some((Instant::now(), Arc::new(words)));
    }
}
