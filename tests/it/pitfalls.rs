//! Typical failures of a design with a key per conversation and per message, each with a test that it does not occur
//! here.

use std::time::Duration;

use crate::common::{Site, ids, message, message_at};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    a_user_cannot_read_anothers_conversation_by_guessing_its_id,
    two_users_may_use_the_same_conversation_id,
    two_users_may_use_the_same_message_id,
    a_user_cannot_patch_anothers_message_through_their_own_conversation,
    an_id_cannot_collide_with_another_key,
    the_user_id_comes_from_the_token_only,
    text_comes_back_as_it_was_sent,
    saving_removes_messages_the_client_left_out,
    messages_of_one_millisecond_keep_their_order,
    appending_to_a_deleted_conversation_is_refused,
    an_append_whose_response_was_lost_counts_once,
    a_conversation_kept_alive_keeps_its_old_messages,
    an_expired_conversation_leaves_the_list,
);

async fn a_user_cannot_read_anothers_conversation_by_guessing_its_id(site: Site) {
    let (owner, other) = (site.user().await, site.user().await);
    owner
        .create("1751582952851", vec![message("m", "user", "private")])
        .await;
    for path in [
        "/api/conversations/1751582952851",
        "/api/conversations/1751582952851/messages",
    ] {
        let response = other.get(path).await;
        response.expect_error(404, "conversation_not_found");
        assert!(!response.text.contains("private"));
    }
}

async fn two_users_may_use_the_same_conversation_id(site: Site) {
    let (anna, ben) = (site.user().await, site.user().await);
    anna.create("1", vec![message("m", "user", "anna's")]).await;
    ben.create("1", vec![message("n", "user", "ben's")]).await;
    ben.put("/api/conversations/1", &json!({ "messages": [] }))
        .await
        .expect(200);
    ben.delete("/api/conversations/1").await.expect(200);
    let opened = anna.open("1").await;
    assert_eq!(opened["messages"][0]["content"], "anna's");
    assert_eq!(opened["revision"], 1);
}

async fn two_users_may_use_the_same_message_id(site: Site) {
    let (anna, ben) = (site.user().await, site.user().await);
    anna.create("a", vec![message("m", "user", "anna's")]).await;
    ben.create("b", vec![message("m", "user", "ben's")]).await;
    assert_eq!(anna.open("a").await["messages"][0]["content"], "anna's");
    // Nor do two conversations of one user share messages.
    anna.create("a2", vec![message("m", "user", "anna's other")])
        .await;
    anna.patch(
        "/api/conversations/a2/messages/m",
        &json!({ "content": "x" }),
    )
    .await
    .expect(200);
    assert_eq!(anna.open("a").await["messages"][0]["content"], "anna's");
}

async fn a_user_cannot_patch_anothers_message_through_their_own_conversation(site: Site) {
    let (owner, other) = (site.user().await, site.user().await);
    owner
        .create("c", vec![message("victim", "user", "original")])
        .await;
    other.create("c", vec![message("own", "user", "x")]).await;
    let patch = json!({ "content": "overwritten" });
    other
        .patch("/api/conversations/c/messages/victim", &patch)
        .await
        .expect_error(404, "message_not_found");
    other
        .delete("/api/conversations/c/messages/victim")
        .await
        .expect_error(404, "message_not_found");
    assert_eq!(owner.open("c").await["messages"][0]["content"], "original");
}

async fn an_id_cannot_collide_with_another_key(site: Site) {
    let user = site.user().await;
    user.create("x", vec![message("m", "user", "fine")]).await;
    for id in [
        "x:messages",
        "x:counters",
        ":user",
        "x:bodies",
        "x%2Fmessages",
        "*",
    ] {
        let body = json!({ "id": id });
        user.post("/api/conversations", &body)
            .await
            .expect_error(400, "invalid_id");
        user.put(&format!("/api/conversations/{id}"), &json!({}))
            .await
            .expect_error(400, "invalid_id");
        user.append("x", vec![message(id, "user", "x")])
            .await
            .expect_error(400, "invalid_id");
    }
    assert_eq!(user.open("x").await["messages"][0]["content"], "fine");
}

async fn the_user_id_comes_from_the_token_only(site: Site) {
    let owner = site.user().await;
    owner
        .create("c", vec![message("m", "user", "private")])
        .await;
    let session = owner.get("/api/session").await.expect(200);
    let id = session["userId"].as_str().unwrap();
    let imposter = site
        .user()
        .await
        .with_header("x-user-id", id)
        .with_header("cookie", &format!("userId={id}"));
    imposter
        .get(&format!("/api/conversations/c?userId={id}"))
        .await
        .expect_error(404, "conversation_not_found");
    site.anonymous_caller()
        .with_token(id)
        .get("/api/conversations/c")
        .await
        .expect_error(401, "invalid_token");
}

