//! Measuring the operations one by one: costs and times, alternating between the sides.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Client, Response};
use crate::database::Database;
use crate::footprint::FirstCall;
use crate::operations::{OPERATIONS, Operation, Setting, Work};
use crate::options::Scale;
use crate::process::Memory;
use crate::side::{Deployment, Launcher, Pair, Side};
use crate::statistics::Times;
use crate::world::{Users, World};

/// The database and both sides, filled with data.
pub struct Arena {
    pub database: Database,
    pub contestants: [Contestant; 2],
    world: World,
    number: AtomicUsize,
}

/// A side with its users.
pub struct Contestant {
    pub client: Client,
    users: Users,
}

/// The cost of one round of an operation, apart from time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Requests from the page to the side.
    pub calls: usize,
    /// Requests from the side to the database.
    pub requests: u64,
    /// Requests to the database that had to wait for one another.
    pub round_trips: u64,
    /// Commands that Upstash bills.
    pub commands: u64,
    /// Bytes from the page and to the page.
    pub page: (u64, u64),
    /// Bytes to the database and from the database.
    pub database: (u64, u64),
}

/// The times of an operation's rounds.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Until the page has the whole response.
    pub took: Times,
    /// In the function without the wait for the database, where responses state it.
    pub overhead: Times,
    /// The mean time of a round outside the database, where calls do not overlap.
    pub outside: Option<Duration>,
    /// The CPU time of the side per round.
    pub cpu: Duration,
}

/// All timings at one added latency, in the order of the operations.
#[derive(Debug)]
pub struct Sweep {
    pub latency: Duration,
    pub timings: Vec<Pair<Timing>>,
}

impl Arena {
    /// Starts both sides and fills them with data.
    pub async fn start(database: Database, launcher: &Launcher, scale: &Scale) -> Result<Self> {
        let world = World::new(scale)?;
        let [functions, baseline] = Side::BOTH;
        let contestants = [
            Contestant::start(functions, launcher, &world).await?,
            Contestant::start(baseline, launcher, &world).await?,
        ];
        Ok(Self {
            database,
            contestants,
            world,
            number: AtomicUsize::new(0),
        })
    }

    /// The cost of each operation. The cheaper of two rounds counts: the first of a minute or day costs a little more.
    pub async fn costs(&self) -> Result<Vec<Pair<Cost>>> {
        let mut costs = Vec::with_capacity(OPERATIONS.len());
        for operation in &OPERATIONS {
            let mut pair = <Pair<Cost>>::default();
            for (contestant, cost) in self.contestants.iter().zip(&mut pair) {
                self.verify(operation, contestant).await?;
                let first = self.cost(operation, contestant).await?;
                let second = self.cost(operation, contestant).await?;
                *cost = std::cmp::min_by_key(first, second, |cost| cost.commands);
            }
            costs.push(pair);
        }
        Ok(costs)
    }

    /// The first request to a fresh process, for each side.
    pub fn first_calls(&self) -> Result<Pair<FirstCall>> {
        let [functions, baseline] = &self.contestants;
        Ok([functions.first_call()?, baseline.first_call()?])
    }

    /// The memory of each process.
    pub fn memory(&self) -> Vec<(&'static str, Memory)> {
        let contestants = self.contestants.iter();
        let servers = contestants.flat_map(|contestant| contestant.client.deployment.servers());
        servers
            .filter_map(|(name, server)| Some((name, server.memory()?)))
            .collect()
    }

    /// Measures every operation with this latency added to each round trip to the database.
    pub async fn sweep(&self, latency: Duration, scale: &Scale) -> Result<Sweep> {
        self.database.set_latency(latency);
        let mut timings = Vec::with_capacity(OPERATIONS.len());
        for operation in &OPERATIONS {
            println!("{} ms: {}", latency.as_millis(), operation.name);
            timings.push(self.time(operation, operation.weight.rounds(scale)).await?);
        }
        self.database.set_latency(Duration::ZERO);
        Ok(Sweep { latency, timings })
    }

    /// The calls of the next round of an operation, for one of the concurrent clients.
    pub fn work(
        &self,
        operation: &Operation,
        contestant: &Contestant,
        client: usize,
    ) -> Result<Work> {
        operation.work(&self.setting(contestant, client))
    }

    fn setting<'a>(&'a self, contestant: &'a Contestant, client: usize) -> Setting<'a> {
        Setting {
            side: contestant.client.side,
            world: &self.world,
            users: &contestant.users,
            number: self.number.fetch_add(1, Relaxed),
            client,
        }
    }

