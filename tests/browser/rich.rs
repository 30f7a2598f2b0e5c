//! Messages that are more than text: calls of tools, reasoning, images and files.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Site, message};
use test_support::until;

on_one_store!(attachments_of_a_message_are_shown);

/// A red dot.
const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

fn parts() -> Value {
    // Base64 of `<script>window.broken = 1</script>`, and of an SVG with such a script.
    let page = "PHNjcmlwdD53aW5kb3cuYnJva2VuID0gMTwvc2NyaXB0Pg==";
    let drawing = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxzY3JpcHQ+dG9wLmJyb2tlbj0xPC9zY3JpcHQ+PC9zdmc+";
    json!([
        { "type": "reasoning", "text": "The user is in **Lisbon**." },
        { "type": "tool-weather", "toolCallId": "1", "state": "output-available", "input": { "city": "Lisbon" }, "output": { "celsius": 27 } },
        { "type": "text", "text": "It is warm." },
        { "type": "file", "mediaType": "image/png", "filename": "sky.png", "url": format!("data:image/png;base64,{IMAGE}") },
        { "type": "file", "mediaType": "text/html", "filename": "a.html", "url": format!("data:text/html;base64,{page}") },
        { "type": "file", "mediaType": "image/svg+xml", "filename": "a.svg", "url": format!("data:image/svg+xml;base64,{drawing}") },
        { "type": "file", "mediaType": "text/html", "filename": "b.html", "url": "data:text/html,<script>window.broken=1</script>" },
        { "type": "file", "mediaType": "image/png", "filename": "far.png", "url": "https://elsewhere.example/far.png" },
    ])
}

async fn attachments_of_a_message_are_shown(site: Site) {
    let user = site.user().await;
    let reply = json!({ "id": "a", "type": "assistant", "format": "ai-sdk/v7", "parts": parts() });
    let question = message("q", "user", "How is the weather?");
    user.create("rich", vec![question, reply]).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser.open_conversation("How is the weather?").await;
    browser
        .until_texts(
            ".content summary",
            &["Reasoning", "Tool: weather", "Result"],
        )
        .await;
    browser
        .until("document.querySelector('.content img').naturalWidth === 1")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('.content img').alt")
            .await,
        "sky.png"
    );
    // Folded parts open by keyboard.
    assert_eq!(
        browser
            .value("document.querySelectorAll('.content details[open]').length")
            .await,
        0
    );
    for _ in 0..3 {
        let closed = "document.querySelector('.content details:not([open]) summary').focus();";
        browser.run(closed, &[]).await;
        browser.press(&Key::Enter.to_string()).await;
    }
    browser
        .until("document.querySelectorAll('.content details[open]').length === 3")
        .await;
    let code = browser.texts(".content details code").await;
    let shown: Vec<&str> = code
        .iter()
        .map(String::as_str)
        .filter(|text| text.contains('{'))
        .collect();
    assert_eq!(shown, ["{\n  \"city\": \"Lisbon\"\n}", "{\"celsius\":27}"]);
    browser.screenshot("rich").await;

    let links = browser
        .value("[...document.querySelectorAll('.content a')].map((link) => [link.textContent, link.download, link.href.slice(0, 20)])")
        .await;
    let expected = json!([
        ["a.html", "a.html", "data:text/html;base6"],
        ["a.svg", "a.svg", "data:image/svg+xml;b"],
        ["far.png", "", "https://elsewhere.ex"],
    ]);
    assert_eq!(links, expected);
    browser.click_among(".content a", "a.html").await;
    let saved = browser.downloads().join("a.html");
    until("it is saved", async || saved.exists()).await;
    assert_eq!(browser.value("window.broken === undefined").await, true);
}
