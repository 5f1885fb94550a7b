//! Stylesheet, scripts and drawings, under addresses that change with their content and may be kept forever.
//!
//! The sources under `assets/` are joined when the program is compiled; there is no build step besides. Comments and
//! indentation are for the sources' readers and are not sent.

mod lean;

use std::sync::LazyLock;

use crate::hash::fnv;

/// One file as it is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    /// Of the bytes, 16 hexadecimal digits: part of the address, and the ETag.
    pub hash: String,
}

/// What every page has, then `$own`, then what depends on the medium.
macro_rules! stylesheet {
    ($($own:literal),+) => {
        concat!(
            include_str!("../assets/css/tokens.css"),
            include_str!("../assets/css/base.css"),
            include_str!("../assets/css/shell.css"),
            include_str!("../assets/css/parts.css"),
            include_str!("../assets/css/cost.css"),
            include_str!("../assets/css/invocations.css"),
            include_str!("../assets/css/traces.css"),
            $(include_str!($own),)+
            include_str!("../assets/css/media.css"),
        )
    };
}

/// What every page has but lists and costs, then `$own`: for the trace, which has neither and much of its own.
macro_rules! trace_stylesheet {
    ($($own:literal),+) => {
        concat!(
            include_str!("../assets/css/tokens.css"),
            include_str!("../assets/css/base.css"),
            include_str!("../assets/css/shell.css"),
            include_str!("../assets/css/parts.css"),
            $(include_str!($own),)+
            include_str!("../assets/css/media.css"),
        )
    };
}

/// What every page has, then `$own`. Each source is a block of its own, so that their names never meet.
macro_rules! script {
    ($($own:literal),+) => {
        concat!(
            "{\n",
            include_str!("../assets/js/prefs.js"),
            "}\n{\n",
            include_str!("../assets/js/frag.js"),
            "}\n{\n",
            include_str!("../assets/js/keys.js"),
            "}\n{\n",
            include_str!("../assets/js/range.js"),
            "}\n"
            $(, "{\n", include_str!($own), "}\n")+
        )
    };
}

/// What a kind of page asks for: one stylesheet, one script. Most pages are of the kind `app`; see [`crate::shell::Chrome::furnished`].
struct Kind {
    stylesheet_name: &'static str,
    stylesheet: &'static str,
    script_name: &'static str,
    script: &'static str,
}

const KINDS: [Kind; 7] = [
    Kind {
        stylesheet_name: "app.css",
        stylesheet: stylesheet!("../assets/css/inspector.css", "../assets/css/pages.css"),
        script_name: "app.js",
        script: script!("../assets/js/complete.js", "../assets/js/start.js"),
    },
    Kind {
        stylesheet_name: "lambda.css",
        stylesheet: stylesheet!("../assets/css/pages.css", "../assets/css/lambda.css"),
        script_name: "lambda.js",
        script: script!("../assets/js/complete.js"),
    },
    Kind {
        stylesheet_name: "trace.css",
        stylesheet: trace_stylesheet!(
            "../assets/css/invocations.css",
            "../assets/css/map.css",
            "../assets/css/trace.css",
            "../assets/css/logbook.css",
            "../assets/css/compare.css"
        ),
        script_name: "trace.js",
        script: script!("../assets/js/ruler.js", "../assets/js/waterfall.js", "../assets/js/paper.js"),
    },
    Kind {
        stylesheet_name: "map.css",
        stylesheet: stylesheet!("../assets/css/map.css", "../assets/css/inspector.css"),
        script_name: "map.js",
        script: script!("../assets/js/complete.js", "../assets/js/map.js"),
    },
    Kind {
        stylesheet_name: "heat.css",
        stylesheet: stylesheet!("../assets/css/heat.css"),
        script_name: "heat.js",
        script: script!("../assets/js/complete.js", "../assets/js/heat.js"),
    },
    Kind {
        stylesheet_name: "sql.css",
        stylesheet: stylesheet!("../assets/css/pages.css", "../assets/css/sql.css"),
        script_name: "sql.js",
        script: script!("../assets/js/sql.js"),
    },
    Kind {
        stylesheet_name: "live.css",
        stylesheet: stylesheet!("../assets/css/pages.css", "../assets/css/live.css"),
        script_name: "live.js",
        script: script!("../assets/js/complete.js", "../assets/js/live.js"),
    },
];

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let text = |name, content_type, text: String| {
        // Made once and kept for as long as the program runs.
        let bytes: &'static [u8] = Box::leak(text.into_bytes().into_boxed_slice());
        Asset { name, content_type, bytes, hash: format!("{:016x}", fnv(bytes)) }
    };
    let kinds = KINDS.iter().flat_map(|kind| {
        [
            text(kind.stylesheet_name, "text/css; charset=utf-8", lean::css(kind.stylesheet)),
            text(kind.script_name, "text/javascript; charset=utf-8", lean::js(kind.script)),
        ]
    });
    let drawing = text("favicon.svg", "image/svg+xml", include_str!("../assets/favicon.svg").trim().to_owned());
    kinds.chain([drawing]).collect()
});

/// Every asset.
pub fn all() -> &'static [Asset] {
    &ALL
}

/// The address of an asset: `/assets/<hash>/<name>`. A name that does not exist gives an address that answers 404.
pub fn path(name: &str) -> String {
    match ALL.iter().find(|asset| asset.name == name) {
        Some(asset) => format!("/assets/{}/{}", asset.hash, asset.name),
        None => format!("/assets/none/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_content() {
        for asset in all() {
            assert_eq!(path(asset.name), format!("/assets/{}/{}", asset.hash, asset.name));
            assert_eq!(asset.hash.len(), 16);
        }
    }

    #[test]
    fn what_a_page_asks_for_stays_within_its_budget() {
        for Asset { name, bytes, .. } in all() {
            let most = if name.ends_with(".css") { 40 } else { 30 } * 1024;
            assert!(bytes.len() <= most, "{name} has {} bytes", bytes.len());
        }
    }

    #[test]
    fn every_block_of_a_script_is_closed_by_its_own_source() {
        for kind in KINDS {
            let depth = kind.script.bytes().fold(0i64, |depth, byte| match byte {
                b'{' => depth + 1,
                b'}' => depth - 1,
                _ => depth,
            });
            assert_eq!(depth, 0, "{}", kind.script_name);
        }
    }
}
