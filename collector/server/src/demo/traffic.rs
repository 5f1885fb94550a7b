//! Traffic that looks alive: the recorded scenarios told again and again, a little slower or quicker, sometimes failing.

use std::time::Duration;

use coldlight_model::{Nanos, Timestamp};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::dice::Dice;
use super::message::Unreadable;
use super::recording::scenarios;
use super::retelling::{Story, Telling};
use super::send::Sender;

/// Mean time between two tellings: a few spans a second, which a laptop does not notice.
const PAUSE: Duration = Duration::from_secs(4);
/// Load rises and falls within this time, so that the charts have a shape.
const WAVE: Nanos = 600_000_000_000;
/// Some tellings have a call that fails.
const FAILING: f64 = 0.06;
/// Some take much longer than usual.
const SLOW: f64 = 0.08;
/// Much of what was recorded is failures, to show what they look like; most are left out, as in a system that mostly works.
const FAILURES_TOLD: f64 = 0.2;

/// How far back the past goes that the demo makes up, and how densely it is told.
const PAST: Nanos = 58 * 60_000_000_000;
const PAST_TELLINGS: u64 = 700;
/// Tellings of the past that are under way at a time.
const PAST_AT_ONCE: usize = 4;

/// All scenarios, ready to be told.
pub struct Traffic {
    stories: Vec<Story>,
    sender: Sender,
    now: fn() -> Timestamp,
}

impl Traffic {
    pub fn new(sender: Sender, now: fn() -> Timestamp) -> Result<Self, Unreadable> {
        let stories: Result<Vec<_>, _> = scenarios().into_iter().map(Story::read).collect();
        Ok(Self { stories: stories?, sender, now })
    }

    /// Every recorded request once, as recorded but for its times. Answers how many were taken.
    pub async fn recorded(&self) -> usize {
        let mut taken = 0;
        for story in &self.stories {
            taken += self.tell(story, &Telling::plain(nanos((self.now)()))).await;
        }
        taken
    }

    /// The past hour beside the present, until `stop`.
    pub async fn run(self, mut dice: Dice, stop: CancellationToken) {
        let past = self.past(Dice::new(dice.next()));
        let present = self.present(dice);
        tokio::select! {
            _ = async { tokio::join!(past, present) } => {}
            () = stop.cancelled() => {}
        }
    }

    async fn past(&self, mut dice: Dice) {
        let now = (self.now)();
        let step = PAST / PAST_TELLINGS;
        let tellings = (0..PAST_TELLINGS).map(|at| self.any(now.minus(step * at + dice.next() % step), &mut dice));
        // Chosen beforehand, for the dice cannot be thrown by several at a time.
        let tellings: Vec<_> = tellings.collect();
        futures_util::stream::iter(tellings)
            .for_each_concurrent(PAST_AT_ONCE, |(story, telling)| async move {
                self.tell(story, &telling).await;
            })
            .await;
    }

    async fn present(&self, mut dice: Dice) {
        loop {
            tokio::time::sleep(pause((self.now)(), &mut dice)).await;
            let (story, telling) = self.any((self.now)(), &mut dice);
            self.tell(story, &telling).await;
        }
    }

    fn any(&self, ends_at: Timestamp, dice: &mut Dice) -> (&Story, Telling) {
        let story = &self.stories[dice.below(self.stories.len())];
        (story, variation(story, nanos(ends_at), dice))
    }

    async fn tell(&self, story: &Story, telling: &Telling) -> usize {
        let mut taken = 0;
        for request in story.tell(telling) {
            match self.sender.send(&request).await {
                Ok(()) => taken += 1,
                Err(error) => tracing::warn!(
                    file = request.file,
                    error = crate::failure::chain(&error),
                    "a recorded request was not taken"
                ),
            }
        }
        taken
    }
}

fn nanos(at: Timestamp) -> u64 {
    at.nanos().unsigned_abs()
}

/// Exponentially distributed, as calls of independent clients are, around a mean that follows the wave.
fn pause(now: Timestamp, dice: &mut Dice) -> Duration {
    let phase = (nanos(now) % WAVE) as f64 / WAVE as f64 * std::f64::consts::TAU;
    let mean = PAUSE.as_secs_f64() * (1.0 - 0.5 * phase.sin());
    Duration::from_secs_f64((-(1.0 - dice.share()).ln() * mean).min(20.0))
}

fn variation(story: &Story, ends_at: u64, dice: &mut Dice) -> Telling {
    let usual = 0.7 + 0.8 * dice.share();
    let stretch = if dice.happens(SLOW) { usual * (2.0 + 4.0 * dice.share()) } else { usual };
    let failure = dice.happens(FAILING).then(|| (dice.below(1 << 16), dice.below(1 << 16)));
    let left_out = story.failing.iter().filter(|_| !dice.happens(FAILURES_TOLD)).cloned().collect();
    Telling { ends_at, stretch, ids: Some(dice.bytes()), failure, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_gentle_and_bounded() {
        let mut dice = Dice::new(7);
        let pauses: Vec<f64> =
            (0..5_000).map(|at| pause(Timestamp::from_millis(at * 100), &mut dice).as_secs_f64()).collect();
        assert!(pauses.iter().all(|pause| (0.0..=20.0).contains(pause)));
        let mean = pauses.iter().sum::<f64>() / pauses.len() as f64;
        assert!((3.0..5.0).contains(&mean), "{mean}");
    }

    #[test]
    fn most_tellings_go_well_and_some_do_not() {
        let mut dice = Dice::new(7);
        let story = Story::read(scenarios().remove(0)).unwrap();
        let tellings: Vec<Telling> = (0..1_000).map(|_| variation(&story, 1, &mut dice)).collect();
        let failing = tellings.iter().filter(|telling| telling.failure.is_some()).count();
        assert!((20..150).contains(&failing), "{failing}");
        assert!(tellings.iter().all(|telling| (0.5..10.0).contains(&telling.stretch)));
    }
}
