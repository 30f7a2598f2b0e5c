//! The recovery code: a cleared browser gets its account back.

use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    a_cleared_browser_gets_its_conversations_back,
    an_offer_that_was_refused_is_not_made_again,
    a_code_is_renewed_and_revoked,
);

const OFFER: &str = "document.querySelector('#recovery-offer')";

async fn a_cleared_browser_gets_its_conversations_back(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let count = "window.asked = 0;
        navigator.storage.persist = async () => { window.asked += 1; return false; };";
    browser.run(count, &[]).await;
    browser.talk("Something to lose").await;
    browser.talk("And more").await;
    assert_eq!(browser.value(&format!("{OFFER} === null")).await, true);
    assert_eq!(browser.value("window.asked").await, 0);
    browser.talk("And more yet").await;
    browser.until(OFFER).await;
    assert_eq!(browser.value("window.asked").await, 1);
    browser.screenshot("recovery-offer").await;
    browser
        .click_among("#recovery-offer button", "Make a recovery code")
        .await;
    let code = browser
        .until("document.querySelector('#recovery-code')?.textContent")
        .await;
    browser.screenshot("recovery-code").await;
    prints_the_code_alone(&browser).await;
    browser
        .click_among("dialog footer button", "I have it")
        .await;
    browser.until(&format!("{OFFER} === null")).await;
    browser.until_saved().await;

    clear(&browser, &site).await;
    browser.visit("/").await;
    browser.until_ready().await;
    browser
        .until_texts("#welcome h2", &["Conversations that stay"])
        .await;
    browser.talk("Written before the code was found").await;
    let code = code.as_str().unwrap();
    let mistyped = format!(
        "{}{}",
        &code[..33],
        if code.ends_with('0') { "1" } else { "0" }
    );
    enter(&browser, &mistyped).await;
    browser.until_toast("This recovery code is mistyped.").await;
    enter(&browser, &code.to_lowercase()).await;
    browser.until_toast("Your conversations are back.").await;
    browser
        .until_texts(
            ".row .name",
            &["Written before the code was found", "Something to lose"],
        )
        .await;
    browser.open_conversation("Something to lose").await;
    browser
        .until("document.querySelectorAll('.message').length === 6")
        .await;
}

/// Printed, there is only the code.
async fn prints_the_code_alone(browser: &Browser) {
    let paper = json!({ "media": "print" });
    browser.devtools("Emulation.setEmulatedMedia", paper).await;
    browser.screenshot("recovery-code-on-paper").await;
    let seen = "[...document.querySelectorAll('#app, #toasts, dialog button, #recovery-code, .recovery-terms')]
        .filter((node) => node.checkVisibility()).map((node) => node.id || node.className)";
    assert_eq!(
        browser.value(seen).await,
        json!(["recovery-code", "recovery-terms"])
    );
    let screen = json!({ "media": "" });
    browser.devtools("Emulation.setEmulatedMedia", screen).await;
}

/// Like clearing a site's data by hand.
async fn clear(browser: &Browser, site: &Site) {
    browser.client.goto("about:blank").await.unwrap();
    let all = json!({ "origin": site.url(), "storageTypes": "all" });
    browser.devtools("Storage.clearDataForOrigin", all).await;
}

async fn enter(browser: &Browser, code: &str) {
    browser.choose_from_page("Recovery code").await;
    browser.type_into("#redeem-code", code).await;
    browser.click_among("dialog form button", "Go on").await;
    browser
        .click_among("dialog footer .primary", "Bring them back")
        .await;
}

async fn an_offer_that_was_refused_is_not_made_again(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    for text in ["one", "two", "three"] {
        browser.talk(text).await;
    }
    browser.until(OFFER).await;
    // It waits, even for the next visit.
    browser.visit("/").await;
    browser.until(OFFER).await;
    browser
        .click_among("#recovery-offer button", "Not now")
        .await;
    assert_eq!(browser.value(&format!("{OFFER} === null")).await, true);
    browser.visit("/").await;
    browser.until_ready().await;
    browser.talk("four").await;
    browser.until_saved().await;
    assert_eq!(browser.value(&format!("{OFFER} === null")).await, true);
}

async fn a_code_is_renewed_and_revoked(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.talk("Mine").await;
    browser.until_saved().await;
    open(&browser, "You have none.").await;
    browser
        .click_among(".recovery button", "Make a recovery code")
        .await;
    let first = note(&browser).await;
    open(&browser, "You have one, made on").await;
    browser
        .click_among(".recovery button", "Make a new one")
        .await;
    browser
        .click_among("dialog footer .primary", "Make a new one")
        .await;
    assert_ne!(note(&browser).await, first);
    // The dialog of devices shows the same.
    browser.choose_from_page("Link another device").await;
    browser
        .until("document.querySelector('#recovery-state').textContent.startsWith('You have one')")
        .await;
    browser.click_among(".recovery button", "Revoke it").await;
    browser
        .click_among("dialog footer .primary", "Revoke it")
        .await;
    browser.until_toast("The recovery code is revoked.").await;
    let user = browser.user(&site).await.get("/api/user").await.expect(200);
    assert_eq!(user["recoveryCodeCreatedAt"], json!(null));
}

/// Opens the dialog, and waits until it says this.
async fn open(browser: &Browser, state: &str) {
    browser.choose_from_page("Recovery code").await;
    let state = json!(state);
    browser
        .until(&format!(
            "document.querySelector('#recovery-state')?.textContent.startsWith({state})"
        ))
        .await;
}

/// The code that is shown, whose dialog is closed then.
async fn note(browser: &Browser) -> String {
    let code = browser
        .until("document.querySelector('#recovery-code')?.textContent")
        .await;
    browser
        .click_among("dialog footer button", "I have it")
        .await;
    browser.until("!document.querySelector('dialog')").await;
    code.as_str().unwrap().to_owned()
}
