//! Everything can be done without a mouse.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;

#[tokio::test]
async fn a_person_without_a_mouse_gets_everywhere() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    // To the sample, by Tab alone.
    tab_to(&browser, "#load-sample").await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
    // Into the list, down, and open.
    press_on_page(&browser, "/").await;
    browser
        .until("document.activeElement.id === 'search'")
        .await;
    browser.press(&char::from(Key::Down).to_string()).await;
    browser
        .until("document.activeElement.matches('.row a')")
        .await;
    browser.press(&char::from(Key::Down).to_string()).await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until_texts("#title", &["Explain the difference between a mutex"])
        .await;
    // Its menu: pin.
    browser.press(&char::from(Key::Right).to_string()).await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until("document.activeElement.getAttribute('role') === 'menuitem'")
        .await;
    browser.press(&char::from(Key::Down).to_string()).await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until("document.querySelector('.group').textContent === 'Pinned'")
        .await;
    // The focus stays with it, wherever its row goes. Rename.
    browser
        .until("document.activeElement.closest('.row')?.textContent.startsWith('Explain the diff')")
        .await;
    browser.press(&char::from(Key::F2).to_string()).await;
    browser
        .until("document.activeElement.matches('#title input')")
        .await;
    browser
        .press(&format!("Locks{}", char::from(Key::Enter)))
        .await;
    browser.until_texts("#title", &["Locks"]).await;
    // Another conversation, a new one, a message.
    press_on_page(
        &browser,
        &format!("{}{}", char::from(Key::Alt), char::from(Key::Down)),
    )
    .await;
    browser
        .until_texts("#title", &["How do I undo the last"])
        .await;
    press_on_page(&browser, &format!("{}n", char::from(Key::Alt))).await;
    browser
        .until("document.activeElement.id === 'composer-text'")
        .await;
    browser
        .press(&format!("By keyboard{}", char::from(Key::Enter)))
        .await;
    browser
        .until("document.querySelector('.message.assistant')")
        .await;
    browser.until_quiet().await;
    // Edit what was written last.
    browser.press(&char::from(Key::Up).to_string()).await;
    browser
        .until("document.activeElement.matches('.editor textarea')")
        .await;
    browser.press(&char::from(Key::Escape).to_string()).await;
    browser.until("!document.querySelector('.editor')").await;
    // Delete from the list, and take it back.
    press_on_page(&browser, "/").await;
    browser.press(&char::from(Key::Down).to_string()).await;
    browser.press(&char::from(Key::Delete).to_string()).await;
    browser
        .until("document.querySelectorAll('.row').length === 3")
        .await;
    browser
        .until("document.activeElement.matches('.row a')")
        .await;
    press_on_page(&browser, &format!("{}z", char::from(Key::Alt))).await;
    browser
        .until("document.querySelectorAll('.row').length === 4")
        .await;
    // Help, and out of it.
    press_on_page(&browser, "?").await;
    browser.until_texts("dialog h2", &["Keyboard"]).await;
    browser.press(&char::from(Key::Escape).to_string()).await;
    browser.until("!document.querySelector('dialog')").await;
}

/// Wherever Tab leads, the focus is visible, and its element has a name.
#[tokio::test]
async fn every_stop_of_the_tab_key_is_seen_and_named() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    browser.open_sample("How do I undo").await;
    // After a reload, Tab starts at the page.
    browser.visit("/").await;
    browser
        .until("document.querySelectorAll('.message').length === 4")
        .await;
    let body = "
        const node = document.activeElement;
        const style = getComputedStyle(node);
        const label = node.getAttribute('aria-label') ?? node.title ?? '';
        return {
            id: node.id || node.title || node.tagName,
            isPage: node === document.body,
            isSeen: style.outlineStyle !== 'none' || node.closest('.box, .editor') !== null,
            isNamed: Boolean(label || node.textContent.trim() || node.labels?.length),
        };";
    let mut stops = Vec::new();
    for _ in 0..60 {
        browser.press(&char::from(Key::Tab).to_string()).await;
        let stop = browser.run(body, &[]).await;
        if stop["isPage"] == true {
            break;
        }
        assert_eq!(
            (&stop["isSeen"], &stop["isNamed"]),
            (&json!(true), &json!(true)),
            "{stop}"
        );
        stops.push(stop["id"].as_str().unwrap().to_owned());
        if stops.last().is_some_and(|id| id == "composer-text") {
            break;
        }
    }
    let order = [
        "skip",
        "new",
        "search",
        "status",
        "menu",
        "share",
        "thread-menu",
        "thread",
        "composer-text",
    ];
    let found: Vec<&str> = stops
        .iter()
        .map(String::as_str)
        .filter(|id| order.contains(id))
        .collect();
    assert_eq!(found, order, "{stops:?}");
}

/// The page follows what happens, and leaves the focus where it is.
#[tokio::test]
async fn the_focus_stays_while_the_page_is_drawn_anew() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::at_the_page(&site).await else {
        return;
    };
    let mut has_focus = Vec::new();
    browser.element("#import").await;
    browser
        .run("document.querySelector('#import').focus();", &[])
        .await;
    browser.hold("getAllConversations", "() => true").await;
    browser.set_offline(true).await;
    browser.until_held("getAllConversations").await;
    browser.let_through("getAllConversations").await;
    browser.set_offline(false).await;
    has_focus.push(
        browser
            .value("document.activeElement.id === 'import'")
            .await,
    );

    browser.save("origin", 2).await;
    let fork = "
        const { store } = await import('/app/store.js');
        const { id } = await store.forkConversation('origin');
        location.hash = `#/c/${id}`;";
    browser.run(fork, &[]).await;
    browser
        .until_texts("#subtitle a", &["from another conversation"])
        .await;
    let write = "
        const { store } = await import('/app/store.js');
        document.querySelector(args[1]).focus();
        await store.addMessage(args[0], { id: crypto.randomUUID(), type: 'user', content: 'x' });";
    let id = browser.open_id().await;
    for (css, count) in [("#subtitle a", 3), ("#thread-menu", 4)] {
        browser.run(write, &[json!(id), json!(css)]).await;
        let counted = format!(
            "document.querySelector('#subtitle').textContent.startsWith('{count} messages')"
        );
        browser.until(&counted).await;
        has_focus.push(
            browser
                .value(&format!("document.activeElement.matches('{css}')"))
                .await,
        );
    }
    assert_eq!(has_focus, [true, true, true]);
}

async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..40 {
        browser.press(&char::from(Key::Tab).to_string()).await;
        let body = "return document.activeElement.matches(args[0]);";
        if browser.run(body, &[json!(css)]).await == true {
            return;
        }
    }
    panic!("{css} is not reached by Tab");
}

/// Presses a key outside of any text field.
async fn press_on_page(browser: &Browser, keys: &str) {
    browser
        .run(
            "if (document.activeElement.matches('input, textarea')) document.activeElement.blur();",
            &[],
        )
        .await;
    browser.press(keys).await;
}
