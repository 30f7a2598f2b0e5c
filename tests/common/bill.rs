//! What each call costs, counted.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::TestResponse;
use super::situation::entries_to_append;
use super::{Client, Cost, Site, message, message_at};

/// A call and its price, in steady state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub call: &'static str,
    /// The most commands that it may cost.
    pub allowed: u64,
    pub requests: u64,
    pub commands: u64,
}

/// Imports so many conversations of so many messages, `c0` and up.
pub async fn fill(user: &Client, conversations: usize, messages: i64) {
    let all: Vec<Value> = (0..conversations)
        .map(|index| conversation(&format!("c{index}"), messages))
        .collect();
    for chunk in all.chunks(500) {
        user.post("/api/import", &json!(chunk)).await.expect(200);
    }
    user.append("c0", vec![message("first", "user", "x")])
        .await
        .expect(201);
}

/// A conversation of so many messages.
pub fn conversation(id: &str, messages: i64) -> Value {
    let messages: Vec<Value> = (0..messages)
        .map(|index| message_at(&format!("m{index}"), index))
        .collect();
    json!({ "id": id, "title": id, "messages": messages })
}

/// The calls of one account filled by [`fill`]; `prefix` distinguishes several bills of it.
pub async fn bill(site: &Site, user: &Client, prefix: &str) -> Vec<Item> {
    let c0 = "/api/conversations/c0";
    let turn = json!({ "messages": [
        message(&format!("{prefix}q"), "user", "?"),
        message(&format!("{prefix}a"), "assistant", "!"),
    ] });
    let next = user.get("/api/conversations").await.expect(200)["nextCursor"].clone();
    let cursor = user.get("/api/sync").await.expect(200)["clock"].clone();
    let cursor = sync_cursor(user, cursor.as_i64().unwrap()).await;
    let message_path = format!("{c0}/messages/{prefix}q");
    let mut whole = conversation("c1", 100);
    // Different ones than before, so that the order changes in every account.
    for message in whole["messages"].as_array_mut().unwrap() {
        message["timestamp"] = json!(message["timestamp"].as_i64().unwrap() + 1);
    }
    whole["title"] = json!(prefix);
    // This loads scripts that nothing has used yet.
    let shared = share(user, "c3").await;
    user.get("/api/shares").await.expect(200);
    let path = format!("/api/shares?id={shared}");
    user.get(&path).await.expect(200);
    user.delete(&path).await.expect(200);
    user.get("/api/session").await.expect(200);
    let link = json!({ "action": "link" });
    user.post("/api/session", &link).await.expect(201);
    // Upkeep found due by reading is done, and may be due again an hour later; by then no code is valid any more:
    // while one is, the next call takes two requests.
    site.idle().await;
    site.advance(Duration::from_secs(3_600));
    site.begin_window();
    let mut bill = Bill {
        site,
        items: Vec::new(),
    };
    let list_on = format!("/api/conversations?cursor={}", next.as_str().unwrap());
    let sync = format!("/api/sync?cursor={cursor}");
    let page = format!("{c0}/messages?order=asc");
    let truncate = format!("{message_path}?andAfter=true");
    bill.add("sync, nothing changed", 3, user.get(&sync)).await;
    bill.add("list 20", 5, user.get("/api/conversations")).await;
    bill.add("list, a further page", 5, user.get(&list_on))
        .await;
    let filtered = "/api/conversations?archived=false&expiring=100";
    bill.add("list 20, filtered", 6, user.get(filtered)).await;
    bill.add("open, newest 50", 6, user.get(c0)).await;
    bill.add("a page of messages", 6, user.get(&page)).await;
    let messages = format!("{c0}/messages");
    let append = user.post(&messages, &turn);
    bill.add("append 2 messages", 11, append).await;
    let mut reply = message(&format!("{prefix}b"), "assistant", "!");
    reply["parentId"] = json!(format!("{prefix}q"));
    let reply = json!({ "messages": [reply] });
    let branch = user.post(&messages, &reply);
    bill.add("append that begins a branch", 11, branch).await;
    let more = json!({ "messages": [message(&format!("{prefix}c"), "user", "?")] });
    let append = user.post(&messages, &more);
    bill.add("append to a branch", 11, append).await;
    let head = json!({ "headId": format!("{prefix}a") });
    bill.add("switch the branch", 8, user.patch(c0, &head))
        .await;
    bill.add("open a branched one", 6, user.get(c0)).await;
    let edit = json!({ "content": format!("edited {prefix}") });
    bill.add("edit a message", 9, user.patch(&message_path, &edit))
        .await;
    let mut whole_message = message(&format!("{prefix}q"), "user", "all new");
    whole_message["tokens"] = json!({ "total": 5 });
    bill.add(
        "replace a message",
        7,
        user.put(&message_path, &whole_message),
    )
    .await;
    let rename = json!({ "title": format!("renamed {prefix}") });
    bill.add("rename a conversation", 9, user.patch(c0, &rename))
        .await;
    bill.add(
        "truncate 2 messages and a branch",
        11,
        user.delete(&truncate),
    )
    .await;
    let save = user.put("/api/conversations/c1", &whole);
    bill.add("save a conversation of 100", 12, save).await;
    let shorter = conversation("c1", 99);
    let save = user.put("/api/conversations/c1", &shorter);
    bill.add("save, a message less", 12, save).await;
    let session = |first: usize, count: usize| {
        let uuid = |index| format!("{prefix}-{index}");
        let entry =
            |index| json!({ "type": "user", "uuid": uuid(index), "message": { "content": "hi" } });
        entries_to_append(prefix, (first..first + count).map(entry).collect())
    };
    let (entries, begin) = session(0, 1);
    user.post(&entries, &begin).await.expect(201);
    let (_, more) = session(1, 500);
    // From its own address, like the imports below.
    let agent = user.with_header("x-real-ip", &format!("session {prefix}"));
    let append = agent.post(&entries, &more);
    bill.add("append 500 entries of a session", 8, append).await;
    let sessions = user.get("/api/conversations?kind=session&projectKey=p");
    bill.add("list sessions", 4, sessions).await;
    let load = format!("{entries}?view=entries");
    let load = user.get(&load);
    bill.add("load 500 entries of a session", 5, load).await;
    let session = entries.trim_end_matches("/messages");
    user.delete(&format!("{session}?permanent=true"))
        .await
        .expect(200);
    let delete = user.delete("/api/conversations/c2");
    bill.add("delete a conversation", 9, delete).await;
    let trash = user.get("/api/conversations?trash=true");
    bill.add("list the trash", 4, trash).await;
    let restore = json!({ "trashed": false });
    let restore = user.patch("/api/conversations/c2", &restore);
    bill.add("restore a conversation", 11, restore).await;
    let for_good = user.delete("/api/conversations/c2?permanent=true");
    bill.add("delete a conversation for good", 9, for_good)
        .await;
    // After a large conversation has shrunk, the first read triggers a recount of the account.
    user.get("/api/user").await.expect(200);
    site.idle().await;
    bill.add("statistics", 3, user.get("/api/user")).await;
    let create = conversation(&format!("{prefix}new"), 2);
    let create = user.post("/api/conversations", &create);
    bill.add("create a conversation", 11, create).await;
    bill.add("sync, one changed", 6, user.get(&sync)).await;
    let wanted = json!({ "conversationId": "c3" });
    bill.add("share a conversation", 9, user.post("/api/shares", &wanted))
        .await;
    let shares = user.get("/api/shares");
    bill.add("list shares", 5, shares).await;
    let path = format!("/api/shares?id={}", share(user, "c3").await);
    // The first of a minute begins the address's counter.
    user.get(&path).await.expect(200);
    bill.add("read a share", 5, user.get(&path)).await;
    bill.add("revoke a share", 9, user.delete(&path)).await;
    let code = user.post("/api/session", &link);
    bill.add("a code for another device", 6, code).await;
    let current = json!({ "currentConversationId": "c0" });
    let set = user.patch("/api/session", &current);
    bill.add("set the current conversation", 5, set).await;
    bill.add("read the session", 6, user.get("/api/session"))
        .await;
    let chunk: Value = (0..50)
        .map(|index| conversation(&format!("{prefix}n{index}"), 100))
        .collect();
    // From separate addresses: the bytes of an address are reported per megabyte.
    let importer = user.with_header("x-real-ip", &format!("import {prefix}"));
    let import = importer.post("/api/import", &chunk);
    bill.add("import 50 of 100 messages", 500, import).await;
    let importer = user.with_header("x-real-ip", &format!("import again {prefix}"));
    let again = importer.post("/api/import", &chunk);
    bill.add("import them again", 10, again).await;
    bill.items
}

