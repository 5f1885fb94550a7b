//! Damaged files: the program starts, says what it found, keeps what it put aside, and what was acknowledged is there.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coldlight_tests::Coldlight;
use coldlight_tests::clock::until;
use coldlight_tests::measure::files;
use coldlight_tests::random::Random;
use coldlight_tests::steady::{Load, Promises, Senders};

/// A store that was killed while it was written to, and what it had promised.
struct Wreck {
    coldlight: Coldlight,
    ledgers: tempfile::TempDir,
    random: Random,
    promises: Vec<Promises>,
}

impl Wreck {
    async fn new(story: &str) -> Self {
        let coldlight = Coldlight::start().await;
        Self { coldlight, ledgers: tempfile::tempdir().unwrap(), random: Random::new(story), promises: Vec::new() }
    }

    /// Load for a while, then `kill -9`.
    async fn wreck(&mut self) {
        let folder = self.ledgers.path().join(self.promises.len().to_string());
        std::fs::create_dir(&folder).unwrap();
        let senders = Senders::start(Load::default(), self.coldlight.addresses(), &folder, &mut self.random);
        tokio::time::sleep(Duration::from_millis(700 + self.random.below(800))).await;
        self.coldlight.kill9();
        let promises = senders.stop().await;
        assert!(promises.spans() > 100, "hardly anything was sent: {} spans", promises.spans());
        self.promises.push(promises);
    }

    async fn start_and_check(&mut self) {
        self.coldlight.start_again().await;
        assert!(self.coldlight.started_in() < Duration::from_secs(10), "{:?}", self.coldlight.started_in());
        Promises::check_all(&self.promises, &self.coldlight).await;
    }

    /// The newest file of the journal.
    fn segment(&self) -> PathBuf {
        let segments = files(&self.coldlight.data().join("journal"));
        segments.into_iter().rfind(|file| file.extension().is_some_and(|end| end == "log")).expect("a journal segment")
    }

    fn write_ahead_log(&self) -> PathBuf {
        let wal = self.coldlight.data().join("coldlight.duckdb.wal");
        assert!(length(&wal) > 0, "nothing is in {}, so damaging it proves nothing", wal.display());
        wal
    }

    fn quarantined(&self) -> Vec<PathBuf> {
        files(&self.coldlight.data().join("quarantine"))
    }
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |file| file.len())
}

fn append(file: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(file).unwrap().write_all(bytes).unwrap();
}

fn cut(file: &Path, length: u64) {
    OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
}

