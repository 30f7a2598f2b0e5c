//! The module alone, on a page without its own store: tests that need a real browser.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::common::{Client, Site, message, real_data, sample};

on_one_store!(
    a_migration_that_a_reload_interrupts_is_completed,
    two_tabs_share_one_stream,
    a_server_that_goes_away_during_a_reply_loses_nothing,
    a_stale_copy_erases_no_newer_turns,
    a_conflict_keeps_both_sides,
    offline_writes_survive_a_reload_and_are_sent_once_in_order,
    linked_profiles_see_each_others_changes_live,
    without_redis_everything_works_locally,
);

const OLD_KEY: &str = "claude-code-conversations";

/// Opens a store and keeps it, with the conflicts it reports, where tests can reach it.
const BEGIN: &str = "
    const { HybridConversationStore } = await import('/conversation-store.js');
    window.store = new HybridConversationStore();
    window.conflicts = [];
    store.on('conflict', (conflict) => conflicts.push(conflict));
    await store.ready;";

/// Until the page is loaded anew, what the server says to an import never arrives.
const LOSE_IMPORTS: &str = "
    const request = window.fetch;
    window.fetch = async (url, options) => {
        const response = await request(url, options);
        if (!String(url).includes('/api/import')) return response;
        window.lost = true;
        return new Promise(() => {});
    };";

async fn begin(browser: &Browser) {
    browser.visit("/shared#none").await;
    browser.run(BEGIN, &[]).await;
}

/// A browser with a conversation `c` of one question, known to the server.
async fn with_a_conversation(site: &Site) -> Option<Browser> {
    let browser = Browser::open(site).await?;
    begin_with_a_conversation(&browser).await;
    Some(browser)
}

async fn begin_with_a_conversation(browser: &Browser) {
    begin(browser).await;
    let body = "await store.saveConversation({ id: 'c', messages: [args[0]] });
        await store.flush();";
    browser
        .run(body, &[message("first", "user", "Question")])
        .await;
    browser.until("store.status.mode === 'synced'").await;
}

