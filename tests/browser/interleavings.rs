//! Something takes long, and the page is used meanwhile: what was written is kept, and stands where it was written.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    an_edit_stays_behind_what_is_not_loaded_yet,
    what_is_written_while_a_conversation_begins_stays_with_it,
    what_could_not_be_sent_goes_back_to_its_conversation,
    what_is_written_after_a_deletion_keeps_the_conversation,
    what_is_written_before_a_left_over_deletion_is_finished_keeps_the_conversation,
    what_another_tab_writes_before_a_deletion_keeps_the_conversation,
    the_reply_that_this_tab_writes_does_not_keep_what_it_deletes,
    a_reply_that_cannot_be_saved_any_more_is_told,
    a_reply_stands_behind_its_question,
    a_conversation_can_be_renamed_before_it_is_read,
    a_question_that_is_kept_without_its_reply_is_not_asked_again,
    an_editor_keeps_its_text_until_it_is_saved_or_cancelled,
    what_is_written_goes_with_the_data_of_its_user,
);

/// What is in the field in which messages are written.
const WRITTEN: &str = "document.querySelector('#composer-text').value";

/// Does not wait for anybody who could take a deletion back.
const NO_UNDO: &str = "
    for (const notice of document.querySelectorAll('.toast')) {
        if (notice.textContent.includes('Undo')) notice.querySelector('[title=Dismiss]').click();
    }";

async fn type_and_enter(browser: &Browser, text: &str) {
    let keys = format!("{text}{}", char::from(Key::Enter));
    browser.type_into("#composer-text", &keys).await;
}

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

async fn what_is_written_while_a_conversation_begins_stays_with_it(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.hold("saveConversation", "() => true").await;
    type_and_enter(&browser, "first").await;
    browser.until_held("saveConversation").await;
    type_and_enter(&browser, "second").await;
    browser.let_through("saveConversation").await;
    browser.until("location.hash.startsWith('#/c/')").await;
    assert_eq!(browser.value(WRITTEN).await, "second");
    browser.until_quiet().await;
    assert_eq!(browser.messages().await[0], "first");
    browser.until_texts(".row .name", &["first"]).await;
    // It is sent as any other.
    browser.press(&char::from(Key::Enter).to_string()).await;
    browser
        .until("document.querySelectorAll('.message').length === 4")
        .await;
    assert_eq!(browser.messages().await[2], "second");
}

async fn what_could_not_be_sent_goes_back_to_its_conversation(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.save("beta", 2).await;
    browser.open_conversation("alpha").await;
    browser.hold("addMessage", "() => true").await;
    browser.write("for alpha").await;
    browser.until_held("addMessage").await;
    browser.type_into("#composer-text", "and this").await;
    browser.open_conversation("beta").await;
    browser.fail_held("addMessage", "local_storage_full").await;
    browser.until_toast("This browser has no room left.").await;
    assert_eq!(browser.value(WRITTEN).await, "");
    browser.open_conversation("alpha").await;
    assert_eq!(browser.value(WRITTEN).await, "for alpha\nand this");
}

async fn what_is_written_after_a_deletion_keeps_the_conversation(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.save("beta", 2).await;
    // The page goes before it has deleted them.
    browser.hold("deleteConversation", "() => true").await;
    for id in ["alpha", "beta"] {
        browser.open_conversation(id).await;
        browser.choose("Delete").await;
    }
    browser
        .until("document.querySelectorAll('.row').length === 0")
        .await;
    browser.visit("/shared#none").await;
    let write = "
        const { HybridConversationStore } = await import('/conversation-store.js');
        const store = new HybridConversationStore();
        await store.addMessage('alpha', { id: 'since', type: 'user', content: 'written since' });";
    browser.run(write, &[]).await;
    browser.visit("/").await;
    browser.until_texts(".row .name", &["alpha"]).await;
    let path = browser.path("alpha").await;
    assert_eq!(path, ["alpha 0", "alpha 1", "written since"]);
    let left = browser
        .value("localStorage.getItem('deletions-left')")
        .await;
    assert_eq!(left, json!(null));
}

async fn what_is_written_before_a_left_over_deletion_is_finished_keeps_the_conversation(
    site: Site,
) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.save("beta", 2).await;
    browser.hold("deleteConversation", "() => true").await;
    let finish = "
        const at = Date.now();
        const left = ['alpha', 'beta'].map((id) => ({ id, at }));
        localStorage.setItem('deletions-left', JSON.stringify(left));
        const { finishDeletions } = await import('/app/deletions.js');
        window.finished = finishDeletions();
        while (Date.now() <= at) await new Promise((resolve) => setTimeout(resolve));";
    browser.run(finish, &[]).await;
    // By now it has been looked at, and nothing was written.
    browser.until_held("deleteConversation").await;
    let write = "
        const { HybridConversationStore } = await import('/conversation-store.js');
        const tab = new HybridConversationStore();
        await tab.addMessage('alpha', { id: 'since', type: 'user', content: 'written since' });";
    browser.run(write, &[]).await;
    browser.let_through("deleteConversation").await;
    browser.run("await window.finished;", &[]).await;
    browser.until_texts(".row .name", &["alpha"]).await;
    let path = browser.path("alpha").await;
    assert_eq!(path, ["alpha 0", "alpha 1", "written since"]);
    let left = browser
        .value("localStorage.getItem('deletions-left')")
        .await;
    assert_eq!(left, json!(null));
}

