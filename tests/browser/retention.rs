//! Deleted and expiring conversations: the trash, and ways to keep them.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::{Site, ids, message};
use test_support::until;

on_one_store!(
    a_deleted_conversation_is_restored_from_the_trash,
    the_trash_deletes_for_good,
    what_was_restored_meanwhile_is_not_deleted_for_good,
    conversations_that_expire_soon_are_announced_and_kept,
    a_conversation_is_kept_by_its_menu,
);

async fn a_deleted_conversation_is_restored_from_the_trash(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.choose("Delete").await;
    browser.open_conversation("Explain").await;
    browser.choose("Delete").await;
    // The trash can be opened while notices are still shown.
    browser.choose_from_page("Trash").await;
    let titles = [
        "Explain the difference between a mutex",
        "How do I undo the last",
    ];
    until_sorted(&browser, "#trash-list b", &titles).await;
    browser.screenshot("trash").await;
    let small = browser.texts("#trash-list small").await;
    assert!(small[0].ends_with("gone for good in 30 days"), "{small:?}");

    // By keyboard: the focus stays in the list.
    let focus = "[...document.querySelectorAll('#trash-list button')]
        .find((button) => button.getAttribute('aria-label').startsWith('Restore: How do I undo')).focus();";
    browser.run(focus, &[]).await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until("document.activeElement.matches('#trash-list button')")
        .await;
    until_sorted(&browser, "#trash-list b", &titles[..1]).await;
    browser
        .until("document.querySelectorAll('.row').length === 2")
        .await;
    browser.click_among(".toast button", "Open").await;
    browser
        .until("document.querySelectorAll('.message').length === 4")
        .await;
    let kept = browser.kept(&site).await;
    assert_eq!(kept["messages"].as_array().unwrap().len(), 4);
}

/// Waits until the elements of a selector have these texts, in any order.
async fn until_sorted(browser: &Browser, css: &str, sorted: &[&str]) {
    let (css, sorted) = (json!(css), json!(sorted));
    browser
        .until(&format!(
            "JSON.stringify([...document.querySelectorAll({css})].map((node) => node.textContent).sort())
                === JSON.stringify({sorted})"
        ))
        .await;
}

async fn the_trash_deletes_for_good(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    for title in ["How do I undo", "Explain", "Übersetze"] {
        browser.open_conversation(title).await;
        browser.choose("Delete").await;
    }
    browser.choose_from_page("Trash").await;
    browser
        .until("document.querySelectorAll('#trash-list li').length === 3")
        .await;
    let user = browser.user(&site).await;
    let trash = "/api/conversations?trash=true";
    assert_eq!(ids(&user.get(trash).await.expect(200)["data"]).len(), 3);
    delete_for_good(&browser).await;
    browser
        .until("document.querySelectorAll('#trash-list li').length === 2")
        .await;
    assert_eq!(ids(&user.get(trash).await.expect(200)["data"]).len(), 2);
    browser.click("#empty-trash").await;
    browser
        .click_among("dialog footer .primary", "Empty the trash")
        .await;
    browser
        .until_texts("#trash .nothing", &["The trash is empty."])
        .await;
    assert!(ids(&user.get(trash).await.expect(200)["data"]).is_empty());

    // Without the server it cannot be opened.
    browser.choose_from_page("Usage").await;
    browser.until("document.querySelector('.usage')").await;
    browser.set_offline(true).await;
    browser.choose_from_page("Trash").await;
    browser
        .until_texts("#trash .nothing", &["The server cannot be reached."])
        .await;
}

/// The first of those in the trash.
async fn delete_for_good(browser: &Browser) {
    browser
        .click_among("#trash-list button", "Delete for good")
        .await;
    browser
        .click_among("dialog footer .primary", "Delete for good")
        .await;
}

async fn what_was_restored_meanwhile_is_not_deleted_for_good(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.until_saved().await;
    browser.open_conversation("alpha").await;
    browser.choose("Delete").await;
    browser.choose_from_page("Trash").await;
    browser.until_texts("#trash-list b", &["alpha"]).await;
    let user = browser.user(&site).await;
    let restore = json!({ "trashed": false });
    user.patch("/api/conversations/alpha", &restore)
        .await
        .expect(200);
    delete_for_good(&browser).await;
    browser
        .until_toast("“alpha” was restored meanwhile, and stays.")
        .await;
    browser
        .until_texts("#trash .nothing", &["The trash is empty."])
        .await;
    assert_eq!(ids(&user.open("alpha").await["messages"]).len(), 2);
}

async fn conversations_that_expire_soon_are_announced_and_kept(site: Site) {
    let user = site.user().await;
    let week = json!({ "conversationTtlDays": 7 });
    user.patch("/api/user", &week).await.expect(200);
    for id in ["first", "second"] {
        user.create(id, vec![message(id, "user", id)]).await;
    }
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.become_user(&user).await;
    browser
        .until("document.querySelector('#expiring-notice p')?.textContent.startsWith('2 conversations')")
        .await;
    browser.until("!document.querySelector('.toast')").await;
    browser.screenshot("expiring-notice").await;
    browser.click_among("#expiring-notice button", "Look").await;
    until_sorted(&browser, "#expiring-list a", &["first", "second"]).await;
    browser.screenshot("expiring").await;
    // It is read beside the list.
    browser
        .until("document.querySelector('#conversation-ttl').value === '7'")
        .await;
    let keep = "[aria-label='Keep: second']";
    browser.click(keep).await;
    browser
        .until(&format!(
            "document.querySelector(\"{keep}\").ariaPressed === 'true'"
        ))
        .await;
    browser.until_saved().await;
    browser.visit("/#/expiring").await;
    until_sorted(&browser, "#expiring-list a", &["first"]).await;
    // It was announced today already.
    assert_eq!(
        browser
            .value("document.querySelector('#expiring-notice') === null")
            .await,
        true
    );
    let choose = "const choice = document.querySelector('#conversation-ttl');
        choice.value = '';
        choice.dispatchEvent(new Event('change'));";
    browser
        .until("document.querySelector('#conversation-ttl')")
        .await;
    browser.run(choose, &[]).await;
    browser.until_toast("Saved. A longer time").await;
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["conversationTtlDays"], json!(null));
}

async fn a_conversation_is_kept_by_its_menu(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.choose("Keep for good").await;
    browser
        .until_texts(".row .visually-hidden", &["Kept for good,"])
        .await;
    until("it is kept", async || {
        browser.kept(&site).await["keep"] == true
    })
    .await;
    browser.choose("Let it expire").await;
    browser.until_texts(".row .visually-hidden", &[]).await;
}
