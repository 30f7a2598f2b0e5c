//! The requests for the examples: a user's day, and what can go wrong in it.

use serde_json::json;

use super::examples::{CODE, RECOVERY_CODE, Recorder};
use crate::common::Client;

const METRICS_TOKEN: &str = "the token that Prometheus has been given";

pub async fn play(recorder: &mut Recorder) {
    let anonymous_caller = recorder.site.anonymous_caller();
    let user = begin(recorder, &anonymous_caller).await;
    write(recorder, &user).await;
    read(recorder, &user).await;
    synchronize(recorder, &user).await;
    edit(recorder, &user).await;
    share(recorder, &user, &anonymous_caller).await;
    carry(recorder, &user).await;
    claim(recorder, &user).await;
    watch(recorder, &user, &anonymous_caller).await;
    end(recorder, &user).await;
}

async fn begin(recorder: &mut Recorder, anonymous_caller: &Client) -> Client {
    let session = ("POST", "/api/session");
    let begun = recorder
        .ask(anonymous_caller, "newUser", session, Some(json!({})))
        .await;
    let user = anonymous_caller.with_token(begun["token"].as_str().unwrap());
    recorder
        .ask(&user, "freshToken", session, Some(json!({})))
        .await;
    let link = json!({ "action": "link" });
    let linked = recorder.ask(&user, "link", session, Some(link)).await;
    let redeem = json!({ "action": "redeem", "code": linked["code"] });
    recorder
        .ask(anonymous_caller, "redeem", session, Some(redeem))
        .await;
    let again = json!({ "action": "redeem", "code": CODE });
    recorder
        .ask(anonymous_caller, "wrongCode", session, Some(again))
        .await;
    recorder
        .ask(
            &user,
            "unknownAction",
            session,
            Some(json!({ "action": "?" })),
        )
        .await;
    let create = json!({ "action": "createRecoveryCode" });
    recorder
        .ask(&user, "recoveryCode", session, Some(create))
        .await;
    let create = json!({ "action": "createReadToken" });
    recorder
        .ask(&user, "readToken", session, Some(create))
        .await;
    let recover = json!({ "action": "recover", "code": RECOVERY_CODE });
    recorder
        .ask(
            anonymous_caller,
            "wrongRecoveryCode",
            session,
            Some(recover),
        )
        .await;
    let session = ("GET", "/api/session");
    recorder.ask(&user, "session", session, None).await;
    recorder
        .ask(anonymous_caller, "missingToken", session, None)
        .await;
    user
}

async fn write(recorder: &mut Recorder, user: &Client) {
    let all = ("POST", "/api/conversations");
    let conversation = json!({
        "id": "1751545800000",
        "messages": [
            { "id": "1751545800001", "type": "user", "timestamp": "2025-07-03T12:30:00.001Z",
              "content": "Explain the difference between a mutex and a semaphore, in two sentences." },
            { "id": "1751545800002", "type": "assistant", "timestamp": "2025-07-03T12:30:02.000Z",
              "content": "A mutex lets one thread in. A semaphore lets in as many as it counts.",
              "tokens": { "input": 21, "output": 26, "total": 47 } },
        ],
    });
    recorder
        .ask(user, "withMessages", all, Some(conversation.clone()))
        .await;
    recorder
        .ask(user, "repeated", all, Some(conversation))
        .await;
    let other = json!({ "id": "1751545800000", "title": "Another one" });
    recorder.ask(user, "idTaken", all, Some(other)).await;
    recorder
        .ask(user, "wrongType", all, Some(json!({ "title": 5 })))
        .await;

    let saved = ("PUT", "/api/conversations/conv-trip");
    let whole = json!({ "title": "A trip to Lisbon", "messages": [], "folder": "travel" });
    recorder.ask(user, "whole", saved, Some(whole)).await;

    let messages = ("POST", "/api/conversations/1751545800000/messages");
    let question = json!({ "messages": [
        { "id": "msg-1", "type": "user", "content": "And a condition variable?" },
    ] });
    recorder
        .ask(user, "question", messages, Some(question.clone()))
        .await;
    recorder
        .ask(user, "repeated", messages, Some(question))
        .await;
    let other =
        json!({ "messages": [{ "id": "msg-1", "type": "user", "content": "Another one" }] });
    recorder.ask(user, "idTaken", messages, Some(other)).await;
    write_parts(recorder, user).await;
}

