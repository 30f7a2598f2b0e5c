//! The benchmark: the functions beside a baseline, on the same conversations and the same Redis.

mod client;
mod data;
mod database;
mod footprint;
mod load;
mod machine;
mod measure;
mod measured;
mod operations;
mod options;
mod process;
mod proof;
mod report;
mod run;
mod search;
mod side;
mod statistics;
mod table;
mod units;
mod world;

use std::process::ExitCode;

use clap::Parser;

use options::Options;

/// Errors are messages for the person who started the benchmark.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run::run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
