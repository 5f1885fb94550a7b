//! Too much at once: senders wait first, and are refused only then; and a slow one is in nobody's way.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use coldlight_model::BusyReason;
use coldlight_receiver::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::house::{House, HttpAnswer, JSON, PROTOBUF, TRACES, busy, request, spans};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_sender_waits_for_memory_and_is_taken_when_there_is_some() {
    let settings = Settings { in_flight_bytes: 400_000, max_body_bytes: 100_000, ..Settings::default() };
    let house = House::with(settings, false).await;
    // Each takes most of the memory for as long as keeping takes.
    house.store(|store| store.keep_takes = SHORT);
    let message = request(spans(1000));
    let started = Instant::now();
    let calls = futures_util::future::join_all((0..4).map(|_| house.call(TRACES, &[], &message))).await;
    assert!(calls.iter().all(|answer| answer.code() == Code::Ok));
    assert!(started.elapsed() >= 3 * SHORT, "{:?}", started.elapsed());
    assert_eq!(house.kept_spans(), 4000);
}

#[tokio::test]
async fn when_no_memory_comes_free_a_sender_is_refused_with_its_body_unread() {
    let settings =
        Settings { in_flight_bytes: 400_000, max_body_bytes: 100_000, room_wait: SHORT, ..Settings::default() };
    let house = House::with(settings, false).await;
    house.store(|store| store.keep_takes = Duration::from_secs(2));
    let message = request(spans(1000));
    let holding = house.call(TRACES, &[], &message);
    let refused = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let answer = house.call(TRACES, &[], &message).await;
        (answer, started.elapsed())
    };
    let (held, (answer, waited)) = tokio::join!(holding, refused);
    assert_eq!((held.code(), answer.code()), (Code::Ok, Code::Unavailable));
    assert!(waited >= SHORT && waited < Duration::from_millis(1800), "{waited:?}");
    assert_eq!((house.refused("memory full"), house.kept_spans()), (1, 1000));
    assert_eq!(house.receiver.counts().in_flight_bytes, 0);
}

#[tokio::test]
async fn a_body_is_not_asked_for_before_there_is_room() {
    let house = House::open().await;
    house.store(|store| store.room = busy(BusyReason::JournalFull));
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n{PROTOBUF}\r\ncontent-length: 1000\r\n\
         expect: 100-continue\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = HttpAnswer::read(&mut stream).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")));

    house.store(|store| store.room = None);
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    let body = request(spans(1));
    let head = head.replace("1000", &body.len().to_string());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut leave = [0; 25];
    stream.read_exact(&mut leave).await.unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&body).await.unwrap();
    assert_eq!(HttpAnswer::read(&mut stream).await.status, 200);
}

#[tokio::test]
async fn a_refused_sender_reads_its_answer_although_it_was_still_sending() {
    let house = House::open().await;
    house.store(|store| store.room = busy(BusyReason::DiskLow));
    let large = vec![0; 8 << 20];
    for _ in 0..5 {
        let answer = house.post("/v1/traces", &[PROTOBUF], &large).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")));
        assert_eq!(house.call(TRACES, &[], &large).await.code(), Code::Unavailable);
    }
}

#[tokio::test]
async fn a_slow_body_is_cut_and_may_be_sent_again() {
    let settings = Settings { body_pause: SHORT, body_wait: 2 * SHORT, ..Settings::default() };
    let house = House::with(settings, false).await;
    let head = format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{JSON}\r\ncontent-length: 1000\r\n\r\n{{");
    // Silent, and then one that sends a byte now and then.
    for bytes in [0, 20] {
        let mut stream = TcpStream::connect(house.http).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let started = Instant::now();
        for _ in 0..bytes {
            tokio::time::sleep(SHORT / 4).await;
            if stream.write_all(b" ").await.is_err() {
                break;
            }
        }
        if bytes == 0 {
            let answer = HttpAnswer::read(&mut stream).await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        }
        assert!(started.elapsed() < 10 * SHORT);
    }
    while house.refused("too slow") < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What a slow one held is free again.
    assert_eq!(house.receiver.counts().in_flight_bytes, 0);
}

#[tokio::test]
async fn slow_bodies_do_not_keep_others_waiting() {
    let house = House::open().await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(house.http).await.unwrap();
        let head =
            format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{{\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(house.call(TRACES, &[], &request(spans(10))).await.code(), Code::Ok);
        assert_eq!(house.post("/v1/traces", &[PROTOBUF], &request(spans(10))).await.status, 200);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_callers_own_deadline_ends_its_wait() {
    let settings = Settings { in_flight_bytes: 400_000, max_body_bytes: 100_000, ..Settings::default() };
    let house = House::with(settings, false).await;
    house.store(|store| store.keep_takes = Duration::from_secs(1));
    let message = request(spans(1000));
    let holding = house.call(TRACES, &[], &message);
    let hurried = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let answer = house.call(TRACES, &[("grpc-timeout", "200m")], &message).await;
        (answer.code(), started.elapsed())
    };
    let (_, (code, waited)) = tokio::join!(holding, hurried);
    assert_eq!(code, Code::Unavailable);
    assert!(waited < Duration::from_millis(900), "{waited:?}");
}

#[tokio::test]
async fn a_sender_that_hangs_up_is_kept_and_counted_all_the_same() {
    let house = House::open().await;
    house.store(|store| store.keep_takes = SHORT);
    let body = request(spans(5));
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    let head = format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{PROTOBUF}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    while house.asked_for_room.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(SHORT / 3).await;
    drop(stream);
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!((house.kept_spans(), house.receiver.counts().spans), (5, 5));
}
