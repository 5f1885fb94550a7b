//! `coldlight demo`: the program at work on a temporary store.
//!
//! The examples run for real ([`live`]): functions under the local Lambda, containers, a queue, customers. Beside them come requests
//! that were recorded from OpenTelemetry's SDKs for other languages, each over the transport and in the encoding it was recorded
//! with, their times moved to now. Nothing here bypasses anything: what the demo shows is what a user's own spans get.

mod dice;
mod json;
mod live;
mod message;
mod proto;
mod recording;
mod retelling;
mod send;
mod traffic;

use std::io::Write;

use coldlight_model::Timestamp;

use self::live::Live;
use self::retelling::{Story, Telling};
use self::traffic::Traffic;
use crate::clock;
use crate::failure::{Failure, chain};
use crate::program::{Program, Signals};
use crate::settings::{DemoArgs, Listen, ServeArgs, Settings};

pub use send::{SendError, Sender};

/// The status message of calls that the demo lets fail.
const FAILED: &str = "not available just now (made up by the demo)";

/// Runs until a signal; the store is gone afterwards.
pub async fn run(arguments: DemoArgs) -> Result<(), Failure> {
    let once = arguments.once;
    let directory = tempfile::Builder::new()
        .prefix("coldlight-demo-")
        .tempdir()
        .map_err(|error| Failure::because("no temporary directory", &error))?;
    let settings = settings(arguments, directory.path())?;
    crate::log::start(&settings.log)?;
    let mut signals = Signals::listen()?;
    let program = crate::start(&settings, &mut signals).await?;
    program.announce();
    let traffic = Traffic::new(program.sender(), clock::now)
        .map_err(|error| Failure::because("the recordings in the program are damaged", &error))?;
    let (taken, live) = tokio::join!(traffic.recorded(), start_live(&program, once));
    introduce(&program, taken, &live, once);
    let stop = program.stopping();
    let telling = (!once).then(|| tokio::spawn(traffic.run(dice::Dice::thrown(), stop)));
    let leaving = async {
        if let Some(Ok(live)) = live {
            live.end().await;
        }
    };
    let outcome = program.run_until(&mut signals, leaving).await;
    if let Some(telling) = telling {
        telling.abort();
    }
    directory.close().map_err(|error| Failure::because("the temporary directory stays behind", &error))?;
    outcome
}

/// The examples, unless only what was recorded is wanted.
async fn start_live(program: &Program, once: bool) -> Option<Result<Live, String>> {
    let collector = program.sender().http.filter(|_| !once)?;
    Some(Live::start(collector, dice::Dice::thrown()).await)
}

/// Those of a server nobody configured, on loopback, but in its own place.
fn settings(arguments: DemoArgs, directory: &std::path::Path) -> Result<Settings, Failure> {
    if [&arguments.listeners.otlp_grpc, &arguments.listeners.otlp_http].into_iter().any(|one| *one == Some(Listen::Off))
    {
        return Err(Failure::WrongUse(
            "the demo sends over gRPC and over HTTP; leave --otlp-grpc and --otlp-http on".to_owned(),
        ));
    }
    let quiet = arguments.logs.log.clone().or_else(|| Some("warn".to_owned()));
    let mut flags = ServeArgs { listeners: arguments.listeners, logs: arguments.logs, ..ServeArgs::default() };
    flags.logs.log = quiet;
    flags.place.data = Some(directory.to_owned());
    Ok(Settings { any_free_port: true, ..Settings::decide(flags, Default::default())? })
}

fn introduce(program: &Program, taken: usize, live: &Option<Result<Live, String>>, once: bool) {
    let totals = recording::totals();
    let more = if once { "" } else { "; more keep coming, with an hour of past" };
    let mut lines = format!(
        "\n{taken} of {} recorded requests sent: {} spans in {} traces{more}.\n\n",
        totals.files, totals.spans, totals.traces
    );
    match live {
        Some(Ok(live)) => {
            lines += &format!(
                "{} functions, 3 containers and a queue run on this machine, with cold starts, timeouts, throttles and bills.\n\
                 Be a customer:  curl http://{}/products/lamp\n\n",
                live.functions(),
                live.shopfront()
            );
        }
        Some(Err(why)) => {
            lines += &format!("The examples cannot run here ({why}); the recorded traffic stands alone.\n\n");
        }
        None => {}
    }
    if let Some(base) = program.base_url() {
        lines += &format!(
            "  Open   {base}/map\n\
             \x20 1. Map: what calls what. Click a red edge or a node: rates, faults and durations stand beside it.\n\
             \x20 2. Invocations: what each did, how it started, what it cost: {base}/invocations\n\
             \x20 3. Traces: type  status:fault  or  dur>100ms  into the filter, then open one.\n\
             \x20 4. A queue drained in batches: {base}/traces/3ba7f2390347e72108119a282d2beeca\n\
             \x20 5. Ask in SQL: coldlight sql --url {base} \"SELECT service, count(*) AS spans FROM spans GROUP BY ALL\"\n\n"
        );
    }
    lines += "Ctrl-C ends it and removes its data.\n";
    // Whoever closed standard output does not want to read this.
    let _ = std::io::stdout().write_all(lines.as_bytes());
}

/// Sends the sample of `/start` through our own OTLP port over HTTP; answers the trace ids.
pub async fn send_sample(sender: &Sender, now: Timestamp) -> Result<Vec<coldlight_model::TraceId>, SendError> {
    let unreadable = |error: message::Unreadable| SendError::Refused(chain(&error));
    let story = Story::read(recording::sample()).map_err(unreadable)?;
    let ids = dice::Dice::thrown().bytes();
    let telling = Telling { ids: Some(ids), ..Telling::plain(now.nanos().unsigned_abs()) };
    let mut traces = Vec::new();
    for request in story.tell(&telling) {
        sender.send(&request).await?;
        let mut decoded = message::Message::decode(&request).map_err(unreadable)?;
        decoded.visit(&mut |field| {
            if let message::Field::TraceId(id) = field
                && let Some(id) = coldlight_model::TraceId::from_slice(id)
                && !traces.contains(&id)
                && traces.len() < 3
            {
                traces.push(id);
            }
        });
    }
    Ok(traces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::{Field, Message};

    #[test]
    fn the_trace_the_demo_points_to_is_recorded() {
        let mut ids = std::collections::BTreeSet::new();
        for request in recording::scenarios().iter().flat_map(|scenario| &scenario.requests) {
            Message::decode(request).unwrap().visit(&mut |field| {
                if let Field::TraceId(id) = field {
                    ids.insert(id.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                }
            });
        }
        assert!(ids.contains("3ba7f2390347e72108119a282d2beeca"));
    }
}
