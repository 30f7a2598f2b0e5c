//! The first visit, and what the browser thinks of the pages.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    a_visitor_loads_the_sample_with_one_click,
    a_page_opens_where_it_was_left,
    what_is_read_late_is_not_shown_in_place_of_what_was_opened_since,
);

async fn a_visitor_loads_the_sample_with_one_click(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser
        .until_texts("#list", &["Your conversations will be listed here."])
        .await;
    browser
        .until_texts("#welcome h2", &["Conversations that stay"])
        .await;
    browser.click("#load-sample").await;
    browser.until_toast("3 conversations imported.").await;
    browser
        .until_texts(
            ".row .name",
            &[
                "How do I undo the last",
                "Explain the difference between a mutex",
                "Übersetze „es läuft“ 😀",
            ],
        )
        .await;
    let user = browser.user(&site).await;
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
}

async fn a_page_opens_where_it_was_left(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("Explain the difference").await;
    let messages = browser.messages().await;
    browser.visit("/").await;
    browser
        .until("document.querySelectorAll('.message').length === 2")
        .await;
    assert_eq!(browser.messages().await, messages);
    let title = browser.texts("#title").await;
    assert_eq!(title, ["Explain the difference between a mutex"]);
}

async fn what_is_read_late_is_not_shown_in_place_of_what_was_opened_since(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("Explain the difference").await;
    let id = browser.open_id().await;
    let mut messages = browser.messages().await;
    // What the server says of another conversation does not come before it is let through.
    let hold = "
        const request = window.fetch;
        window.fetch = async (url, options) => {
            const isHeld = /conversations\\/[^/?]+\\?/.test(url) && !url.includes(args[0]);
            if (isHeld) await new Promise((resolve) => (window.letThrough = resolve));
            return request(url, options);
        };";
    browser.run(hold, &[json!(id)]).await;
    browser.click_among(".row a", "How do I undo").await;
    browser.until("window.letThrough").await;
    browser
        .click_among(".row a", "Explain the difference")
        .await;
    browser
        .until_texts(
            "#thread:not([hidden]) .message .content",
            &messages.iter().map(String::as_str).collect::<Vec<_>>(),
        )
        .await;
    browser.run("window.letThrough();", &[]).await;
    // What is done now is done to the one that is shown.
    browser.talk("One word").await;
    let shown = browser.messages().await;
    messages.push("One word".to_owned());
    assert_eq!(shown[..messages.len()], messages);
    assert_eq!(shown.len(), messages.len() + 1);
    assert_eq!(
        browser.texts("#title").await,
        ["Explain the difference between a mutex"]
    );
}

/// Whatever a visitor does: nothing is asked of another server, and the browser has nothing to complain about.
#[tokio::test]
async fn no_request_leaves_for_another_place() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser
        .talk("See ![a picture](https://elsewhere.example/x.png)")
        .await;
    browser.click("#status").await;
    browser
        .until("document.querySelector('#health').textContent.startsWith('Redis is healthy')")
        .await;
    browser.visit("/#/usage").await;
    browser.until("document.querySelector('.usage')").await;
    browser.visit("/shared#unknown").await;
    browser
        .until("document.querySelector('#thread').hidden")
        .await;

    let own = format!("{}/", site.url());
    let mut requests = 0;
    for event in browser.network_events().await {
        if event["method"] != "Network.requestWillBeSent" {
            continue;
        }
        let url = event["params"]["request"]["url"].as_str().unwrap();
        // The browser's own pages are within it.
        let is_local = ["data:", "blob:", "chrome:"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        assert!(is_local || url.starts_with(&own), "{url}");
        requests += 1;
    }
    assert!(requests > 20, "the log has {requests} requests");
    let complaints: Vec<Value> = browser.log("browser").await;
    // The share that does not exist.
    let unexpected = complaints.iter().filter(|entry| {
        !entry["message"]
            .as_str()
            .unwrap()
            .contains("/api/shares?id=unknown")
    });
    assert_eq!(unexpected.count(), 0, "{complaints:#?}");
}
