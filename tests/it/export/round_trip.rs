//! An export imported elsewhere loses and changes nothing.

use super::{EXPORT, assert_travels, import_lines, lines};
use crate::common::{Client, Site, ids, message, message_at, real_data, sample};
use reqwest::Method;
use serde_json::json;

on_both_stores!(
    an_export_imported_elsewhere_exports_identically,
    real_conversations_round_trip_unchanged,
    the_export_has_the_order_of_the_list,
    an_empty_account_exports_its_end_only,
    indented_json_is_exported_on_one_line,
    objects_with_the_most_fields_round_trip,
    titles_are_neither_generated_nor_lost,
    an_import_reads_lines,
);

/// An account with every kind of data.
async fn fill(user: &Client) {
    user.post("/api/import", &sample()).await.expect(200);
    let odd = json!({
        "id": "odd", "title": "2025", "pinned": true, "archived": true, "tags": ["a", "b"],
        "createdAt": "2024-02-03T04:05:06.007Z", "updatedAt": "2099-01-01T00:00:00.000Z", "totalTokens": 77,
        "mcpServers": { "x": { "n": 1.50 } }, "folder": null, "number": 12_345_678_901_234_567_890_u64,
        "messages": [
            { "id": "z", "type": "user", "content": "\u{1f600} \u{0}\u{1e}\u{1f} \"", "timestamp": 5, "rating": 1e30 },
            { "id": "y", "type": "assistant", "content": " null ", "timestamp": 5, "streaming": null },
            { "id": "x", "type": "system", "content": "", "timestamp": 5, "tokens": { "input": 1, "output": 2 } },
        ],
    });
    user.post("/api/conversations", &odd).await.expect(201);
    user.create("b", vec![message("m", "user", "second")]).await;
    user.create("a", vec![message_at("m2", 9), message_at("m1", 9)])
        .await;
    user.append("b", vec![message("n", "assistant", "x")])
        .await
        .expect(201);
    user.delete("/api/conversations/a/messages/m2")
        .await
        .expect(200);
    let path = "/api/conversations/odd/messages/y";
    user.patch(path, &json!({ "editable": true, "tokens": { "total": 9 } }))
        .await
        .expect(200);
    // Dated an hour ago, but saved last: it is listed first.
    let hour_ago = user.get("/api/conversations?limit=1").await.expect(200)["clock"]
        .as_i64()
        .unwrap()
        - 3_600_000;
    let dated = json!({ "id": "dated", "updatedAt": hour_ago });
    user.put("/api/conversations/dated", &dated)
        .await
        .expect(201);
    user.create("gone", vec![message("m", "user", "x")]).await;
    user.delete("/api/conversations/gone").await.expect(200);
}

async fn an_export_imported_elsewhere_exports_identically(site: Site) {
    let user = site.user().await;
    fill(&user).await;
    let response = user.get(EXPORT).await;
    assert_eq!(
        response.header("content-type"),
        Some("application/x-ndjson")
    );
    assert_eq!(
        response.header("content-disposition"),
        Some("attachment; filename=\"conversations.ndjson\"")
    );
    let lines = lines(&response);
    let count = lines.len() - 1;
    let messages: usize = lines[..count]
        .iter()
        .map(|line| line["messages"].as_array().unwrap().len())
        .sum();
    assert_eq!(
        lines[count],
        json!({ "export": { "conversations": count, "messages": messages, "complete": true } })
    );
    let odd = lines.iter().find(|line| line["id"] == "odd").unwrap();
    assert_eq!(odd["totalTokens"], 86);
    assert_eq!(ids(&odd["messages"]), ["z", "y", "x"]);
    assert!(lines.iter().all(|line| line["id"] != "gone"));
    assert_travels(&site, &user).await;
}

async fn real_conversations_round_trip_unchanged(site: Site) {
    let Some(dump) = real_data() else { return };
    let user = site.user().await;
    user.post("/api/import", &dump).await.expect(200);
    let response = user.get(EXPORT).await;
    let exported = lines(&response);
    for (conversation, line) in dump.as_array().unwrap().iter().zip(&exported) {
        for (field, value) in conversation.as_object().unwrap() {
            assert_eq!(line[field], *value, "{field} of {}", conversation["id"]);
        }
    }
    assert_travels(&site, &user).await;
}

