//! `coldlight sql`: asks a stopped store itself, or the server that holds it, or the server it is pointed to. And says what there is to ask.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use coldlight_model::{Cell, Column, Table};
use coldlight_store::{EXAMPLES, Question, Settings, SqlError, StoreError};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::answer::{Format, Writer, cut_off_note};
use crate::api::sql::CUT_OFF;
use crate::client::Server;
use crate::clock;
use crate::failure::{Failure, chain, no_store};
use crate::place::{Addresses, reachable};
use crate::settings::{SqlArgs, data_directory};

/// The server bounds a question at 30 s, and at ten minutes at most.
const WAIT: Duration = Duration::from_secs(630);
/// 100,000 rows of several kilobytes.
const MAX_ANSWER: usize = 1 << 30;
const MAX_QUESTION: u64 = 1 << 20;

pub async fn run(arguments: SqlArgs) -> Result<(), Failure> {
    if arguments.examples {
        return list(&arguments, &["example", "question"], EXAMPLES.iter().map(|one| [one.name, one.title()]));
    }
    if let Some(view) = &arguments.describe {
        return describe(&arguments, view.as_deref()).await;
    }
    if arguments.output.is_none()
        && matches!(arguments.format.writer(), Writer::File(_))
        && std::io::stdout().is_terminal()
    {
        let name = arguments.format.name();
        return Err(Failure::WrongUse(format!("--format {name} is not for a terminal: give --output FILE")));
    }
    let question = question(&arguments)?;
    let parameters = parameters(&arguments.parameters)?;
    if let Some(url) = &arguments.url {
        let server = Server::parse(url).map_err(|error| Failure::WrongUse(format!("--url: {error}")))?;
        return ask(&server, &question, &parameters, &arguments).await;
    }
    let data = data_directory(&arguments.place)?;
    let cells = parameters.iter().map(|(name, value)| (name.clone(), cell(value))).collect();
    let asked = Question { max_rows: arguments.max_rows as usize, parameters: cells, ..Question::new(&*question) };
    let (settings, form) = (Settings::new(&data), arguments.format);
    let answering = tokio::task::spawn_blocking(move || match form.writer() {
        Writer::Text(format) => coldlight_store::ask_stopped(settings, asked, clock::now)
            .map(|table| (format.write(&table).into_bytes(), table.cut_off)),
        Writer::File(form) => coldlight_store::ask_stopped_for_file(settings, asked, form, clock::now)
            .map(|file| (file.bytes, file.cut_off)),
    });
    match answering.await {
        Ok(Ok((answer, cut_off))) => print(&answer, cut_off, &arguments),
        Ok(Err(SqlError::Store(error @ StoreError::InUse { .. }))) => {
            ask(&holder(&data, &error)?, &question, &parameters, &arguments).await
        }
        Ok(Err(SqlError::Store(error))) => Err(no_store(&data, "ask", &error)),
        Ok(Err(error)) => Err(Failure::Failed(chain(&error))),
        Err(error) => Err(Failure::because("the question failed", &error)),
    }
}

fn question(arguments: &SqlArgs) -> Result<String, Failure> {
    if let Some(name) = &arguments.example {
        let example = EXAMPLES.iter().find(|example| example.name == name);
        let wrong = || Failure::WrongUse(format!("there is no example “{name}”; coldlight sql --examples lists them"));
        return example.map(|example| example.text.to_owned()).ok_or_else(wrong);
    }
    let text = arguments.question.as_deref().unwrap_or("-");
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut question = String::new();
    let read = std::io::stdin().take(MAX_QUESTION).read_to_string(&mut question);
    read.map(|_| question).map_err(|error| Failure::because("cannot read the question from standard input", &error))
}

/// `NAME=VALUE` as JSON has it where it is a number, true, false or null; all else is text.
fn parameters(given: &[String]) -> Result<BTreeMap<String, Value>, Failure> {
    let parameter = |text: &String| {
        let wrong =
            || Failure::WrongUse(format!("--parameter {text}: write NAME=VALUE, as in --parameter service=checkout"));
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let parsed = serde_json::from_str(value).ok().filter(|value: &Value| !value.is_array() && !value.is_object());
        Ok((name.trim_start_matches('$').to_owned(), parsed.unwrap_or_else(|| value.into())))
    };
    given.iter().map(parameter).collect()
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Bool(value) => Cell::Bool(*value),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(int), _) => Cell::Int(int),
            (None, double) => Cell::Double(double.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Cell::Text(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => Cell::Null,
    }
}

