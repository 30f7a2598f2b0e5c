/** Messages that are more than text, and their order: they come back unchanged, whatever the clocks said. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents } from './harness.mjs';

const PARTS = [
  { type: 'reasoning', text: 'hm', providerMetadata: { z: 1, a: [null, 1.5, '\u2028'] } },
  { type: 'tool-weather', toolCallId: '1', state: 'output-available', input: { city: 'Lisbon' }, output: null },
  { type: 'text', text: 'Warm. 👩‍👩‍👧' },
];

const rich = (id, more = {}) => ({
  id,
  type: 'assistant',
  content: 'Warm.',
  parts: PARTS,
  format: 'ai-sdk/v7',
  status: 'complete',
  model: 'm-1',
  usage: { inputTokens: 1, details: { cached: 0 } },
  metadata: { z: 1, a: { b: [] } },
  timestamp: 1_751_545_800_000,
  ...more,
});

const question = { id: 'q', type: 'user', content: 'How is the weather?', timestamp: 1_751_545_700_000 };

/** As JSON without what the store or the server adds, in the order in which the fields were given. */
function asSaved({ id, type, content, parts, format, status, model, usage, metadata }) {
  return JSON.stringify({ id, type, content, parts, format, status, model, usage, metadata });
}

async function begin(messages) {
  const browser = new Browser();
  const tab = await browser.open();
  await tab.store.saveConversation({ id: 'c', messages });
  return { browser, tab, store: tab.store, clock: browser.clock, server: () => new Server(browser) };
}

async function another({ browser, clock }) {
  const other = new Browser({ clock });
  for (const [key, value] of browser.values) other.values.set(key, value);
  const tab = await other.open();
  await tab.store.sync();
  await tab.store.getConversation('c');
  await clock.settle();
  return { tab, store: tab.store };
}

async function assertRich(conversation, expected, id = 'a') {
  const found = (conversation.messages ?? conversation).find((message) => message.id === id);
  assert.equal(asSaved(found), asSaved(expected));
}

test('parts and their fields come back byte for byte, from everywhere', async () => {
  const user = await begin([question, rich('a')]);
  const { browser, store, server } = user;
  await assertRich(await store.getConversation('c'), rich('a'));
  await store.flush();
  await assertRich(await server().messages('c'), rich('a'));
  await store.addMessage('c', rich('b'));
  await store.flush();
  const other = await another(user);
  await assertRich(await other.store.getConversation('c'), rich('a'));
  await assertRich(await other.store.getConversation('c'), rich('b'), 'b');
  const fork = await store.forkConversation('c');
  await assertRich(await store.getConversation(fork.id), rich('b'), 'b');
  await other.tab.goOffline();
  const exported = await (await other.store.exportAll()).text();
  await assertRich(JSON.parse(exported.split('\n')[0]), rich('a'));
  const { store: theirs } = await new Browser().open({ enabled: false });
  await theirs.importData(exported);
  await assertRich(await theirs.getConversation('c'), rich('a'));
  browser.values.set('claude-code-conversations', JSON.stringify([{ id: 'old', title: 'x', messages: [rich('a')] }]));
  await store.migrate();
  await store.flush();
  await assertRich(await server().messages('old'), rich('a'));
});

test('parts that change while pending, sent, lost or repeated end up in their last state', async () => {
  const { browser, tab, store, clock, server } = await begin([question]);
  await store.flush();
  await tab.goOffline();
  await store.addMessage('c', rich('a', { parts: PARTS.slice(0, 1), status: 'streaming' }));
  await tab.crash();
  const next = await browser.open();
  browser.network.fault = ({ method, path }) => (method === 'POST' && path.endsWith('/messages') ? 'lost' : undefined);
  await next.goOnline();
  await next.store.updateMessage('c', 'a', { parts: PARTS.slice(0, 2) });
  await clock.advance(40_000);
  await next.store.updateMessage('c', 'a', { parts: PARTS, content: 'Warm.', status: 'complete' });
  browser.network.fault = () => undefined;
  await clock.advance(120_000);
  await next.store.flush();
  await assertRich(await server().messages('c'), rich('a'));
  await assertRich(await next.store.getConversation('c'), rich('a'));
});

