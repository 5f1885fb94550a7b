//! When the engine's instance is opened anew so that it gives memory back.
//!
//! Of every row group that it wrote or read an instance keeps where its columns lie and what is in them, some 230 KB of one that it wrote, for
//! as long as it is open: 3.7 MiB of a million spans. One just opened knows where they are and reads what it needs.

use crate::settings::Settings;

pub(crate) struct Renewal {
    /// Written since the instance was opened.
    rows: u64,
    due: u64,
}

impl Renewal {
    /// Of an instance that was just opened.
    pub fn new(settings: &Settings) -> Self {
        Self { rows: 0, due: settings.renew_rows }
    }

    pub fn wrote(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// To be asked after a checkpoint, when nothing lies in the write-ahead log. Whoever asks meanwhile waits, so that a quiet moment is waited
    /// for, but not for ever.
    pub fn is_due(&self, is_idle: bool) -> bool {
        self.rows >= if is_idle { self.due } else { self.due.saturating_mul(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_moment_is_waited_for_but_not_for_ever() {
        let mut renewal = Renewal::new(&Settings { renew_rows: 10, ..Settings::new("") });
        renewal.wrote(9);
        assert!(!renewal.is_due(true));
        renewal.wrote(1);
        assert!(renewal.is_due(true) && !renewal.is_due(false));
        renewal.wrote(10);
        assert!(renewal.is_due(false));
    }
}
