//! Before sharing, the page shows what would become public, and marks possible secrets.

use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(secrets_are_marked_before_anything_is_shared);

async fn secrets_are_marked_before_anything_is_shared(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    // Assembled here, so that nothing in this file looks like a secret.
    let key = format!("sk-ant-{}-{}", "api03", "a1B2".repeat(20));
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let password = ["hunter", "2"].concat();
    let parts = json!([
        { "type": "text", "text": "Looking." },
        { "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": format!("curl -u me:{token} x") } },
        { "type": "file", "filename": format!("password={password}.txt"), "placeholder": { "reason": "not_in_source" } },
    ]);
    let result = json!([{ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "text", "text": format!("KEY={key}") }] }]);
    let conversations = json!([{ "id": "c", "title": "Keys", "messages": [
        { "id": "1", "type": "user", "content": format!("My key is {key}, and nothing else.") },
        { "id": "2", "type": "assistant", "content": "Looking.", "format": "anthropic", "parts": parts },
        { "id": "3", "type": "tool", "content": "KEY", "format": "anthropic", "parts": result },
    ] }]);
    let file = browser.scratch().join("keys.json");
    std::fs::write(&file, conversations.to_string()).unwrap();
    browser.type_into("#files", file.to_str().unwrap()).await;
    browser.open_conversation("Keys").await;

    browser.click("#share").await;
    browser.click("#create-share").await;
    let file_name = format!("{password}.txt");
    browser
        .until_texts(".share-preview mark", &[&key, &token, &file_name, &key])
        .await;
    browser
        .until("document.querySelector('#found-secrets').textContent.startsWith('4 passages look like a secret (anthropic key, github token, password)')")
        .await;
    browser.screenshot("share-preview").await;
    browser.click_among("dialog footer button", "Cancel").await;
    browser
        .until("!document.querySelector('#confirm-share')")
        .await;
    let user = browser.user(&site).await;
    let shares = user.get("/api/shares").await.expect(200);
    assert_eq!(shares["data"], json!([]));

    browser.click("#create-share").await;
    browser.click_among("#confirm-share", "Share anyway").await;
    browser
        .until("document.querySelector('#share-links input')?.value")
        .await;
}