/// What can be asked about, from the program's own schema: no store is needed.
async fn describe(arguments: &SqlArgs, view: Option<&str>) -> Result<(), Failure> {
    let dictionary = tokio::task::spawn_blocking(coldlight_store::dictionary).await;
    let dictionary = dictionary.map_err(|error| Failure::because("the dictionary cannot be read", &error))?;
    let dictionary = dictionary.map_err(|error| Failure::because("the dictionary cannot be read", &error))?;
    let Some(name) = view else {
        let views = dictionary.views.iter().map(|view| [view.name.clone(), view.meaning.clone()]);
        let macros = dictionary
            .macros
            .iter()
            .map(|one| [format!("{}({})", one.name, one.parameters.join(", ")), one.meaning.clone()]);
        return list(arguments, &["name", "meaning"], views.chain(macros));
    };
    let Some(view) = dictionary.views.iter().find(|view| view.name == name) else {
        let names: Vec<&str> = dictionary.views.iter().map(|view| view.name.as_str()).collect();
        return Err(Failure::WrongUse(format!("there is no view “{name}”; there are {}", names.join(", "))));
    };
    let columns = view.columns.iter().map(|one| [one.name.clone(), one.sql_type.clone(), one.meaning.clone()]);
    list(arguments, &["column", "type", "meaning"], columns)
}

fn list<T: Into<String>, const N: usize>(
    arguments: &SqlArgs,
    names: &[&str; N],
    rows: impl Iterator<Item = [T; N]>,
) -> Result<(), Failure> {
    let columns = names.map(|name| Column { name: name.to_owned(), sql_type: "VARCHAR".to_owned() }).to_vec();
    let rows = rows.map(|row| row.map(|text| Cell::Text(text.into())).to_vec()).collect();
    let table = Table { columns, rows, ..Table::default() };
    let format = match arguments.format.writer() {
        Writer::Text(format) => format,
        Writer::File(_) => Format::Json,
    };
    print(format.write(&table).as_bytes(), false, arguments)
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

async fn ask(
    server: &Server,
    question: &str,
    parameters: &BTreeMap<String, Value>,
    arguments: &SqlArgs,
) -> Result<(), Failure> {
    let path = format!("/api/v1/sql?format={}&max_rows={}", arguments.format.name(), arguments.max_rows);
    let mut headers = vec![(header::CONTENT_TYPE, "application/json".to_owned())];
    if let Some(key) = &arguments.api_key {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::WrongUse("--api-key holds characters that no HTTP header carries".to_owned()));
        }
        headers.push((header::AUTHORIZATION, format!("Bearer {key}")));
    }
    let body = Bytes::from(json!({ "sql": question, "parameters": parameters }).to_string());
    let answer = server
        .post(&path, &headers, body, WAIT, MAX_ANSWER)
        .await
        .map_err(|error| Failure::because(format!("the server at {}", server.authority()), &error))?;
    if answer.status == StatusCode::OK {
        let cut_off = answer.headers.get(CUT_OFF).is_some_and(|value| value == "true");
        return print(&answer.body, cut_off, arguments);
    }
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = told["error"]["message"].as_str().unwrap_or("it did not say why");
    Err(match answer.status {
        StatusCode::UNAUTHORIZED => Failure::Failed(format!("{message} (here: --api-key or COLDLIGHT_API_KEY)")),
        status if told["error"]["message"].is_null() => Failure::Failed(format!("the server answered {status}")),
        _ => Failure::Failed(message.to_owned()),
    })
}

fn print(answer: &[u8], cut_off: bool, arguments: &SqlArgs) -> Result<(), Failure> {
    match &arguments.output {
        Some(path) => std::fs::write(path, answer)
            .map_err(|error| Failure::because(format!("cannot write {}", path.display()), &error))?,
        None => {
            // A reader like `head` may have had enough.
            let mut out = std::io::stdout();
            let _ = out.write_all(answer).and_then(|()| out.flush());
        }
    }
    if cut_off {
        eprintln!("{}", cut_off_note(arguments.max_rows));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_typed_as_json_has_it() {
        let given = ["a=1", "$b=x=y", "c=null", "d=[1]", "e="].map(str::to_owned);
        let read = parameters(&given).unwrap();
        assert_eq!(json!(read), json!({ "a": 1, "b": "x=y", "c": null, "d": "[1]", "e": "" }));
        assert!(parameters(&["a".to_owned()]).is_err());
    }

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
