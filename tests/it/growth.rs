//! Every repeatable operation is repeated very often: neither the data kept of a user nor the cost of a call may grow.
//!
//! At first, records of past calls accumulate up to a bound: the cost then is compared with the cost much later. `GROWTH`
//! says how often everything is repeated, 10,000 times for a thorough run. If it is not set, each operation is repeated
//! until it has reached its bound twice, which takes less than a minute in total.

use crate::common::{Client, Deployment, Site, message};
use serde_json::{Value, json};

/// Deleted messages and conversations are remembered up to 1,000, of which 250 are dropped at a time.
const DELETIONS: Bound = Bound {
    remembered: 1_000,
    window: 260,
};

/// The last 64 writes and 100 revoked shares are remembered.
const WRITES: Bound = Bound {
    remembered: 150,
    window: 50,
};

/// How many repetitions fill the records, and how many to measure from then on.
struct Bound {
    remembered: usize,
    window: usize,
}

/// How often the size is measured within the windows compared.
const SAMPLED: usize = 10;

/// By how many bytes it may seem to grow: a thousand ids and revisions that are remembered get longer by a few digits.
const SLACK: u64 = 8_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_and_revoking() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(WRITES, async |_| {
        let share = share(&user, "c").await;
        user.delete(&share).await.expect(200);
    });
    measured.await.assert_flat("share and revoke");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_and_deleting_the_conversation() {
    let account = Account::new().await;
    let user = &account.user;
    let measured = account.repeat(DELETIONS, async |index| {
        let id = format!("c{index}");
        user.create(&id, vec![message("m", "user", "x")]).await;
        share(user, &id).await;
        let path = format!("/api/conversations/{id}");
        user.delete(&path).await.expect(200);
    });
    measured.await.assert_flat("share and delete conversation");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creating_and_deleting_conversations() {
    let account = Account::new().await;
    let user = &account.user;
    let measured = account.repeat(DELETIONS, async |index| {
        let id = format!("c{index}");
        user.create(&id, vec![message("m", "user", "x")]).await;
        let path = format!("/api/conversations/{id}");
        user.delete(&path).await.expect(200);
    });
    measured.await.assert_flat("create and delete");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appending_and_deleting_messages() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(DELETIONS, async |index| {
        let id = format!("n{index}");
        user.append("c", vec![message(&id, "user", "x")])
            .await
            .expect(201);
        let path = format!("/api/conversations/c/messages/{id}");
        user.delete(&path).await.expect(200);
    });
    measured.await.assert_flat("append and delete message");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_other_messages_each_time() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(DELETIONS, async |index| {
        let messages: Vec<Value> = (0..3)
            .map(|other| message(&format!("m{index}-{other}"), "user", "x"))
            .collect();
        let body = json!({ "messages": messages });
        user.put("/api/conversations/c", &body).await.expect(200);
    });
    measured.await.assert_flat("save other messages");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renaming_and_editing() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(WRITES, async |index| {
        let title = json!({ "title": format!("title {}", index % 10) });
        let path = "/api/conversations/c";
        user.patch(path, &title).await.expect(200);
        let content = json!({ "content": format!("content {}", index % 10) });
        let path = "/api/conversations/c/messages/m";
        user.patch(path, &content).await.expect(200);
    });
    measured.await.assert_flat("rename and edit");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linking_devices() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let link = json!({ "action": "link" });
    let measured = account.repeat(WRITES, async |_| {
        user.post("/api/session", &link).await.expect(201);
    });
    measured.await.assert_flat("link");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claiming_new_users() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let anonymous_caller = account.deployment.anonymous_caller();
    let measured = account.repeat(DELETIONS, async |index| {
        let newcomer = anonymous_caller.newcomer().await;
        let id = format!("c{index}");
        newcomer.create(&id, vec![message("m", "user", "x")]).await;
        let claim = json!({ "action": "claim", "token": newcomer.token() });
        user.post("/api/session", &claim).await.expect(200);
        let path = format!("/api/conversations/{id}");
        user.delete(&path).await.expect(200);
    });
    measured.await.assert_flat("claim");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setting_the_current_conversation() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(WRITES, async |index| {
        let id = if index % 2 == 0 {
            json!("c")
        } else {
            Value::Null
        };
        let current = json!({ "currentConversationId": id });
        user.patch("/api/session", &current).await.expect(200);
    });
    measured.await.assert_flat("set current");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn importing_the_same() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let sample = crate::common::sample();
    let measured = account.repeat(WRITES, async |_| {
        user.post("/api/import", &sample).await.expect(200);
    });
    measured.await.assert_flat("import the same");
    account.assert_erasable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_and_closing_streams() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let measured = account.repeat(WRITES, async |_| {
        let stream = user.raw("/api/sync").header("accept", "text/event-stream");
        let stream = stream.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        drop(stream);
        // Until the service has seen that it was closed, it takes up a place among the user's streams.
        account.deployment.idle().await;
    });
    measured.await.assert_flat("open and close a stream");
    account.site.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading() {
    let account = Account::new().await;
    let user = account.with_conversation().await;
    let paths = [
        "/api/conversations",
        "/api/conversations/c",
        "/api/sync",
        "/api/session",
        "/api/shares",
    ];
    let measured = account.repeat(WRITES, async |index| {
        user.get(paths[index % paths.len()]).await.expect(200);
    });
    measured.await.assert_flat("read");
    account.assert_erasable().await;
}

async fn share(user: &Client, conversation: &str) -> String {
    let body = json!({ "conversationId": conversation });
    let share = user.post("/api/shares", &body).await.expect(201);
    format!("/api/shares?id={}", share["id"].as_str().unwrap())
}

/// The only user of a service without limits.
struct Account {
    site: Site,
    deployment: Deployment,
    user: Client,
    /// What the user's keys begin with.
    prefix: String,
}

impl Account {
    async fn new() -> Self {
        let site = Site::embedded().await;
        let deployment = site
            .deployment(&[
                ("RATE_LIMIT_PER_MINUTE", "1000000"),
                ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
                ("NEW_USERS_PER_ADDRESS_PER_DAY", "1000000"),
            ])
            .await;
        let user = deployment.user().await;
        let keys = site.keys("user:*:session").await;
        Self {
            site,
            deployment,
            user,
            prefix: keys[0].trim_end_matches("session").to_owned(),
        }
    }

    async fn with_conversation(&self) -> Client {
        let messages = vec![message("m", "user", "x")];
        self.user.create("c", messages).await;
        self.user.clone()
    }

    /// Repeats `step`, and measures it in the two windows.
    async fn repeat(&self, bound: Bound, step: impl AsyncFn(usize)) -> Measured {
        let Bound { remembered, window } = bound;
        let (count, mut measured) = (repetitions(&bound), Measured::default());
        let (first, last) = (remembered..remembered + window, count - window..count);
        for index in 0..count {
            let peak = match index {
                index if first.contains(&index) => &mut measured.first,
                index if last.contains(&index) => &mut measured.last,
                _ => {
                    step(index).await;
                    continue;
                }
            };
            self.engine().largest_script();
            let ((), cost) = self.site.cost_of(step(index)).await;
            let work = self.engine().largest_script();
            peak.commands += cost.commands;
            peak.raise(|peak| &mut peak.script_commands, work.commands);
            peak.raise(|peak| &mut peak.script_bytes, work.bytes);
            if index % SAMPLED == 0 {
                self.measure_what_is_kept(peak).await;
            }
        }
        measured
    }

    async fn measure_what_is_kept(&self, peak: &mut Peak) {
        let statistics = self.user.get("/api/user").await.expect(200);
        let keys = self.keys().await;
        let (mut memory, engine) = (0, self.engine());
        for key in &keys {
            memory += engine.size_of(key.as_bytes()) as u64;
        }
        peak.raise(|peak| &mut peak.keys, keys.len() as u64);
        peak.raise(|peak| &mut peak.memory, memory);
        peak.raise(
            |peak| &mut peak.bytes,
            statistics["bytes"].as_u64().unwrap(),
        );
    }

    fn engine(&self) -> &embedded_store::engine::Engine {
        self.site.engine.as_ref().unwrap()
    }

    /// The user's keys, and those of nobody in particular. Those of an address come and go with the day.
    async fn keys(&self) -> Vec<String> {
        let mut keys = self.site.keys("*").await;
        keys.retain(|key| {
            let is_others = key.contains("user:") || key.contains("address:");
            key.starts_with(&self.prefix) || !is_others
        });
        keys
    }

    async fn assert_erasable(&self) {
        self.user.delete("/api/user").await.expect(200);
        self.site.idle().await;
        let keys = self.keys().await;
        assert!(keys.is_empty(), "{keys:?}");
    }
}

fn repetitions(bound: &Bound) -> usize {
    let least = bound.remembered + 2 * bound.window;
    let wanted = std::env::var("GROWTH").map_or(least, |count| count.parse().unwrap());
    wanted.max(least)
}

/// The most that was found in a window; of the commands the sum, as now and then a call pays for others.
#[derive(Debug, Default)]
struct Peak {
    keys: u64,
    memory: u64,
    bytes: u64,
    commands: u64,
    script_commands: u64,
    script_bytes: u64,
}

impl Peak {
    fn raise(&mut self, of: impl Fn(&mut Self) -> &mut u64, value: u64) {
        let most = of(self);
        *most = value.max(*most);
    }
}

#[derive(Debug, Default)]
struct Measured {
    first: Peak,
    last: Peak,
}

impl Measured {
    #[track_caller]
    fn assert_flat(&self, what: &str) {
        let Self { first, last } = self;
        println!("{what}:\n  {first:?}\n  {last:?}");
        let is_flat = last.keys <= first.keys
            && last.memory <= first.memory + SLACK
            && last.bytes <= first.bytes + SLACK
            && last.commands <= first.commands + first.commands / 50 + 10
            && last.script_commands <= first.script_commands
            && last.script_bytes <= first.script_bytes + SLACK;
        assert!(is_flat, "{what}: {first:?} became {last:?}");
    }
}
