//! Functions of the release before branches work on the same data at the same time, as they do while a deployment is rolled out
//! or rolled back: they see the active path, and lose nothing of what they do not know.
//!
//! Their scripts are in `lua/`, as that release sent them; what its functions put around them is done here.

use crate::common::{Client, Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    both_releases_append_to_one_branch,
    the_earlier_release_sees_and_saves_the_active_path,
    branches_survive_deletions_by_the_earlier_release,
    writes_of_the_earlier_release_are_recounted,
    both_releases_count_activity,
);

const WRITING: [&str; 4] = [
    include_str!("lua/lib/base.lua"),
    include_str!("lua/lib/write_log.lua"),
    include_str!("lua/lib/write.lua"),
    include_str!("lua/lib/conversation.lua"),
];
const READING: [&str; 2] = [
    include_str!("lua/lib/base.lua"),
    include_str!("lua/lib/read.lua"),
];

/// A function of the earlier release, working for one user on the conversation `c`.
struct Earlier<'a> {
    site: &'a Site,
    user: String,
}

impl<'a> Earlier<'a> {
    async fn of(site: &'a Site, user: &Client) -> Self {
        let session = user.get("/api/session").await.expect(200);
        let user = session["userId"].as_str().unwrap().to_owned();
        Self { site, user }
    }

    /// The reply of a script, as texts.
    async fn call(&self, prelude: &[&str], script: &str, arguments: &[String]) -> Vec<String> {
        let (flags, body) = script.split_once('\n').unwrap();
        let prelude = prelude.concat();
        let text = format!("{flags}\n{prelude}\nreturn finish(function()\n{body}\nend)\n");
        let key = |name: &str| format!("user:{}:{name}", self.user);
        let keys = [
            key("conversations"),
            key("conversations:meta"),
            key("deleted"),
            key("conversation:c:messages"),
            key("conversation:c:bodies"),
            key("conversations:meta"),
        ];
        let now = self.site.clock.now_ms();
        let ttl = 90 * 86_400_000_i64;
        let request = format!("earlier{} - ", fastrand::u64(..));
        let common = [
            now.to_string(),
            format!("{ttl} 1000000 60000 {now} 5000 10000 100000000"),
            "c".to_owned(),
            ";".to_owned(),
            request,
        ];
        let count = keys.len().to_string();
        let mut words = vec!["EVAL", &text, &count];
        words.extend(keys.iter().map(String::as_str));
        words.extend(common.iter().map(String::as_str));
        words.extend(arguments.iter().map(String::as_str));
        let Reply::Array(parts) = self.site.command(&words).await else {
            panic!("a script replies with a list");
        };
        let Reply::Array(reply) = &parts[1] else {
            panic!("its own reply is a list: {parts:?}");
        };
        reply.iter().map(text_of).collect()
    }

    async fn append(&self, id: &str) {
        let arguments = [vec![String::new()], words_of(id)].concat();
        let script = include_str!("lua/messages_append.lua");
        let reply = self.call(&WRITING, script, &arguments).await;
        assert_eq!(reply[0], "ok", "{reply:?}");
    }

    async fn save(&self, ids: &[&str]) {
        let mut arguments = ["replace", "", "", "", "", "digest"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(ids.iter().flat_map(|id| words_of(id)));
        let script = include_str!("lua/conversation_save.lua");
        let reply = self.call(&WRITING, script, &arguments).await;
        assert_eq!(reply[0], "ok", "{reply:?}");
    }

    async fn delete(&self, id: &str, and_after: bool) {
        let and_after = if and_after { "1" } else { "0" };
        let arguments = [id, and_after].map(str::to_owned);
        let script = include_str!("lua/message_delete.lua");
        let reply = self.call(&WRITING, script, &arguments).await;
        assert_eq!(reply[0], "ok", "{reply:?}");
    }

    async fn edit(&self, id: &str) {
        let patch = "\"content\"\u{1f}\"edited\"\u{1e}";
        let arguments = [id, patch, "", "", "4000000"].map(str::to_owned);
        let script = include_str!("lua/message_patch.lua");
        let reply = self.call(&WRITING, script, &arguments).await;
        assert_eq!(reply[0], "ok", "{reply:?}");
    }

    /// The ids that it shows, oldest first.
    async fn read(&self) -> Vec<String> {
        let arguments = ["100", "asc", "", "", ""].map(str::to_owned);
        let script = include_str!("lua/conversation_read.lua");
        let reply = self.call(&READING, script, &arguments).await;
        assert_eq!(reply[0], "ok", "{reply:?}");
        // Status, record, counters, state, change sequence, renewal, and where the next page begins come first.
        reply[8..].chunks(2).map(|pair| pair[0].clone()).collect()
    }
}

fn text_of(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(text) => String::from_utf8(text.clone()).unwrap(),
        Reply::Int(number) => number.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

/// A message as its scripts take one.
fn words_of(id: &str) -> Vec<String> {
    let record = format!(
        "\"type\"\u{1f}\"user\"\u{1e}\"content\"\u{1f}\"{id}\"\u{1e}\"tokens\"\u{1f}{{\"total\":3}}\u{1e}"
    );
    vec![
        id.to_owned(),
        "1000".to_owned(),
        "3".to_owned(),
        format!("digest-{id}"),
        record,
    ]
}

fn said(id: &str) -> Value {
    json!({ "id": id, "type": "user", "content": id, "timestamp": 1_000, "tokens": { "total": 3 } })
}

fn behind(id: &str, parent: &str) -> Value {
    let mut message = said(id);
    message["parentId"] = json!(parent);
    message
}

async fn path(user: &Client) -> Vec<String> {
    ids(&user.open("c").await["messages"])
}

/// Every message and its parent, sorted.
async fn tree(user: &Client) -> Vec<String> {
    let page = user
        .get("/api/conversations/c/messages?branches=all&limit=100")
        .await
        .expect(200);
    let mut tree: Vec<String> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let parent = message["parentId"].as_str().unwrap_or_default();
            format!("{}<{parent}", message["id"].as_str().unwrap())
        })
        .collect();
    tree.sort();
    tree
}

