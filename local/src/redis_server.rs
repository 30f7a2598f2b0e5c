//! A real Redis server for tests and measurements.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::optional::skip_without;

/// A `redis-server` of one's own on a free port, killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    directory: TempDir,
    persistence: Persistence,
}

/// What survives when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing.
    None,
    /// Every write it has acknowledged.
    EveryWrite,
}

impl RedisServer {
    /// Starts one; `None` where none is installed, with a line that says so.
    ///
    /// # Errors
    /// When it cannot be started, or is missing although `REQUIRE_ALL=1` demands it.
    pub fn start() -> io::Result<Option<Self>> {
        Self::start_with(Persistence::None)
    }

    /// Starts one that keeps so much.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start_with(persistence: Persistence) -> io::Result<Option<Self>> {
        let directory = TempDir::new()?;
        // Between finding a free port and listening on it, somebody else may take it.
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            let port = free_port()?;
            match spawn(port, directory.path(), persistence) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return skip_without("redis-server").map(|()| None);
                }
                Err(error) => return Err(error),
                Ok(process) => {
                    return Ok(Some(Self {
                        process,
                        port,
                        directory,
                        persistence,
                    }));
                }
            }
        }
        Err(io::Error::other("no port is left to redis-server"))
    }

    /// For `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leaves it no memory to grow into, or as much as it likes again: Redis's own way of being full.
    ///
    /// # Errors
    /// When it does not answer or refuses.
    pub fn set_full(&self, full: bool) -> io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        let limit = u8::from(full);
        connection.write_all(format!("CONFIG SET maxmemory {limit}\r\n").as_bytes())?;
        let mut reply = [0; 5];
        connection.read_exact(&mut reply)?;
        match &reply {
            b"+OK\r\n" => Ok(()),
            other => Err(io::Error::other(other.escape_ascii().to_string())),
        }
    }

    /// Kills the server, as a power cut would.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// Starts it again on the same port, with what survived.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process = spawn(self.port, self.directory.path(), self.persistence)?;
        Ok(())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may be dead already, which is what this is for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn spawn(port: u16, directory: &Path, persistence: Persistence) -> io::Result<Child> {
    let append_only = match persistence {
        Persistence::None => "no",
        Persistence::EveryWrite => "yes",
    };
    let mut process = Command::new("redis-server")
        .args(["--save", "", "--appendonly", append_only])
        .args(["--appendfsync", "always"])
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .arg("--dir")
        .arg(directory)
        .stdout(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    // Where it has ended, whoever listens there is somebody else.
    match process.try_wait()? {
        Some(_) => Err(io::ErrorKind::AddrInUse.into()),
        None => Ok(process),
    }
}
