/** Writes wait on the device until the server has them: offline, across reloads and tabs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

/** A browser with a conversation of one message that the server has. */
async function begin() {
  const browser = new Browser();
  const tab = await browser.open();
  const first = message(browser.clock, 'user', 'first');
  await tab.store.saveConversation({ id: 'c', messages: [first] });
  await tab.store.flush();
  return { browser, tab, store: tab.store, server: new Server(browser), first };
}

test('after a deletion is sent, nothing is pending', async () => {
  const { store } = await begin();
  await store.deleteConversation('c');
  await store.flush();
  assert.equal(store.status.pending, 0);
  assert.equal(store.status.mode, 'synced');
});

test('offline writes survive the tab, and are sent in order', async () => {
  const { browser, tab, server } = await begin();
  await tab.goOffline();
  for (const text of ['second', 'third']) await tab.store.addMessage('c', message(browser.clock, 'assistant', text));
  await tab.store.saveConversation({ id: 'd', messages: [message(browser.clock, 'user', 'other')] });
  await browser.clock.advance(60_000);
  assert.equal(tab.store.status.mode, 'offline');
  assert.equal(tab.store.status.pending, 2);
  await tab.crash();

  browser.network.goOnline();
  const again = await browser.open();
  assert.deepEqual(contents(await again.store.getConversation('c')), ['first', 'second', 'third']);
  await again.store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'second', 'third']);
  assert.deepEqual(contents(await server.messages('d')), ['other']);
});

test('back online, pending writes are sent automatically', async () => {
  const { browser, tab, store, server } = await begin();
  await tab.goOffline();
  await store.addMessage('c', message(browser.clock, 'assistant', 'second'));
  await browser.clock.advance(120_000);
  await tab.goOnline();
  await browser.clock.advance(2_000);
  assert.deepEqual(contents(await server.messages('c')), ['first', 'second']);
  assert.equal(store.status.mode, 'synced');
});

test('after a lost response the same request is sent again', async () => {
  const { browser, store, server } = await begin();
  let lost = 0;
  browser.network.fault = ({ method }) => (method !== 'GET' && lost++ < 2 ? 'lost' : undefined);
  const reply = message(browser.clock, 'assistant', 'part', { streaming: true });
  await store.addMessage('c', reply);
  await browser.clock.advance(30_500);
  // Sent, but not confirmed; meanwhile the text grows.
  await store.updateMessage('c', reply.id, { content: 'part and whole', streaming: false });
  await browser.clock.advance(20_000);
  const bodies = browser.network.requests.filter(({ path }) => path.endsWith('/messages')).map(({ body }) => body);
  assert.ok(bodies.length >= 2);
  assert.deepEqual(new Set(bodies).size, 1);
  assert.deepEqual(contents(await server.messages('c')), ['first', 'part and whole']);
});

test('a tab that crashes between request and response duplicates nothing', async () => {
  const { browser, tab, server } = await begin();
  browser.network.fault = ({ method }) => (method === 'GET' ? undefined : 'lost');
  await tab.store.addMessage(
    'c',
    message(browser.clock, 'assistant', 'second', { tokens: { input: 1, output: 1, total: 2 } }),
  );
  await browser.clock.advance(2_000);
  await tab.crash();
  browser.network.fault = () => undefined;
  const { store } = await browser.open();
  await store.updateMessage('c', (await store.getConversation('c')).messages[1].id, { content: 'second!' });
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'second!']);
  assert.equal((await server.summaries())[0].totalTokens, 2);
});

test('after five failures the server is left alone for a minute', async () => {
  const { browser, store } = await begin();
  browser.network.fault = () => 503;
  await store.addMessage('c', message(browser.clock, 'assistant', 'second'));
  browser.network.requests.length = 0;
  await browser.clock.advance(60_000);
  const { length } = browser.network.requests;
  assert.ok(length >= 5 && length <= 7, `${length} requests`);
  assert.equal(store.status.mode, 'offline');
  browser.network.fault = () => undefined;
  await browser.clock.advance(180_000);
  assert.equal(store.status.mode, 'synced');
});

