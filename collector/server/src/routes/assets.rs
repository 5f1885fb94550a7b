//! Stylesheet, script and drawings: under addresses that change with their content, so they may be kept forever.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::wrong::Wrong;

pub async fn asset(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Wrong> {
    let asset = coldlight_ui::assets::all().iter().find(|asset| asset.name == name && asset.hash == hash);
    let asset = asset.ok_or_else(|| Wrong::not_found("there is no such file"))?;
    let tag = format!("\"{}\"", asset.hash);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known.is_some_and(|tags| tags.contains(&tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => asset.bytes.into_response(),
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if let Ok(tag) = tag.parse() {
        out.insert(header::ETAG, tag);
    }
    Ok(response)
}
