//! Failures on demand, for tests of clients: which fault meets which request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::hold::{Held, Hold};
use crate::rules::{Full, ScriptFailure};

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Served normally after this time.
    Delay(Duration),
    /// A response with this status and a short body that is not JSON; the commands do not run.
    Status {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// A 200 response with bytes that are not JSON; the commands do not run.
    Garbage,
    /// The connection is closed without a response, and the commands do not run.
    CutBefore,
    /// The commands run, then the connection is closed without a response.
    CutAfter,
    /// The store is full: commands that may add data fail with `ERR DB capacity quota exceeded...`. So do
    /// scripts, unless they run by a read-only command or their flags include `no-writes` or `allow-oom`.
    CapacityError,
    /// One command of the request's first script does not run and replies with an error, which `redis.call`
    /// raises. Earlier writes of the script stay, as Redis rolls nothing back; if the script continues, later
    /// calls run. A script with fewer calls runs normally: see [`Faults::take_fired`].
    ///
    /// While the store does not know the script (`NOSCRIPT`), the fault waits for the next request.
    ScriptCommand {
        /// Which of the script's calls of `redis.call` and `redis.pcall`, from 1.
        nth: u32,
        /// The text of the error, its code first.
        error: String,
    },
    /// Each command fails with `ERR max daily request limit exceeded...`.
    QuotaError,
    /// Each command fails with `ERR max requests limit exceeded...`, the text since the limit became monthly.
    MonthlyQuotaError,
}

/// The handle that makes a front's requests fail; clones share the same schedule.
///
/// The schedule covers command requests, in the order in which they arrive with a valid token and body.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
    refuse: Arc<watch::Sender<bool>>,
    refused: watch::Receiver<bool>,
}

struct Shared {
    /// False while the schedule is empty, which saves requests the lock.
    armed: AtomicBool,
    on_subscribe: AtomicBool,
    fired: AtomicBool,
    latency_micros: AtomicU64,
    full: Mutex<Option<Full>>,
    schedule: Mutex<Schedule>,
}

#[derive(Default)]
struct Schedule {
    queue: VecDeque<(Scheduled, u32)>,
    random: Option<Random>,
}

/// What the schedule holds for one request.
#[derive(Clone, Default)]
pub(super) struct Scheduled {
    /// What goes wrong with the request.
    pub fault: Option<Fault>,
    /// What the request waits for before it runs.
    pub held: Option<Arc<Held>>,
}

impl From<Fault> for Scheduled {
    fn from(fault: Fault) -> Self {
        let (fault, held) = (Some(fault), None);
        Self { fault, held }
    }
}

struct Random {
    rng: Rng,
    mix: Vec<(f64, Fault)>,
}

