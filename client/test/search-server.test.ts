/** One list of what the device and what the server has found. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { createMemoryDatabase, type SearchFindings } from '../src/index.js';
import { wipe } from '../src/local/change-user.js';
import { environment, localStore, until } from './helpers.js';

/** Locks that nobody else wants. */
const locks = {
  request: async (_name: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)(),
} as unknown as LockManager;

const sessionOf = (userId: string) => JSON.stringify({ token: `token-of-${userId}`, userId });

/** A text in which one word is marked, as the server tells it. */
function textOf(text: string, word: string) {
  const start = text.indexOf(word);
  return { text, start: 0, length: text.length, marks: [[start, start + word.length]] };
}

function conversation(id: string, messages: string[], title: object | null = null) {
  const found = messages.map((text, index) => ({
    id: `${id}-${index}`,
    type: 'user',
    timestamp: '2026-11-01T00:00:00.000Z',
    excerpt: textOf(text, 'apple'),
  }));
  const summary = { id, title: `Title of ${id}`, updatedAt: '2026-11-02T00:00:00.000Z' };
  return { conversation: summary, title, matches: found.length, complete: true, messages: found };
}

const PAUSED = JSON.stringify({ error: { code: 'service_paused', message: 'The day is over.' } });

const INDEXED = { done: 2, of: 2, total: 2 };

/** A device that has a conversation `here`, and a server with these pages of results, by cursor. */
async function device(t: TestContext, pages: Record<string, object>) {
  const state = { isOnline: true, asked: [] as string[], session: sessionOf('user'), pages };
  const watchers = new Set<(event: 'online') => void>();
  const page = {
    isVisible: () => true,
    isOnline: () => state.isOnline,
    watch: (callback: (event: 'online') => void) => {
      watchers.add(callback);
      return () => {
        watchers.delete(callback);
      };
    },
  };
  const fetch = async (url: string) => {
    const { pathname, searchParams } = new URL(url, 'http://server');
    if (!state.isOnline) throw new TypeError('no server');
    // Nothing else is of interest here.
    if (!searchParams.has('q')) return new Response(PAUSED, { status: 503 });
    assert.equal(pathname, '/api/conversations');
    state.asked.push(String(searchParams.get('q')));
    return new Response(JSON.stringify(state.pages[searchParams.get('cursor') ?? '']));
  };
  const localStorage = {
    getItem: (key: string) => (key === 'claude-session' ? state.session : null),
    setItem() {},
    removeItem() {},
  };
  const database = createMemoryDatabase();
  const store = localStore({
    enabled: true,
    environment: { ...environment(database), fetch, locks, page, localStorage },
  });
  t.after(() => store.close());
  const messages = [{ id: 'here-0', type: 'user' as const, content: 'an apple here' }];
  for (const id of ['here', 'gone']) await store.saveConversation({ id, title: 'Title', messages });
  await store.deleteConversation('gone');
  await store.prepareSearch();
  const search = (text: string) => {
    const live = store.liveSearch(text);
    const seen: SearchFindings[] = [];
    t.after(live.subscribe(() => seen.push(live.getSnapshot().data as SearchFindings)));
    const data = () => live.getSnapshot().data;
    const isDone = () => data()?.isComplete && (data()?.scope === 'everything' || !state.isOnline);
    return { live, seen, data, done: () => until(isDone, JSON.stringify([data(), state.asked])) };
  };
  const setOnline = (isOnline: boolean) => {
    state.isOnline = isOnline;
    for (const notify of watchers) notify('online');
  };
  return { database, store, state, search, setOnline };
}

const idsOf = (findings: SearchFindings | undefined) => findings?.results.map(({ messageId }) => messageId);

test('what the device has is there first, what only the server has comes behind it, and nothing twice', async (t) => {
  const data = [
    conversation('here', ['an apple here', 'an old apple']),
    conversation('gone', ['an apple']),
    conversation('there', ['apple 1', 'apple 2', 'apple 3', 'apple 4']),
    conversation('titled', [], textOf('An apple', 'apple')),
  ];
  const { search, state } = await device(t, { '': { data, nextCursor: null, indexed: INDEXED } });
  const { data: found, seen, done } = search('appl');
  await done();
  assert.deepEqual([idsOf(seen[0]), seen[0]?.scope, seen[0]?.isComplete], [['here-0'], 'device', false]);
  assert.deepEqual(idsOf(found()), ['here-0', 'here-1', 'there-0', 'there-1', 'there-2', null]);
  assert.equal(found()?.results[0], seen[0]?.results[0]);
  const { excerpt, start, length, title } = found()?.results.at(-1) ?? assert.fail();
  assert.deepEqual([excerpt.slice(start, start + length), title], ['apple', 'Title of titled']);
  assert.deepEqual(state.asked, ['appl*']);
});