fn contents(opened: &Value) -> Vec<String> {
    let messages = opened["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_migration_that_a_reload_interrupts_is_completed(site: Site) {
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let data = real_data().unwrap_or_else(sample);
    let text = data.to_string();
    browser.visit("/shared#none").await;
    let keep = "localStorage.setItem(args[0], args[1]);";
    browser.run(keep, &[json!(OLD_KEY), json!(text)]).await;
    browser.run(LOSE_IMPORTS, &[]).await;
    browser.run(BEGIN, &[]).await;
    browser.until("window.lost").await;
    assert_eq!(
        browser
            .value("localStorage.getItem('claude-migrated-to-redis')")
            .await,
        Value::Null
    );
    browser.client.refresh().await.unwrap();
    begin(&browser).await;
    browser
        .until("localStorage.getItem('claude-migrated-to-redis') === 'true'")
        .await;
    assert_eq!(
        browser
            .run("return localStorage.getItem(args[0]);", &[json!(OLD_KEY)])
            .await,
        json!(text),
        "the old data stay until somebody removes them"
    );
    let user = browser.user(&site).await;
    for conversation in data.as_array().unwrap() {
        let messages = conversation["messages"].as_array().unwrap().len();
        let there = user.open(conversation["id"].as_str().unwrap()).await;
        assert_eq!(there["messageCount"], messages);
    }
    let all = user.get("/api/user").await.expect(200);
    assert_eq!(
        all["totals"]["current"]["conversations"],
        data.as_array().unwrap().len()
    );
    browser.run("await store.removeOldData();", &[]).await;
    let gone = browser
        .run("return localStorage.getItem(args[0]);", &[json!(OLD_KEY)])
        .await;
    assert_eq!(gone, Value::Null);
}

/// Another device is active, so that this one listens.
async fn hear_of_another_device(browser: &Browser, user: &Client) {
    browser.run("await store.sync();", &[]).await;
    let pinned = json!({ "pinned": true });
    user.patch("/api/conversations/c", &pinned)
        .await
        .expect(200);
    browser.run("await store.sync();", &[]).await;
    browser.until("store.status.live === 'stream'").await;
}

async fn two_tabs_share_one_stream(site: Site) {
    let Some(browser) = with_a_conversation(&site).await else {
        return;
    };
    let user = browser.user(&site).await;
    hear_of_another_device(&browser, &user).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser
        .client
        .switch_to_window(second.clone())
        .await
        .unwrap();
    begin(&browser).await;
    let hear = "window.heard = []; store.on('change', (change) => heard.push(...change.changed));";
    browser.run(hear, &[]).await;
    user.append("c", vec![message("elsewhere", "assistant", "Answer")])
        .await
        .expect(201);
    browser.until("heard.includes('c')").await;
    let leads = browser.value("store.status.leader").await;
    browser.client.switch_to_window(first).await.unwrap();
    browser
        .until("store.getConversation('c').then((c) => c.messages.length === 2)")
        .await;
    assert_ne!(browser.value("store.status.leader").await, leads);
    // A listener at the store counts as one.
    let id = browser.value("store.status.userId").await;
    let channel = format!("user:{}:events", id.as_str().unwrap());
    let listeners = site.command(&["PUBLISH", &channel, "{}"]).await;
    assert_eq!(listeners, embedded_store::reply::Reply::Int(1));
}

async fn a_server_that_goes_away_during_a_reply_loses_nothing(site: Site) {
    let Some(browser) = with_a_conversation(&site).await else {
        return;
    };
    let write = "
        window.answer = { id: 'answer', type: 'assistant', content: '', streaming: true };
        window.write = async (words) => {
            for (let i = 0; i < words; i += 1) {
                answer.content += 'word ';
                const { messages } = await store.getConversation('c');
                const others = messages.filter(({ id }) => id !== 'answer');
                await store.saveConversation({ id: 'c', messages: [...others, { ...answer }] });
                await new Promise((resolve) => { setTimeout(resolve, 50); });
            }
        };
        await write(10);";
    browser.run(write, &[]).await;
    site.faults().refuse(true).await;
    let body = "await write(10); await store.flush().catch(() => {});";
    browser.run(body, &[]).await;
    let body = "answer.streaming = false; await write(10);";
    browser.run(body, &[]).await;
    assert_ne!(browser.value("store.status.mode").await, "synced");
    site.faults().refuse(false).await;
    // The service's circuit closes again after a minute, the browser's when it is told that the network is back.
    site.advance(std::time::Duration::from_secs(61));
    let body = "window.dispatchEvent(new Event('online')); await store.flush();";
    browser.run(body, &[]).await;
    browser.until("store.status.mode === 'synced'").await;
    let kept = browser.user(&site).await.open("c").await;
    assert_eq!(contents(&kept), ["Question", &"word ".repeat(30)]);
    assert_eq!(kept["messages"][1]["streaming"], false);
}

async fn a_stale_copy_erases_no_newer_turns(site: Site) {
    let Some(browser) = with_a_conversation(&site).await else {
        return;
    };
    let user = browser.user(&site).await;
    browser
        .run("window.stale = await store.getConversation('c');", &[])
        .await;
    browser.set_offline(true).await;
    let turn = vec![
        message("other-1", "user", "From elsewhere"),
        message("other-2", "assistant", "Newer"),
    ];
    user.append("c", turn).await.expect(201);
    let save =
        "await store.saveConversation({ ...stale, messages: [...stale.messages, args[0]] });";
    browser.run(save, &[message("mine", "user", "Mine")]).await;
    browser.set_offline(false).await;
    // Otherwise a question waits half a minute for its reply.
    browser.run("await store.flush();", &[]).await;
    let mut all = contents(&user.open("c").await);
    all.sort();
    assert_eq!(all, ["From elsewhere", "Mine", "Newer", "Question"]);
    browser
        .until("store.getConversation('c').then((c) => c.messages.length === 4)")
        .await;
}

async fn a_conflict_keeps_both_sides(site: Site) {
    let Some(browser) = with_a_conversation(&site).await else {
        return;
    };
    let user = browser.user(&site).await;
    browser.set_offline(true).await;
    let edit = "await store.updateMessage('c', 'first', { content: 'Edited here' });";
    browser.run(edit, &[]).await;
    let path = "/api/conversations/c/messages/first";
    user.patch(path, &json!({ "content": "Edited elsewhere" }))
        .await
        .expect(200);
    browser.set_offline(false).await;
    browser.until("store.status.mode === 'synced'").await;
    browser.until("conflicts.length > 0").await;
    let conflict = browser.value("conflicts[0]").await;
    assert_eq!(conflict["kind"], "message-edited");
    let there = contents(&user.open("c").await);
    let kept = browser.value("store.refusedWrites()").await;
    let both = format!("{there:?} {kept}");
    for side in ["Edited here", "Edited elsewhere"] {
        assert!(both.contains(side), "{side}: {both}");
    }
}

async fn offline_writes_survive_a_reload_and_are_sent_once_in_order(site: Site) {
    let Some(browser) = with_a_conversation(&site).await else {
        return;
    };
    // The page itself still has to be served.
    site.faults().refuse(true).await;
    let write = "for (const text of args) {
            await store.addMessage('c', { id: text, type: 'user', content: text });
        }
        await store.saveConversation({ id: 'd', messages: [{ id: 'new', type: 'user', content: 'Begun offline' }] });
        await store.flush().catch(() => {});";
    browser.run(write, &[json!("one"), json!("two")]).await;
    browser.client.refresh().await.unwrap();
    browser.run(BEGIN, &[]).await;
    let here = browser.value("store.getConversation('c')").await;
    assert_eq!(contents(&here), ["Question", "one", "two"]);
    assert_eq!(browser.value("store.status.pending").await, 2);
    let more = "await store.addMessage('c', { id: 'three', type: 'assistant', content: 'three' });
        await store.flush().catch(() => {});";
    browser.run(more, &[]).await;
    site.faults().refuse(false).await;
    site.advance(std::time::Duration::from_secs(61));
    let body = "window.dispatchEvent(new Event('online')); await store.flush();";
    browser.run(body, &[]).await;
    let user = browser.user(&site).await;
    assert_eq!(
        contents(&user.open("c").await),
        ["Question", "one", "two", "three"]
    );
    assert_eq!(contents(&user.open("d").await), ["Begun offline"]);
    assert_eq!(browser.value("store.status.pending").await, 0);
}

