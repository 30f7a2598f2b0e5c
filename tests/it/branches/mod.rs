//! Branches: a conversation is a tree of messages, of which a client sees the active path.

mod any_tree;
mod travelling;

use std::collections::BTreeMap;

use crate::common::{Client, Site, ids, message};
use serde_json::{Value, json};

on_both_stores!(
    regenerating_keeps_the_old_reply_as_a_sibling,
    versions_sent_together_keep_their_order,
    editing_the_first_question_starts_a_new_branch,
    switching_shows_the_other_branch_and_back,
    an_unknown_parent_or_head_changes_nothing,
    an_append_to_a_branch_beside_the_path_switches_to_it,
    a_whole_save_replaces_the_active_path_only,
    a_save_takes_a_tree,
    deleting_a_message_closes_the_gap_in_every_branch,
    truncating_removes_the_subtree,
);

const MESSAGES: &str = "/api/conversations/c/messages";

fn said(id: &str) -> Value {
    message(id, "user", &format!("{id} said"))
}

fn behind(id: &str, parent: &str) -> Value {
    let mut message = said(id);
    message["parentId"] = match parent {
        "" => Value::Null,
        parent => parent.into(),
    };
    message
}

async fn path(user: &Client) -> Vec<String> {
    ids(&user.open("c").await["messages"])
}

/// The parent of every message, or ''.
async fn tree(user: &Client) -> BTreeMap<String, String> {
    let (mut tree, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("{MESSAGES}?branches=all&limit=3{cursor}");
        let page = user.get(&path).await.expect(200);
        for message in page["data"].as_array().unwrap() {
            let parent = message["parentId"].as_str().unwrap_or_default().to_owned();
            let id = message["id"].as_str().unwrap().to_owned();
            assert!(message.get("parentId").is_some(), "{message}");
            assert_eq!(tree.insert(id, parent), None, "{message}");
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return tree,
        }
    }
}

fn tree_of(words: &str) -> BTreeMap<String, String> {
    let pair = |word: &str| {
        let (id, parent) = word.split_once('<').unwrap();
        (id.to_owned(), parent.to_owned())
    };
    words.split(' ').map(pair).collect()
}

async fn switch(user: &Client, head: &str) -> Value {
    user.patch("/api/conversations/c", &json!({ "headId": head }))
        .await
        .expect(200)
}

/// q, its replies a1 and a2, and q2 with b after a1; the path is q a2.
async fn branched(site: &Site) -> Client {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a1"), said("q2"), said("b")])
        .await;
    user.append("c", vec![behind("a2", "q")]).await.expect(201);
    user
}

const BRANCHED: &str = "q< a1<q q2<a1 b<q2 a2<q";

/// Whichever of them is on the path, which is stored first.
async fn versions_sent_together_keep_their_order(site: Site) {
    for (head, method) in [("a1", "POST"), ("a2", "POST"), ("a3", "PUT")] {
        let user = site.user().await;
        let messages = json!([
            said("q"),
            behind("a1", "q"),
            behind("a2", "q"),
            behind("a3", "q")
        ]);
        let conversation = json!({ "id": "c", "headId": head, "messages": messages });
        match method {
            "POST" => user.post("/api/conversations", &conversation).await,
            _ => user.put("/api/conversations/c", &conversation).await,
        }
        .expect(201);
        let opened = user.open("c").await;
        assert_eq!(
            opened["messages"][1]["siblingIds"],
            json!(["a1", "a2", "a3"]),
            "{head}"
        );
        let other = site.user().await;
        other
            .post("/api/import", &json!([conversation]))
            .await
            .expect(200);
        let opened = other.open("c").await;
        assert_eq!(
            opened["messages"][1]["siblingIds"],
            json!(["a1", "a2", "a3"]),
            "{head}, imported"
        );
    }
}

async fn regenerating_keeps_the_old_reply_as_a_sibling(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a1")]).await;
    let appended = user.append("c", vec![behind("a2", "q")]).await.expect(201);
    assert_eq!(appended["appended"], json!(["a2"]));
    assert_eq!(appended["conversation"]["messageCount"], 2);
    assert_eq!(appended["conversation"]["headId"], "a2");
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["q", "a2"]);
    assert_eq!(opened["messages"][0].get("siblingIds"), None);
    assert_eq!(opened["messages"][1]["siblingIds"], json!(["a1", "a2"]));
    assert_eq!(tree(&user).await, tree_of("q< a1<q a2<q"));
    // Sent again, it is recognised.
    let again = user.append("c", vec![behind("a2", "q")]).await.expect(200);
    assert_eq!(again["appended"], json!([]));
    // A page that starts below the siblings lists them too.
    user.append("c", vec![said("q2")]).await.expect(201);
    let page = user.get(&format!("{MESSAGES}?limit=2")).await.expect(200);
    assert_eq!(ids(&page["data"]), ["q2", "a2"]);
    assert_eq!(page["data"][1]["siblingIds"], json!(["a1", "a2"]));
}

