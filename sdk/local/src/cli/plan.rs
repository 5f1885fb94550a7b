//! From arguments and template to functions that can be invoked.

use std::path::{Path, PathBuf};

use super::LocalArgs;
use crate::command;
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::function::Function;
use crate::line::Lines;
use crate::sources::queue::Settings;
use crate::template::{self, NODE_BOOTSTRAP, Planned, Source};

pub struct Plan {
    pub functions: Vec<Planned>,
    pub queues: Vec<Settings>,
    pub notes: Vec<String>,
}

/// A function that can be invoked, and what its template says invokes it.
pub struct Ready {
    logical: String,
    pub fleet: Fleet,
    pub sources: Vec<Source>,
}

impl Plan {
    pub fn of(arguments: &LocalArgs) -> Result<Self, LocalError> {
        let mut plan = match &arguments.template {
            Some(path) => {
                let template = template::read(path, &arguments.region, &arguments.account)?;
                Self { functions: template.functions, queues: template.queues, notes: template.notes }
            }
            None => {
                let name = arguments.name.clone().unwrap_or_else(|| "function".to_owned());
                let planned = Planned {
                    logical: name.clone(),
                    function: Function::new(name, Vec::new()),
                    command: None,
                    sources: Vec::new(),
                };
                Self { functions: vec![planned], queues: Vec::new(), notes: Vec::new() }
            }
        };
        let several = plan.functions.len() > 1;
        let wanted = arguments.function.as_deref();
        if let Some(wanted) = wanted.filter(|wanted| !plan.functions.iter().any(|known| known.is(wanted))) {
            let known: Vec<&str> = plan.functions.iter().map(|known| known.logical.as_str()).collect();
            return Err(LocalError::WrongUse(format!(
                "the template has no function “{wanted}”; it has {}",
                known.join(", ")
            )));
        }
        if arguments.handler.is_some() && several && wanted.is_none() {
            return Err(LocalError::WrongUse(
                "the template has several functions; say which --handler runs with --function".to_owned(),
            ));
        }
        let extensions = arguments.extensions.iter().map(|path| extension(path)).collect::<Result<Vec<_>, _>>()?;
        for planned in &mut plan.functions {
            if wanted.is_none_or(|wanted| planned.is(wanted)) {
                planned.command = arguments.handler.clone().or(planned.command.take());
            }
            overlay(&mut planned.function, arguments, &extensions);
        }
        Ok(plan)
    }

    /// Builds what must be built and makes the fleets, all of them checked before the first is started.
    pub async fn start(&self, lines: &Lines, scratch: &Path) -> Result<Vec<Ready>, LocalError> {
        let mut ready = Vec::new();
        for planned in &self.functions {
            let mut function = planned.function.clone();
            function.command = match planned.command.as_deref() {
                Some(NODE_BOOTSTRAP) => {
                    let bootstrap = template::write_node_bootstrap(scratch)?;
                    vec!["node".to_owned(), bootstrap.display().to_string()]
                }
                Some(line) => command::ready(line, &function.folder).await?,
                None => {
                    let (name, runtime) = (&planned.logical, &function.runtime);
                    let why =
                        format!("function {name}: how {runtime} runs is not known; give its command with --handler");
                    return Err(LocalError::WrongUse(why));
                }
            };
            if let Some(handler) = command::handler(&function.command) {
                function.handler = handler.to_owned();
            }
            function.verify()?;
            ready.push((planned, function));
        }
        let mut started = Vec::new();
        for (planned, function) in ready {
            let fleet = Fleet::new(function, lines.clone()).await?;
            started.push(Ready { logical: planned.logical.clone(), fleet, sources: planned.sources.to_vec() });
        }
        Ok(started)
    }
}

impl Planned {
    fn is(&self, name: &str) -> bool {
        self.logical == name || self.function.name == name
    }
}

/// The function that --event, --queue and --every mean.
pub fn chosen(ready: &[Ready], wanted: Option<&str>) -> Result<Fleet, ChooseOne> {
    match (wanted, ready) {
        (None, [only]) => Ok(only.fleet.clone()),
        (Some(wanted), _) => ready
            .iter()
            .find(|one| one.logical == wanted || one.fleet.function().name == wanted)
            .map(|one| one.fleet.clone())
            .ok_or(ChooseOne),
        (None, _) => Err(ChooseOne),
    }
}

/// Several functions, and none was named.
#[derive(Clone, Copy, Debug)]
pub struct ChooseOne;

impl From<ChooseOne> for LocalError {
    fn from(_: ChooseOne) -> Self {
        Self::WrongUse("the template has several functions; say which one is meant with --function".to_owned())
    }
}

/// Flags win over the template.
fn overlay(function: &mut Function, arguments: &LocalArgs, extensions: &[PathBuf]) {
    if let Some(folder) = &arguments.folder {
        function.folder.clone_from(folder);
    }
    function.memory_mb = arguments.memory.unwrap_or(function.memory_mb);
    function.timeout = arguments.timeout.unwrap_or(function.timeout);
    function.concurrency = arguments.concurrency.unwrap_or(function.concurrency);
    function.log_format = arguments.log_format.unwrap_or(function.log_format);
    function.provisioned = arguments.provisioned;
    function.idle = arguments.idle;
    function.region.clone_from(&arguments.region);
    function.account.clone_from(&arguments.account);
    function.variables.extend(arguments.variables.iter().cloned());
    function.extensions = extensions.to_vec();
    function.collector = Some(arguments.collector.clone());
}

/// `coldlight` stands for our own, wherever it is.
fn extension(path: &Path) -> Result<PathBuf, LocalError> {
    if path != Path::new("coldlight") {
        return std::path::absolute(path).map_err(|why| LocalError::file(path, why));
    }
    installed().ok_or_else(|| {
        LocalError::WrongUse(format!(
            "{EXTENSION} is neither beside this program nor on the PATH; give its file with --extension"
        ))
    })
}

const EXTENSION: &str = "coldlight-extension";

/// Our own extension, beside this program or on the PATH.
pub fn installed() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(EXTENSION)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = beside.into_iter().chain(std::env::split_paths(&path).map(|folder| folder.join(EXTENSION)));
    places.find(|place| place.is_file())
}
