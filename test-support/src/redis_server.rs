//! A real Redis server for tests and measurements.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::skipped::skip_without;

/// A private `redis-server` on a free port, killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    directory: TempDir,
    persistence: Persistence,
    module: Option<PathBuf>,
}

/// Which writes survive when the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing.
    None,
    /// Every write it has acknowledged.
    EveryWrite,
}

impl RedisServer {
    /// Starts a server that keeps nothing; `None` where none is installed, which is noted as skipped tests.
    ///
    /// # Errors
    /// When it cannot be started, or is missing although `REQUIRE_ALL=1` demands it.
    pub fn start() -> io::Result<Option<Self>> {
        Self::start_with(Persistence::None)
    }

    /// Starts a server with this persistence.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start_with(persistence: Persistence) -> io::Result<Option<Self>> {
        Self::start_as(persistence, None)
    }

    /// Starts a server that keeps nothing and has this module.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start_with_module(module: PathBuf) -> io::Result<Option<Self>> {
        Self::start_as(Persistence::None, Some(module))
    }

    fn start_as(persistence: Persistence, module: Option<PathBuf>) -> io::Result<Option<Self>> {
        let directory = TempDir::new()?;
        // Another process may take the port before the server listens on it.
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            let port = free_port()?;
            match spawn(port, directory.path(), persistence, module.as_deref()) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return skip_without("tests on a real Redis", "install redis-server")
                        .map(|()| None);
                }
                Err(error) => return Err(error),
                Ok(process) => {
                    return Ok(Some(Self {
                        process,
                        port,
                        directory,
                        persistence,
                        module,
                    }));
                }
            }
        }
        Err(io::Error::other("redis-server found no free port"))
    }

    /// The URL for `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets `maxmemory` so low that the server counts as full, or lifts the limit again.
    ///
    /// # Errors
    /// When the server does not reply or refuses.
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
    /// When the server has already exited.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// Starts the server again on the same port, with the data that survived.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> io::Result<()> {
        let (directory, module) = (self.directory.path(), self.module.as_deref());
        self.process = spawn(self.port, directory, self.persistence, module)?;
        Ok(())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A test may already have killed it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn spawn(
    port: u16,
    directory: &Path,
    persistence: Persistence,
    module: Option<&Path>,
) -> io::Result<Child> {
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
        .args(module.map(|_| "--loadmodule"))
        .args(module)
        .stdout(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_listening(port, process.id()) {
        // If the server has exited, another process is listening on the port.
        if process.try_wait()?.is_some() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        if Instant::now() > deadline {
            process.kill()?;
            process.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(process)
}

/// Whether this process listens on the port, and no other one does: the server of another test may have taken the port
/// a moment ago, and this process not have noticed yet.
fn is_listening(port: u16, process: u32) -> bool {
    let ask = || -> io::Result<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", port))?;
        connection.set_read_timeout(Some(Duration::from_secs(1)))?;
        connection.write_all(b"INFO server\r\nQUIT\r\n")?;
        let mut reply = String::new();
        connection.read_to_string(&mut reply)?;
        Ok(reply)
    };
    let id = format!("process_id:{process}");
    ask().is_ok_and(|reply| reply.lines().any(|line| line == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_a_taken_port_is_not_mistaken_for_the_other_one() {
        let Some(server) = RedisServer::start().unwrap() else {
            return;
        };
        let directory = TempDir::new().unwrap();
        for _ in 0..20 {
            let second = spawn(server.port, directory.path(), Persistence::None, None);
            assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        }
    }
}
