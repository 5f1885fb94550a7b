//! Pages that take their time: the frame comes at once, then what is going on, and whoever waits can end it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use coldlight_tests::clock::until;
use coldlight_tests::measure::processor_time;
use coldlight_tests::{Coldlight, Options, web};
use http::Method;

/// Ten to the twelve rows, each hashed.
const ENDLESS: &str = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1";

/// A page as a browser gets it: piece by piece.
struct Reader {
    stream: TcpStream,
    /// All that came so far.
    html: String,
}

impl Reader {
    fn open(coldlight: &Coldlight, path: &str, accept: &str) -> Self {
        let mut stream = TcpStream::connect(coldlight.http()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let host = coldlight.http();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: {accept}\r\nconnection: close\r\n\r\n").unwrap();
        Self { stream, html: String::new() }
    }

    /// Reads on until `mark` came.
    #[track_caller]
    fn until(&mut self, mark: &str) -> &str {
        let mut piece = [0; 65_536];
        while !self.html.contains(mark) {
            let length = self.stream.read(&mut piece).unwrap();
            assert_ne!(length, 0, "it ended without “{mark}”: {}", self.html);
            self.html += &String::from_utf8_lossy(&piece[..length]);
        }
        &self.html
    }

    fn whole(mut self) -> String {
        self.until("</html>");
        self.html
    }
}

fn asked(question: &str) -> String {
    format!("/sql?q={}", question.replace('%', "%25").replace('+', "%2B").replace(' ', "+"))
}

async fn until_nothing_calculates(coldlight: &Coldlight) {
    until("nothing calculates", Duration::from_secs(10), async || {
        let before = processor_time(coldlight.pid());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let used = processor_time(coldlight.pid()) - before;
        if used < Duration::from_millis(100) { Ok(()) } else { Err(format!("{used:?} in 300 ms")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_long_sends_its_frame_first_and_its_question_can_be_cancelled() {
    let coldlight = Coldlight::start().await;
    let path = asked(ENDLESS);
    let mut page = Reader::open(&coldlight, &path, "text/html");
    let frame = page.until("class=\"steps\"");
    assert!(frame.starts_with("HTTP/1.1 200") && frame.contains("data-test=\"nav-sql\""), "{frame}");
    assert!(!frame.contains("data-frag=\"view\""), "the page itself is not there yet");
    page.until("Reading the answer…");
    let offered = page.until("data-test=\"query-cancel\"");
    assert!(offered.contains("Reading the answer: 2 s so far"), "{offered}");
    let action = offered.rsplit_once("<form action=\"").unwrap().1.split_once('"').unwrap().0.to_owned();

    let form = format!("back={}", path.replace('%', "%25").replace('+', "%2B").replace('&', "%26"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let cancel = web::request(Method::POST, &action, &headers, web::whole(form));
    let cancelled = web::send(coldlight.http(), cancel).await.unwrap();
    let html = cancelled.text();
    assert_eq!(cancelled.status, 200, "{html}");
    assert!(html.contains("<b>Cancelled</b>") && html.contains("range(1000000) b WHERE"), "{html}");

    let whole = page.whole();
    assert!(whole.contains("data-frag=\"view\"") && whole.contains("was stopped before it had an answer"), "{whole}");
    assert_eq!(whole.matches("<header class=\"top\">").count(), 1, "one frame");
    until_nothing_calculates(&coldlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_closed_while_it_waits_asks_nothing_any_more() {
    let coldlight = Coldlight::start().await;
    for _ in 0..4 {
        let mut page = Reader::open(&coldlight, &asked(ENDLESS), "text/html");
        page.until("Reading the answer…");
    }
    // All four have hung up, and no more than two are answered at a time.
    until_nothing_calculates(&coldlight).await;
    let quick = Reader::open(&coldlight, &asked("SELECT 41 + 1 AS answer"), "text/html").whole();
    assert!(quick.contains("<b class=\"c-ok\">Done</b>"), "{quick}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_stopped_at_its_limit_and_programs_are_told_by_the_status() {
    let arguments = vec!["--query-timeout".to_owned(), "1s".to_owned()];
    let coldlight = Coldlight::start_with(Options { arguments, ..Options::default() }).await;
    let page = Reader::open(&coldlight, &asked(ENDLESS), "text/html").whole();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("class=\"waiting\""), "{page}");
    assert!(page.contains("longer than 1 s") || page.contains("took longer"), "{page}");
    // Who does not read pages waits for the status.
    let program = Reader::open(&coldlight, &asked(ENDLESS), "*/*").whole();
    assert!(program.starts_with("HTTP/1.1 504") && !program.contains("class=\"waiting\""), "{program}");
    until_nothing_calculates(&coldlight).await;
}
