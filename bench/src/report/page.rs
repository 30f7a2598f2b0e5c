//! The page: what was compared, what came of it, and where.

use std::fmt::Write as _;
use std::time::Duration;

use super::charts::{commands_file, latency_file, throughput_file};
use super::tables::Table;
use super::units::{bytes, count, milliseconds, times};
use crate::load::LATENCY;
use crate::measure::{Pair, Sweep};
use crate::operations::{OPERATIONS, Weight};
use crate::options::Scale;
use crate::run::Measured;
use crate::statistics::ratio;

const INTRODUCTION: &str = "\
# Benchmarks

The functions of this repository beside the plan's own design: the same conversations, the same Redis, the same client, in
one run, taking turns. Written by

```sh
npm ci --prefix bench/plan
cargo run --release -p bench
```

which needs `redis-server` and Node 20 and takes some ten minutes; `--smoke` does a little of everything in seconds.

The plan's design is in [bench/plan](../bench/plan/src): its routes and its keys in TypeScript with `@upstash/redis`, as
few round trips as those keys allow, without base64 and without guessing at types, which makes it faster than the client's
defaults. It is spared what the functions do in the same time: it believes whoever says who he is, keeps no
limits, does not notice a repeated write, and leaves old messages the life they have. Both are asked by the same client
over connections that stay open, without compression, and ask the same Redis through the same front, which speaks Upstash's
protocol and adds as much latency as it is told. The functions are twelve processes with threads, as Vercel runs them; the plan's
server is one of Node's.
";

/// The whole page.
pub fn markdown(scale: &Scale, measured: &Measured) -> String {
    let parts = [
        INTRODUCTION.to_owned(),
        compared(),
        summary(measured),
        costs(measured),
        latencies(scale, measured),
        own_time(measured),
        load(measured),
        footprint(measured),
        machine(measured),
    ];
    parts.join("\n")
}

fn compared() -> String {
    let mut table = Table::of_text(&["", "functions", "plan"]);
    for operation in &OPERATIONS {
        table.row([operation.name, operation.functions, operation.plan]);
    }
    format!("## What is compared\n\n{}", table.finish())
}

fn summary(measured: &Measured) -> String {
    let sweeps = &measured.sweeps;
    let columns = sweeps.iter().map(|sweep| added(sweep.latency));
    let columns: Vec<String> = ["".to_owned(), "commands".to_owned()]
        .into_iter()
        .chain(columns)
        .collect();
    let mut table = Table::new(&columns.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, operation) in OPERATIONS.iter().enumerate() {
        let [functions, plan] = measured.costs[index].map(|cost| cost.commands as f64);
        let ratios = sweeps.iter().map(|sweep| times(time_ratio(sweep, index)));
        let cells = [operation.name.to_owned(), times(ratio(functions, plan))];
        table.row(cells.into_iter().chain(ratios));
    }
    format!(
        "## In short\n\nHow many times as much the plan's design takes: billed commands, and time at the median with so \
         much added to each round trip to Redis.\n\n{}\n{}",
        table.finish(),
        slower(measured)
    )
}

/// Where the functions lose, by name.
fn slower(measured: &Measured) -> String {
    let mut cases = Vec::new();
    for sweep in &measured.sweeps {
        for (index, operation) in OPERATIONS.iter().enumerate() {
            let ratio = time_ratio(sweep, index);
            if ratio < 1.0 {
                cases.push(format!(
                    "{} with {} ({})",
                    operation.name,
                    added(sweep.latency),
                    times(ratio)
                ));
            }
        }
    }
    for load in &measured.loads {
        let [functions, plan] = load.throughput.each_ref().map(|side| side.rate);
        if functions < plan {
            let ratio = times(ratio(plan, functions));
            cases.push(format!(
                "{} for {} clients ({ratio})",
                load.operation, load.clients
            ));
        }
    }
    if cases.is_empty() {
        return "At the median the functions are slower nowhere.\n".to_owned();
    }
    format!(
        "At the median the functions are slower here: {}.\n",
        cases.join("; ")
    )
}

