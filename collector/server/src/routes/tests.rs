//! The table of routes says the truth, and the router keeps to it: every route, asked with every kind of key.

use std::net::SocketAddr;

use axum::body::Body;
use http::{Request, header};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::*;
use crate::access::{Access, Hosts};
use crate::clock;
use crate::site::Saved;
use crate::web::Peer;

const KEYS: &str =
    "w write write-0123456789\nr read read-01234567890\ns sql sql-012345678901\na admin admin-0123456789";

/// A router on a store of its own, and the store to close it. Requests come from `192.0.2.N`.
struct Desk {
    router: Router,
    store: coldlight_store::Store,
    _data: tempfile::TempDir,
}

impl Desk {
    fn open(access: Access, hosts: Option<Hosts>) -> Self {
        let (site, data) = site(access, hosts);
        Self { router: router(site.clone()), store: site.store.clone(), _data: data }
    }

    async fn ask(&self, method: &Method, path: &str, headers: &[(&str, &str)], from: u8) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::from(([192, 0, 2, from], 1))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn close(self) {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.close()).await.unwrap().unwrap();
    }
}

/// What requests ask, with a store of its own.
pub fn site(access: Access, hosts: Option<Hosts>) -> (Arc<Site>, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let store = coldlight_store::Store::open(coldlight_store::Settings::new(data.path()), clock::now).unwrap();
    let outlet = coldlight_receiver::Outlet {
        room: Box::new(|_| Box::pin(async { Ok(()) })),
        keep: Box::new(|_| Box::pin(async { Ok(()) })),
        authorize: Box::new(|_| coldlight_receiver::Access::Granted),
        now: clock::now,
    };
    let receiver = coldlight_receiver::Receiver::new(coldlight_receiver::Settings::default(), outlet);
    let stop = CancellationToken::new();
    let site = Site::new(store, receiver, Arc::new(access), Vec::new(), hosts, Saved::open(data.path()), stop);
    (Arc::new(site), data)
}

fn filled(path: &str) -> String {
    path.replace("{id}", "5b8efff798038103d269b633813fc60c")
        .replace("{span}", "eee19b7ec3c1b174")
        .replace("{hash}/{name}", "0/x")
}

#[test]
fn no_route_stands_twice_in_the_table() {
    for (at, route) in ROUTES.iter().enumerate() {
        assert!(
            !ROUTES[..at].iter().any(|other| other.path == route.path && other.method == route.method),
            "{}",
            route.path
        );
    }
}

#[test]
fn only_what_tells_nothing_is_open_to_anybody() {
    let open: Vec<&str> = ROUTES.iter().filter(|route| route.scope.is_none()).map(|route| route.path).collect();
    assert_eq!(open, ["/prefs", "/login", "/login", "/logout", "/assets/{hash}/{name}", "/healthz"]);
}

