//! Failures on demand, for tests of clients.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Served normally after this time.
    Delay(Duration),
    /// Answered with this status and a short body that is no JSON, without running the commands.
    Status {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// Answered 200 with bytes that are no JSON, without running the commands.
    Garbage,
    /// The connection is closed without an answer and without running the commands.
    CutBefore,
    /// The commands run, then the connection is closed without an answer.
    CutAfter,
    /// The store is full: each write is answered `ERR DB capacity quota exceeded...`, while reads
    /// and deletions run.
    CapacityError,
    /// Each command is answered `ERR max daily request limit exceeded...`.
    QuotaError,
    /// Each command is answered `ERR max requests limit exceeded...`, as since the limit is monthly.
    MonthlyQuotaError,
}

/// The handle that makes a front's requests fail; clones share the same plan.
///
/// The plan concerns command requests, in the order they arrive with a valid token and body.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
    refuse: Arc<watch::Sender<bool>>,
    refused: watch::Receiver<bool>,
}

struct Shared {
    /// False while the plan is empty, to spare requests the lock.
    armed: AtomicBool,
    on_subscribe: AtomicBool,
    latency_micros: AtomicU64,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    queue: VecDeque<(Fault, u32)>,
    random: Option<Random>,
}

struct Random {
    rng: Rng,
    mix: Vec<(f64, Fault)>,
}

/// The server's end of [`Faults::refuse`].
pub struct PortGate {
    /// What is asked for.
    pub refuse: watch::Receiver<bool>,
    /// What is the case.
    pub refused: watch::Sender<bool>,
}

impl Faults {
    /// Without any fault; the second value is for the server.
    pub(super) fn new() -> (Self, PortGate) {
        let (refuse, asked) = watch::channel(false);
        let (done, refused) = watch::channel(false);
        let shared = Shared {
            armed: AtomicBool::new(false),
            on_subscribe: AtomicBool::new(false),
            latency_micros: AtomicU64::new(0),
            plan: Mutex::default(),
        };
        let faults = Self {
            shared: Arc::new(shared),
            refuse: Arc::new(refuse),
            refused,
        };
        let gate = PortGate {
            refuse: asked,
            refused: done,
        };
        (faults, gate)
    }

    /// Gives the fault to each of the next `times` requests, after the faults pushed before.
    pub fn push(&self, fault: Fault, times: u32) {
        if times > 0 {
            self.plan().queue.push_back((fault, times));
            self.shared.armed.store(true, Relaxed);
        }
    }

    /// Gives each request that has no pushed fault one of `mix` with the probability before it, or
    /// none with what is left to 1. The same seed gives the same sequence.
    pub fn random(&self, seed: u64, mix: impl IntoIterator<Item = (f64, Fault)>) {
        let rng = Rng::with_seed(seed);
        let mix = mix.into_iter().collect();
        self.plan().random = Some(Random { rng, mix });
        self.shared.armed.store(true, Relaxed);
    }

    /// Forgets the pushed and the random faults; latency and refusal stay as they are.
    pub fn clear(&self) {
        let mut plan = self.plan();
        *plan = Plan::default();
        self.shared.armed.store(false, Relaxed);
    }

    /// Whether subscriptions take faults too; at first they do not. The capacity and quota errors
    /// concern commands, so a subscription that takes one is served.
    pub fn set_on_subscribe(&self, on: bool) {
        self.shared.on_subscribe.store(on, Relaxed);
    }

    /// Adds this time to each command request, in the timer's steps of a millisecond.
    pub fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.shared.latency_micros.store(micros, Relaxed);
    }

    /// Closes the port and every connection, or opens the port again; returns when that is done.
    ///
    /// While closed, the port is free for another process to take; opening then waits for it.
    pub async fn refuse(&self, refuse: bool) {
        self.refuse.send_replace(refuse);
        let mut refused = self.refused.clone();
        // Fails when the front has stopped, and then there is nothing to wait for.
        let _ = refused.wait_for(|now| *now == refuse).await;
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_micros(self.shared.latency_micros.load(Relaxed))
    }

    /// The fault of this command request.
    pub(super) fn take(&self) -> Option<Fault> {
        if !self.shared.armed.load(Relaxed) {
            return None;
        }
        let mut plan = self.plan();
        let fault = plan.take();
        self.shared.armed.store(!plan.is_empty(), Relaxed);
        fault
    }

    /// The fault of this subscription.
    pub(super) fn take_for_subscribe(&self) -> Option<Fault> {
        let on = self.shared.on_subscribe.load(Relaxed);
        on.then(|| self.take()).flatten()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        // Nothing panics while the lock is held, and a plan is whole at every moment.
        let plan = self.shared.plan.lock();
        plan.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.random.is_none()
    }

    fn take(&mut self) -> Option<Fault> {
        let Some((fault, times)) = self.queue.front_mut() else {
            return self.random.as_mut()?.draw();
        };
        let fault = fault.clone();
        *times -= 1;
        if *times == 0 {
            self.queue.pop_front();
        }
        Some(fault)
    }
}

impl Random {
    fn draw(&mut self) -> Option<Fault> {
        let mut left = self.rng.f64();
        for (probability, fault) in &self.mix {
            if left < *probability {
                return Some(fault.clone());
            }
            left -= probability;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushed_faults_come_first_and_in_order() {
        let (faults, _gate) = Faults::new();
        faults.random(1, [(1.0, Fault::Garbage)]);
        faults.push(Fault::CutAfter, 2);
        faults.push(Fault::QuotaError, 1);
        let taken: Vec<_> = (0..4).filter_map(|_| faults.take()).collect();
        let (twice, once) = (Fault::CutAfter, Fault::QuotaError);
        assert_eq!(taken, [twice.clone(), twice, once, Fault::Garbage]);
        faults.clear();
        assert_eq!(faults.take(), None);
    }

    #[test]
    fn a_seed_repeats_the_same_mix() {
        let draw = |seed| {
            let (faults, _gate) = Faults::new();
            faults.random(seed, [(0.2, Fault::CutBefore), (0.3, Fault::CutAfter)]);
            (0..1000).map(|_| faults.take()).collect::<Vec<_>>()
        };
        let drawn = draw(7);
        assert_eq!(drawn, draw(7));
        assert_ne!(drawn, draw(8));
        let none = drawn.iter().filter(|fault| fault.is_none()).count();
        assert!((400..600).contains(&none), "{none}");
    }
}
