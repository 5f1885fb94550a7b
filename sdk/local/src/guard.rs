//! Who ends what was started when this program cannot any more.
//!
//! A program that is killed with SIGKILL tidies nothing up, and a function that is stopped does not notice that its Lambda has
//! gone: it would stay behind stopped for ever. So a shell waits at the other end of a pipe. It is told of each process group that
//! begins and ends; when the pipe closes, however this program ended, it kills those that are left, and ends too.
//!
//! It sits in a group of its own, so that Ctrl-C reaches this program first, which ends everything in its own order.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::Pid;

/// Lines are `+ GROUP` and `- GROUP`. Only what every POSIX shell has.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
kept=
while read -r change group; do
    case $change in
        +) kept="$kept $group" ;;
        -) left=
           for one in $kept; do [ "$one" = "$group" ] || left="$left $one"; done
           kept=$left ;;
    esac
done
for one in $kept; do kill -KILL "-$one" 2>/dev/null; done
"#;

/// The one of this program; `None` where there is no shell: then nothing else is lost.
static GUARD: OnceLock<Option<Mutex<Guard>>> = OnceLock::new();

struct Guard {
    tell: ChildStdin,
    /// Never waited for: it ends after this program.
    _shell: Child,
}

/// A group that has begun.
pub fn begun(group: Pid) {
    tell('+', group);
}

/// It has ended, and its number may soon be another's.
pub fn ended(group: Pid) {
    tell('-', group);
}

fn tell(change: char, group: Pid) {
    let guard = GUARD.get_or_init(|| start().map(Mutex::new));
    if let Some(guard) = guard {
        let mut guard: MutexGuard<'_, Guard> = guard.lock().unwrap_or_else(PoisonError::into_inner);
        // One write of a few bytes, which a pipe takes whole. A shell that somebody killed is missed by nobody.
        let _ = guard.tell.write_all(format!("{change} {}\n", group.as_raw_nonzero()).as_bytes());
    }
}

fn start() -> Option<Guard> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT]).env_clear().current_dir("/").process_group(0);
    let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    Some(Guard { tell: shell.stdin.take()?, _shell: shell })
}