async fn what_another_tab_writes_before_a_deletion_keeps_the_conversation(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    for id in ["alpha", "beta", "gamma"] {
        browser.save(id, 2).await;
    }
    let write = "
        const { HybridConversationStore } = await import('/conversation-store.js');
        window.other ??= new HybridConversationStore();
        await other.addMessage(args[0], { id: 'since', type: 'user', content: 'written since' });";
    // While it can be taken back.
    browser.open_conversation("alpha").await;
    browser.choose("Delete").await;
    let linger = "document.querySelector('.toast').dispatchEvent(new Event('pointerenter'));";
    browser.run(linger, &[]).await;
    browser.until_texts(".row .name", &["gamma", "beta"]).await;
    browser.run(write, &[json!("alpha")]).await;
    browser
        .until_toast("“alpha” stays: another tab has written in it.")
        .await;
    browser
        .until_texts(".row .name", &["alpha", "gamma", "beta"])
        .await;

    // When it is just being deleted.
    browser.hold("deleteConversation", "() => true").await;
    for id in ["beta", "gamma"] {
        browser.open_conversation(id).await;
        browser.choose("Delete").await;
    }
    browser.run(NO_UNDO, &[]).await;
    browser
        .until("window.held.deleteConversation.length === 2")
        .await;
    browser.run(write, &[json!("beta")]).await;
    browser.let_through("deleteConversation").await;
    browser.until_texts(".row .name", &["beta", "alpha"]).await;
    for id in ["alpha", "beta"] {
        let path = browser.path(id).await;
        assert_eq!(path.last().unwrap(), "written since");
    }
    browser
        .until_stored("gamma", "(conversation) => conversation === null")
        .await;
}

async fn the_reply_that_this_tab_writes_does_not_keep_what_it_deletes(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    browser.hold("updateMessage", "() => true").await;
    browser.write("a question").await;
    browser.until_held("updateMessage").await;
    browser.hold("deleteConversation", "() => true").await;
    browser.choose("Delete").await;
    browser.run(NO_UNDO, &[]).await;
    // Up to the time that is known by now; then the reply grows.
    browser.until_held("deleteConversation").await;
    browser.let_through("updateMessage").await;
    browser.let_through("deleteConversation").await;
    browser
        .until_stored("alpha", "(conversation) => conversation === null")
        .await;
    browser
        .until("document.querySelectorAll('.row').length === 0")
        .await;
}

async fn a_reply_that_cannot_be_saved_any_more_is_told(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    let listen = "
        window.unhandled = [];
        addEventListener('unhandledrejection', ({ reason }) => window.unhandled.push(String(reason)));";
    browser.run(listen, &[]).await;
    browser.hold("updateMessage", "() => true").await;
    browser.write("a question").await;
    browser.until_held("updateMessage").await;
    browser
        .fail_held("updateMessage", "local_storage_full")
        .await;
    browser
        .until_toast("This browser has no room left. Your message is saved")
        .await;
    browser
        .until("document.querySelector('#send').title === 'Send message'")
        .await;
    assert_eq!(browser.value("window.unhandled").await, json!([]));
    // It can be written again.
    browser
        .click(".message.assistant.is-last [title='Write this reply again']")
        .await;
    browser
        .until_stored(
            "alpha",
            "({ messages }) => messages.at(-1).siblingIds?.length === 2",
        )
        .await;
}

async fn a_reply_stands_behind_its_question(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    browser
        .hold("addMessage", "(_, { type }) => type === 'assistant'")
        .await;
    browser.write("asked here").await;
    browser.until_held("addMessage").await;
    let elsewhere = "
        const { store } = await import('/app/store.js');
        await store.addMessage('alpha', { id: 'elsewhere', type: 'user', content: 'asked elsewhere' });";
    browser.run(elsewhere, &[]).await;
    browser.let_through("addMessage").await;
    browser
        .until_stored(
            "alpha",
            "({ messages }) => messages.at(-1).type === 'assistant'",
        )
        .await;
    let path = browser.path("alpha").await;
    assert_eq!(path[..3], ["alpha 0", "alpha 1", "asked here"]);
    assert_eq!(path.len(), 4, "{path:?}");
    // Nothing that was written is gone.
    browser.until_texts(".versions span", &["2 / 2"]).await;
}