async fn linked_profiles_see_each_others_changes_live(site: Site) {
    let Some((laptop, phone)) = Browser::open_two(&site).await else {
        return;
    };
    begin_with_a_conversation(&laptop).await;
    begin(&phone).await;
    let code = laptop
        .run("return (await store.createLinkCode()).code;", &[])
        .await;
    phone
        .run("await store.redeemLinkCode(args[0]);", &[code])
        .await;
    // A reply: a question would wait for one before it is sent.
    let add = "await store.addMessage('c', { id: args[0], type: 'assistant', content: args[1] });";
    let turns = [
        (&laptop, &phone, "laptop", "From the laptop"),
        (&phone, &laptop, "phone", "From the phone"),
    ];
    for (writer, reader, id, text) in turns {
        reader.until("store.status.live === 'stream'").await;
        writer.run(add, &[json!(id), json!(text)]).await;
        let text = json!(text);
        reader
            .until(&format!(
                "store.getConversation('c').then((c) => c?.messages.at(-1)?.content === {text})"
            ))
            .await;
    }
}

async fn without_redis_everything_works_locally(site: Site) {
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let page = format!("{}/shared#none", off.url());
    browser.client.goto(&page).await.unwrap();
    browser.run(BEGIN, &[]).await;
    let body = "
        await store.saveConversation({ id: 'c', messages: [{ id: 'a', type: 'user', content: 'Kept here' }] });
        await store.flush().catch(() => {});";
    browser.run(body, &[]).await;
    browser.until("store.status.mode === 'local'").await;
    assert_eq!(
        browser.value("store.status.problem").await,
        "storage_disabled"
    );
    browser.client.refresh().await.unwrap();
    browser.run(BEGIN, &[]).await;
    let here = browser.value("store.getConversation('c')").await;
    assert_eq!(contents(&here), ["Kept here"]);
}
