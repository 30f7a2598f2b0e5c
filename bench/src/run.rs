//! The whole run: building both sides, measuring, and writing the report.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use conversation_store::http::Route;
use test_support::skip_without;

use crate::Result;
use crate::database::Database;
use crate::footprint::{self, FirstCall, Footprint};
use crate::load;
use crate::machine;
use crate::measure::Arena;
use crate::measured::Measured;
use crate::options::{Options, Scale, Task};
use crate::report;
use crate::search;
use crate::side::{BASELINE, Launcher, Pair};

/// What is skipped without the parts it needs.
const TESTS: &str = "tests of the benchmark";

/// Measures, and writes the report. If a part is missing it only says so.
pub async fn run(options: &Options) -> Result<()> {
    let scale = options.scale();
    let Some(executables) = executables(options)? else {
        return Ok(());
    };
    if let Some(Task::Search(search)) = &options.task {
        return search::run(search, &executables, options.smoke).await;
    }
    if !build_baseline()? {
        return Ok(());
    }
    let Some(database) = Database::start().await? else {
        return Ok(());
    };
    let measured = measure(database, &executables, &scale).await?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None if options.smoke => executables.join("bench-smoke"),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")),
    };
    report::write(&out, &scale, &measured)
}

async fn measure(database: Database, executables: &Path, scale: &Scale) -> Result<Measured> {
    let machine = machine::describe();
    let launcher = Launcher::new(executables.to_owned(), database.access());
    let arena = Arena::start(database, &launcher, scale).await?;
    let costs = arena.costs().await?;
    let first_calls = arena.first_calls()?;
    let footprints = footprints(&launcher, first_calls, scale.cold_starts).await?;
    let mut sweeps = Vec::with_capacity(scale.latencies.len());
    for &latency in &scale.latencies {
        sweeps.push(arena.sweep(latency, scale).await?);
    }
    let loads = load::measure(&arena, scale).await?;
    Ok(Measured {
        machine,
        costs,
        sweeps,
        loads,
        footprints,
        memory: arena.memory(),
        sizes: footprint::sizes(executables)?,
    })
}

/// Runs on a blocking thread, since the runtime's threads serve the database meanwhile.
async fn footprints(
    launcher: &Launcher,
    calls: Pair<FirstCall>,
    starts: usize,
) -> Result<Pair<Footprint>> {
    let launcher = launcher.clone();
    let measure = move || footprint::measure(&launcher, &calls, starts);
    tokio::task::spawn_blocking(measure).await?
}

/// The folder with the functions, which is that of this program. For figures they are built as on Vercel; for a smoke
/// run they have to exist.
fn executables(options: &Options) -> Result<Option<PathBuf>> {
    if !options.smoke {
        build_functions(options)?;
    }
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("a program without a folder")?;
    let is_built = |route: Route| folder.join(route.name()).is_file();
    if Route::with_functions().all(is_built) {
        return Ok(Some(folder.to_owned()));
    }
    skip_without(TESTS, "cargo build --workspace")?;
    Ok(None)
}

fn build_functions(options: &Options) -> Result<()> {
    let is_release = !cfg!(debug_assertions);
    if !is_release && options.task.is_none() {
        return Err("figures need a release build: cargo run --release -p bench".into());
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--locked", "--bins"])
        .args(is_release.then_some("--release"));
    succeed(&mut cargo)
}

/// Compiles the baseline's server. `false` if Node or its packages are missing.
fn build_baseline() -> Result<bool> {
    let compiler = Path::new(BASELINE).join("node_modules/typescript/bin/tsc");
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if node.is_err() || !compiler.is_file() {
        skip_without(TESTS, "install node, npm ci --prefix bench/baseline")?;
        return Ok(false);
    }
    succeed(Command::new("node").arg(compiler).args(["-p", BASELINE]))?;
    Ok(true)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{:?}: {status}", command.get_program()).into());
    }
    Ok(())
}
