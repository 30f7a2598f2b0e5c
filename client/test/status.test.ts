/** The status: what the store is doing, as a function of what has happened. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventBus } from '../src/event-bus.js';
import { createConversationStore } from '../src/index.js';
import { INITIAL_STATUS, nextStatus, statusMode, StatusTracker, type StatusEvent } from '../src/status.js';
// Loaded beside the store; here it is to be there already.
import '../src/sync/engine.js';
import { environment, freeLocks, until } from './helpers.js';

const FACTS = { isEnabled: true, hasLocks: true, hasSession: true, isSignedOut: false, isOnline: true };

const after = (...events: StatusEvent[]) => events.reduce(nextStatus, INITIAL_STATUS);
const modeAfter = (...events: StatusEvent[]) => statusMode(after(...events), FACTS);

const failed = (code: string): StatusEvent => ({ type: 'failed', code });
const counted = (pending: number): StatusEvent => ({ type: 'counted', pending, refused: 0 });

test('a store with a session is starting until the server has answered', () => {
  assert.equal(modeAfter(), 'starting');
  assert.equal(modeAfter({ type: 'reached' }), 'synced');
  assert.equal(modeAfter({ type: 'live', live: 'stream' }), 'synced');
  assert.equal(modeAfter({ type: 'live', live: 'resting' }), 'starting');
});

test('without a session there is nothing to wait for', () => {
  assert.equal(statusMode(INITIAL_STATUS, { ...FACTS, hasSession: false }), 'synced');
});

test('what is counted as waiting looks unsent, until nothing waits', () => {
  assert.equal(modeAfter({ type: 'reached' }, counted(1)), 'sending');
  assert.equal(modeAfter({ type: 'reached' }, counted(1), counted(0)), 'synced');
});

test('a failure shows until the server answers again, also by a stream', () => {
  assert.equal(modeAfter(failed('offline')), 'offline');
  assert.equal(modeAfter(failed('offline'), { type: 'reached' }), 'synced');
  assert.equal(modeAfter(failed('offline'), { type: 'live', live: 'polling' }), 'synced');
  assert.equal(modeAfter(failed('offline'), { type: 'live', live: 'resting' }), 'offline');
});

test('what keeps the server out of it comes before all else', () => {
  assert.equal(modeAfter(failed('storage_disabled')), 'local');
  assert.equal(modeAfter(failed('account_mismatch')), 'local');
  assert.equal(statusMode(after(counted(1)), { ...FACTS, isEnabled: false }), 'local');
  assert.equal(statusMode(after(counted(1)), { ...FACTS, hasLocks: false }), 'local');
  for (const code of ['signed_out', 'invalid_token', 'missing_token'])
    assert.equal(modeAfter(failed(code)), 'signed-out');
  assert.equal(statusMode(after(counted(1)), { ...FACTS, isSignedOut: true }), 'signed-out');
  assert.equal(statusMode(after(counted(1)), { ...FACTS, isOnline: false }), 'offline');
});

test('a tab takes over what the leading one tells', () => {
  const state = after(counted(2), failed('offline'));
  assert.deepEqual(nextStatus(INITIAL_STATUS, { type: 'heard', state }), state);
});

test('the tracker tells each status once', () => {
  const bus = new EventBus();
  const told: string[] = [];
  bus.on('status', ({ mode, pending }) => told.push(`${mode} ${pending}`));
  const tracker = new StatusTracker(bus, () => ({ ...FACTS, userId: null }));
  tracker.dispatch({ type: 'reached' });
  tracker.dispatch({ type: 'reached' });
  tracker.dispatch(counted(1));
  assert.deepEqual(told, ['synced 0', 'sending 1']);
});

test('a failure ends what is told of the list that comes', () => {
  const loading = { done: 50, total: 120 };
  assert.deepEqual(after({ type: 'loading', loading }).loading, loading);
  assert.equal(after({ type: 'loading', loading }, failed('offline')).loading, null);
  assert.equal(modeAfter({ type: 'loading', loading }, { type: 'loaded' }), 'synced');
});

test('a store that has nothing to send hears that the server is back by asking', async (t) => {
  let isAway = true;
  const sync = { changed: [], deleted: [], nextCursor: '1', hasMore: false };
  const fetch = async () => {
    if (isAway) throw new TypeError('no server');
    return Response.json(sync);
  };
  const options = { account: 'a', getToken: () => 'token' };
  const store = createConversationStore({ ...options, environment: { ...environment(), fetch, locks: freeLocks } });
  t.after(() => store.close());
  await until(() => store.status.mode === 'offline');
  isAway = false;
  await store.sync();
  assert.equal(store.status.mode, 'synced');
});
