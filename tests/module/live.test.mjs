/** Changes of other devices: by a stream, by polling, and not at all in a hidden tab. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

/** Two devices of one user, each with a tab that listens. */
async function two() {
  const laptop = new Browser();
  const phone = new Browser({ clock: laptop.clock });
  const a = await laptop.open();
  await a.store.saveConversation({ id: 'c', messages: [message(laptop.clock, 'user', 'q')] });
  await a.store.flush();
  for (const [key, value] of laptop.values) phone.values.set(key, value);
  const b = await phone.open();
  await listening(a, b);
  await until(() => b.store.getConversation('c'));
  return { laptop, phone, a, b, clock: laptop.clock, server: new Server(laptop) };
}

async function listening(...tabs) {
  for (const { store } of tabs) await until(() => store.status.live === 'stream', 'a stream');
}

const syncs = ({ requests }) => requests.filter(({ path }) => path.startsWith('/sync'));

test('what one device writes is on the other at once, without its asking', async () => {
  const { phone, a, b, clock } = await two();
  phone.network.requests.length = 0;
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  await until(async () => contents(await b.store.getConversation('c')).length === 2);
  assert.deepEqual(contents(await b.store.getConversation('c')), ['q', 'hello']);
  assert.deepEqual(phone.network.requests, []);
  assert.ok(b.of('change').some(({ changed, source }) => source === 'server' && changed.includes('c')));
});

test('what does not fit into an event is asked for, and what is open is read', async () => {
  const { phone, a, b, clock, server } = await two();
  const text = Array.from({ length: 9_000 }, (_, index) => String.fromCharCode(33 + ((index * index) % 89))).join('');
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
    assert.equal(tab.store.status.live, 'stream');
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

test('a stream that ends is taken up where it was while there is company, and less often without', async () => {
  const { laptop, phone, a, b, clock } = await two();
  await a.store.addMessage('c', message(clock, 'assistant', 'hello'));
  await a.store.flush();
  await until(async () => (await b.store.getConversation('c')).messages.length === 2);
  phone.network.requests.length = 0;
  laptop.network.requests.length = 0;
  for (let minute = 0; minute < 30; minute += 1) await clock.advance(60_000);
  assert.ok(syncs(phone.network).length >= 6, 'the phone has heard of somebody');
  assert.ok(syncs(laptop.network).length <= 3, 'the laptop has not');
  for (const { path } of syncs(phone.network)) assert.match(path, /cursor=/);
  assert.equal(phone.network.log.length, syncs(phone.network).length);
});

test('where no stream comes through it is polled: after 30 seconds, then less and less', async () => {
  const browser = new Browser();
  const real = browser.network.fetch;
  // Something on the way that keeps the answer until it is complete.
  const fetch = (url, options) =>
    options.headers.Accept
      ? new Promise((_, reject) => {
          options.signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
        })
      : real(url, options);
  const tab = await browser.open({ environment: { fetch } });
  await tab.store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await tab.store.flush();
  await browser.clock.advance(15_000);
  await until(() => tab.store.status.live === 'polling');
  browser.network.requests.length = 0;
  const counts = [];
  for (let step = 0; step < 4; step += 1) {
    await browser.clock.advance(600_000);
    counts.push(syncs(browser.network).length);
  }
  assert.ok(counts[0] >= 2 && counts[0] <= 4, `${counts}`);
  assert.ok(counts[3] - counts[0] <= 2, `${counts}`);
  await new Server(browser).call('PATCH', '/conversations/c', { title: 'changed' });
  await tab.store.sync();
  browser.network.requests.length = 0;
  await browser.clock.advance(600_000);
  assert.ok(syncs(browser.network).length >= 10, 'somebody is there');
});

test('an own write shows whether anything was missed', async () => {
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

test('a visitor who has nothing is no user of the server', async () => {
  const browser = new Browser();
  const { store } = await browser.open();
  await store.getAllConversations();
  assert.equal(await store.getConversation('c'), null);
  await browser.clock.advance(600_000);
  assert.deepEqual(browser.network.log, []);
});

test('what the server has lost is kept here, and goes there again with the next word', async () => {
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

test('the first call begins a session', async () => {
  const { store } = await new Browser().open();
  await store.sync();
  assert.notEqual(store.status.userId, null);
});
