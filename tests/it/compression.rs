//! Long contents are stored compressed, which clients cannot see.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{Client, Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    a_megabyte_of_markdown_comes_back,
    every_way_in_stores_it_compressed,
    a_repetition_is_recognised,
    a_patch_goes_from_small_to_large_and_back,
    a_title_is_made_from_the_text,
    messages_of_an_older_version_are_readable,
    a_damaged_content_is_an_error,
    a_page_is_no_longer_than_a_response_may_be,
);

/// Markdown as a model writes it: no two lines the same, and everything that JSON has to escape.
fn markdown(bytes: usize) -> String {
    let mut text = String::new();
    for line in 0.. {
        if text.len() >= bytes {
            break;
        }
        text += &format!(
            "## Step {line}\n\n- Run `sort -k{} \"file {line}\"` \\ and look — 🦀 *{:x}*\r\n\t\u{1}\n",
            line % 7,
            line * 2_654_435_761_u64
        );
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap());
    text
}

async fn bodies_key(user: &Client) -> String {
    let session = user.get("/api/session").await.expect(200);
    let id = session["userId"].as_str().unwrap().to_owned();
    format!("user:{id}:conversation:c:bodies")
}

async fn stored(site: &Site, key: &str, id: &str) -> String {
    match site.command(&["HGET", key, id]).await {
        Reply::Bulk(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn contents(list: &Value) -> Vec<&str> {
    let messages = list.as_array().unwrap().iter();
    messages
        .map(|message| message["content"].as_str().unwrap())
        .collect()
}

async fn a_megabyte_of_markdown_comes_back(site: Site) {
    let user = site.user().await;
    let text = markdown(1_000_000);
    user.create("c", vec![message("m", "assistant", &text)])
        .await;
    let opened = user.open("c").await;
    assert!(opened["messages"][0]["content"] == text.as_str());
    let stored = stored(&site, &bodies_key(&user).await, "m").await;
    assert!(stored.len() < text.len() / 2, "{}", stored.len());
}

async fn every_way_in_stores_it_compressed(site: Site) {
    let user = site.user().await;
    let text = markdown(20_000);
    let key = bodies_key(&user).await;
    let body = |ids: &[&str]| {
        let messages: Vec<Value> = ids.iter().map(|id| message(id, "user", &text)).collect();
        json!({ "id": "c", "messages": messages })
    };
    user.post("/api/conversations", &body(&["a"]))
        .await
        .expect(201);
    user.append("c", vec![message("b", "user", &text)])
        .await
        .expect(201);
    user.post("/api/import", &json!([body(&["c"])]))
        .await
        .expect(200);
    for id in ["a", "b", "c"] {
        let stored = stored(&site, &key, id).await;
        assert!(stored.len() < text.len() / 2, "{id}: {}", stored.len());
    }
    user.put("/api/conversations/c", &body(&["d", "e"]))
        .await
        .expect(200);
    assert!(stored(&site, &key, "e").await.len() < text.len() / 2);
    let opened = user.open("c").await;
    assert_eq!(contents(&opened["messages"]), [&text, &text]);
    let page = user.get("/api/conversations/c/messages").await.expect(200);
    assert_eq!(contents(&page["data"]), [&text, &text]);
}

async fn a_repetition_is_recognised(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let sent = vec![message("m", "user", &markdown(5_000))];
    user.append("c", sent.clone()).await.expect(201);
    let again = user.append("c", sent).await.expect(200);
    assert_eq!(again["appended"], json!([]));
    user.append("c", vec![message("m", "user", &markdown(5_001))])
        .await
        .expect_error(409, "message_exists");
}

async fn a_patch_goes_from_small_to_large_and_back(site: Site) {
    let user = site.user().await;
    let first = json!({ "id": "m", "type": "user", "content": "small", "note": "~kept" });
    user.create("c", vec![first]).await;
    let key = bodies_key(&user).await;
    let large = markdown(300_000);
    for content in [large.as_str(), "small again", &large, &large, "~", ""] {
        let patch = json!({ "content": content });
        let patched = user.patch("/api/conversations/c/messages/m", &patch).await;
        assert!(patched.expect(200)["message"]["content"] == content);
        let opened = user.open("c").await;
        assert!(opened["messages"][0]["content"] == content);
        assert_eq!(opened["messages"][0]["note"], "~kept");
        let length = stored(&site, &key, "m").await.len();
        assert!(length < 200 + content.len() / 2, "{length}");
    }
    // Sending the same again changed nothing.
    assert_eq!(user.open("c").await["revision"], 6);
}

async fn a_title_is_made_from_the_text(site: Site) {
    let user = site.user().await;
    let text = format!("Why is the sky so blue {}", markdown(10_000));
    let created = user.create("c", vec![message("m", "user", &text)]).await;
    assert_eq!(created["title"], "Why is the sky so blue");
    user.create("d", vec![]).await;
    let appended = user.append("d", vec![message("m", "user", &text)]).await;
    assert_eq!(
        appended.expect(201)["conversation"]["title"],
        "Why is the sky so blue"
    );
}

/// The stored record of message `m`, with another content.
fn with_content(stored: &str, content: &str) -> String {
    let (head, rest) = stored.split_once("\"content\"\u{1f}").unwrap();
    let (_, tail) = rest.split_once('\u{1e}').unwrap();
    format!("{head}\"content\"\u{1f}{content}\u{1e}{tail}")
}

async fn messages_of_an_older_version_are_readable(site: Site) {
    let user = site.user().await;
    let text = markdown(10_000);
    user.create("c", vec![message("m", "user", "")]).await;
    let key = bodies_key(&user).await;
    let plain = json!(text).to_string();
    let old = with_content(&stored(&site, &key, "m").await, &plain);
    site.command(&["HSET", &key, "m", &old]).await;
    assert_eq!(contents(&user.open("c").await["messages"]), [&text]);
}

async fn a_damaged_content_is_an_error(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", &markdown(10_000))])
        .await;
    let key = bodies_key(&user).await;
    let good = stored(&site, &key, "m").await;
    let (_, content) = good.split_once('~').unwrap();
    let cut = format!("~{}", &content[..content.len() / 2]);
    for damaged in ["~", "~AAAA", "~not base64!", &cut] {
        let value = with_content(&good, damaged);
        site.command(&["HSET", &key, "m", &value]).await;
        user.get("/api/conversations/c")
            .await
            .expect_error(502, "storage_malformed");
    }
    // It can still be replaced.
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": "x" }),
    )
    .await
    .expect(200);
    assert_eq!(contents(&user.open("c").await["messages"]), ["x"]);
}

async fn a_page_is_no_longer_than_a_response_may_be(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let text = "a bomb ".repeat(140_000);
    let mut expected = Vec::new();
    for index in 0..3 {
        let pair: Vec<Value> = (0..4)
            .map(|part| message(&format!("m{}", index * 4 + part), "user", &text))
            .collect();
        expected.extend(ids(&json!(pair)));
        user.append("c", pair).await.expect(201);
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/conversations/c/messages?order=asc&limit=100{cursor}");
        let response = user.get(&path).await;
        assert!(response.text.len() < 4_500_000);
        let page = response.expect(200);
        found.extend(ids(&page["data"]));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, expected);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), expected[8..]);
    assert!(opened["nextCursor"].is_string());
}
