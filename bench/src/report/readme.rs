//! What README.md quotes of the benchmark, in Markdown.

use std::time::Duration;

use crate::Result;
use crate::measured::Measured;
use crate::operations::OPERATIONS;
use crate::units::{bytes, count, milliseconds};

/// The latency that README.md speaks of.
const LATENCY: Duration = Duration::from_millis(2);

/// Its points about the benchmark.
pub fn points(measured: &Measured) -> Result<String> {
    let open = index_of("Open, 100 messages")?;
    let sync = index_of("Sync, nothing changed")?;
    let sweep = measured
        .sweeps
        .iter()
        .find(|sweep| sweep.latency == LATENCY);
    let sweep = sweep.ok_or("nothing was measured with 2 ms")?;
    let took = |index: usize| sweep.timings[index].each_ref().map(|side| side.took.p50());
    let times = |index: usize| took(index).map(milliseconds);
    let commands = |index: usize| measured.costs[index].map(|cost| count(cost.commands));
    let [open_took, open_took_baseline] = times(open);
    let [open_commands, open_commands_baseline] = commands(open);
    let [sync_took, sync_took_baseline] = times(sync);
    let [sync_commands, sync_commands_baseline] = commands(sync);
    let starts = measured.footprints.each_ref();
    let [start, start_baseline] = starts.map(|side| milliseconds(side.cold_start.p50()));
    let [memory, memory_baseline] = starts.map(|side| bytes(side.idle.unwrap_or_default()));
    Ok(format!(
        "2. **Faster than the baseline.** With 2 ms to the database, opening a conversation of 100 messages takes {open_took} and
   {open_commands} commands instead of {open_took_baseline} and {open_commands_baseline}; a sync without changes {sync_took} and {sync_commands} commands instead of {sync_took_baseline} and {sync_commands_baseline}.
   `npm ci --prefix bench/baseline && cargo run --release -p bench`
3. **A cold start in {start}.** From the start of the process to the first response, where the baseline's server takes {start_baseline}. A function
   has {memory} in memory then, the baseline's server {memory_baseline}. `cargo run --release -p bench`"
    ))
}

fn index_of(name: &str) -> Result<usize> {
    let found = OPERATIONS
        .iter()
        .position(|operation| operation.name == name);
    found.ok_or_else(|| format!("no operation is called {name}").into())
}
