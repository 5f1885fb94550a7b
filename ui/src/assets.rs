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

/// A page asks for one stylesheet only.
const STYLESHEET: &str = stylesheet!("../assets/css/map.css", "../assets/css/pages.css", "../assets/css/sql.css");
const TRACE_STYLESHEET: &str = stylesheet!("../assets/css/trace.css");

/// Each source is a block of its own, so that their names never meet.
const SCRIPT: &str = concat!(
    "{\n",
    include_str!("../assets/js/prefs.js"),
    "}\n{\n",
    include_str!("../assets/js/frag.js"),
    "}\n{\n",
    include_str!("../assets/js/keys.js"),
    "}\n{\n",
    include_str!("../assets/js/range.js"),
    "}\n{\n",
    include_str!("../assets/js/map.js"),
    "}\n{\n",
    include_str!("../assets/js/start.js"),
    "}\n{\n",
    include_str!("../assets/ruler.js"),
    "}\n{\n",
    include_str!("../assets/waterfall.js"),
    "}\n",
);

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let text = |name, content_type, text: String| {
        // Made once and kept for as long as the program runs.
        let bytes: &'static [u8] = Box::leak(text.into_bytes().into_boxed_slice());
        Asset { name, content_type, bytes, hash: format!("{:016x}", fnv(bytes)) }
    };
    vec![
        text("app.css", "text/css; charset=utf-8", lean::css(STYLESHEET)),
        text("trace.css", "text/css; charset=utf-8", lean::css(TRACE_STYLESHEET)),
        text("app.js", "text/javascript; charset=utf-8", lean::js(SCRIPT)),
        text("favicon.svg", "image/svg+xml", include_str!("../assets/favicon.svg").trim().to_owned()),
    ]
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
    fn stylesheet_and_script_stay_within_their_budget() {
        let size = |name| all().iter().find(|asset| asset.name == name).unwrap().bytes.len();
        for name in ["app.css", "trace.css"] {
            assert!(size(name) <= 40 * 1024, "{name} has {} bytes", size(name));
        }
        assert!(size("app.js") <= 30 * 1024, "app.js has {} bytes", size("app.js"));
    }

    #[test]
    fn every_block_of_the_script_is_closed_by_its_own_source() {
        let depth = SCRIPT.bytes().fold(0i64, |depth, byte| match byte {
            b'{' => depth + 1,
            b'}' => depth - 1,
            _ => depth,
        });
        assert_eq!(depth, 0);
    }
}
