//! When the database takes nothing more: reading and deleting go on, and afterwards everything does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::events::Events;
use crate::common::follower::{Follower, truth};
use crate::common::{Client, Site, ids, message};
use embedded_store::front::Full;
use serde_json::{Value, json};

/// Runs each test in both ways of being full, on both stores.
macro_rules! in_each_state {
    ($($name:ident),+ $(,)?) => {
        in_each_state!(@ embedded_refusing_scripts Full::Admission embedded $($name)+);
        in_each_state!(@ embedded_refusing_commands Full::EveryCommand embedded $($name)+);
        in_each_state!(@ redis_refusing_scripts Full::Admission redis $($name)+);
        in_each_state!(@ redis_refusing_commands Full::EveryCommand redis $($name)+);
    };
    (@ $module:ident Full::$full:ident embedded $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let site = super::Site::embedded().await;
                super::$name(super::Database { site, full: super::Full::$full }).await;
            })+
        }
    };
    (@ $module:ident Full::$full:ident redis $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(site) = super::Site::redis().await {
                    super::$name(super::Database { site, full: super::Full::$full }).await;
                }
            })+
        }
    };
}

in_each_state!(
    reading_goes_on,
    a_stream_opens,
    a_known_user_gets_another_token,
    a_newcomer_is_told,
    every_write_that_grows_is_refused_and_changes_nothing,
    messages_can_be_deleted,
    conversations_can_be_deleted_with_their_shares,
    a_share_can_be_revoked,
    a_user_can_be_erased,
    afterwards_everything_goes_on_and_the_counts_agree,
    a_follower_learns_afterwards_what_was_deleted,
);

/// A service whose database can be full.
struct Database {
    site: Site,
    full: Full,
}

impl Database {
    fn fill(&self) {
        match (&self.site.redis, self.full) {
            (Some(server), Full::Admission) => server.set_full(true).unwrap(),
            _ => self.site.faults().set_full(Some(self.full)),
        }
    }

    fn make_room(&self) {
        match (&self.site.redis, self.full) {
            (Some(server), Full::Admission) => server.set_full(false).unwrap(),
            _ => self.site.faults().set_full(None),
        }
    }
}

/// A user with conversations `a`, `b` and `c` of five messages, and a share of `a` and of `b`.
struct Owner {
    user: Client,
    shares: Vec<String>,
}

async fn owner(site: &Site) -> Owner {
    let user = site.user().await;
    // Every script is in the store's cache: a full one may refuse to load them.
    crate::common::use_every_script(&user).await;
    for id in ["a", "b", "c"] {
        user.create(id, messages(5)).await;
    }
    let mut shares = Vec::new();
    for id in ["a", "b"] {
        let body = json!({ "conversationId": id });
        let share = user.post("/api/shares", &body).await.expect(201);
        shares.push(format!("/api/shares?id={}", share["id"].as_str().unwrap()));
    }
    let current = json!({ "currentConversationId": "a" });
    user.patch("/api/session", &current).await.expect(200);
    Owner { user, shares }
}

fn messages(count: usize) -> Vec<Value> {
    (0..count)
        .map(|index| {
            let content = format!("message {index}");
            json!({ "id": format!("m{index}"), "type": "user", "content": content, "tokens": { "total": 10 } })
        })
        .collect()
}

