//! The charts of the report and their files.

use std::time::Duration;

use super::chart::{Row, draw};
use crate::load::{self, Load};
use crate::measure::{Cost, Sweep};
use crate::measured::Measured;
use crate::operations::OPERATIONS;
use crate::side::Pair;
use crate::statistics::ratio;
use crate::units;

/// The files of the charts with fixed names.
const COMMANDS: &str = "commands.svg";
const LOAD: &str = "throughput.svg";

/// All charts, by file name.
pub fn all(measured: &Measured) -> Vec<(String, String)> {
    let mut charts: Vec<_> = measured.sweeps.iter().map(latency).collect();
    charts.push((COMMANDS.to_owned(), commands(&measured.costs)));
    charts.push((LOAD.to_owned(), throughput(&measured.loads)));
    charts
}

/// The file of a sweep's chart.
pub fn latency_file(latency: Duration) -> String {
    format!("latency-{}ms.svg", latency.as_millis())
}

/// The file of the commands' chart.
pub fn commands_file() -> &'static str {
    COMMANDS
}

/// The file of the throughput's chart.
pub fn throughput_file() -> &'static str {
    LOAD
}

fn latency(sweep: &Sweep) -> (String, String) {
    let rows = OPERATIONS
        .iter()
        .zip(&sweep.timings)
        .map(|(operation, pair)| {
            let times = pair.each_ref().map(|timing| timing.took.p50());
            let values = times.map(|time| time.as_secs_f64());
            Row {
                label: operation.name.to_owned(),
                values,
                texts: times.map(units::milliseconds),
                verdict: units::times(ratio(values[0], values[1])),
            }
        });
    let rows: Vec<Row> = rows.collect();
    let title = format!(
        "Time at the median, {} ms added to each round trip to Redis",
        sweep.latency.as_millis()
    );
    (latency_file(sweep.latency), draw(&title, &rows))
}

fn commands(costs: &[Pair<Cost>]) -> String {
    let rows = OPERATIONS.iter().zip(costs).map(|(operation, pair)| {
        let commands = pair.each_ref().map(|cost| cost.commands);
        let values = commands.map(|count| count as f64);
        Row {
            label: operation.name.to_owned(),
            values,
            texts: commands.map(units::count),
            verdict: units::times(ratio(values[0], values[1])),
        }
    });
    let rows: Vec<Row> = rows.collect();
    draw("Commands that Upstash bills", &rows)
}

fn throughput(loads: &[Load]) -> String {
    let rows = loads.iter().map(|load| {
        let values = load.throughput.each_ref().map(|side| side.rate);
        let clients = match load.clients {
            1 => "1 client".to_owned(),
            clients => format!("{clients} clients"),
        };
        Row {
            label: format!("{}, {clients}", load.operation),
            values,
            texts: values.map(|rate| units::count(rate.round() as u64)),
            // More is better here.
            verdict: units::times(ratio(values[1], values[0])),
        }
    });
    let rows: Vec<Row> = rows.collect();
    let title = format!(
        "Calls per second, {} ms added to each round trip to Redis",
        load::LATENCY.as_millis()
    );
    draw(&title, &rows)
}
