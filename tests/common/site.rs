//! A running service with its own store, and further deployments on the same store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{AUTH_SECRET, Client, STORE_TOKEN};
use conversation_store::clock::Clock;
use conversation_store::log::Log;
use conversation_store::rate::WINDOW;
use conversation_store::{App, Config};
use embedded_store::backend::Backend;
use embedded_store::engine::Engine;
use embedded_store::front::{Faults, Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;
use embedded_store::reply::Reply;
use local::server::WebServer;
use test_support::redis_server::{Persistence, RedisServer};
use test_support::until;
use tokio::net::TcpListener;

/// A running service.
pub struct Site {
    web: WebServer,
    pub front: Arc<Front>,
    pub backend: Backend,
    pub clock: Clock,
    pub engine: Option<Engine>,
    pub redis: Option<RedisServer>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub async fn embedded() -> Self {
        Self::on(Engine::in_memory(), Clock::default()).await
    }

    /// On the embedded store, at a time that stands still until it is moved ahead.
    pub async fn stopped_at(time: Duration) -> Self {
        let engine = Engine::in_memory();
        engine.stop_clock_at(time);
        Self::on(engine, Clock::stopped_at(time)).await
    }

    async fn on(engine: Engine, clock: Clock) -> Self {
        Self::start(Backend::Embedded(engine.clone()), Some(engine), None, clock).await
    }

    /// `None` where redis-server is not installed; with `REQUIRE_ALL=1` that is a failure.
    pub async fn redis() -> Option<Self> {
        Self::redis_with(Persistence::None).await
    }

    /// On a real Redis where it is installed, else on the embedded store.
    pub async fn of_one_store() -> Self {
        match Self::redis().await {
            Some(site) => site,
            None => Self::embedded().await,
        }
    }

    /// On a Redis that loses no acknowledged write when it is killed.
    pub async fn durable_redis() -> Option<Self> {
        Self::redis_with(Persistence::EveryWrite).await
    }

    /// On a Redis, for a service whose time stands still until it is moved ahead. Redis's own clock keeps running.
    pub async fn redis_stopped_at(time: Duration) -> Option<Self> {
        Self::redis_at(Persistence::None, Clock::stopped_at(time)).await
    }

    async fn redis_with(persistence: Persistence) -> Option<Self> {
        Self::redis_at(persistence, Clock::default()).await
    }

    async fn redis_at(persistence: Persistence, clock: Clock) -> Option<Self> {
        let server = RedisServer::start_with(persistence).unwrap()?;
        let backend = Backend::Redis(RedisBackend::connect(&server.url()).await.unwrap());
        Some(Self::start(backend, None, Some(server), clock).await)
    }

    async fn start(
        backend: Backend,
        engine: Option<Engine>,
        redis: Option<RedisServer>,
        clock: Clock,
    ) -> Self {
        let front = Front::start(
            any_port().await,
            backend.clone(),
            FrontOptions::new(STORE_TOKEN),
        )
        .await
        .unwrap();
        let front = Arc::new(front);
        let app = App::new(config(&front.url(), &[]), clock.clone()).unwrap();
        let lines = Arc::default();
        let web = serve(app.with_log(kept_in(&lines)), &public()).await;
        Self {
            web,
            front,
            backend,
            clock,
            engine,
            redis,
            lines,
        }
    }

    /// A second deployment on the same database, with these variables set differently.
    pub async fn deployment(&self, variables: &[(&str, &str)]) -> Deployment {
        self.deployment_of(variables, &public()).await
    }

    /// A second deployment on the same database, with this clock.
    pub async fn deployment_at(&self, clock: Clock) -> Deployment {
        self.deployment_by(&[], &public(), clock).await
    }

    /// Like [`Self::deployment`], with these pages.
    pub async fn deployment_of(&self, variables: &[(&str, &str)], pages: &Path) -> Deployment {
        self.deployment_by(variables, pages, self.clock.clone())
            .await
    }

    async fn deployment_by(
        &self,
        variables: &[(&str, &str)],
        pages: &Path,
        clock: Clock,
    ) -> Deployment {
        let app = App::new(config(&self.front.url(), variables), clock).unwrap();
        Deployment {
            web: serve(app.with_log(kept_in(&self.lines)), pages).await,
            front: self.front.clone(),
        }
    }

    /// Like [`Self::deployment`], through its own front: faults of one do not affect requests of the other.
    pub async fn deployment_beside(&self, variables: &[(&str, &str)]) -> Deployment {
        let options = FrontOptions::new(STORE_TOKEN);
        let front = Front::start(any_port().await, self.backend.clone(), options);
        let front = Arc::new(front.await.unwrap());
        let app = App::new(config(&front.url(), variables), self.clock.clone()).unwrap();
        Deployment {
            web: serve(app.with_log(kept_in(&self.lines)), &public()).await,
            front,
        }
    }

    /// The log of all deployments since the last call.
    pub fn log_lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    /// The address of its pages, without a trailing slash.
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Returns when every response was sent, streams included, and all background work is done.
    pub async fn idle(&self) {
        self.web.idle().await;
    }

    /// Ends open streams, accepts no more connections, and waits for everything else that is under way.
    pub async fn shut_down(&self) {
        self.web.shut_down().await;
    }

    /// A caller without a token.
    pub fn anonymous_caller(&self) -> Client {
        Client::new(self.web.url(), None)
    }

    /// A new user.
    pub async fn user(&self) -> Client {
        self.anonymous_caller().newcomer().await
    }

    pub fn faults(&self) -> &Faults {
        self.front.faults()
    }

    /// Moves the service's clock, and the embedded store's too. A real Redis keeps its own time: expired data must be
    /// gone there even before Redis expires it.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        if let Some(engine) = &self.engine {
            engine.advance_clock(by);
        }
    }

    /// Moves the clock to the beginning of a day, so that no midnight comes while something is measured: the first calls of a
    /// day cost more.
    pub fn begin_day(&self) {
        const DAY_MS: i64 = 86_400_000;
        let left = DAY_MS - self.clock.now_ms().rem_euclid(DAY_MS);
        self.advance(Duration::from_millis(left.unsigned_abs()));
    }

    /// Moves the clock to the beginning of a window of the rate limit, so that what is measured in the next minute
    /// does not include the first call of an address in a window, which costs one more command.
    pub fn begin_window(&self) {
        let length = i64::try_from(WINDOW.as_millis()).unwrap();
        let left = length - self.clock.now_ms().rem_euclid(length);
        self.advance(Duration::from_millis(left.unsigned_abs()));
    }

    /// Waits until the clock has passed the user's last change: many in one millisecond run ahead of it, which an
    /// erasure waits for.
    pub async fn until_past_changes_of(&self, user: &Client) {
        let sync = user.get("/api/sync?limit=1").await.expect(200);
        let last = sync["clock"].as_i64().unwrap();
        until("the clock is past the change", async || {
            self.clock.now_ms() > last
        })
        .await;
    }

    /// Requests and billed commands that `work` causes at the store.
    pub async fn cost_of<F: Future>(&self, work: F) -> (F::Output, Cost) {
        let before = (self.front.counts().requests, self.commands().await);
        let output = work.await;
        let after = (self.front.counts().requests, self.commands().await);
        let cost = Cost {
            requests: after.0 - before.0,
            commands: after.1 - before.1,
        };
        (output, cost)
    }

    /// The same, including background work after the responses.
    pub async fn whole_cost_of<F: Future>(&self, work: F) -> (F::Output, Cost) {
        self.cost_of(async {
            let output = work.await;
            self.idle().await;
            output
        })
        .await
    }

    /// Billed commands at the store since it began.
    pub async fn commands(&self) -> u64 {
        self.backend.billed_commands().await.unwrap()
    }

    /// Waits until the store has received this many more requests than `before`.
    pub async fn until_requests(&self, before: u64, more: u64) {
        until("the requests are there", async || {
            self.front.counts().requests >= before + more
        })
        .await;
    }

    /// Runs a command directly at the store.
    pub async fn command(&self, words: &[&str]) -> Reply {
        let command: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        self.backend.execute(&command).await.unwrap()
    }

    /// How much the store takes up, in bytes.
    pub async fn used_memory(&self) -> u64 {
        let Reply::Bulk(info) = self.command(&["INFO", "memory"]).await else {
            panic!("INFO returns a text");
        };
        let info = String::from_utf8(info).unwrap();
        let mut lines = info.lines();
        let line = lines.find_map(|line| line.strip_prefix("used_memory:"));
        line.unwrap().trim().parse().unwrap()
    }

    /// The names of the keys that match.
    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        let Reply::Array(keys) = self.command(&["KEYS", pattern]).await else {
            panic!("KEYS returns a list");
        };
        let name = |key| match key {
            Reply::Bulk(name) => String::from_utf8(name).unwrap(),
            other => panic!("{other:?} is no key"),
        };
        keys.into_iter().map(name).collect()
    }
}

