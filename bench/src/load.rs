//! Measuring throughput with many concurrent clients, each of which always has one open call.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::Result;
use crate::measure::{Arena, Contestant};
use crate::operations::{OPERATIONS, Operation, Work};
use crate::options::Scale;
use crate::side::Pair;
use crate::statistics::Times;

/// The latency added to each round trip, as to a database in the same region.
pub const LATENCY: Duration = Duration::from_millis(2);
/// The number of runs of each side, which alternate.
const TURNS: usize = 2;

/// The result of an operation with this number of clients.
#[derive(Debug)]
pub struct Load {
    pub operation: &'static str,
    pub clients: usize,
    pub throughput: Pair<Throughput>,
}

/// The throughput of one side.
#[derive(Clone, Debug, Default)]
pub struct Throughput {
    /// Calls per second.
    pub rate: f64,
    /// The time of each call.
    pub took: Times,
}

/// Measures the operations marked for it, with each number of clients.
pub async fn measure(arena: &Arena, scale: &Scale) -> Result<Vec<Load>> {
    arena.database.set_latency(LATENCY);
    let mut loads = Vec::new();
    for operation in OPERATIONS.iter().filter(|operation| operation.under_load) {
        for &clients in &scale.clients {
            println!("{clients} clients: {}", operation.name);
            let calls = (scale.load_calls / clients).clamp(1, 400);
            loads.push(Load {
                operation: operation.name,
                clients,
                throughput: compare(arena, operation, clients, calls).await?,
            });
        }
    }
    arena.database.set_latency(Duration::ZERO);
    Ok(loads)
}

async fn compare(
    arena: &Arena,
    operation: &Operation,
    clients: usize,
    calls: usize,
) -> Result<Pair<Throughput>> {
    let mut runs: Pair<Vec<LoadRun>> = Default::default();
    for _ in 0..TURNS {
        for (contestant, runs) in arena.contestants.iter().zip(&mut runs) {
            runs.push(load_run(arena, operation, contestant, (clients, calls)).await?);
        }
    }
    Ok(runs.map(Throughput::of))
}

/// One run of all clients.
struct LoadRun {
    lasted: Duration,
    took: Vec<Duration>,
}

/// Each of `clients` clients sends `calls` calls.
async fn load_run(
    arena: &Arena,
    operation: &Operation,
    contestant: &Contestant,
    (clients, calls): (usize, usize),
) -> Result<LoadRun> {
    let works = (0..clients).map(|client| {
        let works = (0..calls).map(|_| arena.work(operation, contestant, client));
        works.collect::<Result<Vec<Work>>>()
    });
    let works: Vec<Vec<Work>> = works.collect::<Result<_>>()?;
    let began = Instant::now();
    let took = try_join_all(works.iter().map(|works| one_client(contestant, works))).await?;
    Ok(LoadRun {
        lasted: began.elapsed(),
        took: took.concat(),
    })
}

async fn one_client(contestant: &Contestant, works: &[Work]) -> Result<Vec<Duration>> {
    let mut took = Vec::with_capacity(works.len());
    for work in works {
        let responses = contestant.run(work).await?;
        took.push(responses.iter().map(|response| response.took).sum());
    }
    Ok(took)
}

impl Throughput {
    fn of(runs: Vec<LoadRun>) -> Self {
        let lasted: Duration = runs.iter().map(|run| run.lasted).sum();
        let took: Times = runs.into_iter().flat_map(|run| run.took).collect();
        Self {
            rate: took.count() as f64 / lasted.as_secs_f64(),
            took,
        }
    }
}
