//! Chromium's own HTTP cache: a response cached for one user is never shown to another.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Client, Site, message};

on_one_store!(
    a_repetition_is_answered_from_the_cache,
    two_users_of_one_profile_never_see_each_others_text,
    an_erased_text_is_not_shown_in_place_of_a_new_one,
);

/// Two addresses of the same text, each with an `ETag`.
const PATHS: [&str; 2] = ["/api/conversations/c1", "/api/conversations/c1/messages"];

/// A request as a page makes it, in the default cache mode.
const FETCH: &str = "
    const response = await fetch(args[0], { headers: { Authorization: `Bearer ${args[1]}` } });
    return { status: response.status, text: await response.text() };";

/// A page of the site without a store, which would make its own requests.
async fn blank_page(site: &Site) -> Option<Browser> {
    let browser = Browser::open(site).await?;
    browser.visit("/shared#none").await;
    browser
        .until("document.querySelector('#thread').hidden")
        .await;
    Some(browser)
}

/// A user with a conversation `c1` at its first revision.
async fn user_with(site: &Site, text: &str) -> Client {
    let user = site.user().await;
    begin_with(&user, text).await;
    user
}

async fn begin_with(user: &Client, text: &str) {
    let messages = [message("m", "user", text)];
    let conversation = json!({ "id": "c1", "title": "A title", "messages": messages });
    let created = user.post("/api/conversations", &conversation).await;
    assert_eq!(created.expect(201)["revision"], 1);
}

async fn fetch(browser: &Browser, path: &str, user: &Client) -> Value {
    browser
        .run(FETCH, &[json!(path), json!(user.token())])
        .await
}

/// Requests the conversation and finds `own` in it, but never `other`.
async fn assert_shows(browser: &Browser, user: &Client, own: &str, other: &str) {
    for path in PATHS {
        let response = fetch(browser, path, user).await;
        assert_eq!(response["status"], 200, "{path}: {response}");
        let text = response["text"].as_str().unwrap();
        assert!(
            !text.contains(other),
            "{path}: somebody asked for {own:?} and was shown {other:?}: {text}"
        );
        assert!(text.contains(own), "{path}: {text}");
    }
}

/// The statuses of the conversation's responses since the last call, as the server logged them.
fn statuses(site: &Site) -> Vec<u64> {
    let lines = site.log_lines().into_iter();
    lines
        .map(|line| serde_json::from_str::<Value>(&line).unwrap())
        .filter(|line| line["method"] == "GET" && line["route"] != "/api/shares")
        .map(|line| line["status"].as_u64().unwrap())
        .collect()
}

/// Shows that the cache is on: the server confirms the browser's copy, and the page does not notice.
async fn assert_is_cached(site: &Site, browser: &Browser, user: &Client, text: &str) {
    for _ in 0..2 {
        assert_shows(browser, user, text, "no other text").await;
    }
    assert_eq!(statuses(site), [200, 200, 304, 304]);
}

async fn a_repetition_is_answered_from_the_cache(site: Site) {
    let Some(browser) = blank_page(&site).await else {
        return;
    };
    let user = user_with(&site, "first text").await;
    statuses(&site);
    assert_is_cached(&site, &browser, &user, "first text").await;
    let path = "/api/conversations/c1/messages/m";
    user.patch(path, &json!({ "content": "second text" }))
        .await
        .expect(200);
    assert_shows(&browser, &user, "second text", "first text").await;
    assert_eq!(statuses(&site), [200, 200]);
}

async fn two_users_of_one_profile_never_see_each_others_text(site: Site) {
    let Some(browser) = blank_page(&site).await else {
        return;
    };
    let one = user_with(&site, "text of one").await;
    let other = user_with(&site, "text of the other").await;
    statuses(&site);
    assert_is_cached(&site, &browser, &one, "text of one").await;
    for _ in 0..2 {
        assert_shows(&browser, &other, "text of the other", "text of one").await;
        assert_shows(&browser, &one, "text of one", "text of the other").await;
    }
}

async fn an_erased_text_is_not_shown_in_place_of_a_new_one(site: Site) {
    let Some(browser) = blank_page(&site).await else {
        return;
    };
    let user = user_with(&site, "text before").await;
    statuses(&site);
    assert_is_cached(&site, &browser, &user, "text before").await;
    user.delete("/api/user").await.expect(200);
    begin_with(&user, "text after").await;
    assert_shows(&browser, &user, "text after", "text before").await;
}
