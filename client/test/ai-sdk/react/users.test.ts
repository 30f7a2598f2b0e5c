/** A chat whose device gets another user: nothing of it goes on, and nothing of it goes out or is kept as the next user's. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConversationStore, createMemoryDatabase, type LocalDatabase } from '../../../src/index.js';
// Loaded beside the store; here it is to be there already.
import '../../../src/sync/engine.js';
import { environment } from '../../helpers.js';
import { message } from '../harness.js';
import { answer, controlled, openChat, read } from './harness.js';

const question = message('user', 'Is it?', 'q');
const changed = { name: 'StoreError', code: 'user_changed' };

/** What tabs of one browser share; each new session is of another user. They do not hear of one another. */
function openBrowser() {
  const kept = new Map<string, string>();
  const database: LocalDatabase = createMemoryDatabase();
  let sessions = 0;
  const fetch = async (url: string) => {
    if (url.endsWith('/user')) return Response.json({ erased: true });
    if (!url.endsWith('/session')) throw new TypeError('no server');
    sessions += 1;
    return Response.json({ token: `token-${sessions}`, userId: `user-${sessions}` });
  };
  const localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return () => createConversationStore({ environment: { ...environment(database), fetch, localStorage } });
}

/** Two tabs of a user. */
async function openTabs() {
  const openTab = openBrowser();
  const store = openTab();
  await store.authorization();
  const other = openTab();
  await other.ready;
  return { store, other };
}

const ways = {
  'another session': (store: ReturnType<ReturnType<typeof openBrowser>>) => store.startNewSession(),
  'an erasure': (store: ReturnType<ReturnType<typeof openBrowser>>) => store.eraseEverything(),
};

for (const [what, change] of Object.entries(ways)) {
  test(`a question that has no answer yet ends with ${what}`, async (t) => {
    const { store } = await openTabs();
    t.after(() => store.close());
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { send, requests } = openChat(store, 'c', ({ signal }) => {
      asked();
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    });
    const rejected = assert.rejects(send([question]), changed);
    await isAsked;
    await change(store);
    await rejected;
    assert.equal(requests[0]?.signal?.aborted, true);
  });

  test(`so does one whose route does not look for that, with ${what}`, async (t) => {
    const { store } = await openTabs();
    t.after(() => store.close());
    const { send } = openChat(store, 'c', async () => {
      await change(store);
      return answer('It is.', 'a');
    });
    await assert.rejects(send([question]), changed);
  });

  test(`an answer that is being written ends with ${what}, and is written no further`, async (t) => {
    const { store } = await openTabs();
    t.after(() => store.close());
    const { stream, write } = controlled();
    const { send } = openChat(store, 'c', () => stream);
    const reading = assert.rejects(read(await send([question])), changed);
    write({ type: 'start', messageId: 'a' }, { type: 'text-start', id: '1' });
    await change(store);
    await store
      .saveConversation({ id: 'c', messages: [{ id: 'of the next', type: 'user', content: 'x' }] })
      .catch(() => {});
    try {
      write({ type: 'text-delta', id: '1', delta: 'It is.' });
    } catch {
      // Nobody reads it any more.
    }
    await reading;
    const messages = (await store.getConversation('c'))?.messages ?? [];
    assert.ok(messages.every(({ content }) => content !== 'It is.'));
  });

  test(`a chat from before ${what} asks and keeps nothing any more`, async (t) => {
    const { store } = await openTabs();
    t.after(() => store.close());
    const { send, requests, transport } = openChat(store, 'c', () => answer('It is.', 'a'), { resume: true });
    await change(store);
    await assert.rejects(send([question]), changed);
    await assert.rejects(send([question], 'regenerate-message'), changed);
    await assert.rejects(transport.reconnectToStream({ chatId: 'c' }), changed);
    assert.deepEqual(requests, []);
    assert.deepEqual(await store.getAllConversations(), []);
    const next = openChat(store, 'c', () => answer('It is.', 'a'));
    await read(await next.send([question]));
    assert.equal((await store.getConversation('c'))?.messages.length, 2);
  });

  test(`so it is where another tab has made it ${what}, and this one has not heard`, async (t) => {
    const { store, other } = await openTabs();
    t.after(() => Promise.all([store.close(), other.close()]));
    const { send, requests } = openChat(store, 'c', () => answer('It is.', 'a'));
    await change(other);
    await assert.rejects(send([question]), changed);
    assert.deepEqual(requests, []);
    assert.deepEqual(await store.getAllConversations(), []);
  });

  test(`a route that asks for the header after ${what} in another tab is called off before it gets it`, async (t) => {
    const { store, other } = await openTabs();
    t.after(() => Promise.all([store.close(), other.close()]));
    const seen: unknown[] = [];
    const { send } = openChat(store, 'c', async ({ signal }) => {
      await change(other);
      seen.push(await store.authorization().catch(({ code }) => code), signal?.aborted);
      return answer('It is.', 'a');
    });
    await assert.rejects(send([question]), changed);
    assert.equal(seen[1], true);
  });
}

test('what is asked late of a chat that is shown no more is not that of the one that is shown', async (t) => {
  const { store } = await openTabs();
  t.after(() => store.close());
  const { transport, requests } = openChat(store, 'c', () => answer('It is.', 'a'));
  const send = (chatId: string) =>
    transport.sendMessages({
      chatId,
      messages: [question],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal: undefined,
    });
  await assert.rejects(send('c of a former user'), changed);
  await assert.rejects(send('another'), { name: 'StoreError', code: 'closed' });
  assert.deepEqual([requests, await store.getAllConversations()], [[], []]);
});

test('the first user of a device ends nothing', async (t) => {
  const store = openBrowser()();
  t.after(() => store.close());
  const { send } = openChat(store, 'c', async () => {
    await store.authorization();
    return answer('It is.', 'a');
  });
  await read(await send([question]));
  assert.equal((await store.getConversation('c'))?.messages.length, 2);
});
