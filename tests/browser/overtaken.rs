//! What ends when something else is open by then: it is of what it was begun for, and what is open now stays as it is.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

on_one_store!(
    what_ends_late_leaves_alone_what_was_opened_since,
    what_is_shown_once_stays_until_it_was_read,
    a_second_click_does_nothing_more,
    another_branch_takes_no_question_along,
);

/// What the button beside the field for messages does.
const BUTTON: &str = "document.querySelector('#send').title";

async fn what_ends_late_leaves_alone_what_was_opened_since(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("beta", 2).await;
    browser.save("alpha", 2).await;
    let of_alpha = "(id) => id === 'alpha'";

    // A reply begins.
    browser.open_conversation("alpha").await;
    browser.hold("addMessage", of_alpha).await;
    browser
        .click(".message.assistant [title='Write this reply again']")
        .await;
    browser.until_held("addMessage").await;
    browser.open_conversation("beta").await;
    browser.let_through("addMessage").await;
    browser
        .until_stored("alpha", "({ messages }) => messages[1].id !== 'alpha-1'")
        .await;
    assert_eq!(browser.value(BUTTON).await, "Send message");

    // A conversation is read again; meanwhile something is written in the one that is open.
    browser.open_conversation("alpha").await;
    browser.until_quiet().await;
    browser.hold("getConversation", of_alpha).await;
    let write = "
        const { store } = await import('/app/store.js');
        await store.addMessage(args[0], { id: args[1], type: 'user', content: args[1] });";
    browser.run(write, &[json!("alpha"), json!("a-new")]).await;
    browser.until_held("getConversation").await;
    browser.open_conversation("beta").await;
    browser.run(write, &[json!("beta"), json!("b-new")]).await;
    browser
        .until_texts(".message .content", &["beta 0", "beta 1", "b-new"])
        .await;
    browser.let_through("getConversation").await;

    // One that is to be renamed is read.
    browser.hold("getConversation", of_alpha).await;
    let focus = "document.querySelector('#list a[href=\"#/c/alpha\"]').focus();";
    browser.run(focus, &[]).await;
    browser.press(&char::from(Key::F2).to_string()).await;
    browser.until_held("getConversation").await;
    browser.open_conversation("beta").await;
    browser.let_through("getConversation").await;
    browser.until_texts("#title", &["beta"]).await;
    assert!(browser.texts("#title input").await.is_empty());

    // A title is being written.
    browser.run("document.activeElement.blur();", &[]).await;
    browser.press(&char::from(Key::F2).to_string()).await;
    browser
        .until("document.querySelector('#title input')")
        .await;
    browser.run("location.hash = '#/c/alpha';", &[]).await;
    browser.until_texts("#title", &["alpha"]).await;

    // All of a conversation is read, to be looked at before it is shared.
    browser.hold("getConversation", of_alpha).await;
    browser.click("#share").await;
    browser.click("#create-share").await;
    browser.until_held("getConversation").await;
    browser.press(&char::from(Key::Escape).to_string()).await;
    browser.open_conversation("beta").await;
    browser.let_through("getConversation").await;

    // A conversation is made of another one.
    browser.open_conversation("alpha").await;
    browser.hold("forkConversation", "() => true").await;
    browser
        .click(".message.is-last [title='Go on from here in a new conversation']")
        .await;
    browser.until_held("forkConversation").await;
    browser.open_conversation("beta").await;
    browser.let_through("forkConversation").await;
    browser.until_toast("There is a new conversation").await;
    assert_eq!(browser.open_id().await, "beta");
    assert_eq!(browser.texts("#title").await, ["beta"]);
    // By now what would have been asked before sharing would be there, too.
    assert!(browser.texts("dialog").await.is_empty());
    browser.click_among(".toast button", "Open").await;
    browser
        .until_texts("#subtitle a", &["from another conversation"])
        .await;
}

async fn what_is_shown_once_stays_until_it_was_read(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.until_saved().await;
    browser.open_conversation("alpha").await;
    browser.hold("forkConversation", "() => true").await;
    browser
        .click(".message.is-last [title='Go on from here in a new conversation']")
        .await;
    browser.until_held("forkConversation").await;
    browser.choose_from_page("Recovery code…").await;
    browser
        .click_among("#recovery-state ~ .buttons button", "Make a recovery code")
        .await;
    browser
        .until("document.querySelector('#recovery-code')")
        .await;
    browser.let_through("forkConversation").await;
    browser.until_toast("This is a new conversation").await;
    assert_ne!(browser.open_id().await, "alpha");
    let is_open = "document.querySelector('#recovery-code').closest('dialog').open";
    assert_eq!(browser.value(is_open).await, true);
}

async fn a_second_click_does_nothing_more(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 2).await;
    browser.open_conversation("alpha").await;
    let twice = "
        const button = document.querySelector(args[0]);
        button.click();
        button.click();";
    let again = ".message.assistant [title='Write this reply again']";
    browser.run(twice, &[json!(again)]).await;
    browser.until_texts(".versions span", &["2 / 2"]).await;
    browser.until_quiet().await;

    // The button says what became of it, and then again what it does.
    let copy = ".message.is-last [title='Copy message']";
    let copied = "
        const button = document.querySelector(args[0]);
        window.button = button;
        button.click();
        while (button.querySelector('svg')) await new Promise(requestAnimationFrame);
        button.click();";
    browser.run(copied, &[json!(copy)]).await;
    browser.until("window.button.querySelector('svg')").await;
    browser.until_texts(".versions span", &["2 / 2"]).await;

    let list = "
        const { store } = await import('/app/store.js');
        const expiresAt = new Date(Date.now() + 1e8).toISOString();
        const conversations = [{ id: 'alpha', title: 'alpha', messageCount: 4, expiresAt }];
        store.listExpiring = async () => ({ conversations, nextCursor: 'more', count: 2 });
        location.hash = '#/expiring';";
    browser.run(list, &[]).await;
    let keep = "#expiring-list button";
    browser.element(keep).await;
    browser.run(twice, &[json!(keep)]).await;
    browser
        .until_stored("alpha", "({ keep }) => keep === true")
        .await;
    browser
        .until("document.querySelector('#expiring-list button').ariaPressed === 'true'")
        .await;
    browser
        .run(twice, &[json!("#expiring-list + button")])
        .await;
    browser
        .until("document.querySelectorAll('#expiring-list li').length > 1")
        .await;
    assert_eq!(browser.texts("#expiring-list a").await, ["alpha", "alpha"]);
}

async fn another_branch_takes_no_question_along(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.save("alpha", 4).await;
    let branch = "
        const { store } = await import('/app/store.js');
        const message = { id: 'branch', type: 'user', content: 'another branch' };
        await store.addMessage('alpha', message, { parentId: 'alpha-1' });";
    browser.run(branch, &[]).await;
    browser.open_conversation("alpha").await;
    browser.hold("switchBranch", "() => true").await;
    browser
        .click("[data-key=branch] [title='Version before']")
        .await;
    browser.until_held("switchBranch").await;
    let keys = format!("a question{}", char::from(Key::Enter));
    browser.type_into("#composer-text", &keys).await;
    browser.let_through("switchBranch").await;
    browser
        .until_texts(
            ".message .content",
            &["alpha 0", "alpha 1", "alpha 2", "alpha 3"],
        )
        .await;
    // It has not been sent to where it was not meant for.
    let written = "document.querySelector('#composer-text').value";
    assert_eq!(browser.value(written).await, "a question");
    assert_eq!(browser.path("alpha").await.len(), 4);
}
