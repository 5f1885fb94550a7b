//! Pages that take longer than a moment: their frame is sent at once, what is going on while it lasts, and the page itself when it is there,
//! all in one answer that needs no script.
//!
//! A page that answers within [`GRACE`] is left as it is, with its own status. After that the status is sent and is 200, whatever becomes of
//! the page. Dropping the answer, as happens when its reader hangs up, drops the handler and with it interrupts what it asks of the store.
//!
//! Not here: what is shown meanwhile (`coldlight_ui::pages::waiting`).

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use coldlight_store::StoreError;
use coldlight_ui::Shell;
use coldlight_ui::pages::waiting::{self, OFFER_CANCEL, SAY_AGAIN, SAY_WHAT, Waiting};
use coldlight_ui::query::Query;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use tokio::time::Instant;

use super::asked::bare_shell;
use super::{body, prefs, sql, tell};
use crate::access::random_hex;
use crate::clock;
use crate::site::{Running, Site};
use crate::wrong::Wrong;

/// Most pages are there by then, and are sent as they are. Shorter than anybody notices.
const GRACE: Duration = Duration::from_millis(80);
/// No page is near this.
const LONGEST_PAGE: usize = 64 << 20;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Box<dyn Any + Send>>> + Send>>;

/// An answer whose frame is sent and whose page is not there yet.
struct Late {
    site: Arc<Site>,
    uri: Uri,
    headers: HeaderMap,
    page: Waiting,
    /// A question in SQL that came in a form.
    question: Option<String>,
    /// How long the page took an earlier time.
    before: Option<u64>,
    running: Running,
    begun: Instant,
    /// When something is said next, since `begun`.
    next: u64,
    answering: Answering,
}

pub async fn soon(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let reads = tell::reads_pages(&uri, &headers) && !headers.contains_key("x-fragment");
    let page = Waiting::at(uri.path(), uri.query().unwrap_or_default(), clock::now());
    let Some(page) = page.filter(|_| reads && !is_file(uri.query().unwrap_or_default())) else {
        return next.run(request).await;
    };
    let (request, question) = match *request.method() {
        Method::GET => (request, None),
        Method::POST if uri.path() == coldlight_ui::pages::sql::PATH => match asked_in_form(request).await {
            Ok((request, Some(question))) => (request, Some(question)),
            Ok((request, None)) => return next.run(request).await,
            Err(wrong) => return wrong.into_response(),
        },
        _ => return next.run(request).await,
    };
    let begun = Instant::now();
    let mut answering: Answering = AssertUnwindSafe(next.run(request)).catch_unwind().boxed();
    tokio::select! {
        biased;
        answer = &mut answering => return answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        () = tokio::time::sleep(GRACE) => {}
    }
    let named = random_hex().ok().and_then(|id| site.waited_for.begin(&id[..32]));
    let Some(running) = named else {
        return answering.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    };
    let shell = Shell { saved: site.searches(), alerts: site.alerts.watched(), ..bare_shell(&site, &uri, &headers) };
    let opened = page.open(&shell);
    let before = site.slow.took(address(&uri), clock::now()).map(nanos);
    let late = Late { site, uri, headers, page, question, before, running, begun, next: SAY_WHAT, answering };
    let rest = stream::unfold(Some(late), |late: Option<Late>| async move { Some(late?.go_on().await) });
    // Compression asks once more when all was sent.
    let parts = stream::iter([Bytes::from(opened)]).chain(rest).map(Ok::<_, Infallible>).fuse();
    // A proxy in between should pass on what it gets.
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Html(Body::from_stream(parts))).into_response()
}

/// Whether a page's address asks for a file.
fn is_file(query: &str) -> bool {
    Query::parse(query).get("format").is_some_and(|format| format != "html")
}

/// The question in a form that only asks, beside the request as it was.
async fn asked_in_form(request: Request) -> Result<(Request, Option<String>), Wrong> {
    let (parts, sent) = request.into_parts();
    let sent = body::read(sent, sql::MAX_FORM).await?;
    let form = String::from_utf8_lossy(&sent);
    let query = Query::parse(&form);
    let only_asks = query.get("do").is_none() && !is_file(&form);
    let question = query.get("q").filter(|_| only_asks).map(str::to_owned);
    Ok((Request::from_parts(parts, Body::from(sent)), question))
}

fn address(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |one| one.as_str())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Late {
    /// The next thing to send, and what there will be to send after it.
    async fn go_on(mut self) -> (Bytes, Option<Self>) {
        let limit = self.site.store.query_timeout();
        let say = self.begun + Duration::from_nanos(self.next);
        let end = self.begun + limit;
        let outcome = tokio::select! {
            biased;
            answer = &mut self.answering => answer,
            () = self.running.ended() => Ok(Wrong::cancelled().into_response()),
            () = tokio::time::sleep_until(end) => Ok(Wrong::from(StoreError::TimedOut { limit }).into_response()),
            () = tokio::time::sleep_until(say) => {
                let said = self.page.step(self.next, self.running.name(), self.before, self.question.as_deref());
                self.next = following(self.next);
                return (said.into(), Some(self));
            }
        };
        (self.ending(outcome).await.into(), None)
    }

    async fn ending(self, outcome: Result<Response, Box<dyn Any + Send>>) -> String {
        let Self { site, uri, headers, begun, answering, .. } = self;
        // Whatever it still asks is interrupted.
        drop(answering);
        let mut response = outcome.unwrap_or_else(super::panicked);
        site.slow.note(address(&uri), begun.elapsed(), clock::now());
        let page = match response.extensions_mut().remove::<Wrong>() {
            Some(wrong) => tell::page(&site, &uri, &headers, &wrong).await,
            None => match axum::body::to_bytes(response.into_body(), LONGEST_PAGE).await {
                Ok(page) => String::from_utf8_lossy(&page).into_owned(),
                Err(error) => {
                    let wrong = Wrong::bug("this page cannot be sent", &error.to_string());
                    tell::page(&site, &uri, &headers, &wrong).await
                }
            },
        };
        waiting::arrived(&page)
    }
}