test('with storage switched off, everything works locally', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  const disabled = '{"error":{"code":"storage_disabled","message":"off","requestId":"r"}}';
  const real = browser.network.fetch;
  let isOff = true;
  await store.close();
  const fetch = async (url, options) => {
    if (!isOff || url.endsWith('/session')) return real(url, options);
    browser.network.requests.push({ path: url });
    return new Response(disabled, { status: 503 });
  };
  const tab = await browser.open({ environment: { fetch } });
  for (let index = 0; index < 3; index += 1) {
    await tab.store.saveConversation({ id: `c${index}`, messages: [message(browser.clock, 'user', `q${index}`)] });
    await browser.clock.advance(3_600_000);
  }
  assert.equal(tab.store.status.mode, 'local');
  assert.equal(tab.store.status.problem, 'storage_disabled');
  assert.equal((await tab.store.getAllConversations()).length, 3);
  assert.deepEqual(contents(await tab.store.getConversation('c1')), ['q1']);
  assert.ok(browser.network.requests.length < 50, `${browser.network.requests.length} requests in three hours`);
  isOff = false;
  await browser.clock.advance(1_200_000);
  assert.equal((await new Server(browser).summaries()).length, 3);
});

test('without a server, everything works locally', async () => {
  const browser = new Browser();
  const tab = await browser.open({ enabled: false });
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await browser.clock.advance(3_600_000);
  assert.equal(tab.store.status.mode, 'local');
  await assert.rejects(tab.store.flush(), { code: 'disabled' });
  await tab.store.deleteConversation('c');
  assert.deepEqual(await tab.store.getAllConversations(), []);
  assert.deepEqual(browser.network.log, []);
});

test('a refused message is taken back, the others go through, and its text is kept', async () => {
  const { browser, tab, store, server } = await begin();
  const large = message(browser.clock, 'user', 'x'.repeat(1_100_000));
  await store.addMessage('c', message(browser.clock, 'user', 'before'));
  await store.addMessage('c', large);
  await store.addMessage('c', message(browser.clock, 'user', 'after'));
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'before', 'after']);
  assert.deepEqual(contents(await store.getConversation('c')), ['first', 'before', 'after']);
  const [refused] = await store.refusedWrites();
  assert.deepEqual([refused.code, refused.conversationId, refused.messageId], ['message_too_large', 'c', large.id]);
  assert.equal(refused.content.content, large.content);
  assert.equal(tab.of('refused').length, 1);
  assert.equal(store.status.refused, 1);
  await store.discardRefused(refused.key);
  assert.deepEqual(await store.refusedWrites(), []);
});

test('a refused edit goes back to what it was', async () => {
  const { store, server, first } = await begin();
  await store.updateMessage('c', first.id, { content: 'x'.repeat(1_100_000) });
  await store.updateConversation('c', { title: 't'.repeat(2_000) });
  await store.flush();
  const conversation = await store.getConversation('c');
  assert.deepEqual([contents(conversation), conversation.title], [['first'], 'first']);
  assert.deepEqual(
    (await store.refusedWrites()).map(({ code }) => code),
    ['invalid_field', 'message_too_large'],
  );
  assert.deepEqual(contents(await server.messages('c')), ['first']);
});

test('a turn in a hidden tab is sent too', async () => {
  const { browser, tab, store, server } = await begin();
  await store.addMessage('c', message(browser.clock, 'user', 'second'));
  tab.hide();
  await browser.clock.settle();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'second']);
  await store.addMessage('c', message(browser.clock, 'assistant', 'third'));
  await browser.clock.advance(300_000);
  assert.deepEqual(contents(await server.messages('c')), ['first', 'second', 'third']);
  assert.equal(store.status.leader, false);
});

test('one of several tabs sends, and another takes over when it is gone', async () => {
  const { browser, tab, server } = await begin();
  const second = await browser.open();
  assert.deepEqual([tab.store.status.leader, second.store.status.leader], [true, false]);
  await second.store.addMessage('c', message(browser.clock, 'assistant', 'by the second'));
  assert.deepEqual(contents(await tab.store.getConversation('c')), ['first', 'by the second']);
  await second.store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'by the second']);
  assert.ok(tab.of('change').some(({ source }) => source === 'other-tab'));
  await tab.crash();
  await until(() => second.store.status.leader);
  await second.store.addMessage('c', message(browser.clock, 'assistant', 'alone'));
  await second.store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['first', 'by the second', 'alone']);
});

test('a conversation too large for one request is sent in several', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  const base = browser.clock.now();
  const messages = Array.from({ length: 12 }, (_, index) => ({
    id: `m${index}`,
    type: 'user',
    content: `${index}`.repeat(900_000 / `${index}`.length),
    timestamp: base + index,
  }));
  await store.saveConversation({ id: 'huge', messages });
  await store.flush();
  const stored = await new Server(browser).messages('huge');
  assert.deepEqual(
    stored.map(({ id }) => id),
    messages.map(({ id }) => id),
  );
  assert.ok(browser.network.requests.every(({ body }) => (body?.length ?? 0) < 4_500_000));
});
