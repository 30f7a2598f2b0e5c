//! The database of both sides: a Redis behind the Upstash-compatible front.

use std::time::Duration;

use embedded_store::backend::Backend;
use embedded_store::front::{Counts, Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;
use embedded_store::reply::Reply;
use test_support::redis_server::RedisServer;
use tokio::net::TcpListener;

use crate::Result;

/// The URL and token of the database.
#[derive(Clone, Debug)]
pub struct Access {
    pub url: String,
    pub token: String,
}

/// The database.
pub struct Database {
    front: Front,
    backend: Backend,
    access: Access,
    _redis: RedisServer,
}

impl Database {
    /// Starts a database; `None` if redis-server is not installed.
    pub async fn start() -> Result<Option<Self>> {
        match RedisServer::start()? {
            Some(redis) => Self::on(redis).await.map(Some),
            None => Ok(None),
        }
    }

    /// The database on this server.
    pub async fn on(redis: RedisServer) -> Result<Self> {
        let backend = Backend::Redis(RedisBackend::connect(&redis.url()).await?);
        let token = "a token for measurements".to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let front = Front::start(listener, backend.clone(), FrontOptions::new(&token)).await?;
        let access = Access {
            url: front.url(),
            token,
        };
        Ok(Self {
            front,
            backend,
            access,
            _redis: redis,
        })
    }

    /// The URL and token.
    pub fn access(&self) -> Access {
        self.access.clone()
    }

    /// Adds this latency to each round trip.
    pub fn set_latency(&self, latency: Duration) {
        self.front.faults().set_latency(latency);
    }

    /// What the front has served so far.
    pub fn counts(&self) -> Counts {
        self.front.counts()
    }

    /// Commands that Upstash would have billed so far, including those inside scripts.
    pub async fn commands(&self) -> Result<u64> {
        Ok(self.backend.billed_commands().await?)
    }

    /// The CPU time that Redis has taken so far.
    pub async fn cpu(&self) -> Result<Duration> {
        let info = self.info("cpu").await?;
        let seconds = number(&info, "used_cpu_user:")? + number(&info, "used_cpu_sys:")?;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// The memory that the data take up, in bytes.
    pub async fn data_bytes(&self) -> Result<u64> {
        let info = self.info("memory").await?;
        Ok(number(&info, "used_memory_dataset:")? as u64)
    }

    async fn info(&self, section: &str) -> Result<String> {
        let command = [b"INFO".to_vec(), section.as_bytes().to_vec()];
        match self.backend.execute(&command).await? {
            Reply::Bulk(info) => Ok(String::from_utf8(info)?),
            other => Err(format!("INFO {section}: {other:?}").into()),
        }
    }
}

/// The number in the line of this name.
fn number(info: &str, name: &str) -> Result<f64> {
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    let value = line.ok_or_else(|| format!("INFO without {name}"))?;
    Ok(value.trim().parse()?)
}
