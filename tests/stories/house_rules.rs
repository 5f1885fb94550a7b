//! Rules of the house that a machine can hold: which room may know what, how long a file may be, what is never silenced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coldlight_tests::tools;

/// Past this, there is a second idea in a file.
const MOST_LINES: usize = 500;
/// Folders that are not ours.
const NOT_OURS: [&str; 6] = ["target", "node_modules", ".git", ".venv", "pictures", "__pycache__"];

fn checkout() -> PathBuf {
    tools::folder().parent().expect("tests stand in the checkout").to_owned()
}

/// All our files with one of the `endings`, with their text, by path from the checkout.
fn sources(endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![checkout()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
                found.insert(path.strip_prefix(checkout()).unwrap().display().to_string(), text);
            }
        }
    }
    assert!(!found.is_empty(), "no {endings:?} under {}", checkout().display());
    found
}

/// The crates each member names, by the member's folder; development and build dependencies included.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (path, text) in sources(&["Cargo.toml"]) {
        let manifest: toml::Table = toml::from_str(&text).unwrap_or_else(|why| panic!("{path}: {why}"));
        if !manifest.contains_key("package") {
            continue;
        }
        let of = |table: &toml::Table| -> Vec<String> {
            let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
            let tables = kinds.iter().filter_map(|kind| table.get(*kind)?.as_table());
            tables.flat_map(|table| table.keys().cloned()).collect()
        };
        let mut names = of(&manifest);
        for target in manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values) {
            names.extend(target.as_table().map(of).unwrap_or_default());
        }
        let folder = Path::new(&path).parent().unwrap().display().to_string();
        all.insert(folder, names);
    }
    all
}

/// Only `rooms` depend on the crate `name`, and only their sources name it.
#[track_caller]
fn only(rooms: &[&str], name: &str) {
    for (room, names) in dependencies() {
        let may = rooms.contains(&room.as_str());
        assert!(may || !names.iter().any(|known| known == name), "{room} names {name}; only {rooms:?} may");
    }
    spoken_only_in(rooms, name);
}

/// Only sources under `folders` name the crate `name`.
#[track_caller]
fn spoken_only_in(folders: &[&str], name: &str) {
    let call = format!("{name}::");
    for (path, text) in sources(&[".rs"]) {
        let may = folders.iter().any(|folder| path.starts_with(&format!("{folder}/")));
        let uses = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&call));
        assert!(may || !uses, "{path} uses {name}; only {folders:?} may");
    }
}

#[test]
fn only_the_store_knows_duckdb() {
    only(&["collector/store"], "duckdb");
}

#[test]
fn only_the_pages_know_askama() {
    only(&["ui"], "askama");
}

#[test]
fn only_the_receiver_and_senders_know_protobuf() {
    // The demo is a sender: it moves the times in recorded requests to now. So is an upload, which looks for the traces in its file.
    let senders =
        ["collector/receiver", "collector/server/src/demo", "collector/server/src/upload", "tests", "sdk", "examples"];
    spoken_only_in(&senders, "opentelemetry_proto");
    spoken_only_in(&senders, "prost");
}

#[test]
fn rooms_know_only_the_rooms_below_them() {
    let may: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("collector/model", &[][..]),
        ("collector/receiver", &["coldlight-model"]),
        ("collector/store", &["coldlight-model"]),
        ("ui", &["coldlight-model"]),
        (
            "collector/server",
            &[
                "coldlight-extension",
                "coldlight-local",
                "coldlight-model",
                "coldlight-receiver",
                "coldlight-store",
                "coldlight-ui",
            ],
        ),
        ("sdk/tracing", &["coldlight-tracing", "coldlight-triggers"]),
        ("sdk/triggers", &[]),
        ("sdk/local", &["coldlight-triggers"]),
        ("sdk/extension", &["coldlight-local"]),
        ("tests", &["coldlight-local"]),
        ("examples/checkout", &["coldlight-tracing"]),
        ("examples/order-worker", &["coldlight-tracing"]),
        ("examples/report", &["coldlight-tracing"]),
        ("examples/shop", &["coldlight-tracing"]),
        ("examples/text-to-speech", &["coldlight-tracing"]),
        ("examples/thumbnail", &["coldlight-tracing"]),
    ]);
    for (room, names) in dependencies() {
        let own: Vec<&String> = names.iter().filter(|name| name.starts_with("coldlight")).collect();
        let may = may.get(room.as_str()).copied().unwrap_or(&[]);
        assert!(own.iter().all(|name| may.contains(&name.as_str())), "{room} knows {own:?}; it may know {may:?}");
    }
}

