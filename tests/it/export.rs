//! `/api/export`: all of it out, and back in again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::client::TestResponse;
use crate::common::{Client, Site, ids, message, message_at, real_data, sample};
use embedded_store::front::Fault;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    an_export_taken_in_elsewhere_gives_the_same_export,
    real_conversations_travel_unchanged,
    the_export_has_the_order_of_the_list,
    an_empty_account_exports_its_end_only,
    what_was_sent_indented_is_exported_in_one_line,
    objects_with_as_many_fields_as_there_may_be_travel_too,
    titles_are_neither_made_nor_lost,
    a_large_conversation_is_exported_in_pieces,
    a_conversation_larger_than_a_request_travels_in_several_lines,
    many_small_conversations_travel_per_request,
    one_conversation_as_json_markdown_or_lines,
    what_is_not_there_is_refused_before_the_first_byte,
    a_failure_midway_breaks_the_stream_off,
    what_moves_to_the_top_meanwhile_is_not_missed,
    an_import_reads_lines,
    another_users_conversations_are_not_in_it,
);

const EXPORT: &str = "/api/export";

fn lines(answer: &TestResponse) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let lines = answer.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The lines but for revision and tag, which start anew; compared as text, members in order.
async fn export(user: &Client) -> Vec<String> {
    let text = user.get(EXPORT).await.text;
    let lines = text.lines().map(|line| {
        let Some((before, after)) = line.split_once(",\"revision\":") else {
            return line.to_owned();
        };
        let (_, after) = after.split_once(',').unwrap();
        let (tag, after) = after.split_once(',').unwrap();
        assert!(tag.starts_with("\"etag\":"), "{tag}");
        format!("{before},{after}")
    });
    lines.collect()
}

async fn import_lines(user: &Client, text: String) -> Value {
    let user = user.with_header("content-type", "application/x-ndjson");
    user.send(Method::POST, "/api/import", Some(text))
        .await
        .expect(200)
}

async fn assert_travels(site: &Site, from: &Client) {
    let exported = from.get(EXPORT).await.text;
    let to = site.user().await;
    let report = import_lines(&to, exported.clone()).await;
    assert_eq!(report["rejected"], 0, "{report}");
    assert_eq!(export(&to).await, export(from).await);
    // In parts, the oldest last, all is the same; and again, nothing changes.
    let parts = site.user().await;
    for line in exported.lines() {
        import_lines(&parts, line.to_owned()).await;
    }
    assert_eq!(export(&parts).await, export(from).await);
    let again = import_lines(&to, exported).await;
    assert_eq!(again["imported"], 0);
    assert_eq!(export(&to).await, export(from).await);
}

/// An account in which everything has happened.
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
    // Dated an hour ago, but saved last: it stands on top.
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

async fn an_export_taken_in_elsewhere_gives_the_same_export(site: Site) {
    let user = site.user().await;
    fill(&user).await;
    let answer = user.get(EXPORT).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"conversations.ndjson\"")
    );
    let lines = lines(&answer);
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

