//! The three services as processes of this machine.

use std::io::{Error, Result};
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use crate::{Role, task};

/// Three processes; they end with this.
pub struct Shop {
    services: Vec<Running>,
    metadata: JoinHandle<()>,
}

struct Running {
    role: Role,
    address: String,
    process: Child,
    /// Closed, it ends the process; kept here, for waiting closes what a child has.
    stdin: Option<ChildStdin>,
}

impl Shop {
    /// Starts `program ARGUMENTS… ROLE` for each role, on free ports, but for the shopfront, which takes `PORT` of `variables`.
    pub async fn start(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let metadata = listener.local_addr()?;
        let served = tokio::spawn(async move {
            // It ends with the shop.
            let _ = axum::serve(listener, task::endpoint()).await;
        });
        let mut shop = Self { services: Vec::new(), metadata: served };
        for role in Role::ALL {
            let mut command = Command::new(program);
            command.args(arguments).arg(role.name());
            command.env("OTEL_SERVICE_NAME", role.name());
            command.env("ECS_CONTAINER_METADATA_URI_V4", format!("http://{metadata}/v4/{}", role.name()));
            command.env("SHOP_ENDS_WITH", "stdin");
            command.env("PORT", "0");
            let own = variables.iter().filter(|(name, _)| *name != "PORT" || role == Role::Shopfront);
            command.envs(own.copied());
            for (variable, other) in [("STOCK_URL", Role::Stock), ("PRODUCTS_URL", Role::Products)] {
                if let Some(address) = shop.address(other) {
                    command.env(variable, format!("http://{address}"));
                }
            }
            let running = start(role, command).await?;
            shop.services.push(running);
        }
        Ok(shop)
    }

    fn address(&self, role: Role) -> Option<&str> {
        self.services.iter().find(|running| running.role == role).map(|running| running.address.as_str())
    }

    /// Each with its `ADDRESS:PORT`.
    pub fn services(&self) -> impl Iterator<Item = (Role, &str)> {
        self.services.iter().map(|running| (running.role, running.address.as_str()))
    }

    /// `ADDRESS:PORT`
    pub fn shopfront(&self) -> &str {
        self.address(Role::Shopfront).unwrap_or_default()
    }

    /// `ADDRESS:PORT`
    pub fn products(&self) -> &str {
        self.address(Role::Products).unwrap_or_default()
    }

    /// Until one of them ends, or Ctrl-C; then the others end too.
    pub async fn wait(mut self) -> Result<()> {
        let outcome = {
            let waits = self.services.iter_mut().map(|running| Box::pin(running.process.wait()));
            let mut waits: Vec<_> = waits.collect();
            let [first, second, third] = &mut waits[..] else { return Err(Error::other("not all services run")) };
            let ended = |status: Result<std::process::ExitStatus>| match status {
                Ok(status) => Err(Error::other(format!("a service ended, {status}"))),
                Err(why) => Err(why),
            };
            tokio::select! {
                status = first => ended(status),
                status = second => ended(status),
                status = third => ended(status),
                interrupted = tokio::signal::ctrl_c() => interrupted,
            }
        };
        self.end().await;
        outcome
    }

    /// Lets them send their last spans, for two seconds at most.
    pub async fn end(mut self) {
        for running in &mut self.services {
            drop(running.stdin.take());
        }
        for running in &mut self.services {
            let left = std::time::Duration::from_secs(2);
            let _ = tokio::time::timeout(left, running.process.wait()).await;
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.metadata.abort();
    }
}

/// Waits until it says where it listens.
async fn start(role: Role, mut command: Command) -> Result<Running> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn()?;
    let stdin = process.stdin.take();
    let stdout = process.stdout.take().ok_or_else(|| Error::other("it has no standard output"))?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix("listening ").and_then(|rest| rest.split(' ').nth(1)) {
            let address = address.to_owned();
            // What else it says must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(Running { role, address, process, stdin });
        }
    }
    Err(Error::other(format!("{} ended before it listened", role.name())))
}
