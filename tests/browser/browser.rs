//! A Chromium per test: a fresh profile, and nothing left when the test ends.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::{ParseError, Url};

use crate::common::{Site, repository};
use crate::driver::Driver;

/// How many browsers run at once: more would only slow each other down.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// How long a condition may take to become true.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is checked.
pub const GLANCE: Duration = Duration::from_millis(20);

/// A browser with its own profile. Dropping it ends the browser and removes the profile.
pub struct Browser {
    /// For anything this type has no method for.
    pub client: Client,
    driver: &'static Driver,
    session: String,
    origin: String,
    profile: TempDir,
    _slot: SemaphorePermit<'static>,
}

impl Browser {
    /// Opens one that knows the address of `site`; `None` if Chromium is not installed.
    pub async fn open(site: &Site) -> Option<Self> {
        let driver = Driver::shared()?;
        let slot = SLOTS.acquire().await.unwrap();
        Some(Self::start(driver, site, slot).await)
    }

    /// Opens two, for tests of two devices. They are acquired together, so that no two tests wait for each other's
    /// second browser.
    pub async fn open_two(site: &Site) -> Option<(Self, Self)> {
        let driver = Driver::shared()?;
        let mut slots = SLOTS.acquire_many(2).await.unwrap();
        let second = slots.split(1).unwrap();
        let first = Self::start(driver, site, slots).await;
        Some((first, Self::start(driver, site, second).await))
    }

    async fn start(driver: &'static Driver, site: &Site, slot: SemaphorePermit<'static>) -> Self {
        let profile = TempDir::with_prefix("browser-").unwrap();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path()))
            .connect(&driver.url())
            .await
            .unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        Self {
            client,
            driver,
            session,
            origin: site.url(),
            profile,
            _slot: slot,
        }
    }

    /// A folder of this browser, for files to upload.
    pub fn scratch(&self) -> &Path {
        self.profile.path()
    }

    /// Where the page's downloads go.
    pub fn downloads(&self) -> PathBuf {
        self.profile.path().join("downloads")
    }

    /// Opens a page of the site: loads it even if only the fragment differs.
    pub async fn visit(&self, path: &str) {
        self.client.goto("about:blank").await.unwrap();
        let url = format!("{}{path}", self.origin);
        self.client.goto(&url).await.unwrap();
    }

    /// Runs the body of an async function in the page, `args` being its arguments, and gives back what it returns.
    pub async fn run(&self, body: &str, args: &[Value]) -> Value {
        match self.try_run(body, args).await {
            Ok(value) => value,
            Err(error) => panic!("{body}\n{error}"),
        }
    }

    /// Like [`Browser::run`], but may fail.
    pub async fn try_run(&self, body: &str, args: &[Value]) -> Result<Value, CmdError> {
        let script = format!("return (async (...args) => {{ {body} }})(...arguments);");
        self.client.execute(&script, args.to_vec()).await
    }

    /// The value of a JavaScript expression.
    pub async fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression};"), &[]).await
    }

    /// Waits until a JavaScript expression is truthy, and returns its value. While the page is changing, an
    /// expression that throws counts as not true yet.
    #[track_caller]
    pub fn until(&self, expression: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        let body = format!("return {expression};");
        async move {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let outcome = self.try_run(&body, &[]).await;
                match &outcome {
                    Ok(value) if is_truthy(value) => return value.clone(),
                    _ if Instant::now() < deadline => tokio::time::sleep(GLANCE).await,
                    _ => {
                        self.give_up(&format!("{caller}: not so: {expression}\n{outcome:?}"))
                            .await
                    }
                }
            }
        }
    }

    /// Fails the test, with the state of the page.
    pub async fn give_up(&self, reason: &str) -> ! {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        self.screenshot(&format!("failed-{name}")).await;
        let log = self.log("browser").await;
        let shown = self.try_run("return document.body.innerText;", &[]).await;
        let requests = self.calls().await.join("\n");
        panic!("{reason}\n{log:#?}\n{shown:?}\n{requests}");
    }

    /// Network events of the DevTools protocol since the last call.
    pub async fn network_events(&self) -> Vec<Value> {
        let entries = self.log("performance").await.into_iter();
        entries
            .map(|entry| {
                let entry: Value =
                    serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
                entry["message"].clone()
            })
            .collect()
    }

    /// Calls of the API and their outcomes, in order.
    async fn calls(&self) -> Vec<String> {
        let mut urls = HashMap::new();
        let mut calls = Vec::new();
        for event in self.network_events().await {
            let parameters = &event["params"];
            let id = parameters["requestId"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let request = &parameters["request"];
            let url = request["url"].as_str().unwrap_or_default();
            let outcome = match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" if url.contains("/api/") => {
                    urls.insert(id.clone(), format!("{} {url}", request["method"]));
                    "sent".to_owned()
                }
                "Network.responseReceived" => parameters["response"]["status"].to_string(),
                "Network.loadingFinished" => "complete".to_owned(),
                "Network.loadingFailed" => parameters["errorText"].to_string(),
                _ => continue,
            };
            if let Some(call) = urls.get(&id) {
                calls.push(format!("{} {call}: {outcome}", parameters["timestamp"]));
            }
        }
        calls
    }

    /// The entries of one of the browser's logs (`browser` is the console, `performance` the network) since the last
    /// call.
    pub async fn log(&self, kind: &'static str) -> Vec<Value> {
        let command = Command::new("se/log", json!({ "type": kind }));
        let entries = self.client.issue_cmd(command).await.unwrap();
        entries.as_array().unwrap().clone()
    }

    /// Sends a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let command = Command::new("goog/cdp/execute", body);
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Takes the network away from the page, or gives it back.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// Saves a screenshot of the page, for people: `target/screenshots/{name}.png`.
    pub async fn screenshot(&self, name: &str) {
        let directory = repository().join("target/screenshots");
        fs::create_dir_all(&directory).unwrap();
        let picture = self.client.screenshot().await.unwrap();
        fs::write(directory.join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have crashed, which the test noticed.
        let _ = self.driver.end_session(&self.session);
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A quiet browser that connects to this machine only.
fn capabilities(profile: &Path) -> Map<String, Value> {
    let data = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--proxy-server=direct://",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1280,800",
        "--force-color-profile=srgb",
        "--lang=en-US",
        &data,
    ];
    let preferences = json!({
        "download.default_directory": profile.join("downloads"),
        "download.prompt_for_download": false,
    });
    let wanted = json!({
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    wanted.as_object().cloned().unwrap_or_default()
}

/// A command that chromedriver knows beside those of WebDriver.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: String,
}

impl Command {
    fn new(path: &'static str, body: Value) -> Self {
        Self {
            path,
            body: body.to_string(),
        }
    }
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}
