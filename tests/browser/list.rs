//! The list: rename, pin, archive, delete, undo, search.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::{Client, Site, ids};
use test_support::until;

on_one_store!(
    a_conversation_is_renamed_in_place,
    pinned_conversations_come_first_and_archived_ones_leave_the_list,
    a_deletion_can_be_undone_while_its_notice_is_shown,
    a_deletion_outlives_the_page_that_could_have_undone_it,
    a_search_finds_words_as_they_are_typed,
    a_search_says_how_much_the_server_has_prepared,
    another_tab_sees_what_happens_here,
);

async fn a_conversation_is_renamed_in_place(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.choose("Rename").await;
    let title = format!("Undoing things{}", char::from(Key::Enter));
    browser.replace_in("#title input", &title).await;
    browser.until_texts("#title", &["Undoing things"]).await;
    browser
        .until("document.querySelector('.row .name').textContent === 'Undoing things'")
        .await;
    browser.until_saved().await;
    let kept = browser.kept(&site).await;
    assert_eq!(kept["title"], "Undoing things");
}

async fn pinned_conversations_come_first_and_archived_ones_leave_the_list(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("Übersetze").await;
    browser.choose("Pin").await;
    browser
        .until("document.querySelector('.row .name').textContent.startsWith('Übersetze')")
        .await;
    assert_eq!(browser.texts(".group").await[0], "Pinned");

    browser.open_conversation("How do I undo").await;
    browser.choose("Archive").await;
    browser
        .until_texts(
            ".row .name",
            &[
                "Übersetze „es läuft“ 😀",
                "Explain the difference between a mutex",
            ],
        )
        .await;
    browser.click_among(".shelf button", "Archive (1)").await;
    browser
        .until_texts(".row .name", &["How do I undo the last"])
        .await;
    browser.click_among(".toast button", "Undo").await;
    browser.click_among(".shelf button", "Back").await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
    browser.until_saved().await;
    let list = browser
        .user(&site)
        .await
        .get("/api/conversations")
        .await
        .expect(200);
    let pinned: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pinned"] == true)
        .collect();
    assert_eq!(pinned.iter().filter(|is| **is).count(), 1);
    assert!(
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["archived"] != true)
    );
}

async fn a_deletion_can_be_undone_while_its_notice_is_shown(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.choose("Delete").await;
    browser
        .until("document.querySelectorAll('.row').length === 2")
        .await;
    browser
        .until_texts("#welcome h2", &["A new conversation"])
        .await;
    browser.click_among(".toast button", "Undo").await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
    let user = browser.user(&site).await;
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(ids(&list["data"]).len(), 3);

    browser.open_conversation("How do I undo").await;
    let id = browser.open_id().await;
    browser.choose("Delete").await;
    browser.click(".toast:last-child [title=Dismiss]").await;
    browser.until_saved().await;
    browser
        .until("document.querySelectorAll('.row').length === 2")
        .await;
    until_deleted(&user, &id).await;
}

/// Waits until the server has it.
async fn until_deleted(user: &Client, id: &str) {
    let path = format!("/api/conversations/{id}");
    until("it is deleted", async || {
        user.get(&path).await.status != 200
    })
    .await;
    user.get(&path)
        .await
        .expect_error(404, "conversation_not_found");
}

async fn a_deletion_outlives_the_page_that_could_have_undone_it(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    let id = browser.open_id().await;
    browser.choose("Delete").await;
    browser
        .until("document.querySelectorAll('.row').length === 2")
        .await;
    browser.visit("/").await;
    browser
        .until("document.querySelectorAll('.row').length === 2")
        .await;
    until_deleted(&browser.user(&site).await, &id).await;
}

async fn a_search_finds_words_as_they_are_typed(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    browser.open_conversation("Explain").await;
    browser.open_conversation("Übersetze").await;
    browser.until_saved().await;
    browser.type_into("#search", "uberset").await;
    browser
        .until_texts(".row mark", &["Übersetze", "Übersetze"])
        .await;
    browser.set_offline(true).await;
    browser.replace_in("#search", "semap").await;
    browser
        .until("[...document.querySelectorAll('.row mark')].some((mark) => mark.textContent === 'semaphore')")
        .await;
    browser.until_texts(".note", &[ONLY_HERE]).await;
    browser
        .until("[...document.querySelectorAll('.row .name')].every((name) => name.textContent.startsWith('Explain'))")
        .await;
    browser.click(".row a:has(.excerpt)").await;
    browser
        .until("document.activeElement.matches('.message.is-found')")
        .await;
    // Messages written while a search is shown are found, too; by the worker, not by the page.
    let body = "const { store } = await import('/app/store.js');
        await store.addMessage(args[0], { id: 'late', type: 'user', content: 'A SEMAPHORE of one' });
        const names = performance.getEntriesByType('resource').map(({ name }) => name);
        return names.filter((name) => name.includes('device-index'));";
    let id = browser.open_id().await;
    assert_eq!(browser.run(body, &[json!(id)]).await, json!([]));
    browser
        .until("[...document.querySelectorAll('.row mark')].some((mark) => mark.textContent === 'SEMAPHORE')")
        .await;
    browser.replace_in("#search", "no such words").await;
    browser.until_texts(".nothing", &["Nothing found."]).await;
    browser
        .type_into("#search", &char::from(Key::Escape).to_string())
        .await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
}

async fn a_search_says_how_much_the_server_has_prepared(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("Explain the difference").await;
    browser.until_saved().await;
    // A conversation of which a message was deleted is prepared after the next search.
    let user = browser.user(&site).await;
    let id = browser.open_id().await;
    let last = user.open(&id).await["messages"][1]["id"].clone();
    let path = format!(
        "/api/conversations/{id}/messages/{}",
        last.as_str().unwrap()
    );
    user.delete(&path).await.expect(200);

    // In one go: a search of its first letters would have it prepared.
    let search = "
        const field = document.querySelector('#search');
        field.value = args[0];
        field.dispatchEvent(new Event('input'));";
    browser.run(search, &[json!("mutex")]).await;
    let progress = "The server has prepared 2 of 3 conversations for search.";
    browser.until_texts(".note", &[progress]).await;
    let said = format!(
        "document.querySelector('#search-count').textContent.endsWith('found. {progress}')"
    );
    browser.until(&said).await;

    until("all are prepared", async || {
        let found = user.get("/api/conversations?q=mutex").await.expect(200);
        found["indexed"]["done"] == 3
    })
    .await;
    browser.run(search, &[json!("semaphore")]).await;
    browser
        .until("document.querySelector('.row mark')?.textContent === 'semaphore'")
        .await;
    browser.until_texts(".note", &[]).await;
    browser
        .until("document.querySelector('#search-count').textContent.trim().endsWith('found.')")
        .await;
}

const ONLY_HERE: &str = "Only this device was searched.";

async fn another_tab_sees_what_happens_here(site: Site) {
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second).await.unwrap();
    browser.visit("/").await;
    browser
        .until("document.querySelectorAll('.message').length === 4")
        .await;
    let body = "const { store } = await import('/app/store.js');
        await store.updateMessage(args[0], 'msg-a1', { content: 'changed in the other tab' });";
    let id = browser.open_id().await;
    browser.run(body, &[json!(id)]).await;
    browser.client.switch_to_window(first).await.unwrap();
    browser
        .until("document.querySelector('.message .content').textContent === 'changed in the other tab'")
        .await;
}
