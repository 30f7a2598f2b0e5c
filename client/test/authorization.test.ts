/** What a frontend tells its own server of who asks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createConversationStore, type StoreOptions } from '../src/index.js';
// Loaded beside the store; here it is to be there already.
import '../src/sync/engine.js';
import { environment, localStore } from './helpers.js';

const DAY = 86_400_000;

/** A page of an anonymous user: `sessions` has the tokens that were sent to begin or renew a session, `clock` can be moved. */
function openPage(options: StoreOptions = {}) {
  const kept = new Map<string, string>();
  const sessions: (string | undefined)[] = [];
  const clock = { now: () => clock.time, time: 0, setTimeout: () => 0, clearTimeout: () => {} };
  const fetch = async (url: string, { headers }: RequestInit) => {
    if (!url.endsWith('/session')) throw new TypeError('no server');
    sessions.push((headers as Record<string, string>).Authorization);
    return Response.json({ token: `token-${sessions.length}`, userId: 'user' });
  };
  const localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const store = createConversationStore({ ...options, environment: { ...environment(), fetch, localStorage, clock } });
  return { store, sessions, clock };
}

test('an anonymous user is who the store is, with a session that is begun once', async (t) => {
  const { store, sessions } = openPage();
  t.after(() => store.close());
  const both = await Promise.all([store.authorization(), store.authorization()]);
  assert.deepEqual(both, [{ Authorization: 'Bearer token-1' }, { Authorization: 'Bearer token-1' }]);
  assert.deepEqual(sessions, [undefined]);
});

test('a token is renewed before it ends', async (t) => {
  const { store, sessions, clock } = openPage();
  t.after(() => store.close());
  await store.authorization();
  clock.time = 91 * DAY;
  assert.deepEqual(await store.authorization(), { Authorization: 'Bearer token-2' });
  assert.deepEqual(sessions, [undefined, 'Bearer token-1']);
});

test('a user of an auth provider has the token that it gives at the moment', async (t) => {
  const tokens = ['early', 'late'];
  let isSignedIn = true;
  const getToken = () => (isSignedIn ? (tokens.shift() ?? 'later still') : null);
  const { store, sessions } = openPage({ account: 'a', getToken });
  t.after(() => store.close());
  assert.deepEqual(await store.authorization(), { Authorization: 'Bearer early' });
  assert.deepEqual(await store.authorization(), { Authorization: 'Bearer late' });
  isSignedIn = false;
  await assert.rejects(store.authorization(), { code: 'signed_out' });
  assert.deepEqual(sessions, []);
});

test('a store without a server names nobody', async (t) => {
  const store = localStore();
  t.after(() => store.close());
  await assert.rejects(store.authorization(), { code: 'disabled' });
});
