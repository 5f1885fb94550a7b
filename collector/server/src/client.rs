//! A small HTTP client for our own servers: plain HTTP, one request a connection, every size and wait bounded.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("“{0}” is not an address such as http://127.0.0.1:4319")]
    Address(String),
    #[error("cannot connect to {0}")]
    Connect(String, #[source] std::io::Error),
    #[error("no answer from {0} within {1} s")]
    Slow(String, u64),
    #[error("{0} hung up")]
    Broken(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer of {0} is longer than {1} bytes, or it hung up in the middle")]
    TooLong(String, usize),
}

/// One server, by address.
#[derive(Clone, Debug)]
pub struct Server {
    authority: String,
    host: String,
    port: u16,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Server {
    /// From `http://HOST[:PORT]`; whatever path stands behind it is left out.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            authority: authority.as_str().to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
        })
    }

    pub fn at(address: std::net::SocketAddr) -> Self {
        Self { authority: address.to_string(), host: address.ip().to_string(), port: address.port() }
    }

    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub async fn connect(&self) -> Result<TcpStream, ClientError> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(error)) => Err(ClientError::Connect(self.authority.clone(), error)),
            Err(_) => Err(ClientError::Slow(self.authority.clone(), CONNECT_TIMEOUT.as_secs())),
        }
    }

    /// POSTs `body` to `path` and reads an answer of at most `limit` bytes, all within `wait`.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(http::HeaderName, String)],
        body: Bytes,
        wait: Duration,
        limit: usize,
    ) -> Result<Answer, ClientError> {
        self.send(Method::POST, path, headers, body, wait, limit).await
    }

    /// As [`Server::post`], with any method.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(http::HeaderName, String)],
        body: Bytes,
        wait: Duration,
        limit: usize,
    ) -> Result<Answer, ClientError> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.authority);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request =
            request.body(Full::new(body)).map_err(|error| ClientError::Broken(self.authority.clone(), error.into()))?;
        match tokio::time::timeout(wait, self.exchange(request, limit)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Slow(self.authority.clone(), wait.as_secs())),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<Answer, ClientError> {
        let broken = |error: hyper::Error| ClientError::Broken(self.authority.clone(), error.into());
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, limit).collect().await;
        connection.abort();
        let body = body.map_err(|_| ClientError::TooLong(self.authority.clone(), limit))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_we_speak() {
        let server = Server::parse("http://[::1]:4319/map").unwrap();
        assert_eq!((server.host.as_str(), server.port), ("::1", 4319));
        assert_eq!(Server::parse("http://traces.example").unwrap().port, 80);
        for url in ["", "localhost:4319", "https://localhost:4319", "http://"] {
            assert!(Server::parse(url).is_err(), "{url}");
        }
    }
}