async fn a_conversation_can_be_renamed_before_it_is_read(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("slow", 2).await;
    browser
        .hold("getConversation", "(id) => id === 'slow'")
        .await;
    browser.click_among(".row a", "slow").await;
    browser.until_held("getConversation").await;
    browser.until_texts("#title", &["slow"]).await;
    browser.press(&char::from(Key::F2).to_string()).await;
    browser
        .until("document.activeElement.matches('#title input')")
        .await;
    browser.press("Na").await;
    browser.let_through("getConversation").await;
    browser
        .until("document.querySelectorAll('.message').length === 2")
        .await;
    browser
        .press(&format!("med{}", char::from(Key::Enter)))
        .await;
    browser.until_texts("#title", &["Named"]).await;
    browser
        .until_stored("slow", "({ title }) => title === 'Named'")
        .await;
}

async fn a_question_that_is_kept_without_its_reply_is_not_asked_again(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let no_room = "This browser has no room left. Your message is saved";
    let replies = "(_, { type }) => type === 'assistant'";
    // The first one of a conversation.
    browser.hold("addMessage", replies).await;
    type_and_enter(&browser, "asked first").await;
    browser.until_held("addMessage").await;
    browser.fail_held("addMessage", "local_storage_full").await;
    browser.until_toast(no_room).await;
    browser.until("location.hash.startsWith('#/c/')").await;
    assert_eq!(browser.value(WRITTEN).await, "");
    browser
        .until_texts(".message .content", &["asked first"])
        .await;
    browser.click(".toast [title=Dismiss]").await;

    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    browser.hold("addMessage", replies).await;
    browser.write("asked once").await;
    browser.until_held("addMessage").await;
    browser.fail_held("addMessage", "local_storage_full").await;
    browser.until_toast(no_room).await;
    assert_eq!(browser.value(WRITTEN).await, "");
    browser
        .until_texts(".message .content", &["alpha 0", "alpha 1", "asked once"])
        .await;
    browser.click(".toast [title=Dismiss]").await;

    // An edited one: the editor would save it as another version.
    browser
        .click("[data-key=alpha-0] [title='Edit message']")
        .await;
    browser.replace_in(".editor textarea", "edited").await;
    browser.hold("addMessage", replies).await;
    browser
        .click_among(".editor button", "Save and rewrite")
        .await;
    browser.until_held("addMessage").await;
    browser.fail_held("addMessage", "local_storage_full").await;
    browser.until_toast(no_room).await;
    browser.until_texts(".message .content", &["edited"]).await;
    browser.until_texts(".versions span", &["2 / 2"]).await;
}

async fn an_editor_keeps_its_text_until_it_is_saved_or_cancelled(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("beta", 2).await;
    browser.save("alpha", 2).await;
    let edit = "[data-key=alpha-0] [title='Edit message']";
    let of_beta = ["beta 0", "beta 1"];
    browser.open_conversation("alpha").await;
    browser.click(edit).await;
    browser.replace_in(".editor textarea", "not yet").await;
    // The arrow leads back to what is written.
    let up = char::from(Key::Up).to_string();
    browser.type_into("#composer-text", &up).await;
    browser
        .until("document.activeElement.matches('.editor textarea')")
        .await;
    browser.open_conversation("beta").await;
    browser.until_texts(".message .content", &of_beta).await;
    browser.open_conversation("alpha").await;
    browser
        .until("document.querySelector('.editor textarea').value === 'not yet'")
        .await;

    browser.click_among(".editor button", "Cancel").await;
    browser.open_conversation("beta").await;
    browser.open_conversation("alpha").await;
    browser
        .until_texts(".message .content", &["alpha 0", "alpha 1"])
        .await;

    browser.click(edit).await;
    browser.replace_in(".editor textarea", "done").await;
    browser.hold("updateMessage", "() => true").await;
    browser.click_among(".editor button", "Save only").await;
    browser.until_held("updateMessage").await;
    browser.open_conversation("beta").await;
    browser.let_through("updateMessage").await;
    browser.until_texts(".message .content", &of_beta).await;
    browser.open_conversation("alpha").await;
    browser
        .until_texts(".message .content", &["done", "alpha 1"])
        .await;
}

async fn what_is_written_goes_with_the_data_of_its_user(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let ids = ["alpha", "beta"];
    for id in ids {
        browser.save(id, 2).await;
    }
    for id in ids {
        browser.open_conversation(id).await;
        browser.click("[title='Edit message']").await;
        browser.replace_in(".editor textarea", "a secret").await;
        browser.type_into("#composer-text", "another one").await;
    }
    browser.until_saved().await;
    let erase = "
        const { store } = await import('/app/store.js');
        await store.eraseEverything();";
    browser.run(erase, &[]).await;
    browser
        .until("location.hash === '#/' && document.querySelectorAll('.row').length === 0")
        .await;
    for id in ids {
        browser.save(id, 2).await;
    }
    for id in ids {
        browser.open_conversation(id).await;
        let texts = [format!("{id} 0"), format!("{id} 1")];
        browser
            .until_texts(".message .content", &[&texts[0], &texts[1]])
            .await;
        assert_eq!(browser.value(WRITTEN).await, "");
    }
}
