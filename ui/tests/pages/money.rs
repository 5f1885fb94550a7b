//! Money on the pages: every sum has its formula one click away.

use coldlight_ui::Theme;

use crate::fixtures;
use crate::piece::Piece;

#[test]
fn every_sum_of_money_has_its_formula_one_click_away() {
    let kinds =
        ["map", "traces", "trace", "invocation", "function", "cold-starts", "containers", "cost", "compare", "live"];
    let mut read = 0;
    for (name, html) in fixtures::pages(Theme::Light) {
        if !kinds.iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        let found = Piece::read(&html).sums_without_a_formula();
        assert!(found.is_empty(), "{name} shows sums without a formula: {found:?}");
        read += 1;
    }
    assert!(read > 40, "{read} pages");
}
