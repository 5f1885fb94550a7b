//! `POST /prefs`: the reader's theme and time zone, kept in cookies of their own.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use coldlight_ui::query::Query;
use coldlight_ui::{Theme, Zone};
use http::{StatusCode, header};

use super::{body, cookies};
use crate::wrong::Wrong;

const YEAR_S: u64 = 365 * 86_400;

/// A theme, a zone, and an address of ours to go back to.
const MAX_FORM: usize = 64 << 10;

pub async fn set(request: Request) -> Result<Response, Wrong> {
    let body = body::read(request.into_body(), MAX_FORM).await?;
    let form = Query::parse(&String::from_utf8_lossy(&body));
    let mut response = see_other(&local(form.get("back").unwrap_or("/")));
    if let Some(name) = form.get("theme") {
        let theme = Theme::from_name(name);
        // The system's own theme is what a reader without a cookie gets.
        let age = if theme == Theme::System { 0 } else { YEAR_S };
        response
            .headers_mut()
            .extend(cookies::write("theme", theme.name(), age, false).map(|cookie| (header::SET_COOKIE, cookie)));
    }
    if let Some(name) = form.get("tz") {
        let zone = Zone::named(name).ok_or_else(|| {
            Wrong::parameter(
                "tz",
                format!("“{}” is not a time zone such as UTC or Europe/Berlin", coldlight_ui::text::cut(name, 60)),
            )
        })?;
        let cookie = cookies::write("tz", zone.name(), YEAR_S, false);
        response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    Ok(response)
}

/// 303: look there, with GET.
pub fn see_other(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location.to_owned())]).into_response()
}

/// `path` when it stays on this site, else `/`. `//host` and `/\host` lead away, so do control characters that browsers drop.
pub fn local(path: &str) -> String {
    let leads_away =
        !path.starts_with('/') || path.starts_with("//") || path.contains(|c: char| c == '\\' || c.is_control());
    if leads_away || !path.is_ascii() || path.len() > 8_192 { "/".to_owned() } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        assert_eq!(local("/traces?range=1h&f=a%20b"), "/traces?range=1h&f=a%20b");
        for away in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/a\r\nb",
        ] {
            assert_eq!(local(away), "/", "{away:?}");
        }
    }

    #[tokio::test]
    async fn theme_and_zone_become_cookies() {
        let response = set(Request::new("theme=dark&back=%2Fmap&tz=europe%2Fberlin".into())).await.unwrap();
        assert_eq!(
            (response.status(), &response.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &"/map".parse().unwrap())
        );
        let cookies: Vec<_> =
            response.headers().get_all(header::SET_COOKIE).iter().map(|one| one.to_str().unwrap()).collect();
        assert!(cookies[0].starts_with("theme=dark;") && cookies[1].starts_with("tz=Europe/Berlin;"), "{cookies:?}");
        assert!(set(Request::new("tz=Mars%2FPhobos".into())).await.is_err());
    }
}
