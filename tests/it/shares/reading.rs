//! What the reader of a share sees.

use super::{path, share};
use crate::common::{Site, ids, message, message_at};
use serde_json::{Value, json};

on_both_stores!(
    anybody_with_the_id_reads_the_snapshot,
    a_snapshot_reveals_nothing_about_user_or_server,
    texts_come_back_byte_for_byte,
    a_long_conversation_is_read_in_pages,
    an_empty_conversation_can_be_shared,
);

async fn anybody_with_the_id_reads_the_snapshot(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![message("m", "user", "hi"), message("n", "assistant", "ho")],
    )
    .await;
    let made = share(&user, "c").await;
    assert_eq!(made["id"].as_str().unwrap().len(), 32);
    assert_eq!(
        (&made["conversationId"], &made["messageCount"]),
        (&json!("c"), &json!(2))
    );
    // Later changes are not visible through the link.
    user.append("c", vec![message("o", "user", "secret")])
        .await
        .expect(201);
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": "secret" }),
    )
    .await
    .expect(200);
    user.patch("/api/conversations/c", &json!({ "title": "secret" }))
        .await
        .expect(200);

    let response = site.anonymous_caller().get(&path(&made)).await;
    assert_eq!(response.header("cache-control"), Some("private, no-store"));
    assert_eq!(response.header("x-robots-tag"), Some("noindex"));
    let shown = response.expect(200);
    assert!(!response.text.contains("secret"), "{}", response.text);
    assert_eq!((&shown["id"], &shown["title"]), (&made["id"], &json!("hi")));
    assert_eq!(ids(&shown["messages"]), ["m", "n"]);
    assert_eq!(shown["messages"][1]["content"], "ho");
    assert_eq!(
        (&shown["nextCursor"], &shown["messageCount"]),
        (&Value::Null, &json!(2))
    );
    // A token is neither needed nor checked.
    site.anonymous_caller()
        .with_token("nonsense")
        .get(&path(&made))
        .await
        .expect(200);
}

async fn a_snapshot_reveals_nothing_about_user_or_server(site: Site) {
    let user = site.user().await;
    let id = user.get("/api/session").await.expect(200)["userId"].clone();
    let body = json!({
        "id": "private-name", "mcpServers": { "files": { "token": "hunter2" } }, "folder": "taxes",
        "tags": ["work"], "messages": [message("m", "user", "hi")],
    });
    user.post("/api/conversations", &body).await.expect(201);
    let made = share(&user, "private-name").await;
    let text = site.anonymous_caller().get(&path(&made)).await.text;
    for hidden in [
        id.as_str().unwrap(),
        "private-name",
        "hunter2",
        "taxes",
        "work",
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

async fn texts_come_back_byte_for_byte(site: Site) {
    let user = site.user().await;
    let long = "All work and no play makes Jack a dull boy.\r\n\t".repeat(200);
    let texts = [
        "",
        " 5 ",
        "true",
        "{\"a\":1}",
        "\u{1d}\u{1e}\u{1f}",
        "~",
        "\u{1f600}",
        &long,
    ];
    let messages: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| message(&format!("m{at}"), "user", text))
        .collect();
    user.create("c", messages).await;
    let shown = site
        .anonymous_caller()
        .get(&path(&share(&user, "c").await))
        .await
        .expect(200);
    let original = user.open("c").await;
    assert_eq!(shown["messages"], original["messages"]);
    assert_eq!(shown["messages"][7]["content"], long.as_str());
}

async fn a_long_conversation_is_read_in_pages(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..250)
        .map(|at| message_at(&format!("m{at}"), at))
        .collect();
    user.put("/api/conversations/c", &json!({ "messages": messages }))
        .await
        .expect(201);
    let made = share(&user, "c").await;
    let (mut seen, mut pages, mut from) = (Vec::new(), 0, String::new());
    loop {
        let page = site
            .anonymous_caller()
            .get(&format!("{}{from}", path(&made)))
            .await
            .expect(200);
        seen.extend(ids(&page["messages"]));
        pages += 1;
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        from = format!("&cursor={cursor}");
    }
    assert_eq!(
        seen,
        (0..250).map(|at| format!("m{at}")).collect::<Vec<_>>()
    );
    assert_eq!(pages, 3);
    let behind = site
        .anonymous_caller()
        .get(&format!("{}&cursor=99", path(&made)))
        .await
        .expect(200);
    assert_eq!(
        (&behind["messages"], &behind["nextCursor"]),
        (&json!([]), &Value::Null)
    );
    site.anonymous_caller()
        .get(&format!("{}&cursor=x", path(&made)))
        .await
        .expect_error(400, "invalid_cursor");
    user.get("/api/shares?cursor=x")
        .await
        .expect_error(400, "invalid_cursor");
}

async fn an_empty_conversation_can_be_shared(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let shown = site
        .anonymous_caller()
        .get(&path(&share(&user, "c").await))
        .await
        .expect(200);
    assert_eq!(shown["title"], "New Conversation");
    assert_eq!(shown["messages"], json!([]));
}
