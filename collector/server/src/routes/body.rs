//! Bodies of requests, read whole: bounded in length and in time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::wrong::Wrong;

/// A form or a question is sent at once; whoever trickles it holds a connection.
const WITHIN: Duration = Duration::from_secs(30);

pub async fn read(body: Body, limit: usize) -> Result<Bytes, Wrong> {
    match tokio::time::timeout(WITHIN, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Wrong::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {limit} bytes")))
        }
        Ok(Err(_)) => Err(Wrong::new(StatusCode::BAD_REQUEST, "the body ended early")),
        Err(_) => {
            let message = format!("the body took longer than {} s", WITHIN.as_secs());
            Err(Wrong::new(StatusCode::REQUEST_TIMEOUT, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(Body::from("123456"), 5).await.unwrap_err().status, 413);
        let broken = stream::iter([Ok("1"), Err(std::io::Error::other("gone"))]);
        assert_eq!(read(Body::from_stream(broken), 5).await.unwrap_err().status, 400);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let silent = stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(read(Body::from_stream(silent), 5).await.unwrap_err().status, 408);
    }
}
