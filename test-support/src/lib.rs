//! What the tests of all workspace members share: skipping what is not installed, and a Redis server.

pub mod redis_server;
mod skipped;

pub use skipped::{hand_down, note_skipped, skip_without, take_skipped};