fn flip_bit(file: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_of_the_journal_is_cut_and_costs_nothing() {
    let mut wreck = Wreck::new("torn tail").await;
    // Half a frame that never got its end; and the zeros that a loss of power leaves behind.
    let noise: Vec<u8> = (0..1_000).map(|_| wreck.random.number() as u8).collect();
    for torn in [noise, vec![0; 4096]] {
        wreck.wreck().await;
        append(&wreck.segment(), &torn);
        wreck.start_and_check().await;
    }
    assert_eq!(wreck.quarantined(), Vec::<PathBuf>::new(), "a torn tail is no damage");
    wreck.coldlight.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_damaged_write_ahead_log_come_back_from_the_journal() {
    let mut wreck = Wreck::new("write-ahead log").await;

    wreck.wreck().await;
    std::fs::remove_file(wreck.write_ahead_log()).unwrap();
    wreck.start_and_check().await;

    wreck.wreck().await;
    let wal = wreck.write_ahead_log();
    cut(&wal, length(&wal) * 2 / 3);
    wreck.start_and_check().await;

    wreck.wreck().await;
    append(&wreck.write_ahead_log(), &[0; 4096]);
    wreck.start_and_check().await;

    wreck.wreck().await;
    let wal = wreck.write_ahead_log();
    flip_bit(&wal, length(&wal) / 2);
    let damaged = std::fs::read(&wal).unwrap();
    wreck.start_and_check().await;
    let kept = wreck.quarantined();
    let found = kept.iter().any(|file| std::fs::read(file).is_ok_and(|bytes| bytes == damaged));
    assert!(found, "the damaged log is not among {kept:?}");
    assert!(wreck.coldlight.log().contains("put aside"), "nothing was said:\n{}", wreck.coldlight.last_words());
    let status = wreck.coldlight.get("/api/v1/status").await.text();
    assert!(status.contains("coldlight.duckdb.wal"), "the status does not tell: {status}");
    wreck.coldlight.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_the_journal_costs_one_record_at_most_and_is_reported() {
    let mut wreck = Wreck::new("flipped bit").await;
    wreck.wreck().await;
    // Without the log, the journal is the only place of what was not checkpointed.
    std::fs::remove_file(wreck.write_ahead_log()).unwrap();
    let segment = wreck.segment();
    let at = length(&segment) / 4 + wreck.random.below(length(&segment) / 2);
    flip_bit(&segment, at);
    wreck.coldlight.start_again().await;
    let missing = wreck.promises[0].missing(&wreck.coldlight).await;
    println!("bit {at} of {}: {missing:?} is gone", length(&segment));
    assert!(missing.len() <= 1, "one bit cost {} requests", missing.len());
    if !missing.is_empty() {
        assert_ne!(wreck.quarantined(), Vec::<PathBuf>::new(), "the damaged segment is kept");
        let log = wreck.coldlight.log();
        let loud = |line: &str| line.contains("journal") && (line.contains("ERROR") || line.contains("WARN"));
        assert!(log.lines().any(loud), "nothing was said:\n{log}");
    }
    wreck.coldlight.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_cut_short_costs_at_most_what_was_cut() {
    let mut wreck = Wreck::new("cut journal").await;
    wreck.wreck().await;
    let segment = wreck.segment();
    cut(&segment, length(&segment) - 7);
    wreck.coldlight.start_again().await;
    let missing = wreck.promises[0].missing(&wreck.coldlight).await;
    assert!(missing.len() <= 1, "seven bytes cost {} requests", missing.len());
    wreck.coldlight.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_survives_a_database_that_is_put_aside_and_what_they_removed_stays_removed() {
    let mut coldlight = Coldlight::start().await;
    let json = [("content-type", "application/json")];
    for name in ["Faults", "Gone"] {
        let search = serde_json::json!({ "name": name, "address": "/traces?range=1h&f=status:fault" });
        assert_eq!(coldlight.post("/api/v1/searches", &json, search.to_string()).await.status, 200);
    }
    let searches = coldlight.get("/api/v1/searches").await.json();
    let id = |name: &str| {
        let all = searches["searches"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let alert = serde_json::json!({
        "name": "Too many", "search": id("Faults"), "signal": "fault-rate", "window": "5m", "above": "5%"
    });
    let made = coldlight.post("/api/v1/alerts", &json, alert.to_string()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let removed = coldlight.post(&format!("/api/v1/searches/{}/delete", id("Gone")), &[], String::new()).await;
    assert_eq!(removed.status, 204);
    let before = coldlight.get("/api/v1/alerts").await.json()["alerts"][0]["condition"].clone();

    coldlight.kill9();
    std::fs::write(coldlight.data().join("coldlight.duckdb"), b"this is no database any more").unwrap();
    coldlight.start_again().await;
    assert!(!files(&coldlight.data().join("quarantine")).is_empty(), "it was put aside");
    let searches = coldlight.get("/api/v1/searches").await.json();
    assert_eq!(searches["searches"].as_array().unwrap().len(), 1, "{searches}");
    assert_eq!(searches["searches"][0]["id"], id("Faults").as_str());
    until("the alert is looked at again", Duration::from_secs(20), async || {
        let alerts = coldlight.get("/api/v1/alerts").await.json();
        let alert = &alerts["alerts"][0];
        let is_back = alert["name"] == "Too many" && alert["condition"] == before;
        if is_back { Ok(()) } else { Err(alerts.to_string()) }
    })
    .await;
}