async fn real_conversations_travel_unchanged(site: Site) {
    let Some(dump) = real_data() else { return };
    let user = site.user().await;
    user.post("/api/import", &dump).await.expect(200);
    let answer = user.get(EXPORT).await;
    let exported = lines(&answer);
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
    let answer = user.get(EXPORT).await;
    let mut exported = lines(&answer);
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

async fn what_was_sent_indented_is_exported_in_one_line(site: Site) {
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

async fn objects_with_as_many_fields_as_there_may_be_travel_too(site: Site) {
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

async fn titles_are_neither_made_nor_lost(site: Site) {
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

async fn a_large_conversation_is_exported_in_pieces(site: Site) {
    let user = site.user().await;
    let many: Vec<Value> = (0..5_200)
        .map(|index| message_at(&format!("m{index}"), index / 2_600))
        .collect();
    let conversation = json!({ "id": "many", "messages": many });
    user.post("/api/import", &json!([conversation]))
        .await
        .expect(200);
    let text = "y".repeat(400_000);
    let heavy: Vec<Value> = (0..6)
        .map(|index| message(&format!("h{index}"), "user", &text))
        .collect();
    user.create("heavy", heavy).await;
    user.get(EXPORT).await;
    site.idle().await;
    let (answer, cost) = site.cost_of(user.get(EXPORT)).await;
    let exported = lines(&answer);
    assert_eq!(
        exported[2]["export"],
        json!({ "conversations": 2, "messages": 5_206, "complete": true })
    );
    let sent: Vec<String> = (0..5_200).map(|index| format!("m{index}")).collect();
    assert_eq!(ids(&exported[1]["messages"]), sent);
    assert_eq!(
        cost.requests, 3,
        "the list, and two pieces of up to 5,000 messages"
    );
    assert_travels(&site, &user).await;
}

async fn a_conversation_larger_than_a_request_travels_in_several_lines(site: Site) {
    let user = site.user().await;
    let texts: Vec<Value> = (0..7)
        .map(|index| {
            message(
                &format!("h{index}"),
                "user",
                &index.to_string().repeat(900_000),
            )
        })
        .collect();
    user.create("before", vec![message("m", "user", "x")]).await;
    let body = json!({ "id": "heavy", "messages": &texts[..4], "updatedAt": 1_000 });
    user.post("/api/import", &json!([body])).await.expect(200);
    user.append("heavy", texts[4..].to_vec()).await.expect(201);
    user.get(EXPORT).await;
    let (answer, cost) = site.cost_of(user.get(EXPORT)).await;
    assert_eq!(cost.requests, 3, "the list, and two pieces of up to 6 MB");
    assert!(answer.text.lines().all(|line| line.len() < 4_500_000));
    let exported = lines(&answer);
    let parts: Vec<Vec<String>> = exported
        .iter()
        .filter(|line| line["id"] == "heavy")
        .map(|line| ids(&line["messages"]))
        .collect();
    let expected: [&[&str]; 3] = [&["h0", "h1", "h2"], &["h3", "h4", "h5"], &["h6"]];
    assert_eq!(parts, expected);
    let end = exported.last().unwrap();
    assert_eq!(end["export"]["conversations"], 2);

    // Line by line, and with as many in a request as go.
    let texts: Vec<&str> = answer.text.lines().collect();
    for requests in [vec![0..1, 1..2, 2..3, 3..5], vec![0..1, 1..5]] {
        let to = site.user().await;
        for lines in requests {
            let report = import_lines(&to, texts[lines].join("\n")).await;
            assert_eq!(report["rejected"], 0, "{report}");
        }
        assert_eq!(export(&to).await, export(&user).await);
        for line in &texts {
            let again = import_lines(&to, (*line).to_owned()).await;
            assert_eq!(again["imported"], 0);
        }
    }
}

async fn many_small_conversations_travel_per_request(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..200)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("a", "user", "x"), message("b", "assistant", "y")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    site.begin_window();
    user.get(EXPORT).await;
    let (answer, cost) = site.cost_of(user.get(EXPORT)).await;
    assert_eq!(lines(&answer).len(), 201);
    // Per 50 conversations one request for their ids and one for what is in them.
    assert_eq!(cost.requests, 8);
    assert!(cost.commands <= 8 * 5 + 200 * 2, "{cost:?}");
}

async fn one_conversation_as_json_markdown_or_lines(site: Site) {
    let user = site.user().await;
    let body = json!({ "id": "c", "title": "On\nlocks", "messages": [
        { "id": "q", "type": "user", "content": "What is *it*?\n", "timestamp": 0 },
        { "id": "a", "type": "assistant", "content": "```\nlock\n```", "timestamp": 1_500 },
    ]});
    user.post("/api/conversations", &body).await.expect(201);
    let get = |format: &'static str| {
        let (user, path) = (user.clone(), format!("{EXPORT}?conversation=c{format}"));
        async move { user.get(&path).await }
    };
    let answer = get("").await;
    let opened = user.open("c").await;
    let exported = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(exported["messages"], opened["messages"]);
    assert_eq!(exported["title"], "On\nlocks");
    let markdown = get("&format=markdown").await;
    assert_eq!(
        markdown.header("content-type"),
        Some("text/markdown; charset=utf-8")
    );
    assert_eq!(
        markdown.header("content-disposition"),
        Some("attachment; filename=\"conversation-c.md\"")
    );
    assert_eq!(
        markdown.text,
        "# On locks\n\n## User, 1970-01-01T00:00:00.000Z\n\nWhat is *it*?\n\n\n## Assistant, \
         1970-01-01T00:00:01.500Z\n\n```\nlock\n```\n"
    );
    let as_lines = lines(&get("&format=ndjson").await);
    assert_eq!(as_lines[0], exported);
    assert_eq!(as_lines[1]["export"]["conversations"], 1);
}

async fn what_is_not_there_is_refused_before_the_first_byte(site: Site) {
    let user = site.user().await;
    let get = |query: &'static str| {
        let path = format!("{EXPORT}{query}");
        let user = user.clone();
        async move { user.get(&path).await }
    };
    get("?conversation=none")
        .await
        .expect_error(404, "conversation_not_found");
    get("?conversation=a%20b")
        .await
        .expect_error(400, "invalid_id");
    get("?format=markdown")
        .await
        .expect_error(400, "invalid_query");
    get("?conversation=c&format=pdf")
        .await
        .expect_error(400, "invalid_query");
    site.anonymous_caller()
        .get(EXPORT)
        .await
        .expect_error(401, "missing_token");
    site.faults().push(Fault::QuotaError, 1);
    get("").await.expect_error(503, "storage_quota");
}

async fn a_failure_midway_breaks_the_stream_off(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..120)
        .map(|index| json!({ "id": format!("c{index}") }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get(EXPORT).await;
    // The first two requests of the six succeed.
    site.faults()
        .push(Fault::Delay(std::time::Duration::ZERO), 2);
    site.faults().push(Fault::QuotaError, 1);
    let (status, body) = user.try_get(EXPORT).await;
    assert_eq!(status, 200);
    assert!(body.is_err(), "the connection has to break");
    assert_eq!(user.get(EXPORT).await.text.lines().count(), 121);
}

async fn what_moves_to_the_top_meanwhile_is_not_missed(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..120)
        .map(|index| json!({ "id": format!("c{index}"), "updatedAt": 1_000_000 - index }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get(EXPORT).await;
    site.faults()
        .set_latency(std::time::Duration::from_millis(150));
    let before = site.front.counts().requests;
    let export = tokio::spawn({
        let user = user.clone();
        async move { user.get(EXPORT).await }
    });
    site.until_requests(before, 2).await;
    // The last one of the list, and one that is out already.
    for id in ["c119", "c0"] {
        let path = format!("/api/conversations/{id}");
        user.patch(&path, &json!({ "pinned": true }))
            .await
            .expect(200);
    }
    let answer = export.await.unwrap();
    let mut exported = lines(&answer);
    let end = exported.pop().unwrap();
    assert_eq!(end["export"]["conversations"], 120);
    let mut found = ids(&json!(exported));
    assert_eq!(found.last().unwrap(), "c119");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 120);
}

async fn an_import_reads_lines(site: Site) {
    let user = site.user().await;
    let text = "{\"id\":\"a\"}\r\n\n  {\"id\":\"b\"}  \n{\"id\":\"cut";
    // By its shape, without the content type.
    let answer = user
        .send(Method::POST, "/api/import", Some(text.to_owned()))
        .await
        .expect(200);
    assert_eq!(
        (&answer["imported"], &answer["rejected"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(answer["results"][2]["code"], "invalid_json");
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

async fn another_users_conversations_are_not_in_it(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("mine", vec![message("m", "user", "secret")])
        .await;
    assert!(!other.get(EXPORT).await.text.contains("mine"));
    other
        .get(&format!("{EXPORT}?conversation=mine"))
        .await
        .expect_error(404, "conversation_not_found");
}
