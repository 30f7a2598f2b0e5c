//! Fronts over both stores, a Redis server that dies with its guard, and a small REST client.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod rest;

use local::backend::Backend;
use local::engine::Engine;
use local::front::{Front, FrontOptions};
use local::redis_backend::RedisBackend;
use tokio::net::TcpListener;

pub use local::redis_server::RedisServer;
pub use rest::Rest;

pub const TOKEN: &str = "test-token";
pub const READ_ONLY_TOKEN: &str = "read-only-token";

/// A front with the store behind it and a client for it.
pub struct Local {
    pub front: Front,
    pub backend: Backend,
    pub rest: Rest,
    pub redis: Option<RedisServer>,
}

impl Local {
    async fn start(backend: Backend, redis: Option<RedisServer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut options = FrontOptions::new(TOKEN);
        options.read_only_token = Some(READ_ONLY_TOKEN.to_owned());
        let front = Front::start(listener, backend.clone(), options)
            .await
            .unwrap();
        let rest = Rest::new(front.url(), TOKEN);
        Self {
            front,
            backend,
            rest,
            redis,
        }
    }

    /// Over the in-process engine.
    pub async fn embedded() -> Self {
        Self::start(Backend::Embedded(Engine::in_memory()), None).await
    }

    /// Over a Redis server, or `None` when there is none on this machine.
    pub async fn redis() -> Option<Self> {
        let server = RedisServer::start().unwrap()?;
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        Some(Self::start(Backend::Redis(backend), Some(server)).await)
    }

    /// Over each store there is.
    pub async fn all() -> Vec<Self> {
        let embedded = Self::embedded().await;
        std::iter::once(embedded)
            .chain(Self::redis().await)
            .collect()
    }
}
