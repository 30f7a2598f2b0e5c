//! Figures of the client in Chromium, printed and not judged: how fast the list is there, how long a new device takes, and what a
//! save costs the page. `cargo test --release -p integration --test browser figures::figures -- --ignored --nocapture`

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Client, Site};

const CONVERSATIONS: usize = 50;
const MESSAGES: usize = 200;

/// How often a page is opened.
const VISITS: usize = 15;

/// When the first row of the list is in the document, or the other page's script has shown its result, and the requests until
/// then.
const WATCH: &str = "
    const look = () => {
        if (window.shown || !document.querySelector('.row .name, #thread[hidden]')) return;
        const now = performance.now();
        const before = performance.getEntriesByType('resource').filter((entry) => entry.responseEnd <= now);
        const isScript = ({ name }) => name.includes('/conversation-store');
        window.shown = { now, requests: before.length + 1, scripts: before.filter(isScript).length };
    };
    const options = { childList: true, subtree: true, attributes: true };
    if (self === top) new MutationObserver(look).observe(document, options);";

const BEGIN: &str = "
    const { HybridConversationStore } = await import('/conversation-store.js');
    window.store = new HybridConversationStore();
    await store.ready;";

/// Everything of the user is brought here page by page, six conversations at a time.
const LOAD_ALL: &str = "
    const began = performance.now();
    let list = [];
    await store.sync();
    list = await store.getAllConversations();
    const listed = performance.now() - began;
    let count = 0;
    const ids = list.values();
    const loadNext = async () => {
        for (const { id } of ids) {
            let conversation = await store.getConversation(id);
            while (conversation.hasOlder) conversation = await store.loadOlder(conversation);
            count += conversation.messages.length;
        }
    };
    await Promise.all(Array.from({ length: 6 }, loadNext));
    return { listed, all: performance.now() - began, conversations: list.length, messages: count };";

/// How long the client alone takes from its import to the list, on a page that does nothing else.
const FIRST_LIST: &str = "
    const began = performance.now();
    const { HybridConversationStore } = await import('/conversation-store.js');
    const store = new HybridConversationStore();
    const list = await store.getAllConversations();
    return [performance.now() - began, list.length];";

/// The same records, written to a database like the store's in one transaction.
const BARE_PUT: &str = "
    const open = (name, upgrade) => new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onupgradeneeded = () => upgrade?.(request.result);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const source = await open('conversation-store-anonymous');
    const all = (store) => new Promise((resolve) => {
        const request = source.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
    });
    const records = { messages: await all('messages'), conversations: await all('conversations') };
    const bare = await open('bare', (database) => {
        database.createObjectStore('conversations', { keyPath: 'id' });
        const store = database.createObjectStore('messages', { keyPath: ['conversation', 'id'] });
        store.createIndex('order', ['conversation', 'shown', 'at', 'seq']);
        store.createIndex('dirty', ['conversation', 'dirty']);
    });
    const began = performance.now();
    const transaction = bare.transaction(['messages', 'conversations'], 'readwrite', { durability: 'strict' });
    for (const [name, list] of Object.entries(records)) for (const record of list) transaction.objectStore(name).put(record);
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    return performance.now() - began;";

/// Saves a conversation while a reply grows, as a frontend does; how long each call blocks the page.
const SAVES: &str = "
    const conversation = await store.getConversation(args[0]);
    while (conversation.messages.length < args[1]) {
        const older = await store.loadOlder(conversation);
        Object.assign(conversation, older);
    }
    const reply = { id: 'reply', type: 'assistant', content: '', timestamp: new Date().toISOString(), streaming: true };
    conversation.messages.push(reply);
    const times = [];
    window.save = async () => {
        reply.content += 'a few more words ';
        const began = performance.now();
        const saved = store.saveConversation(conversation);
        times.push(performance.now() - began);
        await saved;
    };
    window.callTimes = times;
    for (let warm = 0; warm < 5; warm += 1) await save();
    return conversation.messages.length;";

/// The least a save can write, for a page that knows what changed: one message and its conversation, in one transaction.
const BARE_SAVES: &str = "
    const open = indexedDB.open('bare');
    await new Promise((resolve) => { open.onsuccess = resolve; });
    const reply = { conversation: 'c0', id: 'reply', place: 1, shown: 1, body: { content: '' } };
    for (let save = 0; save < args[0]; save += 1) {
        const options = { durability: 'strict' };
        const transaction = open.result.transaction(['messages', 'conversations'], 'readwrite', options);
        reply.body.content += 'a few more words ';
        transaction.objectStore('messages').put(reply);
        transaction.objectStore('conversations').put({ id: 'c0', fields: { title: 'x' }, updatedAt: save });
        await new Promise((resolve) => { transaction.oncomplete = resolve; });
    }
    open.result.close();";

