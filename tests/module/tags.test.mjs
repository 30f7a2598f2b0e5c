/** Entity tags: every write depends on the state that it was made from. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, contents, message, until } from './harness.mjs';

/** A browser with a conversation that the server has, and the requests of which no more than the next ones are of interest. */
async function begin(texts = ['q', 'a', 'q2']) {
  const browser = new Browser();
  const tab = await browser.open();
  const messages = texts.map((text, index) => message(browser.clock, index % 2 ? 'assistant' : 'user', text));
  await tab.store.saveConversation({ id: 'c', messages });
  await tab.store.flush();
  // It knows tags. Its own requests in between are answered too.
  await tab.store.sync();
  await browser.clock.settle();
  browser.network.requests.length = 0;
  return { browser, tab, store: tab.store, server: new Server(browser), messages };
}

function change(browser, id, work) {
  return browser.database.run('readwrite', async (tx) => {
    const record = await tx.get('conversations', id);
    await work(record, tx);
    await tx.put('conversations', record);
  });
}

/** As an earlier release left it: it knew revisions only. `request` is one that it had sent and not heard of. */
function leaveOfAnEarlierRelease(browser, request) {
  return change(browser, 'c', async (record, tx) => {
    delete record.etag;
    delete record.page;
    if (!request) return;
    const now = browser.clock.now();
    await tx.put('outbox', {
      conversation: 'c',
      created: now,
      since: now,
      touched: now,
      open: false,
      holdUntil: 0,
      split: false,
      isBulk: false,
      request: { match: record.latest, ...request },
    });
  });
}

const conditional = ({ network }) => network.requests.filter(({ headers }) => headers['If-Match']);

/** `GET 200`, and so on, of the conversation. */
const responses = ({ network }) =>
  network.requests
    .filter(({ path }) => path.startsWith('/conversations/c'))
    .map(({ method, status }) => `${method} ${status}`);

async function addElsewhere({ browser, server }) {
  const { status } = await server.call('POST', '/conversations/c/messages', {
    messages: [message(browser.clock, 'user', 'by another')],
  });
  assert.equal(status, 201);
}

test('a write is for the state known here, by its tag', async () => {
  const { browser, store, server, messages } = await begin();
  const [{ etag }] = await server.summaries();
  await store.updateMessage('c', messages[0].id, { content: 'edited' });
  await store.flush();
  assert.deepEqual(
    conditional(browser).map(({ headers }) => headers['If-Match']),
    [`"${etag}"`],
  );
  await store.updateConversation('c', { title: 'After' });
  await store.deleteMessage('c', messages[1].id, { andAfter: true });
  await store.flush();
  assert.deepEqual(responses(browser), ['PATCH 200', 'DELETE 200', 'PATCH 200']);
  assert.deepEqual(contents(await server.messages('c')), ['edited']);
});

test('a record of an earlier release learns the tag before anything depends on it', async () => {
  const user = await begin();
  const { browser, tab, store, server, messages } = user;
  await tab.goOffline();
  await leaveOfAnEarlierRelease(browser);
  await store.deleteMessage('c', messages[1].id, { andAfter: true });
  await addElsewhere(user);
  await tab.goOnline();
  await store.flush();
  assert.deepEqual(contents(await server.messages('c')), ['q', 'by another']);
  assert.equal(responses(browser)[0], 'GET 200');
  assert.ok(conditional(browser).length > 0);
  assert.ok(conditional(browser).every(({ headers }) => /^"[\w-]{32}"$/.test(headers['If-Match'])));
});

test('an edit that an earlier release has left in the outbox gets there', async () => {
  const user = await begin();
  const {
    browser,
    tab,
    server,
    messages: [first],
  } = user;
  await tab.crash();
  await addElsewhere(user);
  await browser.database.run('readwrite', async (tx) => {
    const stored = await tx.get('messages', ['c', first.id]);
    await tx.put('messages', {
      ...stored,
      body: { ...stored.body, content: 'edited' },
      base: { content: 'q' },
      dirty: 1,
    });
  });
  const request = {
    kind: 'edit',
    method: 'PATCH',
    path: `/conversations/c/messages/${first.id}`,
    body: { content: 'edited' },
    ids: [first.id],
  };
  await leaveOfAnEarlierRelease(browser, request);
  const { store } = await browser.open();
  await store.flush();
  assert.equal(conditional(browser)[0].headers['If-Match'], '"1"');
  assert.deepEqual(contents(await server.messages('c')), ['edited', 'a', 'q2', 'by another']);
  assert.deepEqual(contents(await store.getConversation('c')), ['edited', 'a', 'q2', 'by another']);
  assert.deepEqual([store.status.pending, await store.refusedWrites()], [0, []]);
});

