//! A database behind Upstash's REST interface, and keys in it that are deleted when a test ends.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use conversation_store::clock::Clock;
use conversation_store::secret::Secret;
use conversation_store::upstash::{Upstash, UpstashConfig};
use embedded_store::front::Fault;
use serde_json::{Value, json};
use test_support::note_skipped;
use uuid::Uuid;

use crate::assumption::{Platform, is_long, variable};
use crate::common::{STORE_TOKEN, Site};
use crate::http::{self, Response};

/// What is skipped if the environment names no database.
const MISSING: &str = "tests against a real Upstash database";

/// Makes each assumption a test per database: `name: "what depends on it", but redis: "why it differs";`.
///
/// The tests are `async fn name(database: &Database)`.
#[macro_export]
macro_rules! on_every_database {
    ($($name:ident: $depends:literal $(, but $at:ident: $why:literal)*;)+) => {
        $crate::on_every_database!(@in embedded, $($name: $depends $(, but $at: $why)*;)+);
        $crate::on_every_database!(@in redis, $($name: $depends $(, but $at: $why)*;)+);
        $crate::on_every_database!(@in upstash, $($name: $depends $(, but $at: $why)*;)+);
    };
    (@in $database:ident, $($name:ident: $depends:literal $(, but $at:ident: $why:literal)*;)+) => {
        mod $database {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(database) = $crate::database::Database::$database().await else {
                    return;
                };
                let assumption = $crate::assumption::Assumption {
                    name: stringify!($name),
                    depends: $depends,
                    differences: &[$((stringify!($at), $why)),*],
                };
                let waits = database.waits();
                $crate::assumption::check(database, &assumption, waits, super::$name).await;
            })+
        }
    };
}

/// The same per database that is full.
#[macro_export]
macro_rules! on_every_full_database {
    ($($tests:tt)+) => {
        $crate::on_every_database!(@in embedded_full, $($tests)+);
        $crate::on_every_database!(@in redis_full, $($tests)+);
        $crate::on_every_database!(@in upstash_full, $($tests)+);
    };
}

/// The reply to one command: a result, or the text of an error.
pub type Outcome = Result<Value, String>;

/// A database, and what one test does there.
pub struct Database {
    name: &'static str,
    url: String,
    token: String,
    http: reqwest::Client,
    prefix: String,
    keys: Mutex<BTreeSet<String>>,
    sent: AtomicU64,
    /// If it is a local one.
    site: Option<Site>,
}

impl Database {
    /// The local front over the embedded store.
    pub async fn embedded() -> Option<Self> {
        Some(Self::local("embedded", Site::embedded().await))
    }

    /// The local front over a real Redis; `None` where none is installed.
    pub async fn redis() -> Option<Self> {
        Some(Self::local("redis", Site::redis().await?))
    }

    /// The database that the environment names.
    pub async fn upstash() -> Option<Self> {
        Self::remote("upstash", "PLATFORM_UPSTASH_URL", "PLATFORM_UPSTASH_TOKEN")
    }

    /// The embedded store, refusing what a full database refuses.
    pub async fn embedded_full() -> Option<Self> {
        let site = Site::embedded().await;
        site.faults().push(Fault::CapacityError, 1_000);
        Some(Self::local("embedded_full", site))
    }

    /// A real Redis over its limit of memory.
    pub async fn redis_full() -> Option<Self> {
        let site = Site::redis().await?;
        site.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
        Some(Self::local("redis_full", site))
    }

    /// The full one that the environment names.
    pub async fn upstash_full() -> Option<Self> {
        let (url, token) = ("PLATFORM_FULL_UPSTASH_URL", "PLATFORM_FULL_UPSTASH_TOKEN");
        Self::remote("upstash_full", url, token)
    }

    fn local(name: &'static str, site: Site) -> Self {
        let url = site.front.url();
        Self::new(name, url, STORE_TOKEN.to_owned(), Some(site))
    }

    fn remote(name: &'static str, url: &str, token: &str) -> Option<Self> {
        let missing = |variable| note_skipped(MISSING, &format!("set {variable}")).unwrap();
        let (found_url, found_token) = (variable(url), variable(token));
        if found_url.is_none() {
            missing(url);
        }
        if found_token.is_none() {
            missing(token);
        }
        Some(Self::new(name, found_url?, found_token?, None))
    }

    fn new(name: &'static str, url: String, token: String, site: Option<Site>) -> Self {
        Self {
            name,
            url: url.trim_end_matches('/').to_owned(),
            token,
            http: http::client(),
            prefix: format!("platform-test:{}:", Uuid::new_v4()),
            keys: Mutex::default(),
            sent: AtomicU64::new(0),
            site,
        }
    }

