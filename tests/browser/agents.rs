//! An agent is given read access, which is then revoked.

use serde_json::json;

use crate::browser::Browser;
use crate::common::{Client, Site, message};

on_one_store!(an_agents_token_is_made_and_revoked);

async fn search(agent: &Client) -> u16 {
    let params = json!({ "name": "search_conversations", "arguments": { "query": "rye" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let response = agent.post("/api/mcp", &body).await;
    if response.status == 200 {
        let found = response.expect(200)["result"]["content"][0]["text"].clone();
        assert!(found.as_str().unwrap().contains("id bread"), "{found}");
    }
    response.status
}

async fn an_agents_token_is_made_and_revoked(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let user = site.user().await;
    user.create("bread", vec![message("m", "user", "Is rye good?")])
        .await;
    browser.become_user(&user).await;
    browser.choose_from_page("Let an agent read").await;
    browser
        .until("document.querySelector('#agent-state').textContent === 'It has none.'")
        .await;
    browser
        .click_among("dialog footer button", "Make a token")
        .await;
    browser
        .until("document.querySelector('#agent-command')")
        .await;
    let command = browser.texts("#agent-command").await.concat();
    let (before, token) = command.split_once("Bearer ").unwrap();
    assert!(before.contains(&format!("{}/api/mcp ", site.url())));
    let agent = site
        .anonymous_caller()
        .with_token(token.trim_end_matches('"'))
        .with_header("MCP-Protocol-Version", "2025-11-25");
    assert_eq!(search(&agent).await, 200);
    browser.screenshot("agent-token").await;
    browser
        .click_among("dialog footer button", "I have it")
        .await;
    browser.choose_from_page("Let an agent read").await;
    browser
        .until("document.querySelector('#agent-state').textContent.startsWith('It has one')")
        .await;
    browser
        .click_among("dialog footer button", "Revoke it")
        .await;
    browser
        .click_among("dialog footer .primary", "Revoke it")
        .await;
    browser.until_toast("The agent’s token is revoked.").await;
    assert_eq!(search(&agent).await, 401);
}
