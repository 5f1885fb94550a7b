//! `kill -9` at any moment: what was acknowledged is there afterwards, whole, once.

use std::time::{Duration, Instant};

use coldlight_tests::Coldlight;
use coldlight_tests::random::Random;
use coldlight_tests::steady::{Load, Senders};

const KILLS: u64 = 20;
/// The longest a store may take to be ready again.
const READY: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_under_load_lose_nothing_and_double_nothing() {
    let mut random = Random::new("crash");
    let mut coldlight = Coldlight::start().await;
    let ledgers = tempfile::tempdir().unwrap();
    let senders = Senders::start(Load::default(), coldlight.addresses(), ledgers.path(), &mut random);
    let mut slowest = Duration::ZERO;
    for kill in 1..=KILLS {
        // From the first request after the start, through commits and rollups, up to a checkpoint now and then.
        tokio::time::sleep(Duration::from_millis(random.below(if kill % 5 == 0 { 4_000 } else { 800 }))).await;
        coldlight.kill9();
        let killed = Instant::now();
        coldlight.start_again().await;
        slowest = slowest.max(coldlight.started_in());
        assert!(coldlight.started_in() < READY, "kill {kill}: ready again after {:?}", killed.elapsed());
    }
    println!(
        "{KILLS} kills: {} requests acknowledged, {} answers never came, ready after {slowest:?} at most",
        senders.acknowledged(),
        senders.broken()
    );
    let promises = senders.stop().await;
    assert!(promises.spans() > KILLS * 20, "hardly anything was sent: {} spans", promises.spans());
    promises.check(&coldlight).await;

    // And once more from what is on disk alone.
    coldlight.kill9();
    coldlight.start_again().await;
    promises.check(&coldlight).await;
    coldlight.stop().await;
}
