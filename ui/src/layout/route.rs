//! Curves: flat where a label stands and where cards are passed, cubic with horizontal ends in between.

use super::{CARD, Place, Route};
use crate::format::number;

/// An arrow head is drawn beyond the curve's end.
const HEAD: f64 = 7.0;
/// Half of the flat piece under a label.
const FLAT: f64 = 20.0;
/// How far a loop leaves its card.
const LOOP: f64 = 24.0;

/// The bends between the two ends of an edge, and where its label stands among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bend {
    pub points: Vec<Place>,
    pub label: Place,
}

impl Bend {
    /// From the crate's points, which begin and end at the cards' borders.
    pub fn new(points: &[Place], label: Place) -> Self {
        let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or(&[]);
        let mut points = inner.to_vec();
        if points.is_empty() {
            points.push(label);
        }
        Self { points, label }
    }

    pub fn first(&self) -> Option<Place> {
        self.points.first().copied()
    }

    pub fn last(&self) -> Option<Place> {
        self.points.last().copied()
    }
}

/// From port to port through the bends.
pub fn through(bend: &Bend, (start, end): (Place, Place), columns: &[f64]) -> Route {
    let direction = if end.x >= start.x { 1.0 } else { -1.0 };
    let end = Place { x: end.x - direction * HEAD, y: end.y };
    let mut path = format!("M{},{}", number(start.x), number(start.y));
    let mut pen = start;
    for point in &bend.points {
        // Beside cards the line stays flat for the whole width of their column, or it would cut their corners.
        let passes_cards = columns.iter().any(|column| (column - point.x).abs() < CARD.0 / 2.0);
        let half = if passes_cards { CARD.0 / 2.0 + 2.0 } else { FLAT };
        let enter = Place { x: point.x - direction * half, y: point.y };
        let leave = Place { x: point.x + direction * half, y: point.y };
        curve(&mut path, pen, enter);
        path.push_str(&format!("H{}", number(leave.x)));
        pen = leave;
    }
    curve(&mut path, pen, end);
    Route { path, label: bend.label, has_label: true }
}

fn curve(path: &mut String, from: Place, to: Place) {
    if (from.y - to.y).abs() < 0.05 {
        path.push_str(&format!("H{}", number(to.x)));
        return;
    }
    let middle = number((from.x + to.x) / 2.0);
    let (x, y) = (number(to.x), number(to.y));
    path.push_str(&format!("C{middle},{} {middle},{y} {x},{y}", number(from.y)));
}

/// A loop at the right side of a card that calls itself.
pub fn around(card: Place) -> Route {
    let x = card.x + CARD.0;
    let (top, bottom) = (card.y + 10.0, card.y + 26.0);
    let out = number(x + LOOP);
    let path = format!(
        "M{},{}C{out},{} {out},{} {},{}",
        number(x),
        number(top),
        number(top),
        number(bottom),
        number(x + HEAD),
        number(bottom)
    );
    Route { path, label: Place { x: x + LOOP, y: (top + bottom) / 2.0 }, has_label: false }
}
