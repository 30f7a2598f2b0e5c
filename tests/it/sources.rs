//! `/api/import` of other systems' histories: converted, repeated, continued, and refused.

use crate::common::client::TestResponse;
use crate::common::{Client, Site, ids, imported_file};
use serde_json::{Value, json};

on_both_stores!(
    importing_any_format_again_changes_nothing,
    a_growing_session_is_continued,
    a_session_in_two_portions_equals_one,
    a_changed_source_updates_unedited_messages,
    local_edits_survive_an_import,
    an_older_copy_of_a_source_changes_nothing,
    conversations_converted_by_a_program_follow_their_source,
    an_unreadable_file_is_refused_and_changes_nothing,
    items_beyond_a_quota_are_reported,
    a_real_session_is_imported_completely,
);

/// Sources that the importers are tested with.
fn fixture(name: &str) -> String {
    let path = crate::common::repository()
        .join("importers/tests/data")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

async fn import(user: &Client, query: &str, body: &str) -> TestResponse {
    let path = format!("/api/import{query}");
    user.send(reqwest::Method::POST, &path, Some(body.to_owned()))
        .await
}

/// Every exported conversation, without the members that every write changes.
async fn everything(user: &Client) -> Vec<Value> {
    let export = user.get("/api/export").await;
    assert_eq!(export.status, 200);
    let lines = export.text.lines();
    let mut conversations: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for conversation in &mut conversations {
        for name in ["revision", "etag", "$export"] {
            conversation.as_object_mut().unwrap().remove(name);
        }
    }
    conversations.sort_by_key(|conversation| conversation["id"].as_str().map(str::to_owned));
    conversations
}

/// Lines of a session, each following the one before.
fn session(texts: &[&str]) -> String {
    let line = |(index, text): (usize, &&str)| {
        let (role, content) = match index % 2 {
            0 => ("user", json!(text)),
            _ => ("assistant", json!([{ "type": "text", "text": text }])),
        };
        let parent = index.checked_sub(1).map(|before| format!("u{before}"));
        let line = json!({
            "type": role, "uuid": format!("u{index}"), "parentUuid": parent, "sessionId": "s1", "cwd": "/home/me/code",
            "timestamp": format!("2026-11-20T10:{index:02}:00.000Z"), "isSidechain": false, "version": "2.1.0",
            "userType": "external", "message": { "role": role, "content": content },
        });
        format!("{line}\n")
    };
    texts.iter().enumerate().map(line).collect()
}

/// A claude.ai export of one conversation: its title, when it changed, and its messages.
fn chat(title: &str, minute: u32, texts: &[&str]) -> String {
    let messages = texts.iter().enumerate().map(|(index, text)| {
        let sender = if index % 2 == 0 { "human" } else { "assistant" };
        json!({
            "uuid": format!("m{index}"), "sender": sender, "text": text,
            "created_at": format!("2026-11-20T09:{index:02}:00Z"),
        })
    });
    let messages: Vec<Value> = messages.collect();
    json!([{
        "uuid": "c1", "name": title, "created_at": "2026-11-20T09:00:00Z",
        "updated_at": format!("2026-11-20T10:{minute:02}:00Z"), "chat_messages": messages,
    }])
    .to_string()
}

async fn importing_any_format_again_changes_nothing(site: Site) {
    for (name, format) in [
        ("claude-code-edge-cases.jsonl", "claude-code"),
        ("claude-code-claude-normalization-main.jsonl", "claude-code"),
        ("chatgpt-conversation.json", "chatgpt"),
        ("chatgpt-example.json", "chatgpt"),
    ] {
        let user = site.user().await;
        let query = format!("?name={name}");
        let report = import(&user, &query, &fixture(name)).await.expect(200);
        assert_eq!(report["format"], format, "{report}");
        let imported = report["imported"].as_u64().unwrap();
        assert!(imported > 0 && report["rejected"] == 0, "{name}: {report}");
        let first = everything(&user).await;
        let messages = first.iter().filter_map(|one| one["messages"].as_array());
        assert!(messages.map(Vec::len).sum::<usize>() > 0, "{name}");

        let again = import(&user, &query, &fixture(name)).await.expect(200);
        assert_eq!(again["unchanged"], imported, "{name}: {again}");
        assert_eq!(
            (&again["imported"], &again["updated"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(everything(&user).await, first, "{name}");
    }
}

async fn a_growing_session_is_continued(site: Site) {
    let user = site.user().await;
    let texts = ["Hello", "Hi", "More", "Here it is"];
    for length in 1..=texts.len() {
        let report = import(&user, "", &session(&texts[..length]))
            .await
            .expect(200);
        let status = if length == 1 { "imported" } else { "updated" };
        assert_eq!(report["results"][0]["status"], status, "{report}");
        assert_eq!(report["results"][0]["id"], "s1");
        assert_eq!(ids(&user.open("s1").await["messages"]).len(), length);
    }
    let opened = user.open("s1").await;
    assert_eq!(ids(&opened["messages"]), ["u0", "u1", "u2", "u3"]);
    assert_eq!(opened["headId"], "u3");
}

async fn a_session_in_two_portions_equals_one(site: Site) {
    let name = "claude-code-edge-cases.jsonl";
    let whole = site.user().await;
    let query = format!("?name={name}");
    import(&whole, &query, &fixture(name)).await.expect(200);
    let expected = everything(&whole).await;
    let source = fixture(name);
    let lines: Vec<&str> = source.lines().collect();
    for cut in [1, lines.len() / 2, lines.len() - 1] {
        let user = site.user().await;
        let first = lines[..cut].join("\n");
        let report = import(&user, &format!("{query}&portion=true"), &first)
            .await
            .expect(200);
        let continuation = report["continuation"].as_str().unwrap_or_default();
        let rest = format!("{continuation}{}", lines[cut..].join("\n"));
        import(&user, &query, &rest).await.expect(200);
        let found = everything(&user).await;
        let messages = |all: &[Value]| -> Vec<Value> {
            all.iter().map(|one| one["messages"].clone()).collect()
        };
        assert_eq!(messages(&found), messages(&expected), "cut at line {cut}");
    }
}

async fn a_changed_source_updates_unedited_messages(site: Site) {
    let user = site.user().await;
    import(&user, "", &chat("Draft", 1, &["One", "Two"]))
        .await
        .expect(200);
    let report = import(
        &user,
        "",
        &chat("Better", 2, &["One", "Two, corrected", "Three"]),
    )
    .await
    .expect(200);
    assert_eq!(report["updated"], 1, "{report}");
    let opened = user.open("c1").await;
    assert_eq!(opened["title"], "Better");
    assert_eq!(opened["updatedAt"], "2026-11-20T10:02:00.000Z");
    let contents: Vec<&Value> = opened["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(json!(contents), json!(["One", "Two, corrected", "Three"]));
}

async fn local_edits_survive_an_import(site: Site) {
    let user = site.user().await;
    import(&user, "", &chat("Draft", 1, &["One", "Two"]))
        .await
        .expect(200);
    user.patch("/api/conversations/c1", &json!({ "title": "Mine" }))
        .await
        .expect(200);
    user.patch(
        "/api/conversations/c1/messages/m1",
        &json!({ "content": "My own" }),
    )
    .await
    .expect(200);
    user.delete("/api/conversations/c1/messages/m0")
        .await
        .expect(200);
    let changed = chat("Better", 2, &["One, changed", "Two, changed", "Three"]);
    import(&user, "", &changed).await.expect(200);
    let opened = user.open("c1").await;
    assert_eq!(opened["title"], "Mine");
    assert_eq!(ids(&opened["messages"]), ["m1", "m2"]);
    assert_eq!(opened["messages"][0]["content"], "My own");
}

async fn an_older_copy_of_a_source_changes_nothing(site: Site) {
    let user = site.user().await;
    import(&user, "", &chat("New", 9, &["One", "Two", "Three"]))
        .await
        .expect(200);
    let before = everything(&user).await;
    let report = import(&user, "", &chat("Old", 1, &["One", "Two, once"]))
        .await
        .expect(200);
    assert_eq!(report["unchanged"], 1, "{report}");
    assert_eq!(everything(&user).await, before);
}

async fn conversations_converted_by_a_program_follow_their_source(site: Site) {
    let user = site.user().await;
    let own = |title: &str, texts: &[&str]| {
        let messages = texts.iter().enumerate().map(|(index, text)| {
            json!({ "id": format!("m{index}"), "type": "user", "content": text, "timestamp": 1_763_600_000_000_i64 })
        });
        let messages: Vec<Value> = messages.collect();
        json!([{ "id": "c", "title": title, "updatedAt": 1_763_600_000_000_i64 + texts.len() as i64, "messages": messages }]).to_string()
    };
    import(&user, "?follow=true", &own("Draft", &["One"]))
        .await
        .expect(200);
    let report = import(&user, "?follow=true", &own("Better", &["One!", "Two"]))
        .await
        .expect(200);
    assert_eq!(report["updated"], 1, "{report}");
    let opened = user.open("c").await;
    assert_eq!(opened["title"], "Better");
    assert_eq!(opened["messages"][0]["content"], "One!");
    // A source is followed only on request.
    import(&user, "", &own("Other", &["Another", "Two", "Three"]))
        .await
        .expect(200);
    let opened = user.open("c").await;
    assert_eq!(
        (&opened["title"], &opened["messages"][0]["content"]),
        (&json!("Better"), &json!("One!"))
    );
    assert_eq!(ids(&opened["messages"]), ["m0", "m1", "m2"]);
}

async fn an_unreadable_file_is_refused_and_changes_nothing(site: Site) {
    let user = site.user().await;
    for (query, body, status, code) in [
        ("?format=word", "[]", 400, "invalid_query"),
        ("?format=chatgpt", "{", 400, "unknown_format"),
        ("?format=claude-code", "", 400, "unknown_format"),
        ("", "PK\u{3}\u{4}...", 400, "unknown_format"),
        (
            "",
            r#"[{"uuid":"c","name":"","chat_messages":[]}]"#,
            422,
            "nothing_imported",
        ),
        ("?portion=maybe", "[]", 400, "invalid_query"),
    ] {
        import(&user, query, body).await.expect_error(status, code);
    }
    assert_eq!(
        everything(&user).await.len(),
        1,
        "the end of the export only"
    );
}

async fn items_beyond_a_quota_are_reported(site: Site) {
    let deployment = site.deployment(&[("MAX_CONVERSATIONS", "1")]).await;
    let user = deployment.user().await;
    user.create("c", vec![]).await;
    import(&user, "", &chat("Title", 1, &["One"]))
        .await
        .expect_error(403, "too_many_conversations_kept");
}

async fn a_real_session_is_imported_completely(site: Site) {
    let Some(source) = imported_file("claude-code-session.jsonl") else {
        return;
    };
    let user = site.user().await;
    let (report, cost) = site
        .cost_of(import(&user, "?name=session.jsonl", &source))
        .await;
    let report = report.expect(200);
    assert_eq!(report["imported"], 1, "{report}");
    let told = &report["results"][0]["source"];
    let (shown, hidden) = (told["messages"].as_u64(), told["hidden"].as_u64());
    assert_eq!((shown, hidden), (Some(117), Some(1)), "{told}");
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["totals"]["current"]["messages"], 117);
    println!(
        "a Claude Code session of 118 messages: {} request, {} commands, {} bytes sent, {} stored",
        cost.requests,
        cost.commands,
        source.len(),
        statistics["bytes"]
    );
    let again = import(&user, "?name=session.jsonl", &source)
        .await
        .expect(200);
    assert_eq!(again["unchanged"], 1, "{again}");
}
