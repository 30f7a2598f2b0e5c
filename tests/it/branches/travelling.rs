//! Exports, imports, claims and the trash include branches; a share has only the active path.

use super::{BRANCHED, behind, branched, path, said, switch, tree, tree_of};
use crate::common::{Client, Site, ids};
use serde_json::{Value, json};

on_both_stores!(
    an_export_and_its_import_keep_every_branch,
    versions_stay_in_their_order,
    a_large_tree_is_exported_in_pieces_and_comes_back,
    an_import_adds_branches_and_switches_nothing,
    a_share_shows_the_active_path,
    claims_and_deletions_include_branches,
    the_trash_keeps_every_branch,
);

/// The export, and a site's other user who has imported it.
pub async fn exported_and_imported(site: &Site, user: &Client) -> Client {
    let export = user.get("/api/export").await;
    assert_eq!(export.status, 200);
    let other = site.user().await;
    // A line at a time: more may be too much for a request.
    for line in export.text.lines() {
        other
            .send(
                reqwest::Method::POST,
                "/api/import",
                Some(line.to_owned() + "\n"),
            )
            .await
            .expect(200);
    }
    let again = other.get("/api/export").await;
    let lines = |text: &str| -> Vec<Value> {
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for line in &mut lines {
            for name in ["revision", "etag"] {
                line.as_object_mut().unwrap().remove(name);
            }
        }
        lines
    };
    for (line, expected) in lines(&again.text).iter().zip(lines(&export.text)) {
        for (name, value) in expected.as_object().unwrap() {
            let (found, wanted) = (line[name].to_string(), value.to_string());
            assert!(
                found == wanted,
                "{name}: {:.300} instead of {:.300}",
                found,
                wanted
            );
        }
    }
    other
}

async fn an_export_and_its_import_keep_every_branch(site: Site) {
    let user = branched(&site).await;
    user.append("c", vec![behind("b2", "q2")]).await.expect(201);
    switch(&user, "a1").await;
    let other = exported_and_imported(&site, &user).await;
    assert_eq!(path(&other).await, ["q", "a1"]);
    assert_eq!(tree(&other).await, tree_of(&format!("{BRANCHED} b2<q2")));
    let markdown = user.get("/api/export?conversation=c&format=markdown").await;
    assert_eq!(markdown.status, 200);
    assert!(markdown.text.contains("a1 said") && !markdown.text.contains("a2 said"));
}

/// The siblings of all messages that have any, on every branch.
async fn siblings(user: &Client) -> Vec<Value> {
    let all = user
        .get("/api/conversations/c/messages?branches=all")
        .await
        .expect(200);
    let messages = all["data"].as_array().unwrap();
    let siblings = messages.iter().map(|message| message["siblingIds"].clone());
    siblings.filter(|ids| !ids.is_null()).collect()
}

/// Also where the sibling on the path, which an export begins with, was not the first.
async fn versions_stay_in_their_order(site: Site) {
    for length in [5, 900_000] {
        let user = site.user().await;
        user.create("c", vec![]).await;
        for (id, parent) in [
            "q", "a1<q", "b1<a1", "a2<q", "b2<a2", "a3<q", "b3<a2", "b0<a1",
        ]
        .map(|word| word.split_once('<').unwrap_or((word, "")))
        {
            let mut sent = behind(id, parent);
            sent["content"] = crate::common::incompressible(7, length).into();
            user.append("c", vec![sent]).await.expect(201);
        }
        for head in ["b2", "b0", "a3"] {
            switch(&user, head).await;
            let other = exported_and_imported(&site, &user).await;
            assert_eq!(siblings(&other).await, siblings(&user).await, "{head}");
            assert_eq!(other.open("c").await["headId"], head);
            // And new messages come after them.
            other.append("c", vec![behind("a4", "q")]).await.expect(201);
            let opened = other.open("c").await;
            assert_eq!(
                opened["messages"][1]["siblingIds"],
                json!(["a1", "a2", "a3", "a4"])
            );
        }
    }
}

async fn a_large_tree_is_exported_in_pieces_and_comes_back(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    for index in 0..9 {
        let parent = ["", "m0", "m1", "m1", "m2", "m3", "m3", "m0", "m7"][index];
        let mut sent = behind(&format!("m{index}"), parent);
        sent["content"] = crate::common::incompressible(index as u64, 900_000).into();
        user.append("c", vec![sent]).await.expect(201);
    }
    switch(&user, "m5").await;
    let other = exported_and_imported(&site, &user).await;
    assert_eq!(tree(&other).await, tree(&user).await);
    assert_eq!(other.open("c").await["headId"], "m5");
}

async fn an_import_adds_branches_and_switches_nothing(site: Site) {
    let user = branched(&site).await;
    let longer = json!([{ "id": "c", "headId": "d", "messages": [
        said("q"), behind("a2", "q"), behind("a1", "q"), behind("x", "a1"), behind("c2", "a2"), behind("d", "c2"), behind("y", "x"),
    ]}]);
    user.post("/api/import", &longer).await.expect(200);
    assert_eq!(path(&user).await, ["q", "a2", "c2", "d"]);
    assert_eq!(
        tree(&user).await,
        tree_of(&format!("{BRANCHED} x<a1 c2<a2 d<c2 y<x"))
    );
}

async fn a_share_shows_the_active_path(site: Site) {
    let user = branched(&site).await;
    let shared = user
        .post("/api/shares", &json!({ "conversationId": "c" }))
        .await
        .expect(201);
    let path = format!("/api/shares?id={}", shared["id"].as_str().unwrap());
    let read = site.anonymous_caller().get(&path).await.expect(200);
    assert_eq!(ids(&read["messages"]), ["q", "a2"]);
}

async fn claims_and_deletions_include_branches(site: Site) {
    let source = branched(&site).await;
    let user = site.user().await;
    let claim = json!({ "action": "claim", "token": source.token() });
    user.post("/api/session", &claim).await;
    if user.get("/api/conversations/c").await.status == 200 {
        assert_eq!(tree(&user).await, tree_of(BRANCHED));
        user.delete("/api/conversations/c").await.expect(200);
    } else {
        source.delete("/api/conversations/c").await.expect(200);
    }
    source.delete("/api/user").await;
    user.delete("/api/user").await;
    site.idle().await;
    assert!(site.keys("*conversation:c:*").await.is_empty());
}

async fn the_trash_keeps_every_branch(site: Site) {
    let user = branched(&site).await;
    user.delete("/api/conversations/c").await.expect(200);
    let back = json!({ "trashed": false });
    user.patch("/api/conversations/c", &back).await.expect(200);
    assert_eq!(path(&user).await, ["q", "a2"]);
    assert_eq!(tree(&user).await, tree_of(BRANCHED));
    switch(&user, "b").await;
    assert_eq!(path(&user).await, ["q", "a1", "q2", "b"]);
}
