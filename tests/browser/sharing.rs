//! Shared links: readable by others as a snapshot, until revoked.

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(a_shared_link_opens_elsewhere_until_it_is_revoked);

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
