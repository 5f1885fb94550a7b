//! What holds of every page, whatever it shows.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use coldlight_ui::Theme;

use crate::fixtures;

/// Every page of the gallery by name.
fn each_page(check: impl Fn(&str, &str)) {
    for (name, html) in fixtures::pages(Theme::Light) {
        check(&name, &html);
    }
}

/// The opening tags of a page, with their attributes.
fn opening_tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|tag| tag.split('>').next().unwrap())
}

/// The values of an attribute, by tag.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let key = format!(" {attribute}=\"");
    let of = |tag: &'a str| Some(tag.split_once(&key)?.1.split('"').next().unwrap());
    opening_tags(html).filter_map(of).collect()
}

fn sources(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo")).join(folder), extension, &mut found);
    found
}

#[test]
fn style_attributes_hold_numbers_in_custom_properties_and_nothing_else() {
    each_page(|page, html| {
        for style in values(html, "style") {
            for declaration in style.split(';').filter(|part| !part.trim().is_empty()) {
                let (name, value) = declaration.split_once(':').unwrap_or((declaration, ""));
                assert!(name.trim().starts_with("--"), "{page}: {style}");
                assert!(value.trim().parse::<f64>().is_ok(), "{page}: {style}");
            }
        }
    });
}

#[test]
fn no_page_carries_a_script_of_its_own() {
    each_page(|page, html| {
        for tag in opening_tags(html) {
            let is_script = tag.starts_with("script");
            assert!(!is_script || tag.contains(" src=\"/assets/"), "{page}: {tag}");
            let is_reload =
                tag == "meta http-equiv=\"refresh\" content=\"5\"" && html.contains(&format!("<noscript><{tag}>"));
            assert!(!tag.starts_with("style") && (!tag.contains(" http-equiv=") || is_reload), "{page}: {tag}");
            // Every other piece between quotes is a value; what stands outside are names.
            let mut names = tag.split('"').step_by(2).flat_map(str::split_whitespace);
            assert!(!names.any(|name| name.starts_with("on") && name.ends_with('=')), "{page}: {tag}");
        }
        let links = values(html, "href").into_iter().chain(values(html, "src")).chain(values(html, "action"));
        for link in links {
            assert!(link.starts_with(['/', '#', '?']) || link.starts_with("http"), "{page}: {link}");
        }
    });
}

#[test]
fn names_that_try_to_be_markup_stay_text() {
    each_page(|page, html| {
        assert!(!html.contains("<script>") && !html.contains("<img"), "{page}");
        assert!(!html.contains('\u{202e}') && !html.contains('\u{0}'), "{page}");
    });
}

#[test]
fn templates_escape_everything() {
    // Whoever needs markup that is built in code adds its template here, with the function that builds it.
    const ALLOWED: [&str; 0] = [];
    for (path, text) in sources("templates", "html") {
        let is_raw = text.contains("|safe") || text.contains("| safe") || text.contains("escape(\"none\")");
        assert!(!is_raw || ALLOWED.iter().any(|allowed| path.ends_with(allowed)), "{path} leaves something unescaped");
    }
    for (path, text) in sources("src", "rs") {
        assert!(!text.contains("HtmlSafe") && !text.contains("filters::Safe"), "{path} leaves something unescaped");
        let is_raw = text.contains("escape = \"none\"");
        assert!(!is_raw || path.ends_with("pages/start/snippet.rs"), "{path}: only the texts of /start are no HTML");
    }
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    each_page(|page, html| {
        let ids = values(html, "id");
        let known: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{page} has an id twice");
        for name in ["for", "aria-labelledby", "aria-controls", "aria-describedby"] {
            for value in values(html, name) {
                assert!(value.split_whitespace().all(|id| known.contains(id)), "{page}: {name}={value}");
            }
        }
        for href in values(html, "href").into_iter().filter(|href| href.starts_with('#')) {
            assert!(known.contains(&href[1..]), "{page}: {href}");
        }
    });
}

#[test]
fn every_page_has_its_landmarks_and_one_heading_of_the_first_order() {
    each_page(|page, html| {
        let count =
            |needle: &str| opening_tags(html).filter(|tag| tag.split([' ', '\n']).next() == Some(needle)).count();
        assert!(html.contains("<html lang=\"en\""), "{page}");
        assert_eq!(count("main"), 1, "{page}");
        let wanted = usize::from(!page.starts_with("map-empty"));
        assert!(count("h1") == 1 || count("h1") == wanted, "{page} has {} h1", count("h1"));
        assert!(html.contains("<nav class=\"nav\" aria-label="), "{page}");
        assert!(
            html.contains("href=\"#here\"") && html.contains("id=\"here\"") && html.contains("<main id=\"main\""),
            "{page}"
        );
    });
}

#[test]
fn buttons_and_links_have_names() {
    each_page(|page, html| {
        for name in ["a", "button", "summary"] {
            for piece in html.split(&format!("<{name} ")).skip(1) {
                let (attributes, rest) = piece.split_once('>').unwrap();
                let inside = rest.split(&format!("</{name}>")).next().unwrap();
                let text = crate::text_of::text_of(inside);
                let has_name = attributes.contains("aria-label=") || inside.contains("<title>") || !text.is_empty();
                assert!(has_name, "{page}: <{name} {attributes}>");
            }
        }
    });
}

#[test]
fn tags_are_balanced() {
    const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];
    each_page(|page, html| {
        let mut open: Vec<&str> = Vec::new();
        for tag in html.split('<').skip(1) {
            let inside = tag.split('>').next().unwrap();
            let name = inside.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
            match () {
                () if inside.starts_with('!') || inside.ends_with('/') || VOID.contains(&name) => {}
                () if inside.starts_with('/') => assert_eq!(open.pop(), Some(name), "{page}: </{name}> closes nothing"),
                () => open.push(name),
            }
        }
        assert_eq!(open, [""; 0], "{page}");
    });
}

#[test]
fn pages_stay_within_their_budget() {
    each_page(|page, html| assert!(html.len() <= 160 * 1024, "{page} has {} KB", html.len() / 1024));
}

#[test]
fn both_themes_differ_in_the_theme_alone() {
    let neutral = |html: &str| {
        let html = html.replace("data-theme=\"light\"", "").replace("data-theme=\"dark\"", "");
        // The page of settings says which one is chosen.
        let html = html
            .replace("value=\"light\" selected", "value=\"light\"")
            .replace("value=\"dark\" selected", "value=\"dark\"");
        let (before, after) = html.split_once("<form action=\"/prefs\" method=\"post\" data-theme-form>").unwrap();
        format!("{before}{}", after.split_once("</form>").unwrap().1)
    };
    for ((name, light), (_, dark)) in fixtures::pages(Theme::Light).iter().zip(&fixtures::pages(Theme::Dark)) {
        assert_eq!(neutral(light), neutral(dark), "{name}");
    }
}
