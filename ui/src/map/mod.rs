//! The parts of the map page: which nodes and edges are shown, and how each is drawn and described.

pub(crate) mod card;
pub(crate) mod change;
pub(crate) mod edge;
mod graph;
pub(crate) mod inspector;
pub(crate) mod links;
pub(crate) mod marks;
pub(crate) mod money;
pub(crate) mod queues;
mod sort;
pub(crate) mod table;

pub use change::Fate;
pub use graph::{Graph, GraphEdge, GraphNode, Grouping, MAX_DRAWN_NODES};
pub use sort::{Column, Sort};