test('what the server has of one user is not shown to the next, for whom it is asked anew', async (t) => {
  const data = [conversation('there', ['apple 1'])];
  const { database, search, state, store } = await device(t, { '': { data, nextCursor: null, indexed: INDEXED } });
  const { data: found, done, seen } = search('appl');
  await done();
  assert.deepEqual(idsOf(found()), ['here-0', 'there-0']);
  // As another tab does that redeems a code and takes nothing along.
  await database.run('readwrite', wipe);
  state.session = sessionOf('other');
  state.pages = { '': { data: [conversation('theirs', ['an apple'])], nextCursor: null, indexed: INDEXED } };
  seen.length = 0;
  await store.saveConversation({
    id: 'new',
    title: 'New',
    messages: [{ id: 'new-0', type: 'user', content: 'apple' }],
  });
  await until(() => idsOf(found())?.join() === 'new-0,theirs-0', JSON.stringify(found()));
  assert.ok(seen.every((findings) => !idsOf(findings)?.includes('there-0')));
});

test('the server looks further when it is asked to', async (t) => {
  const page = (id: string, nextCursor: string | null) => ({
    data: [conversation(id, ['apple', 'apple', 'apple'])],
    nextCursor,
    indexed: INDEXED,
  });
  const pages = { '': page('a', '1'), 1: page('b', '2'), 2: page('c', '3'), 3: page('d', null) };
  const { search, state } = await device(t, pages);
  const { live, data, done } = search('apple');
  await done();
  assert.deepEqual([state.asked.length, data()?.results.length, data()?.hasMore], [3, 10, true]);
  await live.loadMore();
  await until(() => data()?.hasMore === false && data()?.isComplete);
  assert.deepEqual([state.asked.length, data()?.results.length], [4, 13]);
});

test('how many conversations the server has prepared is told once it was searched', async (t) => {
  const page = (id: string, nextCursor: string | null, indexed: object) => ({
    data: [conversation(id, ['apple'])],
    nextCursor,
    indexed,
  });
  const pages = {
    '': page('a', '1', { done: 40, of: 120, total: 130 }),
    1: page('b', '2', { done: 90, of: 120, total: 130 }),
    // What was changed meanwhile comes on pages of its own, and says nothing of the others.
    2: page('c', null, { done: 1, of: 1, total: 130 }),
  };
  const { search } = await device(t, pages);
  const { data, seen, done } = search('apple');
  await done();
  assert.deepEqual([seen[0]?.scope, seen[0]?.indexed], ['device', null]);
  assert.deepEqual(data()?.indexed, { done: 90, of: 120, total: 130 });
});

test('offline only the device is searched, which is said, and the server as soon as it is back', async (t) => {
  const data = [conversation('there', ['apple'])];
  const { search, setOnline, state } = await device(t, { '': { data, nextCursor: null, indexed: INDEXED } });
  setOnline(false);
  const { data: found, done } = search('apple');
  await done();
  assert.deepEqual([idsOf(found()), found()?.scope, state.asked], [['here-0'], 'device', []]);
  assert.equal(found()?.indexed, null);
  setOnline(true);
  await done();
  assert.deepEqual(idsOf(found()), ['here-0', 'there-0']);
});

test('a server without a search lists its conversations: only the device was searched', async (t) => {
  const list = { data: [{ id: 'x', title: 'X', updatedAt: '2026-11-01T00:00:00.000Z' }], nextCursor: null };
  const { search, state } = await device(t, { '': list });
  const { data } = search('apple');
  await until(() => state.asked.length === 1 && data()?.isComplete);
  assert.deepEqual([idsOf(data()), data()?.scope, data()?.indexed], [['here-0'], 'device', null]);
});

test('a text that nobody waits for is not sent', async (t) => {
  const { store, state } = await device(t, { '': { data: [], nextCursor: null, indexed: INDEXED } });
  for (const text of ['a', 'ap', 'app']) {
    const live = store.liveSearch(text);
    const stop = live.subscribe(() => {});
    await until(() => live.getSnapshot().data);
    stop();
  }
  const live = store.liveSearch('appl');
  t.after(live.subscribe(() => {}));
  await until(() => live.getSnapshot().data?.scope === 'everything');
  assert.deepEqual(state.asked, ['appl*']);
});