    /// Its address and token, as the service's variables, and a namespace for the keys of this test.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [
            ("UPSTASH_REDIS_REST_URL", &self.url),
            ("UPSTASH_REDIS_REST_TOKEN", &self.token),
            ("KEY_NAMESPACE", &self.prefix),
        ]
    }

    /// Deletes every key in the namespace of this test, including those of earlier runs.
    pub async fn delete_all(&self) {
        let pattern = format!("{}*", self.prefix);
        let mut cursor = "0".to_owned();
        loop {
            let scan = ["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"];
            let found = self.command(&scan).await.unwrap();
            for key in found[1].as_array().unwrap() {
                let key = key.as_str().unwrap();
                self.command(&["DEL", key]).await.unwrap();
            }
            cursor = found[0].as_str().unwrap().to_owned();
            if cursor == "0" {
                return;
            }
        }
    }

    /// How long a subscription has to last: on a local database, which ends none, only as long as it takes to test
    /// the test.
    pub fn waits(&self) -> Duration {
        Duration::from_secs(match &self.site {
            Some(_) => 2,
            None if is_long() => 300,
            None => 20,
        })
    }

    /// The name of a key of this test, which is deleted when the test ends.
    pub fn key(&self, name: &str) -> String {
        let key = format!("{}{name}", self.prefix);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.clone());
        key
    }

    /// The service's own client of this database.
    pub fn client(&self) -> Upstash {
        self.client_with(&self.token)
    }

    /// The same with another token.
    pub fn client_with(&self, token: &str) -> Upstash {
        let config = UpstashConfig::new(&self.url, Secret::new(token));
        Upstash::new(&config, Clock::default()).unwrap()
    }

    /// Counts commands that were not sent through this type, or that a script runs.
    pub fn count(&self, commands: u64) {
        self.sent.fetch_add(commands, Relaxed);
    }

    /// Posts JSON to a path; with `base64`, strings are to come back in that.
    pub async fn post(&self, path: &str, body: &Value, base64: bool) -> Response {
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body.to_string());
        if base64 {
            request = request.header("upstash-encoding", "base64");
        }
        self.count(match path {
            "/pipeline" => body.as_array().map_or(0, |commands| commands.len() as u64),
            _ => 1,
        });
        http::send(request).await
    }

    /// Runs one command.
    pub async fn command(&self, words: &[&str]) -> Outcome {
        let response = self.post("/", &json!(words), false).await;
        outcome(&serde_json::from_slice(&response.body).unwrap_or_default())
    }

    /// Runs commands in one request.
    pub async fn pipeline(&self, commands: &[Vec<&str>]) -> Vec<Outcome> {
        let response = self.post("/pipeline", &json!(commands), false).await;
        let entries = response.expect(200);
        entries.as_array().unwrap().iter().map(outcome).collect()
    }

    /// Runs a script by `EVAL`, `EVAL_RO` or, `script` being its digest, the like.
    pub async fn run(
        &self,
        name: &str,
        script: &str,
        keys: &[&str],
        arguments: &[&str],
    ) -> Outcome {
        let count = keys.len().to_string();
        let words = [&[name, script, &count][..], keys, arguments].concat();
        self.count(script.matches("redis.call(").count() as u64);
        self.command(&words).await
    }

    /// Runs a script that declares what the service's scripts declare.
    pub async fn eval(&self, body: &str, keys: &[&str], arguments: &[&str]) -> Outcome {
        let script = format!("#!lua flags=allow-key-locking\n{body}");
        self.run("EVAL", &script, keys, arguments).await
    }
}

/// An entry of a response: `{"result": ...}` or `{"error": "..."}`.
#[track_caller]
fn outcome(entry: &Value) -> Outcome {
    match (entry.get("result"), entry["error"].as_str()) {
        (Some(result), None) => Ok(result.clone()),
        (None, Some(error)) => Err(error.to_owned()),
        _ => panic!("neither a result nor an error: {entry}"),
    }
}

impl Platform for Database {
    fn name(&self) -> &'static str {
        self.name
    }

    fn unit(&self) -> &'static str {
        "commands"
    }

    /// The billed commands, if the database reports them; else those sent, with the calls in scripts as written.
    async fn used(&self) -> u64 {
        match &self.site {
            Some(site) => site.commands().await,
            None => self.sent.load(Relaxed),
        }
    }

    async fn clean_up(&self) {
        let keys = self
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if keys.is_empty() {
            return;
        }
        let words: Vec<&str> = std::iter::once("DEL")
            .chain(keys.iter().map(String::as_str))
            .collect();
        self.command(&words).await.unwrap();
        let left = [vec!["EXISTS"], words[1..].to_vec()].concat();
        assert_eq!(self.command(&left).await, Ok(json!(0)));
    }
}
