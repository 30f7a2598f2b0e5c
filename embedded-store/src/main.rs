//! The program `embedded-store`: the store on a port of this machine. See `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use embedded_store::backend::Backend;
use embedded_store::engine::Engine;
use embedded_store::front::{Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Serves Upstash's Redis REST protocol on 127.0.0.1, over an embedded store or a real Redis.
#[derive(Debug, Parser)]
#[command(name = "embedded-store")]
struct Options {
    /// The port to listen on.
    #[arg(long, default_value_t = 8079)]
    port: u16,
    /// The token that clients have to send; a random one if there is none.
    #[arg(long, env = "UPSTASH_REDIS_REST_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Keep the data in this append log, rather than in memory only.
    #[arg(long, value_name = "FILE", conflicts_with = "redis")]
    data: Option<PathBuf>,
    /// Serve a real Redis instead: redis://host:port/db.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
}

/// An error for the person who started the program.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("embedded-store: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<()> {
    let backend = open(&options).await?;
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(|error| format!("port {} (--port): {error}", options.port))?;
    let token = options
        .token
        .unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let front = Front::start(listener, backend, FrontOptions::new(&token)).await?;
    println!("UPSTASH_REDIS_REST_URL={}", front.url());
    println!("UPSTASH_REDIS_REST_TOKEN={token}");
    tokio::signal::ctrl_c().await?;
    front.stop().await;
    Ok(())
}

async fn open(options: &Options) -> Result<Backend> {
    if let Some(url) = &options.redis {
        let redis = RedisBackend::connect(url).await;
        let redis = redis.map_err(|error| format!("--redis: {error}"))?;
        return Ok(Backend::Redis(redis));
    }
    Ok(Backend::Embedded(match &options.data {
        Some(path) => Engine::open(path).map_err(|error| format!("--data: {error}"))?,
        None => Engine::in_memory(),
    }))
}
