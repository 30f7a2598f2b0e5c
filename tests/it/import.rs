//! `/api/import`: the localStorage value as it is, and real conversations round trip.

use crate::common::{Client, Site, ids, message, real_data, sample};
use serde_json::{Value, json};

on_both_stores!(
    the_sample_goes_in_and_comes_back,
    real_conversations_come_back_byte_for_byte,
    importing_again_changes_nothing,
    an_import_in_chunks_gives_the_same_list,
    an_invalid_item_does_not_block_the_others,
    a_repeat_of_a_failed_import_gets_the_same_report,
    an_import_keeps_newer_writes,
    an_object_that_holds_the_array_is_accepted,
    more_than_fits_is_refused_and_told_how_to_split,
    a_very_long_conversation_goes_in_whole,
);

/// Everything that was sent has to be in what comes back.
fn assert_same(sent: &Value, opened: &Value) {
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(opened[field], *value, "{field} of {}", sent["id"]);
    }
}

async fn assert_all_there(user: &Client, dump: &Value) {
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = user
            .get(&format!("/api/conversations?limit=7{cursor}"))
            .await
            .expect(200);
        listed.extend(ids(&page["data"]));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, ids(dump), "newest first, as in the dump");
    for conversation in dump.as_array().unwrap() {
        let id = conversation["id"].as_str().unwrap();
        assert_same(conversation, &user.open(id).await);
    }
}

