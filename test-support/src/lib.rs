//! What the tests of all workspace members share: skipping what is not installed, a Redis server, and texts to search in.

pub mod redis_server;
mod skipped;
pub mod texts;

pub use skipped::{hand_down, note_skipped, skip_without, take_skipped};
