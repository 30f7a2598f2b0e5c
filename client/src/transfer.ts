/** Exports conversations, and imports those that are in the service's own form. */

import { StoreError } from './errors.js';
import { asFreshTree, inSendingOrder, readTree } from './local/branches.js';
import type { LocalDatabase } from './local/database.js';
import { storeConversations } from './local/import.js';
import { expectEpoch, readOwnership, type Ownership } from './local/ownership.js';
import { listConversations } from './local/records.js';
import type { ConversationRecord } from './local/schema.js';
import { isPaused, isServersFault } from './net/failures.js';
import type { ImportResponse } from './net/wire.js';
import type { OpenStore } from './open.js';
import { asSent, MOST_BYTES, sizeOf } from './sync/next-request.js';
import { isoOf } from './text.js';
import type { ConversationInput, ImportReport } from './types.js';

/** The most conversations of one request. */
const MOST_CONVERSATIONS = 200;

/** The longest an import may take, ms. */
const TIMEOUT = 60_000;

/** Everything at the server, as lines; where it cannot be had, what is here, in the same form. */
export async function exportAll(store: OpenStore): Promise<Blob> {
  await store.imports.waitForAll();
  if (!store.mayAsk()) return exportLocal(store.database);
  const { api } = await store.engine.get();
  const response = await api.open('GET', '/export', { ownership: await api.owner() });
  const blob = await response.blob();
  const end = (await blob.slice(-300).text()).trimEnd().split('\n').at(-1) ?? '';
  if (!isComplete(end)) throw new StoreError('incomplete', 'The export broke off.');
  return blob;
}

function isComplete(line: string) {
  try {
    return JSON.parse(line).export.complete === true;
  } catch {
    return false;
  }
}

async function exportLocal(database: LocalDatabase) {
  const parts: string[] = [];
  let messages = 0;
  const records = await database.run('readonly', listConversations);
  for (const record of records) {
    const conversation = await readWhole(database, record);
    messages += conversation.messages.length;
    parts.push(`${JSON.stringify(conversation)}\n`);
  }
  const end = { export: { conversations: records.length, messages, complete: true } };
  return new Blob([...parts, `${JSON.stringify(end)}\n`], { type: 'application/x-ndjson' });
}

/** A conversation with all of its messages that are here, in the form of the old localStorage data. */
export async function readWhole(database: LocalDatabase, record: ConversationRecord) {
  const { path, beside } = await database.run('readonly', (tx) => readTree(tx, record));
  // With branches, each message says what it follows.
  const messages = inSendingOrder(asFreshTree(path, [...beside.values()]));
  return {
    ...record.fields,
    id: record.id,
    createdAt: isoOf(record.createdAt),
    updatedAt: isoOf(record.updatedAt),
    totalTokens: record.tokens,
    ...(beside.size > 0 && { headId: path.at(-1)?.id ?? null }),
    messages: messages.map(asSent),
  };
}

export async function exportConversation({ engine }: OpenStore, id: string, format: string): Promise<Blob> {
  const { api } = await engine.get();
  const query = new URLSearchParams({ conversation: id, format });
  const response = await api.open('GET', `/export?${query}`, { ownership: await api.owner() });
  return response.blob();
}

/**
 * Imports conversations of any form and size. Returns one report. Where the server is away or switched off, they are on this
 * device, and go there later.
 */
export async function importData(
  store: OpenStore,
  data: string | Blob | readonly ConversationInput[],
): Promise<ImportReport> {
  return importFor(await store.database.run('readonly', readOwnership), store, data);
}

/** Imports what belongs to those whose data were here when it began. */
export async function importFor(
  ownership: Ownership,
  store: OpenStore,
  data: string | Blob | readonly ConversationInput[],
): Promise<ImportReport> {
  const conversations = parseConversations(data instanceof Blob ? await data.text() : data);
  if (!store.isEnabled) return importHere(ownership, store, conversations);
  try {
    return await importAtServer(ownership, store, conversations);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (!isServersFault(error) && !isPaused(error) && error.code !== 'storage_disabled') throw error;
    return importHere(ownership, store, conversations);
  }
}

async function importHere(ownership: Ownership, store: OpenStore, conversations: unknown[]) {
  const { announcer, database, environment, leadership } = store;
  const { added, rejected } = await database.run('readwrite', async (tx) => {
    await expectEpoch(tx, ownership);
    return storeConversations(tx, conversations, environment.clock.now());
  });
  announcer.announce(added, 'tab');
  leadership.wake();
  return { imported: added.length, unchanged: conversations.length - added.length - rejected.length, rejected };
}

/** In requests that the server takes. */
async function importAtServer(since: Ownership, { bus, engine, locks }: OpenStore, conversations: unknown[]) {
  const { api, live } = await engine.get();
  const ownership = await api.owner(since);
  const report: ImportReport = { imported: 0, unchanged: 0, rejected: [] };
  let done = 0;
  for (const { part, isLast } of portions(conversations)) {
    const send = () => api.call<ImportResponse>('POST', '/import', { body: part, timeout: TIMEOUT, ownership });
    const { body } = await locks.turn('shared', send);
    report.imported += isLast ? body.imported : 0;
    report.unchanged += isLast ? body.unchanged : 0;
    for (const { id = null, status, code = 'internal_error' } of body.results) {
      if (status === 'rejected') report.rejected.push({ id, code });
    }
    done += isLast ? part.length : 0;
    bus.emit('progress', { task: 'import', done, total: conversations.length });
  }
  await live.ask();
  return report;
}

/** An array, an object with one, or lines of conversations with the line that ends an export. */
export function parseConversations(data: string | readonly unknown[]): unknown[] {
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

function parseLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim());
  try {
    return lines.map((line) => JSON.parse(line)).filter((value) => !value.export);
  } catch {
    throw new StoreError('invalid_json', 'This is neither JSON nor lines of JSON.');
  }
}

/** What one request carries; of a conversation in parts only the last one is counted. */
interface Portion {
  part: unknown[];
  isLast: boolean;
}

/** Conversations in portions; one that is too large for a request comes in parts. */
function* portions(conversations: unknown[]): Generator<Portion> {
  let part: unknown[] = [];
  let bytes = 0;
  for (const conversation of conversations) {
    const size = sizeOf(conversation) + 1;
    if (part.length > 0 && (bytes + size > MOST_BYTES || part.length === MOST_CONVERSATIONS)) {
      yield { part, isLast: true };
      [part, bytes] = [[], 0];
    }
    const messages = messagesOf(conversation);
    if (size > MOST_BYTES && messages.length > 0) {
      yield* partsOf(conversation as object, messages);
    } else {
      part.push(conversation);
      bytes += size;
    }
  }
  if (part.length > 0) yield { part, isLast: true };
}

function messagesOf(conversation: unknown): unknown[] {
  const { messages } = (conversation ?? {}) as { messages?: unknown };
  return Array.isArray(messages) ? messages : [];
}

function* partsOf(conversation: object, all: unknown[]): Generator<Portion> {
  let rest = all;
  while (rest.length > 0) {
    let bytes = 0;
    const end = rest.findIndex((message, index) => {
      bytes += sizeOf(message) + 1;
      return index > 0 && bytes > MOST_BYTES;
    });
    const messages = end < 0 ? rest : rest.slice(0, end);
    rest = rest.slice(messages.length);
    yield { part: [{ ...conversation, messages }], isLast: rest.length === 0 };
  }
}
