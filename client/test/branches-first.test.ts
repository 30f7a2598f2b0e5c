/** A first message beside another first message, after a switch of the branch. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localStore } from './helpers.js';

test('a first message begins a branch also behind a branch that was switched to', async () => {
  const store = localStore();
  await store.saveConversation({ id: 'c', messages: [{ id: 'q', type: 'user', content: 'one' }] });
  await store.addMessage('c', { id: 'a', type: 'assistant', content: 'A' }, { parentId: 'q' });
  await store.addMessage('c', { id: 'b', type: 'assistant', content: 'B' }, { parentId: 'q' });
  await store.switchBranch('c', 'a');
  await store.addMessage('c', { id: 'p', type: 'user', content: 'two' }, { parentId: null });
  const messages = (await store.getConversation('c'))?.messages ?? [];
  assert.deepEqual(
    messages.map(({ id, siblingIds }) => [id, siblingIds]),
    [['p', ['q', 'p']]],
  );
});
