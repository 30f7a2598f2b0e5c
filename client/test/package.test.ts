/** The package as applications get it. Run after the build. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function run(script: string) {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, encoding: 'utf8' });
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
