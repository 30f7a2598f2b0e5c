//! Data of the release before branches can be opened, appended to, branched and kept.

use super::Stored;
use crate::common::{Client, DAY, Site, ids, message, message_at};
use serde_json::{Value, json};

on_both_stores_as_stored!(
    include_str!("line.json") =>
    it_reads_as_it_did,
    it_keeps_its_order_and_what_is_appended_comes_last,
    it_branches_and_switches_back,
    a_pinned_one_does_not_expire_any_more,
    it_goes_to_the_trash_and_comes_back,
    its_first_append_prepares_all_of_it_for_searching,
);

const LINE: [&str; 5] = ["q1", "a1", "slow", "q2", "a2"];

async fn it_reads_as_it_did(site: Site, user: Client, stored: Stored) {
    let opened = user.open("line").await;
    for (name, value) in stored.0["opened"].as_object().unwrap() {
        assert_eq!(opened[name], *value, "{name}");
    }
    assert_eq!(ids(&opened["messages"]), LINE);
    assert_eq!(opened["headId"], "a2");
    let list = user.get("/api/conversations").await.expect(200);
    let mut listed = ids(&list["data"]);
    listed.sort();
    assert_eq!(listed, ["empty", "imported", "line"]);
    let export = user.get("/api/export").await;
    assert!(export.text.ends_with("\"complete\":true}}\n"));
    assert!(!export.text.contains("parentId"), "a line has no parents");
    site.idle().await;
}

async fn it_keeps_its_order_and_what_is_appended_comes_last(_: Site, user: Client, _: Stored) {
    // By a clock that is slow.
    user.append("line", vec![message_at("late", 1)])
        .await
        .expect(201);
    let opened = user.open("line").await;
    assert_eq!(ids(&opened["messages"])[..5], LINE);
    assert_eq!(opened["headId"], "late");
    assert_eq!(opened["messageCount"], 6);
    user.delete("/api/conversations/line/messages/slow")
        .await
        .expect(200);
    let left = ["q1", "a1", "q2", "a2", "late"];
    assert_eq!(ids(&user.open("line").await["messages"]), left);
}

async fn it_branches_and_switches_back(_: Site, user: Client, _: Stored) {
    let mut other = message("other", "assistant", "Another response.");
    other["parentId"] = json!("q2");
    user.append("line", vec![other]).await.expect(201);
    let opened = user.open("line").await;
    assert_eq!(
        ids(&opened["messages"]),
        ["q1", "a1", "slow", "q2", "other"]
    );
    assert_eq!(opened["messages"][4]["siblingIds"], json!(["a2", "other"]));
    let back = json!({ "headId": "a2" });
    user.patch("/api/conversations/line", &back)
        .await
        .expect(200);
    assert_eq!(ids(&user.open("line").await["messages"]), LINE);
    let all = user
        .get("/api/conversations/line/messages?branches=all")
        .await
        .expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 6);
}

async fn a_pinned_one_does_not_expire_any_more(site: Site, user: Client, _: Stored) {
    assert!(user.open("line").await["expiresAt"].is_string());
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    assert_eq!(user.open("line").await["expiresAt"], Value::Null);
    site.advance(200 * DAY);
    // Its token has expired by then; a new one belongs to the same user.
    let path = "/api/conversations/line";
    let response = user.get(path).await;
    assert!([200, 401].contains(&response.status), "{}", response.text);
    let keys = site.keys("*conversation:line:messages").await;
    assert_eq!(keys.len(), 1, "its messages are there");
}

async fn it_goes_to_the_trash_and_comes_back(_: Site, user: Client, _: Stored) {
    let path = "/api/conversations/line";
    let before = user.open("line").await;
    user.delete(path).await.expect(200);
    user.get(path)
        .await
        .expect_error(404, "conversation_not_found");
    user.patch(path, &json!({ "trashed": false }))
        .await
        .expect(200);
    let after = user.open("line").await;
    assert_eq!(after["messages"], before["messages"]);
    assert_eq!(after["title"], before["title"]);
}

async fn its_first_append_prepares_all_of_it_for_searching(site: Site, user: Client, _: Stored) {
    let search = async |query: &str| {
        let path = format!("/api/conversations?q={query}");
        user.get(&path).await.expect(200)
    };
    user.append("line", vec![message("late", "user", "later")])
        .await
        .expect(201);
    site.idle().await;
    let found = search("later").await;
    assert_eq!(found["indexed"], json!({ "done": 3, "of": 3, "total": 3 }));
    assert_eq!(found["data"][0]["conversation"]["id"], "line");
    assert_eq!(
        search("text").await["data"][0]["conversation"]["id"],
        "imported"
    );
}
