/** Files of other systems: cut into portions anywhere, they import the same. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { API, Browser, until } from './harness.mjs';
import { zip } from './zip.mjs';

const DATA = new URL('../../importers/tests/data/', import.meta.url);
const sample = readFileSync(new URL('../../public/sample.json', import.meta.url), 'utf8');

const file = (name, ...parts) => new File(parts, name);
const data = (name) => file(name, readFileSync(new URL(name, DATA)));

const chat = (id, text) => ({
  uuid: id,
  name: `About ${text}`,
  chat_messages: [
    { uuid: `${id}-1`, sender: 'human', text, created_at: '2026-01-05T10:00:00Z' },
    { uuid: `${id}-2`, sender: 'assistant', text: `${text}? Yes.`, created_at: '2026-01-05T10:00:10Z' },
  ],
});
const chats = Array.from({ length: 7 }, (_, at) => chat(`chat-${at}`, `subject ${at}`));
const claudeAi = (all = chats) => file('conversations.json', JSON.stringify(all));

async function begin() {
  const browser = new Browser();
  const tab = await browser.open();
  return { browser, tab, store: tab.store };
}

/** All data of a user, without what depends on the time of import. */
async function everything(store) {
  const text = await (await store.exportAll()).text();
  const lines = text
    .trim()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  return lines.map(({ expiresAt, $export, etag, revision, ...rest }) => rest).sort((a, b) => (a.id < b.id ? -1 : 1));
}

const counts = ({ imported, updated, unchanged, rejected, skipped, invalidLines }) => ({
  imported,
  updated,
  unchanged,
  rejected,
  skipped,
  invalidLines,
});

/** The largest line or conversation of a file, bytes. */
async function largestItem(whole) {
  const text = await whole.text();
  if (whole.name.endsWith('.jsonl')) return Math.max(...text.split('\n').map((line) => Buffer.byteLength(line)));
  const value = JSON.parse(text);
  return Array.isArray(value) ? Math.max(...value.map((one) => Buffer.byteLength(JSON.stringify(one)))) : whole.size;
}

test('a file imports the same in portions of any size', async () => {
  const files = [
    ...readdirSync(DATA)
      .filter((name) => name.startsWith('claude-code'))
      .map(data),
    data('chatgpt-conversation.json'),
    claudeAi(),
    file('all.json', JSON.stringify(JSON.parse(sample))),
  ];
  for (const whole of files) {
    const { store: one } = await begin();
    const report = await one.importFile(whole);
    const expected = await everything(one);
    const largest = (await largestItem(whole)) + 4;
    for (const bytes of [largest, Math.round(largest * 1.7), Math.max(largest, Math.round(whole.size / 2))]) {
      const { browser, store } = await begin();
      const done = [];
      const limits = { bytes, conversations: 500 };
      const cut = await store.importFile(whole, { limits, onProgress: (progress) => done.push(progress.done) });
      assert.deepEqual(counts(cut), counts(report), `${whole.name} ${bytes}`);
      assert.deepEqual(await everything(store), expected, `${whole.name} ${bytes}`);
      assert.equal(done.at(-1), whole.size);
      const sent = browser.network.log.filter((request) => request === 'POST /import');
      assert.ok(sent.length >= whole.size / (bytes + 1000) - 1, `${whole.name} ${bytes}: ${sent.length} requests`);
    }
  }
});

test('each format is recognised as the server recognises it', async () => {
  const message = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };
  const libre = {
    messageId: 'm',
    parentMessageId: null,
    isCreatedByUser: true,
    text: 'Hello',
    createdAt: '2026-01-05',
  };
  const tree = { id: 'm', parentId: null, childrenIds: [], role: 'user', content: 'Hello', timestamp: 1_767_600_000 };
  const files = {
    'claude-code': data('claude-code-edge-cases.jsonl'),
    chatgpt: data('chatgpt-example.json'),
    'claude-ai': file('conversations.json', JSON.stringify({ conversations: chats.slice(0, 1) })),
    'ui-messages': file('chat.json', JSON.stringify([message, { ...message, id: 'u2', role: 'assistant' }])),
    librechat: file('libre.json', JSON.stringify({ conversationId: 'l', title: 'L', messages: [libre] })),
    'open-webui': file(
      'open.json',
      JSON.stringify([{ id: 'o', chat: { title: 'O', history: { currentId: 'm', messages: { m: tree } } } }]),
    ),
    own: file('backup', sample),
  };
  for (const [format, whole] of Object.entries(files)) {
    const { browser, store } = await begin();
    const report = await store.importFile(whole);
    assert.deepEqual(report.files, [{ name: whole.name, format }]);
    assert.ok(report.imported > 0, format);
    const body = await whole.text();
    const { token } = JSON.parse(browser.values.get('claude-session'));
    const path = `/import?name=${whole.name}`;
    const response = await fetch(API + path, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body });
    assert.equal((await response.json()).format ?? 'own', format);
  }
});

test('the same file again changes nothing, and a longer one adds the new messages', async () => {
  const { tab, store } = await begin();
  assert.equal((await store.importFile(claudeAi())).imported, 7);
  assert.equal((await store.importFile(claudeAi())).unchanged, 7);
  const [first, ...rest] = chats;
  const longer = { ...first, chat_messages: [...first.chat_messages, { uuid: 'more', sender: 'human', text: 'More' }] };
  await store.deleteConversation('chat-3');
  await store.flush();
  const empty = { uuid: 'empty', name: 'Nothing', chat_messages: [] };
  const report = await store.importFile(claudeAi([longer, ...rest, empty, 5]));
  assert.deepEqual(
    [report.updated, report.unchanged, report.rejected, report.skipped],
    [1, 5, 1, 2],
    JSON.stringify(report),
  );
  const reasons = report.conversations.filter(({ code }) => code).map(({ index, id, code }) => [index, id, code]);
  assert.deepEqual(reasons, [
    [3, 'chat-3', 'conversation_deleted'],
    [7, 'empty', 'empty'],
    [8, null, 'wrong_shape'],
  ]);
  // Imported conversations are in the list without a request.
  await until(async () => (await store.getAllConversations()).length === 6);
  assert.equal(tab.of('change').length > 0, true);
});

