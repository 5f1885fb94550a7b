//! SIGTERM: what is on its way is answered, what was acknowledged stays, and the end comes soon.

use std::time::{Duration, Instant};

use coldlight_tests::Coldlight;
use coldlight_tests::clock::until;
use coldlight_tests::random::Random;
use coldlight_tests::steady::{Load, Senders};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_ends_with_0_within_ten_seconds_and_keeps_every_promise() {
    let mut coldlight = Coldlight::start().await;
    let ledgers = tempfile::tempdir().unwrap();
    let load = Load { senders: 8, pause: Duration::ZERO, ..Load::default() };
    let senders = Senders::start(load, coldlight.addresses(), ledgers.path(), &mut Random::new("shutdown"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..2 {
        let asked = Instant::now();
        coldlight.signal(Signal::TERM);
        let status = coldlight.ended(SOON).await;
        assert_eq!(status.code(), Some(0), "{status}:\n{}", coldlight.last_words());
        println!("stopped in {:?} with {} requests acknowledged", asked.elapsed(), senders.acknowledged());
        coldlight.start_again().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let promises = senders.stop().await;
    assert!(promises.spans() > 1_000, "hardly anything was sent: {} spans", promises.spans());
    promises.check(&coldlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_still_keeps_every_promise() {
    let mut coldlight = Coldlight::start().await;
    let ledgers = tempfile::tempdir().unwrap();
    let load = Load { senders: 4, pause: Duration::ZERO, ..Load::default() };
    let senders = Senders::start(load, coldlight.addresses(), ledgers.path(), &mut Random::new("second signal"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    coldlight.signal(Signal::TERM);
    // Two signals that arrive before the first is looked at are one.
    until("the first signal heard", SOON, async || match coldlight.log().contains("stopping") {
        true => Ok(()),
        false => Err(coldlight.last_words()),
    })
    .await;
    if coldlight.exited().is_none() {
        coldlight.signal(Signal::TERM);
        coldlight.ended(Duration::from_millis(500)).await;
    }
    coldlight.start_again().await;
    let promises = senders.stop().await;
    promises.check(&coldlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupt_stops_it_as_a_terminal_would() {
    let mut coldlight = Coldlight::start().await;
    coldlight.signal(Signal::INT);
    assert_eq!(coldlight.ended(SOON).await.code(), Some(0));
}
