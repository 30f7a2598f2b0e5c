/** Search on the device: what is found, in which order, what is marked, and that nothing of it outlives its text. */

import 'fake-indexeddb/auto';

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { createMemoryDatabase, openIndexedDatabase, type LocalDatabase } from '../src/index.js';
import { environment, localStore, until } from './helpers.js';

let count = 0;

async function ownDatabase() {
  count += 1;
  return openIndexedDatabase(`search-${count}`);
}

function storeOn(t: TestContext, database: LocalDatabase) {
  const store = localStore({ environment: environment(database) });
  t.after(() => store.close());
  return store;
}

async function storeWith(t: TestContext, ...texts: string[]) {
  const database = createMemoryDatabase();
  const store = storeOn(t, database);
  const messages = texts.map((content, index) => ({ id: `m${index}`, type: 'user' as const, content }));
  await store.saveConversation({ id: 'c', title: 'Title', messages });
  const find = async (text: string) => {
    const live = store.liveSearch(text, { perConversation: 100 });
    const stop = live.subscribe(() => {});
    await until(() => live.getSnapshot().data?.isComplete, `all of ${text}`);
    stop();
    return live.getSnapshot().data?.results ?? [];
  };
  const ids = async (text: string) => (await find(text)).map(({ messageId }) => messageId);
  return { database, store, find, ids };
}

/** What is marked. */
function marked({ excerpt, marks }: { excerpt: string; marks: [number, number][] }) {
  return marks.map(([start, length]) => excerpt.slice(start, start + length));
}

test('words are found without case and accents, the last one by its beginning, quoted ones as they stand', async (t) => {
  const { ids } = await storeWith(
    t,
    'Crème brûlée, GREEN tea',
    'green leaves of tea',
    'greenhouse',
    'Straße ΣΟΦΟΣ ﬁne',
  );
  assert.deepEqual((await ids('creme BRULEE')).sort(), ['m0']);
  assert.deepEqual((await ids('green')).sort(), ['m0', 'm1', 'm2']);
  assert.deepEqual((await ids('green ')).sort(), ['m0', 'm1']);
  assert.deepEqual((await ids('green tea')).sort(), ['m0', 'm1']);
  assert.deepEqual(await ids('"green tea"'), ['m0']);
  assert.deepEqual(await ids('“green leaves” te'), ['m1']);
  assert.deepEqual((await ids('"tea gre')).sort(), ['m0', 'm1']);
  assert.deepEqual((await ids('gre* of')).sort(), ['m1']);
  assert.deepEqual((await ids('green-tea')).sort(), ['m0']);
  assert.deepEqual(await ids('σοφος fin'), ['m3']);
  assert.deepEqual(await ids('gree tea'), []);
  assert.deepEqual(await ids(' ,.'), []);
});

test('scripts without spaces are found by any of their characters, in their order', async (t) => {
  const { ids, find } = await storeWith(
    t,
    '東京都でラーメンを食べた',
    '京都の東',
    '한국어를 배우다',
    'iPhone手机',
    'か\u3099くせい',
    '\u1112\u1161\u11ab\u1100\u116e\u11a8',
  );
  assert.deepEqual(await ids('東京'), ['m0']);
  assert.deepEqual(await ids('がく'), ['m4'], 'also where a text takes characters apart');
  assert.deepEqual(await ids('か'), []);
  assert.deepEqual((await ids('京都')).sort(), ['m0', 'm1']);
  assert.deepEqual((await ids('東')).sort(), ['m0', 'm1']);
  assert.deepEqual(await ids('京ラ'), []);
  assert.deepEqual(await ids('국어'), ['m2']);
  assert.deepEqual(await ids('iphone 机'), ['m3']);
  assert.deepEqual((await find('ラーメン')).flatMap(marked), ['ラーメン']);
});

test('the best comes first, and every place in its excerpt is marked', async (t) => {
  const filler = 'some words that say nothing of it at all. '.repeat(20);
  const { find } = await storeWith(
    t,
    `${filler}A Mutex is a lock. ${filler}`,
    'mutex or semaphore? A mutex has an owner, 😀 a semaphore has permits.',
    `${filler}semaphore ${filler} mutex`,
  );
  const [best, ...others] = await find('mutex sema');
  assert.deepEqual([best?.messageId, others.map(({ messageId }) => messageId)], ['m1', ['m2']]);
  assert.deepEqual(best && marked(best), ['mutex', 'semaphore', 'mutex', 'semaphore']);
  assert.equal(best?.excerpt.slice(best.start, best.start + best.length), 'mutex');
  const long = (await find('mutex lock'))[0];
  assert.deepEqual(long && [marked(long), long.excerpt.length < 260], [['Mutex', 'lock'], true]);
});

