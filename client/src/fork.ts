/** Forks conversations: a new one begins with the messages of another. */

import { StoreError } from './errors.js';
import { moveHead, readTree } from './local/branches.js';
import type { LocalTransaction } from './local/database.js';
import { tokensOf } from './local/fields.js';
import { asFresh, newConversation, resolveConversation, touchOutbox } from './local/records.js';
import type { ConversationRecord, MessageRecord } from './local/schema.js';
import type { Summary } from './net/wire.js';
import type { OpenStore } from './open.js';
import { newConversationId } from './text.js';
import type { ForkedConversation, ForkOptions } from './types.js';

/** What says something of the other conversation only, as at the server. */
const OWN = ['pinned', 'archived', 'keep', 'activeStreamId', 'forkedFrom'];

/** On this device, where all of the path is here; else by the server. */
export async function forkConversation(
  store: OpenStore,
  id: string,
  options: ForkOptions,
): Promise<ForkedConversation> {
  await store.imports.wait(id);
  return (await forkHere(store, id, options)) ?? forkAtServer(store, id, options);
}

async function forkHere(
  { database, environment, leadership, bus, count }: OpenStore,
  id: string,
  options: ForkOptions,
) {
  const now = environment.clock.now();
  const forked = await database.run('readwrite', async (tx) => {
    const source = await resolveConversation(tx, id);
    if (source?.deleted) throw new StoreError('conversation_deleted', 'This conversation was deleted.');
    const path = source && (await readPath(tx, source, options.messageId));
    return path ? copy(tx, source, path, options.title, now) : null;
  });
  if (!forked) return null;
  bus.emit('records-changed', { id: forked.id, change: { changed: true, conflicts: [] }, source: 'tab' });
  await count();
  leadership.written();
  return forked;
}

/** The path to this message, or null where not all of it is known here. */
async function readPath(tx: LocalTransaction, source: ConversationRecord, messageId: string | undefined) {
  if (!source.held || source.older !== null) return null;
  const tree = await readTree(tx, source);
  if (messageId === undefined || moveHead(tree, messageId)) return tree.path;
  if (!source.onServer) throw new StoreError('message_not_found', 'No such message.');
  return null;
}

async function copy(
  tx: LocalTransaction,
  source: ConversationRecord,
  path: readonly MessageRecord[],
  title: string | undefined,
  now: number,
): Promise<ForkedConversation> {
  const record = newConversation(newConversationId(), now);
  const forkedFrom = { conversationId: source.id, messageId: path.at(-1)?.id ?? null };
  const kept = Object.entries(source.fields).filter(([name]) => !OWN.includes(name));
  record.fields = { ...Object.fromEntries(kept), ...(title && { title }), forkedFrom };
  for (const [index, message] of path.entries()) {
    await tx.put('messages', { ...asFresh(message), conversation: record.id, shown: 1, place: index + 1 });
  }
  Object.assign(record, { count: path.length, nextPlace: path.length + 1, tokens: tokensIn(path) });
  await tx.put('conversations', record);
  await touchOutbox(tx, record.id, now, false);
  return { id: record.id, title: record.fields.title as string, messageCount: path.length, forkedFrom };
}

function tokensIn(path: readonly MessageRecord[]) {
  return path.reduce((sum, { body }) => sum + tokensOf(body), 0);
}

async function forkAtServer(
  { engine, leadership, mayAsk }: OpenStore,
  id: string,
  { messageId, title }: ForkOptions,
): Promise<ForkedConversation> {
  if (!mayAsk()) throw new StoreError('offline', 'Not all of it is on this device, and the server cannot be asked.');
  const { api, pull } = await engine.get();
  const ownership = await api.owner();
  // What was written here is part of it.
  await leadership.flush();
  const record = await pull.resolve(id);
  const forkOf = { conversationId: record?.id ?? id, ...(messageId !== undefined && { messageId }) };
  const request = { id: newConversationId(), forkOf, ...(title && { title }) };
  const options = { body: request, key: api.keys.next(), ownership };
  const { body } = await api.call<Summary>('POST', '/conversations', options);
  await pull.discover(body.id);
  const { title: given, messageCount, forkedFrom } = body;
  return { id: body.id, title: given as string, messageCount, forkedFrom } as ForkedConversation;
}
