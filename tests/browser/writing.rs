//! Writing: messages, replies, edits.

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    a_message_gets_a_reply_and_both_are_saved,
    a_reply_outlives_the_page_that_wrote_it,
);

async fn a_message_gets_a_reply_and_both_are_saved(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.talk("Two words and some more of them").await;
    let shown = browser.messages().await;
    assert_eq!(shown[0], "Two words and some more of them");
    assert!(shown[1].contains("There is no AI behind this page"));
    assert!(shown[1].ends_with("nothing of it is lost."));
    assert_eq!(browser.texts(".message .badge").await, ["no AI"]);
    assert_eq!(
        browser.texts(".row .name").await,
        ["Two words and some more of"]
    );

    browser.until_saved().await;
    let id = browser.open_id().await;
    let kept = browser.user(&site).await.open(&id).await;
    assert_eq!(kept["title"], "Two words and some more of");
    assert_eq!(kept["messages"][0]["content"], shown[0]);
    assert_eq!(kept["messages"][1]["streaming"], false);
    let reply = kept["messages"][1]["content"].as_str().unwrap();
    assert!(reply.ends_with("**nothing of it is lost**."));
    assert!(kept["messages"][1]["tokens"]["total"].as_u64().unwrap() > 0);
}

async fn a_reply_outlives_the_page_that_wrote_it(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.write("One two three").await;
    browser
        .until("document.querySelector('.message.assistant .content')?.textContent.includes('One two three')")
        .await;
    // Saved at intervals, so this is on the device soon.
    browser
        .until("document.querySelector('#status').dataset.mode === 'sending'")
        .await;
    browser.client.refresh().await.unwrap();
    browser
        .until("document.querySelectorAll('.message').length === 2")
        .await;
    let shown = browser.messages().await;
    assert_eq!(shown[0], "One two three");
    assert!(shown[1].contains("There is no AI behind"), "{}", shown[1]);
    assert!(
        !shown[1].contains("nothing of it is lost"),
        "it was complete"
    );
    // Nothing continues it, which is shown when it has not grown for a while.
    browser
        .until_texts(".message .note", &["This reply was interrupted."])
        .await;
}