async fn the_sample_goes_in_and_comes_back(site: Site) {
    let user = site.user().await;
    let (response, cost) = site.cost_of(user.post("/api/import", &sample())).await;
    let report = response.expect(200);
    assert_eq!(
        (&report["imported"], &report["rejected"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        cost.requests, 2,
        "the first use of a script is EVALSHA, then EVAL"
    );
    assert_all_there(&user, &sample()).await;
}

async fn real_conversations_come_back_byte_for_byte(site: Site) {
    let Some(dump) = real_data() else { return };
    let user = site.user().await;
    let report = user.post("/api/import", &dump).await.expect(200);
    assert_eq!(report["imported"], 50);
    assert_all_there(&user, &dump).await;
    // And from there on they can be extended, edited, truncated and deleted.
    let first = &dump[0];
    let id = first["id"].as_str().unwrap();
    let before = user.open(id).await;
    user.append(id, vec![message("next", "user", "And then?")])
        .await
        .expect(201);
    let question = first["messages"][0]["id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}/messages/{question}");
    user.patch(&path, &json!({ "content": "Edited" }))
        .await
        .expect(200);
    let opened = user.open(id).await;
    assert_eq!(
        opened["messageCount"],
        before["messageCount"].as_u64().unwrap() + 1
    );
    assert_eq!(opened["messages"][0]["content"], "Edited");
    user.delete(&format!("{path}?andAfter=true"))
        .await
        .expect(200);
    assert_eq!(user.open(id).await["messages"], json!([]));
    user.delete(&format!("/api/conversations/{id}"))
        .await
        .expect(200);
    let list = user.get("/api/conversations?limit=50").await.expect(200);
    assert_eq!(ids(&list["data"]), ids(&dump)[1..]);
}

async fn importing_again_changes_nothing(site: Site) {
    let user = site.user().await;
    let first = user.post("/api/import", &sample()).await.expect(200);
    let list = user.get("/api/conversations").await.expect(200);
    let again = user.post("/api/import", &sample()).await.expect(200);
    assert_eq!(
        (&again["imported"], &again["unchanged"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(again["clock"], first["clock"]);
    assert_eq!(user.get("/api/conversations").await.expect(200), list);
    // The same conversations are recognized in a different JSON notation.
    let mut rewritten = sample();
    rewritten[0]["title"] = json!("Another title");
    let third = user.post("/api/import", &rewritten).await.expect(200);
    assert_eq!(third["unchanged"], 3);
    assert_eq!(user.get("/api/conversations").await.expect(200), list);
}

async fn an_import_in_chunks_gives_the_same_list(site: Site) {
    let user = site.user().await;
    for conversation in sample().as_array().unwrap() {
        user.post("/api/import", &json!([conversation]))
            .await
            .expect(200);
    }
    assert_all_there(&user, &sample()).await;
}

async fn an_invalid_item_does_not_block_the_others(site: Site) {
    let user = site.user().await;
    let dump = json!([
        { "id": "good", "messages": [message("m", "user", "hi")] },
        { "id": "bad id" },
        { "title": "no id" },
        "not an object",
        { "id": "bad-type", "messages": [{ "id": "m", "type": "robot", "content": "x" }] },
        { "id": "good" },
        { "id": "bad-date", "createdAt": "soon" },
        { "id": "twice", "messages": [message("m", "user", "a"), message("m", "user", "b")] },
        { "id": "good2" },
    ]);
    let report = user.post("/api/import", &dump).await.expect(200);
    assert_eq!(
        (&report["imported"], &report["rejected"]),
        (&json!(2), &json!(7))
    );
    let statuses: Vec<(&str, &str)> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (
                result["status"].as_str().unwrap(),
                result["code"].as_str().unwrap_or(""),
            )
        })
        .collect();
    let expected = [
        ("imported", ""),
        ("rejected", "invalid_id"),
        ("rejected", "invalid_id"),
        ("rejected", "invalid_json"),
        ("rejected", "invalid_field"),
        ("rejected", "duplicate_id"),
        ("rejected", "invalid_field"),
        ("rejected", "duplicate_id"),
        ("imported", ""),
    ];
    assert_eq!(statuses, expected);
    assert_eq!(report["results"][4]["id"], "bad-type");
    assert!(
        report["results"][4]["message"]
            .as_str()
            .unwrap()
            .contains("[4].messages[0].type")
    );
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
}

async fn a_repeat_of_a_failed_import_gets_the_same_report(site: Site) {
    let user = site.user().await.with_header("idempotency-key", "empty");
    let nothing = json!([{ "id": "not an id" }]);
    let first = user.post("/api/import", &nothing).await.expect(200);
    assert_eq!(first["rejected"], 1);
    let again = user.post("/api/import", &nothing).await.expect(200);
    assert_eq!(again, first);
}

async fn an_import_keeps_newer_writes(site: Site) {
    let user = site.user().await;
    let mut dump = sample();
    user.post("/api/import", &dump).await.expect(200);
    let id = dump[0]["id"].as_str().unwrap().to_owned();
    user.append(&id, vec![message("newer", "user", "written here")])
        .await
        .expect(201);
    user.patch(
        &format!("/api/conversations/{id}/messages/msg-a1"),
        &json!({ "content": "edited here" }),
    )
    .await
    .expect(200);
    user.delete(&format!("/api/conversations/{id}/messages/msg-a2"))
        .await
        .expect(200);
    let added = message("elsewhere", "user", "written on the other device");
    dump[0]["messages"].as_array_mut().unwrap().push(added);
    let report = user.post("/api/import", &dump).await.expect(200);
    assert_eq!(
        (&report["imported"], &report["unchanged"]),
        (&json!(1), &json!(2))
    );
    let opened = user.open(&id).await;
    let kept: Vec<&str> = opened["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .filter(|content| {
            ["edited here", "written here", "written on the other device"].contains(content)
        })
        .collect();
    assert_eq!(kept.len(), 3);
    assert!(!ids(&opened["messages"]).contains(&"msg-a2".to_owned()));
    assert_eq!(opened["messageCount"], 5);
    user.post("/api/import", &dump).await.expect(200);
    assert_eq!(user.open(&id).await, opened);
}

async fn an_object_that_holds_the_array_is_accepted(site: Site) {
    let user = site.user().await;
    let report = user
        .post("/api/import", &json!({ "conversations": sample() }))
        .await
        .expect(200);
    assert_eq!(report["imported"], 3);
    assert_eq!(
        user.post("/api/import", &json!([])).await.expect(200)["results"],
        json!([])
    );
}

async fn more_than_fits_is_refused_and_told_how_to_split(site: Site) {
    let user = site.user().await;
    let text = "x".repeat(1_000_000);
    let dump: Vec<Value> = (0..5)
        .map(
            |index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", &text)] }),
        )
        .collect();
    let (response, cost) = site.cost_of(user.post("/api/import", &json!(dump))).await;
    let error = response.expect_error(413, "body_too_large");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("split into several")
    );
    assert_eq!(cost.requests, 0);
    user.post("/api/import", &json!(dump[..4]))
        .await
        .expect(200);
    let many: Vec<Value> = (0..1_001)
        .map(|index| json!({ "id": index.to_string() }))
        .collect();
    user.post("/api/import", &json!(many))
        .await
        .expect_error(413, "too_many_conversations");
    let fit = user
        .post("/api/import", &json!(many[..1_000]))
        .await
        .expect(200);
    assert_eq!(fit["imported"], 1_000);
}

async fn a_very_long_conversation_goes_in_whole(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..10_000)
        .map(|index| json!({ "id": format!("m{index}"), "type": "user", "content": "a short message", "timestamp": index, "tokens": { "total": 1 } }))
        .collect();
    let conversation = json!({ "id": "long", "messages": messages });
    user.post("/api/import", &json!([conversation]))
        .await
        .expect(200);
    let opened = user.open("long").await;
    assert_eq!(
        (&opened["messageCount"], &opened["totalTokens"]),
        (&json!(10_000), &json!(10_000))
    );
    assert_eq!(opened["messages"][49]["id"], "m9999");
    // Saved, truncated and deleted whole, too.
    let mut shorter = messages;
    shorter.truncate(9_000);
    user.put("/api/conversations/long", &json!({ "messages": shorter }))
        .await
        .expect(200);
    let truncated = user
        .delete("/api/conversations/long/messages/m10?andAfter=true")
        .await
        .expect(200);
    assert_eq!(truncated["deleted"].as_array().unwrap().len(), 8_990);
    assert_eq!(truncated["conversation"]["totalTokens"], 10);
    user.delete("/api/conversations/long").await.expect(200);
}
