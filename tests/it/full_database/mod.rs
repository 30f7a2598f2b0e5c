//! When the database is full, reading and deleting still work, and afterwards everything does.

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
                let site = $crate::common::Site::embedded().await;
                super::$name($crate::full_database::Database { site, full: embedded_store::front::Full::$full }).await;
            })+
        }
    };
    (@ $module:ident Full::$full:ident redis $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(site) = $crate::common::Site::redis().await {
                    super::$name($crate::full_database::Database { site, full: embedded_store::front::Full::$full }).await;
                }
            })+
        }
    };
}

mod deleting;
mod reading;
mod recovery;

use std::collections::BTreeMap;

use crate::common::{Client, Site, message};
use embedded_store::front::Full;
use serde_json::{Value, json};

/// A service whose database can be made full.
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
        let response = owner.user.get(&path).await;
        response.expect(200);
        readings.insert(path, response.text);
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
    for response in refused {
        response.expect_error(507, code);
    }
}