/// Everything that can be read, by path.
async fn readings(site: &Site, owner: &Owner) -> BTreeMap<String, String> {
    let mut paths: Vec<String> = [
        "/api/conversations",
        "/api/conversations?limit=1",
        "/api/conversations/a",
        "/api/conversations/a/messages?limit=2&order=asc",
        "/api/sync",
        "/api/user",
        "/api/shares",
        "/api/session",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(owner.shares.clone());
    let mut readings = BTreeMap::new();
    for path in paths {
        let answer = owner.user.get(&path).await;
        answer.expect(200);
        readings.insert(path, answer.text);
    }
    // Its head says when it was made.
    let export = owner.user.get("/api/export").await;
    assert_eq!(export.status, 200, "{}", export.text);
    let conversations = export.text.matches("\"message 4\"").count();
    readings.insert("/api/export".into(), conversations.to_string());
    let shared = site.anonymous_caller().get(&owner.shares[0]).await;
    shared.expect(200);
    readings.insert("a anonymous_caller".into(), shared.text);
    readings
}

async fn reading_goes_on(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    let before = readings(site, &owner).await;
    database.fill();
    assert_eq!(readings(site, &owner).await, before);
    // Upkeep that is due by then fails behind the answers.
    site.advance(Duration::from_secs(2 * 86_400));
    readings(site, &owner).await;
    site.idle().await;
    readings(site, &owner).await;
}

async fn a_stream_opens(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    database.fill();
    let mut events = Events::open(&owner.user, "/api/sync", None).await;
    let event = events.next().await;
    assert_eq!(ids(&event.data["changed"]).len(), 4, "{event:?}");
}

async fn a_known_user_gets_another_token(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    database.fill();
    let session = owner
        .user
        .post("/api/session", &json!({}))
        .await
        .expect(200);
    let user = owner.user.with_token(session["token"].as_str().unwrap());
    assert_eq!(ids(&user.open("a").await["messages"]).len(), 5);
}

async fn a_newcomer_is_told(database: Database) {
    let site = &database.site;
    database.fill();
    for _ in 0..2 {
        let answer = site
            .anonymous_caller()
            .post("/api/session", &json!({}))
            .await;
        answer.expect_error(507, "storage_full");
    }
    database.make_room();
    let user = site.user().await;
    user.create("c", messages(1)).await;
}

async fn every_write_that_grows_is_refused_and_changes_nothing(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    let before = readings(site, &owner).await;
    database.fill();
    for _ in 0..2 {
        refused_writes(&owner.user).await;
    }
    assert_eq!(readings(site, &owner).await, before);
    database.make_room();
    assert_eq!(readings(site, &owner).await, before);
}

async fn refused_writes(user: &Client) {
    let (a, code) = ("/api/conversations/a", "storage_full");
    let body = json!({ "title": "x", "messages": messages(2) });
    let new = json!({ "id": "new", "messages": messages(2) });
    let edit = json!({ "content": "edited" });
    let claim = json!({ "action": "link" });
    let current = json!({ "currentConversationId": "c" });
    let share = json!({ "conversationId": "c" });
    let refused = [
        user.append("a", vec![message("n", "user", "x")]).await,
        user.put(a, &body).await,
        user.put("/api/conversations/new", &body).await,
        user.post("/api/conversations", &new).await,
        user.patch(a, &json!({ "title": "x" })).await,
        user.patch(&format!("{a}/messages/m1"), &edit).await,
        user.post("/api/import", &json!([new])).await,
        user.post("/api/session", &claim).await,
        user.patch("/api/session", &current).await,
        user.post("/api/shares", &share).await,
    ];
    for answer in refused {
        answer.expect_error(507, code);
    }
}

async fn messages_can_be_deleted(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let before = site.used_memory().await;
    database.fill();
    let path = "/api/conversations/a/messages";
    let deleted = user.delete(&format!("{path}/m3?andAfter=true")).await;
    assert_eq!(deleted.expect(200)["deleted"], json!(["m3", "m4"]));
    user.delete(&format!("{path}/m1")).await.expect(200);
    // Sent again, as after an answer that was lost.
    user.delete(&format!("{path}/m1")).await;
    assert_eq!(ids(&user.open("a").await["messages"]), ["m0", "m2"]);
    user.get("/api/user").await.expect(200);
    if site.engine.is_some() && database.full == Full::EveryCommand {
        assert!(site.used_memory().await < before);
    }
    database.make_room();
    user.append("a", vec![message("n", "user", "x")])
        .await
        .expect(201);
    let opened = user.open("a").await;
    assert_eq!(ids(&opened["messages"]), ["m0", "m2", "n"]);
    assert_eq!(opened["messageCount"], 3);
    assert_eq!(opened["totalTokens"], 20);
}

async fn conversations_can_be_deleted_with_their_shares(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    user.delete("/api/conversations/a").await.expect(200);
    // Where the trash could take it in, that can be emptied.
    user.delete("/api/conversations?trash=true")
        .await
        .expect(200);
    gone(site, &user, "a").await;
    site.anonymous_caller()
        .get(&shares[0])
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&shares[1]).await.expect(200);
    let answer = user.get("/api/session").await.expect(200);
    assert_eq!(
        answer.get("currentConversationId").unwrap_or(&Value::Null),
        &Value::Null
    );
    database.make_room();
    user.append("b", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.create("d", messages(1)).await;
    gone(site, &user, "a").await;
    // What could not be written of the deletion is made good by the upkeep, which a process does once an hour.
    site.advance(Duration::from_secs(3_600));
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    let list = user.get("/api/shares").await.expect(200);
    assert!(!list.to_string().contains("\"a\""), "{list}");
}

async fn gone(site: &Site, user: &Client, id: &str) {
    let answer = user.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    let list = user.get("/api/conversations").await.expect(200);
    assert!(!ids(&list["data"]).contains(&id.to_owned()));
    let keys = site.keys("*").await.join(" ");
    assert!(!keys.contains(&format!("conversation:{id}:")), "{keys}");
}

async fn a_share_can_be_revoked(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    user.delete(&shares[0]).await.expect(200);
    site.anonymous_caller()
        .get(&shares[0])
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&shares[1]).await.expect(200);
    database.make_room();
    user.delete(&shares[0]).await.expect(200);
    let body = json!({ "conversationId": "a" });
    user.post("/api/shares", &body).await.expect(201);
    let list = user.get("/api/shares").await.expect(200);
    assert_eq!(ids(&list["data"]).len(), 2, "{list}");
}

