//! The end: nothing new is taken, what is in flight is answered, and then the ports are free.

use std::time::{Duration, Instant};

use coldlight_receiver::Settings;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic::Code;

use crate::house::{House, PROTOBUF, TRACES, request, spans};

async fn ended(house: &mut House) {
    for serving in house.serving.drain(..) {
        tokio::time::timeout(Duration::from_secs(10), serving).await.expect("ended in time").unwrap().unwrap();
    }
}

#[tokio::test]
async fn requests_in_flight_are_answered_and_nothing_new_is_accepted() {
    let mut house = House::open().await;
    house.store(|store| store.keep_takes = Duration::from_millis(300));
    let message = request(spans(2));
    let (grpc, http, _) =
        tokio::join!(house.call(TRACES, &[], &message), house.post("/v1/traces", &[PROTOBUF], &message), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            house.stop.cancel();
        });
    assert_eq!((grpc.code(), http.status, house.kept_spans()), (Code::Ok, 200, 4));
    ended(&mut house).await;
    assert!(TcpStream::connect(house.grpc).await.is_err());
    assert!(TcpStream::connect(house.http).await.is_err());
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let mut house = House::open().await;
    let _silent = TcpStream::connect(house.http).await.unwrap();
    let _half = {
        let mut stream = TcpStream::connect(house.http).await.unwrap();
        stream.write_all(b"POST /v1/traces HTTP/1.1\r\n").await.unwrap();
        stream
    };
    let stream = TcpStream::connect(house.grpc).await.unwrap();
    let (_client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    house.stop.cancel();
    ended(&mut house).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // GOAWAY, and the end of the connection.
    assert!(tokio::time::timeout(Duration::from_secs(1), connection).await.is_ok());
}

#[tokio::test]
async fn a_request_that_does_not_end_is_let_go_after_the_drain_time() {
    let drain_wait = Duration::from_millis(300);
    let mut house = House::with(Settings { drain_wait, ..Settings::default() }, false).await;
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    let head = format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\n{PROTOBUF}\r\ncontent-length: 1000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    house.stop.cancel();
    ended(&mut house).await;
    assert!(started.elapsed() >= drain_wait && started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn once_draining_every_request_is_one_to_send_again() {
    let house = House::open().await;
    assert_eq!(house.call(TRACES, &[], &request(spans(1))).await.code(), Code::Ok);
    house.receiver.refuse_new();
    assert_eq!(house.call(TRACES, &[], &request(spans(1))).await.code(), Code::Unavailable);
    let answer = house.post("/v1/traces", &[PROTOBUF], &request(spans(1))).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!((house.refused("draining"), house.kept_spans()), (2, 1));
}
