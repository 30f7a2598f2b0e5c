//! Conversations without a signature get one: after a search, and after the first write that meets them.

use std::time::Duration;

use super::{found, page, said};
use crate::common::situation::entries_to_append;
use crate::common::{Client, Site, message, use_every_script};
use embedded_store::front::Fault;
use embedded_store::reply::Reply;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    an_account_from_before_is_indexed_step_by_step,
    the_first_write_to_an_account_from_before_indexes_a_step_of_it,
    every_write_indexes_its_conversation,
    a_write_whose_response_is_lost_is_indexed,
    a_deleted_message_leaves_no_fingerprint,
    a_conversation_with_too_many_words_is_indexed_once_it_shrinks,
    a_claim_brings_signatures_along,
    agent_sessions_are_not_searched,
);

/// A field of meta, of the only user who has one of this name.
async fn field(site: &Site, field: &str) -> String {
    let mut found = String::new();
    for key in site.keys("*conversations:meta").await {
        if let Reply::Bulk(text) = site.command(&["HGET", &key, field]).await {
            found += &String::from_utf8(text).unwrap();
        }
    }
    found
}

/// A conversation's signature as it is stored, of the only user who has one of this id.
pub(super) async fn stored(site: &Site, id: &str) -> String {
    field(site, &format!("{id}:signature")).await
}

/// As an earlier release would have left it: a state without the last two numbers, and no signature.
pub(super) async fn forget_signature(site: &Site, id: &str) {
    set_state_of_before(site, id, 2).await;
    for key in site.keys("*conversations:meta").await {
        site.command(&["HDEL", &key, &format!("{id}:signature")])
            .await;
    }
}

/// As the release before the second form of signatures has left it: a state without the last number, and a signature of its own.
pub(super) async fn prepared_by_version_1(site: &Site, id: &str, signature: &str) {
    let size = signature.len() + 1;
    set_state_of_before(site, id, 1).await;
    for key in site.keys("*conversations:meta").await {
        let state = format!("{id}:state");
        let Reply::Bulk(text) = site.command(&["HGET", &key, &state]).await else {
            continue;
        };
        let text = String::from_utf8(text).unwrap();
        let mut words: Vec<&str> = text.split(' ').collect();
        let size = size.to_string();
        words[6] = &size;
        site.command(&["HSET", &key, &state, &words.join(" ")])
            .await;
        site.command(&["HSET", &key, &format!("{id}:signature"), signature])
            .await;
    }
}

/// Leaves so many numbers at the end of a state out.
async fn set_state_of_before(site: &Site, id: &str, missing: usize) {
    for key in site.keys("*conversations:meta").await {
        let field = format!("{id}:state");
        let Reply::Bulk(state) = site.command(&["HGET", &key, &field]).await else {
            continue;
        };
        let state = String::from_utf8(state).unwrap();
        let mut words: Vec<&str> = state.split(' ').collect();
        if words.len() <= 9 - missing {
            continue;
        }
        words.drain(8 - missing..8);
        site.command(&["HSET", &key, &field, &words.join(" ")])
            .await;
    }
}

/// How many are prepared, of how many.
async fn indexed(user: &Client) -> [u64; 2] {
    let indexed = page(user, "q=x").await["indexed"].clone();
    ["done", "of"].map(|name| indexed[name].as_u64().unwrap())
}

