//! The page in Markdown: what was compared, the results and the machine.

use std::fmt::Write as _;
use std::time::Duration;

use conversation_store::http::Route;

use super::charts::{commands_file, latency_file, throughput_file};
use crate::load::LATENCY;
use crate::measure::Sweep;
use crate::measured::Measured;
use crate::operations::{OPERATIONS, Weight};
use crate::options::Scale;
use crate::side::Pair;
use crate::statistics::ratio;
use crate::table::Table;
use crate::units::{bytes, count, milliseconds, times};

/// The most that a call should spend in the function, by median.
const TARGET: Duration = Duration::from_millis(1);

/// What is compared and how, up to the number of processes.
const INTRODUCTION: &str = "\
# Benchmarks

This page shows how the service compares with the obvious design in cost and speed: the functions of this repository beside a
baseline, with the same conversations, the same Redis and the same client, in one run that alternates between the two. All of
it is written by

```sh
npm ci --prefix bench/baseline
cargo run --release -p bench
```

which needs `redis-server` and Node 20 and takes about ten minutes on a machine that does nothing else; `--smoke` runs a little of
everything in seconds.

`cargo run --release -p bench -- search` measures something else: designs of the search beside the service's own, at the same database,
[as they were considered](decisions.md#a-signature-per-conversation-tells-where-to-search).

The baseline is in [bench/baseline](../bench/baseline/src): the straightforward design that the functions replace, a hash per
message and a sorted set per conversation, in TypeScript with `@upstash/redis`. It needs as few round trips as its keys allow,
and the client runs without base64 and type guessing, which makes it faster than the defaults. It omits work that the
functions do: it trusts the user id of a header, has no limits, does not detect repeated writes, and does not extend the TTL
of old messages. One client sends the requests of both over kept connections without compression. Both use the same Redis
through the same front, which speaks Upstash's protocol and adds the configured latency.
";

/// The whole page.
pub fn markdown(scale: &Scale, measured: &Measured) -> String {
    let parts = [
        introduction(),
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

fn introduction() -> String {
    format!(
        "{INTRODUCTION}The functions are {} multi-threaded processes, as on Vercel; the baseline is one Node process.\n",
        Route::with_functions().count()
    )
}

fn compared() -> String {
    let mut table = Table::of_text(&["", "functions", "baseline"]);
    for operation in &OPERATIONS {
        table.row([operation.name, operation.functions, operation.baseline]);
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
        let [functions, baseline] = measured.costs[index].map(|cost| cost.commands as f64);
        let ratios = sweeps.iter().map(|sweep| times(time_ratio(sweep, index)));
        let cells = [operation.name.to_owned(), times(ratio(functions, baseline))];
        table.row(cells.into_iter().chain(ratios));
    }
    format!(
        "## In short\n\nHow many times as much the baseline takes: billed commands, and median time with the given \
         latency added to each round trip to Redis.\n\n{}\n{}",
        table.finish(),
        slower(measured)
    )
}

/// The operations whose median time in the function is above the target. Imports and saves may be: they compress messages.
fn missed(measured: &Measured) -> String {
    let is_long = |index: usize| {
        let mut sweeps = measured.sweeps.iter();
        !OPERATIONS[index].is_streamed
            && sweeps.any(|sweep| sweep.timings[index][0].overhead.p50() >= TARGET)
    };
    let long = (0..OPERATIONS.len()).filter(|&index| is_long(index));
    let names: Vec<&str> = long.map(|index| OPERATIONS[index].name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; missed by: {}", names.join("; "))
}

/// The operations in which the functions are slower.
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
        let [functions, baseline] = load.throughput.each_ref().map(|side| side.rate);
        if functions < baseline {
            let ratio = times(ratio(baseline, functions));
            cases.push(format!(
                "{} for {} clients ({ratio})",
                load.operation, load.clients
            ));
        }
    }
    if cases.is_empty() {
        return "By median time the functions are never slower.\n".to_owned();
    }
    format!(
        "By median time the functions are slower here: {}.\n",
        cases.join("; ")
    )
}

fn costs(measured: &Measured) -> String {
    let mut table = Table::new(&[
        "functions / baseline",
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
        "## What each costs\n\nBytes are those of bodies. Commands are those of `INFO commandstats`, including those inside \
         scripts.\n\n{}\n![Commands]({})\n",
        table.finish(),
        picture(commands_file())
    )
}

fn latencies(scale: &Scale, measured: &Measured) -> String {
    let rounds = |weight: Weight| weight.rounds(scale);
    let mut text = format!(
        "## How long each takes\n\nFrom the first byte the page sends to the last one it receives. Rounds: {}; of calls that \
         move megabytes {}; of imports {}, each for a new user. CPU is the time that the side's threads ran per \
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
        "baseline, p50",
        "ratio",
        "functions, p99",
        "baseline, p99",
        "functions, CPU",
        "baseline, CPU",
    ]);
    for (index, (operation, [functions, baseline])) in
        OPERATIONS.iter().zip(&sweep.timings).enumerate()
    {
        table.row([
            operation.name.to_owned(),
            milliseconds(functions.took.p50()),
            milliseconds(baseline.took.p50()),
            times(time_ratio(sweep, index)),
            milliseconds(functions.took.p99()),
            milliseconds(baseline.took.p99()),
            milliseconds(functions.cpu),
            milliseconds(baseline.cpu),
        ]);
    }
    table.finish()
}

fn own_time(measured: &Measured) -> String {
    let mut text = format!(
        "## Own time\n\nThe time of a call outside the database. *In the function*: by `Server-Timing`, the total \
         minus the wait for Upstash, in tenths of a millisecond; unknown for streamed responses. *Outside the database*: the \
         mean wait of the page minus the time in the front, which includes both HTTP connections and the page's client. \
         The target is a median below 1 ms in the function{}.\n",
        missed(measured)
    );
    for sweep in &measured.sweeps {
        let mut table = Table::new(&[
            "",
            "in the function, p50",
            "p99",
            "functions, outside the database",
            "baseline, outside the database",
        ]);
        for (operation, [functions, baseline]) in OPERATIONS.iter().zip(&sweep.timings) {
            let is_known = functions.overhead.count() > 0 && !operation.is_streamed;
            let own = |time: Duration| {
                if is_known {
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
                optional(baseline.outside),
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
        "baseline, calls/s",
        "ratio",
        "functions, p50",
        "baseline, p50",
        "functions, p99",
        "baseline, p99",
    ]);
    for load in &measured.loads {
        let [functions, baseline] = &load.throughput;
        table.row([
            load.operation.to_owned(),
            count(load.clients as u64),
            count(functions.rate.round() as u64),
            count(baseline.rate.round() as u64),
            times(ratio(baseline.rate, functions.rate)),
            milliseconds(functions.took.p50()),
            milliseconds(baseline.took.p50()),
            milliseconds(functions.took.p99()),
            milliseconds(baseline.took.p99()),
        ]);
    }
    format!(
        "## Many clients at once\n\nEach client always has one open call, and {}. Client, front, Redis and the side under test \
         share the machine's cores, so these are not the limits of either side; the functions go first.\n\n![Throughput]({})\n\n{}",
        added(LATENCY),
        picture(throughput_file()),
        table.finish()
    )
}

fn footprint(measured: &Measured) -> String {
    let [functions, baseline] = &measured.footprints;
    let mut table = Table::new(&["", "functions", "baseline", "ratio"]);
    for (name, times) in [
        (
            "Cold start, p50",
            [functions.cold_start.p50(), baseline.cold_start.p50()],
        ),
        (
            "Cold start, p99",
            [functions.cold_start.p99(), baseline.cold_start.p99()],
        ),
    ] {
        let values = times.map(|time| time.as_secs_f64());
        table.row(figures(name, times.map(milliseconds), values));
    }
    let idle = [functions.idle, baseline.idle].map(Option::unwrap_or_default);
    let (mut most, mut baseline_peak) = (0, 0);
    for (name, memory) in &measured.memory {
        match *name {
            "baseline" => baseline_peak = memory.peak,
            _ => most = most.max(memory.peak),
        }
    }
    let sizes = [measured.sizes.largest_function, measured.sizes.baseline];
    for (name, values) in [
        ("Memory after the first response", idle),
        (
            "Memory at its peak, the largest process",
            [most, baseline_peak],
        ),
        ("Size of what is deployed, the largest function", sizes),
    ] {
        table.row(figures(
            name,
            values.map(bytes),
            values.map(|value| value as f64),
        ));
    }
    format!(
        "## Starting and staying\n\nA cold start is the time from the start of the process to the end of its first response, a \
         list of {} conversations, without added latency. Memory is resident memory, of one function and of the baseline's server. The baseline's size is that of its scripts and \
         of the client's, without Node, which the platform provides. All {} functions together have {}.\n\n{}\n{}",
        20,
        Route::with_functions().count(),
        bytes(measured.sizes.all_functions),
        table.finish(),
        peaks(measured)
    )
}

/// The memory of each process.
fn peaks(measured: &Measured) -> String {
    let mut table = Table::new(&["process", "memory at its peak"]);
    for (name, memory) in &measured.memory {
        table.row([(*name).to_owned(), bytes(memory.peak)]);
    }
    format!("### Peaks\n\n{}", table.finish())
}

fn figures(name: &str, texts: Pair<String>, values: Pair<f64>) -> [String; 4] {
    let [functions, baseline] = texts;
    [
        name.to_owned(),
        functions,
        baseline,
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