/// A message of the AI SDK's, and one of Anthropic's.
async fn write_parts(recorder: &mut Recorder, user: &Client) {
    let messages = ("POST", "/api/conversations/conv-trip/messages");
    let parts = json!({ "messages": [
        { "id": "msg-weather", "type": "assistant", "timestamp": "2025-07-03T12:31:00.000Z",
          "format": "ai-sdk/v7", "status": "complete", "model": "claude-sonnet-4-5",
          "parts": [
            { "type": "step-start" },
            { "type": "reasoning", "text": "The user wants the weather.", "state": "done" },
            { "type": "tool-weather", "toolCallId": "call-1", "state": "output-available",
              "input": { "city": "Lisbon" }, "output": { "celsius": 27 } },
            { "type": "text", "text": "It is **27 °C** in Lisbon.", "state": "done" },
          ],
          "usage": { "inputTokens": 120, "outputTokens": 31 } },
    ] });
    recorder.ask(user, "parts", messages, Some(parts)).await;
    let blocks = json!({ "messages": [
        { "id": "msg-map", "type": "user", "timestamp": "2025-07-03T12:32:00.000Z",
          "content": [
            { "type": "image", "source": { "type": "url", "url": "https://example.com/map.png" } },
            { "type": "text", "text": "Where is this?" },
          ] },
    ] });
    recorder.ask(user, "blocks", messages, Some(blocks)).await;
    let wrong = json!({ "messages": [{ "id": "msg-wrong", "type": "user", "parts": [{ "text": "no type" }] }] });
    recorder
        .ask(user, "partWithoutType", messages, Some(wrong))
        .await;
}

async fn read(recorder: &mut Recorder, user: &Client) {
    recorder
        .ask(
            user,
            "firstPage",
            ("GET", "/api/conversations?limit=1"),
            None,
        )
        .await;
    let filtered = "/api/conversations?archived=false&tag=work";
    recorder
        .ask(user, "filtered", ("GET", filtered), None)
        .await;
    let search = "/api/conversations?q=rail*";
    recorder.ask(user, "found", ("GET", search), None).await;
    recorder
        .ask(
            user,
            "limitTooLarge",
            ("GET", "/api/conversations?limit=51"),
            None,
        )
        .await;
    recorder
        .ask(
            user,
            "newest",
            ("GET", "/api/conversations/1751545800000"),
            None,
        )
        .await;
    let page = "/api/conversations/1751545800000/messages?order=asc&limit=2";
    recorder.ask(user, "oldestFirst", ("GET", page), None).await;
    let page = "/api/conversations/conv-trip/messages";
    recorder.ask(user, "parts", ("GET", page), None).await;
    let current = json!({ "currentConversationId": "1751545800000" });
    recorder
        .ask(user, "open", ("PATCH", "/api/session"), Some(current))
        .await;
}

async fn synchronize(recorder: &mut Recorder, user: &Client) {
    let first = recorder
        .ask(user, "everything", ("GET", "/api/sync"), None)
        .await;
    let since = format!("/api/sync?cursor={}", first["nextCursor"].as_str().unwrap());
    recorder
        .ask(user, "nothingNew", ("GET", &since), None)
        .await;
    let brief = recorder
        .site
        .deployment(&[("SYNC_STREAM_SECONDS", "1")])
        .await;
    let listener = brief.anonymous_caller().with_token(user.token());
    recorder.listen(&listener, "stream", &since).await;
}

async fn edit(recorder: &mut Recorder, user: &Client) {
    let one = "/api/conversations/1751545800000";
    let rename = json!({ "title": "Locks", "pinned": true, "tags": ["rust"] });
    recorder
        .ask(user, "rename", ("PATCH", one), Some(rename))
        .await;
    let stale = user.with_header("if-match", "\"1\"");
    let late = json!({ "title": "Stale" });
    recorder
        .ask(&stale, "stale", ("PATCH", one), Some(late))
        .await;
    let message = format!("{one}/messages/msg-1");
    let edited = json!({ "content": "And a barrier?" });
    recorder
        .ask(user, "edit", ("PATCH", &message), Some(edited))
        .await;
    let parts =
        json!({ "parts": [{ "type": "text", "text": "And a barrier?" }], "format": "ai-sdk/v7" });
    recorder
        .ask(user, "parts", ("PATCH", &message), Some(parts))
        .await;
    let saved = json!({ "type": "user", "content": "And a barrier?", "status": "complete" });
    recorder
        .ask(user, "whole", ("PUT", &message), Some(saved))
        .await;
    let truncate = format!("{one}/messages/1751545800002?andAfter=true");
    recorder
        .ask(user, "truncate", ("DELETE", &truncate), None)
        .await;
    recorder
        .ask(
            user,
            "unknown",
            ("DELETE", &format!("{one}/messages/no-such")),
            None,
        )
        .await;
}