async fn both_releases_append_to_one_branch(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("m0")]).await;
    let earlier = Earlier::of(&site, &user).await;
    for turn in 0..5 {
        earlier.append(&format!("old{turn}")).await;
        user.append("c", vec![said(&format!("new{turn}"))])
            .await
            .expect(201);
    }
    let expected: Vec<String> = std::iter::once("m0".to_owned())
        .chain((0..5).flat_map(|turn| [format!("old{turn}"), format!("new{turn}")]))
        .collect();
    assert_eq!(path(&user).await, expected);
    assert_eq!(earlier.read().await, expected);
    let opened = user.open("c").await;
    assert_eq!(
        (&opened["messageCount"], &opened["totalTokens"]),
        (&json!(11), &json!(33))
    );
}

async fn the_earlier_release_sees_and_saves_the_active_path(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a1"), said("q2")])
        .await;
    user.append("c", vec![behind("a2", "q")]).await.expect(201);
    let earlier = Earlier::of(&site, &user).await;
    assert_eq!(earlier.read().await, ["q", "a2"]);
    earlier.append("x").await;
    earlier.edit("a2").await;
    assert_eq!(path(&user).await, ["q", "a2", "x"]);
    earlier.save(&["q", "a2", "y"]).await;
    assert_eq!(path(&user).await, ["q", "a2", "y"]);
    user.append("c", vec![said("z")]).await.expect(201);
    assert_eq!(
        tree(&user).await,
        ["a1<q", "a2<q", "q2<a1", "q<", "y<a2", "z<y"]
    );
    user.patch("/api/conversations/c", &json!({ "headId": "q2" }))
        .await
        .expect(200);
    assert_eq!(earlier.read().await, ["q", "a1", "q2"]);
}

async fn branches_survive_deletions_by_the_earlier_release(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a1")]).await;
    user.append("c", vec![behind("a2", "q"), said("b")])
        .await
        .expect(201);
    let earlier = Earlier::of(&site, &user).await;
    earlier.delete("b", false).await;
    earlier.delete("a2", true).await;
    assert_eq!(path(&user).await, ["q"]);
    user.append("c", vec![said("a3")]).await.expect(201);
    assert_eq!(tree(&user).await, ["a1<q", "a3<q", "q<"]);
    // Their parent is deleted, and they stay.
    earlier.delete("q", false).await;
    user.append("c", vec![said("d")]).await.expect(201);
    assert_eq!(tree(&user).await, ["a1<", "a3<", "d<a3"]);
}

async fn writes_of_the_earlier_release_are_recounted(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a1")]).await;
    user.append("c", vec![behind("a2", "q")]).await.expect(201);
    let before = user.get("/api/user").await.expect(200)["bytes"].clone();
    let earlier = Earlier::of(&site, &user).await;
    earlier.save(&["q", "a2"]).await;
    let mut last = message("last", "user", "last");
    last["tokens"] = json!({ "total": 3 });
    user.append("c", vec![last]).await.expect(201);
    let opened = user.open("c").await;
    assert_eq!(
        (&opened["messageCount"], &opened["totalTokens"]),
        (&json!(3), &json!(12))
    );
    let bytes = user.get("/api/user").await.expect(200)["bytes"].clone();
    assert!(bytes.as_u64() > before.as_u64(), "{bytes} after {before}");
    assert_eq!(tree(&user).await, ["a1<q", "a2<q", "last<a2", "q<"]);
}

async fn both_releases_count_activity(site: Site) {
    let user = site.user().await;
    let yesterday = site.clock.now_ms() - 86_400_000;
    let reply = |id: &str| json!({ "id": id, "type": "assistant", "content": "x", "timestamp": yesterday, "model": "m-1" });
    user.create("c", vec![said("q")]).await;
    let earlier = Earlier::of(&site, &user).await;
    // It counts what it receives as today's, and preserves unknown fields.
    earlier.append("old0").await;
    user.append("c", vec![reply("new0")]).await.expect(201);
    earlier.append("old1").await;
    user.append("c", vec![reply("new1")]).await.expect(201);
    let statistics = user.get("/api/user").await.expect(200);
    let days = statistics["activity"].as_array().unwrap();
    let day = |at: usize| (days[at]["messages"].clone(), days[at]["tokens"].clone());
    assert_eq!(
        [day(28), day(29)],
        [(json!(2), json!(0)), (json!(2), json!(6))]
    );
    assert_eq!(
        statistics["models"],
        json!([{ "model": "m-1", "messages": 2, "tokens": 0 }])
    );
    assert_eq!(statistics["totals"]["lifetime"]["messages"], 5);
}