fn costs(measured: &Measured) -> String {
    let mut table = Table::new(&[
        "functions / plan",
        "calls of the page",
        "requests to Upstash",
        "one after another",
        "commands",
        "from the page",
        "to the page",
        "to Upstash",
        "from Upstash",
    ]);
    for (operation, pair) in OPERATIONS.iter().zip(&measured.costs) {
        let both = |text: &dyn Fn(usize) -> String| format!("{} / {}", text(0), text(1));
        table.row([
            operation.name.to_owned(),
            both(&|side| count(pair[side].calls as u64)),
            both(&|side| count(pair[side].requests)),
            both(&|side| count(pair[side].round_trips)),
            both(&|side| count(pair[side].commands)),
            both(&|side| bytes(pair[side].page.0)),
            both(&|side| bytes(pair[side].page.1)),
            both(&|side| bytes(pair[side].database.0)),
            both(&|side| bytes(pair[side].database.1)),
        ]);
    }
    format!(
        "## What each costs\n\nBytes are those of bodies. Commands are those of `INFO commandstats`, the ones inside scripts \
         included.\n\n{}\n![Commands]({})\n",
        table.finish(),
        picture(commands_file())
    )
}

fn latencies(scale: &Scale, measured: &Measured) -> String {
    let rounds = |weight: Weight| weight.rounds(scale);
    let mut text = format!(
        "## How long each takes\n\nFrom the first byte the page sends to the last one it receives. Rounds: {}; of calls that \
         move megabytes {}; of imports {}, each for a user without anything. CPU is the time that the side's threads ran for a \
         call.\n",
        rounds(Weight::Light),
        rounds(Weight::Heavy),
        rounds(Weight::Import)
    );
    for sweep in &measured.sweeps {
        // Writing into memory does not fail.
        let _ = write!(
            text,
            "\n### With {}\n\n![Time]({})\n\n{}",
            added(sweep.latency),
            picture(&latency_file(sweep.latency)),
            timings(sweep)
        );
    }
    text
}

fn timings(sweep: &Sweep) -> String {
    let mut table = Table::new(&[
        "",
        "functions, p50",
        "plan, p50",
        "ratio",
        "functions, p99",
        "plan, p99",
        "functions, CPU",
        "plan, CPU",
    ]);
    for (index, (operation, [functions, plan])) in OPERATIONS.iter().zip(&sweep.timings).enumerate()
    {
        table.row([
            operation.name.to_owned(),
            milliseconds(functions.took.p50()),
            milliseconds(plan.took.p50()),
            times(time_ratio(sweep, index)),
            milliseconds(functions.took.p99()),
            milliseconds(plan.took.p99()),
            milliseconds(functions.cpu),
            milliseconds(plan.cpu),
        ]);
    }
    table.finish()
}

fn own_time(measured: &Measured) -> String {
    let mut text = "## Own time\n\nWhat a call takes above the database's time. *In the function*: by `Server-Timing`, the whole \
         less the wait for Upstash; to a tenth, and unknown where the answer is sent while it is made. *Outside the database*: what the \
         page waits, less the time in the front, at the mean; so both HTTP connections and the page's own client are in it. \
         The aim is less than 1 ms in the function at the median; a save and an import, whose messages are compressed, miss it.\n"
        .to_owned();
    for sweep in &measured.sweeps {
        let mut table = Table::new(&[
            "",
            "in the function, p50",
            "p99",
            "functions, outside the database",
            "plan, outside the database",
        ]);
        for (operation, [functions, plan]) in OPERATIONS.iter().zip(&sweep.timings) {
            let told = functions.overhead.count() > 0 && !operation.is_streamed;
            let own = |time: Duration| {
                if told {
                    milliseconds(time)
                } else {
                    "-".to_owned()
                }
            };
            table.row([
                operation.name.to_owned(),
                own(functions.overhead.p50()),
                own(functions.overhead.p99()),
                optional(functions.outside),
                optional(plan.outside),
            ]);
        }
        let _ = write!(
            text,
            "\nWith {}:\n\n{}",
            added(sweep.latency),
            table.finish()
        );
    }
    text
}