async fn share(recorder: &mut Recorder, user: &Client, anonymous_caller: &Client) {
    let shares = "/api/shares";
    let wanted = json!({ "conversationId": "1751545800000" });
    let made = recorder
        .ask(user, "snapshot", ("POST", shares), Some(wanted))
        .await;
    recorder.ask(user, "own", ("GET", shares), None).await;
    let one = format!("{shares}?id={}", made["id"].as_str().unwrap());
    recorder
        .ask(anonymous_caller, "byAnybody", ("GET", &one), None)
        .await;
    let copy = json!({ "id": "conv-copy", "forkOf": { "shareId": made["id"] } });
    recorder
        .ask(
            user,
            "forkOfShare",
            ("POST", "/api/conversations"),
            Some(copy),
        )
        .await;
    user.delete("/api/conversations/conv-copy?permanent=true")
        .await
        .expect(200);
    recorder.ask(user, "revoke", ("DELETE", &one), None).await;
    recorder
        .ask(anonymous_caller, "revoked", ("GET", &one), None)
        .await;
}

async fn claim(recorder: &mut Recorder, user: &Client) {
    let anonymous = recorder.site.user().await;
    anonymous.create("conv-before", Vec::new()).await;
    let claim = json!({ "action": "claim", "token": anonymous.token() });
    recorder
        .ask(user, "claim", ("POST", "/api/session"), Some(claim))
        .await;
}

async fn carry(recorder: &mut Recorder, user: &Client) {
    let export = ("GET", "/api/export");
    let lines = recorder.ask(user, "everything", export, None).await;
    recorder
        .ask(user, "exported", ("POST", "/api/import"), Some(lines))
        .await;
    let stored = json!([
        { "id": "conv-books", "title": "Books", "createdAt": "2025-06-30T08:00:00.000Z",
          "updatedAt": "2025-06-30T08:00:05.000Z", "totalTokens": 0,
          "messages": [{ "id": "b1", "type": "user", "content": "What to read next?",
                         "timestamp": "2025-06-30T08:00:00.000Z" }] },
        { "id": "not an id", "messages": [] },
    ]);
    recorder
        .ask(user, "localStorage", ("POST", "/api/import"), Some(stored))
        .await;
    for (name, format) in [("json", "json"), ("markdown", "markdown")] {
        let path = format!("/api/export?conversation=conv-books&format={format}");
        recorder.ask(user, name, ("GET", &path), None).await;
    }
    recorder
        .ask(user, "statistics", ("GET", "/api/user"), None)
        .await;
    let longer = json!({ "conversationTtlDays": 365 });
    recorder
        .ask(user, "longer", ("PATCH", "/api/user"), Some(longer))
        .await;
}

async fn end(recorder: &mut Recorder, user: &Client) {
    let one = "/api/conversations/1751545800000";
    recorder
        .ask(user, "intoTheTrash", ("DELETE", one), None)
        .await;
    recorder.ask(user, "deleted", ("GET", one), None).await;
    let trash = "/api/conversations?trash=true";
    recorder.ask(user, "trash", ("GET", trash), None).await;
    let restore = json!({ "trashed": false });
    recorder
        .ask(user, "restored", ("PATCH", one), Some(restore))
        .await;
    let for_good = format!("{one}?permanent=true");
    recorder
        .ask(user, "forGood", ("DELETE", &for_good), None)
        .await;
    recorder.ask(user, "emptied", ("DELETE", trash), None).await;
    recorder
        .ask(user, "erased", ("DELETE", "/api/user"), None)
        .await;
    let everywhere = json!({ "action": "signOutEverywhere" });
    recorder
        .ask(
            user,
            "signOutEverywhere",
            ("POST", "/api/session"),
            Some(everywhere),
        )
        .await;
    recorder
        .ask(user, "signedOut", ("GET", "/api/conversations"), None)
        .await;
}

async fn watch(recorder: &mut Recorder, user: &Client, anonymous_caller: &Client) {
    recorder
        .ask(
            anonymous_caller,
            "healthy",
            ("GET", "/api/health/redis"),
            None,
        )
        .await;
    let list = json!({ "name": "list_conversations", "arguments": { "limit": 5 } });
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": list });
    let agent = user.with_header("MCP-Protocol-Version", "2025-11-25");
    recorder
        .ask(&agent, "toolCall", ("POST", "/api/mcp"), Some(list))
        .await;
    let report = json!({
        "fallback": { "reads": 12, "writes": 3 },
        "conflicts": 1,
        "errors": [{ "code": "storage_unavailable", "count": 4 }],
    });
    let metrics = "/api/metrics";
    recorder
        .ask(user, "report", ("POST", metrics), Some(report))
        .await;
    recorder
        .ask(anonymous_caller, "notConfigured", ("GET", metrics), None)
        .await;
    let variables = [("METRICS_TOKEN", METRICS_TOKEN)];
    let measured = recorder.site.deployment(&variables).await;
    let prometheus = measured.anonymous_caller().with_token(METRICS_TOKEN);
    recorder
        .ask(&prometheus, "text", ("GET", metrics), None)
        .await;
}
