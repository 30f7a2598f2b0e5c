//! `cargo run -p local`: see `--help`.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use conversation_store::shutdown::termination;
use local::options::Options;
use local::run::Running;
use tokio::time::timeout;

/// How long what is under way may take when the server is stopped.
const PATIENCE: Duration = Duration::from_secs(30);

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
    if let Err(error) = asked_to_stop().await {
        eprintln!("local: {error}");
        return ExitCode::FAILURE;
    }
    tokio::select! {
        _ = timeout(PATIENCE, running.shut_down()) => {}
        // Asked for a second time: at once.
        _ = asked_to_stop() => {}
    }
    println!("Stopped.");
    ExitCode::SUCCESS
}

/// Returns at Ctrl-C or SIGTERM.
async fn asked_to_stop() -> io::Result<()> {
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        () = termination() => Ok(()),
    }
}
