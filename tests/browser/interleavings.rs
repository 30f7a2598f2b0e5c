//! Something takes long, and the page is used meanwhile: what was written is kept, and stands where it was written.

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(an_edit_stays_behind_what_is_not_loaded_yet,);

async fn an_edit_stays_behind_what_is_not_loaded_yet(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("other", 2).await;
    browser.save("long", 150).await;
    browser.hold("loadOlder", "({ id }) => id === 'long'").await;
    browser.open_conversation("long").await;
    browser
        .run("document.querySelector('#thread').scrollTop = 0;", &[])
        .await;
    browser.until_held("loadOlder").await;
    // The first one that is loaded.
    browser
        .click("[data-key=long-50] [title='Edit message']")
        .await;
    browser.replace_in(".editor textarea", "edited").await;
    browser
        .click_among(".editor button", "Save and rewrite")
        .await;
    browser.open_conversation("other").await;
    browser.let_through("loadOlder").await;
    browser
        .until_stored(
            "long",
            "({ messages }) => messages.at(-2)?.content === 'edited'",
        )
        .await;
    let path = browser.path("long").await;
    let before = path.iter().rev().nth(2).map(String::as_str);
    assert_eq!(before, Some("long 49"), "{path:?}");
    browser
        .until_stored("long", "({ messageCount }) => messageCount === 52")
        .await;
    assert_eq!(browser.messages().await, ["other 0", "other 1"]);
}
