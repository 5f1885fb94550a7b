//! Cookies, in and out.

use http::{HeaderMap, HeaderValue, header};

/// The value of the cookie `name`, if it was sent.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|line| {
        line.split(';').find_map(|pair| {
            let (known, value) = pair.trim().split_once('=')?;
            (known == name).then(|| value.trim_matches('"').to_owned())
        })
    })
}

/// A `Set-Cookie` value for this site alone. `None` when the value holds what a cookie cannot.
/// `max_age_s` of 0 removes the cookie.
pub fn write(name: &str, value: &str, max_age_s: u64, hidden: bool) -> Option<HeaderValue> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/+.".contains(&byte);
    if !value.bytes().all(allowed) {
        return None;
    }
    let hidden = if hidden { "; HttpOnly" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; SameSite=Strict{hidden}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=1; theme=dark;tz=\"UTC\""))]);
        assert_eq!(read(&headers, "theme").as_deref(), Some("dark"));
        assert_eq!(read(&headers, "tz").as_deref(), Some("UTC"));
        assert_eq!(read(&headers, "them"), None);
    }

    #[test]
    fn a_value_cannot_break_out_of_its_cookie() {
        assert_eq!(
            write("tz", "Europe/Berlin", 60, false).unwrap(),
            "tz=Europe/Berlin; Path=/; Max-Age=60; SameSite=Strict"
        );
        assert!(write("s", "abc", 60, true).unwrap().to_str().unwrap().ends_with("; HttpOnly"));
        for value in ["a;b", "a b", "a\r\nb", "ä", "a,b", "a\"b"] {
            assert_eq!(write("tz", value, 60, false), None);
        }
    }
}
