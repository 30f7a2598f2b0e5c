/** The package as applications get it. Run after the build. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function run(script: string) {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 20_000,
  });
}

test('it can be imported where there is no window, and opens nothing', { skip: !existsSync(`${ROOT}/dist`) }, () => {
  const script = `
    const { HybridConversationStore, StoreError } = await import('conversation-store');
    console.log(typeof window, typeof HybridConversationStore, new StoreError('a', 'b').code);
  `;
  assert.equal(run(script), 'undefined function a\n');
});

test('the browser build can be imported there, too', () => {
  const script = `
    const { HybridConversationStore } = await import('../public/conversation-store.js');
    console.log(typeof HybridConversationStore);
  `;
  assert.equal(run(script), 'function\n');
});

test('outside of a browser each method says so, and the process ends', () => {
  const script = `
    const { createConversationStore } = await import('../public/conversation-store.js');
    const store = createConversationStore();
    const codes = [];
    for (const call of [
      () => store.ready,
      () => store.getAllConversations(),
      () => store.getConversation('c'),
      () => store.saveConversation({ id: 'c', messages: [] }),
      () => store.exportAll(),
    ]) await call().catch(({ name, code }) => codes.push(name + ' ' + code));
    console.log(new Set(codes), store.status.mode);
  `;
  assert.match(run(script), /^Set\(1\) \{ 'StoreError no_browser' \} local\n$/);
});

test('an open store does not keep a process alive', () => {
  const script = `
    const { createConversationStore, createMemoryDatabase } = await import('../public/conversation-store.js');
    const store = createConversationStore({ enabled: false, environment: { openDatabase: async () => createMemoryDatabase() } });
    await store.saveConversation({ id: 'c', messages: [] });
    console.log((await store.getAllConversations()).length);
  `;
  assert.equal(run(script), '1\n');
});
