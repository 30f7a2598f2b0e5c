/** Messages of the AI SDK, stored and read again: its own validator accepts them as it accepted those sent. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API } from './network.mjs';
import { moduleFor } from './optional.mjs';

const providerMetadata = { anthropic: { signature: 'c2lnbmF0dXJl', cacheTokens: 12.5, nothing: null } };
const call = { toolCallId: 'call-1', callProviderMetadata: providerMetadata };
const approval = { id: 'approval-1' };

/** The members of a tool's part in each state, besides its name. */
const STATES = [
  { state: 'input-streaming', input: { city: 'Lis' } },
  { state: 'input-available', input: { city: 'Lisbon' } },
  { state: 'approval-requested', input: { city: 'Lisbon' }, approval },
  { state: 'approval-responded', input: { city: 'Lisbon' }, approval: { ...approval, approved: true, reason: 'fine' } },
  {
    state: 'output-available',
    input: { city: 'Lisbon' },
    output: { celsius: 27, wind: [1, null, '😀'] },
    preliminary: true,
  },
  { state: 'output-error', input: { city: 'Lisbon' }, errorText: 'no such city' },
  { state: 'output-denied', input: { city: 'Lisbon' }, approval: { ...approval, approved: false } },
];

const MESSAGES = [
  {
    id: 'msg-system',
    role: 'system',
    parts: [{ type: 'text', text: 'Be brief.' }],
  },
  {
    id: 'msg-user',
    role: 'user',
    metadata: { createdAt: 1751545800000, tags: ['weather', 'trip'] },
    parts: [
      { type: 'text', text: 'What is the weather?\n\nIn "Lisbon" \\ \u0000 \u001e.' },
      {
        type: 'file',
        mediaType: 'image/png',
        filename: 'map.png',
        url: `data:image/png;base64,${'iVBORw0KGgo='.repeat(200)}`,
      },
      {
        type: 'file',
        mediaType: 'application/pdf',
        url: 'https://example.com/a.pdf',
        providerReference: { openai: 'file-1' },
      },
    ],
  },
  {
    id: 'msg-assistant',
    role: 'assistant',
    metadata: { model: 'a-model', totalUsage: { inputTokens: 120, outputTokens: 31 } },
    parts: [
      { type: 'step-start' },
      { type: 'reasoning', id: 'r1', text: 'Hm. '.repeat(300), state: 'done', providerMetadata },
      ...STATES.map((state) => ({ type: 'tool-weather', ...call, ...state })),
      ...STATES.map((state) => ({ type: 'dynamic-tool', toolName: 'weather', title: 'Weather', ...call, ...state })),
      { type: 'source-url', sourceId: 's1', url: 'https://example.com', title: 'Weather', providerMetadata },
      { type: 'source-document', sourceId: 's2', mediaType: 'text/plain', title: 'Almanac', filename: 'almanac.txt' },
      { type: 'reasoning-file', mediaType: 'image/png', url: 'https://example.com/r.png' },
      { type: 'data-weather', id: 'd1', data: { celsius: 27, deep: [{ a: [] }] } },
      { type: 'custom', kind: 'acme.widget', providerMetadata },
      { type: 'steering-message', id: 'st1', parts: [{ type: 'text', text: 'In Celsius.' }] },
      { type: 'text', text: 'It is **27 °C**.', state: 'done', providerMetadata },
    ],
  },
];

/** As they are stored: a role is a type. */
const toStored = ({ role, ...rest }) => ({ ...rest, type: role, format: 'ai-sdk/v7', status: 'complete' });
const toMessage = ({ id, type, metadata, parts }) => ({ id, role: type, ...(metadata && { metadata }), parts });

async function ask(token, path, method, body) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  const json = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json;
}

test('the AI SDK validates messages read back as it validated those sent', async (t) => {
  const ai = await moduleFor(t, 'ai');
  if (!ai) return;
  const kinds = new Set(MESSAGES.flatMap(({ parts }) => parts.map(({ type }) => type)));
  assert.equal(kinds.size, 12);
  await ai.validateUIMessages({ messages: MESSAGES });

  const { token } = await ask(null, '/session', 'POST', {});
  await ask(token, '/conversations', 'POST', { id: 'c', messages: MESSAGES.map(toStored) });
  const opened = await ask(token, '/conversations/c', 'GET');
  const read = opened.messages.map(toMessage);
  await ai.validateUIMessages({ messages: read });
  assert.deepEqual(read, MESSAGES);
  assert.ok(opened.messages[2].content.endsWith('In Celsius.\n\nIt is **27 °C**.'), opened.messages[2].content);

  // A tool that was waiting has run: the message is replaced part by part, or as a whole.
  const parts = MESSAGES[2].parts.filter(({ state }) => state !== 'approval-requested');
  const patched = await ask(token, '/conversations/c/messages/msg-assistant', 'PATCH', { parts });
  await ai.validateUIMessages({ messages: [toMessage(patched.message)] });
  assert.deepEqual(patched.message.parts, parts);

  // The messages read back can be sent to a model.
  const converted = await ai.convertToModelMessages(read);
  assert.deepEqual(converted, await ai.convertToModelMessages(MESSAGES));
});
