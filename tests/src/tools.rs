//! Where the other languages' tools are. `tests/install` puts them there; nothing is looked for anywhere else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// This crate's folder in the checkout. As cargo says it now: another checkout with the same target directory runs the same program.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
    });
    &FOLDER
}

/// The folder cargo builds into, found from the running executable (`target/release/deps/stories-…`).
pub fn target() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let release = program.ancestors().find(|folder| folder.ends_with("release"));
    release.and_then(Path::parent).expect("a folder named release above the test program").to_owned()
}

/// The program under test; panics when it was not built.
pub fn coldlight() -> PathBuf {
    find_coldlight().unwrap_or_else(|why| panic!("{why}"))
}

/// `COLDLIGHT_BIN`, else the one cargo built beside this program.
pub fn find_coldlight() -> Result<PathBuf, String> {
    let given = std::env::var_os("COLDLIGHT_BIN").map(PathBuf::from);
    let program = given.unwrap_or_else(|| target().join("release/coldlight"));
    let missing = || format!("{} is not there: build it with `cargo build --release -p coldlight`", program.display());
    if program.is_file() { Ok(program) } else { Err(missing()) }
}

/// Python with the OpenTelemetry SDK: `COLDLIGHT_TEST_PYTHON`, else the environment `tests/install` made.
pub fn python() -> Command {
    let given = std::env::var_os("COLDLIGHT_TEST_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| target().join("tests-python/bin/python"));
    assert!(python.is_file(), "{} is not there: run `tests/install` first", python.display());
    command(python)
}

/// The program that starts another under OpenTelemetry's instrumentation for Python.
pub fn instrument() -> PathBuf {
    Path::new(python().get_program()).with_file_name("opentelemetry-instrument")
}

/// Node, in the folder whose `node_modules` `tests/install` filled.
pub fn node() -> Command {
    let folder = folder().join("node");
    assert!(folder.join("node_modules").is_dir(), "tests/node/node_modules is not there: run `tests/install` first");
    let mut node = command("node");
    node.current_dir(folder);
    node
}

/// A folder of `examples/`, with what `tests/install` put into it.
pub fn example(name: &str) -> PathBuf {
    let examples = folder().parent().expect("tests stand in the checkout").join("examples");
    examples.join(name)
}

fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}
