//! Questions that run under a name, so that whoever asked can end them from elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

const LONGEST_NAME: usize = 64;

#[derive(Clone, Default)]
pub struct Questions(Arc<Mutex<HashMap<String, CancellationToken>>>);

/// A question's name, taken until this is dropped.
pub struct Running {
    questions: Questions,
    name: String,
    end: CancellationToken,
}

impl Questions {
    /// Takes a name; `None` when it is no name or one runs under it.
    pub fn begin(&self, name: &str) -> Option<Running> {
        let is_name = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let mut running = self.lock();
        if !is_name || running.contains_key(name) {
            return None;
        }
        let end = CancellationToken::new();
        running.insert(name.to_owned(), end.clone());
        Some(Running { questions: self.clone(), name: name.to_owned(), end })
    }

    /// Ends the question of this name; whether there was one.
    pub fn end(&self, name: &str) -> bool {
        let running = self.lock();
        running.get(name).inspect(|end| end.cancel()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Resolves when it is to end.
    pub async fn ended(&self) {
        self.end.cancelled().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.questions.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_taken_while_its_question_runs() {
        let questions = Questions::default();
        let running = questions.begin("report-7").unwrap();
        assert!(questions.begin("report-7").is_none() && !questions.end("report-8"));
        assert!(questions.end("report-7"));
        running.ended().await;
        drop(running);
        assert!(!questions.end("report-7") && questions.begin("report-7").is_some());
    }

    #[test]
    fn a_name_is_short_and_plain() {
        let questions = Questions::default();
        for name in ["", "a b", "ü", &"x".repeat(65)] {
            assert!(questions.begin(name).is_none(), "{name}");
        }
    }
}
