//! A process with its descendants: started in a group of its own, so that all of it can be stopped, continued and ended at once.
//!
//! Stopping is what makes this a Lambda: between invocations nothing of an environment gets processor time, its timers stand
//! still and its sockets grow old, exactly where exporters lose spans.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::error::LocalError;
use crate::guard;
use crate::line::LONGEST;

/// How long the lines of an ended process are waited for.
const LAST_LINES: std::time::Duration = std::time::Duration::from_millis(500);

/// What to start.
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub folder: PathBuf,
    /// The whole environment; nothing is inherited besides.
    pub variables: BTreeMap<String, String>,
}

/// Lines of output are handed to this, in order, one call at a time.
pub type TakeLine = Arc<dyn Fn(String) -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// A process that ended, by the number it was started with.
#[derive(Debug)]
pub struct Exited {
    pub number: u64,
    pub status: ExitStatus,
}

/// The process groups of one environment. Two may hold them stopped: the environment itself, between invocations, and whoever
/// tests what a pause does; they run only when neither does.
#[derive(Default)]
pub struct Groups {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    pids: Vec<Pid>,
    frozen: bool,
    paused: bool,
}

impl Groups {
    /// Between invocations.
    pub fn freeze(&self) {
        self.change(|held| held.frozen = true);
    }

    pub fn thaw(&self) {
        self.change(|held| held.frozen = false);
    }

    /// At any time, as a host does that has something else to do.
    pub fn pause(&self) {
        self.change(|held| held.paused = true);
    }

    pub fn unpause(&self) {
        self.change(|held| held.paused = false);
    }

    /// Ends all of it at once, as the loss of a host would; nothing is told beforehand.
    pub fn kill(&self) {
        for pid in &self.lock().pids {
            signal(*pid, Signal::KILL);
        }
    }

    pub fn pids(&self) -> Vec<Pid> {
        self.lock().pids.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.lock();
        let before = held.frozen || held.paused;
        change(&mut held);
        let after = held.frozen || held.paused;
        if before != after {
            for pid in &held.pids {
                signal(*pid, if after { Signal::STOP } else { Signal::CONT });
            }
        }
    }

    fn add(&self, pid: Pid) {
        let mut held = self.lock();
        held.pids.push(pid);
        if held.frozen || held.paused {
            signal(pid, Signal::STOP);
        }
    }

    fn remove(&self, pid: Pid) {
        self.lock().pids.retain(|known| *known != pid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// One started process.
pub struct Process {
    pub number: u64,
    pid: Pid,
}

impl Process {
    /// Starts `launch` as the `number`th process of an environment. `out` and `err` take its lines; `exited` hears of its end
    /// after its last line.
    pub fn start(
        number: u64,
        launch: Launch,
        groups: &Arc<Groups>,
        take: TakeLine,
        exited: mpsc::Sender<Exited>,
    ) -> Result<Self, LocalError> {
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).current_dir(&launch.folder).env_clear().envs(&launch.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let cannot = |why: &dyn std::fmt::Display| {
            LocalError::System(format!("cannot start {}: {why}", launch.program.display()))
        };
        let mut child = command.spawn().map_err(|why| cannot(&why))?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| cannot(&"it has no process id"))?;
        guard::begun(pid);
        groups.add(pid);
        let outputs = [child.stdout.take().map(boxed), child.stderr.take().map(boxed)];
        let readers: Vec<_> =
            outputs.into_iter().flatten().map(|from| tokio::spawn(read(from, take.clone()))).collect();
        let groups = Arc::clone(groups);
        tokio::spawn(async move {
            let status = child.wait().await;
            groups.remove(pid);
            // What it left behind goes with it; its pipes then close.
            signal(pid, Signal::KILL);
            guard::ended(pid);
            // Unless it left a descendant in a group of its own, which may hold them open for ever.
            let lines = futures_util::future::join_all(readers);
            let _ = tokio::time::timeout(LAST_LINES, lines).await;
            if let Ok(status) = status {
                // Nobody listens only when the environment has gone.
                let _ = exited.send(Exited { number, status }).await;
            }
        });
        Ok(Self { number, pid })
    }

    pub fn kill(&self) {
        signal(self.pid, Signal::KILL);
    }

    pub fn terminate(&self) {
        signal(self.pid, Signal::TERM);
    }
}

fn boxed(from: impl AsyncRead + Send + Unpin + 'static) -> Box<dyn AsyncRead + Send + Unpin> {
    Box::new(from)
}

/// To a whole group. It may have ended meanwhile, which is no error.
fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Reads lines until the pipe closes; longer ones than [`LONGEST`] are cut, bytes that are no UTF-8 become `�`.
async fn read(from: impl AsyncRead + Unpin, take: TakeLine) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let mut cut = false;
    while let Ok(some) = from.fill_buf().await {
        if some.is_empty() {
            break;
        }
        let end = some.iter().position(|byte| *byte == b'\n');
        let upto = end.unwrap_or(some.len());
        let room = LONGEST - line.len();
        line.extend_from_slice(&some[..upto.min(room)]);
        cut |= upto > room;
        let used = end.map_or(upto, |end| end + 1);
        from.consume(used);
        if end.is_some() {
            take(text(&mut line, &mut cut)).await;
        }
    }
    if !line.is_empty() {
        take(text(&mut line, &mut cut)).await;
    }
}

fn text(line: &mut Vec<u8>, cut: &mut bool) -> String {
    let mut text = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
    if std::mem::take(cut) {
        text.push('…');
    }
    line.clear();
    text
}

/// `exit status 1`, `signal: killed`: the words that Lambda uses in `Runtime exited with error: …`.
pub fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, Some(15)) => "signal: terminated".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}
