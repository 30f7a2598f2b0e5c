//! What the tests of all workspace members share: skipping what is not installed, waiting, a Redis server, and texts to search in.

mod node;
pub mod redis_server;
mod skipped;
pub mod texts;
mod until;

pub use node::{has_node, has_packages};
pub use skipped::{hand_down, note_skipped, skip_without, take_skipped};
pub use until::{PATIENCE, until};
