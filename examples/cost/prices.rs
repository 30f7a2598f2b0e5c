//! What Upstash and Vercel charge, and what follows for a month of many users.

use crate::common::day::Day;

/// Upstash's pay as you go, November 2026: dollars per command, and per byte and month above the first gigabyte.
const PER_COMMAND: f64 = 0.20 / 100_000.0;
const PER_BYTE: f64 = 0.25 / 1e9;
const FREE_BYTES: f64 = 1e9;

/// Vercel's Fluid compute on demand, in Washington, D.C. (iad1), as documented in 2026: dollars.
const PER_INVOCATION: f64 = 0.60 / 1e6;
const PER_CPU_HOUR: f64 = 0.128;
const PER_GB_HOUR: f64 = 0.0106;
/// What Hobby includes in a month: invocations, hours of CPU, GB-hours of memory.
pub const HOBBY: [f64; 3] = [1e6, 4.0, 360.0];
/// The memory of an instance, GB: the standard, and the only size on Hobby.
const INSTANCE: f64 = 2.0;

const DAYS: f64 = 30.0;
const HOUR: f64 = 3_600.0;
const DAY_SECONDS: f64 = 24.0 * HOUR;

/// Assumed: for how long a request that is no stream keeps an instance, s, and that no other request shares it.
pub const REQUEST_SECONDS: f64 = 0.05;
/// Assumed: the least CPU time an invocation is billed, s. It covers what is not measured here: TLS, and starts of instances.
pub const LEAST_CPU: f64 = 0.001;

/// What a user costs.
#[derive(Clone, Copy)]
pub struct User {
    pub day: Day,
    /// Stored.
    pub bytes: f64,
    /// CPU time of an invocation, s.
    pub request_cpu: f64,
    /// CPU time of an hour of a stream, s.
    pub stream_cpu: f64,
}

/// A month of so many users, in dollars.
pub struct Month {
    pub commands: f64,
    pub storage: f64,
    pub invocations: f64,
    pub cpu: f64,
    pub memory: f64,
    /// The quantities that Hobby limits.
    pub used: [f64; 3],
}

impl Month {
    /// `shared`: how many streams are in one instance at most.
    pub fn of(users: f64, user: &User, shared: f64) -> Self {
        let day = &user.day;
        let (requests, streamed) = (day.requests as f64, day.stream_seconds as f64);
        let invocations = users * requests * DAYS;
        let cpu_seconds =
            requests * user.request_cpu.max(LEAST_CPU) + streamed / HOUR * user.stream_cpu;
        let cpu_hours = users * cpu_seconds * DAYS / HOUR;
        let of_requests = users * (requests - day.streams as f64) * REQUEST_SECONDS / HOUR;
        let of_streams = instances(users * streamed / DAY_SECONDS, shared) * 24.0;
        let gb_hours = (of_requests + of_streams) * INSTANCE * DAYS;
        Self {
            commands: users * day.commands as f64 * DAYS * PER_COMMAND,
            storage: (users * user.bytes - FREE_BYTES).max(0.0) * PER_BYTE,
            invocations: invocations * PER_INVOCATION,
            cpu: cpu_hours * PER_CPU_HOUR,
            memory: gb_hours * PER_GB_HOUR,
            used: [invocations, cpu_hours, gb_hours],
        }
    }

    pub fn total(&self) -> f64 {
        self.commands + self.storage + self.invocations + self.cpu + self.memory
    }
}

/// How many instances are open on average, with so many streams open on average at times that do not depend on one another:
/// full ones, but one for as long as there is any stream.
fn instances(streams: f64, shared: f64) -> f64 {
    let any = 1.0 - (-streams).exp();
    if shared <= 1.0 {
        streams
    } else {
        (streams / shared).max(any)
    }
}

/// What an hour of listening by a stream costs, in dollars, where `shared` are in one instance.
pub fn stream_hour(commands: f64, seconds: f64, shared: f64, cpu: f64) -> f64 {
    let streams = HOUR / seconds;
    let memory = INSTANCE * PER_GB_HOUR / shared;
    streams * (commands * PER_COMMAND + PER_INVOCATION + LEAST_CPU / HOUR * PER_CPU_HOUR)
        + memory
        + cpu / HOUR * PER_CPU_HOUR
}

/// What asking once costs, in dollars.
pub fn poll(commands: f64) -> f64 {
    let memory = REQUEST_SECONDS / HOUR * INSTANCE * PER_GB_HOUR;
    commands * PER_COMMAND + PER_INVOCATION + LEAST_CPU / HOUR * PER_CPU_HOUR + memory
}
