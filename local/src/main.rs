//! `cargo run -p local`: see `--help`.

use std::process::ExitCode;

use clap::Parser;
use local::options::Options;
use local::run::Running;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let running = match Running::start(&options).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("local: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{running}");
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("local: {error}");
        return ExitCode::FAILURE;
    }
    println!("Stopped.");
    ExitCode::SUCCESS
}
