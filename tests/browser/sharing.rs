//! Shared links: readable by others as a snapshot, until revoked.

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    a_shared_link_opens_elsewhere_until_it_is_revoked,
    what_was_edited_since_it_was_looked_at_is_told,
);

async fn a_shared_link_opens_elsewhere_until_it_is_revoked(site: Site) {
    let Some((owner, reader)) = Browser::open_two(&site).await else {
        return;
    };
    owner.visit("/").await;
    owner.until_ready().await;
    owner.open_sample("How do I undo").await;
    let shown = owner.messages().await;
    owner.click("#share").await;
    owner.click("#create-share").await;
    // Only after everything that will be public has been shown.
    owner.click("#confirm-share").await;
    let address = owner
        .until("document.querySelector('#share-links input')?.value")
        .await;
    let path = address
        .as_str()
        .unwrap()
        .strip_prefix(&site.url())
        .unwrap()
        .to_owned();
    assert!(path.starts_with("/shared#"), "{path}");
    assert_eq!(owner.texts("dialog .error").await, [""]);

    reader.visit(&path).await;
    reader
        .until("document.querySelectorAll('.message').length === 4")
        .await;
    assert_eq!(reader.messages().await, shown);
    assert_eq!(reader.texts("#title").await, ["How do I undo the last"]);
    // A reader does not become a user.
    assert_eq!(reader.value("localStorage.length").await, 0);
    assert!(
        reader
            .texts("[title='Edit message'], [title='Write this reply again']")
            .await
            .is_empty()
    );

    owner.click("[data-action=revoke]").await;
    owner
        .until("!document.querySelector('#share-links input')")
        .await;
    reader.visit(&path).await;
    reader
        .until(
            "document.querySelector('#notice').textContent.startsWith('This link leads nowhere')",
        )
        .await;
    assert!(reader.messages().await.is_empty());
}

async fn what_was_edited_since_it_was_looked_at_is_told(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    browser.click("#share").await;
    browser.click("#create-share").await;
    browser.hold("createShare", "() => true").await;
    browser.click("#confirm-share").await;
    browser.until_held("createShare").await;
    // There are as many messages as before.
    let edit = "
        const { HybridConversationStore } = await import('/conversation-store.js');
        const tab = new HybridConversationStore();
        await tab.updateMessage('alpha', 'alpha-0', { content: 'a secret' });";
    browser.run(edit, &[]).await;
    browser.let_through("createShare").await;
    browser
        .until("document.querySelector('#share-links input')")
        .await;
    let told = "document.querySelector('dialog .error').textContent.startsWith('The conversation has changed')";
    assert_eq!(browser.value(told).await, true);
}
