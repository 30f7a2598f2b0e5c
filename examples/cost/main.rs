//! What it all costs, counted: `cargo run --release --example cost`.
//!
//! At a real Redis where redis-server is installed, else at the embedded store, which counts alike. The user's day needs Node.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement fails by panicking"
)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod cpu;
mod prices;

use std::time::Duration;

use common::bill::{bill, fill};
use common::day::{Day, ONE_DEVICE, Played, TWO_DEVICES, play};
use common::events::Events;
use common::{Client, Deployment, Site, use_every_script};
use cpu::ServiceRuntime;
use prices::{HOBBY, LEAST_CPU, Month, REQUEST_SECONDS, User};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What was projected at first: users, dollars a month.
const PROJECTION: [(f64, f64); 3] = [(100.0, 20.0), (1_000.0, 60.0), (10_000.0, 280.0)];
/// How many streams are assumed to be in one instance at most. Each takes two of its 1,024 file descriptors.
const SHARED: [f64; 4] = [1.0, 10.0, 100.0, 500.0];
/// The one that the sums are for.
const ASSUMED: f64 = 10.0;

/// Many requests come from one address here.
const VARIABLES: [(&str, &str); 2] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

fn main() {
    // The service has threads of its own, so that its CPU time can be told.
    let (rest, service) = (Runtime::new().unwrap(), ServiceRuntime::start());
    let (site, place) = rest.block_on(async {
        match Site::redis().await {
            Some(site) => (site, "a real Redis"),
            None => (Site::embedded().await, "the embedded store"),
        }
    });
    println!("Counted at {place}, commands inside scripts and the rate limit included.\n");
    let deployment = service.run(site.deployment(&VARIABLES));
    rest.block_on(print_all(&site, &deployment));
}

async fn print_all(site: &Site, deployment: &Deployment) {
    print_calls(site).await;
    let bytes = print_size(site).await;
    let stream = measure_stream(site, deployment).await;
    println!(
        "A stream costs {:.1} commands, and {:.0} ms of CPU time per hour that it is open.\n",
        stream.commands,
        stream.cpu * 1e3
    );
    let (days, request_cpu) = print_days(site, deployment).await;
    let [one, two] = days.map(|day| User {
        day,
        bytes,
        request_cpu,
        stream_cpu: stream.cpu,
    });
    print_months("one device that has its conversations", &one);
    print_months("two devices at once", &two);
    print_sharing(&two);
    print_listening(&stream);
}

/// The same for a small account and a large one, or it says so.
async fn print_calls(site: &Site) {
    site.begin_day();
    let (small, large) = (account(site, 50, 100).await, account(site, 500, 10).await);
    let items = bill(site, &small, "x").await;
    let same = items == bill(site, &large, "x").await;
    println!("| call | requests | commands | allowed |\n|---|---|---|---|");
    for item in &items {
        println!(
            "| {} | {} | {} | {} |",
            item.call, item.requests, item.commands, item.allowed
        );
    }
    let word = if same { "the same" } else { "NOT the same" };
    println!("\nFor 50 conversations of 100 messages and for 500 of 10: {word}.\n");
}

async fn account(site: &Site, conversations: usize, messages: i64) -> Client {
    let user = site.user().await;
    use_every_script(&user).await;
    fill(&user, conversations, messages).await;
    user
}

/// What a user of this profile takes up: 50 conversations of 100 messages of 200 bytes.
async fn print_size(site: &Site) -> f64 {
    const USERS: u64 = 5;
    let before = site.used_memory().await;
    for _ in 0..USERS {
        let user = site.user().await;
        for part in 0..5 {
            let all: Vec<Value> = (0..10).map(|at| conversation(part * 10 + at)).collect();
            user.post("/api/import", &json!(all)).await.expect(200);
        }
    }
    let bytes = (site.used_memory().await - before) / USERS;
    println!(
        "A user of this profile, 50 conversations of 100 messages of 200 bytes: {bytes} bytes.\n"
    );
    bytes as f64
}

fn conversation(at: usize) -> Value {
    let text = |_| {
        (0..200)
            .map(|_| char::from(b'a' + fastrand::u8(0..26)))
            .collect::<String>()
    };
    let messages: Vec<Value> = (0..100)
        .map(|index| {
            json!({ "id": format!("msg-{:032x}", fastrand::u128(..)), "type": "user",
                    "content": text(index), "timestamp": index })
        })
        .collect();
    json!({ "id": format!("conv-{at}"), "title": "A conversation", "messages": messages })
}

/// What a stream costs.
struct Stream {
    /// Commands, from its beginning to its end.
    commands: f64,
    /// CPU time of an hour of it, s.
    cpu: f64,
}

