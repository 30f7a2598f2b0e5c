//! `/api/mcp`: what an agent can read, and by which token. The protocol's own client asks too, in `mcp_packages`.

use crate::common::client::TestResponse;
use crate::common::{Client, Cost, Site, message, use_every_script};
use serde_json::{Value, json};

on_both_stores!(
    an_agent_lists_and_reads_conversations,
    a_long_conversation_is_read_in_pages,
    invalid_arguments_are_reported_in_the_tool_result,
    an_invalid_protocol_message_is_refused,
    a_read_token_reads_here_and_nowhere_else,
    a_new_read_token_voids_the_previous_one,
    a_repeat_shows_the_same_read_token,
    a_read_token_ends_with_a_revocation_a_sign_out_and_an_erasure,
    a_call_of_a_tool_costs_what_its_route_does,
);

const MCP: &str = "/api/mcp";
const SESSION: &str = "/api/session";

async fn read_token(user: &Client) -> String {
    let body = json!({ "action": "createReadToken" });
    let made = user.post(SESSION, &body).await.expect(201);
    made["readToken"].as_str().unwrap().to_owned()
}

/// An agent of this user, by a token that only reads.
async fn agent_of(site: &Site, user: &Client) -> Client {
    site.anonymous_caller().with_token(&read_token(user).await)
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

async fn call(agent: &Client, tool: &str, arguments: Value) -> TestResponse {
    let params = json!({ "name": tool, "arguments": arguments });
    agent.post(MCP, &request("tools/call", params)).await
}

/// What a tool returns, which is no error.
async fn text_of(agent: &Client, tool: &str, arguments: Value) -> String {
    let response = call(agent, tool, arguments).await.expect(200);
    let result = &response["result"];
    assert_eq!(result["isError"], false, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

fn cursor_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("call again with cursor \"")?;
    Some(rest.split('"').next()?.to_owned())
}

async fn an_agent_lists_and_reads_conversations(site: Site) {
    let user = site.user().await;
    let question = message("q", "user", "How do I undo the last commit?");
    let parts = json!([
        { "type": "reasoning", "text": "A secret thought." },
        { "type": "text", "text": "With git reset." },
        { "type": "tool_use", "name": "Bash", "input": { "command": "git log" } },
        { "type": "tool_result", "content": "x ".repeat(2_500) },
    ]);
    let reply = json!({ "id": "a", "type": "assistant", "parts": parts });
    user.create("git", vec![question, reply]).await;
    user.create("other", vec![message("m", "user", "Soup")])
        .await;
    let tagged = json!({ "tags": ["cooking"] });
    user.patch("/api/conversations/other", &tagged)
        .await
        .expect(200);
    let agent = agent_of(&site, &user).await;

    let begun = request("initialize", json!({ "protocolVersion": "2025-06-18" }));
    let begun = agent.post(MCP, &begun).await.expect(200);
    assert_eq!(begun["result"]["protocolVersion"], "2025-06-18");
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(agent.post(MCP, &ready).await.status, 202);
    let tools = agent.post(MCP, &request("tools/list", json!({}))).await;
    let tools = tools.expect(200)["result"]["tools"].clone();
    let names = tools.as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|tool| tool["name"].as_str().unwrap()).collect();
    let expected = [
        "search_conversations",
        "list_conversations",
        "read_conversation",
    ];
    assert_eq!(names, expected);

    let list = text_of(&agent, "list_conversations", json!({})).await;
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].contains("(id other, "), "{list}");
    assert!(
        lines[1].starts_with("How do I undo the last (id git, "),
        "{list}"
    );
    let tagged = text_of(&agent, "list_conversations", json!({ "tag": "cooking" })).await;
    assert!(tagged.contains("id other") && !tagged.contains("id git"));

    let found = text_of(&agent, "search_conversations", json!({ "query": "reset" })).await;
    assert!(
        found.starts_with("How do I undo the last (id git, "),
        "{found}"
    );
    assert!(found.contains("\n- assistant, ") && found.contains("With git reset."));
    let none = text_of(&agent, "search_conversations", json!({ "query": "zebra" })).await;
    assert_eq!(none, "Nothing.");

    let text = text_of(&agent, "read_conversation", json!({ "id": "git" })).await;
    assert!(text.contains("How do I undo the last commit?"), "{text}");
    assert!(text.contains("With git reset.\n\n[tool Bash: {\"command\":\"git log\"}]"));
    assert!(text.contains("(4399 more characters)") && !text.contains("secret thought"));
}

