//! One request to the webhook: where it may go is looked at, every wait is bounded, nothing is followed, and nothing that is told of a
//! failure holds the address, for its path is often the secret.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::guard;
use crate::failure::Failure;
use crate::settings::{WebhookForm, WebhookSettings};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// From the first byte sent to the answer's status.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Of an answer only its status matters.
const MOST_ANSWER: usize = 16 << 10;

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("the name of the webhook's host has no address")]
    Unknown(#[source] Option<std::io::Error>),
    #[error("the webhook leads to a private address; allow that with --alert-webhook-private if it is meant")]
    Private,
    #[error("cannot connect to the webhook")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no connection to the webhook within {} s", CONNECT_WITHIN.as_secs())]
    Unreachable,
    #[error("the webhook did not answer within {} s", ANSWER_WITHIN.as_secs())]
    Slow,
    #[error("the webhook hung up")]
    Broken(#[source] hyper::Error),
    #[error("the webhook answered {0}")]
    Refused(StatusCode),
}

/// Where alerts are told.
pub struct Webhook {
    uri: Uri,
    host: String,
    port: u16,
    pub form: WebhookForm,
    allow_private: bool,
    is_tls: bool,
}

impl Webhook {
    /// # Errors
    /// When the address is none that can be asked.
    pub fn new(settings: &WebhookSettings) -> Result<Self, Failure> {
        let wrong =
            || Failure::WrongUse("--alert-webhook is not an address such as https://hooks.example.org/path".to_owned());
        let uri: Uri = settings.url.parse().map_err(|_| wrong())?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let form =
            settings.form.unwrap_or(if host == "hooks.slack.com" { WebhookForm::Slack } else { WebhookForm::Json });
        Ok(Self { host, port, form, allow_private: settings.allow_private, is_tls, uri })
    }

    /// Scheme and host: what may be shown.
    pub fn shown(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.host)
    }

    /// Posts `body`; a 2xx is an answer.
    pub async fn send(&self, event: &str, body: String) -> Result<(), WebhookError> {
        let stream =
            tokio::time::timeout(CONNECT_WITHIN, self.connect()).await.map_err(|_| WebhookError::Unreachable)??;
        tokio::time::timeout(ANSWER_WITHIN, self.exchange(stream, event, body)).await.map_err(|_| WebhookError::Slow)?
    }

    async fn connect(&self) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, WebhookError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|error| WebhookError::Unknown(Some(error)))?.collect();
        if found.is_empty() {
            return Err(WebhookError::Unknown(None));
        }
        let address = guard::choose(&found, self.allow_private).ok_or(WebhookError::Private)?;
        // The name was resolved once; whoever changes it meanwhile changes nothing.
        let to_it = tower::service_fn(move |_: Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) });
        let connector: HttpsConnector<_> = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| WebhookError::Connect(error.into()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(to_it);
        connector.oneshot(self.uri.clone()).await.map_err(WebhookError::Connect)
    }

    async fn exchange(
        &self,
        stream: MaybeHttpsStream<TokioIo<TcpStream>>,
        event: &str,
        body: String,
    ) -> Result<(), WebhookError> {
        let (mut sender, connection) = http1::handshake(stream).await.map_err(WebhookError::Broken)?;
        // It ends with its sender; what went wrong shows in the answer.
        tokio::spawn(async move { drop(connection.await) });
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or(self.host.as_str(), |authority| authority.as_str());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("coldlight/", env!("CARGO_PKG_VERSION")))
            // Whoever gets an event twice knows it by this.
            .header("coldlight-event", event)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| WebhookError::Connect(error.into()))?;
        let answer = sender.send_request(request).await.map_err(WebhookError::Broken)?;
        let status = answer.status();
        // Read, so that the other side sees a whole exchange; whatever it says beyond the status is nothing to us.
        drop(Limited::new(answer.into_body(), MOST_ANSWER).collect().await);
        if status.is_success() { Ok(()) } else { Err(WebhookError::Refused(status)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str) -> Result<Webhook, Failure> {
        Webhook::new(&WebhookSettings { url: url.to_owned(), form: None, allow_private: false })
    }

    #[test]
    fn what_is_shown_has_no_path() {
        let slack = webhook("https://hooks.slack.com/services/T0/B0/secret").unwrap();
        assert_eq!((slack.shown().as_str(), slack.form), ("https://hooks.slack.com", WebhookForm::Slack));
        assert_eq!(webhook("https://example.org:8443/x").unwrap().form, WebhookForm::Json);
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in ["", "hooks.example.org", "ftp://example.org/x", "https://user:password@example.org/", "/x"] {
            let refused = webhook(url).map(|webhook| webhook.shown()).unwrap_err().to_string();
            assert!(refused.contains("--alert-webhook") && !refused.contains("password"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_webhook_on_this_machine_is_not_asked_unless_that_is_meant() {
        let refused = webhook("http://127.0.0.1:9/hook").unwrap().send("e", String::new()).await.unwrap_err();
        assert!(matches!(refused, WebhookError::Private), "{refused:?}");
        let local = webhook("http://localhost:9/hook").unwrap().send("e", String::new()).await.unwrap_err();
        assert!(matches!(local, WebhookError::Private), "{local:?}");
    }
}
