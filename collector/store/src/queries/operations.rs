//! What a service did, by span name.

use coldlight_model::{Kind, Operation, TimeRange};
use duckdb::params;

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// Operations of `service`, most frequent first; at most 1,000.
    pub async fn operations(&self, service: String, range: TimeRange) -> Result<Vec<Operation>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("operations.sql"))?;
            let mut rows = statement.query(params![service, range.from.nanos(), range.to.nanos()])?;
            let mut operations: Vec<Operation> = Vec::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get("name")?;
                let kind = Kind::from_name(&row.get::<_, String>("kind")?);
                if operations.last().is_none_or(|last| last.name != name || last.kind != kind) {
                    operations.push(Operation {
                        service: service.clone(),
                        name,
                        kind,
                        calls: 0,
                        errors: 0,
                        faults: 0,
                        throttles: 0,
                        durations: Default::default(),
                    });
                }
                let Some(operation) = operations.last_mut() else { continue };
                let calls: u64 = row.get("calls")?;
                operation.calls += calls;
                operation.errors += row.get::<_, u64>("errors")?;
                operation.faults += row.get::<_, u64>("faults")?;
                operation.throttles += row.get::<_, u64>("throttles")?;
                operation.durations.add(row.get("bucket")?, calls);
            }
            Ok(operations)
        })
        .await
    }
}
