//! Many clients at once, each with a call under way all the time.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::Result;
use crate::measure::{Arena, Contestant, Pair};
use crate::operations::{OPERATIONS, Operation, Work};
use crate::options::Scale;
use crate::statistics::Times;

/// What is added to each round trip meanwhile: a database in the same region.
pub const LATENCY: Duration = Duration::from_millis(2);
/// How often the sides take turns.
const TURNS: usize = 2;

/// How an operation went with so many clients.
#[derive(Debug)]
pub struct Load {
    pub operation: &'static str,
    pub clients: usize,
    pub throughput: Pair<Throughput>,
}

/// How much a side got done.
#[derive(Clone, Debug, Default)]
pub struct Throughput {
    /// Calls per second.
    pub rate: f64,
    /// How long each of them took.
    pub took: Times,
}

/// Measures what takes part in it, with each number of clients.
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
    let mut goes: Pair<Vec<Go>> = Default::default();
    for _ in 0..TURNS {
        for (contestant, goes) in arena.contestants.iter().zip(&mut goes) {
            goes.push(go(arena, operation, contestant, (clients, calls)).await?);
        }
    }
    Ok(goes.map(Throughput::of))
}

/// One go of all clients.
struct Go {
    lasted: Duration,
    took: Vec<Duration>,
}

/// `calls` calls of each of `clients` clients.
async fn go(
    arena: &Arena,
    operation: &Operation,
    contestant: &Contestant,
    (clients, calls): (usize, usize),
) -> Result<Go> {
    let works = (0..clients).map(|client| {
        let works = (0..calls).map(|_| arena.work(operation, contestant, client));
        works.collect::<Result<Vec<Work>>>()
    });
    let works: Vec<Vec<Work>> = works.collect::<Result<_>>()?;
    let began = Instant::now();
    let took = try_join_all(works.iter().map(|works| one_client(contestant, works))).await?;
    Ok(Go {
        lasted: began.elapsed(),
        took: took.concat(),
    })
}

async fn one_client(contestant: &Contestant, works: &[Work]) -> Result<Vec<Duration>> {
    let mut took = Vec::with_capacity(works.len());
    for work in works {
        let answers = contestant.run(work).await?;
        took.push(answers.iter().map(|answer| answer.took).sum());
    }
    Ok(took)
}

impl Throughput {
    fn of(goes: Vec<Go>) -> Self {
        let lasted: Duration = goes.iter().map(|go| go.lasted).sum();
        let took: Times = goes.into_iter().flat_map(|go| go.took).collect();
        Self {
            rate: took.count() as f64 / lasted.as_secs_f64(),
            took,
        }
    }
}