for (const isContinued of [false, true]) {
  const what = isContinued ? 'written to meanwhile, stays' : 'as it was, goes';
  test(`a conversation that an earlier release was deleting, ${what}`, async () => {
    const user = await begin();
    const { browser, tab, server } = user;
    await tab.crash();
    await change(browser, 'c', (record) =>
      Object.assign(record, { deleted: 'pending', deletedAt: browser.clock.now() }),
    );
    await leaveOfAnEarlierRelease(browser, { kind: 'delete', method: 'DELETE', path: '/conversations/c' });
    if (isContinued) await addElsewhere(user);
    const { store } = await browser.open();
    await store.flush();
    const expected = isContinued ? ['q', 'a', 'q2', 'by another'] : undefined;
    assert.deepEqual(
      (await server.messages('c'))?.map(({ content }) => content),
      expected,
    );
    assert.equal((await store.getAllConversations()).length, isContinued ? 1 : 0);
  });
}

test('an unsent deletion of an earlier release applies to the version it had seen', async () => {
  const user = await begin();
  const { browser, tab, store, server } = user;
  await tab.goOffline();
  await store.deleteConversation('c');
  await tab.crash();
  await leaveOfAnEarlierRelease(browser);
  await addElsewhere(user);
  browser.network.goOnline();
  const { store: again } = await browser.open();
  await again.flush();
  assert.deepEqual(contents(await server.messages('c')), ['q', 'a', 'q2', 'by another']);
});

test('a state without a tag is changed under the tag of the refusal', async () => {
  const { browser, store, server, messages } = await begin();
  await change(browser, 'c', (record) => Object.assign(record, { etag: null, page: null }));
  await store.updateMessage('c', messages[0].id, { content: 'edited' });
  await store.flush();
  assert.deepEqual(responses(browser), ['PATCH 412', 'PATCH 200']);
  assert.deepEqual(contents(await server.messages('c')), ['edited', 'a', 'q2']);
});

test('a state that loses its tag is read again', async () => {
  const user = await begin();
  const { browser, store, server, messages } = user;
  await change(browser, 'c', (record) => Object.assign(record, { etag: 'of-an-earlier-conversation', page: null }));
  await store.updateMessage('c', messages[0].id, { content: 'edited' });
  await store.flush();
  assert.deepEqual(responses(browser), ['PATCH 412', 'GET 200', 'PATCH 200']);
  assert.deepEqual(contents(await server.messages('c')), ['edited', 'a', 'q2']);
});

test('a page’s ETag is sent back unchanged', async () => {
  const { browser, store } = await begin(['q', 'a long answer '.repeat(500)]);
  await change(browser, 'c', (record) => Object.assign(record, { revision: 0, etag: undefined, page: null }));
  await store.getConversation('c');
  await until(() => responses(browser).includes('GET 200'));
  await browser.clock.settle();
  const { page } = await browser.database.run('readonly', (tx) => tx.get('conversations', 'c'));
  assert.match(page.tag, /^"[\w-]{32}-gzip"$/);
  await change(browser, 'c', (record) => Object.assign(record, { latest: record.latest + 1, etag: 'newer' }));
  await store.getConversation('c');
  await until(() => responses(browser).includes('GET 304'));
  await browser.clock.settle();
  assert.equal(browser.network.requests.findLast(({ status }) => status === 304).headers['If-None-Match'], page.tag);
  const record = await browser.database.run('readonly', (tx) => tx.get('conversations', 'c'));
  assert.deepEqual([record.latest, record.etag], [record.revision, page.etag]);
});
