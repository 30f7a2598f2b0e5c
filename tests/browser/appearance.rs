//! How the pages look: screenshots for people, and what can be checked automatically.

use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

#[tokio::test]
async fn a_phone_needs_no_sideways_scrolling() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    browser
        .devtools("Emulation.setDeviceMetricsOverride", phone)
        .await;
    browser.visit("/").await;
    browser.until_ready().await;
    browser.screenshot("phone-first-visit").await;
    fits(&browser, "first visit").await;
    browser.click("#load-sample").await;
    browser.until_toast("3 conversations imported.").await;
    browser.click("#back").await;
    browser.open_conversation("How do I undo").await;
    let wide = format!(
        "A long word: {} and\n\n```\n{}\n```",
        "x".repeat(300),
        "y".repeat(300)
    );
    let body = "const { store } = await import('/app/store.js');
        await store.addMessage(args[0], { id: 'wide', type: 'assistant', content: args[1] });";
    browser
        .run(body, &[json!(browser.open_id().await), json!(wide)])
        .await;
    browser
        .until("document.querySelectorAll('.message').length === 5")
        .await;
    browser.screenshot("phone-conversation").await;
    fits(&browser, "conversation").await;
    browser.click("#thread-menu").await;
    browser.until("document.querySelector('.menu')").await;
    fits(&browser, "menu").await;
    browser.click_among("[role=menuitem]", "Share").await;
    browser.click("#create-share").await;
    browser
        .until("document.querySelector('.public-message')")
        .await;
    browser.screenshot("phone-share-preview").await;
    fits(&browser, "share-preview").await;
    browser.click("#confirm-share").await;
    let address = browser
        .until("document.querySelector('#share-links input')?.value")
        .await;
    browser.screenshot("phone-share").await;
    fits(&browser, "share").await;
    browser.visit("/#/usage").await;
    browser.until("document.querySelector('.usage')").await;
    browser.screenshot("phone-usage").await;
    fits(&browser, "usage").await;
    for (view, inside) in [
        ("trash", "#trash .nothing"),
        ("expiring", "#conversation-ttl"),
    ] {
        browser.visit(&format!("/#/{view}")).await;
        browser
            .until(&format!("document.querySelector('{inside}')"))
            .await;
        browser.screenshot(&format!("phone-{view}")).await;
        fits(&browser, view).await;
    }
    browser.visit("/#/").await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
    browser.screenshot("phone-list").await;
    fits(&browser, "list").await;
    browser
        .visit(address.as_str().unwrap().strip_prefix(&site.url()).unwrap())
        .await;
    browser
        .until("document.querySelectorAll('.message').length >= 2")
        .await;
    browser.screenshot("phone-shared").await;
    fits(&browser, "shared").await;
}

/// Nothing extends beyond the right edge, except for elements that scroll themselves.
async fn fits(browser: &Browser, place: &str) {
    let body = "
        const within = (node) => node.parentElement && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(node.parentElement).overflowX) || within(node.parentElement));
        const beyond = [...document.querySelectorAll('body *')].filter((node) =>
            node.getClientRects().length && node.getBoundingClientRect().right > innerWidth + 1 && !within(node));
        return [document.documentElement.scrollWidth <= innerWidth, beyond.map((node) => node.outerHTML.slice(0, 80)),
            [...document.querySelectorAll('#thread, #list, #usage, #trash, #expiring, #welcome')].every((node) => node.scrollWidth <= node.clientWidth)];";
    let outcome = browser.run(body, &[]).await;
    assert_eq!(outcome, json!([true, [], true]), "{place}");
}

#[tokio::test]
async fn the_chosen_color_scheme_persists() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(ground).await;
    browser.choose_from_page("Light colours").await;
    assert_eq!(browser.value(ground).await, light);
    browser.choose_from_page("Dark colours").await;
    browser.until(&format!("{ground} !== {light}")).await;
    let dark = browser.value(ground).await;
    browser.visit("/").await;
    browser.until_ready().await;
    assert_eq!(browser.value(ground).await, dark);
    browser.visit("/shared#unknown").await;
    assert_eq!(browser.value(ground).await, dark);
    // As the system's setting, when the switch says so.
    browser.visit("/").await;
    browser.until_ready().await;
    browser.choose_from_page("Colours as the system").await;
    browser.until(&format!("{ground} === {light}")).await;
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser
        .devtools("Emulation.setEmulatedMedia", features)
        .await;
    browser.until(&format!("{ground} === {dark}")).await;
}
