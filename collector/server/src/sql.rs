//! `coldlight sql`: asks a stopped store itself, or the server that holds it, or the server it is pointed to.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use coldlight_store::{Question, Settings, SqlError, StoreError};
use http::{StatusCode, header};

use crate::answer::cut_off_note;
use crate::api::sql::CUT_OFF;
use crate::client::Server;
use crate::clock;
use crate::failure::{Failure, chain, no_store};
use crate::place::{Addresses, reachable};
use crate::settings::{SqlArgs, data_directory};

/// The server bounds a question at half of this.
const WAIT: Duration = Duration::from_secs(60);
/// 100,000 rows of several kilobytes.
const MAX_ANSWER: usize = 1 << 30;
const MAX_QUESTION: u64 = 1 << 20;

pub async fn run(arguments: SqlArgs) -> Result<(), Failure> {
    let question = question(&arguments.question)?;
    if let Some(url) = &arguments.url {
        let server = Server::parse(url).map_err(|error| Failure::WrongUse(format!("--url: {error}")))?;
        return ask(&server, &question, &arguments).await;
    }
    let data = data_directory(&arguments.place)?;
    let mut asked = Question::new(&*question);
    asked.max_rows = arguments.max_rows as usize;
    let settings = Settings::new(&data);
    let answering = tokio::task::spawn_blocking(move || coldlight_store::ask_stopped(settings, asked, clock::now));
    match answering.await {
        Ok(Ok(table)) => {
            print(arguments.format.write(&table).as_bytes());
            if table.cut_off {
                eprintln!("{}", cut_off_note(arguments.max_rows));
            }
            Ok(())
        }
        Ok(Err(SqlError::Store(error @ StoreError::InUse { .. }))) => {
            ask(&holder(&data, &error)?, &question, &arguments).await
        }
        Ok(Err(SqlError::Store(error))) => Err(no_store(&data, "ask", &error)),
        Ok(Err(error)) => Err(Failure::Failed(chain(&error))),
        Err(error) => Err(Failure::because("the question failed", &error)),
    }
}

fn question(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut question = String::new();
    let read = std::io::stdin().take(MAX_QUESTION).read_to_string(&mut question);
    read.map(|_| question).map_err(|error| Failure::because("cannot read the question from standard input", &error))
}

/// The server that holds `data`.
pub fn holder(data: &Path, held: &StoreError) -> Result<Server, Failure> {
    match Addresses::read(data) {
        Some(Addresses { http: Some(address), .. }) => Ok(Server::at(reachable(address))),
        Some(_) => Err(Failure::DataInUse(format!("{}, and it listens for no questions (--http is off)", chain(held)))),
        None => Err(Failure::DataInUse(format!(
            "{}, and it does not say where it listens; name it with --url",
            chain(held)
        ))),
    }
}

async fn ask(server: &Server, question: &str, arguments: &SqlArgs) -> Result<(), Failure> {
    let format = arguments.format;
    let path = format!("/api/v1/sql?format={}&max_rows={}", format.name(), arguments.max_rows);
    let mut headers = vec![(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned())];
    if let Some(key) = &arguments.api_key {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::WrongUse("--api-key holds characters that no HTTP header carries".to_owned()));
        }
        headers.push((header::AUTHORIZATION, format!("Bearer {key}")));
    }
    let body = Bytes::copy_from_slice(question.as_bytes());
    let answer = server
        .post(&path, &headers, body, WAIT, MAX_ANSWER)
        .await
        .map_err(|error| Failure::because(format!("the server at {}", server.authority()), &error))?;
    if answer.status == StatusCode::OK {
        print(&answer.body);
        if answer.headers.get(CUT_OFF).is_some_and(|value| value == "true") {
            eprintln!("{}", cut_off_note(arguments.max_rows));
        }
        return Ok(());
    }
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = told["error"]["message"].as_str().unwrap_or("it did not say why");
    Err(match answer.status {
        StatusCode::UNAUTHORIZED => Failure::Failed(format!("{message} (here: --api-key or COLDLIGHT_API_KEY)")),
        status if told["error"]["message"].is_null() => Failure::Failed(format!("the server answered {status}")),
        _ => Failure::Failed(message.to_owned()),
    })
}

fn print(answer: &[u8]) {
    // A reader like `head` may have had enough.
    let mut out = std::io::stdout();
    let _ = out.write_all(answer).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_that_holds_the_data_says_where_it_listens() {
        let data = tempfile::tempdir().unwrap();
        let held = StoreError::InUse { data: data.path().to_owned(), holder: "7".to_owned() };
        assert!(matches!(holder(data.path(), &held), Err(Failure::DataInUse(reason)) if reason.contains("--url")));
        let addresses = Addresses { http: Some("0.0.0.0:4319".parse().unwrap()), ..Addresses::default() };
        let _notice = crate::place::Notice::put_up(data.path(), &addresses).unwrap();
        assert_eq!(holder(data.path(), &held).unwrap().authority(), "127.0.0.1:4319");
    }
}