async fn a_user_can_be_erased(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let code = json!({ "action": "link" });
    user.post("/api/session", &code).await.expect(201);
    user.get("/api/user").await.expect(200);
    put_aside_by_an_earlier_release(site).await;
    database.fill();
    user.delete("/api/user").await.expect(200);
    site.idle().await;
    let keys = site.keys("*").await;
    let left: Vec<_> = keys
        .iter()
        .filter(|key| !key.contains("address:"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // What asks for the user again finds nobody, and writes nothing that stays.
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
    database.make_room();
    let nothing = json!({ "conversations": 0, "messages": 0, "tokens": 0 });
    let user = user.get("/api/user").await.expect(200);
    assert_eq!(user["totals"]["current"], nothing);
    assert_eq!(user["bytes"], 0);
}

/// Expired conversations whose messages may still be there.
async fn put_aside_by_an_earlier_release(site: &Site) {
    let keys = site.keys("*conversations:meta").await;
    let remnants = "x 4102444800000 y 4102444800000";
    site.command(&["HSET", &keys[0], ":remnants", remnants])
        .await;
    for id in ["x", "y"] {
        let key = keys[0].replace("conversations:meta", &format!("conversation:{id}:messages"));
        site.command(&["ZADD", &key, "1", "00000001m"]).await;
    }
}

async fn afterwards_everything_goes_on_and_the_counts_agree(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    let a = "/api/conversations/a";
    user.delete(&format!("{a}/messages/m3?andAfter=true"))
        .await
        .expect(200);
    user.delete("/api/conversations/b").await.expect(200);
    user.delete(&shares[0]).await.expect(200);
    refused_writes(&user).await;
    database.make_room();
    let paths = [a, "/api/conversations/c"];
    for path in paths {
        let body = json!({ "title": "renamed" });
        user.patch(path, &body).await.expect(200);
    }
    counts_agree(&user).await;
    // Once a day everything is counted, and what is kept of it is told.
    site.advance(Duration::from_secs(86_401));
    for _ in 0..2 {
        user.get("/api/conversations").await.expect(200);
        site.idle().await;
    }
    counts_agree(&user).await;
    for id in ["a", "c", "warm-import"] {
        user.delete(&format!("/api/conversations/{id}"))
            .await
            .expect(200);
    }
    counts_agree(&user).await;
    let bytes = user.get("/api/user").await.expect(200)["bytes"].clone();
    assert!(bytes.as_u64().unwrap() < 10_000, "{bytes}");
}

/// What lists say, what opening finds and what the statistics say are the same.
async fn counts_agree(user: &Client) {
    let list = user.get("/api/conversations").await.expect(200);
    let (mut messages, mut tokens, mut conversations) = (0, 0, 0);
    for summary in list["data"].as_array().unwrap() {
        let opened = user.open(summary["id"].as_str().unwrap()).await;
        let list = opened["messages"].as_array().unwrap();
        let sum: u64 = list
            .iter()
            .map(|message| message["tokens"]["total"].as_u64().unwrap_or(0))
            .sum();
        assert_eq!(summary["messageCount"], list.len(), "{summary}");
        assert_eq!(summary["totalTokens"], sum, "{summary}");
        messages += list.len();
        tokens += sum;
        conversations += 1;
    }
    let statistics = user.get("/api/user").await.expect(200);
    let current = json!({ "conversations": conversations, "messages": messages, "tokens": tokens });
    assert_eq!(statistics["totals"]["current"], current);
}

async fn a_follower_learns_afterwards_what_was_deleted(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
    database.fill();
    user.delete("/api/conversations/b").await.expect(200);
    user.delete("/api/conversations/a/messages/m1")
        .await
        .expect(200);
    database.make_room();
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.patch("/api/conversations/a", &json!({ "title": "x" }))
        .await
        .expect(200);
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
    assert!(!follower.known.contains_key("b"));
}