#[test]
fn reading_never_changes_anything() {
    // Whatever is done by GET needs no more than reading, be it by SQL; whatever changes something is a POST.
    let mut gets = ROUTES.iter().filter(|route| route.method == Method::GET);
    assert!(gets.all(|route| matches!(route.scope, None | Some(Scope::Read | Scope::Sql))));
    assert!(ROUTES.iter().all(|route| route.method == Method::GET || route.method == Method::POST));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_opens_to_the_scopes_of_the_table_and_to_no_other() {
    let desk = Desk::open(Access::with_keys(KEYS), None);
    let credentials: [(Option<Scope>, Option<&str>); 6] = [
        (None, None),
        (None, Some("Bearer wrong-0123456789")),
        (Some(Scope::Write), Some("Bearer write-0123456789")),
        (Some(Scope::Read), Some("Bearer read-01234567890")),
        (Some(Scope::Sql), Some("Bearer sql-012345678901")),
        (Some(Scope::Admin), Some("Bearer admin-0123456789")),
    ];
    for (from, (held, authorization)) in (1..).zip(credentials) {
        for route in ROUTES {
            let headers: Vec<(&str, &str)> = authorization.map(|value| ("authorization", value)).into_iter().collect();
            let status = desk.ask(&route.method, &filled(route.path), &headers, from).await.status();
            let entitled = route.scope.is_none() || held == Some(Scope::Admin) || held.is_some() && held == route.scope;
            let refused = match held {
                // The log-in form without a key is refused by itself.
                _ if route.path == "/login" => status == 401,
                // After twenty wrong keys the answer is 429.
                None => matches!(status.as_u16(), 401 | 429),
                Some(_) => status == 403,
            };
            if route.path != "/login" {
                assert_eq!(entitled, !refused, "{} {} with {authorization:?}: {status}", route.method, route.path);
                assert!(entitled || status.is_client_error());
            }
            assert_ne!(status, 405, "{} {} is in the table and not routed", route.method, route.path);
        }
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_what_its_key_opens() {
    let access = Access::with_keys(KEYS);
    let session = access.log_in("read-01234567890", [192, 0, 2, 1].into(), std::time::Instant::now()).unwrap().unwrap();
    let desk = Desk::open(access, None);
    let cookie = format!("coldlight_session={session}");
    assert_eq!(desk.ask(&Method::GET, "/api/v1/map", &[("cookie", &cookie)], 1).await.status(), 200);
    assert_eq!(desk.ask(&Method::POST, "/api/v1/sql", &[("cookie", &cookie)], 1).await.status(), 403);
    desk.ask(&Method::POST, "/logout", &[("cookie", &cookie)], 1).await;
    assert_eq!(desk.ask(&Method::GET, "/api/v1/map", &[("cookie", &cookie)], 1).await.status(), 401);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_forms_of_other_sites_are_refused() {
    let desk = Desk::open(Access::new(&Default::default(), &[]).unwrap(), Some(Hosts::new("127.0.0.1", &[])));
    let prefs = |headers: Vec<(&'static str, &'static str)>| {
        let desk = &desk;
        async move { desk.ask(&Method::POST, "/prefs", &headers, 1).await.status().as_u16() }
    };
    assert_eq!(prefs(vec![]).await, 421, "no host at all");
    assert_eq!(prefs(vec![("host", "evil.example")]).await, 421);
    assert_eq!(prefs(vec![("host", "localhost:4319")]).await, 303);
    assert_eq!(prefs(vec![("host", "localhost:4319"), ("origin", "http://localhost:4319")]).await, 303);
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(prefs(vec![("host", "localhost:4319"), foreign]).await, 403, "{foreign:?}");
    }
    assert_eq!(desk.ask(&Method::GET, "/healthz", &[("host", "evil.example")], 1).await.status(), 421);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_in_the_readers_form() {
    let desk = Desk::open(Access::new(&Default::default(), &[]).unwrap(), None);
    let page = desk.ask(&Method::GET, "/traces/5b8efff798038103d269b633813fc60c", &[], 1).await;
    assert_eq!(page.status(), 404);
    assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
    let json = desk.ask(&Method::GET, "/api/v1/traces?sort=best", &[], 1).await;
    assert_eq!(
        (json.status().as_u16(), &json.headers()[header::CONTENT_TYPE]),
        (400, &"application/json".parse().unwrap())
    );
    let body = axum::body::to_bytes(json.into_body(), 1 << 16).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&told["error"]["parameter"], &told["error"]["status"]), (&"sort".into(), &400.into()));
    assert_eq!(desk.ask(&Method::GET, "/nowhere", &[], 1).await.status(), 404);
    assert_eq!(desk.ask(&Method::DELETE, "/map", &[], 1).await.status(), 405);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_may_be_kept_forever_and_are_not_sent_twice() {
    let desk = Desk::open(Access::new(&Default::default(), &[]).unwrap(), None);
    let path = coldlight_ui::assets::path("app.css");
    let first = desk.ask(&Method::GET, &path, &[], 1).await;
    assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(desk.ask(&Method::GET, &path, &[("if-none-match", &tag)], 1).await.status(), 304);
    assert_eq!(desk.ask(&Method::GET, "/assets/0/app.css", &[], 1).await.status(), 404);
    desk.close().await;
}
