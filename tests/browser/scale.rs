//! Long conversations and long lists: only what is visible is in the document.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::Site;

/// Messages in the document at once, at most: those in view, and some around them.
const MOST: u64 = 60;

on_one_store!(
    ten_thousand_messages_are_scrolled_to_the_oldest,
    a_new_device_shows_how_far_its_list_is,
);

async fn ten_thousand_messages_are_scrolled_to_the_oldest(site: Site) {
    let user = site.user().await;
    import_long(&user, 10_000).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser.open_conversation("Long").await;
    browser
        .until("document.querySelector('#subtitle').textContent.startsWith('10,000 messages')")
        .await;
    browser.until("document.querySelector('.message:last-child .content').textContent.startsWith('Message 9999.')").await;

    let (mut most, mut oldest) = (0, 10_000);
    while oldest > 0 {
        let body = "
            const thread = document.querySelector('#thread');
            thread.scrollTop = Math.max(0, thread.scrollTop - 20000);
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            return [document.querySelectorAll('.message').length, document.querySelector('.message').dataset.key.slice(1)];";
        let seen = browser.run(body, &[]).await;
        most = most.max(seen[0].as_u64().unwrap());
        oldest = seen[1].as_str().unwrap().parse::<u32>().unwrap();
    }
    assert!(most > 3 && most < MOST, "{most} messages in the document");
    assert!(!browser.texts(".message .content").await.is_empty());
    assert!(browser.texts(".message .content").await[0].starts_with("Message 0."));
    let size = browser
        .value("document.querySelector('.message').getAttribute('aria-setsize')")
        .await;
    assert_eq!(size, "10000");
    // All of it was loaded on the way; the end is one click away.
    browser.click("#to-end").await;
    browser
        .until("document.querySelector('.message:last-child').dataset.key === 'm9999'")
        .await;
}

/// While older messages load above, the visible ones stay in place.
#[tokio::test]
async fn scrolling_keeps_the_message_being_read_in_place() {
    let site = Site::embedded().await;
    let user = site.user().await;
    import_long(&user, 500).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser.open_conversation("Long").await;
    browser
        .until("document.querySelector('.message:last-child')?.dataset.key === 'm499'")
        .await;
    // A third of a screen below the oldest loaded message: near enough to load more.
    let body = "
        const thread = document.querySelector('#thread');
        const place = () => {
            const top = thread.getBoundingClientRect().top;
            const first = [...document.querySelectorAll('.message')].find((node) => node.getBoundingClientRect().bottom > top + 1);
            return first && [first.dataset.key, Math.round(first.getBoundingClientRect().top - top)];
        };
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const height = thread.scrollHeight;
        thread.scrollTop = 300;
        for (let settled = 0; settled < 3; settled += 1) await frame();
        const before = place();
        const deadline = performance.now() + 10000;
        while (thread.scrollHeight < height * 1.5 && performance.now() < deadline) await frame();
        for (let settled = 0; settled < 5; settled += 1) await frame();
        return [before, place(), thread.scrollHeight > height * 1.5];";
    let outcome = browser.run(body, &[]).await;
    assert_eq!(outcome[2], true, "older messages came: {outcome}");
    assert_eq!(outcome[0][0], outcome[1][0], "{outcome}");
    let moved = outcome[0][1].as_i64().unwrap() - outcome[1][1].as_i64().unwrap();
    assert!(moved.abs() <= 2, "{outcome}");
}

#[tokio::test]
async fn a_list_of_a_thousand_conversations_is_short_in_the_document() {
    let site = Site::embedded().await;
    let user = site.user().await;
    let conversations: Vec<Value> = (0..1000)
        .map(|at| json!({ "id": format!("c{at}"), "title": format!("Conversation {at}"), "updatedAt": 1_700_000_000_000_i64 + at }))
        .collect();
    user.post("/api/import", &Value::from(conversations))
        .await
        .expect(200);
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser
        .until("document.querySelector('.row .name')?.textContent === 'Conversation 999'")
        .await;
    let body = "
        const list = document.querySelector('#list');
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        let most = 0;
        for (let top = 0; top < list.scrollHeight; top += 2000) {
            list.scrollTop = top;
            await frame();
            await frame();
            most = Math.max(most, document.querySelectorAll('.row').length);
        }
        return most;";
    browser
        .until("document.querySelector('#list .virtual-space').clientHeight > 40000")
        .await;
    let most = browser.run(body, &[]).await.as_u64().unwrap();
    assert!(most > 5 && most < MOST, "{most} rows in the document");
    // Pages of the list may have arrived until now, and made it longer.
    browser
        .until(
            "(document.querySelector('#list').scrollTop = 1e6,
                document.querySelector('.row:last-child .name').textContent === 'Conversation 0')",
        )
        .await;
}

async fn import_long(user: &crate::common::Client, count: usize) {
    let messages = (0..count).map(|at| {
        let content = format!("Message {at}. {}", "More words. ".repeat(at % 40));
        let kind = if at % 2 == 0 { "user" } else { "assistant" };
        json!({ "id": format!("m{at}"), "type": kind, "content": content, "timestamp": 1_700_000_000_000_i64 + at as i64 })
    });
    let long = json!([{ "id": "long", "title": "Long", "messages": messages.collect::<Vec<_>>() }]);
    let report = user.post("/api/import", &long).await.expect(200);
    assert_eq!(report["imported"], 1);
}

/// A newly linked device shows the progress of its list, not an empty list.
async fn a_new_device_shows_how_far_its_list_is(site: Site) {
    const NOTE: &str = "
        window.noted = new Set();
        new MutationObserver(() => {
            const loading = document.querySelector('#list-loading:not([hidden]) p')?.textContent;
            const nothing = document.querySelector('#list .nothing')?.textContent;
            for (const text of [loading, nothing]) if (text) noted.add(text);
        }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });";
    let user = site.user().await;
    let conversation =
        |index| json!({ "id": format!("c{index}"), "title": "One of many", "messages": [] });
    let all: Vec<Value> = (0..220).map(conversation).collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let script = json!({ "source": NOTE });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
    browser.become_user(&user).await;
    browser
        .until("document.querySelector('#list-loading').hidden && document.querySelector('.row')")
        .await;
    let noted = browser.value("[...noted]").await;
    let noted: Vec<&str> = noted
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(noted.contains(&"Getting your conversations…"), "{noted:?}");
    let is_count =
        |text: &&str| text.ends_with(" so far") || text.ends_with(" of 220 conversations");
    assert!(noted.iter().any(is_count), "{noted:?}");
}