test('titles are found, and the conversation of a message once where one place is asked for', async (t) => {
  const { store, find } = await storeWith(t, 'apple', 'apple pie');
  await store.updateConversation('c', { title: 'Apple cake' });
  assert.deepEqual((await find('apple')).map(({ messageId }) => messageId).sort(), [null, 'm0', 'm1'].sort());
  assert.deepEqual(
    (await find('apple cake pie')).map(({ messageId }) => messageId),
    ['m1'],
  );
  const found = await store.search('apple');
  assert.equal(found.length, 1);
  assert.deepEqual(
    (await store.search('cake')).map(({ title, messageId }) => [title, messageId]),
    [['Apple cake', null]],
  );
});

test('what is saved, edited and deleted is found as it is now, also by another tab', async (t) => {
  const database = await ownDatabase();
  const [store, other] = [storeOn(t, database), storeOn(t, database)];
  await store.saveConversation({ id: 'c', title: 'T', messages: [{ id: 'm', type: 'user', content: 'first words' }] });
  const ids = async (text: string) => [(await store.search(text)).length, (await other.search(text)).length];
  assert.deepEqual(await ids('words'), [1, 1]);
  await store.updateMessage('c', 'm', { content: 'second thoughts' });
  assert.deepEqual(
    [await ids('words'), await ids('thoughts')],
    [
      [0, 0],
      [1, 1],
    ],
  );
  await other.addMessage('c', { id: 'n', type: 'user', content: 'more words' });
  assert.deepEqual(
    [await ids('words'), await ids('thoughts')],
    [
      [1, 1],
      [1, 1],
    ],
  );
  await store.deleteMessage('c', 'n');
  assert.deepEqual(await ids('words'), [0, 0]);
  await store.deleteConversation('c');
  assert.deepEqual(await ids('thoughts'), [0, 0]);
});

test('what was indexed is not indexed again after a reload', async (t) => {
  const database = await ownDatabase();
  const store = storeOn(t, database);
  await store.saveConversation({ id: 'c', messages: [{ id: 'm', type: 'user', content: 'words to keep' }] });
  await store.prepareSearch();
  const stored = () => database.run('readonly', (tx) => tx.list('segments', null, null));
  const [before] = await stored();
  assert.equal(before?.conversation, 'c');
  await store.close();
  const reloaded = storeOn(t, database);
  assert.equal((await reloaded.search('keep')).length, 1);
  assert.deepEqual(await stored(), [before]);
});

test('what is written while it is indexed is indexed again', async (t) => {
  const database = createMemoryDatabase();
  const run = database.run.bind(database);
  let meanwhile: (() => Promise<void>) | null = null;
  database.run = async (mode, work) => {
    const write = mode === 'readwrite' ? meanwhile : null;
    if (write) {
      meanwhile = null;
      await write();
    }
    return run(mode, work);
  };
  const store = storeOn(t, database);
  await store.saveConversation({ id: 'c', title: 'T', messages: [{ id: 'm', type: 'user', content: 'first' }] });
  meanwhile = () => store.updateMessage('c', 'm', { content: 'second' });
  await store.prepareSearch();
  assert.equal(meanwhile, null);
  assert.deepEqual([(await store.search('second')).length, await store.search('first')], [1, []]);
  assert.deepEqual(await run('readonly', (tx) => tx.keys('unindexed')), []);
});

test('no word of what is deleted or replaced stays in the index', async (t) => {
  const database = await ownDatabase();
  const store = storeOn(t, database);
  const words = async () =>
    JSON.stringify(
      await database.run('readonly', async (tx) => [
        await tx.list('segments', null, null),
        await tx.list('messages', null, null),
      ]),
    );
  await store.saveConversation({
    id: 'c',
    messages: [
      { id: 'm', type: 'user', content: 'a secret' },
      { id: 'n', type: 'user', content: 'a riddle' },
    ],
  });
  await store.search('secret');
  assert.match(await words(), /riddle.*secret/s);
  await store.updateMessage('c', 'm', { content: 'nothing' });
  assert.doesNotMatch(await words(), /secret/);
  await store.search('nothing');
  await store.deleteConversation('c');
  assert.doesNotMatch(await words(), /nothing|riddle/);
});

test('a live search follows what is written, and keeps what is the same', async (t) => {
  const { store } = await storeWith(t, 'one apple');
  const live = store.liveSearch('apple');
  const stop = live.subscribe(() => {});
  t.after(stop);
  await until(() => live.getSnapshot().data?.results.length === 1);
  const before = live.getSnapshot().data;
  assert.deepEqual([before?.scope, before?.isComplete], ['device', true]);
  await live.refresh();
  assert.equal(live.getSnapshot().data, before);
  await store.addMessage('c', { id: 'n', type: 'user', content: 'two apples' });
  await until(() => live.getSnapshot().data?.results.length === 2 && live.getSnapshot().data?.isComplete);
  assert.equal(
    live.getSnapshot().data?.results.find(({ messageId }) => messageId === 'm0'),
    before?.results[0],
  );
  await store.close();
  store.open();
  await store.deleteMessage('c', 'm0');
  await until(() => live.getSnapshot().data?.results.length === 1, 'the search of the store that was opened again');
});
