/** Changes of other devices: by a stream while one is at work, else by asking, and not at all in a hidden tab. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { Browser, Server, contents, hearOfAnotherDevice, message, until } from './harness.mjs';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Two devices of one user, each with a tab; by default each has heard of the other, and listens. */
async function two({ areListening = true } = {}) {
  const laptop = new Browser();
  const phone = new Browser({ clock: laptop.clock });
  const a = await laptop.open();
  await a.store.saveConversation({ id: 'c', messages: [message(laptop.clock, 'user', 'q')] });
  await a.store.flush();
  for (const [key, value] of laptop.values) phone.values.set(key, value);
  const b = await phone.open();
  await until(() => b.store.getConversation('c'));
  if (areListening) {
    await hearOfAnotherDevice(laptop, b, 'c');
    await hearOfAnotherDevice(laptop, a, 'c');
  }
  return { laptop, phone, a, b, clock: laptop.clock, server: new Server(laptop) };
}

const syncs = ({ requests }) => requests.filter(({ path }) => path.startsWith('/sync'));

test('a write on one device reaches the other at once, without polling', async () => {
  const { phone, a, b, clock } = await two();
  phone.network.requests.length = 0;
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  await until(async () => contents(await b.store.getConversation('c')).length === 2);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['q', 'hello']);
  assert.deepEqual(phone.network.requests, []);
  assert.ok(b.of('change').some(({ changed, source }) => source === 'server' && changed.includes('c')));
});

test('messages too large for an event are fetched, and the open conversation is read', async () => {
  const { phone, a, b, clock, server } = await two();
  const text = randomBytes(9_000).toString('base64');
  phone.network.requests.length = 0;
  await a.store.addMessage('c', message(clock, 'assistant', text));
  await a.store.updateConversation('c', { title: 'Long' });
  await a.store.flush();
  await until(async () => {
    await clock.advance(1_000);
    const { messages, title } = await b.store.getConversation('c');
    return messages.length === 2 && title === 'Long';
  });
  assert.equal((await b.store.getConversation('c')).messages[1].content, text);
  await server.call('DELETE', '/conversations/c');
  await until(async () => (await b.store.getAllConversations()).length === 0);
});

test('a long text that compresses well comes with the event', async () => {
  const { phone, a, b, clock } = await two();
  const text = 'a few more words '.repeat(500);
  phone.network.requests.length = 0;
  await a.store.addMessage('c', message(clock, 'assistant', text));
  await a.store.flush();
  await until(async () => (await b.store.getConversation('c')).messages.length === 2);
  assert.equal((await b.store.getConversation('c')).messages[1].content, text);
  assert.deepEqual(phone.network.requests, []);
});

test('an event updates the list entry of an unopened conversation without a request', async () => {
  const { laptop, phone, a, b, clock } = await two();
  await a.store.saveConversation({ id: 'd', title: 'D', messages: [message(clock, 'user', 'q')] });
  await a.store.flush();
  await clock.advance(1_000);
  const listed = async () => (await b.store.getAllConversations()).find(({ id }) => id === 'd');
  await until(listed);
  phone.network.requests.length = 0;
  const tokens = { tokens: { input: 1, output: 2, total: 3 } };
  await a.store.addMessage('d', message(clock, 'assistant', 'hello', tokens));
  await a.store.flush();
  await until(async () => (await listed()).messageCount === 2);
  const [there] = (await new Server(laptop).summaries()).filter(({ id }) => id === 'd');
  assert.deepEqual(phone.network.requests, []);
  const { totalTokens, updatedAt } = await listed();
  assert.deepEqual([totalTokens, updatedAt], [there.totalTokens, there.updatedAt]);
  assert.deepEqual(contents(await b.store.getConversation('d')), ['q', 'hello']);
});