async fn a_long_conversation_is_read_in_pages(site: Site) {
    let user = site.user().await;
    let content = |index: usize| format!("message number {index}. {}", "word ".repeat(200));
    let messages = (0..90).map(|index| message(&format!("m{index}"), "user", &content(index)));
    user.create("long", messages.collect()).await;
    let titled = json!({ "title": "Long" });
    user.patch("/api/conversations/long", &titled)
        .await
        .expect(200);
    let agent = agent_of(&site, &user).await;
    for (order, expected) in [
        ("oldest_first", (0..90).collect::<Vec<_>>()),
        ("newest_first", (0..90).rev().collect()),
    ] {
        let (mut seen, mut cursor) = (Vec::<usize>::new(), None);
        loop {
            let arguments = json!({ "id": "long", "order": order, "cursor": cursor });
            let text = text_of(&agent, "read_conversation", arguments).await;
            assert!(text.len() < 50_000);
            let numbers = text.split("message number ").skip(1);
            seen.extend(
                numbers.map(|rest| rest.split('.').next().unwrap().parse::<usize>().unwrap()),
            );
            cursor = cursor_of(&text);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
}

async fn invalid_arguments_are_reported_in_the_tool_result(site: Site) {
    let agent = agent_of(&site, &site.user().await).await;
    for (tool, arguments) in [
        ("read_conversation", json!({ "id": "nope" })),
        ("read_conversation", json!({ "id": "no id!" })),
        ("read_conversation", json!({})),
        ("read_conversation", json!({ "id": "c", "cursor": "?" })),
        ("search_conversations", json!({})),
        ("search_conversations", json!({ "query": "" })),
        (
            "search_conversations",
            json!({ "query": "a", "cursor": "?" }),
        ),
        ("list_conversations", json!({ "limit": "many" })),
        ("list_conversations", json!({ "unknown": 1 })),
    ] {
        let response = call(&agent, tool, arguments.clone()).await.expect(200);
        assert_eq!(response["result"]["isError"], true, "{tool} {arguments}");
    }
    let unknown = call(&agent, "delete_conversation", json!({})).await;
    assert_eq!(unknown.expect(200)["error"]["code"], -32602);
    let unknown = agent.post(MCP, &request("resources/list", json!({}))).await;
    assert_eq!(unknown.expect(200)["error"]["code"], -32601);
}

async fn an_invalid_protocol_message_is_refused(site: Site) {
    let agent = agent_of(&site, &site.user().await).await;
    let ping = request("ping", json!({}));
    for body in [
        json!([ping]),
        json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": {}, "method": "ping" }),
    ] {
        agent
            .post(MCP, &body)
            .await
            .expect_error(400, "invalid_field");
    }
    let version = ("MCP-Protocol-Version", "1999-01-01");
    let strange = agent.clone().with_header(version.0, version.1);
    let refused = strange.post(MCP, &ping).await;
    refused.expect_error(400, "invalid_header");
    agent.post(MCP, &ping).await.expect(200);
    // There is no stream to listen to, and no session to end.
    agent.get(MCP).await.expect_error(405, "method_not_allowed");
    let anonymous = site.anonymous_caller().post(MCP, &ping).await;
    anonymous.expect_error(401, "missing_token");
}

async fn a_read_token_reads_here_and_nowhere_else(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let token = read_token(&user).await;
    let agent = site.anonymous_caller().with_token(&token);
    let everywhere = [
        agent.get("/api/conversations").await,
        agent.get("/api/conversations/c").await,
        agent.get("/api/export").await,
        agent.get("/api/sync").await,
        agent.get("/api/user").await,
        agent.delete("/api/user").await,
        agent.delete("/api/conversations/c").await,
        agent.post(SESSION, &json!({})).await,
        agent
            .post(SESSION, &json!({ "action": "createReadToken" }))
            .await,
        agent.post(SESSION, &json!({ "action": "link" })).await,
        agent.post("/api/import", &json!([{ "id": "x" }])).await,
    ];
    for response in everywhere {
        response.expect_error(403, "read_token");
    }
    // Nor does it give access to the account.
    let claim = json!({ "action": "claim", "token": token });
    let thief = site.user().await.post(SESSION, &claim).await;
    thief.expect_error(403, "wrong_token");
    text_of(&agent, "read_conversation", json!({ "id": "c" })).await;
    // A user's own token works as well; another user's token shows that user's data.
    text_of(&user, "read_conversation", json!({ "id": "c" })).await;
    let other = call(
        &site.user().await,
        "read_conversation",
        json!({ "id": "c" }),
    )
    .await;
    assert_eq!(other.expect(200)["result"]["isError"], true);
}

async fn a_new_read_token_voids_the_previous_one(site: Site) {
    let user = site.user().await;
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["readTokenCreatedAt"], Value::Null);
    let first = agent_of(&site, &user).await;
    text_of(&first, "list_conversations", json!({})).await;
    let second = agent_of(&site, &user).await;
    let void = call(&first, "list_conversations", json!({})).await;
    void.expect_error(401, "signed_out");
    text_of(&second, "list_conversations", json!({})).await;
    let statistics = user.get("/api/user").await.expect(200);
    assert!(statistics["readTokenCreatedAt"].is_string());
}

async fn a_repeat_shows_the_same_read_token(site: Site) {
    let user = site.user().await.with_header("Idempotency-Key", "once");
    assert_eq!(read_token(&user).await, read_token(&user).await);
}

async fn a_read_token_ends_with_a_revocation_a_sign_out_and_an_erasure(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let revoke = json!({ "action": "revokeReadToken" });
    let (agent, initialize) = (
        agent_of(&site, &user).await,
        request("initialize", json!({})),
    );
    agent.post(MCP, &initialize).await.expect(200);
    for _ in 0..2 {
        let revoked = user.post(SESSION, &revoke).await.expect(200);
        assert_eq!(revoked["readTokenCreatedAt"], Value::Null);
    }
    let void = agent.post(MCP, &initialize).await;
    void.expect_error(401, "signed_out");

    let agent = agent_of(&site, &user).await;
    let everywhere = json!({ "action": "signOutEverywhere" });
    let renewed = user.post(SESSION, &everywhere).await.expect(200);
    let void = call(&agent, "list_conversations", json!({})).await;
    void.expect_error(401, "signed_out");

    let user = user.with_token(renewed["token"].as_str().unwrap());
    let agent = agent_of(&site, &user).await;
    text_of(&agent, "list_conversations", json!({})).await;
    user.delete("/api/user").await.expect(200);
    let void = call(&agent, "list_conversations", json!({})).await;
    void.expect_error(401, "signed_out");
}

async fn a_call_of_a_tool_costs_what_its_route_does(site: Site) {
    site.begin_day();
    let user = site.user().await;
    use_every_script(&user).await;
    let messages = (0..60).map(|index| message(&format!("m{index}"), "user", "hi"));
    user.create("c", messages.collect()).await;
    let make = json!({ "action": "createReadToken" });
    agent_of(&site, &user).await;
    let agent = agent_of(&site, &user).await;
    {
        let list = site.cost_of(text_of(&agent, "list_conversations", json!({})));
        assert_eq!(
            list.await.1,
            Cost {
                requests: 1,
                commands: 4
            }
        );
        let read = site.cost_of(text_of(&agent, "read_conversation", json!({ "id": "c" })));
        assert_eq!(
            read.await.1,
            Cost {
                requests: 1,
                commands: 5
            }
        );
        let made = site.cost_of(user.post(SESSION, &make)).await;
        assert_eq!(
            made.1,
            Cost {
                requests: 1,
                commands: 3
            }
        );
    }
}
