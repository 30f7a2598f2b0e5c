//! Describing the machine that the figures come from.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// Names and values of everything that the figures depend on.
pub fn describe() -> Vec<(&'static str, String)> {
    let cores = available_parallelism().map_or(0, usize::from);
    vec![
        ("CPU", format!("{}, {cores} cores", processor())),
        ("Memory", memory()),
        ("System", system()),
        ("Load when it began", load()),
        ("Rust", version("rustc")),
        ("Node", version("node")),
        ("Redis", version("redis-server")),
    ]
}

fn processor() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    value_of(&cpus, "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = value_of(&memory, "MemTotal")
        .and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
    kilobytes.map_or_else(unknown, |kb| format!("{} GB", (kb + 524_288) / 1_048_576))
}

fn system() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}", std::env::consts::OS, kernel.trim())
}

/// The load of the last minute: figures from a busy machine mean less.
fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = loads.split(' ').next().filter(|load| !load.is_empty());
    minute.map_or_else(unknown, str::to_owned)
}

/// The first line of a program's `--version`.
fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text
        .ok()
        .and_then(|text| text.lines().next().map(str::to_owned));
    line.unwrap_or_else(unknown)
}

/// The value in a line `name : value`.
fn value_of(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}