#[tokio::test]
#[ignore = "measures, and tests nothing"]
async fn figures() {
    let site = Site::embedded().await;
    let user = site.user().await;
    fill(&user).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.visit("/shared#none").await;
    become_user(&browser, &user).await;
    let loaded = browser.run(LOAD_ALL, &[]).await;
    let bare = browser.run(BARE_PUT, &[]).await.as_f64().unwrap();
    assert_eq!(loaded["messages"], CONVERSATIONS * MESSAGES);
    let number = |name: &str| loaded[name].as_f64().unwrap();
    println!("A new device, {CONVERSATIONS} conversations of {MESSAGES} messages:");
    println!("  the list is there after {:.0} ms", number("listed"));
    println!(
        "  all {} messages after {:.0} ms, {:.1} times a bare put of the same records ({bare:.0} ms)",
        loaded["messages"],
        number("all"),
        number("all") / bare
    );
    print_saves(&browser).await;
    print_first_list(&browser).await;
    print_list(&browser).await;
}

async fn fill(user: &Client) {
    for portion in 0..10 {
        let conversations = (0..CONVERSATIONS / 10).map(|index| {
            let at = portion * CONVERSATIONS / 10 + index;
            let messages: Vec<Value> = (0..MESSAGES).map(|index| message(at, index)).collect();
            json!({ "id": format!("c{at}"), "title": format!("Conversation {at}"), "messages": messages })
        });
        let all: Vec<Value> = conversations.collect();
        user.post("/api/import", &json!(all)).await.expect(200);
    }
}

fn message(conversation: usize, index: usize) -> Value {
    let kind = if index.is_multiple_of(2) {
        "user"
    } else {
        "assistant"
    };
    json!({ "id": format!("c{conversation}-m{index}"), "type": kind, "timestamp": 1_700_000_000_000_i64 + index as i64,
            "content": format!("Message {index}. {}", "Some more words. ".repeat(index % 40)) })
}

/// Like a newly linked device without data.
async fn become_user(browser: &Browser, user: &Client) {
    let linked = user
        .post("/api/session", &json!({ "action": "link" }))
        .await;
    let code = linked.expect(201)["code"].clone();
    browser.run(BEGIN, &[]).await;
    let redeem = "await store.redeemLinkCode(args[0]);";
    browser.run(redeem, &[code]).await;
}

async fn print_saves(browser: &Browser) {
    const SAVED: u32 = 50;
    let length = browser.run(SAVES, &[json!("c0"), json!(MESSAGES)]).await;
    browser.devtools("Performance.enable", json!({})).await;
    let before = task_seconds(browser).await;
    let body =
        "callTimes.length = 0; for (let save = 0; save < args[0]; save += 1) await window.save();
        return callTimes.reduce((sum, time) => sum + time) / callTimes.length;";
    let call = browser.run(body, &[json!(SAVED)]).await;
    let spent = (task_seconds(browser).await - before) * 1e3 / f64::from(SAVED);
    println!("A save of a conversation of {length} messages, one of them changed:");
    println!(
        "  {spent:.1} ms of the main thread, {:.1} ms of them before the call returns",
        call.as_f64().unwrap()
    );
    let before = task_seconds(browser).await;
    browser.run(BARE_SAVES, &[json!(SAVED)]).await;
    let bare = (task_seconds(browser).await - before) * 1e3 / f64::from(SAVED);
    println!("  a bare put of one message and its conversation takes {bare:.1} ms");
}

/// How long the page's main thread has been busy.
pub(crate) async fn task_seconds(browser: &Browser) -> f64 {
    let metrics = browser.devtools("Performance.getMetrics", json!({})).await;
    let all = metrics["metrics"].as_array().unwrap();
    let total = all.iter().find(|metric| metric["name"] == "TaskDuration");
    total.unwrap()["value"].as_f64().unwrap()
}

/// The median of several measurements.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

async fn print_first_list(browser: &Browser) {
    let mut times = Vec::new();
    for _ in 0..VISITS {
        browser.visit("/shared#none").await;
        let first = browser.run(FIRST_LIST, &[]).await;
        assert_eq!(first[1], CONVERSATIONS);
        times.push(first[0].as_f64().unwrap());
    }
    let time = median(times);
    println!(
        "The client alone has the list {time:.0} ms after its import began (median of {VISITS})."
    );
}

async fn print_list(browser: &Browser) {
    let watch = json!({ "source": WATCH });
    let command = "Page.addScriptToEvaluateOnNewDocument";
    browser.devtools(command, watch).await;
    let (mut lists, mut others) = (Vec::new(), Vec::new());
    for _ in 0..=VISITS {
        lists.push(shown(browser, "/").await);
        others.push(shown(browser, "/shared#none").await);
    }
    // The first one has filled the cache.
    let time = |all: &[Value]| {
        median(
            all[1..]
                .iter()
                .map(|one| one["now"].as_f64().unwrap())
                .collect(),
        )
    };
    println!("The demo page with {CONVERSATIONS} conversations on the device, from the cache:");
    println!(
        "  a row of the list is in the document {:.0} ms after the navigation (median of {VISITS}), after {} requests, {} of them for the client",
        time(&lists),
        lists[VISITS]["requests"],
        lists[VISITS]["scripts"]
    );
    println!(
        "  a page of one style sheet and two scripts, without a store, has run them after {:.0} ms",
        time(&others)
    );
}

async fn shown(browser: &Browser, path: &str) -> Value {
    browser.visit(path).await;
    browser.until("window.shown").await
}
