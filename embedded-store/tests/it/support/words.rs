//! Commands written as text, for short tests.

use embedded_store::engine::Engine;
use embedded_store::reply::{Command, Reply};

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