/// An account of so many conversations, as an earlier release would have left it.
pub(super) async fn account_from_before(site: &Site, conversations: usize) -> Client {
    let user = site.user().await;
    let all: Vec<Value> = (0..conversations)
        .map(|index| json!({ "id": format!("c{index}"), "messages": said(&format!("needle n{index}")) }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    for index in 0..conversations {
        forget_signature(site, &format!("c{index}")).await;
    }
    user
}

async fn an_account_from_before_is_indexed_step_by_step(site: Site) {
    let user = account_from_before(&site, 60).await;
    let first = page(&user, "q=n59").await;
    assert_eq!(
        first["indexed"],
        json!({ "done": 0, "of": 60, "total": 60 })
    );
    site.idle().await;
    let second = page(&user, "q=n0").await;
    assert_eq!(
        second["indexed"],
        json!({ "done": 50, "of": 60, "total": 60 })
    );
    site.idle().await;
    // Writes to an account of an earlier release stay correct, with and without signatures.
    user.append("c3", vec![message("more", "user", "later")])
        .await
        .expect(201);
    assert_eq!(indexed(&user).await, [60, 60]);
    assert_eq!(found(&user, "later").await, ["c3"]);
    assert_eq!(found(&user, "needle").await.len(), 60);
    assert_eq!(found(&user, "n7").await, ["c7"]);
}

async fn the_first_write_to_an_account_from_before_indexes_a_step_of_it(site: Site) {
    let user = account_from_before(&site, 60).await;
    user.append("c3", vec![message("more", "user", "later")])
        .await
        .expect(201);
    site.idle().await;
    assert!(!stored(&site, "c3").await.is_empty());
    assert_eq!(indexed(&user).await, [50, 60]);
    site.idle().await;
    assert_eq!(indexed(&user).await, [60, 60]);
    assert_eq!(found(&user, "later").await, ["c3"]);
    assert_eq!(found(&user, "needle").await.len(), 60);
}

/// Writes the conversation as an earlier release did, then by this call, and checks that a search finds its words.
async fn indexes(site: &Site, user: &Client, id: &str, call: impl Future<Output = u16>) {
    forget_signature(site, id).await;
    // The upkeep of the previous call should not count.
    site.advance(Duration::from_secs(61));
    let status = call.await;
    assert!(status < 300, "{status}");
    site.idle().await;
    assert!(!stored(site, id).await.is_empty(), "{id}");
    let [done, of] = indexed(user).await;
    assert_eq!(done, of);
}

async fn every_write_indexes_its_conversation(site: Site) {
    let user = site.user().await;
    let a = "/api/conversations/a";
    let messages = [("m", "first"), ("n", "second"), ("o", "third")];
    let messages = messages.map(|(id, text)| message(id, "user", text));
    user.create("a", messages.to_vec()).await;
    let write = async |call: Method, path: &str, body: Value| {
        let body = Some(body.to_string()).filter(|_| call != Method::DELETE);
        let call = async { user.send(call, path, body).await.status };
        indexes(&site, &user, "a", call).await;
    };
    let mut branch = message("p", "user", "fourth");
    branch["parentId"] = json!("m");
    let append = json!({ "messages": [branch] });
    write(Method::POST, &format!("{a}/messages"), append).await;
    write(Method::PATCH, a, json!({ "headId": "o" })).await;
    write(Method::PATCH, a, json!({ "title": "Renamed" })).await;
    let edit = json!({ "content": "edited" });
    write(Method::PATCH, &format!("{a}/messages/m"), edit).await;
    let whole = message("n", "user", "replaced");
    write(Method::PUT, &format!("{a}/messages/n"), whole).await;
    let more = json!([{ "id": "a", "messages": [message("q", "user", "imported")] }]);
    write(Method::POST, "/api/import", more).await;
    write(Method::DELETE, &format!("{a}/messages/o"), Value::Null).await;
    // The same request twice, of which the second changes nothing.
    let again = message("n", "user", "replaced");
    write(Method::PUT, &format!("{a}/messages/n"), again).await;
    // What comes back from the trash, or is a copy of what has none, waits for the search.
    let a_search_indexes = async |id: &str| {
        assert!(stored(&site, id).await.is_empty());
        indexed(&user).await;
        site.idle().await;
        assert!(!stored(&site, id).await.is_empty());
    };
    user.delete(a).await.expect(200);
    user.patch(a, &json!({ "trashed": false }))
        .await
        .expect(200);
    site.idle().await;
    a_search_indexes("a").await;
    forget_signature(&site, "a").await;
    let fork = json!({ "id": "fork", "forkOf": { "conversationId": "a" } });
    user.post("/api/conversations", &fork).await.expect(201);
    site.idle().await;
    a_search_indexes("fork").await;
    assert_eq!(found(&user, "fourth renamed").await, ["a"]);
    assert_eq!(found(&user, "imported").await, ["a", "fork"]);
}

async fn a_write_whose_response_is_lost_is_indexed(site: Site) {
    let user = site.user().await;
    user.create("a", said("needle")).await;
    forget_signature(&site, "a").await;
    site.faults().push(Fault::CutAfter, 1);
    user.append("a", vec![message("n", "user", "later")])
        .await
        .expect(201);
    site.idle().await;
    assert!(!stored(&site, "a").await.is_empty());
    assert_eq!(indexed(&user).await, [1, 1]);
    assert_eq!(found(&user, "later").await, ["a"]);
}

async fn a_deleted_message_leaves_no_fingerprint(site: Site) {
    let user = site.user().await;
    // A script that is not loaded yet takes two requests.
    use_every_script(&user).await;
    site.idle().await;
    let two = vec![
        message("m", "user", "secret"),
        message("n", "user", "plain"),
    ];
    let a = json!({ "id": "a", "title": "t", "messages": two });
    user.post("/api/conversations", &a).await.expect(201);
    let before = stored(&site, "a").await;
    site.begin_window();
    user.get("/api/user").await.expect(200);
    let deletion = user.delete("/api/conversations/a/messages/m");
    let (deletion, cost) = site.whole_cost_of(deletion).await;
    deletion.expect(200);
    // A write pays for no preparing.
    assert_eq!((cost.requests, cost.commands), (1, 8));
    assert_eq!(stored(&site, "a").await, "");
    assert_eq!(found(&user, "secret").await, [""; 0]);
    assert_eq!(found(&user, "plain").await, ["a"]);
    site.idle().await;
    let after = stored(&site, "a").await;
    assert!(!after.is_empty() && after.len() < before.len());
    assert_eq!(found(&user, "plain").await, ["a"]);
    assert_eq!(found(&user, "secret").await, [""; 0]);
}

/// A word unique to this number.
fn word(number: u32) -> String {
    let mut rest = number.wrapping_mul(2_654_435_761);
    let letter = |_| {
        let letter = char::from(b'a' + u8::try_from(rest % 26).unwrap());
        rest /= 26;
        letter
    };
    (0..7).map(letter).collect()
}

/// A message of 10,000 words unique to this part.
fn words(part: u32) -> Value {
    let words: Vec<String> = (part * 10_000..(part + 1) * 10_000).map(word).collect();
    message(&format!("m{part}"), "user", &words.join(" "))
}

/// The signature's number of the only conversation of this id: see `state_names` in base.lua.
async fn number(site: &Site, id: &str) -> i64 {
    let state = field(site, &format!("{id}:state")).await;
    state.split(' ').nth(6).unwrap().parse().unwrap()
}

async fn a_conversation_with_too_many_words_is_indexed_once_it_shrinks(site: Site) {
    let user = site.user().await;
    use_every_script(&user).await;
    user.create("small", said("x")).await;
    forget_signature(&site, "small").await;
    indexed(&user).await;
    site.idle().await;
    let messages = (0..4).map(words).collect();
    user.create("large", messages).await;
    let cost = async |status: u16, id: &str| {
        site.advance(Duration::from_secs(61));
        let append = user.append("large", vec![message(id, "user", "x")]);
        let work = async {
            append.await.expect(status);
            site.idle().await;
        };
        site.begin_window();
        site.cost_of(work).await.1
    };
    assert!(number(&site, "large").await < 0);
    let cost_of_append = cost(201, "a").await;
    assert_eq!((cost_of_append.requests, cost_of_append.commands), (1, 8));
    // For a conversation of an earlier release it is tried once.
    forget_signature(&site, "large").await;
    let cost_of_append = cost(201, "b").await;
    assert_eq!((cost_of_append.requests, cost_of_append.commands), (4, 17));
    assert!(number(&site, "large").await < 0);
    assert_eq!(cost(201, "c").await.requests, 1);
    // Nothing more is to come of it, so nobody is told to wait.
    let [done, of] = indexed(&user).await;
    assert_eq!(done, of);
    assert_eq!(found(&user, &word(39_999)).await, ["large"]);
    site.idle().await;
    for part in ["m0", "m1"] {
        assert_eq!(stored(&site, "large").await, "");
        let path = format!("/api/conversations/large/messages/{part}");
        user.delete(&path).await.expect(200);
        site.advance(Duration::from_secs(61));
        indexed(&user).await;
        site.idle().await;
    }
    assert!(!stored(&site, "large").await.is_empty());
    assert_eq!(found(&user, &word(39_999)).await, ["large"]);
    assert_eq!(cost(201, "d").await.requests, 1);
}

async fn a_claim_brings_signatures_along(site: Site) {
    let (source, target) = (site.user().await, site.user().await);
    for id in ["a", "b"] {
        source.create(id, said("needle")).await;
    }
    let before = stored(&site, "a").await;
    forget_signature(&site, "b").await;
    let claim = json!({ "action": "claim", "token": source.token() });
    target.post("/api/session", &claim).await.expect(200);
    assert_eq!(stored(&site, "a").await, before);
    site.idle().await;
    assert_eq!(indexed(&target).await, [2, 2]);
    assert_eq!(found(&target, "needle").await, ["a", "b"]);
}

async fn agent_sessions_are_not_searched(site: Site) {
    let user = site.user().await;
    let entry = |uuid: &str| json!({ "type": "user", "uuid": uuid, "message": { "role": "user", "content": "needle" } });
    let (path, first) = entries_to_append("s", json!([entry("e1")]));
    user.post(&path, &first).await.expect(201);
    let id = path.split('/').nth(3).unwrap();
    forget_signature(&site, id).await;
    let (_, more) = entries_to_append("s", json!([entry("e2")]));
    let append = async {
        user.post(&path, &more).await.expect(201);
        site.idle().await;
    };
    let (_, cost) = site.cost_of(append).await;
    assert_eq!(cost.requests, 1);
    user.create("chat", said("needle")).await;
    assert_eq!(found(&user, "needle").await, ["chat"]);
    site.idle().await;
    assert_eq!(stored(&site, id).await, "");
    assert_eq!(indexed(&user).await, [1, 1]);
}
