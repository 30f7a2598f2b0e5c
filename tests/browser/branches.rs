//! Branches of a conversation, and data of the previous release, in a real browser's database.

use serde_json::json;

use crate::browser::Browser;
use crate::common::Site;
use crate::day::pages_for_the_script;

on_one_store!(
    branches_begun_offline_survive_a_reload_and_are_sent,
    a_database_of_the_release_before_is_upgraded_and_sent,
);

const BEGIN: &str = "
    const { HybridConversationStore } = await import('/conversation-store.js');
    window.store = new HybridConversationStore();
    window.ids = async (id) => (await store.getConversation(id)).messages.map((message) => message.id);
    await store.ready;";

const SAVE: &str = "
    const said = (id) => ({ id, type: 'user', content: id });
    await store.saveConversation({ id: 'c', messages: ['q1', 'a1', 'q2'].map(said) });
    await store.flush();";

const BRANCH: &str = "
    const said = (id) => ({ id, type: 'assistant', content: id, parts: [{ type: 'text', text: id }] });
    await store.addMessage('c', said('b1'), { parentId: 'q1' });
    await store.addMessage('c', said('b2'));
    await store.switchBranch('c', 'a1');
    await store.addMessage('c', said('a2'));
    await store.switchBranch('c', 'b1');
    await store.flush().catch(() => {});";

async fn branches_begun_offline_survive_a_reload_and_are_sent(site: Site) {
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    browser.visit("/shared#none").await;
    browser.run(BEGIN, &[]).await;
    browser.run(SAVE, &[]).await;
    // The page itself still has to be served.
    site.faults().refuse(true).await;
    browser.run(BRANCH, &[]).await;
    browser.client.refresh().await.unwrap();
    browser.run(BEGIN, &[]).await;
    assert_eq!(browser.value("ids('c')").await, json!(["q1", "b1", "b2"]));
    let siblings = "store.getConversation('c').then(({ messages }) => messages[1].siblingIds)";
    assert_eq!(browser.value(siblings).await, json!(["a1", "b1"]));
    site.faults().refuse(false).await;
    site.advance(std::time::Duration::from_secs(61));
    let send = "window.dispatchEvent(new Event('online')); await store.flush();";
    browser.run(send, &[]).await;
    let expected = json!([">q1", "a1>q2", "b1>b2", "q1>a1", "q1>b1", "q2>a2"]);
    assert_eq!(browser.run(TREE, &[]).await, expected);
    browser.client.refresh().await.unwrap();
    browser.run(BEGIN, &[]).await;
    assert_eq!(browser.value("ids('c')").await, json!(["q1", "b1", "b2"]));
}

/// The server's messages with their parents.
const TREE: &str = "
    const { token } = JSON.parse(localStorage.getItem('claude-session'));
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch('/api/conversations/c/messages?branches=all', { headers });
    const { data } = await response.json();
    return data.map(({ id, parentId }) => `${parentId ?? ''}>${id}`).sort();";

/// A session, and what that release had sent to the server: everything but the response to its last request.
const LEAVE_BEHIND: &str = "
    const { createEarlier } = await import('/tests/module/earlier-versions.mjs');
    const dump = await (await fetch('/tests/module/version-1.json')).json();
    const call = async (path, body, more = {}) => {
        const response = await fetch(`/api${path}`, { method: 'POST', headers: more, body: JSON.stringify(body) });
        if (!response.ok) throw new Error(await response.text());
        return response.json();
    };
    const { token, userId } = await call('/session', {});
    localStorage.setItem('claude-session', JSON.stringify({ token, userId }));
    window.headers = { Authorization: `Bearer ${token}` };
    const { records } = dump;
    const sent = records.messages.filter(({ conversation, fresh }) => conversation === 'c' && !fresh);
    const asSent = ({ id, body, base }) => {
        const { editedAt, ...fields } = { ...body, ...base };
        return { id, ...fields };
    };
    const byId = new Map(sent.map((message) => [message.id, asSent(message)]));
    const messages = ['q1', 'a1', 'q2', 'a2', 'x'].map((id) => byId.get(id));
    await call('/conversations', { id: 'c', title: 'Kept', messages }, headers);
    const [entry] = records.outbox;
    // Those of another day are too old to be repeated.
    entry.request.key = '4a7cdeb4-5bc6-4e87-bd0a-7d2ea3dbe2a0';
    await call('/conversations/c/messages', entry.request.body, { ...headers, 'Idempotency-Key': entry.request.key });
    records.state = records.state.filter(({ name }) => name !== 'cursor' && name !== 'clock');
    for (const state of records.state) if (state.name === 'tenure') state.value.user = userId;
    // A tab of that release is still open.
    window.old = await createEarlier('conversation-store-anonymous', dump);
    old.onversionchange = () => old.close();";

const OPEN: &str = "
    const { HybridConversationStore } = await import('/public/conversation-store.js');
    window.store = new HybridConversationStore();
    const contents = (messages) => messages.map(({ content }) => content);
    const opened = await store.getConversation('c');
    const pending = store.status.pending;
    await store.flush();
    const there = async (id) => {
        const response = await fetch(`/api/conversations/${id}`, { headers });
        return contents((await response.json()).messages);
    };
    return {
        storage: store.status.storage,
        opened: contents(opened.messages),
        parts: opened.messages[3].parts,
        pending,
        refused: (await store.refusedWrites()).map(({ code }) => code),
        c: await there('c'),
        here: await there('here'),
    };";

async fn a_database_of_the_release_before_is_upgraded_and_sent(site: Site) {
    let files = pages_for_the_script();
    let service = site.deployment_of(&[], files.path()).await;
    let Some(browser) = Browser::open(&site).await else {
        return;
    };
    let page = format!("{}/page.html", service.url());
    browser.client.goto(&page).await.unwrap();
    browser.run(LEAVE_BEHIND, &[]).await;
    let found = browser.run(OPEN, &[]).await;
    assert_eq!(
        found,
        json!({
            "storage": "indexeddb",
            "opened": ["q1", "a1 edited", "q2", "a2", "a3", "q3"],
            "parts": [{ "type": "text", "text": "a2" }],
            "pending": 2,
            "refused": ["invalid_id"],
            // As that release showed it.
            "c": ["q1", "a1 edited", "q2", "a2", "a3", "q3"],
            "here": ["h1", "h2"],
        })
    );
}