async fn the_export_has_the_order_of_the_list(site: Site) {
    let user = site.user().await;
    fill(&user).await;
    let list = user.get("/api/conversations?limit=50").await.expect(200);
    let response = user.get(EXPORT).await;
    let mut exported = lines(&response);
    exported.pop();
    assert_eq!(ids(&json!(exported)), ids(&list["data"]));
    assert_eq!(exported[0]["id"], "dated");
    for (line, summary) in exported.iter().zip(list["data"].as_array().unwrap()) {
        for (field, value) in summary.as_object().unwrap() {
            // An export is the same whenever it is taken.
            if field != "expiresAt" {
                assert_eq!(line[field], *value, "{field} of {}", summary["id"]);
            }
        }
    }
}

async fn an_empty_account_exports_its_end_only(site: Site) {
    let user = site.user().await;
    let end = "{\"export\":{\"conversations\":0,\"messages\":0,\"complete\":true}}\n";
    assert_eq!(user.get(EXPORT).await.text, end);
    let report = import_lines(&user, end.to_owned()).await;
    assert_eq!(report["results"], json!([]));
}

async fn indented_json_is_exported_on_one_line(site: Site) {
    let user = site.user().await;
    let conversation = json!({
        "id": "c", "mcpServers": { "a": { "b": [1, 2] } },
        "messages": [{ "id": "m", "type": "user", "content": "a\nb\r", "tokens": { "total": 1 } }],
    });
    let indented = serde_json::to_string_pretty(&conversation)
        .unwrap()
        .replace('\n', "\r\n");
    user.send(Method::POST, "/api/conversations", Some(indented))
        .await
        .expect(201);
    let exported = lines(&user.get(EXPORT).await);
    assert_eq!(exported.len(), 2);
    assert_eq!(exported[0]["messages"][0]["content"], "a\nb\r");
    assert_eq!(exported[0]["mcpServers"], conversation["mcpServers"]);
    assert_travels(&site, &user).await;
}

async fn objects_with_the_most_fields_round_trip(site: Site) {
    let user = site.user().await;
    let mut message = message("m", "user", "x");
    for index in 0..98 {
        message[format!("field{index}")] = json!(index);
    }
    let mut conversation = json!({ "id": "c", "title": "x", "messages": [message] });
    for index in 0..96 {
        conversation[format!("field{index}")] = json!(index);
    }
    user.post("/api/conversations", &conversation)
        .await
        .expect(201);
    assert_travels(&site, &user).await;
    conversation["id"] = json!("d");
    conversation["messages"][0]["one too many"] = json!(1);
    user.post("/api/conversations", &conversation)
        .await
        .expect_error(400, "invalid_json");
}

async fn titles_are_neither_generated_nor_lost(site: Site) {
    let user = site.user().await;
    user.create("untitled", vec![message("m", "user", "")])
        .await;
    let path = "/api/conversations/untitled/messages/m";
    user.patch(path, &json!({ "content": "a title if it were sent now" }))
        .await
        .expect(200);
    for (id, title) in [("blank", ""), ("placeholder", "New Conversation")] {
        user.create(id, vec![message("m", "user", "first words")])
            .await;
        user.patch(
            &format!("/api/conversations/{id}"),
            &json!({ "title": title }),
        )
        .await
        .expect(200);
    }
    assert_travels(&site, &user).await;
    let to = site.user().await;
    import_lines(&to, user.get(EXPORT).await.text).await;
    assert_eq!(to.open("untitled").await["title"], "New Conversation");
    to.append("untitled", vec![message("n", "user", "now it has one")])
        .await
        .expect(201);
    assert_eq!(to.open("untitled").await["title"], "now it has one");
    assert_eq!(to.open("blank").await["title"], "");
    let forged = json!({ "id": "c", "$export": { "place": "x" } });
    to.post("/api/conversations", &forged)
        .await
        .expect_error(400, "invalid_field");
}

async fn an_import_reads_lines(site: Site) {
    let user = site.user().await;
    let text = "{\"id\":\"a\"}\r\n\n  {\"id\":\"b\"}  \n{\"id\":\"cut";
    // By its shape, without the content type.
    let response = user
        .send(Method::POST, "/api/import", Some(text.to_owned()))
        .await
        .expect(200);
    assert_eq!(
        (&response["imported"], &response["rejected"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(response["results"][2]["code"], "invalid_json");
    // By its content type, whatever the shape.
    let report = import_lines(
        &user,
        "nonsense\n[]\n{\"id\":\"c\"}\n{\"export\":{}}".into(),
    )
    .await;
    assert_eq!(
        (&report["imported"], &report["rejected"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(report["results"].as_array().unwrap().len(), 3);
}