async fn editing_the_first_question_starts_a_new_branch(site: Site) {
    let user = site.user().await;
    user.create("c", vec![said("q"), said("a")]).await;
    user.append("c", vec![behind("better", ""), said("a2")])
        .await
        .expect(201);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["better", "a2"]);
    assert_eq!(opened["messages"][0]["siblingIds"], json!(["q", "better"]));
    assert_eq!(tree(&user).await, tree_of("q< a<q better< a2<better"));
}

async fn switching_shows_the_other_branch_and_back(site: Site) {
    let user = branched(&site).await;
    assert_eq!(path(&user).await, ["q", "a2"]);
    let switched = switch(&user, "b").await;
    assert_eq!(
        (&switched["headId"], &switched["messageCount"]),
        (&json!("b"), &json!(4))
    );
    assert_eq!(path(&user).await, ["q", "a1", "q2", "b"]);
    assert_eq!(tree(&user).await, tree_of(BRANCHED));
    let again = switch(&user, "b").await;
    assert_eq!(again["revision"], switched["revision"]);
    // In the middle of a branch the path ends there, and what follows stays.
    switch(&user, "a1").await;
    assert_eq!(path(&user).await, ["q", "a1"]);
    assert_eq!(tree(&user).await, tree_of(BRANCHED));
    user.append("c", vec![said("other")]).await.expect(201);
    let page = user.get(MESSAGES).await.expect(200);
    assert_eq!(ids(&page["data"]), ["other", "a1", "q"]);
    assert_eq!(page["data"][0]["siblingIds"], json!(["q2", "other"]));
    switch(&user, "a2").await;
    assert_eq!(path(&user).await, ["q", "a2"]);
    // Together with other metadata, in one call.
    let both = json!({ "headId": "b", "title": "Both" });
    let patched = user.patch("/api/conversations/c", &both).await.expect(200);
    assert_eq!(
        (&patched["title"], &patched["headId"]),
        (&json!("Both"), &json!("b"))
    );
}

async fn an_unknown_parent_or_head_changes_nothing(site: Site) {
    let user = branched(&site).await;
    let before = user.open("c").await;
    user.append("c", vec![behind("x", "nowhere")])
        .await
        .expect_error(404, "message_not_found");
    user.patch(
        "/api/conversations/c",
        &json!({ "headId": "nowhere", "title": "x" }),
    )
    .await
    .expect_error(404, "message_not_found");
    user.append("c", vec![behind("x", "a b")])
        .await
        .expect_error(400, "invalid_id");
    assert_eq!(user.open("c").await, before);
}

async fn an_append_to_a_branch_beside_the_path_switches_to_it(site: Site) {
    let user = branched(&site).await;
    user.append("c", vec![behind("q3", "b"), said("d")])
        .await
        .expect(201);
    assert_eq!(path(&user).await, ["q", "a1", "q2", "b", "q3", "d"]);
    assert_eq!(tree(&user).await, tree_of(&format!("{BRANCHED} q3<b d<q3")));
    // Two replies to one question, in one call.
    user.append("c", vec![behind("x", "a2"), behind("y", "a2")])
        .await
        .expect(201);
    assert_eq!(path(&user).await, ["q", "a2", "y"]);
    assert_eq!(
        tree(&user).await,
        tree_of(&format!("{BRANCHED} q3<b d<q3 x<a2 y<a2"))
    );
}