test('of two edits of parts the newer one stays, and the older one is kept', async () => {
  const user = await begin([question, rich('a')]);
  const { tab, store, clock, server } = user;
  await store.flush();
  const other = await another(user);
  const [older, newer] = ['older', 'newer'].map((text) => [{ type: 'text', text }]);
  await tab.goOffline();
  await other.tab.goOffline();
  await store.updateMessage('c', 'a', { parts: older });
  await clock.advance(5_000);
  await other.store.updateMessage('c', 'a', { parts: newer });
  await tab.goOnline();
  await store.flush();
  await other.tab.goOnline();
  await other.store.flush();
  const [, stored] = await server().messages('c');
  assert.deepEqual([stored.parts, stored.content], [newer, 'newer']);
  const [kept] = await other.store.refusedWrites();
  assert.deepEqual([kept.code, kept.content.parts], ['edited_elsewhere', older]);
});

test('a message is replaced whole, without the fields left out', async () => {
  const { browser, tab, store, server } = await begin([question, rich('a', { own: 1, streaming: true }), rich('z')]);
  await store.flush();
  await tab.goOffline();
  await store.putMessage('c', { id: 'a', type: 'assistant', content: 'whole', model: 'm-2' });
  const expected = {
    id: 'a',
    type: 'assistant',
    content: 'whole',
    model: 'm-2',
    timestamp: '2025-07-03T12:30:00.000Z',
  };
  const strip = ({ editedAt, ...rest }) => rest;
  const [, here] = (await store.getConversation('c')).messages;
  assert.deepEqual(strip(here), expected);
  await tab.goOnline();
  browser.network.requests.length = 0;
  await store.flush();
  const writes = browser.network.requests.filter(({ method }) => method !== 'GET');
  assert.deepEqual(
    writes.map(({ method, path }) => `${method} ${path}`),
    ['PUT /conversations/c/messages/a'],
  );
  const [, there] = await server().messages('c');
  assert.deepEqual(strip(there), expected);
  assert.deepEqual(
    (await server().messages('c')).map(({ id }) => id),
    ['q', 'a', 'z'],
  );
  // Again is no change, and a new one comes at the end.
  await store.putMessage('c', { id: 'a', type: 'assistant', content: 'whole', model: 'm-2' });
  assert.equal(store.status.pending, 0);
  await store.putMessage('c', { id: 'new', type: 'user', content: 'new' });
  await store.putMessage('c', { id: 'new', type: 'user', content: 'newer' });
  await store.flush();
  assert.equal((await server().messages('c')).at(-1).content, 'newer');
});

test('a replacement and an edit of another device: the newer stays, and the other is kept', async () => {
  const user = await begin([question, rich('a')]);
  const { tab, store, clock, server } = user;
  await store.flush();
  const other = await another(user);
  await tab.goOffline();
  await other.store.updateMessage('c', 'a', { content: 'edited' });
  await other.store.flush();
  await clock.advance(5_000);
  await store.putMessage('c', { id: 'a', type: 'assistant', content: 'replaced' });
  await tab.goOnline();
  await store.flush();
  const [, stored] = await server().messages('c');
  assert.deepEqual([stored.content, stored.parts, stored.model], ['replaced', undefined, undefined]);
  assert.equal((await store.refusedWrites())[0].content.content, 'edited');
});

test('a device whose clock is slow, or was set back, moves nothing above existing messages', async () => {
  const user = await begin([question, { ...rich('a'), content: 'one' }]);
  const { tab, store, clock, server } = user;
  await store.flush();
  const slow = (minutes) => new Date(clock.now() - minutes * 60_000).toISOString();
  const other = await another(user);
  await store.addMessage('c', { id: 'q2', type: 'user', content: 'two', timestamp: clock.now() });
  await store.flush();
  await other.store.sync();
  await other.store.getConversation('c');
  await clock.settle();
  // Ten minutes slow, then set back by an hour between a question and its reply.
  await other.store.addMessage('c', { id: 'a2', type: 'assistant', content: 'three', timestamp: slow(10) });
  await other.store.addMessage('c', { id: 'q3', type: 'user', content: 'four', timestamp: slow(60) });
  const expected = ['How is the weather?', 'one', 'two', 'three', 'four'];
  assert.deepEqual(contents(await other.store.getConversation('c')), expected);
  await other.store.flush();
  await store.sync();
  await store.getConversation('c');
  await clock.settle();
  await tab.goOffline();
  await store.addMessage('c', { id: 'a3', type: 'assistant', content: 'five', timestamp: slow(999) });
  assert.deepEqual(contents(await store.getConversation('c')), [...expected, 'five']);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(contents(await server().messages('c')), [...expected, 'five']);
});

