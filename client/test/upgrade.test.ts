/** A database that an earlier release has written: nothing in it is lost, and nothing is half done. */

import 'fake-indexeddb/auto';

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { createEarlier, readAll } from '../../tests/module/earlier-versions.mjs';
import { openIndexedDatabase } from '../src/index.js';
import { environment, localStore, until } from './helpers.js';

const dumpOf = (version: number) =>
  JSON.parse(readFileSync(new URL(`../../tests/module/version-${version}.json`, import.meta.url), 'utf8'));

const dump = dumpOf(1);

let count = 0;

/** The name of a database of its own, as an earlier release has left it. */
async function leftBehind(left = dump) {
  count += 1;
  const name = `upgrade-${count}`;
  (await createEarlier(name, left)).close();
  return name;
}

function storeOn(name: string) {
  const openDatabase = () => openIndexedDatabase(name);
  return localStore({ environment: { ...environment(), openDatabase } });
}

test('every conversation, message and refused write is there, in the order in which it was shown', async (t) => {
  const store = storeOn(await leftBehind());
  t.after(() => store.close());
  const opened = await store.getConversation('c');
  assert.deepEqual(
    opened?.messages.map(({ id, content }) => [id, content]),
    [
      ['q1', 'q1'],
      ['a1', 'a1 edited'],
      ['q2', 'q2'],
      ['a2', 'a2'],
      ['a3', 'a3'],
      ['q3', 'q3'],
    ],
  );
  assert.deepEqual(opened?.messages[3]?.parts, [{ type: 'text', text: 'a2' }]);
  assert.deepEqual([opened?.pinned, opened?.pending, opened?.mcpServers], [true, true, { git: { on: true } }]);
  const here = await store.getConversation('here');
  assert.deepEqual(
    here?.messages.map(({ id }) => id),
    ['h1', 'h2'],
  );
  assert.equal((await store.refusedWrites())[0]?.code, 'invalid_id');
  assert.equal(await store.getCurrentConversationId(), 'c');
  assert.equal(await store.getConversation('gone'), null);
  assert.equal(store.status.pending, 2);
});

test('what was to be sent is, and the request under way as it was', async (t) => {
  const name = await leftBehind();
  const store = storeOn(name);
  t.after(() => store.close());
  await store.ready;
  const { version, records } = await readAll(name);
  assert.equal(version, 3);
  assert.deepEqual(records.outbox, dump.records.outbox);
  assert.deepEqual(records.refused, dump.records.refused);
  assert.deepEqual(records.state, dump.records.state);
  const content = ({ at: _, seq: __, place: ___, ...rest }: Record<string, unknown>) => rest;
  assert.deepEqual(records.messages?.map(content), dump.records.messages.map(content));
});

test('what is written afterwards stands behind all of it', async (t) => {
  const store = storeOn(await leftBehind());
  t.after(() => store.close());
  await store.addMessage('c', { id: 'new', type: 'user', content: 'new', timestamp: 0 });
  assert.equal((await store.getConversation('c'))?.messages.at(-1)?.id, 'new');
});

test('an upgrade that fails leaves everything as it was', async (t) => {
  const name = await leftBehind();
  const { put } = IDBObjectStore.prototype;
  let puts = 0;
  IDBObjectStore.prototype.put = function failing(...args: Parameters<IDBObjectStore['put']>) {
    puts += 1;
    if (puts === 5) throw new Error('the disk is full');
    return put.apply(this, args);
  };
  t.after(() => {
    IDBObjectStore.prototype.put = put;
  });
  await assert.rejects(openIndexedDatabase(name));
  IDBObjectStore.prototype.put = put;
  assert.deepEqual(await readAll(name), { version: 1, records: dump.records });
  const store = storeOn(name);
  t.after(() => store.close());
  assert.equal((await store.getConversation('c'))?.messages.length, 6);
});

test('a tab of this release makes room for a newer one, and says so', async (t) => {
  const name = await leftBehind();
  const store = storeOn(name);
  t.after(() => store.close());
  await store.ready;
  const newer = indexedDB.open(name, 4);
  await until(() => newer.readyState === 'done', 'the newer release');
  t.after(() => newer.result.close());
  assert.equal(store.status.problem, 'newer_release');
  await assert.rejects(store.addMessage('c', { id: 'late', type: 'user', content: 'late' }), { code: 'newer_release' });
});

test('what the release before has kept stays as it was, and is found', async (t) => {
  const before = dumpOf(2);
  const name = await leftBehind(before);
  const store = storeOn(name);
  t.after(() => store.close());
  assert.deepEqual(
    (await store.getConversation('garden'))?.messages.map(({ id }) => id),
    ['q1', 'a1', 'q2', 'a2b'],
  );
  const { version, records } = await readAll(name);
  const { segments, unindexed, ...kept } = records;
  assert.deepEqual([version, kept, segments], [3, before.records, []]);
  assert.deepEqual(
    unindexed?.map(({ conversation }) => conversation),
    ['garden', 'gone', 'kitchen'],
  );
  assert.deepEqual(
    [(await store.search('potatoes'))[0]?.messageId, (await store.search('kuche'))[0]?.conversationId],
    ['q2', 'kitchen'],
  );
  assert.deepEqual(await store.search('secret'), []);
  const indexed = await readAll(name);
  assert.deepEqual(
    [indexed.records.unindexed, indexed.records.segments?.map(({ conversation }) => conversation)],
    [[], ['garden', 'kitchen']],
  );
});
