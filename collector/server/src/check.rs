//! `coldlight check`: whether a stopped store is whole.

use std::io::Write;

use coldlight_store::Checked;

use crate::clock;
use crate::failure::{Failure, no_store};
use crate::settings::{CheckArgs, data_directory};

/// Prints counts and damage; fails when there is damage.
pub async fn run(arguments: CheckArgs) -> Result<(), Failure> {
    let data = data_directory(&arguments.place)?;
    let place = data.display().to_string();
    let checking = tokio::task::spawn_blocking({
        let data = data.clone();
        move || coldlight_store::check(&data, clock::now)
    });
    let checked = match checking.await {
        Ok(Ok(checked)) => checked,
        Ok(Err(error)) => return Err(no_store(&data, "check", &error)),
        Err(error) => return Err(Failure::because(format!("checking {place} failed"), &error)),
    };
    let _ = std::io::stdout().write_all(report(&place, &checked).as_bytes());
    match checked.damage.len() {
        0 => Ok(()),
        1 => Err(Failure::Failed(format!("{place} is damaged in one place"))),
        places => Err(Failure::Failed(format!("{place} is damaged in {places} places"))),
    }
}

fn report(place: &str, checked: &Checked) -> String {
    let mut text = format!(
        "{place}\n  spans          {}\n  log records    {}\n  metric points  {}\n  resources      {}\n",
        checked.spans, checked.logs, checked.metric_points, checked.resources
    );
    if checked.replayed > 0 {
        text += &format!("  written from the journal just now: {} records\n", checked.replayed);
    }
    for damage in &checked.damage {
        text += &format!("  DAMAGED: {damage}\n");
    }
    if checked.damage.is_empty() {
        text += "  the journal and the database are whole\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_named() {
        let whole = Checked { spans: 274, ..Checked::default() };
        assert!(report("d", &whole).contains("spans          274") && report("d", &whole).contains("are whole"));
        let torn = Checked { damage: vec!["span_rows: checksum".to_owned()], ..whole };
        assert!(report("d", &torn).contains("DAMAGED: span_rows: checksum") && !report("d", &torn).contains("whole"));
    }
}
