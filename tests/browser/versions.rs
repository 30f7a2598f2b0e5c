//! Versions of questions and replies, and forked conversations.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::{Site, ids};

on_one_store!(
    a_regenerated_reply_is_another_version,
    an_edited_question_is_another_version_with_what_follows_it,
    versions_are_switched_without_the_server_and_on_other_devices,
    a_conversation_is_forked_from_a_message,
);

const COUNT: &str = ".versions span";
const BEFORE: &str = ".versions [title='Version before']";
const NEXT: &str = ".versions [title='Next version']";

/// Waits until so many messages are shown.
async fn until_shown(browser: &Browser, messages: usize) {
    browser
        .until(&format!(
            "document.querySelectorAll('.message').length === {messages}"
        ))
        .await;
}

async fn write_again(browser: &Browser) {
    browser
        .click(".message.assistant [title='Write this reply again']")
        .await;
    browser
        .until("document.querySelector('.message.assistant .badge')")
        .await;
    browser.until_quiet().await;
}

async fn a_regenerated_reply_is_another_version(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    assert!(browser.texts(COUNT).await.is_empty());
    write_again(&browser).await;
    until_shown(&browser, 2).await;
    browser.until_texts(COUNT, &["2 / 2"]).await;
    let reply = &browser.messages().await[1];
    assert!(reply.contains("without losing my changes?"), "{reply}");
    assert!(reply.contains("reply 2 to the same message"), "{reply}");
    write_again(&browser).await;
    browser.until_texts(COUNT, &["3 / 3"]).await;
    browser.screenshot("versions").await;
    // The messages after a reply go with it.
    browser.click(BEFORE).await;
    browser.until_texts(COUNT, &["2 / 3"]).await;
    // By keyboard: the focus is at the arrow of the version that is shown.
    browser.press(&char::from(Key::Left).to_string()).await;
    browser.until_texts(COUNT, &["1 / 3"]).await;
    until_shown(&browser, 4).await;
    browser
        .until("document.activeElement.matches('.versions button')")
        .await;
    browser.press(&char::from(Key::Left).to_string()).await;
    browser.press(&char::from(Key::Right).to_string()).await;
    browser.until_texts(COUNT, &["2 / 3"]).await;
    browser.click(NEXT).await;
    browser.until_texts(COUNT, &["3 / 3"]).await;
    let label = "document.querySelector('.versions').getAttribute('aria-label')";
    assert_eq!(browser.value(label).await, "Version 3 of 3");

    browser.until_saved().await;
    let kept = browser.kept(&site).await;
    let siblings = kept["messages"][1]["siblingIds"].as_array().unwrap();
    assert_eq!(siblings.len(), 3);
    assert_eq!(siblings[0], "msg-a2");
    assert_eq!(siblings[2], kept["messages"][1]["id"]);
    let path = format!(
        "/api/conversations/{}/messages?branches=all",
        browser.open_id().await
    );
    let all = browser.user(&site).await.get(&path).await.expect(200);
    assert_eq!(ids(&all["data"]).len(), 6);
}

async fn an_edited_question_is_another_version_with_what_follows_it(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.click(".message.user [title='Edit message']").await;
    browser
        .replace_in(".editor textarea", "How do I undo a merge?")
        .await;
    browser
        .click_among(".editor button", "Save and rewrite")
        .await;
    browser
        .until("document.querySelectorAll('.message').length === 2 && document.querySelector('.message.assistant .badge')")
        .await;
    browser.until_quiet().await;
    let shown = browser.messages().await;
    assert_eq!(shown[0], "How do I undo a merge?");
    assert!(shown[1].contains("How do I undo a merge?"));
    browser.until_texts(COUNT, &["2 / 2"]).await;
    browser.until_saved().await;
    let kept = browser.kept(&site).await;
    assert_eq!(kept["messages"][0]["content"], "How do I undo a merge?");
    assert_eq!(kept["messages"][0]["siblingIds"][0], "msg-a1");

    browser.click(BEFORE).await;
    until_shown(&browser, 4).await;
    let shown = browser.messages().await;
    assert!(shown[0].starts_with("How do I undo the last commit"));
    browser.until_saved().await;
    let kept = browser.kept(&site).await;
    assert_eq!(
        ids(&kept["messages"]),
        ["msg-a1", "msg-a2", "msg-a3", "msg-a4"]
    );

    // A correction in place makes no version.
    browser
        .click(".message.user:nth-of-type(3) [title='Edit message']")
        .await;
    browser.replace_in(".editor textarea", "Corrected").await;
    browser.click_among(".editor button", "Save only").await;
    browser
        .until("[...document.querySelectorAll('.message .content')].some((node) => node.textContent === 'Corrected')")
        .await;
    browser.until_texts(COUNT, &["1 / 2"]).await;
}

async fn versions_are_switched_without_the_server_and_on_other_devices(site: Site) {
    let Some((first, second)) = Browser::open_two(&site).await else {
        return;
    };
    first.visit("/").await;
    first.until_ready().await;
    first.talk("Which one?").await;
    first.until_saved().await;
    write_again(&first).await;
    first.until_texts(COUNT, &["2 / 2"]).await;
    first.until_saved().await;
    let id = first.open_id().await;
    let user = first.user(&site).await;
    second.become_user(&user).await;
    second.open_conversation("Which one?").await;
    second.until_texts(COUNT, &["2 / 2"]).await;

    first.set_offline(true).await;
    first.click(BEFORE).await;
    first.until_texts(COUNT, &["1 / 2"]).await;
    first.set_offline(false).await;
    first.until_saved().await;
    second.until_texts(COUNT, &["1 / 2"]).await;
    let kept = user.open(&id).await;
    assert_eq!(
        kept["messages"][1]["siblingIds"][0],
        kept["messages"][1]["id"]
    );
}

async fn a_conversation_is_forked_from_a_message(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    let origin = browser.open_id().await;
    browser
        .click(".message.assistant [title='Go on from here in a new conversation']")
        .await;
    browser.until_toast("This is a new conversation").await;
    until_shown(&browser, 2).await;
    let fork = browser.open_id().await;
    assert_ne!(fork, origin);
    browser
        .until_texts("#subtitle a", &["from another conversation"])
        .await;
    browser.talk("Another way?").await;
    until_shown(&browser, 4).await;
    browser.screenshot("fork").await;
    browser.until_saved().await;
    let kept = browser.kept(&site).await;
    let expected = json!({ "conversationId": origin, "messageId": "msg-a2" });
    assert_eq!(kept["forkedFrom"], expected);
    assert_eq!(kept["messageCount"], 4);
    browser.click("#subtitle a").await;
    until_shown(&browser, 4).await;
    browser
        .until("document.activeElement.matches('.message.is-found')")
        .await;
    assert_eq!(browser.open_id().await, origin);
}