/// When something is said after what was said at `said`.
fn following(said: u64) -> u64 {
    match said {
        SAY_WHAT => OFFER_CANCEL,
        _ => (said / SAY_AGAIN + 1) * SAY_AGAIN,
    }
}

/// `POST /queries/{id}/cancel`: ends a page's question. What is shown then is the same when it had just been answered: nobody is sent to an
/// answer that they no longer want.
pub async fn cancel(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Wrong> {
    site.waited_for.end(&id);
    let form = body::read(request.into_body(), sql::MAX_FORM).await?;
    let form = Query::parse(&String::from_utf8_lossy(&form));
    let back = prefs::local(form.get("back").unwrap_or("/"));
    let back: Uri = back.parse().unwrap_or_else(|_| Uri::from_static("/map"));
    if back.path() == coldlight_ui::pages::sql::PATH {
        let question = form.get("q").map(|question| coldlight_ui::query::Link::to("").with("q", question).query());
        let asked = question.unwrap_or_else(|| back.query().unwrap_or_default().to_owned());
        return sql::cancelled(&site, &bare_shell(&site, &uri, &headers), &asked).await;
    }
    let page = tell::page(&site, &back, &headers, &Wrong::cancelled()).await;
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((no_store, Html(page)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::access::Access;
    use crate::routes::tests::site;

    /// Asks a page that `page` makes, and tells what was sent when, in milliseconds.
    async fn sent<F>(
        page: impl Fn() -> F + Clone + Send + Sync + 'static,
        headers: &[(&str, &str)],
    ) -> Vec<(u128, String)>
    where
        F: Future<Output = Response> + Send,
    {
        let (site, _data) = site(Access::new(&Default::default(), &[]).unwrap(), None);
        let store = site.store.clone();
        let router = Router::new().route("/traces", get(page)).layer(from_fn_with_state(site, soon));
        let mut request = http::Request::get("/traces?range=7d&f=cold:true");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let begun = Instant::now();
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let mut body = answer.into_body();
        let mut sent = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
            sent.push((begun.elapsed().as_millis(), text));
        }
        std::thread::spawn(move || store.close()).join().unwrap().unwrap();
        sent
    }

    async fn after(time: u64) -> Response {
        tokio::time::sleep(Duration::from_millis(time)).await;
        Html("<title>t</title><div data-frag=\"view\">found</div></body></html>").into_response()
    }

    const BROWSER: [(&str, &str); 1] = [("accept", "text/html,*/*;q=0.8")];

    #[tokio::test(start_paused = true)]
    async fn a_page_that_never_comes_says_so_from_time_to_time_and_ends_in_narrower_ones() {
        let sent = sent(std::future::pending, &BROWSER).await;
        let times: Vec<u128> = sent.iter().map(|(at, _)| at / 10 * 10).collect();
        assert_eq!(times, [80, 400, 2_000, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000]);
        assert!(sent[0].1.contains("value=\"cold:true\""), "the filter stands in the frame: {}", sent[0].1);
        assert_eq!(sent[1].1.trim(), "<p>Reading traces of the last 7 days…</p>");
        assert!(sent[2].1.contains("2 s so far") && sent[2].1.contains("query-cancel"), "{}", sent[2].1);
        let end = &sent.last().unwrap().1;
        assert!(end.contains("longer than 30 s") && end.contains("Took too long"), "{end}");
        for range in ["24h", "6h", "1h"] {
            assert!(end.contains(&format!("/traces?f=cold:true&#38;range={range}")), "{range}: {end}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_there_soon_is_left_as_it_is() {
        let quick = sent(|| after(70), &BROWSER).await;
        assert_eq!(quick.len(), 1);
        assert!(quick[0].1.starts_with("<title>t</title>"));
        let late = sent(|| after(1_000), &BROWSER).await;
        assert_eq!(late.len(), 3);
        assert_eq!(late[2].1, "</div></div><i hidden></i>\n<div data-frag=\"view\">found</div></body></html>");
    }

    #[tokio::test(start_paused = true)]
    async fn programs_and_parts_of_pages_are_answered_whole() {
        for headers in [&[][..], &[("accept", "application/json")], &[BROWSER[0], ("x-fragment", "view")]] {
            assert_eq!(sent(|| after(1_000), headers).await.len(), 1, "{headers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_after_the_frame_is_told_in_it() {
        async fn boom() -> Response {
            after(500).await;
            panic!("boom")
        }
        let sent = sent(boom, &BROWSER).await;
        assert!(sent.last().unwrap().1.contains("could not make this page"), "{sent:?}");
    }
}
