//! Pages look as they were agreed to look, whatever they show: from fixtures, at a moment that is always the same.

use std::process::Command;

use coldlight_tests::tools;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn pages_look_as_agreed_in_both_themes_and_three_widths() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = tools::target().join("release/examples/gallery");
    let written = Command::new(&gallery).arg(folder.path()).status();
    let written = written.unwrap_or_else(|why| panic!("{}: {why}; build with --examples first", gallery.display()));
    assert!(written.success(), "{written}");
    let told = json!({
        "gallery": folder.path(), "looks": tools::folder().join("looks"), "pictures": tools::folder().join("pictures"),
    });
    let mut node = tools::node();
    node.args(["--test", "--test-reporter=spec", "pages/looks.test.mjs"]).env("COLDLIGHT_PAGES", told.to_string());
    let status = tokio::task::spawn_blocking(move || node.status()).await.unwrap().unwrap();
    assert!(status.success(), "a page looks otherwise: {status}; see above");
}
