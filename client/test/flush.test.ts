/** Sending at once what waits: nothing counts as sent that is not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ConversationStore, createConversationStore, createMemoryDatabase } from '../src/index.js';
// Loaded beside the store; here it is to be there already.
import '../src/sync/engine.js';
import { environment, freeLocks, localStore } from './helpers.js';

/** Locks of one tab, of which it gets the first after `delay` ms. */
function locksAfter(delay: number) {
  const request = async (_name: string, ...rest: unknown[]) => {
    await new Promise((resolve) => setTimeout(resolve, delay));
    return (rest.at(-1) as () => unknown)();
  };
  return { request } as unknown as LockManager;
}

/** A tab with a conversation that waits, and a server that begins sessions and takes nothing else. */
async function openTab(locks: LockManager, respond: () => Promise<Response>): Promise<ConversationStore> {
  const database = createMemoryDatabase();
  const before = localStore({ environment: environment(database) });
  await before.saveConversation({ id: 'c', messages: [{ id: 'm', type: 'user', content: 'x' }] });
  const kept = new Map<string, string>();
  const localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const fetch = async (url: string) =>
    url.endsWith('/session') ? Response.json({ token: 't', userId: 'u' }, { status: 201 }) : respond();
  return createConversationStore({ environment: { ...environment(database), localStorage, locks, fetch } });
}

const away = async () => Response.json({ error: { code: 'storage_unavailable' } }, { status: 503 });

for (const [when, locks] of [
  ['at once', freeLocks],
  ['next', locksAfter(0)],
  ['a little later', locksAfter(2)],
  ['late', locksAfter(20)],
] as const) {
  test(`a tab that leads ${when} tells why nothing was sent`, { timeout: 10_000 }, async (t) => {
    const store = await openTab(locks, away);
    t.after(() => store.close());
    await assert.rejects(store.flush(), { code: 'storage_unavailable' });
    assert.equal(store.status.pending, 1);
  });
}

test('what a tab has not sent when it stops is not sent', async () => {
  let release = () => {};
  const held = new Promise<void>((hold) => {
    release = hold;
  });
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const store = await openTab(locksAfter(0), async () => {
    asked();
    await held;
    return away();
  });
  await store.ready;
  const flushed = assert.rejects(store.flush(), { code: 'offline' });
  await isAsked;
  const closed = store.close();
  release();
  await Promise.all([flushed, closed]);
});