/// Shares a conversation; the share's id.
async fn share(user: &Client, conversation: &str) -> String {
    let wanted = json!({ "conversationId": conversation });
    let share = user.post("/api/shares", &wanted).await.expect(201);
    share["id"].as_str().unwrap().to_owned()
}

/// A cursor after all changes, however large the account.
async fn sync_cursor(user: &Client, clock: i64) -> String {
    let mut cursor = String::new();
    loop {
        let page = user
            .get(&format!("/api/sync?limit=50{cursor}"))
            .await
            .expect(200);
        let next = page["nextCursor"].as_str().unwrap();
        if page["hasMore"] == false {
            assert!(page["clock"].as_i64().unwrap() >= clock);
            return next.to_owned();
        }
        cursor = format!("&cursor={next}");
    }
}

struct Bill<'a> {
    site: &'a Site,
    items: Vec<Item>,
}

impl Bill<'_> {
    async fn add<F: Future<Output = TestResponse>>(
        &mut self,
        call: &'static str,
        allowed: u64,
        work: F,
    ) {
        let (response, cost) = self.site.whole_cost_of(work).await;
        assert!(response.status < 300, "{call}: {}", response.text);
        self.items.push(Item {
            call,
            allowed,
            requests: cost.requests,
            commands: cost.commands,
        });
    }
}
