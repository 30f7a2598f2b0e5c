//! Measuring the processes themselves: cold start, memory and size on disk.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use conversation_store::http::Route;

use crate::Result;
use crate::process::{Memory, Server};
use crate::side::{BASELINE, Launcher, Pair, Side};
use crate::statistics::Times;

/// The footprint of one side's processes.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// From the start of the process to the end of its first response.
    pub cold_start: Times,
    /// Resident memory after that response, the maximum of all starts.
    pub idle: Option<u64>,
}

/// The first request of a fresh process: the list of conversations, on a new connection.
pub struct FirstCall {
    pub path: &'static str,
    pub header: (String, String),
}

/// Starts both sides alternately, `starts` times each.
pub fn measure(
    launcher: &Launcher,
    calls: &Pair<FirstCall>,
    starts: usize,
) -> Result<Pair<Footprint>> {
    let mut rows: Pair<Vec<(Duration, Option<Memory>)>> = Default::default();
    // The first start of each side finds cold system caches and is discarded.
    for round in 0..=starts {
        for (side, (call, row)) in Side::BOTH.into_iter().zip(calls.iter().zip(&mut rows)) {
            let start = cold_start(launcher, side, call)?;
            if round > 0 {
                row.push(start);
            }
        }
    }
    Ok(rows.map(|row| Footprint {
        idle: row
            .iter()
            .filter_map(|(_, memory)| memory.map(|memory| memory.now))
            .max(),
        cold_start: row.into_iter().map(|(took, _)| took).collect(),
    }))
}

fn cold_start(
    launcher: &Launcher,
    side: Side,
    call: &FirstCall,
) -> Result<(Duration, Option<Memory>)> {
    let began = Instant::now();
    let mut server: Server = match side {
        Side::Functions => launcher.function("conversations")?,
        Side::Baseline => launcher.baseline()?,
    };
    let (name, value) = &call.header;
    server.first_response(call.path, (name, value))?;
    Ok((began.elapsed(), server.memory()))
}

/// The sizes on disk of what has to be deployed.
#[derive(Debug)]
pub struct Sizes {
    /// The largest executable, in bytes.
    pub largest_function: u64,
    /// All of the functions.
    pub all_functions: u64,
    /// The baseline's scripts and those of its client that Node loads, without Node itself.
    pub baseline: u64,
}

/// Reads the sizes on disk.
pub fn sizes(executables: &Path) -> Result<Sizes> {
    let sizes: Vec<u64> = Route::with_functions()
        .map(|route| fs::metadata(executables.join(route.name())).map(|file| file.len()))
        .collect::<io::Result<_>>()?;
    let baseline = Path::new(BASELINE);
    Ok(Sizes {
        largest_function: sizes.iter().copied().max().unwrap_or_default(),
        all_functions: sizes.iter().sum(),
        baseline: size_of_modules(&baseline.join("dist"), &[""])?
            + size_of_modules(
                &baseline.join("node_modules/@upstash/redis"),
                &["nodejs.mjs", "chunk-"],
            )?,
    })
}

/// The total size of the modules in a folder whose names begin with one of `prefixes`.
fn size_of_modules(folder: &Path, prefixes: &[&str]) -> io::Result<u64> {
    let mut size = 0;
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let is_module = name.ends_with("js");
        if is_module && prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            size += file.metadata()?.len();
        }
    }
    Ok(size)
}
