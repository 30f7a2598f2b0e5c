/** A request that is repeated is the same request, with the same key. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestClock } from './basics.mjs';
import { Browser, Server, contents, message } from './harness.mjs';

const DAY = 86_400_000;

/** A browser with a conversation of two messages that the server has. */
async function begin(clock) {
  const browser = new Browser({ clock });
  const tab = await browser.open();
  const messages = [message(browser.clock, 'user', 'q'), message(browser.clock, 'assistant', 'a')];
  await tab.store.saveConversation({ id: 'c', title: 'Before', messages });
  await tab.store.flush();
  browser.network.requests.length = 0;
  return { browser, tab, store: tab.store, server: new Server(browser), messages };
}

/** Requests that write to the conversation. */
function writes({ network }) {
  return network.requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/conversations'));
}

const keys = (browser) => writes(browser).map(({ headers }) => headers['Idempotency-Key']);

/** When a key of version 7 was made, epoch ms. */
const timeOf = (key) => Number.parseInt(key.replaceAll('-', '').slice(0, 12), 16);

/** The response to the first write is lost, and before the next another device writes. */
function loseFirst(browser, meanwhile) {
  let count = 0;
  const isWrite = ({ method, path }) => method !== 'GET' && path.startsWith('/conversations');
  browser.network.fault = (request) => {
    if (isWrite(request)) count += 1;
    return isWrite(request) && count === 1 ? 'lost' : undefined;
  };
  browser.network.before = async (request) => {
    if (isWrite(request) && count === 2) await meanwhile();
  };
}

const REPEATED = {
  'a deletion of messages': {
    write: (store, [first]) => store.deleteMessage('c', first.id, { andAfter: true }),
    texts: ['by another'],
    title: 'Before',
  },
  'an edit': {
    write: (store, [first]) => store.updateMessage('c', first.id, { content: 'edited' }),
    texts: ['edited', 'a', 'by another'],
    title: 'Before',
  },
  'a new title': {
    write: (store) => store.updateConversation('c', { title: 'After' }),
    texts: ['q', 'a', 'by another'],
    title: 'After',
  },
};

for (const [name, { write, texts, title }] of Object.entries(REPEATED)) {
  test(`${name} whose response is lost is repeated without a word of another device being lost`, async () => {
    const { browser, tab, store, server, messages } = await begin();
    const added = message(browser.clock, 'user', 'by another');
    loseFirst(browser, () => server.call('POST', '/conversations/c/messages', { messages: [added] }));
    await write(store, messages);
    await browser.clock.advance(10_000);
    await store.flush();
    assert.deepEqual(contents(await server.messages('c')), texts);
    assert.equal((await server.summaries())[0].title, title);
    // The repeat is recognised, and gets the response that the first one got.
    assert.deepEqual(
      writes(browser).map(({ status }) => status),
      [200, 200],
    );
    assert.equal(new Set(keys(browser)).size, 1);
    await store.sync();
    await store.getConversation('c');
    await browser.clock.settle();
    const here = await store.getConversation('c');
    assert.deepEqual([contents(here), here.title], [texts, title]);
    assert.deepEqual(tab.of('refused'), []);
  });
}

test('a title whose response is lost does not win over a later one of another device', async () => {
  const { browser, tab, store, server } = await begin();
  loseFirst(browser, () => server.call('PATCH', '/conversations/c', { title: 'By another' }));
  await store.updateConversation('c', { title: 'Mine' });
  await browser.clock.advance(10_000);
  await store.flush();
  await store.sync();
  assert.equal((await server.summaries())[0].title, 'By another');
  assert.equal((await store.getConversation('c')).title, 'By another');
  assert.deepEqual(tab.of('conflict'), []);
});

test('each request has its own key, which survives a reload', async () => {
  const { browser, tab, store, server, messages } = await begin();
  browser.network.fault = ({ method }) => (method === 'GET' ? undefined : 'lost');
  const before = browser.clock.now();
  await store.updateMessage('c', messages[0].id, { content: 'edited' });
  await browser.clock.advance(5_000);
  await tab.crash();
  browser.network.fault = () => undefined;
  const { store: again } = await browser.open();
  await again.flush();
  await again.addMessage('c', message(browser.clock, 'user', 'more'));
  await again.flush();
  const sent = keys(browser);
  assert.ok(sent.length >= 3);
  assert.equal(new Set(sent.slice(0, -1)).size, 1);
  assert.notEqual(sent.at(-1), sent[0]);
  for (const key of sent) assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(Math.abs(timeOf(sent[0]) - before) < 60_000);
  assert.deepEqual(contents(await server.messages('c')), ['edited', 'a', 'more']);
});

