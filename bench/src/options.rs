//! What is asked for on the command line, and how much of everything that means.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures the functions beside the plan's own design, and writes `benchmarks.md` and its charts.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Options {
    /// A little of everything, in seconds: says whether it works, and nothing about speed.
    #[arg(long)]
    pub smoke: bool,
    /// Where benchmarks.md and benchmarks/*.svg go, if not into docs/, or with --smoke beside this program.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// How much of everything.
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
    /// What is added to each round trip to Redis.
    pub latencies: Vec<Duration>,
    /// Numbers of clients at once.
    pub clients: Vec<usize>,
    /// Calls that all clients together make in one go.
    pub load_calls: usize,
    /// How often each side is started anew.
    pub cold_starts: usize,
}

impl Scale {
    /// What the figures of the documentation are made from.
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

    /// Just enough for every line of it to run.
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
    /// The scale asked for.
    pub fn scale(&self) -> Scale {
        if self.smoke {
            Scale::smoke()
        } else {
            Scale::full()
        }
    }
}