async fn a_whole_save_replaces_the_active_path_only(site: Site) {
    let user = branched(&site).await;
    // Like a client that knows only a linear conversation: what it was sent, and one more.
    let mut opened = user.open("c").await;
    opened["messages"].as_array_mut().unwrap().push(said("q4"));
    user.put("/api/conversations/c", &opened).await.expect(200);
    assert_eq!(path(&user).await, ["q", "a2", "q4"]);
    assert_eq!(tree(&user).await, tree_of(&format!("{BRANCHED} q4<a2")));
    // Children of a removed message move to the nearest ancestor that is left.
    let left = json!({ "messages": [said("new"), said("a2")] });
    let saved = user.put("/api/conversations/c", &left).await.expect(200);
    assert_eq!(saved["messageCount"], 2);
    assert_eq!(tree(&user).await, tree_of("new< a2<new a1< q2<a1 b<q2"));
    let without = json!({ "messages": [] });
    let saved = user.put("/api/conversations/c", &without).await.expect(200);
    assert_eq!(
        (&saved["messageCount"], &saved["headId"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(tree(&user).await, tree_of("a1< q2<a1 b<q2"));
    switch(&user, "b").await;
    assert_eq!(path(&user).await, ["a1", "q2", "b"]);
    // A client that saves what was on a branch beside the path brings it back onto the path.
    switch(&user, "a1").await;
    let all = json!({ "messages": [said("a1"), said("b")] });
    user.put("/api/conversations/c", &all).await.expect(200);
    assert_eq!(tree(&user).await, tree_of("a1< b<a1 q2<a1"));
}

async fn a_save_takes_a_tree(site: Site) {
    let user = site.user().await;
    let messages = vec![
        said("q"),
        said("a1"),
        behind("a2", "q"),
        said("q2"),
        behind("b", "a1"),
    ];
    let body = json!({ "id": "c", "headId": "q2", "messages": messages });
    let created = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(
        (&created["headId"], &created["messageCount"]),
        (&json!("q2"), &json!(3))
    );
    assert_eq!(path(&user).await, ["q", "a2", "q2"]);
    assert_eq!(tree(&user).await, tree_of("q< a1<q a2<q q2<a2 b<a1"));
    for messages in [
        vec![behind("q", "a"), behind("a", "q")],
        vec![said("q"), behind("a", "nowhere")],
    ] {
        let body = json!({ "messages": messages });
        user.put("/api/conversations/c", &body)
            .await
            .expect_error(400, "invalid_field");
    }
    assert_eq!(path(&user).await, ["q", "a2", "q2"]);
}

async fn deleting_a_message_closes_the_gap_in_every_branch(site: Site) {
    let user = branched(&site).await;
    let delete = async |id: &str| user.delete(&format!("{MESSAGES}/{id}")).await.expect(200);
    let deleted = delete("q2").await;
    assert_eq!(
        (
            &deleted["deleted"],
            &deleted["conversation"]["messageCount"]
        ),
        (&json!(["q2"]), &json!(2))
    );
    assert_eq!(tree(&user).await, tree_of("q< a1<q b<a1 a2<q"));
    delete("q").await;
    assert_eq!(tree(&user).await, tree_of("a1< b<a1 a2<"));
    let opened = user.open("c").await;
    assert_eq!(opened["messages"][0]["siblingIds"], json!(["a1", "a2"]));
    let deleted = delete("a2").await;
    assert_eq!(deleted["conversation"]["headId"], Value::Null);
    assert_eq!(path(&user).await, [""; 0]);
    assert_eq!(tree(&user).await, tree_of("a1< b<a1"));
    user.append("c", vec![behind("last", "b")])
        .await
        .expect(201);
    assert_eq!(path(&user).await, ["a1", "b", "last"]);
}

async fn truncating_removes_the_subtree(site: Site) {
    let user = branched(&site).await;
    switch(&user, "b").await;
    user.append("c", vec![behind("b2", "q2")]).await.expect(201);
    let path_of = |id: &str| format!("{MESSAGES}/{id}?andAfter=true");
    let deleted = user.delete(&path_of("a1")).await.expect(200);
    let mut gone = deleted["deleted"].as_array().unwrap().clone();
    gone.sort_by_key(Value::to_string);
    assert_eq!(json!(gone), json!(["a1", "b", "b2", "q2"]));
    assert_eq!(deleted["conversation"]["headId"], "q");
    assert_eq!(tree(&user).await, tree_of("q< a2<q"));
    // Off the path, it leaves the path alone.
    user.append("c", vec![said("x"), said("y")])
        .await
        .expect(201);
    switch(&user, "a2").await;
    let deleted = user.delete(&path_of("x")).await.expect(200);
    assert_eq!(deleted["conversation"]["messageCount"], 2);
    assert_eq!(tree(&user).await, tree_of("q< a2<q"));
}
