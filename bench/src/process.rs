//! Server processes, with their memory and CPU time from `/proc`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How long a server may take to listen and to respond.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The pause between two attempts to connect, small compared with what is measured.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// A server process on a free port, killed when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    port: u16,
}

/// Resident memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now: u64,
    pub peak: u64,
}

impl Server {
    /// Starts `command`, which reads its port from the variable `port_variable`.
    pub fn start(command: &mut Command, port_variable: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = command
            .env(port_variable, port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        Ok(Self { process, port })
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until it listens.
    pub fn connect(&mut self) -> Result<TcpStream> {
        let began = Instant::now();
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                return Ok(stream);
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            if began.elapsed() > TIMEOUT {
                return Err("the server does not listen".into());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Sends this GET on a new connection, and waits for the whole response.
    pub fn first_response(&mut self, path: &str, header: (&str, &str)) -> Result<()> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let (name, value) = header;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\n{name}: {value}\r\nconnection: close\r\n\r\n"
        )?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response)?;
        if !response.starts_with(b"HTTP/1.1 200 ") {
            let response = String::from_utf8_lossy(&response);
            return Err(format!("{path}: {}", response.lines().next().unwrap_or_default()).into());
        }
        Ok(())
    }

    /// The memory of the process; `None` without `/proc`.
    pub fn memory(&self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let bytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kilobytes * 1_024)
        };
        Some(Memory {
            now: bytes("VmRSS:")?,
            peak: bytes("VmHWM:")?,
        })
    }

    /// The CPU time so far; zero without `/proc`. Running threads are accounted to the nanosecond; ended ones only
    /// appear in the time of the process, which counts in hundredths of a second.
    pub fn cpu(&self) -> Duration {
        let process = PathBuf::from(format!("/proc/{}", self.process.id()));
        let tasks = fs::read_dir(process.join("task"));
        let tasks = tasks.into_iter().flatten().flatten();
        let living: Duration = tasks.filter_map(|task| running_time(&task.path())).sum();
        let all = process_time(&process).unwrap_or_default();
        if all > living + 2 * TICK { all } else { living }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have exited on its own.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The unit in which `/proc` counts the time of a process.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process, ended threads included.
fn process_time(process: &Path) -> Option<Duration> {
    let statistics = fs::read_to_string(process.join("stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = statistics.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (ticks + system))
}

fn running_time(task: &Path) -> Option<Duration> {
    let statistics = fs::read_to_string(task.join("schedstat")).ok()?;
    let nanoseconds = statistics.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
