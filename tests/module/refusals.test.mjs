/** Refusals by a limit of the server, and when the module retries. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

const HOUR = 3_600_000;

async function begin() {
  const browser = new Browser();
  const tab = await browser.open();
  for (const id of ['c', 'd'])
    await tab.store.saveConversation({ id, messages: [message(browser.clock, 'user', 'q')] });
  await tab.store.flush();
  browser.network.requests.length = 0;
  return { browser, tab, store: tab.store, server: new Server(browser) };
}

const isStream = ({ headers }) => headers.Accept === 'text/event-stream';

const writes = ({ network }) =>
  network.requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/conversations'));

test('a user with too many streams polls instead, and retries when the server said so', async () => {
  const browser = new Browser();
  let isCrowded = true;
  const refusal = { status: 429, code: 'too_many_streams', retryAfter: 60 };
  browser.network.fault = (request) => (isCrowded && isStream(request) ? refusal : undefined);
  const { store } = await browser.open();
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await store.flush();
  await store.sync();
  await new Server(browser).call('PATCH', '/conversations/c', { title: 'At work' });
  await store.sync();
  await until(() => store.status.live === 'polling');
  assert.equal(store.status.mode, 'synced');
  await new Server(browser).call('PATCH', '/conversations/c', { title: 'By another' });
  await browser.clock.advance(40_000);
  assert.equal((await store.getConversation('c')).title, 'By another');
  assert.equal(browser.network.requests.filter(isStream).length, 1);
  isCrowded = false;
  await browser.clock.advance(60_000);
  await until(() => store.status.live === 'stream');
});

for (const refusal of [
  { status: 503, code: 'writes_paused', retryAfter: 7_200 },
  { status: 429, code: 'too_much_from_address', retryAfter: 7_200 },
]) {
  test(`${refusal.code}: writes wait as long as the server said, deletions and reads continue`, async () => {
    const { browser, tab, store, server } = await begin();
    browser.network.fault = ({ method, path }) =>
      ['POST', 'PATCH'].includes(method) && path.startsWith('/conversations') ? refusal : undefined;
    await store.addMessage('c', message(browser.clock, 'assistant', 'more'));
    await browser.clock.advance(5_000);
    assert.equal(store.status.problem, refusal.code);
    await store.deleteConversation('d');
    await browser.clock.advance(5_000);
    assert.deepEqual(
      (await server.summaries()).map(({ id }) => id),
      ['c'],
    );
    await store.sync();
    await browser.clock.advance(HOUR);
    assert.equal(writes(browser).filter(({ method }) => method === 'POST').length, 1, 'the server is left alone');
    browser.network.fault = () => undefined;
    await browser.clock.advance(HOUR + 10_000);
    assert.deepEqual(contents(await server.messages('c')), ['q', 'more']);
    assert.deepEqual([store.status.pending, tab.of('refused')], [0, []]);
  });
}

test('a pause of the service is no failure that the breaker counts', async () => {
  const { browser, store } = await begin();
  let isPaused = true;
  const refusal = { status: 503, code: 'service_paused', retryAfter: 7_200 };
  browser.network.fault = () => (isPaused ? refusal : undefined);
  for (let count = 0; count < 6; count += 1) await assert.rejects(store.sync(), { code: 'service_paused' });
  isPaused = false;
  await store.sync();
});

test('while no new users are accepted, writes stay on the device', async () => {
  const browser = new Browser();
  const refusal = { status: 429, code: 'too_many_new_users', retryAfter: 3_600 };
  let isFull = true;
  browser.network.fault = ({ path }) => (isFull && path === '/session' ? refusal : undefined);
  const { store } = await browser.open();
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await browser.clock.advance(HOUR / 2);
  assert.deepEqual([store.status.problem, store.status.pending], ['too_many_new_users', 1]);
  assert.deepEqual(contents(await store.getConversation('c')), ['q']);
  isFull = false;
  const asked = browser.network.requests.length;
  assert.ok(asked <= 2, `${asked} requests in half an hour`);
  await browser.clock.advance(HOUR);
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q']);
});

test('a conversation being claimed accepts the same write a little later', async () => {
  const { browser, store, server } = await begin();
  let count = 0;
  browser.network.fault = ({ method }) => {
    if (method === 'POST') count += 1;
    return method === 'POST' && count === 1 ? { status: 409, code: 'claim_unfinished' } : undefined;
  };
  await store.addMessage('c', message(browser.clock, 'assistant', 'more'));
  await browser.clock.advance(10_000);
  assert.deepEqual(contents(await server.messages('c')), ['q', 'more']);
  assert.equal(new Set(writes(browser).map(({ headers }) => headers['Idempotency-Key'])).size, 1);
  assert.equal(writes(browser).length, 2);
});