test('every write has a key, not only those in the outbox', async () => {
  const { browser, store } = await begin();
  await store.deleteShare((await store.createShare('c')).id);
  await store.createLinkCode();
  await store.importData([{ id: 'd', messages: [] }]);
  const sent = browser.network.requests.filter(({ method }) => method !== 'GET');
  assert.equal(sent.length, 4);
  assert.equal(new Set(sent.map(({ headers }) => headers['Idempotency-Key'])).size, 4);
});

test('a write unsent for more than a week gets a new key', async () => {
  const { browser, tab, server, messages } = await begin(new TestClock(Date.now() - 8 * DAY));
  await tab.crash();
  // Another tab may know the server's time, this one does not.
  browser.network.hidesDate = true;
  const away = await browser.open();
  browser.network.fault = ({ method }) => (method === 'GET' ? undefined : 'refused');
  await away.store.updateMessage('c', messages[0].id, { content: 'edited' });
  await away.store.addMessage('c', message(browser.clock, 'user', 'more'));
  await browser.clock.advance(40_000);
  await away.crash();
  await browser.clock.advance(8 * DAY);
  browser.network.fault = () => undefined;
  browser.network.hidesDate = false;
  browser.network.requests.length = 0;
  const { store: back } = await browser.open();
  await server.call('POST', '/conversations/c/messages', { messages: [message(browser.clock, 'user', 'by another')] });
  await back.flush();
  assert.equal(writes(browser)[0].status, 409);
  assert.deepEqual(contents(await server.messages('c')).sort(), ['a', 'by another', 'edited', 'more']);
  assert.deepEqual(contents(await back.getConversation('c')).sort(), ['a', 'by another', 'edited', 'more']);
  assert.deepEqual(await back.refusedWrites(), []);
  assert.ok(writes(browser).length <= 4, `${writes(browser).length} writes`);
});

const LATE = {
  'a new conversation': (store, conversation) => store.saveConversation(conversation),
  'an import': (store, conversation) => store.importData([conversation]),
};

for (const [name, write] of Object.entries(LATE)) {
  test(`${name} that could not be sent for more than a week gets there`, async () => {
    const browser = new Browser({ clock: new TestClock(Date.now() - 8 * DAY) });
    browser.network.hidesDate = true;
    const before = await browser.open();
    await before.store.sync();
    browser.network.fault = () => 'refused';
    await write(before.store, { id: 'c', messages: [message(browser.clock, 'user', 'q')] });
    await browser.clock.advance(100_000);
    await before.crash();
    await browser.clock.advance(8 * DAY);
    browser.network.fault = () => undefined;
    const { store } = await browser.open();
    await store.flush();
    assert.deepEqual(contents(await new Server(browser).messages('c')), ['q']);
    assert.ok(browser.network.requests.some(({ status }) => status === 409));
    assert.equal(store.status.pending, 0);
  });
}

test('a device two weeks behind writes by the server’s clock', async () => {
  const { browser, store, server } = await begin(new TestClock(Date.now() - 14 * DAY));
  await store.updateConversation('c', { title: 'After' });
  await store.addMessage('c', message(browser.clock, 'user', 'more'));
  await store.flush();
  assert.deepEqual(
    writes(browser).map(({ status }) => status),
    [201, 200],
  );
  assert.ok(keys(browser).every((key) => Math.abs(timeOf(key) - Date.now()) < 60_000));
  assert.equal((await server.summaries())[0].title, 'After');
});

test('if the server’s clock is unknown, keys carry no time after the first refusal', async () => {
  const browser = new Browser({ clock: new TestClock(Date.now() - 14 * DAY) });
  browser.network.hidesDate = true;
  const { store } = await browser.open();
  await store.saveConversation({ id: 'c', messages: [message(browser.clock, 'user', 'q')] });
  await store.flush();
  await store.updateConversation('c', { title: 'After' });
  await store.addMessage('c', message(browser.clock, 'user', 'more'));
  await store.flush();
  assert.deepEqual(
    writes(browser).map(({ status }) => status),
    [409, 201, 201, 200],
  );
  assert.deepEqual(
    keys(browser).map((key) => key[14]),
    ['7', '4', '4', '4'],
  );
  assert.deepEqual(contents(await new Server(browser).messages('c')), ['q', 'more']);
});

test('a key used for another request is replaced, and nothing is undone', async () => {
  const { browser, store, server } = await begin();
  const refusal = { status: 422, code: 'idempotency_key_reused' };
  let count = 0;
  browser.network.fault = ({ method }) => {
    if (method === 'POST') count += 1;
    return method === 'POST' && count <= 2 ? refusal : undefined;
  };
  await store.addMessage('c', message(browser.clock, 'user', 'more'));
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['q', 'a', 'more']);
  assert.equal(new Set(keys(browser)).size, 3);
  assert.deepEqual(await store.refusedWrites(), []);
});
