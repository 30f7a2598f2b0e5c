//! Pictures of the main states, for people: `target/screenshots`.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Client, Site, message};

const DAY: i64 = 86_400_000;

/// The rows of the list: titles, and how long ago the last message was, in ms.
const OTHERS: [(&str, i64); 9] = [
    ("Why does my borrow end here?", DAY / 20),
    ("A week in Lisbon with two children", DAY / 10),
    ("Names for a sourdough starter", DAY),
    ("Postgres: index on a JSON field", DAY + DAY / 8),
    ("Letter to the landlord", 2 * DAY),
    ("Explain the Monty Hall problem", 3 * DAY),
    ("Gift for a friend who likes maps", 5 * DAY),
    ("Regular expression for ISO dates", 12 * DAY),
    ("Übersetze „es läuft“", 13 * DAY),
];

const QUESTION: &str = "When should I use `rebase`, and when `merge`?";

const ANSWER: &str =
    "Both bring the work of one branch into another. They differ in the history they leave:

| | what it does | good for |
|---|---|---|
| `merge` | joins two histories with a commit | branches that others use |
| `rebase` | writes your commits again, on top | work that is only yours |

So, before a pull request:

```sh
git fetch origin
git rebase origin/main
```

**Never rebase what others have pulled.** Their history would go on without yours.";

#[tokio::test]
async fn the_main_states_are_pictured() {
    let site = Site::embedded().await;
    let user = site.user().await;
    import(&site, &user).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let screen = json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false });
    browser
        .devtools("Emulation.setDeviceMetricsOverride", screen)
        .await;
    browser.visit("/").await;
    browser.until_ready().await;
    browser.screenshot("first-visit").await;
    browser.become_user(&user).await;
    picture_all(&browser, "light", "And what about `git pull`?").await;
    picture_all(&browser, "dark", "Is a squash the same thing?").await;
    let phone = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
    browser
        .devtools("Emulation.setDeviceMetricsOverride", phone)
        .await;
    browser.visit("/#/").await;
    browser
        .until("document.querySelectorAll('.row').length > 8")
        .await;
    browser.screenshot("dark-phone-list").await;
    browser.open_conversation("Rebase or merge").await;
    browser.screenshot("dark-phone").await;
}

async fn picture_all(browser: &Browser, scheme: &str, question: &str) {
    let picture = async |name: &str| browser.screenshot(&format!("{scheme}-{name}")).await;
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser
        .devtools("Emulation.setEmulatedMedia", features)
        .await;
    browser.visit("/#/new").await;
    browser.until_ready().await;
    picture("new").await;
    browser.open_conversation("Rebase or merge").await;
    browser.until_saved().await;
    browser.until("!document.querySelector('.toast')").await;
    picture("conversation").await;
    browser.write(question).await;
    browser
        .until("document.querySelector('.is-streaming blockquote + p')")
        .await;
    picture("writing").await;
    browser.until_quiet().await;
    browser.choose_from_page("Link another device").await;
    browser.until("document.querySelector('.qr')").await;
    picture("devices").await;
    browser.click("dialog [title=Close]").await;
    browser.choose_from_page("Recovery code").await;
    browser
        .until("document.querySelector('.recovery button')")
        .await;
    picture("recovery").await;
    browser.click("dialog [title=Close]").await;
    browser.click("#status").await;
    browser
        .until("document.querySelector('#health').textContent.startsWith('Redis is healthy')")
        .await;
    picture("status").await;
    browser.click("dialog [title=Close]").await;
    browser.click("#share").await;
    browser.click("#create-share").await;
    browser.click("#confirm-share").await;
    browser
        .until("document.querySelector('#share-links input')")
        .await;
    picture("share").await;
    browser.click("dialog [title=Close]").await;
    browser.choose_from_page("Trash").await;
    browser
        .until("document.querySelector('#trash-list li')")
        .await;
    picture("trash").await;
    browser.choose_from_page("What expires soon").await;
    browser
        .until("document.querySelector('#conversation-ttl')")
        .await;
    picture("expiring").await;
    browser.choose_from_page("Usage").await;
    browser.until("document.querySelector('.usage')").await;
    picture("usage").await;
    browser.type_into("#search", "history").await;
    browser.until("document.querySelector('.row mark')").await;
    picture("search").await;
}

/// A list as it looks after two weeks of use.
async fn import(site: &Site, user: &Client) {
    let now = site.clock.now_ms();
    let turn = |id: &str, at: i64, question: &str, answer: &str| {
        json!([
            { "id": format!("{id}-1"), "type": "user", "content": question, "timestamp": at },
            {
                "id": format!("{id}-2"), "type": "assistant", "content": answer, "timestamp": at + 4000,
                "tokens": { "input": question.len() / 4, "output": answer.len() / 4, "total": (question.len() + answer.len()) / 4 },
            },
        ])
    };
    let mut conversations: Vec<Value> = OTHERS.iter().enumerate().map(|(at, (title, ago))| {
        let id = format!("other-{at}");
        let messages = turn(&id, now - ago, title, "See above.");
        json!({ "id": id, "title": title, "messages": messages, "updatedAt": now - ago, "pinned": at == 3 })
    }).collect();
    let messages = turn("rebase", now - 60_000, QUESTION, ANSWER);
    conversations.push(json!({
        "id": "rebase", "title": "Rebase or merge?", "messages": messages, "updatedAt": now - 50_000,
    }));
    user.post("/api/import", &Value::from(conversations))
        .await
        .expect(200);
    user.create("gone", vec![message("gone", "user", "Not needed any more")])
        .await;
    user.delete("/api/conversations/gone").await.expect(200);
}
