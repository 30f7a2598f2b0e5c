//! Designs of a search, measured on the same accounts: `bench search`.

mod account;
mod design;
mod measure;
mod module;
mod postings;
mod query;
mod service;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;
use conversation_store::clock::Clock;
use conversation_store::secret::Secret;
use conversation_store::upstash::{Upstash, UpstashConfig};
use test_support::redis_server::RedisServer;

use crate::Result;
use crate::client::Client;
use crate::database::Database;
use crate::side::{Deployment, Launcher, Side};

use account::Account;
use measure::{Figures, measure};
use module::Module;
use postings::Postings;
use service::{Scan, Signatures};

/// What can be set.
#[derive(Debug, Args)]
pub struct SearchOptions {
    /// RediSearch, which is measured in place of Upstash's own search if it is installed.
    #[arg(long, default_value = "/usr/lib/redis/modules/redisearch.so")]
    module: PathBuf,
}

/// Conversations, and messages of each.
type Size = (usize, usize);
const SIZES: [Size; 2] = [(50, 50), (2_000, 50)];
const SMOKE: [Size; 1] = [(25, 10)];
/// Pages of each query.
const PAGES: usize = 20;
const SMOKE_PAGES: usize = 1;

/// The database, and the functions on it.
struct Stage {
    database: Database,
    client: Client,
    upstash: Upstash,
    has_module: bool,
    most_pages: usize,
}

/// Measures every design, and prints tables.
pub async fn run(options: &SearchOptions, executables: &Path, smoke: bool) -> Result<()> {
    let has_module = options.module.is_file();
    if !has_module {
        println!("RediSearch is not measured: install Debian's redis-redisearch");
    }
    let redis = match has_module {
        true => RedisServer::start_with_module(options.module.clone())?,
        false => RedisServer::start()?,
    };
    let Some(redis) = redis else {
        return Ok(());
    };
    let stage = Stage::start(redis, executables, has_module, smoke).await?;
    let sizes: &[Size] = if smoke { &SMOKE } else { &SIZES };
    for &(conversations, messages) in sizes {
        let figures = stage.measure_all((conversations, messages)).await?;
        println!("\n{conversations} conversations of {messages} messages\n");
        println!("{}\n{}", table::summary(&figures), table::pages(&figures));
    }
    Ok(())
}

impl Stage {
    async fn start(
        redis: RedisServer,
        executables: &Path,
        has_module: bool,
        smoke: bool,
    ) -> Result<Self> {
        let database = Database::on(redis).await?;
        let access = database.access();
        let launcher = Launcher::new(executables.to_owned(), access.clone());
        let config = UpstashConfig::new(access.url, Secret::new(access.token));
        Ok(Self {
            database,
            client: Client::new(
                Side::Functions,
                Deployment::start(Side::Functions, &launcher)?,
            ),
            upstash: Upstash::new(&config, Clock::default())?,
            has_module,
            most_pages: if smoke { SMOKE_PAGES } else { PAGES },
        })
    }

    async fn measure_all(&self, size: Size) -> Result<Vec<Figures>> {
        let database = &self.database;
        let mut all = Vec::new();
        let (account, stored) = self.account(size).await?;
        all.push(measure(database, &Signatures(account), stored, self.most_pages).await?);
        for buckets in [Some(64), Some(256), None] {
            let (account, stored) = self.account(size).await?;
            all.push(
                measure(
                    database,
                    &Postings::new(account, buckets),
                    stored,
                    self.most_pages,
                )
                .await?,
            );
        }
        if self.has_module {
            let (account, stored) = self.account(size).await?;
            all.push(
                measure(
                    database,
                    &Module::new(account, database),
                    stored,
                    self.most_pages,
                )
                .await?,
            );
        }
        let (account, stored) = self.account(size).await?;
        all.push(measure(database, &Scan(account), stored, self.most_pages).await?);
        Ok(all)
    }

    /// A new account, and the bytes that it takes up.
    async fn account(&self, (conversations, messages): Size) -> Result<(Account<'_>, u64)> {
        let before = self.database.data_bytes().await?;
        let ways = (&self.client, &self.upstash);
        let account = Account::new(ways, conversations, messages).await?;
        Ok((account, self.database.data_bytes().await? - before))
    }
}
