//! The program `local`: starts the development server and stops it on a signal. See `--help`.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use conversation_store::shutdown::termination;
use local::options::Options;
use local::run::Running;
use tokio::time::timeout;

/// How long open requests may take after the server was asked to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

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
    if let Err(error) = stop_requested().await {
        eprintln!("local: {error}");
        return ExitCode::FAILURE;
    }
    tokio::select! {
        _ = timeout(SHUTDOWN_TIMEOUT, running.shut_down()) => {}
        // A second signal stops at once.
        _ = stop_requested() => {}
    }
    println!("Stopped.");
    ExitCode::SUCCESS
}

/// Returns at Ctrl-C or SIGTERM.
async fn stop_requested() -> io::Result<()> {
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        () = termination() => Ok(()),
    }
}
