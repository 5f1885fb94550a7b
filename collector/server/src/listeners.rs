//! The sockets: which addresses were asked for, which were got.

use std::io;
use std::net::IpAddr;

use coldlight_model::Listening;
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::settings::{Listen, Settings};

/// One listener as it was asked for.
pub struct Wanted {
    /// `otlp-grpc`, `otlp-http` or `http`: the flag without its dashes.
    pub name: &'static str,
    pub listen: Listen,
    pub addresses: Vec<std::net::SocketAddr>,
}

/// The sockets that listen; `None` where the setting says `off`.
pub struct Sockets {
    pub otlp_grpc: Option<TcpListener>,
    pub otlp_http: Option<TcpListener>,
    pub http: Option<TcpListener>,
    pub listening: Vec<Listening>,
}

/// Looks the names up. Nothing listens yet.
pub async fn wanted(settings: &Settings) -> Result<[Wanted; 3], Failure> {
    let resolve = |name: &'static str, listen: Listen| async move {
        match listen.resolve().await {
            Ok(addresses) if addresses.is_empty() && listen != Listen::Off => {
                Err(Failure::WrongUse(format!("--{name} {listen}: this name has no address")))
            }
            Ok(addresses) => Ok(Wanted { name, listen, addresses }),
            Err(error) => Err(Failure::WrongUse(format!("--{name} {listen}: {error}"))),
        }
    };
    Ok([
        resolve("otlp-grpc", settings.otlp_grpc.clone()).await?,
        resolve("otlp-http", settings.otlp_http.clone()).await?,
        resolve("http", settings.http.clone()).await?,
    ])
}

/// The addresses of all listeners, by name.
pub fn addresses(wanted: &[Wanted]) -> Vec<(&'static str, IpAddr)> {
    wanted.iter().flat_map(|one| one.addresses.iter().map(|address| (one.name, address.ip()))).collect()
}

/// Opens the sockets.
pub async fn bind(wanted: &[Wanted; 3], any_free_port: bool) -> Result<Sockets, Failure> {
    let mut listening = Vec::new();
    let [grpc, otlp, http] = wanted;
    let mut sockets = [None, None, None];
    for (socket, one) in sockets.iter_mut().zip([grpc, otlp, http]) {
        let Some(bound) = bind_one(one, any_free_port).await? else { continue };
        let address = bound.local_addr().map_err(|error| Failure::because("a socket without address", &error))?;
        listening.push(Listening { name: one.name, address });
        *socket = Some(bound);
    }
    let [otlp_grpc, otlp_http, http] = sockets;
    Ok(Sockets { otlp_grpc, otlp_http, http, listening })
}

async fn bind_one(wanted: &Wanted, any_free_port: bool) -> Result<Option<TcpListener>, Failure> {
    let Some(first) = wanted.addresses.first() else { return Ok(None) };
    let bound = match TcpListener::bind(&wanted.addresses[..]).await {
        Err(error) if any_free_port && error.kind() == io::ErrorKind::AddrInUse => {
            TcpListener::bind((first.ip(), 0)).await
        }
        bound => bound,
    };
    bound.map(Some).map_err(|error| {
        let Wanted { name, listen, .. } = wanted;
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "; something listens there already, choose another port or let 0 pick one",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges",
            io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
            _ => "",
        };
        Failure::Failed(format!("cannot listen on --{name} {listen}: {error}{advice}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(name: &'static str, address: &str) -> Wanted {
        Wanted { name, listen: address.parse().unwrap(), addresses: address.parse().into_iter().collect() }
    }

    #[tokio::test]
    async fn port_0_picks_one_and_off_is_off() {
        let wanted = [wants("otlp-grpc", "127.0.0.1:0"), wants("otlp-http", "off"), wants("http", "127.0.0.1:0")];
        let sockets = bind(&wanted, false).await.unwrap();
        assert!(sockets.otlp_http.is_none());
        assert_eq!(sockets.listening.iter().map(|one| one.name).collect::<Vec<_>>(), ["otlp-grpc", "http"]);
        assert!(sockets.listening.iter().all(|one| one.address.port() > 0));
    }

    #[tokio::test]
    async fn a_taken_port_is_said_or_passed_over() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let wanted = || [wants("otlp-grpc", "off"), wants("otlp-http", "off"), wants("http", &address)];
        let Err(Failure::Failed(reason)) = bind(&wanted(), false).await.map(drop) else { panic!() };
        assert!(reason.contains("--http") && reason.contains(&address), "{reason}");
        assert_ne!(bind(&wanted(), true).await.unwrap().listening[0].address.to_string(), address);
    }
}