test('the tabs of a browser share one stream', async () => {
  const { phone, a, b, clock } = await two();
  const second = await phone.open();
  const third = await phone.open();
  await clock.settle();
  assert.equal(phone.network.streams, 1);
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  for (const tab of [second, third]) {
    await until(() => tab.of('change').some(({ source }) => source === 'server'));
    assert.deepEqual(contents(await tab.store.getConversation('c')), ['q', 'hello']);
    await until(() => tab.store.status.live === 'stream');
  }
  await b.crash();
  await until(() => second.store.status.leader);
  await until(() => phone.network.streams === 1);
});

test('a hidden tab stops listening, and catches up when it is seen again', async () => {
  const { phone, a, b, clock } = await two();
  b.hide();
  await clock.advance(50_000);
  assert.equal(phone.network.streams, 1);
  await clock.advance(20_000);
  assert.equal(phone.network.streams, 0);
  phone.network.requests.length = 0;
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  await clock.advance(3_600_000);
  assert.deepEqual(phone.network.requests, []);
  b.show();
  await until(async () => (await b.store.getConversation('c')).messages.length === 2);
});

test('an ended stream is resumed only while another device is active', async () => {
  const { phone, a, b, clock } = await two();
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  await until(async () => (await b.store.getConversation('c')).messages.length === 2);
  phone.network.requests.length = 0;
  await clock.advance(9 * MINUTE);
  assert.equal(phone.network.streams, 1);
  assert.equal(syncs(phone.network).length, 1);
  for (const { path } of syncs(phone.network)) assert.match(path, /cursor=.*&place=\d+\./);
  await clock.advance(11 * MINUTE);
  assert.equal(phone.network.streams, 0);
  await a.store.addMessage('c', message(clock, 'user', 'goes on'));
  await a.store.flush();
  await clock.advance(5 * MINUTE);
  assert.equal((await b.store.getConversation('c')).messages.length, 3);
  assert.equal(phone.network.streams, 1);
});

test('without other writers no stream is open, and polling gets rarer', async () => {
  const { phone, clock } = await two({ areListening: false });
  const counts = [];
  for (let hour = 0; hour < 4; hour += 1) {
    phone.network.requests.length = 0;
    await clock.advance(HOUR);
    assert.equal(phone.network.streams, 0);
    counts.push(syncs(phone.network).length);
  }
  assert.ok(counts[0] >= 3 && counts[0] <= 4, `${counts}`);
  assert.ok(counts[3] <= 1, `${counts}`);
});

test('a page used again shows changes of another device at once, and then each change', async () => {
  for (const comeBack of [(tab) => tab.focus(), (tab) => tab.networkChanged(), (tab) => tab.hide() ?? tab.show()]) {
    const { phone, a, b, clock } = await two({ areListening: false });
    await clock.advance(HOUR);
    await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
    await a.store.flush();
    assert.equal((await b.store.getConversation('c')).messages.length, 1);
    comeBack(b);
    await clock.settle();
    await until(async () => (await b.store.getConversation('c')).messages.length === 2);
    await until(() => b.store.status.live === 'stream');
    phone.network.requests.length = 0;
    await a.store.addMessage('c', message(clock, 'user', 'goes on'));
    await a.store.flush();
    await until(async () => (await b.store.getConversation('c')).messages.length === 3);
    assert.deepEqual(phone.network.requests, []);
  }
});

test('a page focused repeatedly polls at most twice a minute', async () => {
  const { phone, b, clock } = await two({ areListening: false });
  await clock.advance(HOUR);
  phone.network.requests.length = 0;
  for (let second = 0; second < 115; second += 1) {
    b.focus();
    await clock.advance(1_000);
  }
  assert.ok(syncs(phone.network).length <= 4, `${syncs(phone.network).length}`);
});

test('if streams are blocked, polling starts after 30 seconds and gets rarer', async () => {
  const browser = new Browser();
  const real = browser.network.fetch;
  // A proxy that buffers the response until it is complete.
  const fetch = (url, options) =>
    options.headers.Accept
      ? new Promise((_, reject) => {
          options.signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
        })
      : real(url, options);
  const tab = await browser.open({ environment: { fetch } });
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await tab.store.flush();
  await tab.store.sync();
  await new Server(browser).call('PATCH', '/conversations/c', { title: 'changed' });
  await tab.store.sync();
  await browser.clock.advance(15_000);
  await until(() => tab.store.status.live === 'polling');
  browser.network.requests.length = 0;
  await browser.clock.advance(9 * MINUTE);
  assert.ok(syncs(browser.network).length >= 9, 'somebody is there');
  const counts = [];
  for (let step = 0; step < 4; step += 1) {
    browser.network.requests.length = 0;
    await browser.clock.advance(10 * MINUTE);
    counts.push(syncs(browser.network).length);
  }
  assert.ok(
    counts.every((count) => count <= 3),
    `${counts}`,
  );
});

