/** Saving whole conversations: the requests, and what a frontend reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, tick, until } from './harness.mjs';

async function begin(turns = 1, browser = new Browser()) {
  const tab = await browser.open();
  const { store } = tab;
  let conversation = store.createNewConversation({ files: { on: true } });
  for (let turn = 0; turn < turns; turn += 1) {
    const messages = [
      ...conversation.messages,
      message(browser.clock, 'user', `q${turn}`),
      message(browser.clock, 'assistant', `a${turn}`),
    ];
    conversation = { ...conversation, messages };
    await store.saveConversation(conversation);
  }
  await store.flush();
  return { browser, tab, store, conversation, server: new Server(browser) };
}

test('an unsent message does not look sent once it is saved', async () => {
  const { store, conversation, browser } = await begin();
  assert.equal(store.status.mode, 'synced');
  await store.addMessage(conversation.id, message(browser.clock, 'user', 'one more'));
  assert.equal(store.status.mode, 'sending');
  assert.equal(store.status.pending, 1);
  await store.flush();
  assert.equal(store.status.mode, 'synced');
});

test('a save is readable at once, and at the server after a while', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  const conversation = store.createNewConversation();
  const messages = [
    message(browser.clock, 'user', 'How do I undo the last commit?'),
    message(browser.clock, 'assistant', 'reset'),
  ];
  await store.saveConversation({ ...conversation, messages });
  const read = await store.getConversation(conversation.id);
  assert.deepEqual(contents(read), ['How do I undo the last commit?', 'reset']);
  assert.equal(read.title, 'How do I undo the last');
  assert.equal(read.pending, true);
  assert.deepEqual(browser.network.log, []);
  await browser.clock.advance(2_000);
  assert.deepEqual(
    browser.network.log.filter((line) => !line.includes('sync')),
    ['POST /session', 'POST /conversations'],
  );
  assert.deepEqual(
    await new Server(browser).messages(conversation.id),
    messages.map(({ id, type, content, timestamp }) => ({ id, timestamp, type, content })),
  );
  assert.equal((await store.getConversation(conversation.id)).pending, false);
  assert.equal(store.status.mode, 'synced');
});

test('a streaming reply becomes one request with its question', async () => {
  const { browser, store, conversation, server } = await begin();
  const question = message(browser.clock, 'user', 'tell me more');
  const reply = message(browser.clock, 'assistant', '', { streaming: true });
  browser.network.requests.length = 0;
  for (let length = 0; length < 20; length += 1) {
    reply.content += 'word ';
    await store.saveConversation({ ...conversation, messages: [...conversation.messages, question, reply] });
    await browser.clock.advance(300);
  }
  assert.deepEqual(
    browser.network.log.filter((line) => line.startsWith('POST')),
    [],
  );
  reply.streaming = false;
  await store.saveConversation({ ...conversation, messages: [...conversation.messages, question, reply] });
  await browser.clock.advance(2_000);
  assert.deepEqual(
    browser.network.log.filter((line) => !line.includes('sync')),
    [`POST /conversations/${conversation.id}/messages`],
  );
  const sent = JSON.parse(browser.network.requests.find(({ method }) => method === 'POST').body);
  assert.deepEqual(contents(sent), ['tell me more', 'word '.repeat(20)]);
  assert.equal((await server.messages(conversation.id)).length, 4);
});

test('a long reply is sent in parts, and the rest as an edit', async () => {
  const { browser, store, conversation, server } = await begin();
  const reply = message(browser.clock, 'assistant', '', { streaming: true });
  for (let second = 0; second < 40; second += 1) {
    reply.content += `${second} `;
    await store.saveConversation({ ...conversation, messages: [...conversation.messages, reply] });
    await browser.clock.advance(1_000);
  }
  delete reply.streaming;
  await store.saveConversation({ ...conversation, messages: [...conversation.messages, reply] });
  await browser.clock.advance(2_000);
  const stored = (await server.messages(conversation.id)).at(-1);
  assert.equal(stored.content, reply.content);
  assert.equal('streaming' in stored, false);
  const requests = browser.network.requests.filter(({ body }) => body?.includes(reply.id) || body?.includes('content'));
  assert.ok(requests.length <= 4, `${requests.length}`);
});

test('an edited message drops the later ones with one request', async () => {
  const { browser, store, conversation, server } = await begin(3);
  browser.network.requests.length = 0;
  const [first, second] = conversation.messages;
  const edited = [first, second, { ...conversation.messages[2], content: 'edited' }];
  await store.saveConversation({ ...conversation, messages: edited });
  await store.flush();
  assert.deepEqual(contents(await server.messages(conversation.id)), ['q0', 'a0', 'edited']);
  const methods = browser.network.log.filter((line) => !line.includes('sync')).map((line) => line.split(' ')[0]);
  assert.deepEqual(methods, ['DELETE', 'PATCH']);
});

test('a pending write reported by a sync is not read again', async () => {
  const browser = new Browser();
  const { network } = browser;
  const reached = new Set();
  // The response to the initial request has the deletion, whose own response comes later.
  network.before = ({ path }) => path.startsWith('/sync') && until(() => reached.has('DELETE'));
  network.after = async ({ method, path }) => {
    reached.add(path.startsWith('/sync') ? 'sync' : method);
    if (method !== 'DELETE') return;
    await until(() => reached.has('sync'));
    for (let turn = 0; turn < 20; turn += 1) await tick();
  };
  const { store, conversation } = await begin(3, browser);
  network.requests.length = 0;
  const [first, second] = conversation.messages;
  await store.saveConversation({ ...conversation, messages: [{ ...first, content: 'edited' }, second] });
  await store.flush();
  await until(() => reached.has('sync'));
  assert.deepEqual(
    network.log.filter((line) => !line.includes('sync')).map((line) => line.split(' ')[0]),
    ['DELETE', 'PATCH'],
  );
});

test('an object of the list, or with messages missing, removes nothing', async () => {
  const { store, conversation, server } = await begin(2);
  const [entry] = await store.getAllConversations();
  assert.deepEqual(entry.messages, []);
  await store.saveConversation({ ...entry, title: 'Renamed' });
  const { messages, snapshot, ...rest } = conversation;
  await store.saveConversation(rest);
  await store.saveConversation({ ...rest, messages: [] });
  await store.saveConversation({ id: conversation.id, title: 'Renamed', messages: [messages.at(-1)] });
  await store.flush();
  assert.equal((await server.messages(conversation.id)).length, 4);
  assert.equal((await server.summaries())[0].title, 'Renamed');
});

test('an object with all messages may remove any of them', async () => {
  const { store, conversation, server } = await begin(2);
  const opened = await store.getConversation(conversation.id);
  await store.saveConversation({ ...opened, messages: opened.messages.slice(1) });
  await store.flush();
  assert.deepEqual(contents(await server.messages(conversation.id)), ['a0', 'q1', 'a1']);
  await store.saveConversation({ ...opened, messages: [] });
  await store.flush();
  assert.deepEqual(await server.messages(conversation.id), []);
});

test('a rebuilt object truncates as the frontend does', async () => {
  const { store, conversation, server } = await begin(2);
  const { id, title, messages } = conversation;
  await store.saveConversation({ id, title, messages: messages.slice(0, 2) });
  await store.flush();
  assert.deepEqual(contents(await server.messages(id)), ['q0', 'a0']);
});

test('single messages can be added, changed and deleted', async () => {
  const { browser, store, conversation, server } = await begin(1);
  const more = message(browser.clock, 'user', 'more');
  await store.addMessage(conversation.id, more);
  await store.addMessage(conversation.id, more);
  await store.updateMessage(conversation.id, more.id, {
    content: 'still more',
    tokens: { input: 1, output: 2, total: 3 },
  });
  await store.flush();
  await store.updateMessage(conversation.id, conversation.messages[0].id, { content: 'q!' });
  await store.deleteMessage(conversation.id, conversation.messages[1].id);
  await store.updateConversation(conversation.id, { pinned: true, tags: ['a'] });
  await store.flush();
  assert.deepEqual(contents(await server.messages(conversation.id)), ['q!', 'still more']);
  const [summary] = await server.summaries();
  assert.deepEqual([summary.pinned, summary.tags, summary.totalTokens], [true, ['a'], 3]);
  await assert.rejects(store.updateMessage(conversation.id, 'nope', { content: 'x' }), { code: 'message_not_found' });
  await assert.rejects(store.addMessage('nope', more), { code: 'conversation_not_found' });
});

test('a late save does not restore a deleted conversation; new messages to it are kept', async () => {
  const { browser, tab, store, conversation, server } = await begin(1);
  await store.deleteConversation(conversation.id);
  assert.equal(await store.getConversation(conversation.id), null);
  await assert.rejects(store.saveConversation(conversation), { code: 'conversation_deleted' });
  await store.flush();
  assert.equal(await server.messages(conversation.id), undefined);
  const late = { ...conversation, messages: [...conversation.messages, message(browser.clock, 'user', 'but wait')] };
  await store.saveConversation(late);
  const [kept] = await store.getAllConversations();
  assert.notEqual(kept.id, conversation.id);
  assert.deepEqual(contents(await store.getConversation(conversation.id)), ['q0', 'a0', 'but wait']);
  await store.flush();
  assert.deepEqual(contents(await server.messages(kept.id)), ['q0', 'a0', 'but wait']);
  assert.ok(tab.of('change').some(({ deleted }) => deleted.includes(conversation.id)));
});

test('the object may be changed by its owner while it is saved', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  const conversation = { ...store.createNewConversation(), messages: [message(browser.clock, 'user', 'one')] };
  const saved = store.saveConversation(conversation);
  conversation.messages[0].content = 'two';
  conversation.messages.push(message(browser.clock, 'user', 'three'));
  await saved;
  assert.deepEqual(contents(await store.getConversation(conversation.id)), ['one']);
});

test('invalid input is refused', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  await assert.rejects(store.saveConversation({ id: 'a b', messages: [] }), { code: 'invalid_id' });
  await assert.rejects(store.saveConversation({ id: 'c', messages: [{ id: 'm', type: 'robot', content: '' }] }), {
    code: 'invalid_message',
  });
  await assert.rejects(store.addMessage('c', { id: 'm', type: 'user' }), { code: 'invalid_message' });
  assert.deepEqual(await store.getAllConversations(), []);
});

test("times come back in the frontend's format", async () => {
  const browser = new Browser();
  const { store } = await browser.open({ readTime: (iso) => new Date(iso) });
  const at = new Date(browser.clock.now());
  const conversation = store.createNewConversation();
  assert.ok(conversation.createdAt instanceof Date);
  await store.saveConversation({ ...conversation, messages: [{ id: 'm', type: 'user', content: 'x', timestamp: at }] });
  const read = await store.getConversation(conversation.id);
  assert.deepEqual([read.messages[0].timestamp, read.createdAt], [at, conversation.createdAt]);
});

test('a conversation of 10,000 messages comes by pages, and a save writes what changed', async () => {
  const browser = new Browser();
  const first = await browser.open();
  const base = browser.clock.now();
  const messages = Array.from({ length: 1_000 }, (_, index) => ({
    id: `m${index}`,
    type: 'user',
    content: `text ${index}`,
    timestamp: base + index,
  }));
  await first.store.saveConversation({ id: 'long', messages });
  await first.store.flush();
  await first.store.close();

  const other = new Browser();
  for (const [key, value] of browser.values) other.values.set(key, value);
  const { store } = await other.open();
  await store.sync();
  let conversation = await store.getConversation('long');
  assert.equal(conversation.messages.length, 100);
  assert.equal(conversation.messages.at(-1).id, 'm999');
  assert.equal(conversation.messageCount, 1_000);
  while (conversation.hasOlder) conversation = await store.loadOlder(conversation);
  assert.deepEqual(
    conversation.messages.map(({ id }) => id),
    messages.map(({ id }) => id),
  );
  await store.saveConversation({ ...conversation, messages: conversation.messages.filter(({ id }) => id !== 'm5') });
  await store.flush();
  assert.equal((await new Server(other).messages('long')).length, 999);
  await until(() => store.status.mode === 'synced');
});
