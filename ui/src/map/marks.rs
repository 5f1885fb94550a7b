//! What is drawn of all cards at once: the colours of their services and the bars of their outcomes, a path a kind.
//!
//! An element for each of them on each card would be a quarter of the page's.

use std::collections::BTreeMap;

use super::card::Card;

/// A part of what is drawn, colours below textures below bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Of a service.
    Colour,
    /// Stripes or dots on the colour, where services share one.
    Texture,
    /// A share of outcomes.
    Bar,
}

/// All marks of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    pub class: String,
    /// `p1` or `p2`, the pattern that fills a texture.
    pub pattern: Option<String>,
    pub path: String,
}

/// The marks of `cards` by kind, in the order in which they are drawn.
pub fn marks(cards: &[Card]) -> Vec<Marks> {
    let mut kinds: BTreeMap<(Layer, &str), String> = BTreeMap::new();
    for (layer, class, path) in cards.iter().flat_map(|card| &card.marks) {
        kinds.entry((*layer, class)).or_default().push_str(path);
    }
    let marks = |((layer, class), path): ((Layer, &str), String)| match layer {
        Layer::Colour => Marks { class: format!("edge {class}"), pattern: None, path },
        Layer::Texture => Marks { class: "tx".to_owned(), pattern: Some(class.to_owned()), path },
        Layer::Bar => Marks { class: format!("o-{class}"), pattern: None, path },
    };
    kinds.into_iter().map(marks).collect()
}
