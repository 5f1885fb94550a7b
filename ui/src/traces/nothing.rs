//! When nothing was found: what could be left out, and where there is something.

use coldlight_model::TimeRange;

use super::state::State;
use crate::moment::{Moment, Shows};
use crate::range::{Preset, Range};
use crate::shell::Shell;
use crate::text;

/// No trace was found: what could be left out, and where there is something.
pub struct Nothing {
    /// The words of the filter and the page without each.
    pub words: Vec<(String, String)>,
    pub newest: Option<Moment>,
    pub links: Vec<(String, String)>,
    pub is_later_page: bool,
}

/// What to try instead of what `state` asks for.
pub fn nothing(shell: &Shell, state: &State) -> Nothing {
    let conditions = state.filter().conditions.iter().enumerate();
    let without = |(at, condition): (usize, &coldlight_model::Condition)| {
        (text::cut(&condition.word, 80), state.filtered(&state.filter().without(at)).link().to_string())
    };
    let wider = Preset::longer_than(state.range().length()).take(3);
    let mut links: Vec<(String, String)> = wider
        .map(|preset| (preset.label().to_owned(), state.at_range(Range::Last(preset)).link().to_string()))
        .collect();
    let asked = state.range();
    if let Some(newest) = shell.newest.filter(|newest| *newest < asked.from || *newest >= asked.to) {
        let second = 1_000_000_000;
        // A range does not include its end, so it ends at the next full second.
        let to = newest.plus(second - newest.nanos().unsigned_abs() % second);
        let hour = TimeRange { from: to.minus(3_600 * second), to };
        let href = state.at_range(Range::Between(hour)).link().to_string();
        links.insert(0, ("The hour up to the newest span".to_owned(), href));
    }
    Nothing {
        words: conditions.map(without).collect(),
        newest: shell.newest.map(|newest| Moment::new(newest, Shows::DateTime, &shell.zone, shell.now)),
        links,
        is_later_page: state.after.is_some(),
    }
}
