//! Figures of the search on a device, printed and not judged: how long the index takes, a word as it is typed, and a save meanwhile.
//! `cargo test --release -p integration --test browser search_figures -- --ignored --nocapture`

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::Site;

const CONVERSATIONS: usize = 50;
const MESSAGES: usize = 100;

/// Texts with the word frequencies of a language, the same every time; and frequent and rare words to search for.
const FILL: &str = "
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const letters = 'etaoinshrdlucmfwypvbgkjqxz';
    const letter = () => letters[Math.floor(random() ** 1.7 * letters.length)];
    const words = Array.from({ length: 12000 }, () => Array.from({ length: 2 + Math.floor(random() * 8) }, letter).join(''));
    const word = () => words[Math.floor(random() ** 3.5 * words.length)];
    const text = () => Array.from({ length: 20 + Math.floor(random() * 160) }, word).join(' ');
    window.sought = Array.from({ length: 12 }, () => `${word()} ${word()}`);
    const { HybridConversationStore } = await import('/conversation-store.js');
    window.store = new HybridConversationStore({ enabled: false });
    let characters = 0;
    for (let at = 0; at < args[0]; at += 1) {
        const messages = Array.from({ length: args[1] }, (_, index) => ({
            id: `m${at}-${index}`, type: index % 2 ? 'assistant' : 'user', content: text(), timestamp: at * 1000 + index,
        }));
        for (const { content } of messages) characters += content.length;
        await store.saveConversation({ id: `c${at}`, title: text().slice(0, 40), messages });
    }
    return characters;";

const INDEX: &str = "
    const began = performance.now();
    await store.prepareSearch();
    return performance.now() - began;";

const STORED: &str = "
    const database = await new Promise((resolve) => {
        const request = indexedDB.open('conversation-store-anonymous');
        request.onsuccess = () => resolve(request.result);
    });
    const records = await new Promise((resolve) => {
        const request = database.transaction('segments').objectStore('segments').getAll();
        request.onsuccess = () => resolve(request.result);
    });
    database.close();
    const bytes = (value) => value.byteLength ?? value.length ?? 8;
    return records.flatMap((record) => Object.values(record).map(bytes)).reduce((a, b) => a + b);";

/// Types each pair of words letter by letter; how long until results are shown.
const TYPE: &str = "
    const times = [];
    for (const text of sought) {
        for (let end = 1; end <= text.length; end += 1) {
            const live = store.liveSearch(text.slice(0, end));
            const began = performance.now();
            await new Promise((resolve) => {
                const stop = live.subscribe(() => {
                    if (!live.getSnapshot().data) return;
                    times.push(performance.now() - began);
                    stop();
                    resolve();
                });
            });
        }
    }
    return times;";

/// A reply grows in a conversation, with or without a search on the screen.
const SAVE: &str = "
    const [count, isSearching] = args;
    const live = store.liveSearch(sought[0]);
    const stop = isSearching ? live.subscribe(() => {}) : () => {};
    const conversation = await store.getConversation('c0');
    const reply = { id: `reply-${isSearching}`, type: 'assistant', content: '', timestamp: 1e9, streaming: true };
    conversation.messages.push(reply);
    for (let save = 0; save < count; save += 1) {
        reply.content += 'a few more words ';
        await store.saveConversation(conversation);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    stop();";

#[tokio::test]
#[ignore = "measures, and tests nothing"]
async fn search_figures() {
    let site = Site::embedded().await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.visit("/shared#none").await;
    let sizes = [json!(CONVERSATIONS), json!(MESSAGES)];
    let characters = browser.run(FILL, &sizes).await;
    println!(
        "{} messages of {characters} characters in all:",
        CONVERSATIONS * MESSAGES
    );
    let (time, busy) = measured(&browser, INDEX, &[]).await;
    println!(
        "  indexed in {:.0} ms, {busy:.0} ms of them of the main thread",
        number(&time)
    );
    let stored = number(&browser.run(STORED, &[]).await) / 1e6;
    println!("  the index has {stored:.1} MB");
    let (times, busy) = measured(&browser, TYPE, &[]).await;
    print_times(&times, busy);
    print_saves(&browser).await;
    print_start(&browser).await;
}

fn print_times(times: &Value, busy: f64) {
    let all = times.as_array().unwrap().iter();
    let mut times: Vec<f64> = all.map(number).collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    println!(
        "  {} queries as they are typed: {:.1} ms (median), {:.1} ms (p95), {:.1} ms at most; {:.1} ms each of the main thread",
        times.len(),
        at(50),
        at(95),
        at(100),
        busy / f64::from(u32::try_from(times.len()).unwrap())
    );
}

async fn print_saves(browser: &Browser) {
    const SAVES: u32 = 40;
    for (is_searching, what) in [
        (false, "without a search"),
        (true, "while a search is shown"),
    ] {
        let arguments = [json!(SAVES), json!(is_searching)];
        let (_, busy) = measured(browser, SAVE, &arguments).await;
        println!(
            "  a save {what}: {:.1} ms of the main thread",
            busy / f64::from(SAVES)
        );
    }
}

async fn print_start(browser: &Browser) {
    browser.visit("/shared#again").await;
    browser.client.refresh().await.unwrap();
    let open = "
        const { HybridConversationStore } = await import('/conversation-store.js');
        window.store = new HybridConversationStore({ enabled: false });
        await store.ready;";
    browser.run(open, &[]).await;
    let time = browser.run(INDEX, &[]).await;
    println!(
        "  after a reload the index is there in {:.0} ms",
        number(&time)
    );
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// What a script returns, and how long the main thread was busy, ms.
async fn measured(browser: &Browser, body: &str, arguments: &[Value]) -> (Value, f64) {
    browser.devtools("Performance.enable", json!({})).await;
    let before = super::figures::task_seconds(browser).await;
    let value = browser.run(body, arguments).await;
    (
        value,
        (super::figures::task_seconds(browser).await - before) * 1e3,
    )
}
