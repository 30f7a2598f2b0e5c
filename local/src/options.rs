//! The options of the command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs conversation-store on this machine: the functions of api/, the files of public/, and a store.
///
/// If UPSTASH_REDIS_REST_URL names another database, that one is used and no store is started.
#[derive(Clone, Debug, Parser)]
#[command(name = "local")]
pub struct Options {
    /// The port of the web server.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// The port of the store, which speaks Upstash's REST protocol.
    #[arg(long, default_value_t = 8079)]
    pub store_port: u16,
    /// The folder of the store's data and of the generated secrets.
    #[arg(long, default_value = ".data")]
    pub data: PathBuf,
    /// Keep nothing: data and secrets end with the process.
    #[arg(long)]
    pub ephemeral: bool,
    /// The files to serve.
    #[arg(long, default_value = "public")]
    pub public: PathBuf,
    /// Serve a real Redis through the store's protocol: redis://host:port/db.
    #[arg(long, env = "REDIS_URL", value_name = "URL")]
    pub redis: Option<String>,
}
