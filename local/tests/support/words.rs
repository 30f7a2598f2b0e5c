//! Commands as a person writes them.

use local::backend::{Command, Reply};
use local::engine::Engine;

pub fn command(words: &str) -> Command {
    words
        .split(' ')
        .map(|word| word.as_bytes().to_vec())
        .collect()
}

pub fn run(engine: &Engine, words: &str) -> Reply {
    engine.execute(&command(words))
}

pub fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}
