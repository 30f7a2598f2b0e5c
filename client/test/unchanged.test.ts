/** Messages of a save that say what their object was given: they are not copied, and nothing that differs is taken for one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { saysTheSame } from '../src/local/fields.js';
import { parseConversation } from '../src/local/parse-save.js';

const timestamp = '2026-01-01T00:00:00.000Z';
const body = { type: 'user', content: 'x', timestamp, parts: [{ type: 'text', text: 'x' }], tokens: { total: 3 } };
const message = { ...structuredClone(body), id: 'm', siblingIds: ['m', 'n'] };

test('a message with the same values in other objects says the same', () => {
  assert.ok(saysTheSame(message, body));
  assert.ok(saysTheSame({ ...message, status: undefined } as object, body));
});

test('what differs in any way does not', () => {
  const others: object[] = [
    { content: 'y' },
    { timestamp: '2026-01-02T00:00:00.000Z' },
    { timestamp: new Date(timestamp) },
    { status: 'done' },
    { parts: [] },
    { parts: [{ type: 'text' }] },
    { parts: { 0: { type: 'text', text: 'x' } } },
    { parts: [{ type: 'text', text: 'x' }, undefined] },
    { tokens: { total: 4 } },
    { tokens: { other: undefined } },
    { tokens: { total: 3, more: undefined } },
    { tokens: null },
    { tokens: { total: 3, toJSON: () => ({ total: 4 }) } },
  ];
  for (const other of others) assert.ok(!saysTheSame({ ...message, ...other }, body), JSON.stringify(other));
  const { tokens: _, ...without } = message;
  assert.ok(!saysTheSame(without, body));
});

test('of such a message the body is the one that was given; the rest is copied', () => {
  const given = new Map([['m', body]]);
  const next = { id: 'n', type: 'user' as const, content: 'y', parts: [{ type: 'text', text: 'y' }] };
  const { messages = [] } = parseConversation({ id: 'c', messages: [message as never, next] }, given, 0);
  assert.equal(messages[0]?.body, body);
  next.parts.length = 0;
  assert.deepEqual(messages[1]?.body.parts, [{ type: 'text', text: 'y' }]);
});