/// The server's side of [`Faults::refuse`].
pub struct PortGate {
    /// Whether the port is to be closed.
    pub refuse: watch::Receiver<bool>,
    /// Whether the port is closed.
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
            fired: AtomicBool::new(false),
            latency_micros: AtomicU64::new(0),
            full: Mutex::default(),
            schedule: Mutex::default(),
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
        self.schedule(fault.into(), times);
    }

    /// Lets the next `times` requests after those already scheduled pass without a fault.
    pub fn pass(&self, times: u32) {
        self.schedule(Scheduled::default(), times);
    }

    /// Gives the fault to the `k`-th request (from 1) after those already scheduled.
    pub fn on_request(&self, k: u32, fault: Fault) {
        self.pass(k.saturating_sub(1));
        self.push(fault, 1);
    }

    /// Holds the next request after those already scheduled: it runs once the handle releases it, even if the
    /// client has disconnected by then.
    pub fn hold_next(&self) -> Hold {
        let (hold, held) = Hold::new();
        let (fault, held) = (None, Some(held));
        self.schedule(Scheduled { fault, held }, 1);
        hold
    }

    /// Makes the store full until this is called with `None`.
    pub fn set_full(&self, full: Option<Full>) {
        *self.lock_full() = full;
    }

    /// Whether a [`Fault::ScriptCommand`] has met a command since the last call: a loop over the commands of a
    /// script ends when it has not.
    pub fn take_fired(&self) -> bool {
        self.shared.fired.swap(false, Relaxed)
    }

    /// Gives each request without a scheduled fault one of `mix`, each with its probability, and none with the
    /// remaining probability. The same seed gives the same sequence.
    pub fn random(&self, seed: u64, mix: impl IntoIterator<Item = (f64, Fault)>) {
        let rng = Rng::with_seed(seed);
        let mix = mix.into_iter().collect();
        self.lock_schedule().random = Some(Random { rng, mix });
        self.shared.armed.store(true, Relaxed);
    }

    /// Drops the scheduled and the random faults. Latency, refusal, fullness and held requests are unaffected.
    pub fn clear(&self) {
        let mut schedule = self.lock_schedule();
        *schedule = Schedule::default();
        self.shared.armed.store(false, Relaxed);
    }

    /// Sets whether subscriptions take faults too, which they do not by default. The capacity and quota errors
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
    /// While closed, the port is free for another process; opening then waits until that process releases it.
    pub async fn refuse(&self, refuse: bool) {
        self.refuse.send_replace(refuse);
        let mut refused = self.refused.clone();
        // Fails when the front has stopped, and then there is nothing to wait for.
        let _ = refused.wait_for(|now| *now == refuse).await;
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_micros(self.shared.latency_micros.load(Relaxed))
    }

    pub(super) fn full(&self) -> Option<Full> {
        *self.lock_full()
    }

    /// What is scheduled for this command request.
    pub(super) fn take(&self) -> Scheduled {
        if !self.shared.armed.load(Relaxed) {
            return Scheduled::default();
        }
        let mut schedule = self.lock_schedule();
        let scheduled = schedule.take();
        self.shared.armed.store(!schedule.is_empty(), Relaxed);
        scheduled
    }

    /// What is scheduled for this subscription.
    pub(super) fn take_for_subscribe(&self) -> Scheduled {
        let on = self.shared.on_subscribe.load(Relaxed);
        if on {
            self.take()
        } else {
            Scheduled::default()
        }
    }

    /// The failure of a script has met a command.
    pub(super) fn set_fired(&self) {
        self.shared.fired.store(true, Relaxed);
    }

    /// Schedules for the next request a failure whose script did not run in this one.
    pub(super) fn put_back(&self, failure: ScriptFailure) {
        let ScriptFailure { nth, error } = failure;
        let fault = Fault::ScriptCommand { nth, error };
        self.lock_schedule().queue.push_front((fault.into(), 1));
        self.shared.armed.store(true, Relaxed);
    }

    fn schedule(&self, scheduled: Scheduled, times: u32) {
        if times > 0 {
            self.lock_schedule().queue.push_back((scheduled, times));
            self.shared.armed.store(true, Relaxed);
        }
    }

    fn lock_full(&self) -> MutexGuard<'_, Option<Full>> {
        let full = self.shared.full.lock();
        full.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_schedule(&self) -> MutexGuard<'_, Schedule> {
        // Nothing panics while the lock is held, and the schedule is consistent at every moment.
        let schedule = self.shared.schedule.lock();
        schedule.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Schedule {
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.random.is_none()
    }

    fn take(&mut self) -> Scheduled {
        let Some((scheduled, times)) = self.queue.front_mut() else {
            let drawn = self.random.as_mut().and_then(Random::draw);
            return drawn.map(Scheduled::from).unwrap_or_default();
        };
        let scheduled = scheduled.clone();
        *times -= 1;
        if *times == 0 {
            self.queue.pop_front();
        }
        scheduled
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
        let taken: Vec<_> = (0..4).filter_map(|_| faults.take().fault).collect();
        let (twice, once) = (Fault::CutAfter, Fault::QuotaError);
        assert_eq!(taken, [twice.clone(), twice, once, Fault::Garbage]);
        faults.clear();
        assert_eq!(faults.take().fault, None);
    }

    #[test]
    fn a_fault_can_be_scheduled_for_a_later_request() {
        let (faults, _gate) = Faults::new();
        faults.on_request(3, Fault::Garbage);
        faults.on_request(2, Fault::CutBefore);
        let taken: Vec<_> = (0..6).map(|_| faults.take().fault).collect();
        let (third, fifth) = (Some(Fault::Garbage), Some(Fault::CutBefore));
        assert_eq!(taken, [None, None, third, None, fifth, None]);
    }

    #[test]
    fn a_seed_repeats_the_same_mix() {
        let draw = |seed| {
            let (faults, _gate) = Faults::new();
            faults.random(seed, [(0.2, Fault::CutBefore), (0.3, Fault::CutAfter)]);
            (0..1000).map(|_| faults.take().fault).collect::<Vec<_>>()
        };
        let drawn = draw(7);
        assert_eq!(drawn, draw(7));
        assert_ne!(drawn, draw(8));
        let none = drawn.iter().filter(|fault| fault.is_none()).count();
        assert!((400..600).contains(&none), "{none}");
    }
}
