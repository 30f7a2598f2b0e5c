//! The program `conversation-store`: keeps this machine's chat histories on a service. See `--help` and `docs/claude-code.md`.

mod account;
mod api;
mod clock;
mod commands;
mod digest;
mod failure;
mod files;
mod filter;
mod options;
mod output;
mod paths;
mod raw_object;
mod sync;

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::failure::Failure;
use crate::options::{Command, Options};
use crate::output::Output;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) if sync::looks_like_hook() => {
            sync::note_wrong_options(&error);
            return ExitCode::SUCCESS;
        }
        Err(error) => error.exit(),
    };
    if matches!(&options.command, Command::Sync(sync) if sync.hook) {
        sync::hand_over();
        // A failing hook would disturb the session.
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let output = Output::new(options.json);
            output.json(|| json!({ "error": failure.to_json() }));
            output.warn(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<(), Failure> {
    match &options.command {
        Command::Login(login) => commands::login(options, login).await,
        Command::Logout => commands::logout(options),
        Command::Import(import) => commands::import(options, import).await,
        Command::Sync(sync) => sync::run(options, sync).await,
        Command::List(list) => commands::list(options, list).await,
        Command::Search(search) => commands::search(options, search).await,
        Command::Export(export) => commands::export(options, export).await,
        Command::Status => commands::status(options).await,
    }
}
