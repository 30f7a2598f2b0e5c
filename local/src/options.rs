//! What can be set on the command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs conversation-store on this machine: the functions of api/, the files of public/, and a store.
///
/// Where UPSTASH_REDIS_REST_URL names another database, that is used and no store is started.
#[derive(Clone, Debug, Parser)]
#[command(name = "local")]
pub struct Options {
    /// The port of the web server.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// The port of the store, which speaks Upstash's REST protocol.
    #[arg(long, default_value_t = 8079)]
    pub store_port: u16,
    /// Where the store's data and the generated secrets are kept.
    #[arg(long, default_value = ".data")]
    pub data: PathBuf,
    /// Keep nothing: data and secrets live as long as the process.
    #[arg(long)]
    pub ephemeral: bool,
    /// The files to serve.
    #[arg(long, default_value = "public")]
    pub public: PathBuf,
    /// Put a real Redis behind the store's protocol: redis://host:port/db.
    #[arg(long, env = "REDIS_URL", value_name = "URL")]
    pub redis: Option<String>,
}
