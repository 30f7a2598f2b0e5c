//! The page object: what a person does on the page, and sees of it.

use std::time::Instant;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Locator, elements::Element, error::CmdError};
use serde_json::{Value, json};

use crate::browser::{Browser, GLANCE, PATIENCE};
use crate::common::{Client, Site};

/// Keys that are held while others are pressed.
const MODIFIERS: [Key; 4] = [Key::Shift, Key::Control, Key::Alt, Key::Meta];

/// The key of the last message, where that is a reply; else null.
const LAST_REPLY: &str = "(document.querySelector('.message.assistant.is-last')?.closest('[data-key]')?.dataset.key ?? null)";

/// True when nothing else begins in the conversation: else the page does not take a message.
const READY: &str = "document.querySelector('#composer').ariaBusy !== 'true'";

/// True when no reply is being written, or about to be.
const QUIET: &str = "!document.querySelector('.is-streaming')
    && document.querySelector('#send').title === 'Send message'
    && document.querySelector('#composer').ariaBusy !== 'true'";

impl Browser {
    /// Opens the demo page in a browser of its own and waits until it shows something.
    pub async fn at_the_page(site: &Site) -> Option<Self> {
        let browser = Self::open(site).await?;
        browser.visit("/").await;
        browser.until_ready().await;
        Some(browser)
    }

    /// Waits until the page shows its list.
    pub async fn until_ready(&self) {
        self.until("document.querySelector('#list[aria-busy=false]')")
            .await;
        self.until("!document.querySelector('#welcome').hidden || document.querySelector(':is(#usage, #trash, #expiring):not([hidden]), .message, dialog[open]')")
            .await;
    }

    /// Becomes a user of the API, as another device does: by the address in a QR code.
    pub async fn become_user(&self, user: &Client) {
        let body = json!({ "action": "link" });
        let linked = user.post("/api/session", &body).await.expect(201);
        let code = linked["code"].as_str().unwrap();
        self.visit(&format!("/#link={code}")).await;
        self.click("dialog footer .primary").await;
        self.until_toast("This device is linked.").await;
    }

    /// Clicks the first element of a selector, as soon as it can be clicked.
    pub async fn click(&self, css: &str) {
        self.click_among(css, "").await;
    }

    /// Clicks the first element of a selector that has this text, as soon as it can be clicked.
    pub async fn click_among(&self, css: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_click(css, text).await {
                Ok(true) => return,
                outcome if Instant::now() > deadline => {
                    let reason = format!("{css} {text:?} cannot be clicked: {outcome:?}");
                    self.give_up(&reason).await
                }
                _ => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    async fn try_click(&self, css: &str, text: &str) -> Result<bool, CmdError> {
        for element in self.client.find_all(Locator::Css(css)).await? {
            if element.text().await?.contains(text) {
                return element.click().await.map(|()| true);
            }
        }
        Ok(false)
    }

    /// Types into a field.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.element(css).await.send_keys(text).await.unwrap();
    }

    /// Replaces what is in a field.
    pub async fn replace_in(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.click().await.unwrap();
        let all = format!("{}a{}", char::from(Key::Control), char::from(Key::Null));
        field.send_keys(&all).await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys at the focus, as a keyboard does, without looking up an element that the page may be redrawing. A modifier
    /// holds until the end.
    pub async fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        let mut held = Vec::new();
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value });
            if MODIFIERS.map(char::from).contains(&value) {
                held.push(value);
            } else {
                actions = actions.then(KeyAction::Up { value });
            }
        }
        for value in held {
            actions = actions.then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// An element, as soon as it is there.
    pub async fn element(&self, css: &str) -> Element {
        self.until(&format!("document.querySelector({})", json!(css)))
            .await;
        self.client.find(Locator::Css(css)).await.unwrap()
    }

    /// The texts of all elements of a selector.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let body = "return [...document.querySelectorAll(args[0])].map((node) => node.textContent.trim());";
        let texts = self.run(body, &[json!(css)]).await;
        serde_json::from_value(texts).unwrap()
    }

    /// Waits until the elements of a selector have exactly these texts.
    pub async fn until_texts(&self, css: &str, expected: &[&str]) {
        let (css, expected) = (json!(css), json!(expected));
        self.until(&format!(
            "JSON.stringify([...document.querySelectorAll({css})].map((node) => node.textContent.trim()))
                === JSON.stringify({expected})"
        ))
        .await;
    }

    /// Waits until a notice begins like this.
    pub async fn until_toast(&self, text: &str) {
        let text = json!(text);
        self.until(&format!(
            "[...document.querySelectorAll('.toast p')].some((node) => node.textContent.startsWith({text}))"
        ))
        .await;
    }

    /// Writes a message and sends it.
    pub async fn write(&self, text: &str) {
        self.until(READY).await;
        let keys = format!("{text}{}", char::from(Key::Enter));
        self.type_into("#composer-text", &keys).await;
        self.until("document.querySelector('#composer-text').value === ''")
            .await;
    }

    /// Writes a message and waits until the demo's reply is complete.
    pub async fn talk(&self, text: &str) {
        // The page is idle until the reply begins, too.
        let before = self.value(LAST_REPLY).await;
        self.write(text).await;
        self.until(&format!("![null, {before}].includes({LAST_REPLY})"))
            .await;
        self.until(QUIET).await;
    }

    /// Waits until a reply is complete.
    pub async fn until_quiet(&self) {
        self.until(QUIET).await;
    }

    /// Waits until the server has everything.
    pub async fn until_saved(&self) {
        self.until(
            "document.querySelector('#status-text').textContent === 'Online, everything saved'",
        )
        .await;
    }

    /// Chooses from the menu of the open conversation.
    pub async fn choose(&self, entry: &str) {
        self.click("#thread-menu").await;
        self.click_among("[role=menuitem]", entry).await;
    }

    /// Chooses from the page's menu.
    pub async fn choose_from_page(&self, entry: &str) {
        self.click("#menu").await;
        self.click_among("[role=menuitem]", entry).await;
    }

    /// Loads the sample and opens the conversation with this title.
    pub async fn open_sample(&self, title: &str) {
        self.click("#load-sample").await;
        self.until("document.querySelectorAll('.row').length === 3")
            .await;
        self.open_conversation(title).await;
    }

    /// Opens a conversation from the list.
    pub async fn open_conversation(&self, title: &str) {
        self.click_among(".row a", title).await;
        let title = json!(title);
        self.until(&format!(
            "document.querySelector('.message') && document.querySelector('#title').textContent.startsWith({title})"
        ))
        .await;
    }

    /// The messages on the screen, without their buttons.
    pub async fn messages(&self) -> Vec<String> {
        self.texts(".message .content").await
    }

    /// The id of the open conversation.
    pub async fn open_id(&self) -> String {
        let id = self.value("location.hash.split('/')[2]").await;
        id.as_str().unwrap().to_owned()
    }

    /// The open conversation on the server.
    pub async fn kept(&self, site: &Site) -> Value {
        let id = self.open_id().await;
        self.user(site).await.open(&id).await
    }

    /// The user whom this browser's requests speak for.
    pub async fn user(&self, site: &Site) -> Client {
        let session = self.value("localStorage.getItem('claude-session')").await;
        let session: Value = serde_json::from_str(session.as_str().unwrap()).unwrap();
        site.anonymous_caller()
            .with_token(session["token"].as_str().unwrap())
    }
}
