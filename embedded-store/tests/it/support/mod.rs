//! What the tests share: fronts over both stores, REST and Redis clients, and generated commands.

pub mod generated;
pub mod redis;
pub mod rest;
pub mod words;

use embedded_store::backend::Backend;
use embedded_store::engine::Engine;
use embedded_store::front::{Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;
use tokio::net::TcpListener;

pub use rest::Rest;
pub use test_support::redis_server::RedisServer;

pub const TOKEN: &str = "test-token";
pub const READ_ONLY_TOKEN: &str = "read-only-token";

/// A front with its store and a client.
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

    /// A front over the in-process engine.
    pub async fn embedded() -> Self {
        Self::start(Backend::Embedded(Engine::in_memory()), None).await
    }

    /// A front over a Redis server, or `None` if none is installed.
    pub async fn redis() -> Option<Self> {
        let server = RedisServer::start().unwrap()?;
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        Some(Self::start(Backend::Redis(backend), Some(server)).await)
    }

    /// Fronts over the engine and, if installed, over Redis.
    pub async fn all() -> Vec<Self> {
        let embedded = Self::embedded().await;
        std::iter::once(embedded)
            .chain(Self::redis().await)
            .collect()
    }
}
