/** What the Claude Agent SDK expects of a session store, and what it costs. The service is a real one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoldSummary, SessionEntry, SessionKey } from '../../src/agent-sdk/index.js';
import { createSessionStore, StoreError } from '../../src/agent-sdk/index.js';
import { API, instantClock, Network, newUser } from '../ai-sdk/harness.js';

const MAIN: SessionKey = { projectKey: 'project', sessionId: 'session' };
const agent = (name: string): SessionKey => ({ ...MAIN, subpath: `subagents/agent-${name}` });
const entry = (n: number, more: object = {}): SessionEntry => ({ type: 'x', n, ...more });
const entries = (first: number, count: number) => Array.from({ length: count }, (_, index) => entry(first + index));

/** Joins the names that entries give, so that the order and the number of entries show. */
const fold: FoldSummary = (previous, key, added) => ({
  sessionId: key.sessionId,
  mtime: previous?.mtime ?? 0,
  data: { names: [...((previous?.data.names as unknown[]) ?? []), ...added.map(({ n }) => n)] },
});

async function open(token?: string) {
  const network = new Network();
  const options = { url: API, token: token ?? (await newUser()), fetch: network.fetch, clock: instantClock };
  const store = createSessionStore({ ...options, foldSessionSummary: fold });
  return { store, network, options };
}

test('entries come back as they were, in the order of appending', async () => {
  const { store } = await open();
  const odd = { text: '\ud83d é \u0000', nested: { list: [1.5, null, true] } };
  await store.append(MAIN, [entry(1, { uuid: 'b' }), entry(2, { uuid: 'a', timestamp: '2001-01-01T00:00:00.000Z' })]);
  await store.append(MAIN, [entry(3, odd)]);
  await store.append(MAIN, []);
  assert.deepEqual(await store.load(MAIN), [
    entry(1, { uuid: 'b' }),
    entry(2, { uuid: 'a', timestamp: '2001-01-01T00:00:00.000Z' }),
    entry(3, odd),
  ]);
});

test('what was never written is null', async () => {
  const { store } = await open();
  assert.equal(await store.load(MAIN), null);
  await store.append(MAIN, []);
  assert.equal(await store.load(MAIN), null);
  await store.append(MAIN, [entry(1)]);
  assert.equal(await store.load(agent('1')), null);
});

test('subpaths and projects are apart', async () => {
  const { store } = await open();
  const elsewhere = { ...MAIN, projectKey: 'elsewhere' };
  await store.append(MAIN, [entry(1)]);
  await store.append(agent('1'), [entry(2)]);
  await store.append(elsewhere, [entry(3)]);
  assert.deepEqual(await store.load(MAIN), [entry(1)]);
  assert.deepEqual(await store.load(agent('1')), [entry(2)]);
  assert.deepEqual(await store.load(elsewhere), [entry(3)]);
  for (const projectKey of ['project', 'elsewhere']) {
    const listed = await store.listSessions(projectKey);
    assert.deepEqual(
      listed.map(({ sessionId }) => sessionId),
      ['session'],
    );
    assert.ok(Math.abs((listed[0]?.mtime ?? 0) - Date.now()) < 3_600_000);
  }
  assert.deepEqual(await store.listSessions('nowhere'), []);
  assert.deepEqual(await store.listSubkeys(MAIN), ['subagents/agent-1']);
  assert.deepEqual(await store.listSubkeys(elsewhere), []);
});

test('a session is deleted with its subpaths, a subpath by itself', async () => {
  const { store } = await open();
  const other = { ...MAIN, sessionId: 'other' };
  await store.delete(MAIN);
  for (const key of [MAIN, agent('1'), agent('2'), other]) await store.append(key, [entry(1)]);
  await store.delete(agent('1'));
  assert.equal(await store.load(agent('1')), null);
  assert.deepEqual(await store.listSubkeys(MAIN), ['subagents/agent-2']);
  assert.deepEqual(await store.load(MAIN), [entry(1)]);
  await store.delete(MAIN);
  for (const key of [MAIN, agent('2')]) assert.equal(await store.load(key), null);
  assert.deepEqual(await store.listSubkeys(MAIN), []);
  const listed = await store.listSessions('project');
  assert.deepEqual(
    listed.map(({ sessionId }) => sessionId),
    ['other'],
  );
  assert.deepEqual(await store.listSessionSummaries('nowhere'), []);
});

test('summaries are of the session alone, and as new as it is', async () => {
  const { store, options } = await open();
  await store.append(MAIN, entries(1, 2));
  await store.append(agent('1'), [entry(9)]);
  await store.append(MAIN, [entry(3)]);
  const check = async (names: number[]) => {
    const [summary] = await store.listSessionSummaries('project');
    const [listed] = await store.listSessions('project');
    assert.deepEqual(summary?.data, { names });
    return (summary?.mtime ?? 0) >= (listed?.mtime ?? 0);
  };
  assert.ok(await check([1, 2, 3]));
  // Without the SDK's function there are none, and what there is says that it is old.
  const without = createSessionStore(options);
  assert.ok(!('listSessionSummaries' in without));
  await without.append(MAIN, [entry(4)]);
  assert.ok(!(await check([1, 2, 3])));
  await store.append(MAIN, [entry(5)]);
  assert.ok(await check([1, 2, 3, 4, 5]));
});

test('several writers lose nothing of a summary', async () => {
  const token = await newUser();
  const writers = await Promise.all([1, 2, 3].map(() => open(token)));
  await Promise.all(
    writers.map(async ({ store }, index) => {
      for (let n = 0; n < 3; n++) await store.append(MAIN, [entry(10 * index + n)]);
    }),
  );
  const [first] = writers;
  const loaded = (await first?.store.load(MAIN)) ?? [];
  const [summary] = (await first?.store.listSessionSummaries('project')) ?? [];
  assert.equal(loaded.length, 9);
  assert.deepEqual(summary?.data, { names: loaded.map(({ n }) => n) });
});

test('an append is one request, and one for the summary', async () => {
  const { store, network } = await open();
  await store.append(MAIN, entries(0, 500));
  assert.equal(network.sent.length, 2);
  await store.append(agent('1'), entries(0, 500));
  assert.equal(network.sent.length, 3);
  await store.append(MAIN, entries(500, 501));
  assert.equal(network.sent.length, 7);
  assert.deepEqual(await store.load(MAIN), entries(0, 1001));
});

test('a failed append can be sent again', async () => {
  const { store, network } = await open();
  network.loses = (method) => method === 'POST';
  await assert.rejects(
    store.append(MAIN, entries(0, 3)),
    (error) => error instanceof StoreError && error.code === 'offline',
  );
  network.loses = () => false;
  await store.append(MAIN, entries(0, 3));
  assert.deepEqual(await store.load(MAIN), entries(0, 3));
  // The same once more is another append.
  await store.append(MAIN, entries(0, 3));
  assert.equal((await store.load(MAIN))?.length, 6);
});