#[test]
fn the_vocabulary_depends_on_nothing() {
    let names = dependencies().remove("collector/model").expect("the model's manifest");
    assert!(names.iter().all(|name| name == "proptest"), "the model depends on {names:?}");
}

#[test]
fn no_file_holds_two_ideas() {
    let endings = [".rs", ".html", ".js", ".mjs", ".css", ".sql", ".py"];
    let long: Vec<String> = sources(&endings)
        .into_iter()
        .filter_map(|(path, text)| {
            (text.lines().count() > MOST_LINES).then(|| format!("{path}: {}", text.lines().count()))
        })
        .collect();
    assert!(long.is_empty(), "longer than {MOST_LINES} lines: {long:#?}");
}

#[test]
fn templates_escape_everything_but_what_our_own_drawing_made() {
    let drawn = ["chart", "svg", "icon", "glyph", "layout"];
    for (path, text) in sources(&[".html"]) {
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| line.contains("|safe") || line.contains("| safe"))
        {
            let ours = drawn.iter().any(|word| line.contains(word));
            assert!(ours, "{path}:{}: {line}: safe is for drawings of our own", number + 1);
        }
    }
}

#[test]
fn no_page_carries_script_or_style_of_its_own() {
    for (path, text) in sources(&[".html"]) {
        for (number, line) in text.lines().enumerate() {
            let inline = line.contains("<style") || line.contains("javascript:") || line.contains(" onclick=");
            let script = line.contains("<script") && !line.contains("src=") && !line.contains("application/json");
            assert!(!inline && !script, "{path}:{}: {line}: the content security policy forbids it", number + 1);
        }
    }
}

#[test]
fn nothing_is_silenced_or_left_for_later() {
    let (ignore, later) = (concat!("#[ign", "ore"), [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")]);
    for (path, text) in sources(&[".rs", ".js", ".mjs", ".py", ".html", ".css", ".sql"]) {
        for (number, line) in text.lines().enumerate() {
            assert!(!line.contains(ignore), "{path}:{}: a test that does not run", number + 1);
            assert!(!later.iter().any(|mark| line.contains(mark)), "{path}:{}: {line}", number + 1);
            assert!(!line.contains(concat!("allow(dead", "_code)")), "{path}:{}: code that nobody uses", number + 1);
        }
    }
}

#[test]
fn every_crate_takes_the_lints_and_versions_of_the_workspace() {
    for (path, text) in sources(&["Cargo.toml"]) {
        let manifest: toml::Table = toml::from_str(&text).unwrap();
        if !manifest.contains_key("package") {
            continue;
        }
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(lints, Some(true), "{path}: [lints] workspace = true");
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, wanted) in manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                let shared = wanted.get("workspace").and_then(toml::Value::as_bool);
                assert_eq!(shared, Some(true), "{path}: {name} takes its version from the one list in the root");
            }
        }
    }
}

#[test]
fn what_the_author_of_a_function_may_name_has_an_example() {
    for (path, text) in sources(&[".rs"]).iter().filter(|(path, _)| path.starts_with("sdk/tracing/src")) {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let kinds = ["fn", "async fn", "struct", "enum", "trait", "const", "type", "mod"];
        for (at, line) in lines.iter().enumerate() {
            let named = line.strip_prefix("pub ").is_some_and(|rest| kinds.iter().any(|kind| rest.starts_with(kind)));
            // A module in a file of its own has its example there.
            if !named || line.starts_with("pub mod ") && line.ends_with(';') {
                continue;
            }
            let mut above =
                lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
            assert!(above.any(|line| line.contains("```")), "{path}:{}: no example for {line}", at + 1);
        }
    }
}