    /// Fails if an operation does not have the expected effect.
    async fn verify(&self, operation: &Operation, contestant: &Contestant) -> Result<()> {
        let setting = self.setting(contestant, 0);
        let (work, proof) = (operation.work(&setting)?, operation.proof(&setting)?);
        let responses = contestant.run(&work).await?;
        let checked = match &proof.read {
            None => responses.last().map(|response| response.body.clone()),
            Some(call) => {
                let response = contestant.client.send(Some(&work.user), call).await?;
                Some(response.body)
            }
        };
        let name = format!("{}, {}", operation.name, contestant.client.side.label());
        proof
            .check(&checked.ok_or("an operation without calls")?)
            .map_err(|error| format!("{name}: {error}"))?;
        contestant.clean_up(&work).await
    }

    async fn cost(&self, operation: &Operation, contestant: &Contestant) -> Result<Cost> {
        let work = self.work(operation, contestant, 0)?;
        let before = (self.database.counts(), self.database.commands().await?);
        let responses = contestant.run(&work).await?;
        let after = (self.database.counts(), self.database.commands().await?);
        contestant.clean_up(&work).await?;
        let requests = after.0.requests - before.0.requests;
        Ok(Cost {
            calls: work.calls.len(),
            requests,
            round_trips: requests.div_ceil(work.lanes.min(work.calls.len()) as u64),
            commands: after.1 - before.1,
            page: (
                work.calls.iter().map(|call| call.size() as u64).sum(),
                responses
                    .iter()
                    .map(|response| response.body.len() as u64)
                    .sum(),
            ),
            database: (
                after.0.received - before.0.received,
                after.0.sent - before.0.sent,
            ),
        })
    }

    /// Warms up with a tenth of the rounds, which are discarded.
    async fn time(&self, operation: &Operation, rounds: usize) -> Result<Pair<Timing>> {
        for _ in 0..rounds.div_ceil(10) {
            for contestant in &self.contestants {
                self.round(operation, contestant).await?;
            }
        }
        let mut rows: Pair<Vec<Round>> = Default::default();
        for round in 0..rounds {
            // The order alternates, so that neither side always runs on caches left by the other.
            for turn in [round % 2, 1 - round % 2] {
                rows[turn].push(self.round(operation, &self.contestants[turn]).await?);
            }
        }
        Ok(rows.map(Timing::of))
    }

    async fn round(&self, operation: &Operation, contestant: &Contestant) -> Result<Round> {
        let work = self.work(operation, contestant, 0)?;
        let (busy, cpu) = (
            self.database.counts().busy,
            contestant.client.deployment.cpu(),
        );
        let began = Instant::now();
        let responses = contestant.run(&work).await?;
        let took = began.elapsed();
        let cpu = contestant.client.deployment.cpu().saturating_sub(cpu);
        let busy = self.database.counts().busy - busy;
        contestant.clean_up(&work).await?;
        let response = responses.first().filter(|_| work.calls.len() == 1);
        Ok(Round {
            took,
            overhead: response.and_then(|response| response.overhead),
            outside: response.map(|response| response.took.saturating_sub(busy)),
            cpu,
        })
    }
}

impl Contestant {
    async fn start(side: Side, launcher: &Launcher, world: &World) -> Result<Self> {
        let client = Client::new(side, Deployment::start(side, launcher)?);
        let users = world.populate(&client).await?;
        Ok(Self { client, users })
    }

    /// Sends the calls of a round.
    pub async fn run(&self, work: &Work) -> Result<Vec<Response>> {
        self.client
            .send_all(&work.user, &work.calls, work.lanes)
            .await
    }

    fn first_call(&self) -> Result<FirstCall> {
        let (name, value) = &self.users.reader.header;
        Ok(FirstCall {
            path: match self.client.side {
                Side::Functions => "/api/conversations",
                Side::Baseline => "/api/conversations?view=list&limit=20",
            },
            header: (name.to_string(), value.to_str()?.to_owned()),
        })
    }

    async fn clean_up(&self, work: &Work) -> Result<()> {
        let calls = self.client.send_all(&work.user, &work.cleanup, work.lanes);
        calls.await.map(drop)
    }
}

/// One round of an operation.
struct Round {
    took: Duration,
    overhead: Option<Duration>,
    outside: Option<Duration>,
    cpu: Duration,
}

impl Timing {
    fn of(rounds: Vec<Round>) -> Self {
        let count = u32::try_from(rounds.len()).unwrap_or(u32::MAX).max(1);
        let outside: Option<Duration> = rounds.iter().map(|round| round.outside).sum();
        Self {
            outside: outside.map(|sum| sum / count),
            cpu: rounds.iter().map(|round| round.cpu).sum::<Duration>() / count,
            overhead: rounds.iter().filter_map(|round| round.overhead).collect(),
            took: rounds.into_iter().map(|round| round.took).collect(),
        }
    }
}
