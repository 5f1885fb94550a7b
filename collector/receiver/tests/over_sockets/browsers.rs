//! Pages that send from a browser.

use coldlight_receiver::Settings;

use crate::house::{House, JSON, KEY};

const SHOP: &str = "https://shop.example";

async fn house() -> House {
    let cors_origins = vec![SHOP.to_owned()];
    House::with(Settings { cors_origins, ..Settings::default() }, true).await
}

#[tokio::test]
async fn an_allowed_origin_gets_leave_and_may_read_its_answers() {
    let house = house().await;
    let origin = format!("origin: {SHOP}");
    let preflight = [
        "OPTIONS /v1/traces HTTP/1.1",
        "host: localhost",
        &origin,
        "access-control-request-method: POST",
        "access-control-request-headers: content-type,x-coldlight-key",
    ];
    let answer = house.raw(&preflight, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for header in ["content-type", "authorization", "traceparent", "x-coldlight-key"] {
        assert!(allowed.contains(header), "{header}");
    }
    assert!(answer.header("access-control-max-age").is_some());
    assert_eq!(answer.header("access-control-allow-credentials"), None);

    let key = format!("x-coldlight-key: {KEY}");
    for (headers, status) in [(vec![JSON, &origin, &key], 200), (vec![JSON, &origin], 401)] {
        let answer = house.post("/v1/traces", &headers, b"{}").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some(SHOP)));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn any_other_origin_gets_none() {
    let house = house().await;
    for origin in ["origin: https://evil.example", "origin: https://shop.example.evil.example", "origin: null"] {
        let preflight =
            ["OPTIONS /v1/traces HTTP/1.1", "host: localhost", origin, "access-control-request-method: POST"];
        let answer = house.raw(&preflight, b"").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
        let key = format!("x-coldlight-key: {KEY}");
        let answer = house.post("/v1/traces", &[JSON, origin, &key], b"{}").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));
    }
    assert_eq!(house.refused("origin"), 3);
}