test('an array keeps its order when it is saved, imported and read back', async () => {
  const ids = ['rules', 'q1', 'a1', 'b1', 'q2'];
  const times = [99, 5, 1, 1, 3];
  const messages = ids.map((id, index) => ({ id, type: 'user', content: id, timestamp: times[index] }));
  const user = await begin(messages);
  const { store, server } = user;
  assert.deepEqual(contents(await store.getConversation('c')), ids);
  await store.flush();
  assert.deepEqual(contents(await server().messages('c')), ids);
  const other = await another(user);
  assert.deepEqual(contents(await other.store.getConversation('c')), ids);
  const { store: theirs } = await new Browser().open({ enabled: false });
  await theirs.importData([{ id: 'c', messages }]);
  assert.deepEqual(contents(await theirs.getConversation('c')), ids);
});

test('an inserted message stays in place, even if another device has appended meanwhile', async () => {
  const said = (id) => ({ id, type: 'user', content: id });
  const user = await begin(['q1', 'a1', 'q2'].map(said));
  const { tab, store, server } = user;
  await store.updateConversation('c', { title: 'Mine', tags: ['t'] });
  await store.flush();
  const other = await another(user);
  await tab.goOffline();
  const opened = await store.getConversation('c');
  const [first, ...rest] = opened.messages;
  await store.saveConversation({ ...opened, messages: [said('rules'), first, said('note'), ...rest, said('q3')] });
  const expected = ['rules', 'q1', 'note', 'a1', 'q2'];
  assert.deepEqual(contents(await store.getConversation('c')), [...expected, 'q3']);
  await other.store.addMessage('c', said('theirs'));
  await other.store.flush();
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(contents(await server().messages('c')), [...expected, 'theirs', 'q3']);
  assert.deepEqual(contents(await store.getConversation('c')), [...expected, 'theirs', 'q3']);
  const [summary] = await server().summaries();
  assert.deepEqual([summary.title, summary.tags, summary.messageCount], ['Mine', ['t'], 7]);
});

test('pages of a long conversation are in its order, with clocks that went up and down', async () => {
  const ids = Array.from({ length: 330 }, (_, index) => `m${index}`);
  const time = (index) => 1_751_545_800_000 + [500, 100, 100, 900, 901, 7][index % 6];
  const user = await begin(ids.map((id, index) => ({ id, type: 'user', content: id, timestamp: time(index) })));
  await user.store.flush();
  const { store, tab } = await another(user);
  let conversation = await store.getConversation('c');
  assert.deepEqual(contents(conversation), ids.slice(-100));
  // More than a page is written elsewhere, so there is a gap between the local and the new messages.
  const more = Array.from({ length: 150 }, (_, index) => `n${index}`);
  const opened = await user.store.getConversation('c');
  const added = more.map((id) => ({ id, type: 'user', content: id, timestamp: 1 }));
  await user.store.saveConversation({ ...opened, messages: [...opened.messages, ...added] });
  await user.store.flush();
  await store.sync();
  await store.getConversation('c');
  await user.clock.settle();
  conversation = await store.getConversation('c');
  assert.deepEqual(contents(conversation), more.slice(-100));
  while (conversation.hasOlder) conversation = await store.loadOlder(conversation);
  assert.deepEqual(contents(conversation), [...ids, ...more]);
  await tab.goOffline();
  conversation = await store.getConversation('c');
  while (conversation.hasOlder) conversation = await store.loadOlder(conversation);
  assert.deepEqual(contents(conversation), [...ids, ...more]);
});

test('a conversation has its expiry, whether it is kept, and its active writer', async () => {
  const { store, clock } = await begin([question]);
  assert.equal((await store.getConversation('c')).expiresAt, undefined);
  await store.flush();
  const [entry] = await store.getAllConversations();
  assert.ok(Date.parse(entry.expiresAt) > clock.now());
  await store.updateConversation('c', { keep: true, activeStreamId: 's-1' });
  await store.flush();
  const [kept] = await store.getAllConversations();
  assert.deepEqual([kept.keep, kept.expiresAt, kept.activeStreamId], [true, null, 's-1']);
});
