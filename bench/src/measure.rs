//! One operation after the other, the sides taking turns.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Answer, Client};
use crate::database::Database;
use crate::footprint::FirstCall;
use crate::operations::{OPERATIONS, Operation, Setting, Work};
use crate::options::Scale;
use crate::process::Memory;
use crate::side::{Deployment, Launcher, Side};
use crate::statistics::Times;
use crate::world::{Users, World};

/// Everything that runs.
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

/// What one round of an operation costs, whatever the time it takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Requests of the page to the side.
    pub calls: usize,
    /// Requests of the side to the database.
    pub requests: u64,
    /// How many of these had to wait for one another.
    pub round_trips: u64,
    /// Commands that Upstash bills.
    pub commands: u64,
    /// Bytes from the page and to it.
    pub page: (u64, u64),
    /// Bytes to the database and from it.
    pub database: (u64, u64),
}

/// How long the rounds of an operation took.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Until the page has the whole answer.
    pub took: Times,
    /// In the function, without the time it waited for the database; where answers tell.
    pub overhead: Times,
    /// What of a round is not the database's time, at the mean; where calls do not overlap.
    pub outside: Option<Duration>,
    /// How long the side's threads ran for a round.
    pub cpu: Duration,
}

/// Both sides, the functions first.
pub type Pair<T> = [T; 2];

/// All timings with one latency added, in the order of the operations.
#[derive(Debug)]
pub struct Sweep {
    pub latency: Duration,
    pub timings: Vec<Pair<Timing>>,
}

impl Arena {
    /// Starts both sides, and fills them.
    pub async fn start(database: Database, launcher: &Launcher, scale: &Scale) -> Result<Self> {
        let world = World::new(scale)?;
        let [functions, plan] = Side::BOTH;
        let contestants = [
            Contestant::start(functions, launcher, &world).await?,
            Contestant::start(plan, launcher, &world).await?,
        ];
        Ok(Self {
            database,
            contestants,
            world,
            number: AtomicUsize::new(0),
        })
    }

    /// What each operation costs, when it is not the first of a minute or a day, which costs a little more.
    pub async fn costs(&self) -> Result<Vec<Pair<Cost>>> {
        let mut costs = Vec::with_capacity(OPERATIONS.len());
        for operation in &OPERATIONS {
            let mut pair = <Pair<Cost>>::default();
            for (contestant, cost) in self.contestants.iter().zip(&mut pair) {
                self.prove(operation, contestant).await?;
                let first = self.cost(operation, contestant).await?;
                let second = self.cost(operation, contestant).await?;
                *cost = std::cmp::min_by_key(first, second, |cost| cost.commands);
            }
            costs.push(pair);
        }
        Ok(costs)
    }

    /// How each side is asked for its list by somebody who knows nothing of clients.
    pub fn first_calls(&self) -> Result<Pair<FirstCall>> {
        let [functions, plan] = &self.contestants;
        Ok([functions.first_call()?, plan.first_call()?])
    }

    /// The memory of each process.
    pub fn memory(&self) -> Vec<(&'static str, Memory)> {
        let contestants = self.contestants.iter();
        let servers = contestants.flat_map(|contestant| contestant.client.deployment.servers());
        servers
            .filter_map(|(name, server)| Some((name, server.memory()?)))
            .collect()
    }

    /// Measures every operation with so much added to each round trip to the database.
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

    /// The calls of the next round of an operation, for one of the clients that work at the same time.
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

    /// Fails where an operation does not bring about what it has to.
    async fn prove(&self, operation: &Operation, contestant: &Contestant) -> Result<()> {
        let setting = self.setting(contestant, 0);
        let (work, proof) = (operation.work(&setting)?, operation.proof(&setting)?);
        let answers = contestant.run(&work).await?;
        let checked = match &proof.read {
            None => answers.last().map(|answer| answer.body.clone()),
            Some(call) => {
                let answer = contestant.client.send(Some(&work.user), call).await?;
                Some(answer.body)
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
        let answers = contestant.run(&work).await?;
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
                answers.iter().map(|answer| answer.body.len() as u64).sum(),
            ),
            database: (
                after.0.received - before.0.received,
                after.0.sent - before.0.sent,
            ),
        })
    }

    /// A tenth of the rounds come first, and are forgotten.
    async fn time(&self, operation: &Operation, rounds: usize) -> Result<Pair<Timing>> {
        for _ in 0..rounds.div_ceil(10) {
            for contestant in &self.contestants {
                self.round(operation, contestant).await?;
            }
        }
        let mut rows: Pair<Vec<Round>> = Default::default();
        for round in 0..rounds {
            // Who goes first changes, so that neither always finds what the other has left behind.
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
        let answers = contestant.run(&work).await?;
        let took = began.elapsed();
        let cpu = contestant.client.deployment.cpu().saturating_sub(cpu);
        let busy = self.database.counts().busy - busy;
        contestant.clean_up(&work).await?;
        let answer = answers.first().filter(|_| work.calls.len() == 1);
        Ok(Round {
            took,
            overhead: answer.and_then(|answer| answer.overhead),
            outside: answer.map(|answer| answer.took.saturating_sub(busy)),
            cpu,
        })
    }
}

impl Contestant {
    async fn start(side: Side, launcher: &Launcher, world: &World) -> Result<Self> {
        let client = Client::new(side, Deployment::start(side, launcher)?);
        let users = world.settle(&client).await?;
        Ok(Self { client, users })
    }

    /// Makes the calls of a round.
    pub async fn run(&self, work: &Work) -> Result<Vec<Answer>> {
        self.client
            .send_all(&work.user, &work.calls, work.lanes)
            .await
    }

    fn first_call(&self) -> Result<FirstCall> {
        let (name, value) = &self.users.reader.header;
        Ok(FirstCall {
            path: match self.client.side {
                Side::Functions => "/api/conversations",
                Side::Plan => "/api/conversations?view=list&limit=20",
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
