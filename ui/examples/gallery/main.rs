//! Writes every page from fixtures, so that looks can be reviewed without a database:
//! `cargo run --release -p coldlight-ui --example gallery -- DIR`, then open `DIR/index.html`.

mod fixtures;

use std::fs;
use std::path::Path;

use coldlight_ui::{Theme, assets};

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: gallery DIR");
        std::process::exit(2);
    };
    let folder = Path::new(&folder);
    for asset in assets::all() {
        let file = folder.join(assets::path(asset.name).trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, asset.bytes)?;
    }
    let mut index =
        String::from("<!doctype html><meta charset=utf-8><title>coldlight gallery</title><h1>Gallery</h1><ul>");
    for theme in [Theme::Light, Theme::Dark] {
        for (name, html) in fixtures::pages(theme).into_iter().chain(fixtures::states::waited_for(theme)) {
            let file = format!("{name}-{}.html", theme.name());
            // Files have no root: what begins at the server's root begins here at the folder.
            fs::write(folder.join(&file), html.replace("\"/assets/", "\"assets/"))?;
            index.push_str(&format!("<li><a href=\"{file}\">{file}</a> {} KB", html.len() / 1024));
        }
    }
    fs::write(folder.join("index.html"), index)
}
