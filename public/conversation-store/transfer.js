import { StoreError } from './errors.js';
import { isPaused, isServersFault } from './api.js';
import { isoOf } from './text.js';
import { shownBetween } from './records.js';
import { sent } from './planning.js';
import { storeConversations } from './importing.js';

const MOST_BYTES = 3_500_000;
const MOST_CONVERSATIONS = 200;

const encoder = new TextEncoder();

/** Everything at the server, as lines; where it cannot be had, what is here, in the same form. */
export async function exportAll(core) {
  if (!core.mayAsk) return exportLocal(core);
  const response = await core.api.open('GET', '/export');
  const blob = await response.blob();
  const end = (await blob.slice(-300).text()).trimEnd().split('\n').at(-1);
  if (!isComplete(end)) throw new StoreError('incomplete', 'The export broke off.');
  return blob;
}

function isComplete(line) {
  try {
    return JSON.parse(line).export.complete === true;
  } catch {
    return false;
  }
}

async function exportLocal(core) {
  const parts = [];
  let messages = 0;
  const conversations = await core.localConversations();
  for (const record of conversations) {
    const conversation = await readWhole(core, record);
    messages += conversation.messages.length;
    parts.push(`${JSON.stringify(conversation)}\n`);
  }
  const end = { export: { conversations: conversations.length, messages, complete: true } };
  return new Blob([...parts, `${JSON.stringify(end)}\n`], { type: 'application/x-ndjson' });
}

/** A conversation with all of its messages that are here, in the form of the old localStorage data. */
export async function readWhole(core, record) {
  const messages = await core.database.run('readonly', (tx) => tx.list('messages', 'order', shownBetween(record.id)));
  return {
    ...record.fields,
    id: record.id,
    createdAt: isoOf(record.createdAt),
    updatedAt: isoOf(record.updatedAt),
    totalTokens: record.tokens,
    messages: messages.map(sent),
  };
}

export async function exportConversation(core, id, format) {
  const query = new URLSearchParams({ conversation: id, format });
  const response = await core.api.open('GET', `/export?${query}`);
  return response.blob();
}

/**
 * Imports conversations of any form and size. Returns one report. Where the server is away or switched off, they are on this
 * device, and go there later.
 */
export async function importData(core, data) {
  const conversations = parseConversations(data instanceof Blob ? await data.text() : data);
  if (!core.isEnabled) return importHere(core, conversations);
  try {
    return await importThere(core, conversations);
  } catch (error) {
    if (!isServersFault(error) && !isPaused(error) && error.code !== 'storage_disabled') throw error;
    return importHere(core, conversations);
  }
}

async function importHere(core, conversations) {
  const { added, rejected } = await core.database.run('readwrite', (tx) =>
    storeConversations(tx, conversations, core.clock.now()),
  );
  core.announce(added);
  core.wake();
  return { imported: added.length, unchanged: conversations.length - added.length - rejected.length, rejected };
}

/** In requests that the server takes. */
async function importThere(core, conversations) {
  /** @type {{ imported: number, unchanged: number, rejected: { id: string | null, code: string }[] }} */
  const report = { imported: 0, unchanged: 0, rejected: [] };
  let done = 0;
  for (const { part, isLast } of portions(conversations)) {
    const send = () => core.api.call('POST', '/import', { body: part, timeout: 60_000 });
    const { body } = await core.inTurn('shared', send);
    report.imported += isLast ? body.imported : 0;
    report.unchanged += isLast ? body.unchanged : 0;
    for (const { id = null, status, code } of body.results)
      if (status === 'rejected') report.rejected.push({ id, code });
    done += isLast ? part.length : 0;
    core.emitter.emit('progress', { task: 'import', done, total: conversations.length });
  }
  await core.live.ask();
  return report;
}

/** An array, an object with one, or lines of conversations with the line that ends an export. */
export function parseConversations(data) {
  if (typeof data !== 'string') return [...data];
  try {
    const value = JSON.parse(data);
    if (Array.isArray(value)) return value;
    if (Array.isArray(value.conversations)) return value.conversations;
    return value.export ? [] : [value];
  } catch {
    return parseLines(data);
  }
}

function parseLines(text) {
  const lines = text.split('\n').filter((line) => line.trim());
  try {
    return lines.map((line) => JSON.parse(line)).filter((value) => !value.export);
  } catch {
    throw new StoreError('invalid_json', 'This is neither JSON nor lines of JSON.');
  }
}

/** Conversations in portions; one that is too large for a request comes in parts, of which the last is counted. */
function* portions(conversations) {
  let part = [];
  let bytes = 0;
  for (const conversation of conversations) {
    const size = sizeOf(conversation);
    if (part.length > 0 && (bytes + size > MOST_BYTES || part.length === MOST_CONVERSATIONS)) {
      yield { part, isLast: true };
      [part, bytes] = [[], 0];
    }
    if (size > MOST_BYTES && conversation.messages?.length > 0) {
      yield* partsOf(conversation);
    } else {
      part.push(conversation);
      bytes += size;
    }
  }
  if (part.length > 0) yield { part, isLast: true };
}

function* partsOf(conversation) {
  const rest = [...conversation.messages];
  while (rest.length > 0) {
    const messages = [rest.shift()];
    let bytes = sizeOf(messages[0]);
    while (rest.length > 0 && bytes + sizeOf(rest[0]) <= MOST_BYTES) {
      bytes += sizeOf(rest[0]);
      messages.push(rest.shift());
    }
    yield { part: [{ ...conversation, messages }], isLast: rest.length === 0 };
  }
}

function sizeOf(value) {
  return encoder.encode(JSON.stringify(value)).length + 1;
}
