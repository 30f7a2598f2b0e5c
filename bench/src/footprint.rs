//! What the processes themselves cost: starting, staying, being carried around.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::measure::Pair;
use crate::process::{Memory, Server};
use crate::side::{FUNCTIONS, Launcher, PLAN, Side};
use crate::statistics::Times;

/// What one side's processes cost.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// From the start of the process to the whole of its first answer.
    pub cold_start: Times,
    /// Resident after that answer, the largest of all starts.
    pub idle: Option<u64>,
}

/// How a side is asked for its list, on a connection that nothing else has touched.
pub struct FirstCall {
    pub path: &'static str,
    pub header: (String, String),
}

/// Starts each side anew, again and again, in turns.
pub fn measure(
    launcher: &Launcher,
    calls: &Pair<FirstCall>,
    starts: usize,
) -> Result<Pair<Footprint>> {
    let mut rows: Pair<Vec<(Duration, Option<Memory>)>> = Default::default();
    // The first start of each finds nothing in the system's caches, and is forgotten.
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
        Side::Plan => launcher.plan()?,
    };
    let (name, value) = &call.header;
    server.first_answer(call.path, (name, value))?;
    Ok((began.elapsed(), server.memory()))
}

/// What has to be carried to a machine before it can start.
#[derive(Debug)]
pub struct Sizes {
    /// The largest executable, in bytes.
    pub largest_function: u64,
    /// All twelve of them.
    pub all_functions: u64,
    /// The plan's scripts, with those of the client that Node loads. Node itself is the platform's.
    pub plan: u64,
}

/// Sizes on disk.
pub fn sizes(executables: &Path) -> Result<Sizes> {
    let sizes: Vec<u64> = FUNCTIONS
        .iter()
        .map(|name| fs::metadata(executables.join(name)).map(|file| file.len()))
        .collect::<io::Result<_>>()?;
    let plan = Path::new(PLAN);
    Ok(Sizes {
        largest_function: sizes.iter().copied().max().unwrap_or_default(),
        all_functions: sizes.iter().sum(),
        plan: size_of_modules(&plan.join("dist"), &[""])?
            + size_of_modules(
                &plan.join("node_modules/@upstash/redis"),
                &["nodejs.mjs", "chunk-"],
            )?,
    })
}

/// Of the files in a folder whose names begin with one of `prefixes`, and that Node would load.
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
