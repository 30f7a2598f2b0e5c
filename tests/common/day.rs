//! The profile of a user's day, whose costs are counted: 3 starts of the app, 10 conversations opened, 60 messages in 30 turns, 8 hours
//! with the page visible half of the time. Played by the browser module in Node.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::{Site, repository};

/// The most commands that it may cost at one device that has its conversations; `tests/it/module.rs` and
/// `tests/browser/day.rs` count it.
pub const ALLOWED: u64 = 370;

/// The cost of a user's day for the database and the functions, on all of the user's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Billed commands.
    pub commands: u64,
    /// Invocations: every request that reaches the service, including streams.
    pub requests: u64,
    pub streams: u64,
    /// For how long streams were open, all of them added up.
    pub stream_seconds: u64,
    /// For how long at least one of them was.
    pub open_seconds: u64,
}

/// At most, on a device that has its conversations: it polls, and opens no stream.
pub const ONE_DEVICE: Day = Day {
    commands: ALLOWED,
    requests: 70,
    streams: 0,
    stream_seconds: 0,
    open_seconds: 0,
};

/// At most, on a device that has nothing yet.
pub const NEW_DEVICE: Day = Day {
    commands: 440,
    requests: 80,
    ..ONE_DEVICE
};

/// At most, on two devices that are visible at the same times and take turns.
pub const TWO_DEVICES: Day = Day {
    commands: 835,
    requests: 180,
    streams: 92,
    stream_seconds: 24_500,
    open_seconds: 13_000,
};

/// A day that was played, and its budget.
#[derive(Debug)]
pub struct Played {
    pub what: String,
    pub day: Day,
    pub allowed: Day,
    /// CPU time that the service took for it, if it was measured.
    pub cpu: Option<Duration>,
}

impl Played {
    /// Whether it stays within its budget in every respect.
    pub fn is_allowed(&self) -> bool {
        let numbers = |day: &Day| {
            let Day {
                commands,
                requests,
                streams,
                stream_seconds,
                open_seconds,
            } = *day;
            [commands, requests, streams, stream_seconds, open_seconds]
        };
        let (most, counted) = (numbers(&self.allowed), numbers(&self.day));
        counted
            .iter()
            .zip(most)
            .all(|(counted, most)| *counted <= most)
    }
}

/// Plays the days of one user in Node, at the service `url` on `site`'s store; `cpu` returns the CPU time of the service so
/// far. `None` where there is no Node.
///
/// The script says when time passes; it continues when the service's clock has followed.
pub async fn play(
    site: &Site,
    url: &str,
    cpu: impl Fn() -> Option<Duration>,
) -> Option<Vec<Played>> {
    let mut node = Command::new("node")
        .arg(repository().join("tests/module/day.mjs"))
        .env("API", format!("{url}/api"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut input = node.stdin.take().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let mut played = Vec::new();
    let (mut commands, mut cpu_before, mut invocations) = (0, None, Value::Null);
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(ms) = line.strip_prefix("advance ") {
            site.advance(Duration::from_millis(ms.parse().unwrap()));
        } else if let Some(json) = line.strip_prefix("invocations ") {
            invocations = serde_json::from_str(json).unwrap();
        } else if let Some(what) = line.strip_prefix("count ") {
            let now = (site.commands().await, cpu());
            if what != "nothing" {
                let allowed = [ONE_DEVICE, NEW_DEVICE, TWO_DEVICES][played.len()];
                played.push(Played {
                    what: what.to_owned(),
                    day: day_of(now.0 - commands, &invocations),
                    allowed,
                    cpu: now.1.zip(cpu_before).map(|(after, before)| after - before),
                });
            }
            (commands, cpu_before) = now;
        } else {
            continue;
        }
        input.write_all(b"\n").await.unwrap();
    }
    assert!(node.wait().await.unwrap().success());
    Some(played)
}

fn day_of(commands: u64, invocations: &Value) -> Day {
    let number = |name: &str| invocations[name].as_u64().unwrap();
    Day {
        commands,
        requests: number("requests"),
        streams: number("streams"),
        stream_seconds: number("streamSeconds"),
        open_seconds: number("openSeconds"),
    }
}
