//! Services and how they did.

use std::collections::BTreeMap;

use coldlight_model::{NodeKind, ServiceSummary, TimeRange};
use duckdb::params;

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// Services that served requests in `range` (whole minutes), by name.
    pub async fn services(&self, range: TimeRange) -> Result<Vec<ServiceSummary>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("map_services.sql"))?;
            let mut rows = statement.query(params![range.from.minute().nanos(), range.to.nanos()])?;
            let mut services: BTreeMap<String, ServiceSummary> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get("service")?;
                let platform = NodeKind::from_name(&row.get::<_, String>("platform")?);
                let calls: u64 = row.get("calls")?;
                let service = services.entry(name.clone()).or_insert_with(|| ServiceSummary {
                    service: name,
                    platform,
                    calls: 0,
                    errors: 0,
                    faults: 0,
                    throttles: 0,
                    durations: Default::default(),
                });
                service.calls += calls;
                service.errors += row.get::<_, u64>("errors")?;
                service.faults += row.get::<_, u64>("faults")?;
                service.throttles += row.get::<_, u64>("throttles")?;
                service.durations.add(row.get("bucket")?, calls);
            }
            Ok(services.into_values().collect())
        })
        .await
    }
}
