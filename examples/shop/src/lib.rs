//! Three services in a row, each a container in a task of its own: shopfront asks products, products asks stock, stock asks DynamoDB.
//!
//! - [`Role`] and [`serve`]: one of them, as a container runs it.
//! - [`Shop`]: all three as processes on this machine, with [`task`] in place of ECS's metadata endpoint.

mod launch;
mod services;
pub mod task;

pub use launch::Shop;
pub use services::{Role, serve};