/// Holds some streams open until each has had its second heartbeat.
async fn measure_stream(site: &Site, deployment: &Deployment) -> Stream {
    const STREAMS: usize = 100;
    let open_for = Duration::from_secs(31);
    let mut users = Vec::new();
    for _ in 0..STREAMS {
        let user = deployment.user().await;
        user.create("c", vec![]).await;
        let known = user.get("/api/sync").await.expect(200)["clock"].clone();
        users.push((user, known.as_i64().unwrap()));
    }
    // The first one of a user brings scripts into the cache and begins counters.
    drop(open_streams(&users).await);
    deployment.idle().await;
    let before = site.commands().await;
    let streams = open_streams(&users).await;
    let cpu_before = cpu::of_service();
    tokio::time::sleep(open_for).await;
    let cpu = cpu::of_service()
        .zip(cpu_before)
        .map(|(after, before)| after - before);
    drop(streams);
    deployment.idle().await;
    let streams = STREAMS as f64;
    Stream {
        commands: (site.commands().await - before) as f64 / streams,
        cpu: cpu.unwrap_or_default().as_secs_f64() / streams * 3_600.0 / open_for.as_secs_f64(),
    }
}

/// Of users who know all that there is up to here.
async fn open_streams(users: &[(Client, i64)]) -> Vec<Events> {
    let mut streams = Vec::new();
    for (user, known) in users {
        let mut stream = Events::open(user, &format!("/api/sync?cursor={known}"), None).await;
        stream.next().await;
        streams.push(stream);
    }
    streams
}

/// The days of the tests; returns those of one device and of two, and the CPU time of a request, s.
async fn print_days(site: &Site, deployment: &Deployment) -> ([Day; 2], f64) {
    site.begin_day();
    let Some(played) = play(site, &deployment.url(), cpu::of_service).await else {
        println!(
            "Without Node a user's day is not played; what it may cost at most is taken instead.\n"
        );
        return ([ONE_DEVICE, TWO_DEVICES], 0.0);
    };
    println!(
        "| a user's day | commands | invocations | streams | hours of streams | hours with one | CPU per request |"
    );
    println!("|---|---|---|---|---|---|---|");
    for Played { what, day, cpu, .. } in &played {
        println!(
            "| {} | {} | {} | {} | {:.2} | {:.2} | {:.2} ms |",
            what.trim_start_matches("a day of "),
            day.commands,
            day.requests,
            day.streams,
            day.stream_seconds as f64 / 3_600.0,
            day.open_seconds as f64 / 3_600.0,
            cpu.unwrap_or_default().as_secs_f64() * 1e3 / day.requests as f64,
        );
    }
    println!();
    let cpu = played[0].cpu.unwrap_or_default().as_secs_f64();
    let days = [played[0].day, played[2].day];
    (days, cpu / played[0].day.requests as f64)
}

fn print_months(what: &str, user: &User) {
    println!(
        "A month of users with {what}, with {ASSUMED} streams in an instance at most, {REQUEST_SECONDS} s per request and {LEAST_CPU} s of CPU at least:\n"
    );
    println!(
        "| users | commands | storage | invocations | active CPU | memory | together | projected at first |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (users, projected) in PROJECTION {
        let month = Month::of(users, user, ASSUMED);
        println!(
            "| {users:.0} | ${:.2} | ${:.2} | ${:.2} | ${:.2} | ${:.2} | ${:.2} | ${projected:.0} |",
            month.commands,
            month.storage,
            month.invocations,
            month.cpu,
            month.memory,
            month.total()
        );
    }
    println!();
}

/// What depends on how many streams share an instance; and without any stream, asking as often.
fn print_sharing(user: &User) {
    println!("Of users with two devices at once:\n");
    println!(
        "| users | streams in an instance | memory | all of Vercel's | of what Hobby includes: invocations, CPU, memory |"
    );
    println!("|--:|--:|--:|--:|---|");
    let silent = User {
        day: Day {
            streams: 0,
            stream_seconds: 0,
            open_seconds: 0,
            ..user.day
        },
        ..*user
    };
    for (users, _) in PROJECTION {
        let shared = SHARED.map(|shared| (format!("{shared}"), Month::of(users, user, shared)));
        let none = ("no streams".to_owned(), Month::of(users, &silent, 1.0));
        for (name, month) in shared.into_iter().chain([none]) {
            let parts: Vec<String> = std::iter::zip(month.used, HOBBY)
                .map(|(used, included)| format!("{:.0}%", used / included * 100.0))
                .collect();
            let vercel = month.invocations + month.cpu + month.memory;
            println!(
                "| {users:.0} | {name} | ${:.2} | ${vercel:.2} | {} |",
                month.memory,
                parts.join(", ")
            );
        }
    }
    println!();
}

/// An hour of streams, and how often one could ask for that.
fn print_listening(stream: &Stream) {
    const SECONDS: f64 = 285.0;
    const POLL_COMMANDS: f64 = 3.0;
    let poll = prices::poll(POLL_COMMANDS);
    println!("Asking once costs ${poll:.7}.\n");
    println!("| streams in an instance | an hour of streams | as much as asking every |");
    println!("|--:|--:|--:|");
    for shared in SHARED {
        let hour = prices::stream_hour(stream.commands, SECONDS, shared, stream.cpu);
        println!("| {shared} | ${hour:.5} | {:.0} s |", 3_600.0 * poll / hour);
    }
}