/// What something cost at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub requests: u64,
    pub commands: u64,
}

/// Another deployment of the service.
pub struct Deployment {
    web: WebServer,
    front: Arc<Front>,
}

impl Deployment {
    /// Its address, without a trailing slash.
    pub fn url(&self) -> String {
        self.web.url()
    }

    pub fn faults(&self) -> &Faults {
        self.front.faults()
    }

    /// As [`Site::idle`].
    pub async fn idle(&self) {
        self.web.idle().await;
    }

    /// A new user of this deployment.
    pub async fn user(&self) -> Client {
        self.anonymous_caller().newcomer().await
    }

    pub fn anonymous_caller(&self) -> Client {
        Client::new(self.web.url(), None)
    }
}

fn kept_in(lines: &Arc<Mutex<Vec<String>>>) -> Log {
    let lines = lines.clone();
    Log::new(move |line| lines.lock().unwrap().push(line.to_owned()))
}

async fn any_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The pages of the repository.
fn public() -> PathBuf {
    super::repository().join("public")
}

async fn serve(app: App, pages: &Path) -> WebServer {
    WebServer::start(any_port().await, Arc::new(app), pages).unwrap()
}

/// How long the store may take: on a busy machine longer than in production, where a call that takes so long counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The defaults, except for timeouts: tests of failures should not take seconds, and others not fail for want of time.
fn config(url: &str, variables: &[(&str, &str)]) -> Config {
    let mut config = Config::from_lookup(|name| {
        let set = variables.iter().find(|(known, _)| *known == name);
        let own = match name {
            "UPSTASH_REDIS_REST_URL" => Some(url),
            "UPSTASH_REDIS_REST_TOKEN" => Some(STORE_TOKEN),
            "AUTH_SECRET" => Some(AUTH_SECRET),
            _ => None,
        };
        set.map(|(_, value)| *value).or(own).map(str::to_owned)
    })
    .unwrap();
    for database in &mut config.databases {
        database.first_backoff = Duration::from_millis(5);
        if !variables
            .iter()
            .any(|(name, _)| *name == "UPSTASH_TIMEOUT_MS")
        {
            (database.deadline, database.attempt_timeout) = (PATIENCE, PATIENCE);
        }
    }
    config
}