async fn text_comes_back_as_it_was_sent(site: Site) {
    let user = site.user().await;
    let mut long = "Some *markdown* with \"quotes\" and \\ é 😀\n".repeat(30_000);
    // To the last byte that is allowed, if a character ends there.
    let end = (0..=1_048_576)
        .rev()
        .find(|&end| long.is_char_boundary(end));
    long.truncate(end.unwrap());
    let texts = [
        "2025",
        "42",
        "1e3",
        "-0",
        "true",
        "false",
        "null",
        "{}",
        "{\"a\":1}",
        "[1,2]",
        " 5 ",
        "",
        "\"",
        "OK",
        "nil",
        "😀 é \u{202e}rtl",
        "\u{0} \u{1} \u{1e} \u{1f} \u{7f} \u{9f}",
        "a\r\nb\tc",
        "<script>alert(1)</script>",
        "\u{feff}bom",
        "%2F %00",
        "${x} {{y}}",
        "T0s=",
        &long,
    ];
    user.create("c", vec![]).await;
    for (index, text) in texts.iter().enumerate() {
        let sent = json!({ "id": format!("m{index}"), "type": "user", "content": text, "timestamp": index, "note": text.len() });
        user.append("c", vec![sent]).await.expect(201);
    }
    let opened = user.get("/api/conversations/c?limit=100").await.expect(200);
    for (index, text) in texts.iter().enumerate() {
        assert_eq!(
            opened["messages"][index]["content"], *text,
            "message {index}"
        );
    }
    for text in texts
        .iter()
        .filter(|text| text.len() < 1_000 && !text.is_empty())
    {
        let patched = user
            .patch("/api/conversations/c", &json!({ "title": text }))
            .await;
        assert_eq!(patched.expect(200)["title"], *text);
        let list = user.get("/api/conversations").await.expect(200);
        assert_eq!(list["data"][0]["title"], *text);
    }
    // What a JSON parser would not preserve: a lone surrogate, a number beyond doubles, the escapes used.
    let exact = r#"{"id":"raw","type":"user","content":"\ud83d \u00e9 \/","n":12345678901234567890123,"f":1.10}"#;
    let body = format!("{{\"messages\":[{exact}]}}");
    user.send(
        reqwest::Method::POST,
        "/api/conversations/c/messages",
        Some(body),
    )
    .await
    .expect(201);
    let page = user.get("/api/conversations/c/messages?limit=1").await;
    let kept =
        r#""type":"user","content":"\ud83d \u00e9 \/","n":12345678901234567890123,"f":1.10}"#;
    assert!(page.text.contains(kept), "{}", page.text);
}

async fn saving_removes_messages_the_client_left_out(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        (0..4)
            .map(|index| message_at(&format!("m{index}"), index))
            .collect(),
    )
    .await;
    let kept = json!({ "messages": [message_at("m0", 0), message_at("again", 9)] });
    user.put("/api/conversations/c", &kept).await.expect(200);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["m0", "again"]);
    assert_eq!(opened["messageCount"], 2);
    user.patch(
        "/api/conversations/c/messages/m1",
        &json!({ "content": "x" }),
    )
    .await
    .expect_error(404, "message_not_found");
}

async fn messages_of_one_millisecond_keep_their_order(site: Site) {
    let user = site.user().await;
    let turn = |question: &str, answer: &str| vec![message_at(question, 5), message_at(answer, 5)];
    user.create("c", turn("z-question", "a-answer")).await;
    user.append("c", turn("y-question", "b-answer"))
        .await
        .expect(201);
    let order = ["z-question", "a-answer", "y-question", "b-answer"];
    assert_eq!(ids(&user.open("c").await["messages"]), order);
    let messages: Vec<Value> = order.iter().map(|id| message_at(id, 5)).collect();
    user.put(
        "/api/conversations/c",
        &json!({ "title": "T", "messages": messages }),
    )
    .await
    .expect(200);
    assert_eq!(ids(&user.open("c").await["messages"]), order);
}

async fn appending_to_a_deleted_conversation_is_refused(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.delete("/api/conversations/c").await.expect(200);
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect_error(404, "conversation_not_found");
    user.patch("/api/conversations/c", &json!({ "title": "x" }))
        .await
        .expect_error(404, "conversation_not_found");
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
    user.append("never", vec![message("n", "user", "x")])
        .await
        .expect_error(404, "conversation_not_found");
}

/// The store runs the append and the connection breaks before the response: the service retries.
async fn an_append_whose_response_was_lost_counts_once(site: Site) {
    let user = site.user().await;
    crate::common::use_every_script(&user).await;
    user.create("c", vec![]).await;
    site.faults().push(Fault::CutAfter, 2);
    let sent = json!({ "id": "m", "type": "assistant", "content": "x", "tokens": { "total": 7 } });
    user.append("c", vec![sent.clone()]).await.expect(201);
    // And the client, which may have lost that response too, sends it again.
    user.append("c", vec![sent]).await.expect(200);
    let opened = user.open("c").await;
    assert_eq!(opened["messageCount"], 1);
    assert_eq!(opened["totalTokens"], 7);
    assert_eq!(opened["revision"], 2);
}

const DAY: Duration = Duration::from_secs(86_400);

async fn a_conversation_kept_alive_keeps_its_old_messages(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("oldest", 1)]).await;
    for month in 0..4 {
        site.advance(30 * DAY);
        user.append("c", vec![message_at(&format!("m{month}"), month + 2)])
            .await
            .expect(201);
    }
    assert_eq!(
        ids(&user.open("c").await["messages"]),
        ["oldest", "m0", "m1", "m2", "m3"]
    );
}

async fn an_expired_conversation_leaves_the_list(site: Site) {
    let user = site.user().await;
    for index in 0..30 {
        user.create(&format!("old{index}"), vec![]).await;
    }
    user.create("young", vec![]).await;
    site.advance(60 * DAY);
    user.append("young", vec![message("m", "user", "x")])
        .await
        .expect(201);
    site.advance(31 * DAY);
    let list = user.get("/api/conversations?limit=5").await.expect(200);
    assert_eq!(ids(&list["data"]), ["young"]);
    assert_eq!(list["nextCursor"], json!(null));
    // And they cost nothing from then on: the first listing triggered the purge.
    site.idle().await;
    let (list, cost) = site.cost_of(user.get("/api/conversations?limit=5")).await;
    list.expect(200);
    assert!(cost.commands <= 5, "{cost:?}");
}
