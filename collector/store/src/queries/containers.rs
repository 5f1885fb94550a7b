//! Tasks and pods: what runs where, how busy, at what price.

use coldlight_model::money::Usd;
use coldlight_model::{Containers, Nanos, NodeKind, Rates, Task, TaskMoney, TimeRange, Timestamp};
use duckdb::{Connection, Row, named_params};

use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// Tasks that one answer lists; a page of more is for programs, and those have SQL.
const MOST_TASKS: u64 = 1_000;

impl Store {
    /// Every task and pod alive in `range`, with what it did and cost in that time: what it cost in two times that follow on each
    /// other sums to what it cost in both.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn containers(&self, range: TimeRange) -> Result<Containers, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("containers.sql"))?;
            let asked = named_params! {
                "from": range.from.nanos(), "to": range.to.nanos().max(range.from.nanos() + 1), "limit": MOST_TASKS,
            };
            let mut rows = statement.query(asked)?;
            let (mut tasks, mut found) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                found = whole(row, "found")?.unwrap_or(0);
                tasks.push(task(row)?);
            }
            let more = found.saturating_sub(tasks.len() as u64);
            Ok(Containers { range, tasks, more })
        })
        .await
    }
}

/// Whether some task may have lived after `from`: what follows from one takes long to plan, and many keep functions alone.
pub(super) fn lived_after(db: &Connection, from: Timestamp) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT count(*) > 0 FROM resource_signs WHERE last_ns >= ?")?;
    Ok(statement.query_row([from.nanos()], |row| row.get(0))?)
}

fn amount(row: &Row<'_>, name: &str) -> duckdb::Result<Option<Usd>> {
    Ok(row.get::<_, Option<i128>>(name)?.and_then(Usd::from_attos))
}

fn time(row: &Row<'_>, name: &str) -> duckdb::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(name)?.map(Timestamp::from_sql))
}

fn task(row: &Row<'_>) -> duckdb::Result<Task> {
    let containers: Option<String> = row.get("containers")?;
    Ok(Task {
        id: row.get("task")?,
        platform: NodeKind::from_name(&row.get::<_, String>("platform")?),
        cluster: row.get("cluster")?,
        ecs_service: row.get("ecs_service")?,
        family: row.get("task_family")?,
        revision: row.get("task_revision")?,
        namespace: row.get("namespace")?,
        workload: row.get("workload")?,
        pod: row.get("pod")?,
        service: row.get("service")?,
        environment: row.get("environment")?,
        containers: containers.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        image: row.get("image")?,
        launch_type: row.get("launch_type")?,
        spot: row.get("spot")?,
        vcpu: row.get("vcpu")?,
        memory_mib: whole(row, "memory_mib")?,
        storage_gib: row.get("storage_gib")?,
        architecture: row.get("architecture")?,
        region: row.get("region")?,
        zone: row.get("zone")?,
        host_type: row.get("host_type")?,
        pulled_at: time(row, "pulled_ns")?,
        first_seen: time(row, "life_from")?.unwrap_or_default(),
        last_seen: time(row, "life_to")?.unwrap_or_default(),
        requests: whole(row, "requests")?.unwrap_or(0),
        failed: whole(row, "failed")?.unwrap_or(0),
        p95: whole(row, "p95")?.map(|nanos| nanos as Nanos),
        billed: whole(row, "billed")?.unwrap_or(0),
        busy: whole(row, "busy")?.unwrap_or(0),
        money: money(row)?,
        unpriced_because: row.get("unpriced_because")?,
        cost_state: row.get("cost_state")?,
    })
}

fn money(row: &Row<'_>) -> duckdb::Result<Option<TaskMoney>> {
    let Some(cost) = amount(row, "cost_attos")? else { return Ok(None) };
    let rates = match (row.get::<_, bool>("by_share")?, amount(row, "instance_hour_attos")?) {
        (true, Some(instance)) => Rates::Share {
            instance,
            weight: whole(row, "weight")?.unwrap_or(0),
            of: whole(row, "instance_weight")?.unwrap_or(0),
        },
        _ => Rates::Size {
            vcpu: amount(row, "vcpu_hour_attos")?.unwrap_or_default(),
            memory: amount(row, "gb_hour_attos")?.unwrap_or_default(),
            storage: amount(row, "ephemeral_gb_hour_attos")?,
        },
    };
    Ok(Some(TaskMoney {
        cost,
        busy: amount(row, "busy_attos")?.unwrap_or_default(),
        idle: amount(row, "idle_attos")?.unwrap_or_default(),
        hourly: amount(row, "hour_attos")?.unwrap_or_default(),
        rates,
    }))
}
