//! The database of both sides: a Redis behind the Upstash-compatible front.

use std::time::Duration;

use embedded_store::backend::Backend;
use embedded_store::front::{Counts, Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;
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
        let Some(redis) = RedisServer::start()? else {
            return Ok(None);
        };
        let backend = Backend::Redis(RedisBackend::connect(&redis.url()).await?);
        let token = "a token for measurements".to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let front = Front::start(listener, backend.clone(), FrontOptions::new(&token)).await?;
        let access = Access {
            url: front.url(),
            token,
        };
        Ok(Some(Self {
            front,
            backend,
            access,
            _redis: redis,
        }))
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
}
