/** What is sent again, or waits for its turn, when another user is at the page: it goes as the one who asked for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createThreadListAdapter } from '../../src/assistant-ui/index.js';
import { API, ask, instantClock, newUser } from '../ai-sdk/harness.js';
import { openDevice } from './harness.js';

/** A page with a user, whose place the next one can take. */
async function openPage() {
  const [former, next] = [await newUser(), await newUser()];
  let token = former;
  return {
    ...openDevice(() => token),
    former,
    next,
    change: () => {
      token = next;
    },
  };
}

async function threadsOf(token: string) {
  const { data } = await ask<{ data: { custom?: unknown }[] }>(token, '/conversations');
  return data.map(({ custom }) => custom);
}

test('an attempt that is repeated is the same user’s', async () => {
  const { adapter, network, former, next, change } = await openPage();
  network.loses = (method) => {
    if (method !== 'POST') return false;
    change();
    network.loses = () => false;
    return true;
  };
  await adapter.initialize('local', { custom: { note: 'of the former user' } });
  assert.deepEqual(await threadsOf(former), [{ note: 'of the former user' }]);
  assert.deepEqual(await threadsOf(next), []);
});

test('what waits for its turn is that of the user who asked for it', async () => {
  const { adapter, network, former, next, change } = await openPage();
  // On one page, threads of the same local id have the same one.
  const { remoteId } = await openDevice(await newUser()).adapter.initialize('waiting');
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    network.before = () => {
      network.before = () => undefined;
      resolve();
      return new Promise<void>((go) => {
        release = go;
      });
    };
  });
  const deleted = adapter.delete(remoteId);
  await held;
  const created = adapter.initialize('waiting', { custom: { note: 'of the former user' } });
  change();
  release();
  await Promise.all([deleted, created]);
  assert.deepEqual(await threadsOf(former), [{ note: 'of the former user' }]);
  assert.deepEqual(await threadsOf(next), []);
});

const jwtOf = (sub: string, exp: number) => `e30.${btoa(JSON.stringify({ sub, exp }))}.x`;

test('a token that an auth provider has renewed meanwhile is sent again, where it is the same user’s', async () => {
  const tokens = [jwtOf('a', 1), jwtOf('a', 2), jwtOf('b', 3)];
  const sent: (string | null)[] = [];
  const adapter = createThreadListAdapter({
    url: API,
    token: () => tokens[sent.length] ?? '',
    clock: instantClock,
    fetch: async (_, init) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      throw new TypeError('no network');
    },
  });
  await assert.rejects(adapter.list(), { code: 'offline' });
  const [first, renewed] = tokens.map((token) => `Bearer ${token}`);
  assert.deepEqual(sent, [first, renewed, renewed, renewed]);
});