test('an own write reveals missed changes', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await store.flush();
  await store.sync();
  await browser.clock.advance(400_000);
  assert.equal(store.status.live, 'resting');
  browser.network.requests.length = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    await store.addMessage('c', message(browser.clock, 'assistant', 'a'));
    await browser.clock.advance(60_000);
  }
  assert.deepEqual(syncs(browser.network), [], 'nobody else has written');
  await new Server(browser).call('POST', '/conversations', { id: 'd' });
  await store.addMessage('c', message(browser.clock, 'assistant', 'b'));
  await browser.clock.advance(60_000);
  assert.equal(syncs(browser.network).length >= 1, true);
  assert.deepEqual((await store.getAllConversations()).map(({ id }) => id).sort(), ['c', 'd']);
});

test('a visitor without data creates no user', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  await store.getAllConversations();
  assert.equal(await store.getConversation('c'), null);
  await browser.clock.advance(600_000);
  assert.deepEqual(browser.network.log, []);
});

test('data lost by the server is kept here, and sent again with the next message', async () => {
  const { laptop, a, b, clock } = await two();
  await b.store.close();
  await a.goOffline();
  await new Server(laptop).call('DELETE', '/user');
  await a.goOnline();
  await a.store.sync();
  const [kept] = await a.store.getAllConversations();
  assert.equal(kept.onServer, false);
  assert.deepEqual(contents(await a.store.getConversation('c')), ['q']);
  await a.store.addMessage('c', message(clock, 'assistant', 'still here'));
  await a.store.flush();
  assert.deepEqual(contents(await new Server(laptop).messages('c')), ['q', 'still here']);
});

test('the first call starts a session', async () => {
  const { store } = await new Browser().open();
  await store.sync();
  assert.notEqual(store.status.userId, null);
});

test('a new device sees the progress of its list', async () => {
  const first = new Browser();
  const { store } = await first.open();
  const all = Array.from({ length: 120 }, (_, at) => ({
    id: `c${at}`,
    messages: [{ id: 'm', type: 'user', content: 'x' }],
  }));
  await store.importData(all);
  const { code } = await store.createLinkCode();

  const second = new Browser();
  const { network } = second;
  const isTold = () =>
    network.requests.some(({ method, path, status }) => `${method} ${path} ${status}` === 'GET /user 200');
  const tab = await second.open();
  const isStream = ({ headers }) => headers.Accept === 'text/event-stream';
  network.fault = (request) => isStream(request) && { status: 429, code: 'too_many_streams', retryAfter: 600 };
  network.before = async ({ path }) => {
    // The second page comes after the server has said how many there are.
    if (path.startsWith('/sync') && tab.store.status.loading?.done === 50) await until(isTold);
  };
  await tab.store.redeemLinkCode(code);
  await tab.store.sync();
  const told = tab.of('status').map(({ loading }) => loading && `${loading.done} of ${loading.total}`);
  const changes = told.filter((text, at) => text !== told[at - 1]);
  assert.deepEqual(changes.slice(changes.indexOf('0 of null')), [
    '0 of null',
    '50 of null',
    '50 of 120',
    '100 of 120',
    null,
  ]);
  assert.equal((await tab.store.getAllConversations()).length, 120);
  assert.equal(network.log.filter((request) => request === 'GET /user').length, 1);
  // A list that is on the device already makes no progress.
  tab.events.length = 0;
  await tab.store.sync();
  assert.deepEqual(
    tab.of('status').filter(({ loading }) => loading),
    [],
  );
});