fn load(measured: &Measured) -> String {
    let mut table = Table::new(&[
        "",
        "clients",
        "functions, calls/s",
        "plan, calls/s",
        "ratio",
        "functions, p50",
        "plan, p50",
        "functions, p99",
        "plan, p99",
    ]);
    for load in &measured.loads {
        let [functions, plan] = &load.throughput;
        table.row([
            load.operation.to_owned(),
            count(load.clients as u64),
            count(functions.rate.round() as u64),
            count(plan.rate.round() as u64),
            times(ratio(plan.rate, functions.rate)),
            milliseconds(functions.took.p50()),
            milliseconds(plan.took.p50()),
            milliseconds(functions.took.p99()),
            milliseconds(plan.took.p99()),
        ]);
    }
    format!(
        "## Many clients at once\n\nEach with a call under way all the time, and {}. Client, front, Redis and the side under test \
         share the machine's cores, so that these are no limits of either; the functions go first.\n\n![Throughput]({})\n\n{}",
        added(LATENCY),
        picture(throughput_file()),
        table.finish()
    )
}

fn footprint(measured: &Measured) -> String {
    let [functions, plan] = &measured.footprints;
    let mut table = Table::new(&["", "functions", "plan", "ratio"]);
    for (name, times) in [
        (
            "Cold start, p50",
            [functions.cold_start.p50(), plan.cold_start.p50()],
        ),
        (
            "Cold start, p99",
            [functions.cold_start.p99(), plan.cold_start.p99()],
        ),
    ] {
        let values = times.map(|time| time.as_secs_f64());
        table.row(figures(name, times.map(milliseconds), values));
    }
    let idle = [functions.idle, plan.idle].map(Option::unwrap_or_default);
    let (mut most, mut least_plan) = (0, 0);
    for (name, memory) in &measured.memory {
        match *name {
            "plan" => least_plan = memory.peak,
            _ => most = most.max(memory.peak),
        }
    }
    let sizes = [measured.sizes.largest_function, measured.sizes.plan];
    for (name, values) in [
        ("Memory after the first answer", idle),
        (
            "Memory at its peak, the largest process",
            [most, least_plan],
        ),
        ("Size of what is deployed, the largest function", sizes),
    ] {
        table.row(figures(
            name,
            values.map(bytes),
            values.map(|value| value as f64),
        ));
    }
    let functions = measured.memory.iter().filter(|(name, _)| *name != "plan");
    let peaks: Vec<String> = functions
        .map(|(name, memory)| format!("{name} {}", bytes(memory.peak)))
        .collect();
    format!(
        "## Starting and staying\n\nA cold start is the time from the start of the process to the end of its first answer, a \
         list of {} conversations, without added latency. Memory is what is resident, of one function and of the plan's server. The plan's size is that of its scripts and \
         the client's; Node comes with the platform. All twelve functions together have {}.\n\n{}\nPeaks: {}.\n",
        20,
        bytes(measured.sizes.all_functions),
        table.finish(),
        peaks.join(", ")
    )
}

fn figures(name: &str, texts: Pair<String>, values: Pair<f64>) -> [String; 4] {
    let [functions, plan] = texts;
    [
        name.to_owned(),
        functions,
        plan,
        times(ratio(values[0], values[1])),
    ]
}

fn machine(measured: &Measured) -> String {
    let mut table = Table::of_text(&["", ""]);
    for (name, value) in &measured.machine {
        table.row([*name, value.as_str()]);
    }
    format!("## The machine\n\n{}", table.finish())
}

fn time_ratio(sweep: &Sweep, operation: usize) -> f64 {
    let p50 = |side: usize| sweep.timings[operation][side].took.p50().as_secs_f64();
    ratio(p50(0), p50(1))
}

fn added(latency: Duration) -> String {
    format!("{} ms added", latency.as_millis())
}

fn picture(file: &str) -> String {
    format!("benchmarks/{file}")
}

fn optional(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), milliseconds)
}
