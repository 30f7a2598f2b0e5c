//! The two sides that are compared, and the processes of each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use conversation_store::http::Route;

use crate::Result;
use crate::database::Access;
use crate::process::Server;

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The functions under `api/`.
    Functions,
    /// The baseline, in TypeScript.
    Baseline,
}

impl Side {
    /// Both, in the order of the tables.
    pub const BOTH: [Self; 2] = [Self::Functions, Self::Baseline];

    /// The name in tables and charts.
    pub fn label(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Baseline => "baseline",
        }
    }
}

/// A value for each side, the functions first.
pub type Pair<T> = [T; 2];

/// The folder of the baseline's server.
pub const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline");

/// Starts the processes of both sides.
#[derive(Clone, Debug)]
pub struct Launcher {
    executables: PathBuf,
    access: Access,
}

impl Launcher {
    /// Takes the folder with the executables.
    pub fn new(executables: PathBuf, access: Access) -> Self {
        Self {
            executables,
            access,
        }
    }

    /// Starts a function.
    pub fn function(&self, name: &str) -> Result<Server> {
        let mut command = self.command(self.executables.join(name));
        let unlimited = "1000000";
        command
            .env("AUTH_SECRET", "a secret for measurements and nothing else")
            .env("RATE_LIMIT_PER_MINUTE", unlimited)
            .env("ADDRESS_RATE_LIMIT_PER_MINUTE", unlimited)
            .env("MAX_MESSAGES_PER_CONVERSATION", "100000")
            .env("MAX_USER_BYTES", "10000000000");
        Server::start(&mut command, "VERCEL_DEV_PORT")
    }

    /// Starts the baseline's server.
    pub fn baseline(&self) -> Result<Server> {
        let mut command = self.command("node");
        command
            .arg(Path::new(BASELINE).join("dist/server.js"))
            .env("NODE_ENV", "production");
        Server::start(&mut command, "PORT")
    }

    /// Passes nothing of the environment on except the path, so that variables of the caller have no effect.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
            .env("UPSTASH_REDIS_REST_URL", &self.access.url)
            .env("UPSTASH_REDIS_REST_TOKEN", &self.access.token)
            .stdin(Stdio::null());
        command
    }
}

/// All running processes of a side.
#[derive(Debug)]
pub struct Deployment {
    servers: Vec<(&'static str, Server)>,
}

impl Deployment {
    /// Starts all processes and waits until they listen.
    pub fn start(side: Side, launcher: &Launcher) -> Result<Self> {
        let mut servers = match side {
            Side::Baseline => vec![("baseline", launcher.baseline()?)],
            Side::Functions => Route::with_functions()
                .map(|route| Ok((route.name(), launcher.function(route.name())?)))
                .collect::<Result<_>>()?,
        };
        for (_, server) in &mut servers {
            server.connect()?;
        }
        Ok(Self { servers })
    }

    /// The address of the process that serves this path.
    pub fn address_of(&self, path: &str) -> Result<String> {
        let name = match self.servers.as_slice() {
            [(only, _)] => only,
            _ => function_of(path),
        };
        let found = self.servers.iter().find(|(known, _)| *known == name);
        let (_, server) = found.ok_or_else(|| format!("nothing serves {path}"))?;
        Ok(server.address())
    }

    /// The processes, by name.
    pub fn servers(&self) -> impl Iterator<Item = (&'static str, &Server)> {
        self.servers.iter().map(|(name, server)| (*name, server))
    }

    /// The CPU time of all processes so far.
    pub fn cpu(&self) -> Duration {
        self.servers.iter().map(|(_, server)| server.cpu()).sum()
    }
}

/// The executable behind a path.
fn function_of(path: &str) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    Route::find(path).map_or("", Route::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_executables() {
        assert_eq!(function_of("/api/conversations?limit=20"), "conversations");
        assert_eq!(function_of("/api/conversations/a"), "conversation");
        assert_eq!(function_of("/api/conversations/a/messages"), "messages");
        assert_eq!(function_of("/api/export"), "export");
    }
}
