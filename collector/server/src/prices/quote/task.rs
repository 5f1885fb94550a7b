//! Quotes of containers: a task on Fargate, its requests' shares, an instance or a share of it; and of events.

use coldlight_model::money::task::{
    FargateTask, InstanceUse, VCPU_WEIGHT, fargate_cost, instance_cost, managed_instance_cost,
};
use coldlight_model::money::{Date, Event, InstanceSize, Open, PriceBook, Shares, event_cost, shares};
use serde_json::{Map, Value, json};

use super::Answer;
use super::input::{Input, InputError, scaled};

const NANO_PLACES: u32 = 9;
/// A vCPU is counted in 10⁻¹⁰, which 1/1024 is a multiple of.
const VCPU_PLACES: u32 = 10;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

fn task<'a>(input: &Input<'a>, today: Date) -> Result<FargateTask<'a>, InputError> {
    Ok(FargateTask {
        region: input.region()?,
        architecture: input.architecture()?,
        on: input.date(today)?,
        windows: input.flag("windows")?.unwrap_or(false)
            || input.text("os")?.is_some_and(|os| os.eq_ignore_ascii_case("windows")),
        spot: input.flag("spot")?.unwrap_or(false),
        vcpu_e10: input.scaled("vcpu", VCPU_PLACES)?.ok_or(InputError::Missing("vcpu"))?,
        memory_mib: input.needed("memory_mib")?,
        storage_gib: input.whole("ephemeral_gib")?.unwrap_or(20),
        running_ns: input.scaled("seconds", NANO_PLACES)?.ok_or(InputError::Missing("seconds"))?,
    })
}

pub fn fargate(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let task = task(input, today)?;
    Ok(Answer::new(fargate_cost(book, &task)).member("billed_seconds", json!(task.billed_seconds())).with_parts())
}

pub fn apportion(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let task = task(input, today)?;
    let requests = requests(input)?;
    let cost = fargate_cost(book, &task);
    let open: Vec<Open> = requests.iter().map(|(_, open)| *open).collect();
    let life = Open { from: 0, to: nanos(task.running_ns) };
    let billed_ns = task.billed_seconds().saturating_mul(NANOS_PER_SECOND);
    let shared = cost.total().ok().and_then(|total| shares(total, billed_ns, life, &open));
    let named = |share: &dyn Fn(&Shares, usize) -> Option<String>| -> Map<String, Value> {
        let one = |(at, (name, _)): (usize, &(String, Open))| {
            (name.clone(), json!(shared.as_ref().and_then(|shared| share(shared, at))))
        };
        requests.iter().enumerate().map(one).collect()
    };
    let direct = named(&|shared, at| Some(shared.direct[at].to_picodollars()));
    let loaded = named(&|shared, at| Some(shared.fully_loaded.as_ref()?[at].to_picodollars()));
    Ok(Answer::new(cost)
        .member("billed_seconds", json!(task.billed_seconds()))
        .member("direct", direct.into())
        .member("idle", json!(shared.as_ref().map(|shared| shared.idle.to_picodollars())))
        .member("fully_loaded", loaded.into()))
}

/// `spans`: `[name, start in seconds, end in seconds]` each, from the start of the task.
fn requests(input: &Input<'_>) -> Result<Vec<(String, Open)>, InputError> {
    let Some(spans) = input.value("spans") else { return Err(InputError::Missing("spans")) };
    let wrong = |span: &Value, problem: &str| InputError::Wrong {
        name: "spans".to_owned(),
        value: span.to_string(),
        problem: problem.to_owned(),
    };
    let shape = "is not a list of [name, start, end] in seconds";
    let spans = spans.as_array().ok_or_else(|| wrong(spans, shape))?;
    let mut requests: Vec<(String, Open)> = Vec::with_capacity(spans.len());
    for span in spans {
        let Some([name, start, end]) = span.as_array().map(Vec::as_slice) else { return Err(wrong(span, shape)) };
        let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        if requests.iter().any(|(known, _)| *known == name) {
            return Err(wrong(span, "has the name of another"));
        }
        let at = |value: &Value| scaled(value, NANO_PLACES).map(nanos).map_err(|problem| wrong(span, &problem));
        requests.push((name, Open { from: at(start)?, to: at(end)? }));
    }
    Ok(requests)
}

fn nanos(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

pub fn instance(book: &PriceBook, input: &Input<'_>, today: Date, managed: bool) -> Result<Answer, InputError> {
    let vcpu_e10 = input.scaled("vcpu", VCPU_PLACES)?;
    let memory_mib = input.whole("memory_mib")?;
    let reserved = match (vcpu_e10, memory_mib) {
        (None, None) => None,
        (vcpu_e10, memory_mib) => {
            Some(InstanceSize { vcpu_e10: vcpu_e10.unwrap_or(0), memory_mib: memory_mib.unwrap_or(0) })
        }
    };
    let used = InstanceUse {
        region: input.region()?,
        instance_type: input.text("instance_type")?.ok_or(InputError::Missing("instance_type"))?,
        on: input.date(today)?,
        reserved,
        vcpu_weight: input.whole("vcpu_weight")?.unwrap_or(VCPU_WEIGHT),
        running_ns: input.scaled("seconds", NANO_PLACES)?.ok_or(InputError::Missing("seconds"))?,
    };
    let cost = if managed { managed_instance_cost(book, &used) } else { instance_cost(book, &used) };
    Ok(Answer::new(cost).with_parts())
}

pub fn event(book: &PriceBook, input: &Input<'_>, today: Date) -> Result<Answer, InputError> {
    let bytes = input.whole("bytes")?.unwrap_or(0);
    let name = input.text("event")?.ok_or(InputError::Missing("event"))?;
    let event = match name {
        "sqs" => Event::Sqs { fifo: false, bytes },
        "sqs_fifo" => Event::Sqs { fifo: true, bytes },
        "sns" => Event::SnsPublish { bytes },
        "sns_http" => Event::SnsHttpDelivery,
        "eventbridge" => Event::EventBridge { bytes },
        "scheduler" => Event::SchedulerInvocation,
        "state_transition" => Event::StateTransition,
        "express" => {
            Event::Express { memory_mb: input.needed("memory_mb")?, duration_ms: input.needed("duration_ms")? }
        }
        "rest" => Event::RestRequest,
        "http" => Event::HttpRequest { bytes },
        "websocket" => Event::WebsocketMessage { bytes },
        "kinesis" => Event::KinesisPut { bytes },
        "dynamodb_write" => Event::DynamoWrite { bytes },
        "dynamodb_read" => Event::DynamoRead { bytes },
        "s3_put" => Event::S3Put,
        "s3_get" => Event::S3Get,
        "logs" => Event::LogIngest { bytes },
        _ => {
            return Err(InputError::Wrong {
                name: "event".to_owned(),
                value: format!("“{name}”"),
                problem: "is none that is priced; coldlight prices quote --help names them".to_owned(),
            });
        }
    };
    let count = input.whole("count")?.unwrap_or(1);
    Ok(Answer::new(event_cost(book, input.region()?, event, count, input.date(today)?))
        .member("units", json!(event.units()))
        .with_parts())
}
