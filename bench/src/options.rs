//! The options of the command line, and the amounts of data and rounds that follow from them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::search::SearchOptions;

/// Measures the functions beside a baseline, and writes `benchmarks.md` and its charts.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Options {
    /// Run a little of everything in seconds: shows whether it works, and nothing about speed.
    #[arg(long, global = true)]
    pub smoke: bool,
    /// The folder for benchmarks.md and benchmarks/*.svg instead of docs/ (with --smoke: beside this program).
    #[arg(long)]
    pub out: Option<PathBuf>,
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// What is measured instead.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Measures designs of the search, and prints tables.
    Search(SearchOptions),
}

/// The amounts of data and rounds.
#[derive(Debug)]
pub struct Scale {
    /// Conversations of a user.
    pub conversations: usize,
    /// Messages of each of them.
    pub messages: usize,
    /// Messages of the long conversation.
    pub long: usize,
    /// Rounds of a call that takes milliseconds.
    pub light_rounds: usize,
    /// Rounds of a call that moves megabytes.
    pub heavy_rounds: usize,
    /// Rounds of an import, each for a new user.
    pub import_rounds: usize,
    /// The latencies to add to each round trip to Redis.
    pub latencies: Vec<Duration>,
    /// The numbers of concurrent clients.
    pub clients: Vec<usize>,
    /// The calls of all clients together in one load run.
    pub load_calls: usize,
    /// How often each side is started for the cold-start figure.
    pub cold_starts: usize,
}

impl Scale {
    /// The scale of the documented figures.
    fn full() -> Self {
        Self {
            conversations: 50,
            messages: 100,
            long: 10_000,
            light_rounds: 300,
            heavy_rounds: 100,
            import_rounds: 20,
            latencies: [0, 2, 20].map(Duration::from_millis).into(),
            clients: vec![1, 8, 64],
            load_calls: 1_600,
            cold_starts: 20,
        }
    }

    /// Just enough to run every part once.
    fn smoke() -> Self {
        Self {
            conversations: 3,
            messages: 6,
            long: 120,
            light_rounds: 2,
            heavy_rounds: 2,
            import_rounds: 1,
            latencies: [0, 2].map(Duration::from_millis).into(),
            clients: vec![1, 4],
            load_calls: 8,
            cold_starts: 1,
        }
    }
}

impl Options {
    /// The requested scale.
    pub fn scale(&self) -> Scale {
        if self.smoke {
            Scale::smoke()
        } else {
            Scale::full()
        }
    }
}
