//! The whole run, from what it needs to what it writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::skip_without;

use crate::Result;
use crate::database::Database;
use crate::footprint::{self, FirstCall, Footprint, Sizes};
use crate::load::{self, Load};
use crate::machine;
use crate::measure::{Arena, Cost, Pair, Sweep};
use crate::options::{Options, Scale};
use crate::process::Memory;
use crate::report;
use crate::side::{FUNCTIONS, Launcher, PLAN};

/// Everything that was measured.
pub struct Measured {
    pub machine: Vec<(&'static str, String)>,
    pub costs: Vec<Pair<Cost>>,
    pub sweeps: Vec<Sweep>,
    pub loads: Vec<Load>,
    pub footprints: Pair<Footprint>,
    /// Of each process, when everything has been measured.
    pub memory: Vec<(&'static str, Memory)>,
    pub sizes: Sizes,
}

/// Measures, and writes the report. Does nothing but say so where a part is missing.
pub async fn run(options: &Options) -> Result<()> {
    let scale = options.scale();
    let Some(executables) = executables(options.smoke)? else {
        return Ok(());
    };
    if !build_plan()? {
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

/// Off the runtime's threads, which serve the database meanwhile.
async fn footprints(
    launcher: &Launcher,
    calls: Pair<FirstCall>,
    starts: usize,
) -> Result<Pair<Footprint>> {
    let launcher = launcher.clone();
    let measure = move || footprint::measure(&launcher, &calls, starts);
    tokio::task::spawn_blocking(measure).await?
}

/// The folder with the functions, which is the one this program is in. For figures they are built as Vercel builds
/// them; otherwise they have to be there.
fn executables(smoke: bool) -> Result<Option<PathBuf>> {
    if !smoke {
        build_functions()?;
    }
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("a program without a folder")?;
    if FUNCTIONS.iter().all(|name| folder.join(name).is_file()) {
        return Ok(Some(folder.to_owned()));
    }
    skip_without("tests of the benchmark", "cargo build --workspace")?;
    Ok(None)
}

fn build_functions() -> Result<()> {
    if cfg!(debug_assertions) {
        return Err("figures are made with --release: cargo run --release -p bench".into());
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--release", "--locked", "--bins"]);
    succeed(&mut cargo)
}

/// Compiles the plan's server. `false` where Node or its packages are missing.
fn build_plan() -> Result<bool> {
    let compiler = Path::new(PLAN).join("node_modules/typescript/bin/tsc");
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if node.is_err() || !compiler.is_file() {
        skip_without(
            "tests of the benchmark",
            "install node, npm ci --prefix bench/plan",
        )?;
        return Ok(false);
    }
    succeed(Command::new("node").arg(compiler).args(["-p", PLAN]))?;
    Ok(true)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{:?}: {status}", command.get_program()).into());
    }
    Ok(())
}