test('an archive is unpacked, and files without conversations are ignored', async () => {
  const { store } = await begin();
  const archive = zip({
    'users.json': JSON.stringify([{ uuid: 'u', full_name: 'N' }]),
    'shared_conversations.json': JSON.stringify([{ id: 's', conversation_id: 'c', title: 'T' }]),
    'conversations.json': JSON.stringify(chats),
    'sessions/claude-code-edge-cases.jsonl': readFileSync(new URL('claude-code-edge-cases.jsonl', DATA)),
    'picture.png': 'not looked at',
    '__MACOSX/conversations.json': 'a shadow',
  });
  const report = await store.importFile(file('export.zip', archive));
  assert.deepEqual(report.files, [
    { name: 'conversations.json', format: 'claude-ai' },
    { name: 'sessions/claude-code-edge-cases.jsonl', format: 'claude-code' },
  ]);
  assert.deepEqual(report.ignored, ['shared_conversations.json', 'users.json']);
  assert.equal(report.conversations.filter(({ file: name }) => name === 'conversations.json').length, 7);
  await assert.rejects(store.importFile(file('cut.zip', archive.subarray(0, 200))), { code: 'invalid_archive' });
  const others = zip({ 'users.json': '[{"uuid":"u"}]' });
  await assert.rejects(store.importFile(file('other.zip', others)), { code: 'unknown_format', message: /archive/ });
});

test('a file that cannot be read says why', async () => {
  const { store } = await begin();
  const rejects = (text, code, message) => assert.rejects(store.importFile(file('x', text)), { code, message });
  await rejects('', 'unknown_format', /empty/);
  await rejects('Dear diary', 'unknown_format', /neither JSON/);
  await rejects('[{"name":"x"}]', 'unknown_format', /no conversations/);
  await rejects('{"type":"session_meta"}\n{}', 'unknown_format', /Codex/);
  await rejects('[{"mapping":{}},{"chat_messages":[]}]', 'ambiguous_format', /claude-ai/);
  await rejects('[{"uuid":"a","chat_messages":[]}]', 'nothing_imported', /anything to read/);
  // Of one that is cut off, everything before is there.
  const cut = JSON.stringify(chats).slice(0, -20);
  await rejects(cut, 'invalid_json', /not whole/);
  await until(async () => (await store.getAllConversations()).length === 6);
});

test('an interrupted import is continued by importing again', async () => {
  const { browser, tab, store } = await begin();
  const { network, clock } = browser;
  const limits = { bytes: 4_000_000, conversations: 1 };
  let count = 0;
  const portions = ({ path }) => path.startsWith('/import');
  // The second portion is put off, and the response to the third one is lost.
  const faults = { 2: { status: 429, code: 'rate_limited', retryAfter: 40 }, 3: 'lost' };
  network.fault = (request) => {
    count += Number(portions(request));
    return portions(request) ? faults[count] : undefined;
  };
  const importing = store.importFile(claudeAi(), { limits });
  await until(async () => {
    await clock.advance(1000);
    return count >= 9;
  });
  assert.equal((await importing).conversations.length, 7);
  const keys = network.requests.filter(portions).map(({ headers }) => headers['Idempotency-Key']);
  assert.equal(new Set(keys).size, 7);

  count = 0;
  const controller = new AbortController();
  const more = [...chats, chat('new', 'something new')];
  const onProgress = ({ report }) => {
    if (report.unchanged === 2) controller.abort();
  };
  await assert.rejects(store.importFile(claudeAi(more), { limits, onProgress, signal: controller.signal }), {
    name: 'AbortError',
  });
  network.fault = () => undefined;
  assert.deepEqual(counts(await store.importFile(claudeAi(more), { limits })), {
    imported: 1,
    updated: 0,
    unchanged: 7,
    rejected: 0,
    skipped: 0,
    invalidLines: 0,
  });

  await tab.goOffline();
  await assert.rejects(store.importFile(claudeAi()), { code: 'offline' });
  // The service's own form needs no conversion: it is on this device, and goes to the server later.
  assert.equal((await store.importFile(file('all.json', sample))).imported, 3);
  assert.equal((await store.getAllConversations()).length, 11);
});

test('an oversized conversation is reported, and one in the own form is sent in parts', async () => {
  const { store } = await begin();
  const long = 'x'.repeat(100_000);
  const huge = { ...chat('huge', 'much'), more: Array.from({ length: 45 }, () => long) };
  const report = await store.importFile(claudeAi([chats[0], huge, chats[1]]));
  assert.deepEqual([report.imported, report.rejected], [2, 1]);
  assert.equal(report.conversations.find(({ status }) => status === 'rejected').code, 'too_large');
  assert.equal(report.conversations.find(({ status }) => status === 'rejected').index, 1);
  const messages = Array.from({ length: 45 }, (_, at) => ({ id: `m${at}`, type: 'user', content: long }));
  const own = [
    { id: 'a', messages: messages.slice(0, 1) },
    { id: 'long', messages },
  ];
  assert.equal((await store.importFile(file('own.json', JSON.stringify(own)))).imported, 2);
  await until(async () => (await store.getConversation('long'))?.messageCount === 45);
});
