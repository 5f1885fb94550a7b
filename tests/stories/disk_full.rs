//! A full disk is refused in time, not met by accident; and met, it is survived.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coldlight_tests::clock::until;
use coldlight_tests::random::Random;
use coldlight_tests::steady::{Load, Senders};
use coldlight_tests::{Coldlight, Options};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

const DISK: u64 = 160 << 20;
const RESERVE: &str = "48MiB";
/// A disk that is filled by others again and again, and has room for all that is acknowledged meanwhile.
const SHARED_DISK: u64 = 512 << 20;
const LEAST_RESERVE: &str = "16MiB";
/// What the database holds when the disk fills up, so that it is in the middle of something.
const REQUESTS_BETWEEN: u64 = 150;
/// What is freed in the end.
const BALLAST: u64 = 64 << 20;
/// A little noisy data in each span, so that a small disk fills soon.
const LOAD: Load = Load { senders: 4, spans_per_request: 100, pause: Duration::from_millis(1), padding: 512 };

/// A small disk of its own.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// `None` without the right to mount, which is said loudly: the story then proves less.
    fn mount(story: &str, bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = std::ffi::CString::new(format!("size={bytes}")).expect("no zero byte");
        match mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), size.as_c_str()) {
            Ok(()) => Some(Self { folder }),
            Err(why) => {
                eprintln!(
                    "\n!!! {story}: cannot mount a small disk ({why}); run the tests as root to prove it whole\n"
                );
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn free(&self) -> u64 {
        free(self.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = unmount(self.folder.path(), UnmountFlags::DETACH);
    }
}

fn free(folder: &Path) -> u64 {
    let disk = rustix::fs::statvfs(folder).expect("the size of a disk");
    disk.f_bavail * disk.f_frsize
}

/// A file that takes `bytes` of the disk, or all that is left.
fn ballast(path: PathBuf, bytes: u64) -> PathBuf {
    let mut file = std::fs::File::create(&path).unwrap();
    let block = vec![0xa5; 1 << 16];
    for _ in 0..bytes.div_ceil(block.len() as u64) {
        if file.write_all(&block).is_err() {
            break;
        }
    }
    path
}

async fn coldlight(data: PathBuf, reserve: &str) -> Coldlight {
    let arguments = vec!["--disk-reserve".to_owned(), reserve.to_owned()];
    Coldlight::start_with(Options { data: Some(data), arguments, ..Options::default() }).await
}

/// Queries and pages work, whatever ingest does.
async fn answers(coldlight: &Coldlight) {
    coldlight.sql("SELECT service, count(*) FROM spans GROUP BY ALL").await;
    for page in ["/traces", "/map", "/status"] {
        assert_eq!(coldlight.get(page).await.status, 200, "{page}");
    }
}

async fn until_refused(senders: &Senders, more_than: u64) {
    until("refusals", Duration::from_secs(60), async || match senders.refused() {
        refused if refused > more_than => Ok(()),
        refused => Err(format!("{refused} refused, {} acknowledged", senders.acknowledged())),
    })
    .await;
}

async fn until_acknowledged(senders: &Senders, more: u64, limit: Duration) -> Duration {
    let before = senders.acknowledged();
    until("acknowledgements", limit, async || match senders.acknowledged() - before {
        now if now >= more => Ok(()),
        now => Err(format!("{now}, and {} refused in all", senders.refused())),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filling_disk_is_refused_before_it_is_full_and_taken_again_after() {
    let disk = Disk::mount("filling disk", DISK);
    // Without a small disk, a reserve close to what is free on the real one comes to the same.
    let fallback = tempfile::tempdir().unwrap();
    let folder = disk.as_ref().map_or(fallback.path(), Disk::path);
    let heavy = ballast(folder.join("ballast"), BALLAST);
    let reserve = if disk.is_some() { RESERVE.to_owned() } else { (free(folder) - BALLAST / 2).to_string() };
    let mut coldlight = coldlight(folder.join("data"), &reserve).await;
    let ledgers = tempfile::tempdir().unwrap();
    let senders = Senders::start(LOAD, coldlight.addresses(), ledgers.path(), &mut Random::new("filling disk"));
    until_refused(&senders, 20).await;
    let left = free(folder);
    println!(
        "{} requests acknowledged, {} refused, {} MiB free",
        senders.acknowledged(),
        senders.refused(),
        left >> 20
    );
    answers(&coldlight).await;
    assert_eq!(coldlight.get("/readyz").await.status, 503, "not ready to receive");
    // What was accepted before goes on being written, in steps that leave something.
    if disk.is_some() {
        assert!(left > 8 << 20, "{} MiB left of the reserve", left >> 20);
    }

    std::fs::remove_file(&heavy).unwrap();
    let resumed = until_acknowledged(&senders, 1, Duration::from_secs(5)).await;
    println!("taken again {resumed:?} after space was freed");
    let promises = senders.stop().await;
    promises.check(&coldlight).await;
    assert!(!coldlight.last_words().contains("No space left"), "the disk was met full:\n{}", coldlight.last_words());
    coldlight.restart().await;
    promises.check(&coldlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_filled_by_somebody_else_breaks_no_promise() {
    let Some(disk) = Disk::mount("full disk", SHARED_DISK) else { return };
    let mut coldlight = coldlight(disk.path().join("data"), LEAST_RESERVE).await;
    let ledgers = tempfile::tempdir().unwrap();
    let senders = Senders::start(LOAD, coldlight.addresses(), ledgers.path(), &mut Random::new("full disk"));
    for _ in 0..3 {
        until_acknowledged(&senders, REQUESTS_BETWEEN, Duration::from_secs(20)).await;
        let refused = senders.refused();
        let heavy = ballast(disk.path().join("ballast"), SHARED_DISK);
        until_refused(&senders, refused + 4).await;
        println!("full: {} bytes free, {} acknowledged", disk.free(), senders.acknowledged());
        answers(&coldlight).await;
        // Also while its own writes fail, the process does not die.
        assert!(coldlight.exited().is_none(), "it ended:\n{}", coldlight.last_words());
        std::fs::remove_file(&heavy).unwrap();
        until_acknowledged(&senders, 1, Duration::from_secs(10)).await;
    }
    // And killed in the middle of a full disk.
    let heavy = ballast(disk.path().join("ballast"), SHARED_DISK);
    tokio::time::sleep(Duration::from_millis(300)).await;
    coldlight.kill9();
    std::fs::remove_file(&heavy).unwrap();
    coldlight.start_again().await;
    let promises = senders.stop().await;
    promises.check(&coldlight).await;
    coldlight.stop().await;
}
